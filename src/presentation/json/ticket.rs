//! Tickets in JSON: one view for everyone, one for the owner, one for staff.

use serde::Serialize;

use super::{Shown, Time};
use crate::calendar::now;
use crate::domain::{DeskName, Forecast, Queue, Ticket, TicketId, Timestamp};

/// A copy of a ticket at one moment, with its progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketView {
    pub ticket: Ticket,
    /// Number of visitors ahead; `None` if the ticket does not wait.
    pub ahead: Option<usize>,
    /// Estimated remaining wait in seconds; `None` if the ticket does not wait or no estimate is possible.
    pub estimate_seconds: Option<u64>,
}

impl TicketView {
    /// Copies a ticket with its progress now.
    pub fn of(queue: &Queue, ticket: &Ticket) -> Self {
        Self::at(queue, ticket, now())
    }

    /// Copies a ticket with its progress at `now`.
    pub fn at(queue: &Queue, ticket: &Ticket, now: Timestamp) -> Self {
        Self {
            ticket: ticket.clone(),
            ahead: queue.ahead(ticket, now),
            estimate_seconds: queue.estimate_seconds(ticket, now),
        }
    }

    /// Copies several tickets with one forecast for all.
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

    /// The view for everyone: public screens show it.
    pub fn for_public(&self) -> PublicTicket<'_> {
        let ticket = &self.ticket;
        PublicTicket {
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
        }
    }

    /// The view for the ticket's owner: a client that created it or knows its id.
    pub fn for_owner(&self) -> OwnerTicket<'_> {
        OwnerTicket {
            id: Shown(self.ticket.id),
            note: self.ticket.note.as_deref(),
            public: self.for_public(),
        }
    }

    /// The view for staff: desks and staff lists show it.
    pub fn for_staff(&self) -> StaffTicket<'_> {
        StaffTicket {
            owner: self.for_owner(),
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

/// A ticket in JSON for everyone. No field may identify a visitor.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PublicTicket<'a> {
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
}

/// A ticket in JSON for its owner: the id, which allows to follow and cancel it, and the note.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnerTicket<'a> {
    id: Shown<TicketId>,
    #[serde(flatten)]
    public: PublicTicket<'a>,
    note: Option<&'a str>,
}

/// A ticket in JSON for staff: the owner's fields, and those that only desks show.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StaffTicket<'a> {
    #[serde(flatten)]
    owner: OwnerTicket<'a>,
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
