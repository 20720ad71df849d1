//! Servers of one office, in the database of `tests/with-postgres`, with clocks of their own. Without it they do nothing,
//! and say so.

use crate::common::{Launch, Server, database, number, sql, wait_until};
use crate::io_faults::IoFaults;

const HOUR: i64 = 60 * 60_000;

/// 2026-11-23T09:00:00Z.
const OPENS: i64 = (20_780 * 24 + 9) * HOUR;

/// Two servers of an office whose clocks show these times; `None` skips the test.
fn two_servers(times: [i64; 2]) -> Option<[(Server, IoFaults); 2]> {
    if database().is_none() {
        eprintln!("not run: tests/with-postgres gives these tests a database");
        return None;
    }
    let storage = Launch::new().storage();
    let servers = times.map(|time| {
        let launch = Launch::new().with(&storage).with_variable("TZ", "UTC");
        let (launch, clock) = IoFaults::of(launch);
        clock.set_clock(time);
        (launch.start(), clock)
    });
    for (server, _) in &servers {
        wait_until("they know each other", || {
            server.json("/api/health")["database"]["servers"] == 2
        });
    }
    Some(servers)
}

#[test]
fn a_clock_that_is_a_day_ahead_starts_one_day_for_all_and_no_more() {
    let Some([(right, _right), (ahead, _ahead)]) = two_servers([OPENS, OPENS + 24 * HOUR]) else {
        return;
    };
    let numbers: Vec<u64> = (0..4)
        .flat_map(|_| [&right, &ahead].map(|server| number(&server.ticket(), "number")))
        .collect();
    let of_its_day: Vec<u64> = (1..=7).collect();
    assert_eq!((numbers[0], &numbers[1..]), (1, &*of_its_day));
    // One that the other clock takes for old may still be looked up after a lost answer.
    let batches =
        "SELECT count(*) > 7 AND bool_and(abs(at - extract(epoch FROM now()) * 1000) < 600000)
                   FROM batches";
    assert_eq!(sql(batches).trim(), "t", "their times are the database's");
}

#[test]
fn a_step_of_one_clock_of_several_moves_no_times() {
    let Some([(one, clock), (other, _other)]) = two_servers([OPENS, OPENS]) else {
        return;
    };
    other.ticket();
    other.post("/api/desks/1/next").expect(200);
    let before = other.json("/api/state");
    clock.set_clock(OPENS + 3 * HOUR);
    wait_until("the step is noticed", || {
        one.log().contains("clock was changed")
    });
    assert_eq!(number(&one.ticket(), "number"), 2);
    let after = other.json("/api/state");
    assert_eq!(after["payload"]["calls"], before["payload"]["calls"]);
}
