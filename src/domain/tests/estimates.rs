//! Estimated waiting times.

use super::testing::{ask, two_lines};
use crate::domain::*;

const MINUTE: i64 = 60_000;

/// An office whose one desk has served six visitors for four minutes each, and calls a seventh in
/// minute 24; three more wait.
fn office() -> Queue {
    let mut queue = two_lines();
    for ticket in 0..10 {
        create(&mut queue, ticket, "A", 0);
    }
    for nth in 0..7 {
        next(&mut queue, 4 * nth);
    }
    queue
}

fn create(queue: &mut Queue, ticket: u128, service: &str, minute: i64) {
    let create = Command::Create {
        ticket: TicketId::from_random(ticket),
        service: Some(Prefix::new(service)),
        priority: None,
        note: None,
        language: None,
    };
    ask(queue, &create, at(minute)).0.outcome.expect("given");
}

fn next(queue: &mut Queue, minute: i64) {
    next_at(queue, "1", minute);
}

fn next_at(queue: &mut Queue, desk: &str, minute: i64) {
    let desk = DeskName::parse(desk).expect("a name");
    let next = Command::Next {
        desk,
        current: None,
    };
    ask(queue, &next, at(minute)).0.outcome.expect("called");
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(minute * MINUTE)
}

/// The estimates of the tickets in that minute, in minutes.
fn told(queue: &Queue, tickets: &[u128], minute: i64) -> Vec<Option<u64>> {
    let forecast = Forecast::of(queue, at(minute));
    let told = tickets.iter().map(|id| {
        let ticket = queue.ticket(TicketId::from_random(*id)).expect("there");
        let one = queue.estimate_seconds(ticket, at(minute));
        assert_eq!(one, forecast.seconds(ticket, at(minute)));
        one.map(|seconds| seconds / 60)
    });
    told.collect()
}

#[test]
fn each_waiting_ticket_shows_the_tickets_called_before_it() {
    let queue = office();
    let rows = [Some(4), Some(8), Some(12)];
    assert_eq!(told(&queue, &[7, 8, 9], 24), rows);
    // Time passes with no event.
    assert_eq!(told(&queue, &[7, 8, 9], 26), [Some(2), Some(6), Some(10)]);
    assert_eq!(told(&queue, &[6], 24), [None], "it is called");
}

#[test]
fn nothing_is_said_while_the_office_stands_still() {
    let mut queue = office();
    // A transaction that somebody forgot to end.
    assert_eq!(told(&queue, &[7, 9], 24 + 61), [None, None]);
    // A desk that is free, and calls nobody while visitors wait.
    let finish = Command::FinishTicket {
        ticket: TicketId::from_random(6),
    };
    ask(&mut queue, &finish, at(28)).0.outcome.expect("ended");
    assert_eq!(told(&queue, &[7, 8], 30), [Some(0), Some(4)]);
    assert_eq!(told(&queue, &[7, 8], 34), [None, None]);
    // It goes on.
    next(&mut queue, 40);
    assert_eq!(told(&queue, &[8, 9], 40), [Some(4), Some(8)]);
}

#[test]
fn the_pace_of_a_desk_that_has_closed_does_not_count() {
    let mut queue = two_lines();
    for ticket in 0..30 {
        create(&mut queue, ticket, "A", 0);
    }
    for minute in 0..=60 {
        if minute % 2 == 0 && minute <= 20 {
            next_at(&mut queue, "1", minute);
        }
        if minute % 10 == 0 {
            next_at(&mut queue, "2", minute);
        }
        if minute == 20 {
            // Desk 1 takes 2 minutes a visitor, and desk 2 takes 10.
            let shut = Command::SetDesk {
                desk: DeskName::parse("1").expect("a name"),
                open: Some(false),
                services: None,
            };
            ask(&mut queue, &shut, at(20)).0.outcome.expect("shut");
            assert_eq!(
                told(&queue, &[14], 20),
                [None],
                "two transactions of desk 2"
            );
        }
    }
    // Called by then: 11 at desk 1 and 7 at desk 2.
    let rows = [Some(10), Some(20), Some(30)];
    assert_eq!(told(&queue, &[18, 19, 20], 60), rows);
}

#[test]
fn nothing_is_said_without_evidence() {
    let mut queue = office();
    create(&mut queue, 20, "B", 25);
    assert_eq!(
        told(&queue, &[20], 25),
        [None],
        "no transaction of its service"
    );
    let mut few = two_lines();
    for ticket in 0..6 {
        create(&mut few, ticket, "A", 0);
    }
    for nth in 0..5 {
        next(&mut few, 4 * nth);
    }
    assert_eq!(told(&few, &[5], 16), [None], "four transactions");
    let shut = Command::SetDesk {
        desk: DeskName::parse("1").expect("a name"),
        open: Some(false),
        services: None,
    };
    ask(&mut queue, &shut, at(25)).0.outcome.expect("shut");
    assert_eq!(told(&queue, &[7], 25), [None], "no desk is open");
}
