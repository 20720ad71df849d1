//! Export and import of a whole office: what moves to another computer, and the event that imports it.

use std::sync::Arc;

use super::event::Event;
use super::pace::Pace;
use super::queue::{LAST_CALLED_KEPT, Queue, QueueParts};
use super::service::Service;
use super::ticket::{State, Ticket};
use super::time::Arrival;

/// How far the numbers of events jump when an office arrives. The old machine may have gone on
/// after its office was written down: a screen that has seen an event from then must not take the
/// new machine's event of that number for the one that it knows.
const SEQ_JUMP: u64 = 1_000_000;

impl Queue {
    /// Whether there are tickets, or numbers were given on this business day.
    pub fn is_in_use(&self) -> bool {
        !self.tickets.is_empty() || has_given(self.services())
    }

    /// The exported parts: the set-up of the office, today's numbers, and every ticket that has not
    /// ended. Announced calls and ended tickets are left out.
    pub fn to_export(&self) -> QueueParts {
        let parts = self.parts();
        let is_over = |ticket: &Ticket| ticket.state.is_final();
        // The service that gave a ticket may be gone, and with it the number it had come to; made
        // anew on the other machine it must not give the same number again.
        let mut passed_over = self.reserved_numbers.clone();
        let gone = parts.tickets.iter().filter(|ticket| {
            let mut services = parts.services.iter();
            !services.any(|s| s.prefix == ticket.prefix)
        });
        passed_over.extend(gone.map(|ticket| (ticket.prefix.clone(), ticket.number)));
        let mut tickets = parts.tickets;
        tickets.retain(|ticket| !is_over(ticket));
        // People are not exported, and an id may be another person's elsewhere.
        for ticket in &mut tickets {
            ticket.person = None;
        }
        // The screens that claimed the desks stay where they are.
        let mut desks = parts.desks;
        for desk in &mut desks {
            desk.screen = None;
        }
        QueueParts {
            desks,
            reserved_numbers: passed_over.into_iter().collect(),
            tickets,
            previous_day: Vec::new(),
            calls: Vec::new(),
            ended: Vec::new(),
            last_called: Vec::new(),
            streaks: parts.streaks.relevant(),
            // Steps and desk speeds belong to people and desks that are not exported.
            steps: Vec::new(),
            pace: Pace::default(),
            ..parts
        }
        .with_derived()
    }
}

impl QueueParts {
    /// Fills in what follows from the tickets: who did not come, and who is at a desk.
    #[must_use]
    pub fn with_derived(mut self) -> Self {
        let absent = self.tickets.iter().filter(|t| t.state == State::NoShow);
        self.ended = absent.map(|ticket| ticket.arrival).collect();
        let mut served: Vec<&Ticket> = self
            .tickets
            .iter()
            .filter(|ticket| ticket.state == State::Serving)
            .collect();
        served.sort_by_key(|ticket| (ticket.called_at, ticket.arrival));
        let newest_first = served.iter().rev().take(LAST_CALLED_KEPT);
        self.last_called = newest_first.map(|ticket| ticket.arrival).collect();
        self
    }

    /// The same office with numbers that follow event `last`: the history has rows of tickets up to there,
    /// and must not take those of another office for them.
    #[must_use]
    pub fn after(mut self, last: u64) -> Self {
        let moved = |arrival: Arrival| Arrival::from_seq(arrival.as_seq() + last);
        self.seq += last;
        for ticket in &mut self.tickets {
            ticket.arrival = moved(ticket.arrival);
            ticket.position = ticket.position.after(last);
        }
        for desk in &mut self.desks {
            desk.serving = desk.serving.map(moved);
        }
        for arrival in self.ended.iter_mut().chain(&mut self.last_called) {
            *arrival = moved(*arrival);
        }
        self.streaks.move_after(last);
        self
    }

    /// The event by which this office takes the place of `queue`, and its number. Events of both
    /// offices have smaller ones.
    pub fn import_event(self, queue: &Queue) -> (u64, Event) {
        let office = Arc::new(self.after(queue.seq()));
        let event = Event::OfficeImported { office };
        (event.seq_after(queue.seq()), event)
    }

    /// Whether it has tickets, or has given numbers on its business day.
    pub fn is_in_use(&self) -> bool {
        !self.tickets.is_empty() || has_given(&self.services)
    }
}

/// Whether a service has given numbers on this business day.
fn has_given(services: &[Service]) -> bool {
    services.iter().any(|service| service.last_number.is_some())
}

impl Event {
    /// The number of this event if it follows event `last`.
    pub fn seq_after(&self, last: u64) -> u64 {
        match self {
            Self::OfficeImported { office } => office.seq.saturating_add(SEQ_JUMP).max(last + 1),
            _ => last + 1,
        }
    }
}
