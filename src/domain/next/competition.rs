//! Which of the tickets at the head of their lanes is called first.

use std::borrow::Cow;
use std::cmp::Reverse;

use crate::domain::priority_streaks::{Called, Runs};
use crate::domain::queue::Queue;
use crate::domain::settings::{Rule, Settings};
use crate::domain::ticket::{Line, Place, Ticket};
use crate::domain::time::Timestamp;

/// How tickets compare that are each at the head of their lane; the smallest goes first. Within a
/// lane it follows the places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::domain) struct Standing {
    /// `false` for those that were sent to the front: they are before all others.
    by_rule: bool,
    score: Reverse<i64>,
    place: Place,
}

impl Standing {
    /// Where a ticket stands at the moment `now`.
    pub(in crate::domain) fn of(queue: &Queue, ticket: &Ticket, now: Timestamp) -> Self {
        let settings = queue.settings();
        let waited = now.as_millis() - ticket.waiting_since.as_millis();
        Self::new(
            settings,
            settings.weight(&ticket.priority),
            waited,
            ticket.place,
        )
    }

    /// Where one stands that has waited for so many milliseconds.
    pub(in crate::domain) fn new(
        settings: &Settings,
        weight: u32,
        waited: i64,
        place: Place,
    ) -> Self {
        let score = match settings.rule {
            // A clock that was set back makes nobody wait for less than no time.
            Rule::Weighted => waited.max(0).saturating_mul(i64::from(weight)),
            Rule::Strict => i64::from(weight),
        };
        let by_rule = !place.is_in_front();
        Self {
            by_rule,
            score: Reverse(if by_rule { score } else { 0 }),
            place,
        }
    }
}

/// The rule of the office, after what was called of late.
pub(in crate::domain) struct Turns<'a> {
    pub(in crate::domain) settings: &'a Settings,
    pub(in crate::domain) runs: Cow<'a, Runs>,
    pub(in crate::domain) seq: u64,
}

impl<'a> Turns<'a> {
    pub(in crate::domain) fn now(queue: &'a Queue) -> Self {
        Self {
            settings: queue.settings(),
            runs: Cow::Borrowed(&queue.runs),
            seq: queue.seq(),
        }
    }

    /// Whether enough of a higher weight in a row were called from these lines, so that one of the
    /// lowest goes, where one waits.
    pub(in crate::domain) fn enough<'l>(
        &self,
        lines: impl Iterator<Item = &'l Line> + Clone,
    ) -> bool {
        let most = self.settings.most_priority_in_a_row;
        most.is_some_and(|most| self.runs.in_a_row(lines) >= most)
    }

    /// What of those at the head of their lanes is compared; the smallest is next.
    pub(in crate::domain) fn of(
        &self,
        enough: bool,
        weight: u32,
        standing: Standing,
    ) -> (bool, Standing) {
        (enough && weight > self.settings.lowest_weight(), standing)
    }

    /// One of that weight was called from that line.
    pub(in crate::domain) fn called(&mut self, line: &Line, weight: u32) {
        if self.settings.most_priority_in_a_row.is_none() {
            return;
        }
        self.seq += 1;
        let called = Called {
            seq: self.seq,
            higher: weight > self.settings.lowest_weight(),
        };
        self.runs.to_mut().add(line, called);
    }
}
