//! The number of visitors who are called before a ticket.

use std::iter;

use super::calling_rule::{CallingKey, Competition};
use crate::domain::queue::Queue;
use crate::domain::ticket::{ListPosition, Ticket, WaitingList};
use crate::domain::time::Timestamp;

/// The tickets before one ticket in its waiting list.
#[derive(Default)]
pub(in crate::domain) struct AheadCounts {
    /// Of the lowest weight, and of higher ones.
    pub(in crate::domain) low: usize,
    pub(in crate::domain) high: usize,
    /// All of the lowest weight.
    pub(in crate::domain) all_low: usize,
}

impl AheadCounts {
    /// Adds a priority list of `all` tickets, `before` of which are before it.
    pub(in crate::domain) fn add(&mut self, high: bool, before: usize, all: usize) {
        if high {
            self.high += before;
        } else {
            self.low += before;
            self.all_low += all;
        }
    }
}

impl Competition<'_> {
    /// Number of tickets of `list` that are called before one with `counts` ahead of it. `high`: its
    /// weight is higher than the lowest.
    pub(in crate::domain) fn before(
        &self,
        list: &WaitingList,
        counts: &AheadCounts,
        high: bool,
    ) -> usize {
        let AheadCounts {
            low,
            high: higher,
            all_low,
        } = *counts;
        let Some(most) = self.settings.most_priority_in_a_row else {
            return low + higher;
        };
        let most = most as usize;
        // The streak can be longer than the limit: nobody of the lowest weight waited, or a desk chose
        // tickets. The next ticket of the lowest weight ends it all the same.
        let run = most.min(self.streaks.in_a_row(iter::once(list)) as usize);
        if high {
            // After each `most` calls, one ticket of the lowest weight is called.
            let between = (higher + run).checked_div(most).unwrap_or(usize::MAX);
            higher + low.max(between.min(all_low))
        } else {
            low + higher.min(most - run + low * most)
        }
    }
}

impl Queue {
    /// The waiting tickets that have at most `most` visitors ahead, each with how many.
    pub fn approaching(&self, most: usize, now: Timestamp) -> Vec<(&Ticket, usize)> {
        let mut found = Vec::new();
        for positions in self.priority_lists.values() {
            // Along a priority list the number of visitors ahead rises.
            let tickets = positions
                .iter()
                .filter_map(|position| self.tickets.get(&position.arrival()));
            let with_ahead = tickets.filter_map(|ticket| Some((ticket, self.ahead(ticket, now)?)));
            found.extend(with_ahead.take_while(|(_, ahead)| *ahead <= most));
        }
        found
    }

    /// How many tickets of its waiting list are called before it, by the calling rule at that moment;
    /// `None` when it does not wait.
    pub fn ahead(&self, ticket: &Ticket, now: Timestamp) -> Option<usize> {
        let own = self.priority_lists.get(&ticket.priority_list())?;
        let before = own.binary_search(&ticket.position).ok()?;
        let key = |position: &ListPosition| {
            let other = self.arrived(position.arrival())?;
            Some(CallingKey::of(self, other, now))
        };
        // Only the first of each priority list is compared. Along a list the keys rise, so that a search by halves
        // finds how many are called before this ticket. After a change of the clock they may fall: then the largest
        // key up to a ticket counts.
        let mine = if self.are_times_mixed {
            own.iter().take(before + 1).filter_map(key).max()?
        } else {
            CallingKey::of(self, ticket, now)
        };
        let is_before = |position: &ListPosition| key(position).is_some_and(|other| other < mine);
        let mut counts = AheadCounts::default();
        for (priority_list, positions) in self.priority_lists_of(&ticket.list) {
            let weight = self.settings.weight(&priority_list.priority);
            let before = if priority_list.priority == ticket.priority {
                before
            } else if self.are_times_mixed {
                positions
                    .iter()
                    .take_while(|other| is_before(other))
                    .count()
            } else {
                positions.partition_point(is_before)
            };
            counts.add(
                weight > self.settings.lowest_weight(),
                before,
                positions.len(),
            );
        }
        let high = self.settings.weight(&ticket.priority) > self.settings.lowest_weight();
        Some(Competition::now(self).before(&ticket.list, &counts, high))
    }
}
