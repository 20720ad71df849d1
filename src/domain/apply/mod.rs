//! Applies events to the queue. Nothing else changes a queue.

mod day;
mod undo;

use super::desk::{Desk, DeskName};
use super::event::{Event, Stamped};
use super::person::PersonId;
use super::priority_streaks::StreakCall;
use super::queue::{CALLS_STORED, Call, CallKind, ENDED_KEPT, LAST_CALLED_KEPT, Queue, QueueParts};
use super::service::{Prefix, Service, ServiceSetup};
use super::ticket::{ListPosition, State, Ticket, TicketId, WaitingList};
use super::time::{Arrival, Timestamp};
use super::time_spent::TimeSpent;

/// Brings the queue up to date with the next event.
///
/// Every event here was decided against this very queue, so what it names exists; an event that
/// names something unknown (a damaged file) changes nothing but `seq`.
///
/// # Panics
/// When `stamped.seq` is not the one after the queue's: applying events out of order would be
/// silent damage.
pub fn apply(queue: &mut Queue, stamped: &Stamped) {
    if let Event::OfficeImported { office } = &stamped.event {
        assert!(stamped.seq > queue.seq, "events are applied in order");
        *queue = Queue::from_parts(QueueParts {
            seq: stamped.seq,
            ..office.as_ref().clone()
        });
        return;
    }
    assert_eq!(stamped.seq, queue.seq + 1, "events are applied in order");
    let at = stamped.at;
    queue.seq = stamped.seq;
    queue.are_times_mixed |= at < queue.latest_at && !queue.priority_lists.is_empty();
    queue.latest_at = queue.latest_at.max(at);
    match &stamped.event {
        Event::TicketCreated {
            ticket,
            service,
            number,
            digits,
            priority,
            note,
            language,
        } => queue.add(Ticket {
            id: *ticket,
            arrival: Arrival::from_seq(stamped.seq),
            prefix: service.clone(),
            number: *number,
            digits: *digits,
            service: service.clone(),
            priority: priority.clone(),
            note: note.clone(),
            language: language.clone(),
            state: State::Waiting,
            list: WaitingList::Service(service.clone()),
            position: ListPosition::by_arrival(Arrival::from_seq(stamped.seq)),
            created_at: at,
            waiting_since: at,
            desk: None,
            person: None,
            called_at: None,
            ended_at: None,
            calls: 0,
            lengths_unknown: false,
            spent: TimeSpent::created(at),
        }),
        Event::TicketCalled {
            ticket,
            desk,
            after_finish,
            opened,
            person,
        } => {
            queue.remember_step(desk, *ticket, State::Serving, at, *after_finish);
            if let Some(step) = queue.steps.get_mut(desk) {
                step.opened = *opened;
            }
            queue.call(*ticket, desk, *person, at);
        }
        Event::TicketRecalled { ticket, desk } => queue.recall(*ticket, desk, at),
        Event::TicketFinished { ticket, desk } => {
            queue.remember_step(desk, *ticket, State::Done, at, false);
            queue.leave_desk(desk, at);
            queue.end(*ticket, State::Done, at);
        }
        Event::TicketCancelled { ticket, desk } => {
            if let Some(desk) = desk {
                queue.remember_step(desk, *ticket, State::Cancelled, at, false);
            }
            queue.leave_list(*ticket);
            queue.end(*ticket, State::Cancelled, at);
        }
        Event::TicketNoShow { ticket, desk } => {
            queue.remember_step(desk, *ticket, State::NoShow, at, false);
            queue.leave_desk(desk, at);
            queue.end(*ticket, State::NoShow, at);
        }
        Event::TicketHeld { ticket, desk } => {
            queue.remember_step(desk, *ticket, State::Held, at, false);
            queue.leave_desk(desk, at);
            if let Some(ticket) = queue.ticket_mut(*ticket) {
                ticket.change_state(State::Held, at);
            }
        }
        Event::TicketReturned { ticket, desk, rank } => {
            if let Some(desk) = desk {
                queue.remember_step(desk, *ticket, State::Waiting, at, false);
            }
            queue.come_back(*ticket, *rank, at);
        }
        Event::TicketTransferred {
            ticket,
            desk,
            service,
            list,
            rank,
        } => {
            queue.remember_step(desk, *ticket, State::Waiting, at, false);
            queue.leave_desk(desk, at);
            if let Some(ticket) = queue.ticket_mut(*ticket) {
                ticket.spent.transfers += 1;
                ticket.service = service.clone();
                ticket.list = list.clone();
                // At the back, the wait starts again. At the old position it goes on. Anywhere else
                // it counts from the ticket's creation.
                if u64::try_from(*rank) == Ok(stamped.seq) {
                    ticket.waiting_since = at;
                } else if ticket.position.rank() != *rank {
                    ticket.waiting_since = ticket.created_at;
                }
            }
            queue.come_back(*ticket, *rank, at);
        }
        Event::DeskChanged {
            desk,
            open,
            services,
        } => {
            let known = queue.desks.get(desk);
            let serving = known.and_then(|d| d.serving);
            let screen = known.and_then(|d| d.screen);
            queue.desks.insert(
                desk.clone(),
                Desk {
                    name: desk.clone(),
                    open: *open,
                    services: services.to_vec(),
                    serving,
                    screen,
                },
            );
        }
        Event::DeskClaimed { desk, screen } => {
            if let Some(desk) = queue.desks.get_mut(desk) {
                desk.screen = Some(*screen);
            }
        }
        Event::StepUndone { desk, .. } => queue.undo_step(desk),
        Event::DeskDeleted { desk } => queue.remove_desk(desk),
        Event::ServiceChanged { service, setup } => queue.set_up_service(service, setup),
        Event::ServiceDeleted { service } => {
            // If a service with this prefix is made again today, its numbers continue from here.
            let last_number = queue.service(service).and_then(|s| s.last_number);
            let reserved = last_number.map(|last| (service.clone(), last));
            queue.reserved_numbers.extend(reserved);
            queue.services.retain(|s| s.prefix != *service);
            queue.pace.transactions.remove(service);
            queue.streaks.forget(&WaitingList::Service(service.clone()));
        }
        Event::SettingsChanged { settings } => queue.settings = settings.clone(),
        Event::DayStarted => queue.start_day(at),
        Event::ClockStepped { by, since } => queue.shift_times(*by, *since, at),
        // Handled above.
        Event::OfficeImported { .. } => {}
    }
}

