//! A ticket printer that has a fault. Tests with a server use the real time-outs; the others use the
//! printer alone, with short ones.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::process::Signal;
use serde_json::json;
use turnero::domain::{PrinterSetup, TicketId};
use turnero::presentation::printing::{self, PrintJob, Timeouts};

use crate::common::{
    Launch, Manner, NO_PAPER, Printer, Server, WELL, printed_code, text, wait_until,
};

/// Limit of a stop of the server.
const STOP: Duration = Duration::from_secs(5);

/// A server's printer alone: its queue and its thread, with short time-outs.
struct Client {
    printer: printing::Printer,
    problem: Arc<Mutex<Option<&'static str>>>,
}

impl Client {
    fn of(printer: &Printer) -> Self {
        let short = Duration::from_millis(100);
        let timeouts = Timeouts {
            connect: Duration::from_secs(1),
            answer: short,
            progress: short,
            first_retry: short,
            longest_retry: short,
            stop: short,
        };
        let render = |job: &PrintJob, _: &PrinterSetup| {
            let id = job.ticket?;
            Some(format!("\x1d!\x33\x1bE\x01{id}\n").into_bytes())
        };
        let problem = Arc::new(Mutex::new(None));
        let reported = problem.clone();
        let report = move |state: turnero::presentation::services::PrinterState| {
            *reported.lock().unwrap() = state.problem;
        };
        let setup = PrinterSetup::new("hall", &printer.target());
        let printer = printing::Printer::start(setup, timeouts, Arc::new(render), report);
        Self {
            printer: printer.unwrap(),
            problem,
        }
    }

    /// Prints the tickets with these numbers.
    fn print(&self, numbers: impl IntoIterator<Item = u128>) {
        for number in numbers {
            self.printer.print(PrintJob {
                ticket: Some(TicketId::from_random(number)),
                code: number.to_string(),
                base: None,
            });
        }
    }

    fn wait_for_problem(&self, problem: Option<&str>) {
        wait_until(&format!("the problem is {problem:?}"), || {
            *self.problem.lock().unwrap() == problem
        });
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.printer.stop(Instant::now() + STOP);
    }
}

/// The numbers of the tickets that were printed, in order.
fn printed_numbers(printer: &Printer) -> Vec<u128> {
    let codes = printer.codes();
    let number = |code: &String| u128::from_str_radix(code, 16).unwrap();
    codes.iter().map(number).collect()
}

/// Waits until ticket `last` is printed and the printer works, and checks that every ticket up to it
/// was printed, in order. At most so many were printed twice.
fn expect_printed(client: &Client, printer: &Printer, last: u128, most_twice: usize) {
    wait_until("the last ticket is printed", || {
        printed_numbers(printer).contains(&last)
    });
    client.wait_for_problem(None);
    let numbers = printed_numbers(printer);
    let mut once = numbers.clone();
    once.dedup();
    assert_eq!(once, (1..=last).collect::<Vec<u128>>(), "{numbers:?}");
    assert!(numbers.len() - once.len() <= most_twice, "{numbers:?}");
}

#[test]
fn a_stuck_printer_delays_neither_tickets_nor_a_stop() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    set_socket_recv_buffer_size(&listener, 2_048).unwrap();
    let printer = Printer::on(listener, Manner::Stuck);
    let mut server = office(&printer);
    let mut client = server.client();
    let mut slowest = Duration::ZERO;
    let begun = Instant::now();
    let mut made = 0;
    // More than the queue and all sockets hold, and until the server notices the fault.
    while made < 500 || server.json("/api/health")["printer"] != "failing" {
        let asked = Instant::now();
        client
            .send_json("POST", "/api/tickets", &json!({"printer": "main"}))
            .expect(201);
        slowest = slowest.max(asked.elapsed());
        made += 1;
        assert!(
            begun.elapsed() < crate::common::PATIENCE,
            "the fault is not noticed"
        );
    }
    // An answer that waits for the printer would take seconds.
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    let health = server.json("/api/health");
    assert!(health["printerProblem"].is_string(), "{health}");
    assert!(
        server
            .log()
            .contains("is not printed on «main»: its print queue is full")
    );
    let begun = Instant::now();
    server.signal(Signal::TERM);
    let status = server.ends_within(STOP).expect("it ends in time");
    assert_eq!(status.code(), Some(0), "{}", server.log());
    assert!(begun.elapsed() < STOP);
}

#[test]
fn a_ticket_that_a_stuck_printer_did_not_confirm_is_printed_later() {
    for manner in [WELL, Manner::Mute] {
        let printer = Printer::new(manner);
        let client = Client::of(&printer);
        client.print([1]);
        printer.wait_for(1);
        // Its socket holds the whole next ticket, and nobody reads it.
        printer.behave(Manner::Stuck);
        client.print(2..=6);
        wait_until("it is noticed", || client.problem.lock().unwrap().is_some());
        wait_until("it is tried again", || printer.held() > 2);
        printer.switch_off_and_on(manner);
        expect_printed(&client, &printer, 6, 0);
    }
}

#[test]
fn a_printer_that_reads_on_after_a_jam_prints_at_most_one_ticket_twice() {
    let printer = Printer::new(Manner::Mute);
    let client = Client::of(&printer);
    client.print([1]);
    printer.wait_for(1);
    printer.behave(Manner::Stuck);
    client.print(2..=6);
    client.wait_for_problem(Some("silent"));
    wait_until("it is tried again", || printer.held() > 2);
    printer.read_on(Manner::Mute);
    expect_printed(&client, &printer, 6, 1);
}

