//! A ticket printer that is away, or stops reading.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::process::Signal;

use crate::common::{
    Launch, Manner, NO_PAPER, Printer, Server, WELL, printed_code, text, wait_until,
};

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

/// An office whose printer answers no questions, as many do, and how to see what it is missing.
fn office(printer: &Printer) -> Server {
    let target = printer.target();
    Launch::new().with(&["--printer", &target]).start()
}

/// Gives so many tickets and waits until the printer is known to be stuck.
fn jam(server: &Server, tickets: usize) {
    for _ in 0..tickets {
        server.ticket();
    }
    wait_until("it is missed", || {
        server.json("/api/health")["printer"] == "failing"
    });
}

/// Waits until the last ticket is printed and the printer is well, and lists what was printed.
fn printed(server: &Server, printer: &Printer, last: &str) -> Vec<String> {
    let codes = || -> Vec<String> { printer.prints().iter().map(|p| printed_code(p)).collect() };
    wait_until(&format!("{last} is printed"), || {
        codes().iter().any(|code| code == last)
    });
    wait_until("it is well", || {
        server.json("/api/health")["printer"] == "ok"
    });
    codes()
}

#[test]
fn the_tickets_of_a_jam_are_printed_once_the_printer_is_switched_off_and_on() {
    let printer = Printer::new(Manner::Prints);
    let server = office(&printer);
    server.ticket();
    printer.wait_for(1);
    printer.behave(Manner::Stuck);
    jam(&server, 5);
    // It is looked after again, and no other ticket is risked meanwhile.
    wait_until("it was tried again", || printer.held() > 2);
    printer.switch_off_and_on(Manner::Prints);
    let codes = printed(&server, &printer, "A6");
    assert_eq!(codes, ["A1", "A2", "A3", "A4", "A5", "A6"]);
    server.ticket();
    let codes = printed(&server, &printer, "A7");
    assert_eq!(codes.len(), 7, "{codes:?}");
}

#[test]
fn what_a_printer_reads_after_a_jam_is_not_sent_twice() {
    let printer = Printer::new(Manner::Prints);
    let server = office(&printer);
    server.ticket();
    printer.wait_for(1);
    printer.behave(Manner::Stuck);
    jam(&server, 5);
    printer.read_on(Manner::Prints);
    let codes = printed(&server, &printer, "A6");
    assert_eq!(codes, ["A1", "A2", "A3", "A4", "A5", "A6"]);
}

#[test]
fn a_printer_that_is_stuck_from_the_start_loses_no_ticket() {
    let printer = Printer::new(Manner::Stuck);
    let server = office(&printer);
    jam(&server, 5);
    wait_until("it was tried several times", || printer.held() >= 3);
    // Whatever it had read is gone, and the connections end in order.
    printer.forget(WELL);
    let codes = printed(&server, &printer, "A5");
    assert_eq!(codes, ["A1", "A2", "A3", "A4", "A5"]);
}

#[test]
fn a_printer_that_never_says_anything_is_given_tickets_after_a_minute() {
    let printer = Printer::new(Manner::Stuck);
    let server = office(&printer);
    jam(&server, 2);
    std::thread::sleep(Duration::from_secs(58));
    let sent = |printer: &Printer| printer.unread().iter().filter(|n| **n > 100).count();
    assert_eq!(sent(&printer), 0);
    wait_until("two were sent", || sent(&printer) == 2);
    // Once it shows that it does end connections, what it cut is known to be lost.
    printer.switch_off_and_on(Manner::Prints);
    assert_eq!(printed(&server, &printer, "A2"), ["A1", "A2"]);
}

#[test]
fn a_ticket_that_is_over_before_the_printer_is_well_is_not_printed() {
    let printer = Printer::new(NO_PAPER);
    let server = office(&printer);
    let tickets: Vec<_> = (0..4).map(|_| server.ticket()).collect();
    wait_until("it is missed", || {
        server.json("/api/health")["printer"] == "failing"
    });
    let path =
        |nth: usize, step: &str| format!("/api/tickets/{}/{step}", text(&tickets[nth], "id"));
    server.post(&path(1, "cancel")).expect(200);
    server.post("/api/desks/1/next").expect(200);
    server.post("/api/desks/1/next").expect(200);
    // A1 is done, A2 withdrawn, A3 being attended, and A4 waits.
    printer.behave(WELL);
    assert_eq!(printed(&server, &printer, "A4"), ["A3", "A4"]);
    for nth in [0, 1] {
        let detail = server.post(&path(nth, "print")).problem(409, "wrong-state");
        assert!(detail.contains("cannot be printed"), "{detail}");
    }
    server.post(&path(2, "print")).expect(202);
    assert_eq!(printed_code(&printer.wait_for(3)[2]), "A3");
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
