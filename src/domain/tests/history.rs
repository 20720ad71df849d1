//! The history of tickets equals what an observer writes down beside the queue.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::properties::go_on;
use super::random_commands::any_request;
use super::testing::{command, moment, two_lines};
use crate::domain::*;

/// An observer who has only the events, and writes down those of each ticket.
#[derive(Default)]
pub(crate) struct Observer {
    /// By their ids as text.
    tickets: BTreeMap<String, Vec<Observed>>,
    /// Those of earlier days.
    closed: Vec<Vec<Observed>>,
}

#[derive(Clone)]
struct Observed {
    at: i64,
    event: Event,
}

impl Observed {
    fn desk(&self) -> Option<&DeskName> {
        match &self.event {
            Event::TicketCalled { desk, .. }
            | Event::TicketFinished { desk, .. }
            | Event::TicketNoShow { desk, .. }
            | Event::TicketHeld { desk, .. }
            | Event::TicketTransferred { desk, .. } => Some(desk),
            Event::TicketCancelled { desk, .. } | Event::TicketReturned { desk, .. } => {
                desk.as_ref()
            }
            _ => None,
        }
    }
}

/// The counts of one ticket by the observer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) state: State,
    pub(crate) service: Prefix,
    pub(crate) priority: String,
    pub(crate) desk: Option<DeskName>,
    pub(crate) created_at: i64,
    /// Since when it has been waiting, if it is.
    pub(crate) waiting_since: Option<i64>,
    pub(crate) first_called_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) waited_ms: Option<i64>,
    pub(crate) served_ms: Option<i64>,
    pub(crate) calls: u32,
    pub(crate) transfers: u32,
}

impl From<&TicketRow> for Counted {
    fn from(row: &TicketRow) -> Self {
        Self {
            state: row.state,
            service: row.service.clone(),
            priority: row.priority.to_string(),
            desk: row.desk.clone(),
            created_at: row.created_at.as_millis(),
            waiting_since: (row.state == State::Waiting).then_some(row.since.as_millis()),
            first_called_at: row.first_called_at.map(Timestamp::as_millis),
            ended_at: row.ended_at.map(Timestamp::as_millis),
            waited_ms: row.waited_ms,
            served_ms: row.served_ms,
            calls: row.calls,
            transfers: row.transfers,
        }
    }
}

impl Observer {
    pub(crate) fn happened(&mut self, stamped: &Stamped) {
        let observed = Observed {
            at: stamped.at.as_millis(),
            event: stamped.event.clone(),
        };
        match &stamped.event {
            // The clock was wrong until now: the notes are corrected.
            Event::ClockStepped { by, .. } => {
                let notes = self.tickets.values_mut().flatten();
                notes.for_each(|note| note.at += by);
            }
            Event::DayStarted => {
                let is_over = |counted: &Counted| counted.ended_at.is_some();
                let over = self
                    .tickets
                    .iter()
                    .filter(|(_, notes)| is_over(&count(notes)));
                let over: Vec<String> = over.map(|(id, _)| id.clone()).collect();
                for id in over {
                    self.closed.extend(self.tickets.remove(&id));
                }
            }
            Event::StepUndone { desk, tickets } => {
                for ticket in tickets.iter() {
                    self.strike_out(*ticket, desk);
                }
            }
            Event::TicketCreated { ticket, .. }
            | Event::TicketCalled { ticket, .. }
            | Event::TicketRecalled { ticket, .. }
            | Event::TicketFinished { ticket, .. }
            | Event::TicketCancelled { ticket, .. }
            | Event::TicketNoShow { ticket, .. }
            | Event::TicketHeld { ticket, .. }
            | Event::TicketReturned { ticket, .. }
            | Event::TicketTransferred { ticket, .. } => {
                self.tickets
                    .entry(ticket.to_string())
                    .or_default()
                    .push(observed);
            }
            _ => {}
        }
    }

    /// Strikes out the desk's last step with a ticket, and all after it.
    fn strike_out(&mut self, ticket: TicketId, desk: &DeskName) {
        let notes = self
            .tickets
            .get_mut(&ticket.to_string())
            .expect("it was created");
        let step = notes.iter().rposition(|note| note.desk() == Some(desk));
        notes.truncate(step.expect("the desk took a step"));
    }

    /// All tickets.
    pub(crate) fn count(&self) -> impl Iterator<Item = Counted> {
        self.closed
            .iter()
            .chain(self.tickets.values())
            .map(|notes| count(notes))
    }
}

