//! How many people are called before a ticket.

use std::iter;

use super::competition::{Standing, Turns};
use crate::domain::queue::Queue;
use crate::domain::ticket::{Line, Ticket};
use crate::domain::time::Timestamp;

/// Who stands before a ticket in its line.
#[derive(Default)]
pub(in crate::domain) struct Counts {
    /// Of the lowest weight, and of higher ones.
    pub(in crate::domain) low: usize,
    pub(in crate::domain) high: usize,
    /// All of the lowest weight.
    pub(in crate::domain) all_low: usize,
}

impl Counts {
    /// Adds a lane in which so many are before it, of all that are there.
    pub(in crate::domain) fn add(&mut self, high: bool, before: usize, all: usize) {
        if high {
            self.high += before;
        } else {
            self.low += before;
            self.all_low += all;
        }
    }
}

impl Turns<'_> {
    /// How many of `line` go before one of a higher weight than the lowest, or of the lowest, where
    /// so many stand before it.
    pub(in crate::domain) fn before(&self, line: &Line, counts: &Counts, high: bool) -> usize {
        let Counts {
            low,
            high: higher,
            all_low,
        } = *counts;
        let Some(most) = self.settings.most_priority_in_a_row else {
            return low + higher;
        };
        let most = most as usize;
        // However long the row was, where nobody of the lowest waited or by chosen calls, one of the
        // lowest ends it.
        let run = most.min(self.runs.in_a_row(iter::once(line)) as usize);
        if high {
            // One of the lowest goes after each so many.
            let between = (higher + run).checked_div(most).unwrap_or(usize::MAX);
            higher + low.max(between.min(all_low))
        } else {
            low + higher.min(most - run + low * most)
        }
    }
}

impl Queue {
    /// How many people are before it in its line, as the rule of the office has it at that moment;
    /// `None` when it does not wait.
    pub fn ahead(&self, ticket: &Ticket, now: Timestamp) -> Option<usize> {
        let own = self.lanes.get(&ticket.lane())?;
        let before = own.binary_search(&ticket.place).ok()?;
        // A clock that was set back.
        let now = now.max(self.now);
        let mine = Standing::of(self, ticket, now);
        let mut counts = Counts::default();
        for (lane, places) in self.lanes_of(&ticket.line) {
            let weight = self.settings.weight(&lane.priority);
            let before = if lane.priority == ticket.priority {
                before
            } else {
                places.partition_point(|place| {
                    let other = self.tickets.get(&place.arrival());
                    other.is_some_and(|other| Standing::of(self, other, now) < mine)
                })
            };
            counts.add(weight > self.settings.lowest_weight(), before, places.len());
        }
        let high = self.settings.weight(&ticket.priority) > self.settings.lowest_weight();
        Some(Turns::now(self).before(&ticket.line, &counts, high))
    }
}
