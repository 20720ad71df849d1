//! Moments, business days, and the order of arrival.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A moment: whole milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// The moment that many milliseconds later; earlier if it is negative.
    #[must_use]
    pub fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

/// A ticket's place in the order of arrival: the `seq` of the event that made it, so it is unique
/// and grows with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Arrival(u64);

impl Arrival {
    /// The arrival of the ticket that event `seq` made.
    pub fn from_seq(seq: u64) -> Self {
        Self(seq)
    }

    /// The `seq` of the event that made the ticket.
    pub fn as_seq(self) -> u64 {
        self.0
    }
}

/// A business day: whole days since 1970-01-01, in the office's time zone, counted from the hour at
/// which its day begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i32);

impl Day {
    /// From days since 1970-01-01.
    pub const fn from_epoch_days(days: i32) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
    pub fn as_epoch_days(self) -> i32 {
        self.0
    }
}

/// The rule that says when a business day begins, and so which one it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayRule {
    /// The office's time zone, a name of the IANA database; `None` is the machine's.
    pub time_zone: Option<Arc<str>>,
    /// The hour at which a day begins there.
    pub begins_hour: u8,
}
