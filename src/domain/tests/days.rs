//! When a business day begins, and what that does to tickets and their numbers.

use super::testing::{ask, moment, two_lines};
use crate::calendar::business_day;
use crate::domain::*;

const HOUR: i64 = 60 * 60 * 1_000;

/// 2026-11-23T00:00:00Z.
const MIDNIGHT: i64 = 20_780 * 24 * HOUR;

/// Carries out a command that many hours after [`MIDNIGHT`], after the calendar was asked as the
/// ledger does. Says whether a day started.
fn ask_at(queue: &mut Queue, hour: i64, command: &Command) -> bool {
    let at = Timestamp::from_millis(MIDNIGHT + hour * HOUR);
    let rule = queue.settings().day_rule();
    let day_at = |moment: Timestamp| business_day(&rule, moment.as_millis());
    let is_over = queue.is_day_over(at, day_at);
    if is_over {
        ask(queue, &Command::StartDay, at);
    }
    ask(queue, command, at).0.outcome.expect("allowed");
    is_over
}

/// Creates a ticket at that hour, and gives its code.
fn ticket_at(queue: &mut Queue, hour: i64) -> String {
    let ticket = TicketId::from_random(u128::from(queue.seq()));
    ask_at(queue, hour, &new(ticket));
    queue.ticket(ticket).expect("it is there").code()
}

fn new(ticket: TicketId) -> Command {
    Command::Create {
        ticket,
        service: None,
        priority: None,
        note: None,
        language: None,
    }
}

fn day_begins(zone: &str, hour: u8) -> Command {
    Command::SetSettings {
        change: SettingsChange {
            time_zone: Some(Some(zone.into())),
            day_begins_hour: Some(hour),
            ..SettingsChange::default()
        },
    }
}

#[test]
fn numbers_restart_on_a_day_later_than_all_before_and_go_on_otherwise() {
    // A ticket at each hour that the clock shows, and its code.
    const IN_1970: i64 = -20_780 * 24;
    let rows: &[&[(i64, &str)]] = &[
        &[(9, "A1"), (10, "A2"), (33, "A1"), (34, "A2"), (57, "A1")],
        // The clock steps back within a day, over midnight, and by days.
        &[(33, "A1"), (29, "A2"), (34, "A3"), (57, "A1")],
        &[(33, "A1"), (20, "A2"), (34, "A3"), (57, "A1")],
        &[(9, "A1"), (-63, "A2"), (-39, "A3"), (10, "A4"), (33, "A1")],
        // A computer without a battery starts in 1970.
        &[(9, "A1"), (IN_1970, "A2"), (10, "A3"), (33, "A1")],
        &[(IN_1970, "A1"), (9, "A2"), (10, "A3"), (33, "A1")],
        // The clock was far ahead: numbers go on until an admin starts a day.
        &[(9, "A1"), (21_600, "A1"), (11, "A2"), (33, "A3")],
    ];
    for row in rows {
        let mut queue = Queue::new();
        ask_at(&mut queue, row[0].0, &day_begins("UTC", 0));
        for (hour, expected) in *row {
            let code = ticket_at(&mut queue, *hour);
            assert_eq!(code, *expected, "hour {hour} of {row:?}");
        }
    }
}

#[test]
fn an_admin_starts_a_day_at_once_and_later_days_begin_as_usual() {
    let mut queue = Queue::new();
    ask_at(&mut queue, 9, &day_begins("UTC", 0));
    assert_eq!(
        ticket_at(&mut queue, 21_600),
        "A1",
        "the clock is far ahead"
    );
    assert_eq!(ticket_at(&mut queue, 10), "A2");
    ask_at(&mut queue, 11, &Command::StartDay);
    assert_eq!(ticket_at(&mut queue, 12), "A1");
    assert_eq!(ticket_at(&mut queue, 23), "A2");
    assert_eq!(ticket_at(&mut queue, 24), "A1");
}

