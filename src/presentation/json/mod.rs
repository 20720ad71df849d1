//! How tickets, desks and the state are written for the outside. Structs of their own, made from
//! copies that were taken under the queue's lock and written after it was let go.

mod office;
mod ticket;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

pub use office::{OfficeJson, PriorityJson, SettingsJson};
pub use ticket::{CalledJson, TicketJson, TicketView};

use super::http::answer::tag;
use crate::domain::{
    Call, CallKind, Desk, DeskName, Line, Prefix, Queue, ScreenId, Service, ServiceSetup, Settings,
    Timestamp,
};

/// A desk as it stood at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskView {
    pub name: DeskName,
    pub open: bool,
    pub services: Vec<Prefix>,
    pub ticket: Option<TicketView>,
    /// How many wait for this desk alone.
    pub waiting: usize,
    /// The fingerprint of the screen that has it open.
    screen: Option<u32>,
}

impl DeskView {
    /// Copies a desk with what it attends.
    pub fn of(queue: &Queue, desk: &Desk) -> Self {
        let ticket = queue.attended_at(desk);
        Self {
            name: desk.name.clone(),
            open: desk.open,
            services: desk.services.clone(),
            ticket: ticket.map(|ticket| TicketView::of(queue, ticket)),
            waiting: queue.waiting_in(&Line::Desk(desk.name.clone())),
            screen: desk.screen.map(fingerprint),
        }
    }

    /// A desk that is gone.
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

    /// For staff.
    pub fn private(&self) -> DeskJson<'_> {
        self.json(TicketView::private)
    }

    /// For everyone.
    pub fn public(&self) -> DeskJson<'_> {
        self.json(TicketView::public)
    }

    fn json<'a>(&'a self, ticket: fn(&'a TicketView) -> TicketJson<'a>) -> DeskJson<'a> {
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
pub struct DeskJson<'a> {
    name: &'a str,
    open: bool,
    services: Vec<&'a str>,
    ticket: Option<TicketJson<'a>>,
    /// How many wait for this desk alone; left out where nobody does.
    #[serde(skip_serializing_if = "is_zero")]
    waiting: usize,
    /// Tells a page whether the desk is open there or elsewhere; left out where it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    screen: Option<String>,
}

/// A service, and how many wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceView {
    pub prefix: Prefix,
    pub setup: ServiceSetup,
    pub waiting: usize,
    /// Its numbers have gone past the end of their range.
    pub past_range: bool,
}

impl ServiceView {
    /// Copies the lines of the office.
    pub fn all(queue: &Queue) -> Vec<Self> {
        let services = queue.services().iter();
        services.map(|service| Self::of(queue, service)).collect()
    }

    /// Copies one line of the office.
    pub fn of(queue: &Queue, service: &Service) -> Self {
        Self {
            prefix: service.prefix.clone(),
            setup: service.setup.clone(),
            waiting: queue.waiting_in(&Line::Service(service.prefix.clone())),
            past_range: service.is_past_range(),
        }
    }

    /// For everyone: what a screen shows of it.
    pub fn public(&self) -> ServiceJson<'_> {
        ServiceJson {
            prefix: self.prefix.as_str(),
            name: &self.setup.name,
            waiting: self.waiting,
            names: &self.setup.names,
            open: self.setup.open,
            message: self.setup.message.as_deref(),
            // Past its end, desks say so, that somebody may give it more.
            range: self.past_range.then(|| self.range()),
        }
    }

    /// For staff: how it is set up as well.
    pub fn private(&self) -> ServiceJson<'_> {
        ServiceJson {
            range: Some(self.range()),
            ..self.public()
        }
    }

    fn range(&self) -> RangeJson {
        RangeJson {
            first: self.setup.first,
            last: self.setup.last,
            digits: self.setup.digits,
            past_range: self.past_range,
        }
    }
}

/// A line in JSON. It goes out with every event, so what is as usual is left out.
#[derive(Debug, Serialize)]
pub struct ServiceJson<'a> {
    prefix: &'a str,
    name: &'a str,
    waiting: usize,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    names: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_usual")]
    open: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(flatten)]
    range: Option<RangeJson>,
}

/// A line's numbers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RangeJson {
    first: u32,
    last: Option<u32>,
    digits: u8,
    /// Numbers have gone on past `last`: somebody should give the service a longer range.
    past_range: bool,
}

fn is_usual(open: &bool) -> bool {
    *open
}

/// Something that a page can compare and nobody can pass for that screen with.
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
    desk: &'a str,
    kind: &'static str,
    at: Time,
}

impl<'a> From<&'a Call> for CallJson<'a> {
    fn from(call: &'a Call) -> Self {
        Self {
            seq: call.seq,
            code: &call.code,
            desk: call.desk.as_str(),
            kind: match call.kind {
                CallKind::Call => "call",
                CallKind::Recall => "recall",
            },
            at: Time(call.at),
        }
    }
}

/// What the public screens show, as it stood after event `seq`.
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
    /// Copies it.
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

    /// The message `state`.
    pub fn message(&self) -> Message<impl Serialize + '_> {
        #[derive(Serialize)]
        struct Payload<'a> {
            office: OfficeJson<'a>,
            waiting: usize,
            services: Vec<ServiceJson<'a>>,
            desks: Vec<DeskJson<'a>>,
            calls: Vec<CallJson<'a>>,
        }
        Message {
            kind: "state",
            seq: Some(self.seq),
            payload: Payload {
                office: OfficeJson::from(&self.settings),
                waiting: self.waiting,
                services: self.lines.iter().map(ServiceView::public).collect(),
                desks: self.desks.iter().map(DeskView::public).collect(),
                calls: self.calls.iter().map(CallJson::from).collect(),
            },
        }
    }
}

/// A message to screens. The course's two have no `seq`.
#[derive(Debug, Serialize)]
pub struct Message<P> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    pub payload: P,
}

impl<P: Serialize> Message<P> {
    /// The message's text.
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

/// Something that JSON has no form for, written as people see it.
#[derive(Clone, Copy, Debug)]
pub struct Shown<T>(pub T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
