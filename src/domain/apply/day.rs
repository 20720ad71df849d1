//! Applies the beginning of a business day, and steps of the clock.

use crate::domain::queue::Queue;
use crate::domain::ticket::{State, Ticket};
use crate::domain::time::Timestamp;

impl Queue {
    /// Restarts the numbers. Ended tickets are history, no-shows among them; numbers of open tickets
    /// are not given again.
    pub(super) fn start_day(&mut self, at: Timestamp) {
        self.latest_at = at;
        self.forget_steps();
        for service in &mut self.services {
            service.last_number = None;
        }
        self.pace.transactions.clear();
        self.previous_day.clear();
        for ended in std::mem::take(&mut self.ended) {
            let Some(mut ticket) = self.tickets.remove(&ended) else {
                continue;
            };
            self.by_id.remove(&ticket.id);
            if ticket.state == State::NoShow {
                // It cannot be called again any more.
                ticket.state = State::Cancelled;
                ticket.ended_at = Some(at);
            }
            if ticket.state == State::Cancelled {
                self.previous_day.insert(ticket.id, ticket);
            }
        }
        let open = self.tickets.values();
        self.reserved_numbers = open.map(|t| (t.prefix.clone(), t.number)).collect();
        self.calls.clear();
        self.last_called
            .retain(|arrival| self.tickets.contains_key(arrival));
    }

    /// Moves all times of this run of the server by so many milliseconds, so that a step of the clock makes
    /// nothing longer or shorter. The run began at `since`, by the clock before the step, and the step is at
    /// `at`, by the clock after it.
    pub(super) fn shift_times(&mut self, by: i64, since: Timestamp, at: Timestamp) {
        self.are_times_mixed |= !self.priority_lists.is_empty();
        let run = since..=at.plus(by.saturating_neg());
        let shift = |time: &mut Timestamp| {
            let moves = run.contains(time);
            if moves {
                *time = time.plus(by);
            }
            moves
        };
        for ticket in self.tickets.values_mut() {
            ticket.shift_times(shift);
        }
        for call in &mut self.calls {
            shift(&mut call.at);
        }
        self.pace.shift_times(shift);
        // A step of the clock is longer than a desk's step can be undone.
        self.steps.clear();
    }
}

impl Ticket {
    /// Moves its times with `shift`, which says for each whether it moved. A wait or transaction with only one end
    /// moved spans a stop of the server: its length is unknown.
    fn shift_times(&mut self, shift: impl Fn(&mut Timestamp) -> bool) {
        shift(&mut self.created_at);
        self.spent.shift_times(&shift);
        let times = [
            Some(shift(&mut self.waiting_since)),
            self.called_at.as_mut().map(&shift),
            self.ended_at.as_mut().map(&shift),
            // Waits and transactions that still last end in this run.
            matches!(self.state, State::Waiting | State::Serving | State::Held).then_some(true),
        ];
        let is_one_moved = times.contains(&Some(true));
        self.lengths_unknown |= is_one_moved && times.contains(&Some(false));
    }
}
