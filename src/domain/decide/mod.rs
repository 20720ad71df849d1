//! Decides what comes of a command: the events that happen, or the refusal. It changes nothing.

mod claim;
mod day;
mod desk_step;
mod setup;
mod ticket;
mod undo;

use super::command::{Command, Decision};
use super::event::Event;
use super::queue::Queue;
use super::time::Timestamp;

/// Decides what comes of a command at the moment `now`, and changes nothing.
pub fn decide(queue: &Queue, command: &Command, now: Timestamp) -> Decision {
    let decided = match command {
        Command::Create {
            ticket,
            service,
            priority,
            note,
            language,
        } => ticket::create(
            queue,
            *ticket,
            service.as_ref(),
            priority.as_ref(),
            note.clone(),
            language.clone(),
        ),
        Command::Cancel { ticket, desk } => ticket::cancel(queue, ticket, desk.as_ref()),
        Command::Reprint { ticket } => ticket::reprint(queue, *ticket),
        Command::Next { desk, current } => desk_step::next(queue, desk, current.as_ref(), now),
        Command::Call {
            desk,
            ticket,
            current,
        } => desk_step::call(queue, desk, ticket, current.as_ref()),
        Command::Recall { desk, current } => {
            desk_step::step(queue, desk, current.as_ref(), |ticket, desk| {
                Event::TicketRecalled { ticket, desk }
            })
        }
        Command::Finish { desk, current } => {
            desk_step::step(queue, desk, current.as_ref(), |ticket, desk| {
                Event::TicketFinished { ticket, desk }
            })
        }
        Command::FinishTicket { ticket } => ticket::finish_ticket(queue, *ticket),
        Command::NoShow { desk, current } => {
            desk_step::step(queue, desk, current.as_ref(), |ticket, desk| {
                Event::TicketNoShow { ticket, desk }
            })
        }
        Command::Hold { desk, current } => {
            desk_step::step(queue, desk, current.as_ref(), |ticket, desk| {
                Event::TicketHeld { ticket, desk }
            })
        }
        Command::Transfer {
            desk,
            current,
            target,
            position,
        } => desk_step::transfer(queue, desk, current.as_ref(), target, *position),
        Command::Undo { desk, current } => undo::undo(queue, desk, current.as_ref(), now),
        Command::Return { ticket, desk, seen } => {
            ticket::return_ticket(queue, *ticket, desk.as_ref(), *seen)
        }
        Command::SetDesk {
            desk,
            open,
            services,
        } => setup::set_desk(queue, desk, *open, services.as_deref()),
        Command::Claim {
            desk,
            screen,
            gone,
            take_over,
        } => claim::claim(queue, desk, *screen, *gone, *take_over),
        Command::DeleteDesk { desk } => setup::delete_desk(queue, desk),
        Command::SetService { service, change } => setup::set_service(queue, service, change),
        Command::DeleteService { service } => setup::delete_service(queue, service),
        Command::SetSettings { change } => setup::set_settings(queue, change),
        Command::ImportOffice { office, .. } => setup::import_office(queue, office),
        Command::StartDay => Ok(day::start_day(queue)),
        Command::StepClock { by, since } => Ok(day::step_clock(queue, *by, *since)),
    };
    decided.unwrap_or_else(Decision::from)
}
