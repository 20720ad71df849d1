//! What setting up an office comes to while people are in it, by example.

use std::sync::Arc;

use super::testing::{ask, command, day, moment, two_lines};
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

/// Lets one more thing happen; what was answered.
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
    // What happens to an urgent ticket, A1, and whether its priority can go then.
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
        why.contains("urgent is needed: 3 tickets have it."),
        "{why}"
    );
    then(&mut queue, &only_priorities(&["urgent"])).expect("nobody is normal");
    assert_eq!(queue.settings().weight("urgent"), 7, "a weight may change");
}

#[test]
fn another_zone_or_hour_neither_ends_a_day_early_nor_gives_a_number_twice() {
    // The hours at which an office's day began before and begins now, set at one hour of its first
    // or second day; at which hours, counted from that day's midnight, numbers begin again.
    let rows: &[(u8, u8, i32, [i32; 2])] = &[
        (0, 0, 10, [24, 48]),
        // The new day would have begun at once.
        (9, 0, 8, [9, 24]),
        (20, 9, 10, [20, 33]),
        // The new rule still has yesterday.
        (0, 12, 10, [36, 60]),
        (0, 4, 10, [28, 52]),
        (0, 4, 2, [28, 52]),
    ];
    for has_begun in [false, true] {
        for (before, after, set_at, expected) in rows {
            let mut queue = two_lines();
            // Hours since the midnight before the day that has number 1.
            let by = |begins: u8, hour: i32| day(1 + (hour - i32::from(begins)).div_euclid(24));
            let mut begun = Vec::new();
            let mut first: Option<i32> = None;
            for hour in -40..72 {
                let rule = queue.settings().day_begins_hour;
                let in_course = queue.rule_before().map_or(rule, |rule| rule.begins_hour);
                if hour == *set_at {
                    begun.clear();
                    let change = SettingsChange {
                        day_begins_hour: Some(*after),
                        ..SettingsChange::default()
                    };
                    then(&mut queue, &Command::SetSettings { change }).expect("set");
                } else if hour == -40 {
                    let change = SettingsChange {
                        day_begins_hour: Some(*before),
                        ..SettingsChange::default()
                    };
                    then(&mut queue, &Command::SetSettings { change }).expect("set");
                }
                let rule = if hour == *set_at { *after } else { rule };
                let keep = Command::KeepDay {
                    day: by(rule, hour),
                    before: queue.rule_before().map(|_| by(in_course, hour)),
                    first: first.map(|given| by(in_course, given)),
                };
                let at = moment(&queue);
                let (_, happened) = ask(&mut queue, &keep, at);
                if happened
                    .iter()
                    .any(|one| matches!(one.event, Event::DayStarted { .. }))
                {
                    begun.push(hour);
                }
                // One ticket an hour; the office is new on the day before, or on this one.
                if has_begun || hour >= *set_at - 1 {
                    let n = u128::try_from(hour + 100).expect("few");
                    let new = command(&queue, "new", n);
                    then(&mut queue, &new).expect("given");
                    first = first.or(Some(hour));
                }
            }
            begun.truncate(2);
            assert_eq!(begun, expected, "{before} to {after}, begun: {has_begun}");
        }
    }
}

#[test]
fn a_number_is_rather_not_given_than_given_twice() {
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

#[test]
fn why_a_step_cannot_be_taken_back_is_said_as_it_is() {
    let undo = Command::Undo {
        desk: DeskName::parse("1").expect("a name"),
        current: None,
    };
    let keep = |n| Command::KeepDay {
        day: day(n),
        before: None,
        first: Some(day(0)),
    };
    let mut queue = after("new;new;next 1;next 1");
    then(&mut queue, &keep(1)).expect("a day begins");
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
fn who_was_withdrawn_by_a_day_is_known_until_the_next_one() {
    let keep = |n| Command::KeepDay {
        day: day(n),
        before: None,
        first: Some(day(0)),
    };
    let mut queue = after("new;new;new;next 1;no-show 1;next 1;finish 1");
    let known = |queue: &Queue| -> Vec<Option<State>> {
        let ids = (0..3).map(TicketId::from_random);
        ids.map(|id| queue.ticket(id).map(|ticket| ticket.state))
            .collect()
    };
    then(&mut queue, &keep(1)).expect("a day begins");
    let cancelled = Some(State::Cancelled);
    assert_eq!(known(&queue), [cancelled, None, cancelled]);
    assert_eq!(queue.len(), 0, "they are in no list");
    let kept = Queue::from_parts(queue.parts());
    assert_eq!(kept, queue);
    then(&mut queue, &keep(2)).expect("a day begins");
    assert_eq!(known(&queue), [None, None, None]);
}
