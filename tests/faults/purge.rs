//! Purges delete expired data and nothing else, at any time on the clock.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

use serde_json::json;

use crate::common::{Launch, Server, text, wait_until};
use crate::io_faults::IoFaults;

pub const DAY: i64 = 24 * 60 * 60 * 1_000;

fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    elapsed.as_millis().try_into().unwrap()
}

/// An office with two events, so many milliseconds old, and the audit entries of 200 days ago.
fn an_old_office(ages: [i64; 2]) -> Launch {
    let server = Server::new();
    server.ticket();
    server.ticket();
    let launch = server.stop();
    let file = Connection::open(launch.data()).unwrap();
    for (seq, age) in (1..).zip(ages) {
        // Without a checksum, as in an older file.
        let change = "UPDATE events SET at = ?1, checksum = NULL WHERE seq = ?2";
        file.execute(change, [now() - age, seq]).unwrap();
    }
    file.execute("UPDATE audit SET at = ?1", [now() - 200 * DAY])
        .unwrap();
    launch
}

fn old_entries(launch: &Launch) -> i64 {
    let file = Connection::open(launch.data()).unwrap();
    let count = "SELECT count(*) FROM audit WHERE at < ?1";
    file.query_row(count, [now() - 100 * DAY], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_start_with_a_clock_far_ahead_deletes_nothing_for_a_day() {
    // The second start is one within the first day: its clock is as wrong.
    for ages in [[41 * DAY, 40 * DAY], [40 * DAY, DAY / 2]] {
        let launch = an_old_office(ages);
        let before = old_entries(&launch);
        assert!(before > 0);
        let server = launch.start();
        let health = server.get("/api/health").expect(200).json();
        let why = health["purgeProblem"].as_str().unwrap();
        assert!(why.contains("31 days") && why.contains("clock"), "{why}");
        wait_until("the log says it", || {
            server.log().contains("more than 31 days")
        });
        assert_eq!(old_entries(&server.stop()), before);
    }
}

#[test]
fn what_has_expired_is_deleted_a_day_after_a_long_silence_and_after_a_short_one() {
    for ages in [[40 * DAY, DAY + DAY / 2], [31 * DAY, 30 * DAY]] {
        let launch = an_old_office(ages);
        let server = launch.start();
        wait_until("nothing is held", || {
            server.json("/api/health")["purgeProblem"].is_null()
        });
        assert_eq!(old_entries(&server.stop()), 0, "{ages:?}");
    }
}

/// A part of each note.
const SECRET: &[u8] = b"secret-note";

/// How often it is in the data file and the `-wal` file beside it.
pub fn copies(data: &Path) -> usize {
    let wal = data.with_file_name("office.db-wal");
    let count = |bytes: Vec<u8>| {
        let parts = bytes.windows(SECRET.len());
        parts.filter(|part| *part == SECRET).count()
    };
    count(fs::read(data).unwrap()) + fs::read(wal).map_or(0, count)
}

#[test]
fn no_byte_of_a_note_is_in_the_files_once_the_days_to_keep_it_are_over() {
    const OPENS: i64 = (20_780 * 24 + 9) * 60 * 60 * 1_000;
    // The office says 3 days, whatever the flag says.
    let launch = Launch::new().with(&["--keep-days", "200"]);
    let (launch, faults) = IoFaults::of(launch.with_variable("TZ", "UTC"));
    faults.set_clock(OPENS);
    let server = launch.start();
    let days = json!({"keepDays": 3});
    server.put_json("/api/settings", &days).expect(200);
    let mut client = server.client();
    for n in 0..400_u64 {
        // Keys in no order, so that the answers go to all pages of their table.
        let key = format!("{:016x}{n:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let note = format!("secret-note {n} {}", "x".repeat((n % 300) as usize));
        let body = json!({"note": note}).to_string();
        let headers = [
            ("Content-Type", "application/json"),
            ("Idempotency-Key", &key),
        ];
        client
            .send("POST", "/api/tickets", &headers, body.as_bytes())
            .expect(201);
    }
    for desk in ["1", "2", "3"] {
        for _ in 0..20 {
            server.post(&format!("/api/desks/{desk}/next")).expect(200);
        }
    }
    assert!(copies(launch.data()) > 400);
    // A start the next day begins a day, which cancels who waits; their owners can read so for that day.
    let launch = server.stop();
    faults.set_clock(OPENS + DAY);
    let server = launch.start();
    server.ticket();
    let launch = server.stop();
    assert!(copies(launch.data()) > 400, "too early");
    faults.set_clock(OPENS + 2 * DAY);
    launch.start().stop();
    faults.set_clock(OPENS + 4 * DAY);
    let server = launch.start();
    // Three tickets are still at the desks.
    wait_until("the notes of tickets that are over are gone", || {
        let shown = ["1", "2", "3"].map(|desk| {
            let ticket = &server.json(&format!("/api/desks/{desk}"))["ticket"];
            text(ticket, "note").to_owned()
        });
        assert!(shown.iter().all(|note| note.starts_with("secret-note")));
        copies(launch.data()) <= 12
    });
    for desk in ["1", "2", "3"] {
        server
            .post(&format!("/api/desks/{desk}/finish"))
            .expect(200);
    }
    let launch = server.stop();
    faults.set_clock(OPENS + 6 * DAY);
    let server = launch.start();
    wait_until("no byte is left", || copies(launch.data()) == 0);
    // A power cut leaves the file with the newest events beside it.
    let launch = server.kill();
    assert_eq!(copies(launch.data()), 0);
    launch.start().stop();
    assert_eq!(copies(launch.data()), 0);
}

#[test]
fn no_byte_of_an_erased_audit_log_is_in_the_files_while_the_server_runs() {
    let server = Server::new();
    let token = json!({"name": "secret-note", "role": "staff"});
    let made = server.post_json("/api/tokens", &token).expect(201).json();
    let path = format!("/api/tokens/{}", text(&made, "id"));
    server.send("DELETE", &path).expect(204);
    let data = server.launch().data();
    assert!(copies(data) > 0);
    server.send("DELETE", "/api/audit").expect(204);
    wait_until("no byte is left", || copies(data) == 0);
}

/// The prefix of the tickets of a service that is deleted later.
const OLD: &str = "QZXJ";

#[test]
fn no_byte_of_old_tickets_is_left_after_a_stop_and_the_office_goes_on() {
    const OPENS: i64 = (20_780 * 24 + 9) * 60 * 60 * 1_000;
    let flags = ["--keep-days", "2", "--keep-history-days", "3"];
    let launch = Launch::new().with(&flags).with_variable("TZ", "UTC");
    let (launch, faults) = IoFaults::of(launch);
    let mut ids = Vec::new();
    faults.set_clock(OPENS);
    let server = launch.start();
    let service = format!("/api/services/{OLD}");
    let name = json!({"name": "Caja"});
    server.put_json(&service, &name).expect(201);
    for _ in 0..100 {
        let body = json!({ "service": OLD });
        let ticket = server.post_json("/api/tickets", &body).expect(201).json();
        ids.push(text(&ticket, "id").to_owned());
        server.post("/api/desks/1/next").expect(200);
    }
    // The codes are in the rows, the ids in the events.
    let copies = |data: &Path| {
        let bytes = fs::read(data).unwrap();
        let is_code = |part: &&[u8]| part.starts_with(OLD.as_bytes()) && part[4].is_ascii_digit();
        let is_id = |part: &&[u8]| ids.iter().any(|id| id.as_bytes() == *part);
        bytes.windows(OLD.len() + 1).filter(is_code).count()
            + bytes.windows(32).filter(is_id).count()
    };
    server.post("/api/desks/1/finish").expect(200);
    server.send("DELETE", &service).expect(204);
    let launch = server.stop();
    for day in 1..=3 {
        faults.set_clock(OPENS + day * DAY);
        let server = launch.start();
        server.ticket();
        server.post("/api/desks/1/next").expect(200);
        server.stop();
    }
    assert!(copies(launch.data()) > 200, "too early");
    faults.set_clock(OPENS + 5 * DAY - DAY / 2);
    let server = launch.start();
    let days = "/api/statistics?from=2026-11-01&to=2026-12-31";
    wait_until("the oldest day is gone", || {
        server.json(days)["all"]["arrived"] == 2
    });
    server.ticket();
    let launch = server.stop();
    assert_eq!(copies(launch.data()), 0);
    let server = launch.start();
    assert_eq!(server.json(days)["all"]["arrived"], 3);
    let served = server.json("/api/desks/1")["ticket"]["code"].clone();
    assert_eq!(served, "A1", "of the last day");
}