#[test]
fn a_printer_that_is_stuck_from_the_start_loses_no_ticket() {
    let printer = Printer::new(Manner::Stuck);
    let client = Client::of(&printer);
    client.print(1..=5);
    client.wait_for_problem(Some("silent"));
    wait_until("it is tried several times", || printer.held() >= 3);
    printer.switch_off_and_on(WELL);
    expect_printed(&client, &printer, 5, 0);
}

#[test]
fn a_connection_that_is_cut_confirms_nothing() {
    for manner in [WELL, Manner::Mute] {
        let printer = Printer::new(manner);
        let client = Client::of(&printer);
        client.print([1]);
        printer.wait_for(1);
        printer.behave(Manner::Cuts);
        client.print(2..=3);
        wait_until("it is noticed", || client.problem.lock().unwrap().is_some());
        printer.behave(manner);
        expect_printed(&client, &printer, 3, 0);
    }
}

#[test]
fn a_mute_printer_takes_many_tickets_without_waiting_for_answers() {
    let printer = Printer::new(Manner::Mute);
    let client = Client::of(&printer);
    client.print([1]);
    printer.wait_for(1);
    let begun = Instant::now();
    client.print(2..=40);
    expect_printed(&client, &printer, 40, 0);
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a_printer_that_sends_a_byte_every_50_ms_counts_as_failing_and_delays_no_stop() {
    let printer = Printer::new(Manner::Babbles);
    let mut server = office(&printer);
    wait_until("the fault is noticed", || {
        server.json("/api/health")["printer"] == "failing"
    });
    printer.behave(WELL);
    server.paper_ticket();
    printer.wait_for(1);
    printer.behave(Manner::Babbles);
    server.paper_ticket();
    wait_until("the fault is noticed again", || {
        server.json("/api/health")["printer"] == "failing"
    });
    let begun = Instant::now();
    server.signal(Signal::TERM);
    let status = server.ends_within(STOP).expect("it ends in time");
    assert_eq!(status.code(), Some(0), "{}", server.log());
    // The printer's thread is given 1 s, and is left behind after 2.5 s.
    assert!(
        begun.elapsed() < Duration::from_millis(2_200),
        "{:?}",
        begun.elapsed()
    );
    assert!(!server.log().contains("left behind"));
}

#[test]
fn a_stop_waits_for_all_printers_at_once() {
    let printers: Vec<Printer> = (0..4).map(|_| Printer::new(Manner::Babbles)).collect();
    let mut server = Server::new();
    let list = printers.iter().enumerate();
    let list: Vec<_> = list
        .map(|(n, printer)| json!({"name": format!("p{n}"), "address": printer.target()}))
        .collect();
    let answer = server.put_json("/api/settings", &json!({"printers": list}));
    answer.expect(200);
    for n in 0..4 {
        let ticket = json!({"printer": format!("p{n}")});
        server.post_json("/api/tickets", &ticket).expect(201);
    }
    wait_until("the faults are noticed", || {
        let states = server.json("/api/health")["printers"].clone();
        (0..4).all(|n| states[format!("p{n}")]["state"] == "failing")
    });
    let begun = Instant::now();
    server.signal(Signal::TERM);
    let status = server.ends_within(STOP).expect("it ends in time");
    assert_eq!(status.code(), Some(0), "{}", server.log());
    assert!(
        begun.elapsed() < Duration::from_millis(2_200),
        "{:?}",
        begun.elapsed()
    );
}

fn office(printer: &Printer) -> Server {
    let target = printer.target();
    Launch::new().with(&["--printer", &target]).start()
}

#[test]
fn a_ticket_that_has_ended_is_not_printed_after_the_fault() {
    let printer = Printer::new(NO_PAPER);
    let server = office(&printer);
    let tickets: Vec<_> = (0..4).map(|_| server.paper_ticket()).collect();
    wait_until("the fault is noticed", || {
        server.json("/api/health")["printer"] == "failing"
    });
    let path =
        |nth: usize, step: &str| format!("/api/tickets/{}/{step}", text(&tickets[nth], "id"));
    server.post(&path(1, "cancel")).expect(200);
    server.post("/api/desks/1/next").expect(200);
    server.post("/api/desks/1/next").expect(200);
    // A1 is finished, A2 cancelled, A3 at the desk, and A4 waits.
    printer.behave(WELL);
    printer.wait_for(2);
    assert_eq!(printer.codes(), ["A3", "A4"]);
    wait_until("it works", || server.json("/api/health")["printer"] == "ok");
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
    let client = Client::of(&printer);
    printer.wait_until_visited();
    drop(printer);
    client.print([1]);
    client.wait_for_problem(Some("away"));
    client.print(2..=100);
    let printer = Printer::on(TcpListener::bind(&target).unwrap(), WELL);
    wait_until("the last ticket is printed", || {
        printed_numbers(&printer).contains(&100)
    });
    client.wait_for_problem(None);
    assert_eq!(printed_numbers(&printer), (37..=100).collect::<Vec<_>>());
    client.print([101]);
    printer.wait_for(65);
}

#[test]
fn a_stop_prints_the_waiting_tickets_if_the_printer_works() {
    let printer = Printer::new(WELL);
    let server = office(&printer);
    for _ in 0..5 {
        server.paper_ticket();
    }
    server.stop();
    assert_eq!(printer.codes(), ["A1", "A2", "A3", "A4", "A5"]);
}
