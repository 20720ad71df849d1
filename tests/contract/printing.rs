//! Tickets on paper: `--printer`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{
    Launch, Manner, NO_PAPER, Printer, Server, WELL, printed_code, text, wait_until,
};

fn office(printer: &Printer) -> Server {
    let server = Launch::new()
        .with(&["--printer", &printer.target()])
        .start();
    let settings = json!({"name": "Peluquería Ñandú", "timeZone": "Europe/Madrid"});
    let answer = server.client().send_json("PUT", "/api/settings", &settings);
    answer.expect(200);
    let service = json!({"name": "Información"});
    let answer = server
        .client()
        .send_json("PUT", "/api/services/A", &service);
    answer.expect(200);
    server
}

/// Whether a ticket has that line, in Windows-1252.
fn says(print: &[u8], line: &str) -> bool {
    let mut latin: Vec<u8> = line.chars().map(|c| u8::try_from(c).unwrap()).collect();
    latin.push(b'\n');
    print.windows(latin.len()).any(|part| part == latin)
}

#[test]
fn a_ticket_is_printed_once_however_often_its_request_is_repeated() {
    let printer = Printer::new(Manner::Mute);
    let server = office(&printer);
    server.paper_ticket();
    server.paper_ticket();
    let keyed = |client: &mut crate::common::Client| {
        let key = [("Idempotency-Key", "one-request")];
        let body = br#"{"printer":"main"}"#;
        client.send("POST", "/api/tickets", &key, body).expect(201)
    };
    for _ in 0..3 {
        keyed(&mut server.client());
    }
    server.post("/api/desks/1/next").expect(200);
    let prints = printer.wait_for(3);
    let codes: Vec<String> = prints.iter().map(|print| printed_code(print)).collect();
    assert_eq!(codes, ["A1", "A2", "A3"]);
    // Neither a start nor the same request after it prints again.
    let server = server.restart();
    keyed(&mut server.client());
    server.paper_ticket();
    let codes: Vec<String> = printer
        .wait_for(4)
        .iter()
        .map(|p| printed_code(p))
        .collect();
    assert_eq!(codes, ["A1", "A2", "A3", "A4"]);
}

#[test]
fn a_printed_ticket_has_the_office_the_service_and_the_wait() {
    let printer = Printer::new(WELL);
    let server = office(&printer);
    server.paper_ticket();
    let second = server.paper_ticket();
    let prints = printer.wait_for(2);
    let print = &prints[1];
    // The printer as new, no Chinese letters, no national variants, centred, Windows-1252.
    let begin = b"\x1b@\x1c.\x1bR\x00\x1ba\x01\x1bt\x10";
    assert!(print.starts_with(begin), "{}", print.escape_ascii());
    assert!(print.ends_with(b"\x1dVB\x00"), "{}", print.escape_ascii());
    for line in [
        "Peluquería Ñandú",
        "Información",
        "A2",
        "Personas delante de usted: 1",
    ] {
        assert!(says(print, line), "{line} in {}", print.escape_ascii());
    }
    assert!(says(&prints[0], "No tiene a nadie delante"));
    // The local time of the office: «2026-11-23T09:00:00.123Z» is ten o'clock in winter there, so
    // only the minutes are the same.
    let minutes = &text(&second, "createdAt")[13..16];
    let time = print
        .windows(16)
        .find(|part| part[13..16] == *minutes.as_bytes());
    let time = String::from_utf8(time.expect("a time").to_vec()).unwrap();
    assert_eq!((&time[2..3], &time[5..6]), ("/", "/"), "{time}");
    // This server listens to its own machine alone: no phone could follow a code.
    let code = b"\x1d(k";
    assert!(
        !print.windows(3).any(|part| part == code),
        "a code to nowhere"
    );
}

#[test]
fn a_ticket_can_be_printed_again_without_a_new_number() {
    let printer = Printer::new(WELL);
    let server = office(&printer);
    let ticket = server.paper_ticket();
    let path = format!("/api/tickets/{}/print", text(&ticket, "id"));
    let before = server.json("/api/health")["seq"].clone();
    let key = [("Idempotency-Key", "again")];
    for _ in 0..2 {
        let answer = server.client().send("POST", &path, &key, b"");
        assert_eq!(answer.expect(202).json()["code"], "A1");
    }
    server.post("/api/desks/1/next").expect(200);
    server.post(&path).expect(202);
    let prints = printer.wait_for(3);
    let codes: Vec<String> = prints.iter().map(|print| printed_code(print)).collect();
    assert_eq!(codes, ["A1", "A1", "A1"]);
    // Once it is called, nobody is before it any more.
    assert!(says(&prints[1], "No tiene a nadie delante"));
    assert!(!says(&prints[2], "No tiene a nadie delante"));
    // Making the desk and calling are the only events.
    let made = server.json("/api/health")["seq"].as_u64().unwrap() - before.as_u64().unwrap();
    assert_eq!(made, 2);
    let unknown = format!("/api/tickets/{}/print", "0".repeat(32));
    server.post(&unknown).problem(404, "not-found");
    server
        .post_json(&path, &json!({"copies": 2}))
        .problem(422, "invalid");
    server.get(&path).problem(405, "method-not-allowed");
}

