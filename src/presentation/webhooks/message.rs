//! Messages to receivers: one for each wanted event, with the changed data and nothing secret.
//!
//! A message has the id of its ticket, so that a receiver that made the ticket knows it again: codes repeat each
//! day. It never has a note.

use serde::Serialize;

use crate::domain::{DeskName, Event, Queue, Stamped, Ticket, TicketId, Timestamp, WaitingList};
use crate::presentation::json::{Shown, Time};

/// The type of the message about a ticket that is soon to be called, which is no event.
pub const APPROACHING: &str = "ticket-approaching";

const TEST: &str = "webhook-test";

/// The types that a webhook can ask for.
pub const TYPES: &[&str] = &[
    "ticket-created",
    "ticket-called",
    "ticket-recalled",
    "ticket-finished",
    "ticket-no-show",
    "ticket-held",
    "ticket-returned",
    "ticket-transferred",
    "ticket-cancelled",
    APPROACHING,
    "step-undone",
    "desk-changed",
    "services-changed",
    "settings-changed",
    "day-started",
    "office-imported",
];

/// A message, as it is sent each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The same at every attempt, and no other message's.
    pub id: String,
    pub kind: &'static str,
    /// The event that it is about, if it is about one.
    pub seq: Option<u64>,
    pub at: Timestamp,
    pub body: String,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: Time,
    data: Data<'a>,
}

/// The data of a message, besides its type and time.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<TicketJson>,
    /// The tickets of an undone step.
    #[serde(skip_serializing_if = "Option::is_none")]
    tickets: Option<Vec<TicketJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desk: Option<&'a str>,
    /// The target of a transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_desk: Option<&'a str>,
    /// The prefix of the service that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<bool>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ahead: Option<usize>,
}

/// A ticket in messages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TicketJson {
    id: Shown<TicketId>,
    /// The rest is missing if the ticket is so old that the server has forgotten it.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Time>,
    /// The language of whoever took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

impl TicketJson {
    fn of(ticket: &Ticket) -> Self {
        Self {
            id: Shown(ticket.id),
            code: Some(ticket.code()),
            service: Some(ticket.service.as_str().to_owned()),
            priority: Some(ticket.priority.to_string()),
            created_at: Some(Time(ticket.created_at)),
            language: ticket.language.as_deref().map(str::to_owned),
        }
    }

    fn find(queue: &Queue, id: TicketId) -> Self {
        queue.ticket(id).map_or(
            Self {
                id: Shown(id),
                code: None,
                service: None,
                priority: None,
                created_at: None,
                language: None,
            },
            Self::of,
        )
    }
}

/// The type of the messages about an event; `None` for events that concern the server's own screens alone.
pub fn type_of(event: &Event) -> Option<&'static str> {
    Some(match event {
        Event::TicketCreated { .. } => "ticket-created",
        Event::TicketCalled { .. } => "ticket-called",
        Event::TicketRecalled { .. } => "ticket-recalled",
        Event::TicketFinished { .. } => "ticket-finished",
        Event::TicketNoShow { .. } => "ticket-no-show",
        Event::TicketHeld { .. } => "ticket-held",
        Event::TicketReturned { .. } => "ticket-returned",
        Event::TicketTransferred { .. } => "ticket-transferred",
        Event::TicketCancelled { .. } => "ticket-cancelled",
        Event::StepUndone { .. } => "step-undone",
        Event::DeskChanged { .. } | Event::DeskDeleted { .. } => "desk-changed",
        Event::ServiceChanged { .. } | Event::ServiceDeleted { .. } => "services-changed",
        Event::SettingsChanged { .. } => "settings-changed",
        Event::DayStarted => "day-started",
        Event::OfficeImported { .. } => "office-imported",
        Event::DeskClaimed { .. } | Event::ClockStepped { .. } => return None,
    })
}

/// The message of the type `kind` about an event. `queue` is the queue now, under its lock.
pub fn of_event(kind: &'static str, stamped: &Stamped, queue: &Queue) -> Message {
    let event = &stamped.event;
    let mut tickets = event
        .tickets()
        .iter()
        .map(|id| TicketJson::find(queue, *id));
    let mut data = Data {
        seq: Some(stamped.seq),
        ..Data::default()
    };
    match event {
        Event::StepUndone { .. } => data.tickets = Some(tickets.collect()),
        _ => data.ticket = tickets.next(),
    }
    match event {
        Event::TicketCalled { desk, .. }
        | Event::TicketRecalled { desk, .. }
        | Event::TicketFinished { desk, .. }
        | Event::TicketNoShow { desk, .. }
        | Event::TicketHeld { desk, .. }
        | Event::StepUndone { desk, .. } => data.desk = Some(desk.as_str()),
        Event::TicketReturned { desk, .. } | Event::TicketCancelled { desk, .. } => {
            data.desk = desk.as_ref().map(DeskName::as_str);
        }
        Event::TicketTransferred {
            desk,
            service,
            list,
            ..
        } => {
            data.desk = Some(desk.as_str());
            match list {
                WaitingList::Desk(desk) => data.to_desk = Some(desk.as_str()),
                WaitingList::Service(_) => data.to_service = Some(service.as_str()),
            }
        }
        Event::DeskChanged { desk, open, .. } => {
            data.desk = Some(desk.as_str());
            data.open = Some(*open);
        }
        Event::DeskDeleted { desk } => {
            data.desk = Some(desk.as_str());
            data.deleted = true;
        }
        Event::ServiceChanged { service, .. } => data.service = Some(service.as_str()),
        Event::ServiceDeleted { service } => {
            data.service = Some(service.as_str());
            data.deleted = true;
        }
        _ => {}
    }
    let id = format!("event_{}_{}", stamped.seq, stamped.at.as_millis());
    message(id, kind, stamped.at, data)
}

/// The message about a waiting ticket with few visitors ahead.
pub fn approaching(ticket: &Ticket, ahead: usize, at: Timestamp) -> Message {
    // Once for each time that it waits: a transferred or returned ticket has been called.
    let (arrival, created) = (ticket.arrival.as_seq(), ticket.created_at.as_millis());
    let id = format!("approaching_{arrival}_{created}_{}", ticket.calls);
    let data = Data {
        ticket: Some(TicketJson::of(ticket)),
        ahead: Some(ahead),
        ..Data::default()
    };
    message(id, APPROACHING, at, data)
}

/// A message that is about nothing.
pub fn test(at: Timestamp) -> Message {
    let id = format!("test_{}", at.as_millis());
    message(id, TEST, at, Data::default())
}

fn message(id: String, kind: &'static str, at: Timestamp, data: Data<'_>) -> Message {
    let seq = data.seq;
    let body = Body {
        kind,
        timestamp: Time(at),
        data,
    };
    Message {
        id,
        kind,
        seq,
        at,
        body: serde_json::to_string(&body).expect("our own structs are always JSON"),
    }
}
