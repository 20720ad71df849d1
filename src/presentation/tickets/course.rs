//! `/api/ticket`: the course's REST, unchanged, so that programs written for its server work here.

use serde::Serialize;

use super::desk_name::desk_name;
use super::execute::run;
use super::ticket::{created_json, new_id};
use super::ticket_list;
use crate::domain::{Command, Refusal, TicketId};
use crate::presentation::http::answer::Answer;
use crate::presentation::json::{CalledJson, OutcomeView, OwnerTicket, TicketView};
use crate::presentation::route::{Context, Handled};
use crate::presentation::services::last_called;

#[derive(Serialize)]
struct Status<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<OwnerTicket<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

fn ok(ticket: Option<OwnerTicket<'_>>) -> Answer {
    let status = "ok";
    let message = None;
    Answer::json(
        200,
        &Status {
            status,
            ticket,
            message,
        },
    )
}

fn error(message: &str) -> Answer {
    let status = "error";
    let message = Some(message);
    Answer::json(
        200,
        &Status {
            status,
            ticket: None,
            message,
        },
    )
}

/// `GET /api/ticket`
pub fn list(context: &Context<'_>) -> Handled {
    ticket_list::answer(context.office, |queue| {
        let tickets = queue.tickets_after(None);
        Ok(tickets.map(|ticket| ticket.arrival).collect())
    })
}

/// `GET /api/ticket/pending`
pub fn pending(context: &Context<'_>) -> Handled {
    ticket_list::answer(context.office, |queue| {
        let tickets = queue.waiting_tickets().into_iter();
        Ok(tickets.map(|ticket| ticket.arrival).collect())
    })
}

/// `GET /api/ticket/last`
pub fn last(context: &Context<'_>) -> Handled {
    let last = context
        .office
        .tickets
        .read_queue(|queue| queue.last_number());
    Ok(Answer::json(200, &last))
}

/// `GET /api/ticket/working-on`
pub fn working_on(context: &Context<'_>) -> Handled {
    let called = context.office.tickets.read_queue(last_called);
    let called: Vec<CalledJson> = called.iter().map(TicketView::called).collect();
    Ok(Answer::json(200, &called))
}

/// `POST /api/ticket`
pub fn create(context: &Context<'_>) -> Handled {
    // The course's server takes no fields, and does not look at the body.
    let command = Command::Create {
        ticket: new_id()?,
        service: None,
        priority: None,
        note: None,
        language: None,
    };
    run(context, command, created_json)
}

/// `GET` or `POST /api/ticket/draw/DESK`
pub fn draw(context: &Context<'_>) -> Handled {
    let desk = match desk_name(&context.office.tickets, context.parameter()) {
        Ok(desk) => desk,
        Err(problem) => return Ok(error(&problem.detail)),
    };
    let command = Command::Next {
        desk,
        current: None,
    };
    run(context, command, drawn)
}

fn drawn(outcome: &OutcomeView) -> Answer {
    match outcome {
        OutcomeView::Ticket(ticket) => ok(Some(ticket.for_owner())),
        OutcomeView::Refused(Refusal::QueueEmpty) => error("No hay tickets pendientes"),
        OutcomeView::Refused(refusal) => error(&refusal.to_string()),
        _ => ok(None),
    }
}

/// `PUT /api/ticket/done/ID`
pub fn done(context: &Context<'_>) -> Handled {
    match TicketId::parse(context.parameter()) {
        Some(ticket) => run(context, Command::FinishTicket { ticket }, finished),
        None => Ok(error(NOT_FOUND)),
    }
}

const NOT_FOUND: &str = "Ticket no encontrado";

fn finished(outcome: &OutcomeView) -> Answer {
    match outcome {
        OutcomeView::Refused(_) => error(NOT_FOUND),
        _ => ok(None),
    }
}
