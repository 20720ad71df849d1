//! Tests of the choice of the next ticket.

use std::borrow::Cow;
use std::sync::Arc;

use proptest::prelude::*;

use super::testing::{ask, moment, two_lines, words};
use super::{properties, random_commands::any_command};
use crate::domain::next::ahead::AheadCounts;
use crate::domain::next::calling_rule::Competition;
use crate::domain::*;

#[test]
fn the_most_seconds_waited_times_weight_goes_first() {
    let mut parts = Queue::new().parts();
    let priority = |name: &str, weight| Priority {
        name: name.into(),
        names: Arc::default(),
        weight,
    };
    parts.settings.priorities = Arc::new([priority("normal", 1), priority("urgent", 3)]);
    // Given at these seconds; at second 100 normal 0 counts 100, urgent 50 counts 150, urgent 70 90.
    let given = [
        (0, "normal"),
        (20, "normal"),
        (50, "urgent"),
        (70, "urgent"),
    ];
    let mut queue = Queue::from_parts(parts);
    let mut ask = |command: Command, second: i64| {
        let at = Timestamp::from_millis(second * 1_000);
        let (decision, _) = ask(&mut queue, &command, at);
        words(&queue, &decision)
    };
    for (drawn, (second, priority)) in given.into_iter().enumerate() {
        let create = Command::Create {
            ticket: TicketId::from_random(drawn as u128),
            service: None,
            priority: Some(priority.into()),
            note: None,
            language: None,
        };
        ask(create, second);
    }
    let mut called = Vec::new();
    for _ in 0..4 {
        let desk = DeskName::parse("1").expect("a name");
        let next = Command::Next {
            desk,
            current: None,
        };
        let said = ask(next, 100);
        let code = said.split("called ").nth(1).expect("called");
        called.push(code.split(' ').next().expect("a code").to_owned());
    }
    assert_eq!(called, ["A3", "A1", "A4", "A2"]);
}

#[test]
fn a_desk_calls_only_from_its_services() {
    let mut queue = two_lines();
    let mut ask = |asked: Command| {
        let at = moment(&queue);
        let (decision, _) = ask(&mut queue, &asked, at);
        words(&queue, &decision)
    };
    let create = |n, service| Command::Create {
        ticket: TicketId::from_random(n),
        service: Some(Prefix::new(service)),
        priority: None,
        note: None,
        language: None,
    };
    let desk = DeskName::parse("1").expect("a name");
    ask(create(1, "A"));
    ask(create(2, "B"));
    ask(Command::SetDesk {
        desk: desk.clone(),
        open: None,
        services: Some(vec![Prefix::new("B")]),
    });
    let next = Command::Next {
        desk: desk.clone(),
        current: None,
    };
    assert_eq!(ask(next.clone()), "called B1 at 1");
    assert_eq!(ask(next), "finished B1 at 1, ! Nobody is waiting.");
    let unknown = Command::SetDesk {
        desk,
        open: None,
        services: Some(vec![Prefix::new("Z")]),
    };
    assert_eq!(ask(unknown), "! There is no service Z; there are: A, B.");
}

#[test]
fn one_of_the_lowest_ends_a_row_however_long_it_was() {
    let settings = Settings {
        most_priority_in_a_row: Some(2),
        ..Settings::default()
    };
    // So many were called in a row, and so many of a higher weight are before one of them.
    let rows = [
        ((0, 0), 0),
        ((1, 1), 2),
        ((2, 0), 1),
        ((2, 2), 4),
        ((7, 0), 1),
        ((7, 2), 4),
    ];
    let list = WaitingList::Service(Prefix::new("A"));
    for ((run, high), expected) in rows {
        let mut competition = Competition {
            settings: &settings,
            streaks: Cow::Owned(PriorityStreaks::default()),
            seq: 0,
        };
        for _ in 0..run {
            competition.record_call(&list, settings.lowest_weight() + 1);
        }
        let counts = AheadCounts {
            low: 0,
            high,
            all_low: 9,
        };
        let before = competition.before(&list, &counts, true);
        assert_eq!(before, expected, "{run} called, {high} before");
    }
}

