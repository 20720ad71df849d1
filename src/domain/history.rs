//! The history of tickets: one row for each ticket, and which rows an event changes.
//!
//! A row is a pure function of its ticket, so an undone step leaves no trace in it. Storage keeps
//! the rows in the transaction of the events, and decides nothing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::desk::DeskName;
use super::event::Event;
use super::person::PersonId;
use super::queue::Queue;
use super::service::Prefix;
use super::ticket::{State, Ticket};
use super::time::{Arrival, Timestamp};

impl Ticket {
    /// Changes its state, and counts the time in the one before.
    pub(super) fn change_state(&mut self, next: State, at: Timestamp) {
        // After a clock was set back, no time is negative.
        let elapsed = (at.as_millis() - self.state_since().as_millis()).max(0);
        let spent = &mut self.spent;
        match (self.state, next) {
            (State::Waiting, State::Serving) => spent.waited_ms += elapsed,
            // Nobody came, so nobody was served.
            (State::Serving, State::NoShow) => {}
            (State::Serving, _) => spent.served_ms += elapsed,
            _ => {}
        }
        if next == State::Serving {
            spent.first_called_at = spent.first_called_at.or(Some(at));
        }
        spent.since = Some(at);
        self.state = next;
    }

    /// Start of its state; an earlier version of the program stored less.
    fn state_since(&self) -> Timestamp {
        let called_at = self.called_at.filter(|_| self.state == State::Serving);
        self.spent.since.or(called_at).unwrap_or(self.waiting_since)
    }
}

/// A ticket in the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TicketRow {
    /// Its key: the `seq` of the event that created it.
    pub arrival: Arrival,
    pub code: String,
    /// The service that it waits for, or waited for last.
    pub service: Prefix,
    pub priority: Arc<str>,
    pub state: State,
    pub created_at: Timestamp,
    /// Start of its state.
    pub since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_called_at: Option<Timestamp>,
    /// Time at which it was served, was cancelled, or missed its call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Time in queues until its calls, in milliseconds; `None` before the first call, or if it is unknown
    /// because of a step of the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_ms: Option<i64>,
    /// Time at desks, in milliseconds, without calls that nobody answered; `None` as for `waited_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_ms: Option<i64>,
    /// The desk that called it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desk: Option<DeskName>,
    /// Number of calls, recalls among them.
    pub calls: u32,
    pub transfers: u32,
    /// The person who called it last, if people sign in by name. People are not exported, and an id may be another
    /// person's elsewhere.
    #[serde(skip)]
    pub person: Option<PersonId>,
}

impl TicketRow {
    /// The same row with a number that follows event `last`: see [`QueueParts::after`](super::QueueParts::after).
    #[must_use]
    pub fn after(&self, last: u64) -> Self {
        Self {
            arrival: Arrival::from_seq(self.arrival.as_seq() + last),
            ..self.clone()
        }
    }
}

impl From<&Ticket> for TicketRow {
    fn from(ticket: &Ticket) -> Self {
        let spent = &ticket.spent;
        let since = ticket.state_since();
        let is_known = spent.first_called_at.is_some() && !ticket.lengths_unknown;
        let has_ended = ticket.state.is_final() || ticket.state == State::NoShow;
        Self {
            arrival: ticket.arrival,
            code: ticket.code(),
            service: ticket.service.clone(),
            priority: ticket.priority.clone(),
            state: ticket.state,
            created_at: ticket.created_at,
            since,
            first_called_at: spent.first_called_at,
            ended_at: has_ended.then_some(ticket.ended_at.unwrap_or(since)),
            waited_ms: is_known.then_some(spent.waited_ms),
            served_ms: is_known.then_some(spent.served_ms),
            desk: ticket.desk.clone(),
            calls: ticket.calls,
            transfers: spent.transfers,
            person: ticket.person,
        }
    }
}

/// Adds the rows that an event changes to `rows`. `queue` is the queue right after the event.
pub fn changed_rows(queue: &Queue, event: &Event, rows: &mut Vec<TicketRow>) {
    match event {
        // A step of the clock may move the times of all.
        Event::ClockStepped { .. } | Event::OfficeImported { .. } => {
            rows.extend(queue.tickets_after(None).map(TicketRow::from));
        }
        // A new day closes the way back of a no-show, which stays one in the history.
        _ => {
            let changed = event.tickets().iter();
            rows.extend(
                changed
                    .filter_map(|id| queue.ticket(*id))
                    .map(TicketRow::from),
            );
        }
    }
}
