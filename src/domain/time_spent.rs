//! The time that a ticket has spent in queues and at desks.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// The time that a ticket has spent in queues and at desks. Calling order and estimates do not use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct TimeSpent {
    /// When its present state began.
    /// `None` in a ticket of a version that did not count this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_called_at: Option<Timestamp>,
    /// In queues, in milliseconds, until the calls.
    pub(super) waited_ms: i64,
    /// At desks, in milliseconds, without calls that nobody answered.
    pub(super) served_ms: i64,
    pub(super) transfers: u32,
}

impl TimeSpent {
    /// Of a ticket that enters its first queue.
    pub(super) fn created(at: Timestamp) -> Self {
        Self {
            since: Some(at),
            ..Self::default()
        }
    }

    /// Moves its times with `shift`.
    pub(super) fn shift_times(&mut self, shift: impl Fn(&mut Timestamp) -> bool) {
        self.since.as_mut().map(&shift);
        self.first_called_at.as_mut().map(&shift);
    }
}
