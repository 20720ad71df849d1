//! The public JSON forms of tickets, desks, services and the office's state.
//!
//! A `…View` is a copy taken under the queue's lock; a `…Json` borrows from it and is serialized
//! after the lock is released.

mod office;
mod outcome;
mod ticket;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

pub use office::{OfficeJson, PriorityJson, SettingsJson};
pub use outcome::OutcomeView;
pub use ticket::{CalledJson, OwnerTicket, PublicTicket, StaffTicket, TicketView};

use super::http::answer::tag;
use crate::domain::{
    Call, Desk, DeskName, Prefix, Queue, ScreenId, Service, ServiceSetup, Settings, Timestamp,
    WaitingList,
};

/// A copy of a desk at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskView {
    pub name: DeskName,
    pub open: bool,
    pub services: Vec<Prefix>,
    pub ticket: Option<TicketView>,
    /// Number of visitors who wait for this desk alone.
    pub waiting: usize,
    /// Fingerprint of the screen that claimed the desk last.
    screen: Option<u32>,
}

impl DeskView {
    /// Copies a desk with the ticket it serves.
    pub fn of(queue: &Queue, desk: &Desk) -> Self {
        let ticket = queue.current_ticket(desk);
        Self {
            name: desk.name.clone(),
            open: desk.open,
            services: desk.services.clone(),
            ticket: ticket.map(|ticket| TicketView::of(queue, ticket)),
            waiting: queue.waiting_in(&WaitingList::Desk(desk.name.clone())),
            screen: desk.screen.map(fingerprint),
        }
    }

    /// A deleted desk.
    pub fn gone(name: &DeskName) -> Self {
        Self {
            name: name.clone(),
            open: false,
            services: Vec::new(),
            ticket: None,
            waiting: 0,
            screen: None,
        }
    }

    /// The view for staff.
    pub fn for_staff(&self) -> DeskJson<'_, StaffTicket<'_>> {
        self.json(TicketView::for_staff)
    }

    /// The view for everyone.
    pub fn for_public(&self) -> DeskJson<'_, PublicTicket<'_>> {
        self.json(TicketView::for_public)
    }

    fn json<'a, T>(&'a self, ticket: fn(&'a TicketView) -> T) -> DeskJson<'a, T> {
        DeskJson {
            name: self.name.as_str(),
            open: self.open,
            services: self.services.iter().map(Prefix::as_str).collect(),
            ticket: self.ticket.as_ref().map(ticket),
            waiting: self.waiting,
            screen: self.screen.map(|print| format!("{print:08x}")),
        }
    }
}

/// A desk in JSON.
#[derive(Debug, Serialize)]
pub struct DeskJson<'a, T> {
    name: &'a str,
    open: bool,
    services: Vec<&'a str>,
    ticket: Option<T>,
    /// Number of visitors who wait for this desk alone; omitted if 0.
    #[serde(skip_serializing_if = "is_zero")]
    waiting: usize,
    /// Fingerprint of the screen that claimed the desk last; omitted if no screen ever did.
    #[serde(skip_serializing_if = "Option::is_none")]
    screen: Option<String>,
}

/// A copy of a service at one moment, with the number of visitors who wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceView {
    pub prefix: Prefix,
    pub setup: ServiceSetup,
    pub waiting: usize,
    /// Whether the numbers have passed the end of their range.
    pub past_range: bool,
}

impl ServiceView {
    /// Copies all services of the office.
    pub fn all(queue: &Queue) -> Vec<Self> {
        let services = queue.services().iter();
        services.map(|service| Self::of(queue, service)).collect()
    }

    /// Copies one service.
    pub fn of(queue: &Queue, service: &Service) -> Self {
        Self {
            prefix: service.prefix.clone(),
            setup: service.setup.clone(),
            waiting: queue.waiting_in(&WaitingList::Service(service.prefix.clone())),
            past_range: service.is_past_range(),
        }
    }

