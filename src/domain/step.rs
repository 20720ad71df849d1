//! The last step of a desk, kept so that it can be undone.

use serde::{Deserialize, Serialize};

use super::desk::DeskName;
use super::pace::LastCall;
use super::ticket::{State, Ticket};
use super::time::{Arrival, Timestamp};

/// How long a step can be undone, in milliseconds: long enough to notice a slip, too short for
/// a visitor who was called to have walked to the desk and away again.
pub const UNDO_WITHIN_MS: i64 = 15_000;

/// The last step of a desk: next, call, finish, no-show, hold, transfer, cancel or return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UndoableStep {
    pub desk: DeskName,
    /// Its last event.
    pub seq: u64,
    pub at: Timestamp,
    /// The changed tickets; a called ticket comes last. Empty after another business day has begun.
    pub changes: Vec<TicketChange>,
    /// Whether it opened the desk.
    pub opened: bool,
    /// As it was before.
    pub last_called: Vec<Arrival>,
    /// The desk's call before it.
    pub last_call: Option<LastCall>,
}

/// The change of one ticket by a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TicketChange {
    pub before: Ticket,
    pub after: State,
}

impl UndoableStep {
    /// Whether it can still be undone at the moment `now`. A clock that is set back by a moment
    /// does not forbid it; one that is set back by an hour does not allow it for an hour.
    pub(super) fn is_recent(&self, now: Timestamp) -> bool {
        let elapsed = now.as_millis().abs_diff(self.at.as_millis());
        elapsed <= UNDO_WITHIN_MS.unsigned_abs()
    }

    /// The ticket that it called, as it was before.
    pub(super) fn called(&self) -> Option<&Ticket> {
        let last = self.changes.last()?;
        (last.after == State::Serving).then_some(&last.before)
    }

    /// Whether it cancelled or returned a ticket, and left the one that the desk serves as it was.
    pub(super) fn is_beside(&self) -> bool {
        self.called().is_none() && self.served_before().is_none()
    }

    /// The ticket that the desk served before.
    pub(super) fn served_before(&self) -> Option<Arrival> {
        let first = self.changes.first()?;
        (first.before.state == State::Serving).then_some(first.before.arrival)
    }
}
