//! Erases the notes of tickets that are over, and who served them, in stored events and queues.

use crate::domain::{Event, QueueParts, Ticket, TicketId, Timestamp};

/// The texts before a note and before the id of a person in JSON.
pub(super) const PERSONAL: [&str; 2] = ["\"note\":", "\"person\":"];

/// Which notes must go.
pub(super) struct Expired<'a> {
    /// Those of tickets from before this time, in milliseconds since the Unix epoch,
    pub(super) before: i64,
    /// unless the queue still has the ticket.
    pub(super) in_queue: &'a dyn Fn(TicketId) -> bool,
}

impl Expired<'_> {
    /// Erases what an event from before that time has of them. Returns whether it did.
    pub(super) fn erase_in_event(&self, event: &mut Event) -> bool {
        match event {
            Event::TicketCreated { ticket, note, .. } => {
                let is_over = !(self.in_queue)(*ticket);
                note.take_if(|_| is_over).is_some()
            }
            Event::TicketCalled { ticket, person, .. } => {
                let is_over = !(self.in_queue)(*ticket);
                person.take_if(|_| is_over).is_some()
            }
            Event::OfficeImported { office } => self.erase_all(std::sync::Arc::make_mut(office)),
            _ => false,
        }
    }

    /// The same for all tickets of a stored queue.
    pub(super) fn erase_all(&self, parts: &mut QueueParts) -> bool {
        let steps = parts.steps.iter_mut().flat_map(|step| &mut step.changes);
        let tickets = parts.tickets.iter_mut().chain(&mut parts.previous_day);
        let tickets = tickets.chain(steps.map(|change| &mut change.before));
        // Each of them, whatever came of the others.
        tickets.fold(false, |erased, ticket| self.erase(ticket) | erased)
    }

    /// Erases the note of a ticket, and who served it, if they must go. Returns whether it did.
    fn erase(&self, ticket: &mut Ticket) -> bool {
        if (self.in_queue)(ticket.id) {
            return false;
        }
        // By the times of the events that say so, so that a snapshot stays what the events give.
        let before = Timestamp::from_millis(self.before);
        let is_called_before = ticket.called_at.is_some_and(|at| at < before);
        let note = ticket.note.take_if(|_| ticket.created_at < before);
        let person = ticket.person.take_if(|_| is_called_before);
        note.is_some() || person.is_some()
    }
}
