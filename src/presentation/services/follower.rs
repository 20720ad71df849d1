//! Who follows one ticket: where that ticket stands, told whenever it has changed.
//!
//! A phone that follows is to cost what a public screen does: `publish` looks at many tickets under
//! one lock, and puts a position behind the events in the same write, only where it is news. No
//! thread is woken for it.

use std::sync::Arc;

use serde::Serialize;
use tungstenite::Bytes;

use super::ticket_service::Shared;
use super::update::text_frame;
use crate::domain::{Queue, TicketId, Waits};
use crate::presentation::json::Message;

/// Tickets that are looked at under one lock. An estimate needs a look at the whole office first, so
/// one look serves many; and the lock is held for some 100 µs at most, since the ledger wants it.
pub(super) const POSITIONS_AT_ONCE: usize = 64;

/// The ticket that a screen follows, and the queue in which it stands.
pub(super) struct Follower {
    ticket: TicketId,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Follower of a ticket")
    }
}

/// What a follower is told.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Position {
    code: String,
    state: &'static str,
    desk: Option<String>,
    ahead: Option<usize>,
    estimate_seconds: Option<u64>,
    /// How often it was called: one more with the same desk is a recall.
    calls: u32,
}

impl Position {
    fn of(queue: &Queue, waits: &Waits<'_>, id: TicketId) -> Option<Self> {
        let ticket = queue.ticket(id)?;
        Some(Self {
            code: ticket.code(),
            state: ticket.state.as_str(),
            desk: ticket.desk.as_ref().map(ToString::to_string),
            ahead: queue.ahead(ticket),
            estimate_seconds: waits.seconds(ticket).map(whole_minutes),
            calls: ticket.calls,
        })
    }
}

/// Whole minutes, in seconds: a follower is told when it changes for a person, not each second.
fn whole_minutes(seconds: u64) -> u64 {
    seconds.div_ceil(60) * 60
}

impl Follower {
    pub(super) fn new(ticket: TicketId, shared: Arc<Shared>) -> Self {
        Self { ticket, shared }
    }

    /// Where its ticket stands; `None` where it is no longer known.
    pub(super) fn position(&self) -> Option<Position> {
        positions(&[self]).pop().flatten()
    }
}

/// Where the tickets of several followers of one office stand, looked at under one lock.
pub(super) fn positions(followers: &[&Follower]) -> Vec<Option<Position>> {
    let Some(first) = followers.first() else {
        return Vec::new();
    };
    first.shared.with_queue(|queue| {
        let waits = Waits::of(queue);
        let of = |follower: &&Follower| Position::of(queue, &waits, follower.ticket);
        followers.iter().map(of).collect()
    })
}

/// The frame that says where a ticket stands, where `told` says otherwise; notes it there. `cursor`
/// is the last event that the screen has been told.
pub(super) fn news(
    position: Option<Position>,
    told: &mut Option<Position>,
    cursor: u64,
) -> Option<Bytes> {
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
