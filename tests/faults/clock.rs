//! The clock steps while the server runs, and between two runs.

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::common::{Certificate, Launch, Server, array, kind, number, text, wait_until};
use crate::io_faults::IoFaults;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// 2026-11-23T09:00:00Z.
const OPENS: i64 = (20_780 * 24 + 9) * HOUR;

fn next(server: &Server, desk: &str) -> String {
    let answer = server.post(&format!("/api/desks/{desk}/next")).expect(200);
    text(&answer.json(), "code").to_owned()
}

/// 2026-01-02T10:00:00Z.
const JANUARY: i64 = (20_455 * 24 + 10) * HOUR;

/// Sets the clock of a running server, and waits until it has noticed.
fn step(server: &Server, faults: &IoFaults, to: i64) {
    let steps = |server: &Server| server.log().matches("clock was changed").count();
    let before = steps(server);
    faults.set_clock(to);
    wait_until("the step is noticed", || steps(server) > before);
}

#[test]
fn a_computer_that_starts_hours_behind_and_jumps_tells_no_false_waits() {
    let (launch, faults) = IoFaults::of(Launch::new().with_variable("TZ", "UTC"));
    faults.set_clock(OPENS);
    let server = launch.start();
    server.ticket();
    server.ticket();
    let launch = server.kill();
    // The power comes back after ten minutes; the clock has no battery, and shows an hour of the morning.
    faults.set_clock(OPENS + 10 * MINUTE - 5 * HOUR);
    let server = launch.start();
    server.ticket();
    server.ticket();
    assert_eq!(next(&server, "1"), "A1");
    let mut screen = server.screen("");
    screen.expect("state");
    step(&server, &faults, OPENS + 11 * MINUTE);
    // Screens get the new times of the desks, so that no desk counts five hours for its ticket.
    let stepped = screen.event();
    assert_eq!(kind(&stepped), "services-changed");
    let desks = array(&stepped["payload"]["desks"]);
    let called = text(&desks[0]["ticket"], "handleAt");
    assert!(called.starts_with("2026-11-23T09:1"), "{called}");
    let called = text(&stepped["payload"]["calls"][0], "at");
    assert!(called.starts_with("2026-11-23T09:1"), "{called}");
    for code in ["A2", "A3", "A4"] {
        assert_eq!(next(&server, "1"), code, "in the order of arrival");
    }
    server.post("/api/desks/1/finish").expect(200);
    let statistics = |server: &Server| server.json("/api/statistics")["all"].clone();
    assert!(number(&statistics(&server)["wait"], "longestSeconds") < 120);
    assert!(number(&statistics(&server)["handling"], "meanSeconds") < 120);
    // The same after a start that reads all events again.
    let server = server.restart();
    assert!(number(&statistics(&server)["wait"], "longestSeconds") < 120);
}

#[test]
fn a_clock_that_is_set_right_over_midnight_cancels_nobody_who_waits() {
    // The computer shows yesterday evening, as one without a battery does that was switched off then.
    let (launch, faults) = IoFaults::of(Launch::new().with_variable("TZ", "UTC"));
    faults.set_clock(OPENS - 13 * HOUR);
    let server = launch.start();
    server.ticket();
    let second = server.ticket();
    assert_eq!(next(&server, "1"), "A1");
    step(&server, &faults, OPENS);
    let id = text(&second, "id");
    let waits = server.json(&format!("/api/tickets/{id}"));
    assert_eq!(text(&waits, "state"), "waiting");
    assert!(text(&waits, "createdAt").starts_with("2026-11-2"));
    assert_eq!(text(&server.ticket(), "code"), "A3");
    // If nobody waits or is served, a step over midnight begins a day.
    for code in ["A2", "A3"] {
        assert_eq!(next(&server, "1"), code);
    }
    server.post("/api/desks/1/finish").expect(200);
    step(&server, &faults, OPENS + 24 * HOUR);
    assert_eq!(text(&server.ticket(), "code"), "A1");
}

#[test]
fn an_office_is_imported_where_tickets_were_given_on_an_earlier_day_only() {
    let (launch, faults) = IoFaults::of(Launch::new().with_variable("TZ", "UTC"));
    // The computer's own clock, by which the import runs, is later.
    faults.set_clock(JANUARY);
    let server = launch.start();
    server.ticket();
    let file = server.get("/api/export").expect(200).body;
    let launch = server.stop();
    let exported = launch.data().with_extension("json");
    fs::write(&exported, file).unwrap();
    let import = || {
        let mut turnero = Command::new(env!("CARGO_BIN_EXE_turnero"));
        turnero.arg("import").arg(&exported).arg("--data");
        turnero.arg(launch.data()).output().unwrap()
    };
    let done = import();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(said.contains("1 open tickets"), "{said}");
    // The imported ticket is of that day, too: by this clock it is over.
    assert!(import().status.success());
}

#[test]
fn a_step_of_the_clock_makes_no_urgent_ticket_more_urgent() {
    for by in [3 * HOUR, -3 * HOUR] {
        let (launch, faults) = IoFaults::of(Launch::new().with_variable("TZ", "UTC"));
        faults.set_clock(OPENS);
        let server = launch.start();
        let priorities =
            json!({"priorities": [{"name": "normal"}, {"name": "urgent", "weight": 4}]});
        server.put_json("/api/settings", &priorities).expect(200);
        server.ticket();
        step(&server, &faults, OPENS + 20 * MINUTE);
        // The step is no waiting: A1 has waited some seconds, and the urgent one is soon before it.
        let urgent = json!({"priority": "urgent"});
        let urgent = server.post_json("/api/tickets", &urgent).expect(201).json();
        step(&server, &faults, OPENS + 20 * MINUTE + by);
        let id = text(&urgent, "id");
        wait_until("the urgent one is before", || {
            server.json(&format!("/api/tickets/{id}"))["ahead"] == 0
        });
        assert_eq!(next(&server, "1"), "A2");
        assert_eq!(next(&server, "1"), "A1");
    }
}

#[test]
fn a_certificate_is_said_to_end_soon_and_to_have_ended() {
    let certificate = Certificate::new();
    for (days, said) in [(0, None), (710, Some("ends on")), (740, Some("ended on"))] {
        let (launch, faults) = IoFaults::of(certificate.launch());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        faults.set_clock(i64::try_from(now.as_millis()).unwrap() + days * 24 * HOUR);
        let server = launch.start();
        let health = server.json("/api/health");
        let Some(said) = said else {
            assert_eq!(health.get("certificateProblem"), None);
            continue;
        };
        assert!(
            text(&health, "certificateProblem").contains(said),
            "{health}"
        );
        wait_until("the log says it", || server.log().contains(said));
    }
}
