//! The time that a ticket has spent in queues and at desks.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// Bounds of a stored ticket: far beyond what happens, and far from where numbers overflow.
pub(super) const LONGEST_MS: i64 = 1_000_000_000_000_000;
const MOST_TRANSFERS: u32 = 1_000_000_000;

/// The time that a ticket has spent in queues and at desks. Calling order and estimates do not use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct TimeSpent {
    /// Start of its present state.
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
    /// Whether more can be added to its numbers. A clock that lies makes times of some thousand years.
    pub(super) fn is_possible(&self) -> bool {
        let millis = -LONGEST_MS..=LONGEST_MS;
        let times = [self.since, self.first_called_at];
        let times = times.into_iter().flatten().map(Timestamp::as_millis);
        let mut all = times.chain([self.waited_ms, self.served_ms]);
        all.all(|one| millis.contains(&one)) && self.transfers <= MOST_TRANSFERS
    }

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
