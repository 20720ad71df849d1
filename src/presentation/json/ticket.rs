//! How tickets are written.

use serde::Serialize;

use super::{Shown, Time};
use crate::calendar::now;
use crate::domain::{DeskName, Forecast, Queue, Ticket, TicketId, Timestamp};

/// A ticket as it stood at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketView {
    pub ticket: Ticket,
    /// How many people are before it; `None` unless it waits.
    pub ahead: Option<usize>,
    /// How long it will still wait; `None` unless it waits and enough is known.
    pub estimate_seconds: Option<u64>,
}

impl TicketView {
    /// Copies a ticket with its place in line.
    pub fn of(queue: &Queue, ticket: &Ticket) -> Self {
        Self::at(queue, ticket, now())
    }

    /// The same as it is at that moment.
    pub fn at(queue: &Queue, ticket: &Ticket, now: Timestamp) -> Self {
        Self {
            ticket: ticket.clone(),
            ahead: queue.ahead(ticket, now),
            estimate_seconds: queue.estimate_seconds(ticket, now),
        }
    }

    /// Copies several.
    pub fn all<'a>(queue: &Queue, tickets: impl Iterator<Item = &'a Ticket>) -> Vec<Self> {
        let now = now();
        let forecast = Forecast::of(queue, now);
        let views = tickets.map(|ticket| Self {
            ticket: ticket.clone(),
            ahead: queue.ahead(ticket, now),
            estimate_seconds: forecast.seconds(ticket, now),
        });
        views.collect()
    }

    /// For whoever made the ticket, and for staff.
    pub fn private(&self) -> TicketJson<'_> {
        TicketJson {
            id: Some(Shown(self.ticket.id)),
            note: Some(self.ticket.note.as_deref()),
            ..self.public()
        }
    }

    /// For everyone: neither id nor note.
    pub fn public(&self) -> TicketJson<'_> {
        let ticket = &self.ticket;
        TicketJson {
            id: None,
            number: ticket.number,
            code: ticket.code(),
            service: ticket.service.as_str(),
            priority: &ticket.priority,
            state: ticket.state.as_str(),
            done: ticket.state.is_final(),
            created_at: Time(ticket.created_at),
            handle_at_desk: ticket.desk.as_ref().map(DeskName::as_str),
            handle_at: ticket.called_at.map(Time),
            done_at: ticket.ended_at.map(Time),
            calls: ticket.calls,
            ahead: self.ahead,
            estimate_seconds: self.estimate_seconds,
            note: None,
        }
    }

    /// The course's list of the last tickets called.
    pub fn called(&self) -> CalledJson<'_> {
        CalledJson {
            number: self.ticket.number,
            code: self.ticket.code(),
            handle_at_desk: self.ticket.desk.as_ref().map(DeskName::as_str),
            handle_at: self.ticket.called_at.map(Time),
            done: self.ticket.state.is_final(),
        }
    }
}

/// A ticket in JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TicketJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Shown<TicketId>>,
    number: u32,
    code: String,
    service: &'a str,
    priority: &'a str,
    state: &'a str,
    done: bool,
    created_at: Time,
    handle_at_desk: Option<&'a str>,
    handle_at: Option<Time>,
    done_at: Option<Time>,
    calls: u32,
    ahead: Option<usize>,
    estimate_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Option<&'a str>>,
}

/// A called ticket as the course's pages read it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CalledJson<'a> {
    number: u32,
    code: String,
    handle_at_desk: Option<&'a str>,
    handle_at: Option<Time>,
    done: bool,
}