    /// The view for everyone.
    pub fn for_public(&self) -> ServiceJson<'_> {
        ServiceJson {
            prefix: self.prefix.as_str(),
            name: &self.setup.name,
            waiting: self.waiting,
            names: &self.setup.names,
            open: self.setup.open,
            message: self.setup.message.as_deref(),
            messages: &self.setup.messages,
            // Desks warn once the range is exhausted, so that an admin extends it.
            range: self.past_range.then(|| self.range()),
        }
    }

    /// The view for staff: with the range of numbers.
    pub fn for_staff(&self) -> ServiceJson<'_> {
        ServiceJson {
            range: Some(self.range()),
            ..self.for_public()
        }
    }

    fn range(&self) -> RangeJson {
        RangeJson {
            first: self.setup.first,
            last: self.setup.last,
            digits: self.setup.digits,
            target_minutes: self.setup.target_minutes,
            past_range: self.past_range,
        }
    }
}

/// A service in JSON. It is part of every event, so default values are omitted.
#[derive(Debug, Serialize)]
pub struct ServiceJson<'a> {
    prefix: &'a str,
    name: &'a str,
    waiting: usize,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    names: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_true")]
    open: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    messages: &'a BTreeMap<String, String>,
    #[serde(flatten)]
    range: Option<RangeJson>,
}

/// A service's range of numbers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RangeJson {
    first: u32,
    last: Option<u32>,
    digits: u8,
    /// Within how many minutes visitors are to be called; omitted if it is 15.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_minutes: Option<u32>,
    /// Numbers have passed `last`: the service needs a longer range.
    past_range: bool,
}

fn is_true(open: &bool) -> bool {
    *open
}

/// A short hash that a page can compare. The screen id cannot be computed from it.
fn fingerprint(screen: ScreenId) -> u32 {
    tag(screen.to_string().as_bytes()) as u32
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A call in JSON.
#[derive(Debug, Serialize)]
pub struct CallJson<'a> {
    seq: u64,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    desk: &'a str,
    kind: &'static str,
    at: Time,
}

impl<'a> From<&'a Call> for CallJson<'a> {
    fn from(call: &'a Call) -> Self {
        Self {
            seq: call.seq,
            code: &call.code,
            service: call.service.as_ref().map(Prefix::as_str),
            desk: call.desk.as_str(),
            kind: call.kind.as_str(),
            at: Time(call.at),
        }
    }
}

/// A copy of the state that public screens show, after event `seq`.
#[derive(Clone, Debug)]
pub struct StateView {
    pub seq: u64,
    pub settings: Settings,
    pub waiting: usize,
    pub lines: Vec<ServiceView>,
    pub desks: Vec<DeskView>,
    pub calls: Vec<Call>,
}

impl StateView {
    /// Copies the state of the queue.
    pub fn of(queue: &Queue) -> Self {
        Self {
            seq: queue.seq(),
            settings: queue.settings().clone(),
            waiting: queue.waiting(),
            lines: ServiceView::all(queue),
            desks: queue
                .desks()
                .map(|desk| DeskView::of(queue, desk))
                .collect(),
            calls: queue.calls().cloned().collect(),
        }
    }

    /// The `state` message.
    pub fn message(&self) -> Message<impl Serialize + '_> {
        #[derive(Serialize)]
        struct Payload<'a> {
            office: OfficeJson<'a>,
            waiting: usize,
            services: Vec<ServiceJson<'a>>,
            desks: Vec<DeskJson<'a, PublicTicket<'a>>>,
            calls: Vec<CallJson<'a>>,
        }
        Message {
            kind: "state",
            seq: Some(self.seq),
            payload: Payload {
                office: OfficeJson::from(&self.settings),
                waiting: self.waiting,
                services: self.lines.iter().map(ServiceView::for_public).collect(),
                desks: self.desks.iter().map(DeskView::for_public).collect(),
                calls: self.calls.iter().map(CallJson::from).collect(),
            },
        }
    }
}

/// A message to screens. The course's two messages have no `seq`.
#[derive(Debug, Serialize)]
pub struct Message<P> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    pub payload: P,
}

impl<P: Serialize> Message<P> {
    /// The message as JSON text.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("our own structs are always JSON")
    }
}

/// A time in JSON: RFC 3339, UTC, milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub Timestamp);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_millisecond(self.0.as_millis());
        write!(f, "{:.3}", time.unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Serializes a value by its `Display` text.
#[derive(Clone, Copy, Debug)]
pub struct Shown<T>(pub T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
