//! What happened. Events are all that is stored and sent; the queue is what they add up to.

use std::sync::Arc;

use super::desk::{Desk, DeskName};
use super::queue::{CALLS_KEPT, Call, CallKind, ENDED_KEPT, LAST_CALLED_KEPT, Queue};
use super::service::Prefix;
use super::ticket::{Arrival, State, Ticket, TicketId, Timestamp};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    TicketCreated {
        ticket: TicketId,
        service: Prefix,
        number: u32,
        note: Option<Box<str>>,
    },
    TicketCalled {
        ticket: TicketId,
        desk: DeskName,
    },
    TicketRecalled {
        ticket: TicketId,
        desk: DeskName,
    },
    TicketFinished {
        ticket: TicketId,
        desk: DeskName,
    },
    TicketCancelled {
        ticket: TicketId,
    },
    /// A desk was made or set up; it says the whole of it.
    DeskChanged {
        desk: DeskName,
        open: bool,
        services: Arc<[Prefix]>,
    },
    DeskDeleted {
        desk: DeskName,
    },
}

/// An event with its number and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// Grows by one with every event, and is never given twice.
    pub seq: u64,
    pub at: Timestamp,
    pub event: Event,
}

/// Brings the queue up to date with the next event.
///
/// Every event here was decided against this very queue, so what it names exists; an event that
/// names something unknown (a damaged file) changes nothing but `seq`.
///
/// # Panics
/// When `stamped.seq` is not the one after the queue's: applying events out of order would be
/// silent damage.
pub fn apply(queue: &mut Queue, stamped: &Stamped) {
    assert_eq!(stamped.seq, queue.seq + 1, "events are applied in order");
    queue.seq = stamped.seq;
    let at = stamped.at;
    match &stamped.event {
        Event::TicketCreated {
            ticket,
            service,
            number,
            note,
        } => queue.add(Ticket {
            id: *ticket,
            arrival: Arrival::from_seq(stamped.seq),
            service: service.clone(),
            number: *number,
            note: note.clone(),
            state: State::Waiting,
            created_at: at,
            desk: None,
            called_at: None,
            ended_at: None,
            calls: 0,
        }),
        Event::TicketCalled { ticket, desk } => queue.call(*ticket, desk, at),
        Event::TicketRecalled { ticket, desk } => queue.recall(*ticket, desk, at),
        Event::TicketFinished { ticket, desk } => {
            queue.leave_desk(desk);
            queue.end(*ticket, State::Done, at);
        }
        Event::TicketCancelled { ticket } => {
            queue.leave_line(*ticket);
            queue.end(*ticket, State::Cancelled, at);
        }
        Event::DeskChanged {
            desk,
            open,
            services,
        } => {
            let attending = queue.desks.get(desk).and_then(|d| d.attending);
            queue.desks.insert(
                desk.clone(),
                Desk {
                    name: desk.clone(),
                    open: *open,
                    services: services.to_vec(),
                    attending,
                },
            );
        }
        Event::DeskDeleted { desk } => {
            queue.desks.remove(desk);
        }
    }
}

impl Queue {
    fn add(&mut self, ticket: Ticket) {
        if let Some(service) = self
            .services
            .iter_mut()
            .find(|s| s.prefix == ticket.service)
        {
            service.last_number = ticket.number;
        }
        // The newest arrival is the largest, so the line stays sorted.
        let line = self.lines.entry(ticket.service.clone()).or_default();
        line.push_back(ticket.arrival);
        self.by_id.insert(ticket.id, ticket.arrival);
        self.tickets.insert(ticket.arrival, ticket);
    }

    fn call(&mut self, id: TicketId, desk: &DeskName, at: Timestamp) {
        self.leave_line(id);
        let Some(ticket) = self.ticket_mut(id) else {
            return;
        };
        ticket.state = State::Serving;
        ticket.desk = Some(desk.clone());
        ticket.called_at = Some(at);
        ticket.calls += 1;
        let (arrival, code) = (ticket.arrival, ticket.code());
        if let Some(desk) = self.desks.get_mut(desk) {
            desk.attending = Some(arrival);
        }
        self.last_called.retain(|other| *other != arrival);
        self.last_called.push_front(arrival);
        self.last_called.truncate(LAST_CALLED_KEPT);
        self.remember_call(code, desk, CallKind::Call, at);
    }

    fn recall(&mut self, id: TicketId, desk: &DeskName, at: Timestamp) {
        let Some(ticket) = self.ticket_mut(id) else {
            return;
        };
        ticket.calls += 1;
        let code = ticket.code();
        self.remember_call(code, desk, CallKind::Recall, at);
    }

    fn remember_call(&mut self, code: String, desk: &DeskName, kind: CallKind, at: Timestamp) {
        self.calls.push_front(Call {
            seq: self.seq,
            code,
            desk: desk.clone(),
            kind,
            at,
        });
        self.calls.truncate(CALLS_KEPT);
    }

    fn leave_line(&mut self, id: TicketId) {
        let Some(ticket) = self.ticket(id) else {
            return;
        };
        let (service, arrival) = (ticket.service.clone(), ticket.arrival);
        let Some(line) = self.lines.get_mut(&service) else {
            return;
        };
        if let Ok(place) = line.binary_search(&arrival) {
            line.remove(place);
        }
    }

    fn leave_desk(&mut self, desk: &DeskName) {
        if let Some(desk) = self.desks.get_mut(desk) {
            desk.attending = None;
        }
    }

    fn end(&mut self, id: TicketId, state: State, at: Timestamp) {
        let Some(ticket) = self.ticket_mut(id) else {
            return;
        };
        ticket.state = state;
        ticket.ended_at = Some(at);
        let arrival = ticket.arrival;
        self.ended.push_back(arrival);
        if self.ended.len() > ENDED_KEPT
            && let Some(oldest) = self.ended.pop_front()
            && let Some(forgotten) = self.tickets.remove(&oldest)
        {
            self.by_id.remove(&forgotten.id);
        }
    }

    fn ticket_mut(&mut self, id: TicketId) -> Option<&mut Ticket> {
        let arrival = self.by_id.get(&id)?;
        self.tickets.get_mut(arrival)
    }
}
