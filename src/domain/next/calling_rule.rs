//! The calling rule: which of the tickets at the head of their priority lists is called first.

use std::borrow::Cow;
use std::cmp::Reverse;

use crate::domain::priority_streaks::{PriorityStreaks, StreakCall};
use crate::domain::queue::Queue;
use crate::domain::settings::{CallingRule, Settings};
use crate::domain::ticket::{ListPosition, Ticket, WaitingList};
use crate::domain::time::Timestamp;

/// The sort key of tickets at the head of their priority lists; the smallest is called first. Within a
/// priority list the positions decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::domain) struct CallingKey {
    /// `false` for those that were sent to the front: they are before all others.
    by_rule: bool,
    score: Reverse<i64>,
    position: ListPosition,
}

impl CallingKey {
    /// The key of a ticket at the time `now`.
    pub(in crate::domain) fn of(queue: &Queue, ticket: &Ticket, now: Timestamp) -> Self {
        let settings = queue.settings();
        let waited = now.as_millis() - ticket.waiting_since.as_millis();
        Self::new(
            settings,
            settings.weight(&ticket.priority),
            waited,
            ticket.position,
        )
    }

    /// The key of a ticket that has waited for `waited` milliseconds.
    pub(in crate::domain) fn new(
        settings: &Settings,
        weight: u32,
        waited: i64,
        position: ListPosition,
    ) -> Self {
        let score = match settings.rule {
            // After a clock was set back, a wait is not negative.
            CallingRule::Weighted => waited.max(0).saturating_mul(i64::from(weight)),
            CallingRule::Strict => i64::from(weight),
        };
        let by_rule = !position.is_in_front();
        Self {
            by_rule,
            score: Reverse(if by_rule { score } else { 0 }),
            position,
        }
    }
}

/// The calling rule of the office, with the recent calls that it depends on.
pub(in crate::domain) struct Competition<'a> {
    pub(in crate::domain) settings: &'a Settings,
    pub(in crate::domain) streaks: Cow<'a, PriorityStreaks>,
    pub(in crate::domain) seq: u64,
}

impl<'a> Competition<'a> {
    pub(in crate::domain) fn now(queue: &'a Queue) -> Self {
        Self {
            settings: queue.settings(),
            streaks: Cow::Borrowed(&queue.streaks),
            seq: queue.seq(),
        }
    }

    /// Whether the limit of consecutive high-priority calls from these lists is reached. If so, a ticket
    /// of the lowest weight is next, if one waits.
    pub(in crate::domain) fn is_limit_reached<'l>(
        &self,
        lists: impl Iterator<Item = &'l WaitingList> + Clone,
    ) -> bool {
        let most = self.settings.most_priority_in_a_row;
        most.is_some_and(|most| self.streaks.in_a_row(lists) >= most)
    }

    /// The key that tickets at the head of their lists are compared by; the smallest is next.
    pub(in crate::domain) fn key(
        &self,
        limit_reached: bool,
        weight: u32,
        key: CallingKey,
    ) -> (bool, CallingKey) {
        (limit_reached && weight > self.settings.lowest_weight(), key)
    }

    /// Records the call of a ticket of that weight from that list.
    pub(in crate::domain) fn record_call(&mut self, list: &WaitingList, weight: u32) {
        if self.settings.most_priority_in_a_row.is_none() {
            return;
        }
        self.seq += 1;
        let called = StreakCall {
            seq: self.seq,
            higher: weight > self.settings.lowest_weight(),
        };
        self.streaks.to_mut().add(list, called);
    }
}
