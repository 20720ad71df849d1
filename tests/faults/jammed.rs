//! A ticket printer that is away, or stops reading.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::process::Signal;

use crate::common::{Launch, Manner, Printer, WELL, printed_code, wait_until};

/// As long as a stop may take.
const STOP: Duration = Duration::from_secs(5);

#[test]
fn a_printer_that_stops_reading_delays_nobody_and_no_stop() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    set_socket_recv_buffer_size(&listener, 2_048).unwrap();
    let printer = Printer::on(listener, Manner::Stuck);
    let mut server = Launch::new()
        .with(&["--printer", &printer.target()])
        .start();
    let mut client = server.client();
    let mut slowest = Duration::ZERO;
    let begun = Instant::now();
    let mut made = 0;
    // More than its list and all sockets hold, and until the printer is known to be jammed.
    while made < 500 || server.json("/api/health")["printer"] != "failing" {
        let asked = Instant::now();
        client.post("/api/tickets").expect(201);
        slowest = slowest.max(asked.elapsed());
        made += 1;
        assert!(
            begun.elapsed() < crate::common::PATIENCE,
            "it is not noticed"
        );
    }
    // A printer that is waited for would hold an answer for seconds.
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    let health = server.json("/api/health");
    assert!(health["printerProblem"].is_string(), "{health}");
    assert!(server.log().contains("is not printed: too many wait"));
    let begun = Instant::now();
    server.signal(Signal::TERM);
    let status = server.ends_within(STOP).expect("it ends in time");
    assert_eq!(status.code(), Some(0), "{}", server.log());
    assert!(begun.elapsed() < STOP);
}

#[test]
fn a_printer_that_takes_one_ticket_and_is_silent_is_missed() {
    let printer = Printer::new(WELL);
    let server = Launch::new()
        .with(&["--printer", &printer.target()])
        .start();
    let mut client = server.client();
    client.post("/api/tickets").expect(201);
    printer.wait_for(1);
    // Its socket holds all of the next ticket, and nobody reads it.
    printer.behave(Manner::Stuck);
    client.post("/api/tickets").expect(201);
    wait_until("it is missed", || {
        server.json("/api/health")["printer"] == "failing"
    });
    printer.behave(WELL);
    wait_until("what it did not take is printed", || {
        let prints = printer.prints();
        prints
            .last()
            .is_some_and(|print| printed_code(print) == "A2")
    });
    assert_eq!(printer.prints().len(), 2);
}

#[test]
fn a_printer_that_comes_back_prints_the_last_tickets() {
    let printer = Printer::new(WELL);
    let target = printer.target();
    drop(printer);
    let server = Launch::new().with(&["--printer", &target]).start();
    wait_until("it is missed", || {
        server.json("/api/health")["printer"] == "failing"
    });
    let mut client = server.client();
    for _ in 0..100 {
        client.post("/api/tickets").expect(201);
    }
    let printer = Printer::on(TcpListener::bind(&target).unwrap(), WELL);
    wait_until("the last one is printed", || {
        let prints = printer.prints();
        prints
            .last()
            .is_some_and(|print| printed_code(print) == "A100")
    });
    wait_until("it is well", || {
        server.json("/api/health")["printer"] == "ok"
    });
    let codes: Vec<String> = printer.prints().iter().map(|p| printed_code(p)).collect();
    // The thread may have taken one before the list was full; the others are the last ones.
    let last: Vec<String> = (37..=100).map(|n| format!("A{n}")).collect();
    assert!(codes.ends_with(&last), "{codes:?}");
    assert!(codes.len() <= last.len() + 1, "{codes:?}");
    server.ticket();
    wait_until("new ones are printed", || {
        printer.prints().len() > codes.len()
    });
}

#[test]
fn a_stop_prints_what_waits_where_the_printer_is_well() {
    let printer = Printer::new(WELL);
    let server = Launch::new()
        .with(&["--printer", &printer.target()])
        .start();
    for _ in 0..5 {
        server.ticket();
    }
    server.stop();
    let codes: Vec<String> = printer.prints().iter().map(|p| printed_code(p)).collect();
    assert_eq!(codes, ["A1", "A2", "A3", "A4", "A5"]);
}
