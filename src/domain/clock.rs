//! What the clock has said, as far as it bears on the numbers: where it was behind, or once ahead,
//! no number is given twice on a business day.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::service::{Prefix, Service};
use super::time::Timestamp;

/// Once it has caught up with what it said before, a clock that has stepped back may still be behind,
/// and its next day have begun: what it gave for so long before that, in milliseconds, is passed over.
/// It serves for 7 h behind, half of it; more would cost each next day the numbers of the one before.
const BEHIND_MS: i64 = 14 * 60 * 60 * 1_000;

/// A step back of less than this, in milliseconds, is one of a clock that is kept right.
const SMALL_STEP_MS: i64 = 60 * 1_000;

/// So many days after it has stepped back it is believed that the clock was ahead before, and is right
/// now.
pub(super) const DAYS_TO_BELIEVE: u8 = 3;

/// So many numberings are remembered.
const NUMBERINGS_KEPT: usize = 8;

/// The trail that the clock has left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Clock {
    /// The latest moment that it has said.
    pub latest: Timestamp,
    /// Numberings that are over, the oldest first.
    pub earlier: VecDeque<Numbering>,
    /// Numbers given while it was behind the latest moment.
    pub given_behind: BTreeSet<(Prefix, u32)>,
    /// For how long before a day begins its numbers may be of that day, in milliseconds, since it
    /// stepped back.
    pub behind: i64,
    /// How many numberings have begun since then.
    pub numberings: u8,
    /// How many days have begun since then, all before the latest that there was.
    pub days: u8,
}

/// A numbering that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Numbering {
    /// When the next one began.
    pub until: Timestamp,
    /// The last number of each service.
    pub last: BTreeMap<Prefix, u32>,
}

impl Clock {
    /// The last number of a service in numberings that are not over yet by what the clock says now.
    pub(super) fn last_number(&self, service: &Prefix, now: Timestamp) -> Option<u32> {
        let open = self
            .earlier
            .iter()
            .filter(|numbering| numbering.until > now);
        open.filter_map(|numbering| numbering.last.get(service).copied())
            .max()
    }

    /// It says that moment, and said `before` at the last event.
    pub(super) fn says(&mut self, at: Timestamp, before: Timestamp) {
        let step = before.as_millis() - at.as_millis();
        if step > 0 {
            // It was more than what is seen of it: time went by between the two.
            let behind = if step < SMALL_STEP_MS {
                2 * SMALL_STEP_MS
            } else {
                BEHIND_MS
            };
            self.behind = self.behind.max(behind);
            (self.numberings, self.days) = (0, 0);
        }
        self.latest = self.latest.max(at);
    }

    /// A number is given at that moment.
    pub(super) fn gives(&mut self, service: &Prefix, number: u32, at: Timestamp) {
        if at < self.latest {
            self.given_behind.insert((service.clone(), number));
        }
    }

    /// A day begins that is before the latest.
    pub(super) fn begins_behind(&mut self) {
        self.days = self.days.saturating_add(1);
    }

    /// Whether a number given at that moment may be of the day that begins at `now`.
    pub(super) fn may_be_later(&self, given: Timestamp, now: Timestamp) -> bool {
        given.as_millis() + self.behind > now.as_millis()
    }

    /// Another numbering begins: the numbers that may have been given on this very day all the same.
    /// `given` are those of the one before, also of services that are gone; `believed` is that the
    /// clock was ahead before.
    pub(super) fn begin<'a>(
        &mut self,
        services: &[Service],
        given: impl Iterator<Item = (&'a Prefix, u32)>,
        at: Timestamp,
        believed: bool,
    ) -> BTreeSet<(Prefix, u32)> {
        let last = services.iter();
        let last = last.filter_map(|s| Some((s.prefix.clone(), s.last_number?)));
        let mut last: BTreeMap<Prefix, u32> = last.collect();
        for (prefix, number) in given {
            let last = last.entry(prefix.clone()).or_insert(number);
            *last = (*last).max(number);
        }
        let over = Numbering { until: at, last };
        self.earlier.retain(|numbering| numbering.until <= at);
        self.earlier.push_back(over);
        if self.earlier.len() > NUMBERINGS_KEPT {
            self.earlier.pop_front();
        }
        self.days = 0;
        self.numberings = self.numberings.saturating_add(1);
        if self.numberings >= DAYS_TO_BELIEVE {
            self.behind = 0;
        }
        let behind = std::mem::take(&mut self.given_behind);
        if believed {
            self.latest = at;
            return BTreeSet::new();
        }
        behind
    }
}
