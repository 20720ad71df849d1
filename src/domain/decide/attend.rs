//! Commands for tickets: create, call, recall, finish, no-show, hold, transfer, return, cancel.

use std::sync::Arc;

use super::setup::{changed, new_desk};
use crate::domain::command::{Decision, Expected, Subject, Target, TicketRef, TransferPosition};
use crate::domain::desk::{Desk, DeskName};
use crate::domain::event::Event;
use crate::domain::next::calling_order::whose_turn;
use crate::domain::queue::{ENDED_KEPT, Queue};
use crate::domain::refusal::Refusal;
use crate::domain::service::{Prefix, Service};
use crate::domain::settings::Priority;
use crate::domain::ticket::{ListPosition, State, Ticket, TicketId, WaitingList};
use crate::domain::time::Timestamp;

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
fn require_priority<'a>(queue: &'a Queue, asked: &str) -> Result<&'a Priority, Refusal> {
    let priorities = &queue.settings().priorities;
    let found = priorities.iter().find(|p| &*p.name == asked);
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

/// Transfers the ticket that the desk serves.
pub(super) fn transfer(
    queue: &Queue,
    desk: &DeskName,
    current: Option<&Expected>,
    target: &Target,
    position: TransferPosition,
) -> Result<Decision, Refusal> {
    let ticket = attended(queue, desk, current)?;
    let (service, list) = match target {
        Target::Back => {
            let service = ticket.service.clone();
            (service.clone(), WaitingList::Service(service))
        }
        Target::Service(prefix) => {
            let service = queue.require_service(prefix)?.prefix.clone();
            (service.clone(), WaitingList::Service(service))
        }
        Target::Desk(name) => {
            if !known_desk(queue, name)?.open {
                return Err(Refusal::DeskClosed { desk: name.clone() });
            }
            (ticket.service.clone(), WaitingList::Desk(name.clone()))
        }
    };
    let arrived = ListPosition::by_arrival(ticket.arrival).rank();
    let rank = match position {
        TransferPosition::Arrival => arrived,
        // Below zero, and below every ticket sent to the front before.
        TransferPosition::Front => {
            let heads = queue
                .priority_lists_of(&list)
                .filter_map(|(_, positions)| positions.front());
            heads.map(|position| position.rank()).fold(0, i64::min) - 1
        }
        // Later arrivals will have larger ranks than this event's number.
        TransferPosition::Back => i64::try_from(queue.seq() + 1).unwrap_or(i64::MAX),
    };
    let event = Event::TicketTransferred {
        ticket: ticket.id,
        desk: desk.clone(),
        service,
        list,
        rank,
    };
    Ok(about(ticket, vec![event]))
}

/// Finishes the ticket that the desk serves, if any, and calls the next one.
pub(super) fn next(
    queue: &Queue,
    desk: &DeskName,
    current: Option<&Expected>,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let mut events = Vec::new();
    let desk = at_desk(queue, desk, current, &mut events)?;
    finish_attended(queue, &desk, &mut events);
    let outcome = match whose_turn(queue, &desk, now) {
        Some(ticket) => Ok(called(queue, ticket, &desk, &mut events)),
        None => Err(Refusal::QueueEmpty),
    };
    Ok(Decision { events, outcome })
}

/// The same with a chosen ticket: one that waits or is on hold, or one of this day that was finished or
/// did not come.
pub(super) fn call(
    queue: &Queue,
    desk: &DeskName,
    ticket: &TicketRef,
    current: Option<&Expected>,
) -> Result<Decision, Refusal> {
    let mut events = Vec::new();
    let desk = at_desk(queue, desk, current, &mut events)?;
    let ticket = find(queue, ticket)?;
    let states = [State::Waiting, State::Held, State::NoShow, State::Done];
    expect_state(ticket, &states, "called")?;
    if ticket.state == State::Done {
        can_be_called_again(queue, ticket)?;
    }
    finish_attended(queue, &desk, &mut events);
    let subject = called(queue, ticket, &desk, &mut events);
    Ok(Decision {
        events,
        outcome: Ok(subject),
    })
}

/// Whether all that a finished ticket needs is still there: its service or its priority may have gone
/// since, and the oldest leaves memory as the desk finishes the ticket that it serves.
fn can_be_called_again(queue: &Queue, ticket: &Ticket) -> Result<(), Refusal> {
    queue.require_service(&ticket.service)?;
    require_priority(queue, &ticket.priority)?;
    if queue.ended.len() >= ENDED_KEPT && queue.ended.front() == Some(&ticket.arrival) {
        return Err(Refusal::NoSuchTicket(ticket.code()));
    }
    Ok(())
}

