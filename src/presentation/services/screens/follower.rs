//! Who follows one ticket: where that ticket stands, told whenever it has changed.
//!
//! A phone that follows is to cost what a public screen does: `publish` looks at many tickets under
//! one lock, and puts a position behind the events in the same write, only where it is news. No
//! thread is woken for it.

use std::sync::Arc;

use serde::Serialize;
use tungstenite::Bytes;

use super::update::text_frame;
use crate::calendar::now;
use crate::domain::{Forecast, Queue, TicketId, Timestamp};
use crate::presentation::json::Message;
use crate::presentation::services::shared::SharedState;

/// Tickets that are looked at under one lock, which the ledger wants as well.
pub const POSITIONS_AT_ONCE: usize = 64;

/// The ticket that a screen follows, and the queue in which it stands.
pub struct Follower {
    ticket: TicketId,
    shared: Arc<SharedState>,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Follower of a ticket")
    }
}

/// What a follower is told.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    code: String,
    state: &'static str,
    desk: Option<String>,
    ahead: Option<usize>,
    estimate_seconds: Option<u64>,
    /// How often it was called: one more with the same desk is a recall.
    calls: u32,
}

impl Position {
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

/// Whole minutes, in seconds: a follower is told when it changes for a person, not each second.
fn whole_minutes(seconds: u64) -> u64 {
    seconds.div_ceil(60) * 60
}

impl Follower {
    pub fn new(ticket: TicketId, shared: Arc<SharedState>) -> Self {
        Self { ticket, shared }
    }

    /// Where its ticket stands; `None` where it is no longer known.
    pub fn position(&self) -> Option<Position> {
        positions(&[self]).pop().flatten()
    }
}

/// Where the tickets of several followers of one office stand, looked at under one lock.
pub fn positions(followers: &[&Follower]) -> Vec<Option<Position>> {
    let Some(first) = followers.first() else {
        return Vec::new();
    };
    let now = now();
    first.shared.read_forecast(now, |queue, forecast| {
        let of = |follower: &&Follower| Position::of(queue, forecast, follower.ticket, now);
        followers.iter().map(of).collect()
    })
}

/// The frame that says where a ticket stands, where `told` says otherwise; notes it there. `cursor`
/// is the last event that the screen has been told.
pub fn news(position: Option<Position>, told: &mut Option<Position>, cursor: u64) -> Option<Bytes> {
    if position.is_none() || position == *told {
        return None;
    }
    let message = Message {
        kind: "ticket-position",
        seq: Some(cursor),
        payload: &position,
    };
    let frame = text_frame(message.text());
    *told = position;
    Some(frame)
}
