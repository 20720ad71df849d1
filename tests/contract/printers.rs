//! Several ticket printers by name, set up in the settings.

use serde_json::{Value, json};

use crate::common::{
    Launch, Manner, NO_PAPER, PAPER_LOW, Printer, Screen, Server, WELL, text, wait_until,
};

fn set_printers(server: &Server, printers: &[(&str, &Printer)]) {
    let printers = printers.iter();
    let list: Vec<Value> = printers
        .map(|(name, printer)| json!({"name": name, "address": printer.target()}))
        .collect();
    let answer = server.put_json("/api/settings", &json!({"printers": list}));
    answer.expect(200);
}

fn take(server: &Server, body: &Value) -> Value {
    server.post_json("/api/tickets", body).expect(201).json()
}

/// The next message about a printer.
fn printer_message(screen: &mut Screen) -> Value {
    loop {
        let message = screen.event();
        if message["type"] == "printer" {
            return message["payload"].clone();
        }
    }
}

#[test]
fn a_ticket_is_printed_only_on_the_printer_that_its_request_names() {
    let (hall, annexe) = (Printer::new(WELL), Printer::new(WELL));
    let server = Server::new();
    set_printers(&server, &[("hall", &hall), ("annexe", &annexe)]);
    server.ticket();
    server.post("/api/ticket").expect(201);
    take(&server, &json!({"printer": "annexe"}));
    take(&server, &json!({"printer": "hall"}));
    take(&server, &json!({"printer": "annexe"}));
    annexe.wait_for(2);
    hall.wait_for(1);
    assert_eq!(
        (hall.codes(), annexe.codes()),
        (
            vec!["A4".to_owned()],
            vec!["A3".to_owned(), "A5".to_owned()],
        )
    );
    let unknown = json!({"printer": "cellar"});
    let detail = server
        .post_json("/api/tickets", &unknown)
        .problem(422, "invalid");
    for word in ["printer", "«cellar»", "hall, annexe"] {
        assert!(detail.contains(word), "{detail}");
    }
    // None was made for the printer that does not exist.
    assert_eq!(server.ticket()["code"], "A6");
}

#[test]
fn a_ticket_is_printed_again_on_the_printer_that_is_named_or_the_first() {
    let (hall, annexe) = (Printer::new(WELL), Printer::new(NO_PAPER));
    let server = Server::new();
    set_printers(&server, &[("hall", &hall), ("annexe", &annexe)]);
    wait_until("the fault is noticed", || {
        server.json("/api/health")["printers"]["annexe"]["state"] == "failing"
    });
    let ticket = server.ticket();
    let path = format!("/api/tickets/{}/print", text(&ticket, "id"));
    server.post(&path).expect(202);
    assert_eq!(hall.wait_for(1).len(), 1);
    let annexe_only = json!({"printer": "annexe"});
    server
        .post_json(&path, &annexe_only)
        .problem(503, "printer-failing");
    annexe.behave(WELL);
    wait_until("it works", || {
        server.post_json(&path, &annexe_only).status == 202
    });
    annexe.wait_for(1);
    assert_eq!(hall.codes(), ["A1"]);
    server
        .post_json(&path, &json!({"printer": "cellar"}))
        .problem(422, "invalid");
}

