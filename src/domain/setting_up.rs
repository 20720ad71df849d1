//! What setting up an office comes to while people are in it, by example.

use std::sync::Arc;

use super::testing::{ask, command, moment, two_lines};
use super::*;

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