impl Queue {
    fn add(&mut self, ticket: Ticket) {
        if let Some(service) = self.services.iter_mut().find(|s| s.prefix == ticket.prefix) {
            service.last_number = Some(ticket.number);
        }
        self.enter_list(ticket.priority_list(), ticket.position);
        self.by_id.insert(ticket.id, ticket.arrival);
        self.tickets.insert(ticket.arrival, ticket);
    }

    fn call(&mut self, id: TicketId, desk: &DeskName, person: Option<PersonId>, at: Timestamp) {
        self.leave_list(id);
        if let Some(arrival) = self.by_id.get(&id)
            && let Some(ticket) = self.tickets.get(arrival)
        {
            self.pace.called(desk, ticket, self.seq, at);
        }
        let Some(ticket) = self.ticket_mut(id) else {
            return;
        };
        let was_done_or_missed = matches!(ticket.state, State::Done | State::NoShow);
        ticket.change_state(State::Serving, at);
        ticket.desk = Some(desk.clone());
        ticket.person = person;
        ticket.called_at = Some(at);
        ticket.ended_at = None;
        ticket.calls += 1;
        let (arrival, code, service) = (ticket.arrival, ticket.code(), ticket.service.clone());
        let (list, priority) = (ticket.list.clone(), ticket.priority.clone());
        if was_done_or_missed {
            self.ended.retain(|other| *other != arrival);
        }
        let called = StreakCall {
            seq: self.seq,
            higher: self.settings.weight(&priority) > self.settings.lowest_weight(),
        };
        self.streaks.add(&list, called);
        if let Some(desk) = self.desks.get_mut(desk) {
            desk.serving = Some(arrival);
        }
        self.last_called.retain(|other| *other != arrival);
        self.last_called.push_front(arrival);
        self.last_called.truncate(LAST_CALLED_KEPT);
        self.remember_call(code, service, desk, CallKind::Call, at);
    }