#[test]
fn printers_come_change_and_go_with_the_settings_without_a_restart() {
    let (old, new) = (Printer::new(WELL), Printer::new(WELL));
    let server = Server::new();
    let mut screen = server.screen("");
    screen.expect("state");
    set_printers(&server, &[("hall", &old)]);
    assert_eq!(
        printer_message(&mut screen),
        json!({"name": "hall", "state": "ok"})
    );
    // A job that waits for a printer goes to its new address.
    old.behave(NO_PAPER);
    take(&server, &json!({"printer": "hall"}));
    assert_eq!(printer_message(&mut screen)["problem"], "no-paper");
    set_printers(&server, &[("hall", &new)]);
    assert_eq!(new.wait_for(1).len(), 1);
    assert_eq!(old.prints().len(), 0);
    set_printers(&server, &[]);
    let removed = json!({"name": "hall", "state": "removed"});
    while printer_message(&mut screen) != removed {}
    assert_eq!(server.json("/api/health").get("printers"), None);
    let gone = json!({"printer": "hall"});
    server
        .post_json("/api/tickets", &gone)
        .problem(422, "invalid");
    // A restart starts the printers of the settings.
    set_printers(&server, &[("hall", &new)]);
    let server = server.restart();
    take(&server, &gone);
    new.wait_for(2);
}

#[test]
fn the_flag_sets_the_address_of_the_printer_main() {
    let (flagged, other, set) = (Printer::new(WELL), Printer::new(WELL), Printer::new(WELL));
    let server = Launch::new()
        .with(&["--printer", &flagged.target()])
        .start();
    set_printers(&server, &[("hall", &other), ("main", &set)]);
    take(&server, &json!({"printer": "main"}));
    flagged.wait_for(1);
    assert_eq!((other.prints().len(), set.prints().len()), (0, 0));
}

#[test]
fn paper_near_its_end_is_no_fault_and_is_told_to_the_desks() {
    let printer = Printer::new(PAPER_LOW);
    let server = Server::new();
    let mut desk = server.screen("");
    desk.expect("state");
    set_printers(&server, &[("hall", &printer)]);
    let told = loop {
        let message = printer_message(&mut desk);
        if message.get("problem").is_some() {
            break message;
        }
    };
    assert_eq!(
        (&told["state"], &told["problem"]),
        (&json!("ok"), &json!("paper-low"))
    );
    take(&server, &json!({"printer": "hall"}));
    printer.wait_for(1);
    let health = server.json("/api/health");
    assert_eq!(health["printer"], "ok");
    assert_eq!(health.get("printerProblem"), None);
    assert_eq!(health["printers"]["hall"]["problem"], "paper-low");
    printer.behave(WELL);
    take(&server, &json!({"printer": "hall"}));
    assert_eq!(
        printer_message(&mut desk),
        json!({"name": "hall", "state": "ok"})
    );
}

#[test]
fn the_log_names_the_printer() {
    let printer = Printer::new(Manner::Gone);
    let server = Server::new();
    set_printers(&server, &[("hall", &printer)]);
    drop(printer);
    wait_until("it is in the log", || {
        server.log().contains("Printer «hall»:")
    });
}

#[test]
fn wrong_printers_are_refused_with_the_field_and_the_reason() {
    let server = Server::new();
    let named = |name: &str| json!({"name": name, "address": "a"});
    let many: Vec<Value> = (0..17).map(|n| named(&format!("p{n}"))).collect();
    for (printers, words) in [
        (
            json!([{"name": "hall"}]),
            ["printers[0].address", "HOST:PORT"],
        ),
        (
            json!([{"name": "hall", "address": "http://a"}]),
            ["printers[0].address", "http://a"],
        ),
        (
            json!([{"address": "a"}]),
            ["printers[0].name", "needs a name"],
        ),
        (json!([named("a/b")]), ["printers[0].name", "/"]),
        (
            json!([named("a"), named("a")]),
            ["printers[1].name", "appears twice"],
        ),
        (
            json!([{"name": "a", "address": "a", "maker": "x"}]),
            ["printers[0].maker", "epson, star"],
        ),
        (
            json!([{"name": "a", "address": "a", "qr": "x"}]),
            ["printers[0].qr", "native, picture, none"],
        ),
        (
            json!([{"name": "a", "address": "a", "width": 60}]),
            ["printers[0].width", "58 or 80 mm"],
        ),
        (json!(many), ["printers", "at most 16"]),
    ] {
        let answer = server.put_json("/api/settings", &json!({"printers": printers}));
        let detail = answer.problem(422, "invalid");
        assert!(words.iter().all(|word| detail.contains(word)), "{detail}");
    }
    let good = json!({"printers": [{"name": "hall", "address": "printer.lan"}]});
    let answer = server.put_json("/api/settings", &good).expect(200).json();
    let usual = json!({"name": "hall", "address": "printer.lan:9100", "maker": "epson", "width": 80, "qr": "native"});
    assert_eq!(answer["printers"], json!([usual]));
}