#[test]
fn a_row_is_bounded_in_each_line_whatever_others_call() {
    let mut parts = two_lines().parts();
    parts.settings.most_priority_in_a_row = Some(2);
    parts.settings.rule = CallingRule::Strict;
    let priority = |name: &str, weight| Priority {
        name: name.into(),
        names: Arc::default(),
        weight,
    };
    parts.settings.priorities = Arc::new([priority("normal", 1), priority("urgent", 9)]);
    let mut queue = Queue::from_parts(parts);
    let mut drawn = 0;
    let mut ask = |command: Command| {
        let at = moment(&queue);
        let (decision, _) = ask(&mut queue, &command, at);
        words(&queue, &decision)
    };
    let mut create = |ask: &mut dyn FnMut(Command) -> String, service, priority: &str| {
        drawn += 1;
        ask(Command::Create {
            ticket: TicketId::from_random(drawn),
            service: Some(Prefix::new(service)),
            priority: Some(priority.into()),
            note: None,
            language: None,
        });
    };
    for _ in 0..3 {
        create(&mut ask, "A", "normal");
    }
    for _ in 0..6 {
        create(&mut ask, "A", "urgent");
        create(&mut ask, "B", "normal");
    }
    let desk = |name: &str| DeskName::parse(name).expect("a name");
    for (name, service) in [("1", "A"), ("2", "B")] {
        ask(Command::SetDesk {
            desk: desk(name),
            open: None,
            services: Some(vec![Prefix::new(service)]),
        });
    }
    let mut called = Vec::new();
    for _ in 0..6 {
        for name in ["1", "2"] {
            let said = ask(Command::Next {
                desk: desk(name),
                current: None,
            });
            let code = said.split("called ").nth(1).expect("called");
            called.push(code.split(' ').next().expect("a code").to_owned());
        }
    }
    let of_a: Vec<&String> = called.iter().filter(|code| code.starts_with('A')).collect();
    assert_eq!(of_a, ["A4", "A5", "A1", "A6", "A7", "A2"]);
}

#[test]
fn after_a_clock_was_set_back_the_number_ahead_is_that_of_the_calling_order() {
    let mut queue = two_lines();
    let minute = |n: i64| Timestamp::from_millis((20_780 * 24 + 9) * 3_600_000 + n * 60_000);
    // The first came before the clock was set back by an hour; to the clock it has not waited at all.
    for (n, priority, at) in [(1, "urgent", 60), (2, "urgent", 5), (3, "normal", 6)] {
        let command = Command::Create {
            ticket: TicketId::from_random(n),
            service: None,
            priority: Some(priority.into()),
            note: None,
            language: None,
        };
        ask(&mut queue, &command, minute(at));
    }
    let now = minute(20);
    let ahead = [1, 2, 3].map(|n| {
        queue
            .ticket(TicketId::from_random(n))
            .and_then(|t| queue.ahead(t, now))
    });
    assert_eq!(
        ahead,
        [Some(1), Some(2), Some(0)],
        "the normal one, then the urgent ones"
    );
    let again = Queue::from_parts(queue.parts());
    assert_eq!(again, queue);
}

proptest! {
    /// A list that one desk serves is called in the order that its visitors are told.
    #[test]
    fn who_is_ahead_is_called_first(
        commands in proptest::collection::vec(any_command(), 1..60),
        most in prop_oneof![Just(None), (0..4u32).prop_map(Some)],
        strict: bool,
    ) {
        let mut parts = two_lines().parts();
        parts.settings.most_priority_in_a_row = most;
        parts.settings.rule = if strict { CallingRule::Strict } else { CallingRule::Weighted };
        let mut queue = Queue::from_parts(parts);
        properties::go_on(&mut queue, 0, &commands);
        let now = moment(&queue);
        let desk = Desk {
            name: DeskName::parse("new").expect("a name"),
            open: true,
            services: vec![Prefix::new("A")],
            serving: None,
            screen: None,
        };
        for (index, ticket) in CallingOrder::of(&queue, &desk, now).enumerate() {
            // With a limit it is only nearly that, if waiting counts or somebody was sent to the front.
            let settings = queue.settings();
            let is_by_priority = settings.rule == CallingRule::Strict
                && queue.waiting_tickets().iter().all(|ticket| !ticket.position.is_in_front());
            if is_by_priority || settings.most_priority_in_a_row.is_none() {
                prop_assert_eq!(queue.ahead(ticket, now), Some(index), "{}", ticket.code());
            }
        }
        prop_assert_eq!(CallingOrder::of(&queue, &desk, now).count(), queue.waiting_in(&WaitingList::Service(Prefix::new("A"))));
    }
}

proptest! {
    #[test]
    fn the_tickets_that_approach_are_those_with_few_people_ahead(
        commands in proptest::collection::vec(any_command(), 1..60),
        most in 0..4usize,
    ) {
        let mut queue = two_lines();
        properties::go_on(&mut queue, 0, &commands);
        let now = moment(&queue);
        let approaching = queue.approaching(most, now).into_iter();
        let mut found: Vec<_> = approaching.map(|(one, ahead)| (one.arrival, ahead)).collect();
        let waiting = queue.waiting_tickets().into_iter();
        let with_ahead = waiting.filter_map(|one| Some((one.arrival, queue.ahead(one, now)?)));
        let mut expected: Vec<_> = with_ahead.filter(|(_, ahead)| *ahead <= most).collect();
        found.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
    }
}