fn count(notes: &[Observed]) -> Counted {
    let Event::TicketCreated {
        service, priority, ..
    } = &notes[0].event
    else {
        panic!("the first event of a ticket creates it");
    };
    let mut counted = Counted {
        state: State::Waiting,
        service: service.clone(),
        priority: priority.to_string(),
        desk: None,
        created_at: notes[0].at,
        waiting_since: None,
        first_called_at: None,
        ended_at: None,
        waited_ms: None,
        served_ms: None,
        calls: 0,
        transfers: 0,
    };
    // The beginning of the time in a queue, and of that at a desk.
    let (mut queued, mut called) = (Some(notes[0].at), None);
    for note in &notes[1..] {
        let elapsed = |since: Option<i64>| since.map_or(0, |since| (note.at - since).max(0));
        counted.state = match &note.event {
            Event::TicketRecalled { .. } => {
                counted.calls += 1;
                continue;
            }
            Event::TicketCalled { desk, .. } => {
                counted.calls += 1;
                counted.desk = Some(desk.clone());
                counted.first_called_at = counted.first_called_at.or(Some(note.at));
                *counted.waited_ms.get_or_insert(0) += elapsed(queued.take());
                counted.served_ms.get_or_insert(0);
                called = Some(note.at);
                State::Serving
            }
            Event::TicketNoShow { .. } => {
                called = None;
                State::NoShow
            }
            Event::TicketFinished { .. } => State::Done,
            Event::TicketHeld { .. } => State::Held,
            Event::TicketCancelled { .. } => State::Cancelled,
            Event::TicketReturned { .. } => State::Waiting,
            Event::TicketTransferred { service, .. } => {
                counted.transfers += 1;
                counted.service = service.clone();
                State::Waiting
            }
            other => panic!("{other:?} is no event of a ticket"),
        };
        if counted.state != State::Serving {
            let served = elapsed(called.take());
            if let Some(all) = &mut counted.served_ms {
                *all += served;
            }
            queued = (counted.state == State::Waiting).then_some(note.at);
        }
        let has_ended = counted.state.is_final() || counted.state == State::NoShow;
        counted.ended_at = has_ended.then_some(note.at);
    }
    counted.waiting_since = queued;
    counted
}

/// In an order that both sides have.
pub(crate) fn sorted(counted: impl Iterator<Item = Counted>) -> Vec<Counted> {
    let mut counted: Vec<Counted> = counted.collect();
    counted.sort_by_cached_key(|one| format!("{one:?}"));
    counted
}

/// The rows that events lead to.
fn rows_of(mut queue: Queue, events: &[Stamped]) -> BTreeMap<Arrival, TicketRow> {
    let mut rows = Vec::new();
    for stamped in events {
        apply(&mut queue, stamped);
        changed_rows(&queue, &stamped.event, &mut rows);
    }
    rows.into_iter().map(|row| (row.arrival, row)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn each_row_of_the_history_is_what_an_observer_counts(
        // Steps of the clock are in the simulated year: here every event takes a second.
        commands in vec(prop_oneof![50 => any_request(), 1 => Just(Command::StartDay)], 0..120)
    ) {
        let mut queue = two_lines();
        let events = go_on(&mut queue, 0, &commands);
        let mut observer = Observer::default();
        events.iter().for_each(|stamped| observer.happened(stamped));
        let rows = rows_of(two_lines(), &events);
        let rows = sorted(rows.values().map(Counted::from));
        let counted = sorted(observer.count());
        prop_assert_eq!(rows, counted);
    }
}

/// The row of the first ticket after these words, a second apart.
fn row_after(words: &[&str]) -> TicketRow {
    let mut queue = two_lines();
    let mut rows = Vec::new();
    for (drawn, words) in (0..).zip(words) {
        let wanted = command(&queue, words, drawn);
        for event in decide(&queue, &wanted, moment(&queue)).events {
            let (seq, at) = (queue.seq() + 1, moment(&queue));
            let stamped = Stamped { seq, at, event };
            apply(&mut queue, &stamped);
            changed_rows(&queue, &stamped.event, &mut rows);
        }
    }
    let first = rows[0].arrival;
    rows.retain(|row| row.arrival == first);
    rows.pop().expect("a row")
}

#[test]
fn a_recall_and_a_hold_change_nothing_in_the_wait() {
    let waited = |words: &[&str]| row_after(words).waited_ms;
    let called = waited(&["new A", "new A", "next 1"]);
    assert!(called.is_some_and(|waited| waited > 0));
    for further in [
        &["recall 1"][..],
        &["recall 1", "recall 1", "finish 1"],
        &["hold 1"],
        &["hold 1", "call 1 A1"],
        &["no-show 1"],
    ] {
        let words = [&["new A", "new A", "next 1"], further].concat();
        assert_eq!(waited(&words), called, "{further:?}");
    }
}
