//! Examples of changes to an office's set-up while visitors wait.

use std::sync::Arc;

use super::testing::{ask, command, moment, two_lines};
use crate::domain::*;

/// An office after these words of [`command`].
fn after(words: &str) -> Queue {
    let mut queue = two_lines();
    for (drawn, words) in words.split(';').filter(|w| !w.is_empty()).enumerate() {
        let (asked, at) = (command(&queue, words, drawn as u128), moment(&queue));
        ask(&mut queue, &asked, at);
    }
    queue
}

/// Carries out one more command and returns its answer.
fn then(queue: &mut Queue, asked: &Command) -> Result<Subject, Refusal> {
    let at = moment(queue);
    ask(queue, asked, at).0.outcome
}

fn urgent(n: u128) -> Command {
    Command::Create {
        ticket: TicketId::from_random(n),
        service: None,
        priority: Some("urgent".into()),
        note: None,
        language: None,
    }
}

fn only_priorities(names: &[&str]) -> Command {
    let named = names.iter().map(|name| Priority {
        name: (*name).into(),
        names: Arc::default(),
        weight: 7,
    });
    Command::SetSettings {
        change: SettingsChange {
            priorities: Some(named.collect()),
            ..SettingsChange::default()
        },
    }
}

#[test]
fn a_priority_stays_while_somebody_has_it() {
    // Steps of an urgent ticket, A1, and whether its priority can be removed afterwards.
    let rows = [
        ("", false),
        ("next 1", false),
        ("next 1;hold 1", false),
        ("next 1;no-show 1", false),
        ("next 1;finish 1", true),
        ("cancel A1", true),
    ];
    for (before, goes) in rows {
        for left in [&["normal"][..], &["normal", "Urgent"]] {
            let mut queue = two_lines();
            then(&mut queue, &urgent(0)).expect("given");
            for words in before.split(';').filter(|w| !w.is_empty()) {
                let asked = command(&queue, words, 1);
                then(&mut queue, &asked).expect(words);
            }
            let said = then(&mut queue, &only_priorities(left));
            let refused = Refusal::PriorityInUse {
                priority: "urgent".to_owned(),
                tickets: 1,
            };
            let expected = if goes {
                Ok(Subject::Office)
            } else {
                Err(refused)
            };
            assert_eq!(said, expected, "«{before}»");
            let weight = if goes { 1 } else { 4 };
            assert_eq!(queue.settings().weight("urgent"), weight);
        }
    }
    let mut queue = after("");
    (0..3).for_each(|n| drop(then(&mut queue, &urgent(n))));
    let why = then(&mut queue, &only_priorities(&["normal"])).expect_err("three have it");
    let why = why.to_string();
    assert!(
        why.contains("urgent cannot be removed: 3 tickets have it."),
        "{why}"
    );
    then(&mut queue, &only_priorities(&["urgent"])).expect("nobody is normal");
    assert_eq!(queue.settings().weight("urgent"), 7, "a weight may change");
}

#[test]
fn a_number_is_skipped_rather_than_given_twice() {
    let mut parts = two_lines().parts();
    parts.services[0].last_number = Some(u32::MAX - 2);
    parts.reserved_numbers = vec![(Prefix::new("A"), u32::MAX - 1)];
    let mut queue = Queue::from_parts(parts);
    let last = command(&queue, "new", 1);
    then(&mut queue, &last).expect("the last one");
    let given = queue.ticket(TicketId::from_random(1)).expect("given");
    assert_eq!(given.number, u32::MAX);
    let more = command(&queue, "new", 2);
    let service = Prefix::new("A");
    assert_eq!(
        then(&mut queue, &more),
        Err(Refusal::NoNumberLeft { service })
    );
    let other = command(&queue, "new B", 3);
    then(&mut queue, &other).expect("another service goes on");
}

/// Only the newest 20,000 ended tickets are remembered.
#[test]
fn a_service_that_is_deleted_and_made_again_repeats_no_number_of_that_day() {
    let mut queue = after("new B;new B;next 1;next 1;finish 1");
    let delete = Command::DeleteService {
        service: Prefix::new("B"),
    };
    let make = Command::SetService {
        service: Prefix::new("B"),
        change: ServiceChange::default(),
    };
    for last in [2, 3] {
        let mut parts = queue.parts();
        parts.tickets.clear();
        parts.ended.clear();
        parts.last_called.clear();
        queue = Queue::from_parts(parts);
        then(&mut queue, &delete).expect("nobody is in it");
        then(&mut queue, &make).expect("made again");
        let new = command(&queue, "new B", 100 + u128::from(last));
        let id = TicketId::from_random(100 + u128::from(last));
        then(&mut queue, &new).expect("given");
        assert_eq!(queue.ticket(id).expect("given").number, last + 1);
    }
}

#[test]
fn the_refusal_says_why_a_step_cannot_be_undone() {
    let undo = Command::Undo {
        desk: DeskName::parse("1").expect("a name"),
        current: None,
    };
    let mut queue = after("new;new;next 1;next 1");
    then(&mut queue, &Command::StartDay).expect("a day begins");
    let mut kept = Queue::from_parts(queue.parts());
    for queue in [&mut queue, &mut kept] {
        let why = then(queue, &undo)
            .expect_err("that was yesterday")
            .to_string();
        assert!(
            why.ends_with("another business day has begun since."),
            "{why}"
        );
        let next = command(queue, "new", 9);
        then(queue, &next).expect("given");
        let next = command(queue, "next 1", 9);
        then(queue, &next).expect("called");
        then(queue, &undo).expect("that is today");
    }

    let mut queue = two_lines();
    then(&mut queue, &urgent(0)).expect("given");
    for words in ["next 1", "finish 1"] {
        let asked = command(&queue, words, 1);
        then(&mut queue, &asked).expect(words);
    }
    then(&mut queue, &only_priorities(&["normal"])).expect("nobody has it");
    let why = then(&mut queue, &undo)
        .expect_err("it has no priority")
        .to_string();
    assert!(
        why.ends_with("the priority urgent of A1 has been deleted since."),
        "{why}"
    );
}

#[test]
fn tickets_cancelled_by_a_new_day_are_known_until_the_next_one() {
    let mut queue = after("new;new;new;next 1;no-show 1;next 1;finish 1");
    let known = |queue: &Queue| -> Vec<Option<State>> {
        let ids = (0..3).map(TicketId::from_random);
        ids.map(|id| queue.ticket(id).map(|ticket| ticket.state))
            .collect()
    };
    then(&mut queue, &Command::StartDay).expect("a day begins");
    let cancelled = Some(State::Cancelled);
    assert_eq!(known(&queue), [cancelled, None, cancelled]);
    assert_eq!(queue.len(), 0, "they are in no list");
    let kept = Queue::from_parts(queue.parts());
    assert_eq!(kept, queue);
    then(&mut queue, &Command::StartDay).expect("a day begins");
    assert_eq!(known(&queue), [None, None, None]);
}