#[test]
fn the_test_print_shows_the_code_pages_of_each_maker_and_both_forms_of_the_qr_code() {
    let printer = Printer::new(WELL);
    let server = Server::new();
    set_printers(&server, &[("hall", &printer)]);
    server.post("/api/printers/hall/test").expect(202);
    let print = printer.wait_for(1).remove(0);
    let has = |part: &[u8]| print.windows(part.len()).any(|window| window == part);
    // Windows-1252 has these numbers with Epson, Star and Wincor, and the line says the number.
    for number in [16_u8, 32, 8] {
        let line = format!("{number}: ");
        let select = [
            b"\x1bt",
            [number].as_slice(),
            b"\x1d!\x00\x1bE\x00",
            line.as_bytes(),
            b"\xf1",
        ]
        .concat();
        assert!(has(&select), "{number} in {}", print.escape_ascii());
    }
    assert!(has(b"\x1d(k") && has(b"\x1dv0"), "both QR codes");
    assert!(has(b"EPSON *\n") && has(b"STAR\n"));
    let detail = server
        .post("/api/printers/cellar/test")
        .problem(404, "not-found");
    assert!(detail.contains("hall"), "{detail}");
    printer.behave(NO_PAPER);
    server.post("/api/printers/hall/test").expect(202);
    wait_until("the fault is noticed", || {
        server.json("/api/health")["printer"] == "failing"
    });
    let failing = server.post("/api/printers/hall/test");
    assert!(failing.problem(503, "printer-failing").contains("no paper"));
}

#[test]
fn a_ticket_is_printed_in_the_language_of_whoever_took_it_after_a_restart_too() {
    let printer = Printer::new(WELL);
    let server = Server::new();
    set_printers(&server, &[("hall", &printer)]);
    let has = |print: &[u8], line: &str| {
        print
            .windows(line.len())
            .any(|part| part == line.as_bytes())
    };
    take(&server, &json!({"printer": "hall"}));
    let english = take(&server, &json!({"printer": "hall", "language": "en"}));
    let prints = printer.wait_for(2);
    assert!(
        has(&prints[0], "No tiene a nadie delante\n"),
        "{}",
        prints[0].escape_ascii()
    );
    assert!(
        has(&prints[1], "People ahead of you: 1\n"),
        "{}",
        prints[1].escape_ascii()
    );
    let server = server.restart();
    let path = format!("/api/tickets/{}", text(&english, "id"));
    server.post(&format!("{path}/print")).expect(202);
    assert!(has(&printer.wait_for(3)[2], "People ahead of you: 1\n"));
    let paper = server.json(&format!("{path}/paper"));
    assert_eq!(
        (&paper["language"], &paper["width"], &paper["qr"]),
        (&json!("en"), &json!(80), &json!(true))
    );
    assert_eq!(paper["lines"][2], json!({"role": "code", "text": "A2"}));
    let ahead = json!({"role": "ahead", "text": "People ahead of you: 1"});
    assert!(
        paper["lines"].as_array().unwrap().contains(&ahead),
        "{paper}"
    );
    let wrong = json!({"language": "xx"});
    let detail = server
        .post_json("/api/tickets", &wrong)
        .problem(422, "invalid");
    assert!(
        detail.contains("language") && detail.contains("es, en"),
        "{detail}"
    );
    server
        .get(&format!("/api/tickets/{}/paper", "0".repeat(32)))
        .problem(404, "not-found");
}