    fn recall(&mut self, id: TicketId, desk: &DeskName, at: Timestamp) {
        let Some(ticket) = self.ticket_mut(id) else {
            return;
        };
        ticket.calls += 1;
        let (code, service) = (ticket.code(), ticket.service.clone());
        self.remember_call(code, service, desk, CallKind::Recall, at);
    }

    fn remember_call(
        &mut self,
        code: String,
        service: Prefix,
        desk: &DeskName,
        kind: CallKind,
        at: Timestamp,
    ) {
        self.calls.push_front(Call {
            seq: self.seq,
            code,
            service: Some(service),
            desk: desk.clone(),
            kind,
            at,
        });
        self.calls.truncate(CALLS_STORED);
    }

    fn come_back(&mut self, id: TicketId, rank: i64, at: Timestamp) {
        let Some(ticket) = self.ticket_mut(id) else {
            return;
        };
        let position = ListPosition::ranked(rank, ticket.arrival);
        ticket.change_state(State::Waiting, at);
        ticket.position = position;
        let priority_list = ticket.priority_list();
        self.ended.retain(|other| *other != position.arrival());
        self.enter_list(priority_list, position);
    }

    fn leave_desk(&mut self, desk: &DeskName, at: Timestamp) {
        self.pace.freed(desk, at);
        if let Some(desk) = self.desks.get_mut(desk) {
            desk.serving = None;
        }
    }

    fn end(&mut self, id: TicketId, state: State, at: Timestamp) {
        let Some(ticket) = self.ticket_mut(id) else {
            return;
        };
        ticket.change_state(state, at);
        ticket.ended_at = state.is_final().then_some(at);
        let arrival = ticket.arrival;
        self.ended.push_back(arrival);
        if self.ended.len() > ENDED_KEPT
            && let Some(oldest) = self.ended.pop_front()
            && let Some(forgotten) = self.tickets.remove(&oldest)
        {
            self.by_id.remove(&forgotten.id);
        }
    }

    fn remove_desk(&mut self, name: &DeskName) {
        self.desks.remove(name);
        self.steps.remove(name);
        self.pace.desks.remove(name);
        // Nobody waits for it, but one that was put aside may come back, to its service's list.
        let own = WaitingList::Desk(name.clone());
        self.streaks.forget(&own);
        for ticket in self.tickets.values_mut().filter(|t| t.list == own) {
            ticket.list = WaitingList::Service(ticket.service.clone());
        }
    }

    fn set_up_service(&mut self, prefix: &Prefix, setup: &ServiceSetup) {
        match self.services.iter_mut().find(|s| s.prefix == *prefix) {
            Some(service) => service.setup = setup.clone(),
            None => {
                let mut service = Service::new(prefix.clone(), setup.clone());
                // A service that was deleted today may have given numbers that are still held.
                let given = self.tickets.values().filter(|t| t.prefix == *prefix);
                let given = given.map(|t| t.number);
                let reserved = self.reserved_numbers.iter().filter(|(p, _)| p == prefix);
                service.last_number = given.chain(reserved.map(|(_, number)| *number)).max();
                self.services.push(service);
            }
        }
    }

    fn ticket_mut(&mut self, id: TicketId) -> Option<&mut Ticket> {
        let arrival = self.by_id.get(&id)?;
        self.tickets.get_mut(arrival)
    }
}
