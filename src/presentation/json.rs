//! How tickets, desks and the state are written for the outside. Structs of their own, made from
//! copies that were taken under the queue's lock and written after it was let go.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use super::answer::tag;
use super::services::calendar::now;
use crate::domain::{
    Call, CallKind, Desk, DeskName, Forecast, Line, Prefix, Priority, Queue, ScreenId, Service,
    ServiceSetup, Settings, Ticket, TicketId, Timestamp,
};

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
        let now = now();
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
            estimate_seconds: forecast.seconds(queue, ticket, now),
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

/// What every screen knows of the office, in JSON.
#[derive(Debug, Serialize)]
pub struct OfficeJson<'a> {
    name: &'a str,
    language: &'a str,
    /// What a kiosk can offer; left out where there is one priority only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    priorities: Vec<PriorityJson<'a>>,
    /// The languages that the office speaks; left out where it has named none.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    languages: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accent: Option<&'a str>,
    /// Where the logo is to be had, relative to the page; another address after each change.
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<String>,
    /// The kiosk prints through its browser; left out where it does not.
    #[serde(rename = "printTickets", skip_serializing_if = "is_not")]
    print_tickets: bool,
}

/// A priority in JSON.
#[derive(Debug, Serialize)]
pub struct PriorityJson<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    names: &'a BTreeMap<String, String>,
    weight: u32,
}

impl<'a> From<&'a Priority> for PriorityJson<'a> {
    fn from(priority: &'a Priority) -> Self {
        Self {
            name: &priority.name,
            names: &priority.names,
            weight: priority.weight,
        }
    }
}

impl<'a> From<&'a Settings> for OfficeJson<'a> {
    fn from(settings: &'a Settings) -> Self {
        Self {
            name: &settings.name,
            language: &settings.language,
            priorities: match settings.priorities.as_ref() {
                [_] => Vec::new(),
                several => several.iter().map(PriorityJson::from).collect(),
            },
            languages: &settings.appearance.languages,
            message: settings.appearance.message.as_deref(),
            accent: settings.appearance.accent.as_deref(),
            logo: settings.appearance.logo.as_deref().map(logo_address),
            print_tickets: settings.appearance.print_tickets,
        }
    }
}

/// The office's settings, in JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsJson<'a> {
    name: &'a str,
    language: &'a str,
    time_zone: Option<&'a str>,
    day_begins_hour: u8,
    keep_waiting: bool,
    priorities: Vec<PriorityJson<'a>>,
    rule: &'static str,
    most_priority_in_a_row: Option<u32>,
    most_waiting: Option<u32>,
    languages: &'a [String],
    message: Option<&'a str>,
    accent: Option<&'a str>,
    logo: Option<&'a str>,
    print_tickets: bool,
    frame_ancestors: &'a [String],
}

impl<'a> From<&'a Settings> for SettingsJson<'a> {
    fn from(settings: &'a Settings) -> Self {
        Self {
            name: &settings.name,
            language: &settings.language,
            time_zone: settings.time_zone.as_deref(),
            day_begins_hour: settings.day_begins_hour,
            keep_waiting: settings.keep_waiting,
            priorities: settings.priorities.iter().map(PriorityJson::from).collect(),
            rule: settings.rule.as_str(),
            most_priority_in_a_row: settings.most_priority_in_a_row,
            most_waiting: settings.most_waiting,
            languages: &settings.appearance.languages,
            message: settings.appearance.message.as_deref(),
            accent: settings.appearance.accent.as_deref(),
            logo: settings.appearance.logo.as_deref(),
            print_tickets: settings.appearance.print_tickets,
            frame_ancestors: &settings.appearance.frame_ancestors,
        }
    }
}

/// A service, and how many wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineView {
    pub prefix: Prefix,
    pub setup: ServiceSetup,
    pub waiting: usize,
    /// Its numbers have gone past the end of their range.
    pub past_range: bool,
}

impl LineView {
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
    pub fn public(&self) -> LineJson<'_> {
        LineJson {
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
    pub fn private(&self) -> LineJson<'_> {
        LineJson {
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
pub struct LineJson<'a> {
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

fn is_not(value: &bool) -> bool {
    !*value
}

/// Names the logo's content, so that a browser may keep it for as long as it stays the same.
fn logo_address(logo: &str) -> String {
    format!("logo?v={:08x}", tag(logo.as_bytes()) as u32)
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
    pub lines: Vec<LineView>,
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
            lines: LineView::all(queue),
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
            services: Vec<LineJson<'a>>,
            desks: Vec<DeskJson<'a>>,
            calls: Vec<CallJson<'a>>,
        }
        Message {
            kind: "state",
            seq: Some(self.seq),
            payload: Payload {
                office: OfficeJson::from(&self.settings),
                waiting: self.waiting,
                services: self.lines.iter().map(LineView::public).collect(),
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
