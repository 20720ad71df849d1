//! The ledger outside of the servers: what was acknowledged, held against what the screens heard.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::clients::{Answer, Asker, Listener};
use crate::common::{kind, number, text};

/// What a ticket is known by, outside and on a screen: its code and when it was made.
type Name = (String, String);

#[derive(Default)]
pub struct Ledger {
    /// The number of the last ticket of the day.
    last_number: u64,
    /// The number of the ticket that each desk called last.
    called_last: BTreeMap<String, u64>,
    /// The numbers of tickets of the day before that are still served, which are not given again.
    reserved: Vec<u64>,
    pub made: usize,
    pub called: usize,
    pub days: usize,
}

/// What all screens heard in a round.
#[derive(Default)]
struct Heard {
    made: BTreeMap<Name, Instant>,
    called: BTreeMap<Name, String>,
}

impl Ledger {
    /// Checks a round, and empties the records of those who asked and listened. Returns how long after `returned` the
    /// last of them was answered or heard of a new ticket.
    pub fn check(
        &mut self,
        returned: Instant,
        askers: &mut [Asker],
        listeners: &mut [Listener],
    ) -> Duration {
        let heard: Vec<Heard> = listeners
            .iter()
            .map(|listener| self.replay(&listener.events))
            .collect();
        let [one, other] = listeners else {
            panic!("there are two screens")
        };
        let events = |listener: &Listener| -> Vec<Value> {
            listener
                .events
                .iter()
                .map(|(event, _)| event.clone())
                .collect()
        };
        assert_eq!(
            events(one),
            events(other),
            "the screens heard different things"
        );
        self.go_on(&events(one));

        let mut answered_at = returned;
        let mut made = BTreeMap::new();
        let mut called = BTreeMap::new();
        for asker in askers {
            let first = asker.answers.iter().find(|answer| answer.at >= returned);
            answered_at = answered_at.max(first.expect("each is answered after it").at);
            for Answer { ticket, at } in asker.answers.drain(..) {
                let name = name_of(&ticket);
                let desk = ticket["handleAtDesk"].as_str().map(str::to_owned);
                let twice = match desk {
                    Some(desk) => called.insert(name, desk).is_some(),
                    None => made.insert(name, at).is_some(),
                };
                assert!(!twice, "acknowledged twice: {ticket}");
            }
        }
        self.made += made.len();
        self.called += called.len();
        let first = made.iter().filter(|(_, at)| **at >= returned);
        let (first, _) = first
            .min_by_key(|(_, at)| **at)
            .expect("one is made after it");
        for heard in &heard {
            assert!(heard.made.keys().eq(made.keys()), "made, and acknowledged");
            assert_eq!(heard.called, called, "called, and acknowledged");
            answered_at = answered_at.max(heard.made[first]);
        }
        for listener in listeners {
            listener.events.clear();
        }
        answered_at - returned
    }

    fn replay(&self, events: &[(Value, Instant)]) -> Heard {
        let mut heard = Heard::default();
        for (event, at) in events {
            let ticket = &event["payload"]["ticket"];
            let twice = match kind(event) {
                "ticket-created" => heard.made.insert(name_of(ticket), *at).is_some(),
                "ticket-called" => {
                    let desk = text(ticket, "handleAtDesk").to_owned();
                    heard.called.insert(name_of(ticket), desk).is_some()
                }
                _ => false,
            };
            assert!(!twice, "made or called twice: {event}");
        }
        heard
    }

    /// Checks that the numbers of each day go on by one.
    fn go_on(&mut self, events: &[Value]) {
        for event in events {
            match kind(event) {
                "day-started" => {
                    self.days += 1;
                    self.last_number = 0;
                    self.reserved = self.called_last.values().copied().collect();
                }
                "ticket-called" => {
                    let ticket = &event["payload"]["ticket"];
                    let desk = text(ticket, "handleAtDesk").to_owned();
                    self.called_last.insert(desk, number(ticket, "number"));
                }
                "ticket-created" => {
                    self.last_number += 1;
                    while self.reserved.contains(&self.last_number) {
                        self.last_number += 1;
                    }
                    let made = number(&event["payload"]["ticket"], "number");
                    assert_eq!(made, self.last_number, "{event}");
                }
                _ => {}
            }
        }
    }
}

fn name_of(ticket: &Value) -> Name {
    let [code, made_at] = ["code", "createdAt"].map(|name| text(ticket, name).to_owned());
    (code, made_at)
}
