//! Steps of the clock while the server runs, and waits that also span a stop.

use super::testing::{ask, two_lines};
use crate::domain::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// 2026-11-23T09:00:00Z.
const OPENS: i64 = (20_780 * 24 + 9) * HOUR;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(OPENS + minute * MINUTE)
}

fn new(n: u128) -> Command {
    Command::Create {
        ticket: TicketId::from_random(n),
        service: None,
        priority: None,
        note: None,
        language: None,
    }
}

fn ticket(queue: &Queue, n: u128) -> &Ticket {
    queue.ticket(TicketId::from_random(n)).expect("known")
}

fn desk() -> DeskName {
    DeskName::parse("1").expect("a name")
}

fn next() -> Command {
    Command::Next {
        desk: desk(),
        current: None,
    }
}

fn all(queue: &Queue) -> Statistics {
    let mut statistics = Statistics::default();
    for ticket in queue.tickets_after(None) {
        statistics.add(&TicketRow::from(ticket), 0, 0);
    }
    statistics
}

fn mean(durations: &Durations) -> Option<u64> {
    durations.summary().map(|summary| summary.mean)
}

#[test]
fn a_step_of_the_clock_moves_all_times_of_the_run_and_changes_no_length() {
    for by in [5 * HOUR, -5 * HOUR] {
        let mut queue = two_lines();
        let ask_at = |queue: &mut Queue, minute, shift, command: &Command| {
            ask(queue, command, at(minute).plus(shift));
        };
        for n in 1..=4 {
            ask_at(&mut queue, 0, 0, &new(n));
        }
        ask_at(&mut queue, 2, 0, &next());
        ask_at(&mut queue, 6, 0, &next());
        let (before, calls) = (all(&queue), queue.calls().next().expect("a call").at);
        let step = Command::StepClock { by, since: at(-1) };
        ask_at(&mut queue, 10, by, &step);
        assert_eq!(all(&queue), before, "by {by}");
        assert_eq!(queue.calls().next().expect("a call").at, calls.plus(by));
        // The one at the desk goes back to where it waited, and has waited since its arrival.
        let back = Command::Transfer {
            desk: desk(),
            current: None,
            target: Target::Back,
            position: TransferPosition::Arrival,
        };
        ask_at(&mut queue, 12, by, &back);
        assert_eq!(ticket(&queue, 2).waiting_since, at(0).plus(by));
        assert_eq!(ticket(&queue, 2).created_at, at(0).plus(by));
        ask_at(
            &mut queue,
            14,
            by,
            &Command::Call {
                desk: desk(),
                ticket: TicketRef::Id(TicketId::from_random(3)),
                current: None,
            },
        );
        ask_at(
            &mut queue,
            17,
            by,
            &Command::Finish {
                desk: desk(),
                current: None,
            },
        );
        let after = all(&queue);
        // 2 and 14 minutes; the second ticket has been at a desk in between, the others wait.
        assert_eq!(mean(&after.waits), Some(8 * 60), "by {by}");
        // 4 and 3 minutes.
        assert_eq!(mean(&after.handling), Some(210), "by {by}");
    }
}

#[test]
fn a_wait_that_spans_a_stop_and_a_later_step_is_in_no_mean() {
    // A computer without a battery for its clock: the power fails at 9:10, it starts five hours behind,
    // serves, and is set right at 9:30.
    let wrong = -5 * HOUR;
    let mut queue = two_lines();
    for n in 1..=3 {
        ask(&mut queue, &new(n), at(0));
    }
    ask(&mut queue, &next(), at(4));
    ask(&mut queue, &next(), at(8));
    let behind = |minute| at(minute).plus(wrong);
    ask(&mut queue, &new(4), behind(22));
    // The third one has waited since 9:00 by the right clock, and is called by the wrong one.
    ask(&mut queue, &next(), behind(25));
    let step = Command::StepClock {
        by: -wrong,
        since: behind(20),
    };
    ask(&mut queue, &step, at(30));
    assert_eq!(ticket(&queue, 1).waiting_since, at(0), "it was right");
    assert_eq!(ticket(&queue, 4).waiting_since, at(22), "it was wrong");
    ask(&mut queue, &next(), at(32));
    ask(
        &mut queue,
        &Command::Finish {
            desk: desk(),
            current: None,
        },
        at(33),
    );
    let all = all(&queue);
    // 4 minutes of the first, 10 of the fourth. The second was at the desk through the stop.
    assert_eq!(mean(&all.waits), Some(7 * 60));
    assert_eq!(
        all.waits.summary().map(|waits| waits.longest),
        Some(10 * 60)
    );
    // 4 minutes of the first, 1 of the fourth.
    assert_eq!(all.served, 4);
    assert_eq!(mean(&all.handling), Some(150));
    // It survives the queue's way through a snapshot.
    let again = Queue::from_parts(queue.parts());
    assert_eq!(again, queue);
}

#[test]
fn a_wait_that_still_lasts_across_a_stop_and_a_step_is_in_no_mean() {
    for by in [5 * HOUR, -5 * HOUR] {
        let mut queue = two_lines();
        ask(&mut queue, &new(1), at(0));
        let step = Command::StepClock {
            by,
            since: at(20).plus(-by),
        };
        ask(&mut queue, &step, at(30));
        assert_eq!(ticket(&queue, 1).waiting_since, at(0));
        ask(&mut queue, &next(), at(40));
        assert_eq!(mean(&all(&queue).waits), None);
    }
}
