//! Undo of a desk's last step, if nothing has happened to its tickets since.

use super::desk_step::check_current;
use super::setup::changed;
use crate::domain::command::{Decision, Expected, Subject};
use crate::domain::desk::{Desk, DeskName};
use crate::domain::event::Event;
use crate::domain::queue::Queue;
use crate::domain::refusal::Refusal;
use crate::domain::step::{TicketChange, UNDO_WITHIN_MS, UndoableStep};
use crate::domain::ticket::{State, Ticket, WaitingList};
use crate::domain::time::Timestamp;

/// Undoes the desk's last step.
pub(super) fn undo(
    queue: &Queue,
    name: &DeskName,
    current: Option<&Expected>,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    check_current(queue, name, current)?;
    let refused = |why: String| Refusal::NothingToUndo {
        desk: name.clone(),
        why,
    };
    let desk = queue.desk(name);
    let desk = desk.ok_or_else(|| refused("the desk no longer exists".to_owned()))?;
    let step = queue.steps.get(name).filter(|step| step.is_recent(now));
    let step = step.ok_or_else(|| {
        let seconds = UNDO_WITHIN_MS / 1_000;
        refused(format!(
            "no action in the last {seconds} seconds can be undone"
        ))
    })?;
    if step.changes.is_empty() {
        return Err(refused("another business day has begun since".to_owned()));
    }
    for change in &step.changes {
        let code = change.before.code();
        let ticket = queue.arrived(change.before.arrival);
        let ticket =
            ticket.ok_or_else(|| refused(format!("{code} is no longer in today's queue")))?;
        if !is_untouched(queue, step, change, ticket) {
            let state = ticket.state.as_str();
            return Err(refused(format!(
                "{code} has changed since and is now {state}"
            )));
        }
        check_still_exists(queue, &change.before).map_err(refused)?;
    }
    let tickets = step.changes.iter().map(|change| change.before.id);
    let mut events = vec![Event::StepUndone {
        desk: name.clone(),
        tickets: tickets.collect(),
    }];
    if step.opened && desk.open {
        events.push(changed(&Desk {
            open: false,
            ..desk.clone()
        }));
    }
    Ok(Decision {
        events,
        outcome: Ok(Subject::Desk {
            name: name.clone(),
            created: false,
        }),
    })
}

/// Whether a ticket is still as the step left it. Every later event
/// changes its state, or the desk and the time of its call.
fn is_untouched(
    queue: &Queue,
    step: &UndoableStep,
    change: &TicketChange,
    ticket: &Ticket,
) -> bool {
    let before = &change.before;
    let serving = queue.desk(&step.desk).and_then(|desk| desk.serving);
    let still_there = if step.is_beside() {
        // A call in between raised the number of calls.
        ticket.calls == before.calls
    } else if change.after == State::Serving {
        serving == Some(ticket.arrival) && ticket.called_at == Some(step.at)
    } else {
        let called = step.called().map(|ticket| ticket.arrival);
        serving == called && ticket.called_at == before.called_at && ticket.desk == before.desk
    };
    ticket.state == change.after && still_there
}

/// Refuses if the ticket's service, priority or list was deleted since.
fn check_still_exists(queue: &Queue, before: &Ticket) -> Result<(), String> {
    let gone = |what: String| {
        Err(format!(
            "{what} of {} has been deleted since",
            before.code()
        ))
    };
    if queue.service(&before.service).is_none() {
        return gone(format!("the service {}", before.service));
    }
    let priorities = &queue.settings().priorities;
    if !priorities.iter().any(|p| p.name == before.priority) {
        return gone(format!("the priority {}", before.priority));
    }
    match &before.list {
        WaitingList::Service(prefix) if queue.service(prefix).is_none() => {
            gone(format!("the service {prefix}"))
        }
        WaitingList::Desk(name) if queue.desk(name).is_none() => gone(format!("the desk {name}")),
        _ => Ok(()),
    }
}
