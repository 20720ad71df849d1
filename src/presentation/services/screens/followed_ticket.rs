//! The ticket that a subscriber follows: it gets the ticket's progress whenever it changes.
//!
//! A phone that follows a ticket costs as much as a public screen: `publish` reads the progress of
//! many tickets under one lock and writes it together with the events, only if it has changed. No
//! thread is woken for it.

use std::sync::Arc;

use serde::Serialize;
use tungstenite::Bytes;

use super::frames::text_frame;
use crate::calendar::now;
use crate::domain::{Forecast, Queue, TicketId, Timestamp};
use crate::presentation::json::Message;
use crate::presentation::services::shared::SharedState;

/// Limit of tickets that are read under one lock, since the ledger waits for that lock.
pub const TICKETS_PER_LOCK: usize = 64;

/// A followed ticket, and the queue that it is in.
pub struct FollowedTicket {
    ticket: TicketId,
    shared: Arc<SharedState>,
}

impl std::fmt::Debug for FollowedTicket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FollowedTicket")
    }
}

/// The progress of a ticket, as the phones that follow it get it.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TicketProgress {
    code: String,
    state: &'static str,
    desk: Option<String>,
    ahead: Option<usize>,
    estimate_seconds: Option<u64>,
    /// Number of calls. One more with the same desk is a recall.
    calls: u32,
}

impl TicketProgress {
    fn of(queue: &Queue, forecast: &Forecast, id: TicketId, now: Timestamp) -> Option<Self> {
        let ticket = queue.ticket(id)?;
        let wait = forecast.seconds(ticket, now);
        Some(Self {
            code: ticket.code(),
            state: ticket.state.as_str(),
            desk: ticket.desk.as_ref().map(ToString::to_string),
            ahead: queue.ahead(ticket, now),
            estimate_seconds: wait.map(whole_minutes),
            calls: ticket.calls,
        })
    }
}

/// Rounds up to whole minutes, in seconds, so that a phone gets no message each second.
fn whole_minutes(seconds: u64) -> u64 {
    seconds.div_ceil(60) * 60
}

impl FollowedTicket {
    pub fn new(ticket: TicketId, shared: Arc<SharedState>) -> Self {
        Self { ticket, shared }
    }

    /// The progress of its ticket; `None` if the ticket is no longer in memory.
    pub fn progress(&self) -> Option<TicketProgress> {
        progress_of(&[self]).pop().flatten()
    }
}

/// The progress of several followed tickets of one office, read under one lock.
pub fn progress_of(tickets: &[&FollowedTicket]) -> Vec<Option<TicketProgress>> {
    let Some(first) = tickets.first() else {
        return Vec::new();
    };
    let now = now();
    first.shared.read_forecast(now, |queue, forecast| {
        let of = |one: &&FollowedTicket| TicketProgress::of(queue, forecast, one.ticket, now);
        tickets.iter().map(of).collect()
    })
}

/// The frame of a progress message. `cursor` is the last event that the subscriber has.
pub fn progress_frame(progress: &TicketProgress, cursor: u64) -> Bytes {
    let message = Message {
        kind: "ticket-position",
        seq: Some(cursor),
        payload: progress,
    };
    text_frame(message.text())
}