#[test]
fn a_repeated_request_to_print_gets_its_first_answer_whatever_came_between() {
    let printer = Printer::new(WELL);
    let server = office(&printer);
    let ticket = server.paper_ticket();
    printer.wait_for(1);
    let path = format!("/api/tickets/{}/print", text(&ticket, "id"));
    let print = |key: &str| {
        let key = [("Idempotency-Key", key)];
        server.client().send("POST", &path, &key, b"")
    };
    let first = print("k").expect(202);
    printer.wait_for(2);
    server.post("/api/desks/1/next").expect(200);
    server.post("/api/desks/1/finish").expect(200);
    assert_eq!(print("k").expect(202).text(), first.text());
    print("l").problem(409, "wrong-state");
    assert_eq!(printer.prints().len(), 2);
}

#[test]
fn a_server_without_a_printer_sends_no_printer_state() {
    let server = Server::new();
    let ticket = server.ticket();
    let path = format!("/api/tickets/{}/print", text(&ticket, "id"));
    let detail = server.post(&path).problem(409, "no-printer");
    assert!(detail.contains("--printer"), "{detail}");
    let health = server.json("/api/health");
    assert!(health.get("printer").is_none(), "{health}");
    assert!(health.get("printers").is_none(), "{health}");
    let mut screen = server.screen("");
    screen.expect("state");
    assert_eq!(screen.hears_within(Duration::from_millis(300)), None);
}

#[test]
fn a_printer_without_paper_is_reported_and_prints_once_it_has_paper() {
    let printer = Printer::new(WELL);
    let server = office(&printer);
    printer.wait_until_visited();
    let mut desk = server.screen("");
    let state = desk.expect("state");
    let told = desk.expect("printer");
    assert_eq!(told["payload"], json!({"name": "main", "state": "ok"}));
    assert_eq!(told["seq"], state["seq"]);
    printer.behave(NO_PAPER);
    let ticket = server.paper_ticket();
    // The printer is looked after by a thread of its own, so either may be told first.
    let (first, second) = (desk.event(), desk.event());
    let (told, created) = if first["type"] == "printer" {
        (first, second)
    } else {
        (second, first)
    };
    assert_eq!(created["type"], "ticket-created");
    assert_eq!(told["type"], "printer");
    let detail = "The ticket printer has no paper.";
    let failing: Value =
        json!({"name": "main", "state": "failing", "problem": "no-paper", "detail": detail});
    assert_eq!(told["payload"], failing);
    let health = server.json("/api/health");
    assert_eq!(health["status"], "ok");
    assert_eq!(health["printer"], "failing");
    assert_eq!(health["printerProblem"], detail);
    let state = json!({"state": "failing", "problem": "no-paper", "detail": detail});
    assert_eq!(health["printers"], json!({"main": state}));
    // A later screen gets it, too; the course's screens do not.
    let mut late = server.screen("");
    late.expect("state");
    assert_eq!(late.expect("printer")["payload"], failing);
    let mut course = server.course_screen();
    course.expect("on-ticket-count-changed");
    course.expect("on-working-changed");
    assert_eq!(course.hears_within(Duration::from_millis(300)), None);
    let path = format!("/api/tickets/{}/print", text(&ticket, "id"));
    let answer = server.post(&path);
    assert_eq!(answer.problem(503, "printer-failing"), detail);
    assert!(answer.header("Retry-After").is_some());
    assert!(printer.prints().is_empty());
    printer.behave(WELL);
    assert_eq!(
        desk.expect("printer")["payload"],
        json!({"name": "main", "state": "ok"})
    );
    // A screen without a WebSocket gets it with each answer.
    let seq = server.json("/api/health")["seq"].clone();
    let polled = server.json(&format!("/api/events?since={seq}&wait=0"));
    let told = json!([{"type": "printer", "seq": seq, "payload": {"name": "main", "state": "ok"}}]);
    assert_eq!(polled, told);
    assert_eq!(printed_code(&printer.wait_for(1)[0]), "A1");
    assert_eq!(server.json("/api/health")["printer"], "ok");
    server.post(&path).expect(202);
    assert_eq!(printer.wait_for(2).len(), 2);
}

#[test]
fn an_absent_printer_is_reported_before_the_first_ticket() {
    let printer = Printer::new(Manner::Gone);
    let target = printer.target();
    drop(printer);
    let server = Launch::new().with(&["--printer", &target]).start();
    wait_until("health says so", || {
        server.json("/api/health")["printer"] == "failing"
    });
    let problem = server.json("/api/health")["printerProblem"].clone();
    assert!(
        problem.as_str().unwrap().contains("switched on"),
        "{problem}"
    );
    server.paper_ticket();
}
