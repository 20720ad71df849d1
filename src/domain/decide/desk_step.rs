//! Steps of a desk: next, call, and what it does with its current ticket: recall, finish, no-show, hold, transfer.

use super::setup::{changed, new_desk};
use super::ticket::{about, expect_state, find, known_desk, require_priority};
use crate::domain::command::{Decision, Expected, Subject, Target, TicketRef, TransferPosition};
use crate::domain::desk::{Desk, DeskName};
use crate::domain::event::Event;
use crate::domain::next::calling_order::next_ticket;
use crate::domain::queue::{ENDED_KEPT, Queue};
use crate::domain::refusal::Refusal;
use crate::domain::ticket::{ListPosition, State, Ticket, TicketId, WaitingList};
use crate::domain::time::Timestamp;

/// Finishes the ticket that the desk serves, if any, and calls the next one.
pub(super) fn next(
    queue: &Queue,
    desk: &DeskName,
    current: Option<&Expected>,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let mut events = Vec::new();
    let desk = at_desk(queue, desk, current, &mut events)?;
    finish_current(queue, &desk, &mut events);
    let outcome = match next_ticket(queue, &desk, now) {
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
    finish_current(queue, &desk, &mut events);
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
    let ticket = current_ticket(queue, desk, current)?;
    Ok(about(ticket, vec![happens(ticket.id, desk.clone())]))
}

/// Transfers the ticket that the desk serves.
pub(super) fn transfer(
    queue: &Queue,
    desk: &DeskName,
    current: Option<&Expected>,
    target: &Target,
    position: TransferPosition,
) -> Result<Decision, Refusal> {
    let ticket = current_ticket(queue, desk, current)?;
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

fn finish_current(queue: &Queue, desk: &Desk, events: &mut Vec<Event>) {
    if let Some(ticket) = queue.current_ticket(desk) {
        events.push(Event::TicketFinished {
            ticket: ticket.id,
            desk: desk.name.clone(),
        });
    }
}

/// The ticket that a desk serves.
fn current_ticket<'a>(
    queue: &'a Queue,
    name: &DeskName,
    current: Option<&Expected>,
) -> Result<&'a Ticket, Refusal> {
    check_current(queue, name, current)?;
    let desk = queue.desk(name);
    desk.and_then(|desk| queue.current_ticket(desk))
        .ok_or_else(|| Refusal::NobodyServed { desk: name.clone() })
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
    let served = queue.desk(name).and_then(|desk| queue.current_ticket(desk));
    let as_expected = match (expected, served) {
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
        actual: served.map_or_else(|| NOBODY.to_owned(), Ticket::code),
    })
}