#[test]
fn the_printed_code_has_the_public_address_or_the_one_by_which_the_request_found_the_server() {
    let printer = Printer::new(WELL);
    let server = Server::new();
    set_printers(&server, &[("hall", &printer)]);
    let address_of = |print: &[u8]| {
        let begin = print.windows(3).position(|part| part == b"1P0")?;
        let rest = &print[begin + 3..];
        let length = rest.iter().position(|byte| *byte == 0x1d)?;
        Some(String::from_utf8(rest[..length].to_vec()).unwrap())
    };
    let by_host = |host: &str| {
        let body = r#"{"printer":"hall"}"#;
        let length = body.len();
        let mut client = server.client();
        client.raw(format!(
            "POST /api/tickets HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
        let ticket = client.answer();
        text(&ticket.expect(201).json(), "id").to_owned()
    };
    // This server listens on its own machine alone.
    let problem = server.json("/api/health")["publicUrlProblem"].clone();
    assert!(
        problem
            .as_str()
            .is_some_and(|why| why.contains("«Printing»")),
        "{problem}"
    );
    by_host("localhost:3000");
    assert_eq!(address_of(&printer.wait_for(1)[0]), None);
    let id = by_host("192.168.1.5:8080");
    let expected = format!("http://192.168.1.5:8080/t/{id}");
    assert_eq!(address_of(&printer.wait_for(2)[1]), Some(expected));
    // The setting comes first, and without a restart.
    let url = json!({"publicUrl": "https://turnos.example/oficina/"});
    let set = server.put_json("/api/settings", &url).expect(200).json();
    assert_eq!(set["publicUrl"], "https://turnos.example/oficina");
    let id = by_host("192.168.1.5:8080");
    let expected = format!("https://turnos.example/oficina/t/{id}");
    assert_eq!(address_of(&printer.wait_for(3)[2]), Some(expected));
    assert_eq!(server.json("/api/health").get("publicUrlProblem"), None);
    for wrong in ["turnos.example", "ftp://a", "https://a b"] {
        let answer = server.put_json("/api/settings", &json!({"publicUrl": wrong}));
        assert!(
            answer.problem(422, "invalid").contains("publicUrl"),
            "{wrong}"
        );
    }
    let none = json!({"publicUrl": null});
    assert_eq!(
        server.put_json("/api/settings", &none).expect(200).json()["publicUrl"],
        json!(null)
    );
}

#[test]
fn the_logo_on_paper_is_checked_and_goes_with_the_logo_of_the_screens() {
    let server = Server::new();
    let set = |body: Value| server.put_json("/api/settings", &body);
    for (logo, words) in [
        (
            json!({"width": 12, "dots": "AAA="}),
            ["paperLogo.width", "multiple of 8"],
        ),
        (
            json!({"width": 392, "dots": "AAA="}),
            ["paperLogo.width", "384"],
        ),
        (
            json!({"width": 16, "dots": "AA=="}),
            ["paperLogo.dots", "2 bytes"],
        ),
        (
            json!({"width": 8, "dots": "?"}),
            ["paperLogo.dots", "base64"],
        ),
        (json!("dots"), ["paperLogo", "an object"]),
    ] {
        let detail = set(json!({"paperLogo": logo})).problem(422, "invalid");
        assert!(words.iter().all(|word| detail.contains(word)), "{detail}");
    }
    let logo = json!({"width": 8, "dots": "gAE="});
    let svg = "data:image/svg+xml,%3Csvg/%3E";
    let both = set(json!({"logo": svg, "paperLogo": logo}))
        .expect(200)
        .json();
    assert_eq!(both["paperLogo"], logo);
    let other = set(json!({"message": "Hola"})).expect(200).json();
    assert_eq!(other["paperLogo"], logo);
    let without = set(json!({"logo": null})).expect(200).json();
    assert_eq!(without["paperLogo"], json!(null));
}
