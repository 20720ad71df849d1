//! Commands for one ticket, wherever it is: create, cancel, print again, finish, return; and how a ticket is looked up.

use std::sync::Arc;

use crate::domain::command::{Decision, Subject, TicketRef};
use crate::domain::desk::{Desk, DeskName};
use crate::domain::event::Event;
use crate::domain::name::is_same_name;
use crate::domain::queue::Queue;
use crate::domain::refusal::Refusal;
use crate::domain::service::{Prefix, Service};
use crate::domain::settings::Priority;
use crate::domain::ticket::{State, Ticket, TicketId, WaitingList};

/// A ticket is given.
pub(super) fn create(
    queue: &Queue,
    id: TicketId,
    service: Option<&Prefix>,
    priority: Option<&Arc<str>>,
    note: Option<Box<str>>,
    language: Option<Arc<str>>,
) -> Result<Decision, Refusal> {
    let service = match service {
        Some(prefix) => queue.require_service(prefix)?,
        None => queue
            .services()
            .first()
            .expect("an office has at least one service"),
    };
    let priority = match priority {
        None => queue
            .settings()
            .priorities
            .first()
            .expect("an office has at least one priority"),
        Some(asked) => require_priority(queue, asked)?,
    };
    if !service.setup.open {
        return Err(Refusal::ServiceClosed {
            name: service.setup.name.to_string(),
            message: service
                .setup
                .message
                .as_deref()
                .unwrap_or_default()
                .to_owned(),
        });
    }
    if let Some(most) = queue.settings().most_waiting
        && queue.waiting() >= usize::try_from(most).unwrap_or(usize::MAX)
    {
        return Err(Refusal::QueueFull { most });
    }
    Ok(Decision {
        events: vec![Event::TicketCreated {
            ticket: id,
            service: service.prefix.clone(),
            number: free_number(queue, service)?,
            digits: service.setup.digits,
            priority: priority.name.clone(),
            note,
            language,
        }],
        outcome: Ok(Subject::Ticket(id)),
    })
}

/// The priority of that name, or the refusal that says which there are.
pub(super) fn require_priority<'a>(queue: &'a Queue, asked: &str) -> Result<&'a Priority, Refusal> {
    let priorities = &queue.settings().priorities;
    let found = priorities.iter().find(|p| is_same_name(&p.name, asked));
    found.ok_or_else(|| {
        let known: Vec<&str> = priorities.iter().map(|p| &*p.name).collect();
        Refusal::UnknownPriority {
            asked: asked.to_owned(),
            known: known.join(", "),
        }
    })
}

/// The next number of a service. It passes over the numbers of tickets from the day before.
fn free_number(queue: &Queue, service: &Service) -> Result<u32, Refusal> {
    let is_free = |number: &u32| {
        let number = (service.prefix.clone(), *number);
        !queue.reserved_numbers.contains(&number)
    };
    let mut free = service.next_numbers().filter(is_free);
    free.next().ok_or_else(|| Refusal::NoNumberLeft {
        service: service.prefix.clone(),
    })
}

/// Cancels a ticket, for a desk or for its visitor.
pub(super) fn cancel(
    queue: &Queue,
    wanted: &TicketRef,
    desk: Option<&DeskName>,
) -> Result<Decision, Refusal> {
    if let Some(name) = desk {
        known_desk(queue, name)?;
    }
    let ticket = find(queue, wanted)?;
    expect_state(ticket, &[State::Waiting, State::Held], "cancelled")?;
    let event = Event::TicketCancelled {
        ticket: ticket.id,
        desk: desk.cloned(),
    };
    Ok(about(ticket, vec![event]))
}

/// A ticket is put on paper again.
pub(super) fn reprint(queue: &Queue, id: TicketId) -> Result<Decision, Refusal> {
    let ticket = find(queue, &TicketRef::Id(id))?;
    Ok(about(ticket, Vec::new()))
}

/// Finishes a ticket at whichever desk serves it.
pub(super) fn finish_ticket(queue: &Queue, id: TicketId) -> Result<Decision, Refusal> {
    let ticket = find(queue, &TicketRef::Id(id))?;
    if ticket.state == State::Done {
        return Ok(about(ticket, Vec::new()));
    }
    expect_state(ticket, &[State::Serving], "finished")?;
    let desk = ticket
        .desk
        .clone()
        .expect("a ticket that is served has a desk");
    let event = Event::TicketFinished { ticket: id, desk };
    Ok(about(ticket, vec![event]))
}

/// Returns a held or no-show ticket to where it waited. A ticket that a desk serves is transferred back
/// by that desk.
pub(super) fn return_ticket(
    queue: &Queue,
    id: TicketId,
    desk: Option<&DeskName>,
    seen: Option<State>,
) -> Result<Decision, Refusal> {
    if let Some(name) = desk {
        known_desk(queue, name)?;
    }
    let ticket = find(queue, &TicketRef::Id(id))?;
    let states = [State::Held, State::NoShow, State::Serving];
    let states = states
        .into_iter()
        .filter(|state| seen.is_none_or(|seen| seen == *state));
    expect_state(ticket, &states.collect::<Vec<State>>(), "returned")?;
    if let (State::Serving, Some(desk)) = (ticket.state, &ticket.desk) {
        // The desk in whose own list it waited may have been deleted.
        let list = match &ticket.list {
            WaitingList::Desk(name) if queue.desk(name).is_none() => {
                WaitingList::Service(ticket.service.clone())
            }
            list => list.clone(),
        };
        let event = Event::TicketTransferred {
            ticket: id,
            desk: desk.clone(),
            service: ticket.service.clone(),
            list,
            rank: ticket.position.rank(),
        };
        return Ok(about(ticket, vec![event]));
    }
    let event = Event::TicketReturned {
        ticket: id,
        desk: desk.cloned(),
        rank: ticket.position.rank(),
    };
    Ok(about(ticket, vec![event]))
}

pub(super) fn known_desk<'a>(queue: &'a Queue, name: &DeskName) -> Result<&'a Desk, Refusal> {
    queue
        .desk(name)
        .ok_or_else(|| Refusal::NoSuchDesk(name.clone()))
}

pub(super) fn find<'a>(queue: &'a Queue, wanted: &TicketRef) -> Result<&'a Ticket, Refusal> {
    let (found, asked) = match wanted {
        TicketRef::Id(id) => (queue.ticket(*id), id.to_string()),
        TicketRef::Code(code) => (queue.ticket_with_code(code), code.clone()),
    };
    found.ok_or(Refusal::NoSuchTicket(asked))
}

pub(super) fn expect_state(
    ticket: &Ticket,
    states: &[State],
    action: &'static str,
) -> Result<(), Refusal> {
    if states.contains(&ticket.state) {
        return Ok(());
    }
    Err(Refusal::WrongState {
        code: ticket.code(),
        state: ticket.state,
        action,
    })
}

pub(super) fn about(ticket: &Ticket, events: Vec<Event>) -> Decision {
    Decision {
        events,
        outcome: Ok(Subject::Ticket(ticket.id)),
    }
}
