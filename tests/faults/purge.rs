//! Purges delete expired data and nothing else, at any time on the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

use crate::common::{Launch, Server, wait_until};

const DAY: i64 = 24 * 60 * 60 * 1_000;

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
        assert!(server.log().contains("more than 31 days"));
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
