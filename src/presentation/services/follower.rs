//! Who follows one ticket: where that ticket stands, told whenever it has changed.
//!
//! A phone that follows is as cheap as a public screen: `publish` puts the position behind the
//! events, in the same write, and only where it is news. No thread is woken for it.

use std::sync::Arc;

use serde::Serialize;
use tungstenite::Bytes;

use super::ticket_service::Shared;
use super::update::text_frame;
use crate::domain::{Queue, TicketId};
use crate::presentation::json::Message;

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
    fn of(queue: &Queue, id: TicketId) -> Option<Self> {
        let ticket = queue.ticket(id)?;
        Some(Self {
            code: ticket.code(),
            state: ticket.state.as_str(),
            desk: ticket.desk.as_ref().map(ToString::to_string),
            ahead: queue.ahead(ticket),
            estimate_seconds: queue.estimate_seconds(ticket).map(whole_minutes),
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

    /// The frame that says where the ticket stands, where `told` says otherwise; notes it there.
    /// `cursor` is the last event that the screen has been told.
    pub(super) fn news(&self, told: &mut Option<Position>, cursor: u64) -> Option<Bytes> {
        let position = self
            .shared
            .with_queue(|queue| Position::of(queue, self.ticket))?;
        if told.as_ref() == Some(&position) {
            return None;
        }
        let message = Message {
            kind: "ticket-position",
            seq: Some(cursor),
            payload: &position,
        };
        let frame = text_frame(message.text());
        *told = Some(position);
        Some(frame)
    }
}