/// One event for the ticket that the desk serves.
pub(super) fn step(
    queue: &Queue,
    desk: &DeskName,
    current: Option<&Expected>,
    happens: fn(TicketId, DeskName) -> Event,
) -> Result<Decision, Refusal> {
    let ticket = attended(queue, desk, current)?;
    Ok(about(ticket, vec![happens(ticket.id, desk.clone())]))
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

/// The desk that wants to call someone: made at its first use, opened where it was closed.
fn at_desk(
    queue: &Queue,
    name: &DeskName,
    current: Option<&Expected>,
    events: &mut Vec<Event>,
) -> Result<Desk, Refusal> {
    check_current(queue, name, current)?;
    match queue.desk(name) {
        Some(desk) if desk.open => Ok(desk.clone()),
        Some(desk) => {
            let desk = Desk {
                open: true,
                ..desk.clone()
            };
            events.push(changed(&desk));
            Ok(desk)
        }
        None => {
            let desk = new_desk(queue, name)?;
            events.push(changed(&desk));
            Ok(desk)
        }
    }
}

fn called(queue: &Queue, ticket: &Ticket, desk: &Desk, events: &mut Vec<Event>) -> Subject {
    let opened = queue.desk(&desk.name).is_some_and(|before| !before.open);
    let after_finish = matches!(events.last(), Some(Event::TicketFinished { .. }));
    events.push(Event::TicketCalled {
        ticket: ticket.id,
        desk: desk.name.clone(),
        after_finish,
        opened,
        person: None,
    });
    Subject::Ticket(ticket.id)
}

fn finish_attended(queue: &Queue, desk: &Desk, events: &mut Vec<Event>) {
    if let Some(ticket) = queue.attended_at(desk) {
        events.push(Event::TicketFinished {
            ticket: ticket.id,
            desk: desk.name.clone(),
        });
    }
}

/// The ticket that a desk serves.
fn attended<'a>(
    queue: &'a Queue,
    name: &DeskName,
    current: Option<&Expected>,
) -> Result<&'a Ticket, Refusal> {
    check_current(queue, name, current)?;
    let desk = queue.desk(name);
    desk.and_then(|desk| queue.attended_at(desk))
        .ok_or_else(|| Refusal::NobodyAttended { desk: name.clone() })
}

/// Refuses a command that expects another ticket at the desk.
pub(super) fn check_current(
    queue: &Queue,
    name: &DeskName,
    current: Option<&Expected>,
) -> Result<(), Refusal> {
    const NOBODY: &str = "nobody";
    let Some(expected) = current else {
        return Ok(());
    };
    let attended = queue.desk(name).and_then(|desk| queue.attended_at(desk));
    let as_expected = match (expected, attended) {
        (Expected::Nobody, None) => true,
        (Expected::Code(code), Some(ticket)) => ticket.has_code(code),
        _ => false,
    };
    if as_expected {
        return Ok(());
    }
    Err(Refusal::DeskMovedOn {
        desk: name.clone(),
        expected: match expected {
            Expected::Nobody => NOBODY.to_owned(),
            Expected::Code(code) => code.clone(),
        },
        actual: attended.map_or_else(|| NOBODY.to_owned(), Ticket::code),
    })
}

fn known_desk<'a>(queue: &'a Queue, name: &DeskName) -> Result<&'a Desk, Refusal> {
    queue
        .desk(name)
        .ok_or_else(|| Refusal::NoSuchDesk(name.clone()))
}

fn find<'a>(queue: &'a Queue, wanted: &TicketRef) -> Result<&'a Ticket, Refusal> {
    let (found, asked) = match wanted {
        TicketRef::Id(id) => (queue.ticket(*id), id.to_string()),
        TicketRef::Code(code) => (queue.ticket_with_code(code), code.clone()),
    };
    found.ok_or(Refusal::NoSuchTicket(asked))
}

fn expect_state(ticket: &Ticket, states: &[State], action: &'static str) -> Result<(), Refusal> {
    if states.contains(&ticket.state) {
        return Ok(());
    }
    Err(Refusal::WrongState {
        code: ticket.code(),
        state: ticket.state,
        action,
    })
}

fn about(ticket: &Ticket, events: Vec<Event>) -> Decision {
    Decision {
        events,
        outcome: Ok(Subject::Ticket(ticket.id)),
    }
}