#[test]
fn another_zone_or_hour_restarts_nothing_until_a_day_begins_by_it() {
    // The rule before, the rule from an hour on, and the hours at which numbers restart after that.
    type Rule = (&'static str, u8);
    let rows: &[(Rule, Rule, i64, [i64; 2])] = &[
        (("UTC", 0), ("UTC", 0), 10, [24, 48]),
        (("UTC", 9), ("UTC", 0), 8, [24, 48]),
        (("UTC", 0), ("UTC", 9), 8, [9, 33]),
        (("UTC", 20), ("UTC", 9), 10, [33, 57]),
        (("UTC", 0), ("UTC", 12), 10, [12, 36]),
        (("UTC", 23), ("UTC", 0), 10, [24, 48]),
        // Noon in Auckland is 23:00 UTC; its days begin at 11:00 UTC, those of Los Angeles at 8:00.
        (("UTC", 0), ("Pacific/Auckland", 0), -3, [11, 35]),
        (("UTC", 0), ("Pacific/Auckland", 0), 21, [35, 59]),
        (("Pacific/Auckland", 0), ("UTC", 0), 12, [24, 48]),
        (("UTC", 0), ("America/Los_Angeles", 0), 1, [8, 32]),
        (
            ("America/Los_Angeles", 0),
            ("Pacific/Auckland", 0),
            9,
            [11, 35],
        ),
    ];
    for (before, after, set_at, expected) in rows {
        let mut queue = two_lines();
        ask_at(&mut queue, set_at - 30, &day_begins(before.0, before.1));
        let mut restarts = Vec::new();
        for hour in set_at - 29..60 {
            if hour == *set_at {
                restarts.clear();
                let set = day_begins(after.0, after.1);
                assert!(!ask_at(&mut queue, hour, &set), "{before:?} {after:?}");
            }
            let ticket = TicketId::from_random(u128::from(queue.seq()));
            if ask_at(&mut queue, hour, &new(ticket)) {
                restarts.push(hour);
            }
        }
        restarts.truncate(2);
        assert_eq!(restarts, expected, "{before:?} to {after:?} at {set_at}");
    }
}

#[test]
fn the_zone_set_right_in_the_morning_cancels_nobody_at_the_end_of_the_utc_day() {
    // The computer is set to UTC. From 9:00 in Auckland visitors come; at 10:00 the zone is set.
    let mut queue = Queue::new();
    ask_at(&mut queue, -4, &day_begins("UTC", 0));
    let codes = [-4, -4, -3].map(|hour| ticket_at(&mut queue, hour));
    assert_eq!(codes, ["A1", "A2", "A3"]);
    ask_at(&mut queue, -3, &day_begins("Pacific/Auckland", 0));
    // 13:00 there, and 0:00 UTC.
    assert_eq!(ticket_at(&mut queue, 0), "A4");
    assert_eq!(queue.waiting(), 4);
    assert_eq!(ticket_at(&mut queue, 10), "A5");
    assert_eq!(ticket_at(&mut queue, 11), "A1", "midnight there");
}

#[test]
fn a_new_day_cancels_who_still_waits_or_passes_over_their_numbers() {
    // Of A1 to A4 the first is at a desk when the day ends, and the others wait.
    let rows = [
        (false, 0, ["A2", "A3", "A4"]),
        (true, 3, ["A5", "A6", "A7"]),
    ];
    for (keep_waiting, still_waiting, codes) in rows {
        let mut queue = Queue::new();
        let mut ask = |command: Command| {
            let at = moment(&queue);
            ask(&mut queue, &command, at);
            queue.clone()
        };
        let change = SettingsChange {
            keep_waiting: Some(keep_waiting),
            ..SettingsChange::default()
        };
        ask(Command::SetSettings { change });
        (1..=4).for_each(|n| drop(ask(new(TicketId::from_random(n)))));
        ask(Command::Next {
            desk: DeskName::parse("1").expect("a name"),
            current: None,
        });
        let begun = ask(Command::StartDay);
        assert_eq!(begun.waiting(), still_waiting, "keep: {keep_waiting}");
        let served = begun.ticket(TicketId::from_random(1)).expect("it stays");
        assert_eq!(served.state, State::Serving);
        for (n, expected) in (11..).zip(codes) {
            let queue = ask(new(TicketId::from_random(n)));
            let given = queue.ticket(TicketId::from_random(n)).expect("given");
            assert_eq!(given.code(), expected, "keep: {keep_waiting}");
        }
    }
}

#[test]
fn a_step_of_the_clock_makes_nobody_wait_longer_or_shorter() {
    for by in [3 * HOUR, -3 * HOUR] {
        let mut queue = two_lines();
        let ticket = |n| TicketId::from_random(n);
        ask_at(&mut queue, 8, &new(ticket(1)));
        let urgent = Command::Create {
            ticket: ticket(2),
            service: None,
            priority: Some("urgent".into()),
            note: None,
            language: None,
        };
        // Urgent waiting counts four times: it is ahead from 9:20 on, an hour before it is not yet.
        let at = |minute: i64| Timestamp::from_millis(MIDNIGHT + 9 * HOUR + minute * 60_000);
        ask(&mut queue, &urgent, at(0));
        let ahead = |queue: &Queue, now: Timestamp| {
            let first = queue.ticket(ticket(1)).expect("it waits");
            queue.ahead(first, now)
        };
        let step = Command::StepClock {
            by,
            since: Timestamp::default(),
        };
        ask(&mut queue, &step, at(10).plus(by));
        assert_eq!(ahead(&queue, at(10).plus(by)), Some(0), "by {by}");
        assert_eq!(ahead(&queue, at(30).plus(by)), Some(1), "by {by}");
        let waits = queue.ticket(ticket(1)).expect("it waits").waiting_since;
        assert_eq!(waits, at(-60).plus(by));
    }
    let idle = decide(
        &Queue::new(),
        &Command::StepClock {
            by: HOUR,
            since: Timestamp::default(),
        },
        moment(&Queue::new()),
    );
    assert_eq!(idle.events, [], "nobody waits");
}
