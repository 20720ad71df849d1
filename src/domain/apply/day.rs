//! The beginning of a business day, and steps of the clock.

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
                // The way back is closed.
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

    /// Moves the times that waiting is counted from by so many milliseconds, so that a step of the
    /// clock makes nobody's waiting longer or shorter.
    pub(super) fn shift_waiting(&mut self, by: i64) {
        let tickets = self.tickets.values_mut();
        let may_wait = |ticket: &&mut Ticket| {
            matches!(ticket.state, State::Waiting | State::Held | State::NoShow)
        };
        for ticket in tickets.filter(may_wait) {
            ticket.waiting_since = ticket.waiting_since.plus(by);
        }
        self.pace.shift(by);
    }
}
