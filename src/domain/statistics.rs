//! Statistics of a business day, from its tickets in memory.

use std::collections::BTreeMap;

use super::desk::DeskName;
use super::queue::Queue;
use super::service::Prefix;
use super::ticket::{State, Ticket};
use super::time::Arrival;

/// Tickets that one step of [`Statistics::add_step`] reads: less than a millisecond under the queue's
/// lock.
pub const STATISTICS_STEP: usize = 4_096;

/// The statistics of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    pub all: TicketStatistics,
    /// By the service that they wait for, or waited for last.
    pub services: BTreeMap<Prefix, TicketStatistics>,
    /// By the desk that called them last.
    pub desks: BTreeMap<DeskName, TicketStatistics>,
}

/// Counts and durations of a group of tickets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketStatistics {
    pub given: usize,
    pub waiting: usize,
    /// Tickets that are done.
    pub attended: usize,
    pub no_shows: usize,
    pub cancelled: usize,
    /// From when their waiting counts to the call, of those that were called once.
    pub waits: Durations,
    /// From the last call to the end, of those that are done.
    pub transactions: Durations,
}

/// Lengths of time, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    count: i64,
    sum: i64,
    longest: i64,
}

impl Durations {
    fn add(&mut self, millis: i64) {
        // From a clock that was set back while the server was stopped.
        if millis < 0 {
            return;
        }
        self.count += 1;
        self.sum += millis;
        self.longest = self.longest.max(millis);
    }

    /// Their mean, in whole seconds; `None` where there are none.
    pub fn mean_seconds(self) -> Option<u64> {
        let mean = self.sum.checked_div(self.count)?;
        u64::try_from(mean / 1_000).ok()
    }

    /// The longest, in whole seconds; `None` where there are none.
    pub fn longest_seconds(self) -> Option<u64> {
        let longest = (self.count > 0).then_some(self.longest)?;
        u64::try_from(longest / 1_000).ok()
    }
}

impl TicketStatistics {
    fn add(&mut self, ticket: &Ticket) {
        self.given += 1;
        match ticket.state {
            State::Waiting => self.waiting += 1,
            State::Done => self.attended += 1,
            State::NoShow => self.no_shows += 1,
            State::Cancelled => self.cancelled += 1,
            State::Serving | State::Held => {}
        }
        let is_known = !ticket.lengths_unknown && ticket.state != State::Waiting;
        let Some(called) = ticket.called_at.filter(|_| is_known) else {
            return;
        };
        // A held or transferred ticket has been at a desk in between.
        if ticket.calls == 1 {
            let waited = called.as_millis() - ticket.waiting_since.as_millis();
            self.waits.add(waited);
        }
        if let Some(ended) = ticket.ended_at.filter(|_| ticket.state == State::Done) {
            self.transactions
                .add(ended.as_millis() - called.as_millis());
        }
    }
}

impl Statistics {
    /// Adds the tickets in memory that arrived after `after`, oldest first, [`STATISTICS_STEP`] at most.
    /// Returns where the next step begins, or `None` after the last ticket.
    ///
    /// A caller releases the queue's lock between two steps.
    pub fn add_step(&mut self, queue: &Queue, after: Option<Arrival>) -> Option<Arrival> {
        let mut last = None;
        for (n, ticket) in (1..).zip(queue.tickets_after(after)) {
            self.add(ticket);
            if n == STATISTICS_STEP {
                last = Some(ticket.arrival);
                break;
            }
        }
        last
    }

    fn add(&mut self, ticket: &Ticket) {
        self.all.add(ticket);
        let service = self.services.entry(ticket.service.clone());
        service.or_default().add(ticket);
        if let Some(desk) = &ticket.desk {
            self.desks.entry(desk.clone()).or_default().add(ticket);
        }
    }
}
