//! How events and snapshots are written: structs of their own, so that the domain can change its
//! shape without making old files unreadable.
//!
//! A field that is new must have a default; a name that is here stays.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Appearance, Arrival, Call, CallKind, Day, Desk, DeskName, Event, Line, NORMAL_PRIORITY, Place,
    Prefix, Priority, Queue, QueueParts, Rule, Service, ServiceSetup, Settings, State, Ticket,
    TicketId, Timestamp,
};

/// Why a record could not be read.
type Unreadable = String;

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum EventRecord {
    TicketCreated {
        ticket: String,
        service: String,
        number: u32,
        #[serde(default = "one_digit", skip_serializing_if = "is_one_digit")]
        digits: u8,
        #[serde(default = "normal", skip_serializing_if = "is_normal")]
        priority: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    TicketCalled {
        ticket: String,
        desk: String,
    },
    TicketRecalled {
        ticket: String,
        desk: String,
    },
    TicketFinished {
        ticket: String,
        desk: String,
    },
    TicketCancelled {
        ticket: String,
    },
    TicketNoShow {
        ticket: String,
        desk: String,
    },
    TicketHeld {
        ticket: String,
        desk: String,
    },
    TicketReturned {
        ticket: String,
        rank: i64,
    },
    TicketTransferred {
        ticket: String,
        desk: String,
        service: String,
        /// The desk in whose own line it waits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to_desk: Option<String>,
        rank: i64,
    },
    DeskChanged {
        desk: String,
        open: bool,
        services: Vec<String>,
    },
    DeskDeleted {
        desk: String,
    },
    ServiceChanged {
        service: String,
        #[serde(flatten)]
        setup: SetupRecord,
    },
    ServiceDeleted {
        service: String,
    },
    SettingsChanged(SettingsRecord),
    DayStarted {
        /// Days since 1970-01-01.
        day: i32,
        restart: bool,
    },
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct SettingsRecord {
    name: Option<String>,
    language: Option<String>,
    time_zone: Option<String>,
    day_begins_hour: Option<u8>,
    keep_waiting: Option<bool>,
    priorities: Option<Vec<PriorityRecord>>,
    rule: Option<String>,
    most_priority_in_a_row: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    most_waiting: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    appearance: Option<AppearanceRecord>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct AppearanceRecord {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    languages: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<String>,
    print_tickets: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    frame_ancestors: Vec<String>,
}

impl From<&Appearance> for AppearanceRecord {
    fn from(appearance: &Appearance) -> Self {
        let Appearance {
            languages,
            message,
            accent,
            logo,
            print_tickets,
            frame_ancestors,
        } = appearance.clone();
        Self {
            languages,
            message,
            accent,
            logo,
            print_tickets,
            frame_ancestors,
        }
    }
}

impl From<AppearanceRecord> for Appearance {
    fn from(record: AppearanceRecord) -> Self {
        let AppearanceRecord {
            languages,
            message,
            accent,
            logo,
            print_tickets,
            frame_ancestors,
        } = record;
        Self {
            languages,
            message,
            accent,
            logo,
            print_tickets,
            frame_ancestors,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct PriorityRecord {
    name: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    names: BTreeMap<String, String>,
    weight: u32,
}

impl From<&Settings> for SettingsRecord {
    fn from(settings: &Settings) -> Self {
        Self {
            name: Some(settings.name.to_string()),
            language: Some(settings.language.to_string()),
            time_zone: settings.time_zone.as_ref().map(ToString::to_string),
            day_begins_hour: Some(settings.day_begins_hour),
            keep_waiting: Some(settings.keep_waiting),
            priorities: Some(settings.priorities.iter().map(priority_record).collect()),
            rule: Some(settings.rule.as_str().to_owned()),
            most_priority_in_a_row: settings.most_priority_in_a_row,
            most_waiting: settings.most_waiting,
            appearance: Some(AppearanceRecord::from(&*settings.appearance)),
        }
    }
}

impl From<SettingsRecord> for Settings {
    /// What an older program did not write is as it was there: the default.
    fn from(record: SettingsRecord) -> Self {
        let default = Self::default();
        Self {
            name: record.name.map_or(default.name, Arc::from),
            language: record.language.map_or(default.language, Arc::from),
            time_zone: record.time_zone.map(Arc::from),
            day_begins_hour: record.day_begins_hour.unwrap_or(default.day_begins_hour),
            keep_waiting: record.keep_waiting.unwrap_or(default.keep_waiting),
            priorities: match record.priorities {
                Some(priorities) => priorities.into_iter().map(priority).collect(),
                None => default.priorities,
            },
            rule: record
                .rule
                .and_then(|word| Rule::parse(&word))
                .unwrap_or(default.rule),
            most_priority_in_a_row: record.most_priority_in_a_row,
            most_waiting: record.most_waiting,
            appearance: record
                .appearance
                .map_or(default.appearance, |a| Arc::new(a.into())),
        }
    }
}

/// Writes an event.
pub fn write_event(event: &Event) -> String {
    let record = match event.clone() {
        Event::TicketCreated {
            ticket,
            service,
            number,
            digits,
            priority,
            note,
        } => EventRecord::TicketCreated {
            ticket: ticket.to_string(),
            service: service.to_string(),
            number,
            digits,
            priority: priority.to_string(),
            note: note.map(String::from),
        },
        Event::TicketCalled { ticket, desk } => EventRecord::TicketCalled {
            ticket: ticket.to_string(),
            desk: desk.to_string(),
        },
        Event::TicketRecalled { ticket, desk } => EventRecord::TicketRecalled {
            ticket: ticket.to_string(),
            desk: desk.to_string(),
        },
        Event::TicketFinished { ticket, desk } => EventRecord::TicketFinished {
            ticket: ticket.to_string(),
            desk: desk.to_string(),
        },
        Event::TicketCancelled { ticket } => EventRecord::TicketCancelled {
            ticket: ticket.to_string(),
        },
        Event::TicketNoShow { ticket, desk } => EventRecord::TicketNoShow {
            ticket: ticket.to_string(),
            desk: desk.to_string(),
        },
        Event::TicketHeld { ticket, desk } => EventRecord::TicketHeld {
            ticket: ticket.to_string(),
            desk: desk.to_string(),
        },
        Event::TicketReturned { ticket, rank } => EventRecord::TicketReturned {
            ticket: ticket.to_string(),
            rank,
        },
        Event::TicketTransferred {
            ticket,
            desk,
            service,
            line,
            rank,
        } => EventRecord::TicketTransferred {
            ticket: ticket.to_string(),
            desk: desk.to_string(),
            service: service.to_string(),
            to_desk: own_desk(&line),
            rank,
        },
        Event::DeskChanged {
            desk,
            open,
            services,
        } => EventRecord::DeskChanged {
            desk: desk.to_string(),
            open,
            services: services.iter().map(Prefix::to_string).collect(),
        },
        Event::DeskDeleted { desk } => EventRecord::DeskDeleted {
            desk: desk.to_string(),
        },
        Event::ServiceChanged { service, setup } => EventRecord::ServiceChanged {
            service: service.to_string(),
            setup: SetupRecord::from(&setup),
        },
        Event::ServiceDeleted { service } => EventRecord::ServiceDeleted {
            service: service.to_string(),
        },
        Event::SettingsChanged { settings } => {
            EventRecord::SettingsChanged(SettingsRecord::from(&settings))
        }
        Event::DayStarted { day, restart } => EventRecord::DayStarted {
            day: day.as_epoch_days(),
            restart,
        },
    };
    serde_json::to_string(&record).expect("strings, numbers and booleans are always JSON")
}

/// Reads what [`write_event`] wrote.
pub fn read_event(text: &str) -> Result<Event, Unreadable> {
    let record: EventRecord = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Ok(match record {
        EventRecord::TicketCreated {
            ticket,
            service,
            number,
            digits,
            priority,
            note,
        } => Event::TicketCreated {
            ticket: ticket_id(&ticket)?,
            service: Prefix::new(&service),
            number,
            digits,
            priority: priority.into(),
            note: note.map(String::into_boxed_str),
        },
        EventRecord::TicketCalled { ticket, desk } => Event::TicketCalled {
            ticket: ticket_id(&ticket)?,
            desk: DeskName::parse(&desk)?,
        },
        EventRecord::TicketRecalled { ticket, desk } => Event::TicketRecalled {
            ticket: ticket_id(&ticket)?,
            desk: DeskName::parse(&desk)?,
        },
        EventRecord::TicketFinished { ticket, desk } => Event::TicketFinished {
            ticket: ticket_id(&ticket)?,
            desk: DeskName::parse(&desk)?,
        },
        EventRecord::TicketCancelled { ticket } => Event::TicketCancelled {
            ticket: ticket_id(&ticket)?,
        },
        EventRecord::TicketNoShow { ticket, desk } => Event::TicketNoShow {
            ticket: ticket_id(&ticket)?,
            desk: DeskName::parse(&desk)?,
        },
        EventRecord::TicketHeld { ticket, desk } => Event::TicketHeld {
            ticket: ticket_id(&ticket)?,
            desk: DeskName::parse(&desk)?,
        },
        EventRecord::TicketReturned { ticket, rank } => Event::TicketReturned {
            ticket: ticket_id(&ticket)?,
            rank,
        },
        EventRecord::TicketTransferred {
            ticket,
            desk,
            service,
            to_desk,
            rank,
        } => Event::TicketTransferred {
            ticket: ticket_id(&ticket)?,
            desk: DeskName::parse(&desk)?,
            service: Prefix::new(&service),
            line: line(&service, to_desk.as_deref())?,
            rank,
        },
        EventRecord::DeskChanged {
            desk,
            open,
            services,
        } => Event::DeskChanged {
            desk: DeskName::parse(&desk)?,
            open,
            services: services.iter().map(|prefix| Prefix::new(prefix)).collect(),
        },
        EventRecord::DeskDeleted { desk } => Event::DeskDeleted {
            desk: DeskName::parse(&desk)?,
        },
        EventRecord::ServiceChanged { service, setup } => Event::ServiceChanged {
            service: Prefix::new(&service),
            setup: setup.into(),
        },
        EventRecord::ServiceDeleted { service } => Event::ServiceDeleted {
            service: Prefix::new(&service),
        },
        EventRecord::SettingsChanged(settings) => Event::SettingsChanged {
            settings: settings.into(),
        },
        EventRecord::DayStarted { day, restart } => Event::DayStarted {
            day: Day::from_epoch_days(day),
            restart,
        },
    })
}

#[derive(Serialize, Deserialize)]
struct QueueRecord {
    seq: u64,
    #[serde(default)]
    settings: SettingsRecord,
    #[serde(default)]
    day: Option<i32>,
    #[serde(default)]
    carried: Vec<(String, u32)>,
    #[serde(default)]
    priority_run: u32,
    #[serde(default)]
    now: i64,
    services: Vec<ServiceRecord>,
    desks: Vec<DeskRecord>,
    tickets: Vec<TicketRecord>,
    ended: Vec<u64>,
    calls: Vec<CallRecord>,
    last_called: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
struct ServiceRecord {
    prefix: String,
    #[serde(flatten)]
    setup: SetupRecord,
    /// 0 before the day's first.
    last_number: u32,
}

#[derive(Serialize, Deserialize)]
struct SetupRecord {
    name: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    names: BTreeMap<String, String>,
    #[serde(default)]
    first: Option<u32>,
    #[serde(default)]
    last: Option<u32>,
    #[serde(default = "one_digit", skip_serializing_if = "is_one_digit")]
    digits: u8,
    #[serde(default)]
    closed: bool,
    #[serde(default)]
    message: Option<String>,
}

impl From<&ServiceSetup> for SetupRecord {
    fn from(setup: &ServiceSetup) -> Self {
        Self {
            name: setup.name.to_string(),
            names: setup.names.as_ref().clone(),
            first: Some(setup.first),
            last: setup.last,
            digits: setup.digits,
            closed: !setup.open,
            message: setup.message.as_ref().map(ToString::to_string),
        }
    }
}

impl From<SetupRecord> for ServiceSetup {
    fn from(record: SetupRecord) -> Self {
        Self {
            name: record.name.into(),
            names: Arc::new(record.names),
            first: record.first.unwrap_or(1),
            last: record.last,
            digits: record.digits,
            open: !record.closed,
            message: record.message.map(Arc::from),
        }
    }
}

fn priority_record(priority: &Priority) -> PriorityRecord {
    PriorityRecord {
        name: priority.name.to_string(),
        names: priority.names.as_ref().clone(),
        weight: priority.weight,
    }
}

fn priority(record: PriorityRecord) -> Priority {
    Priority {
        name: record.name.into(),
        names: Arc::new(record.names),
        weight: record.weight,
    }
}

fn normal() -> String {
    NORMAL_PRIORITY.to_owned()
}

fn is_normal(priority: &str) -> bool {
    priority == NORMAL_PRIORITY
}

fn one_digit() -> u8 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_one_digit(digits: &u8) -> bool {
    *digits == 1
}

#[derive(Serialize, Deserialize)]
struct DeskRecord {
    name: String,
    open: bool,
    services: Vec<String>,
    attending: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct TicketRecord {
    id: String,
    arrival: u64,
    /// What the code begins with, where a transfer has made that another service than `service`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    service: String,
    number: u32,
    #[serde(default = "one_digit", skip_serializing_if = "is_one_digit")]
    digits: u8,
    /// The desk in whose own line it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    own_line_of: Option<String>,
    /// Its place in line, where that is not its arrival.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rank: Option<i64>,
    #[serde(default = "normal", skip_serializing_if = "is_normal")]
    priority: String,
    /// Where that is not when it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waiting_since: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    state: String,
    created_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    desk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    called_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_at: Option<i64>,
    calls: u32,
}

#[derive(Serialize, Deserialize)]
struct CallRecord {
    seq: u64,
    code: String,
    desk: String,
    recall: bool,
    at: i64,
}

/// Writes a whole queue.
pub fn write_queue(queue: &Queue) -> Vec<u8> {
    let parts = queue.parts();
    let record = QueueRecord {
        seq: parts.seq,
        settings: SettingsRecord::from(&parts.settings),
        day: parts.day.map(Day::as_epoch_days),
        carried: parts
            .carried
            .iter()
            .map(|(prefix, number)| (prefix.to_string(), *number))
            .collect(),
        priority_run: parts.priority_run,
        now: parts.now.as_millis(),
        services: parts
            .services
            .iter()
            .map(|service| ServiceRecord {
                prefix: service.prefix.to_string(),
                setup: SetupRecord::from(&service.setup),
                last_number: service.last_number.unwrap_or(0),
            })
            .collect(),
        desks: parts
            .desks
            .iter()
            .map(|desk| DeskRecord {
                name: desk.name.to_string(),
                open: desk.open,
                services: desk.services.iter().map(Prefix::to_string).collect(),
                attending: desk.attending.map(Arrival::as_seq),
            })
            .collect(),
        tickets: parts.tickets.into_iter().map(ticket_record).collect(),
        ended: parts.ended.iter().map(|arrival| arrival.as_seq()).collect(),
        calls: parts
            .calls
            .into_iter()
            .map(|call| CallRecord {
                seq: call.seq,
                code: call.code,
                desk: call.desk.to_string(),
                recall: call.kind == CallKind::Recall,
                at: call.at.as_millis(),
            })
            .collect(),
        last_called: parts.last_called.iter().map(|a| a.as_seq()).collect(),
    };
    serde_json::to_vec(&record).expect("strings, numbers and booleans are always JSON")
}

/// Reads what [`write_queue`] wrote.
pub fn read_queue(bytes: &[u8]) -> Result<Queue, Unreadable> {
    let record: QueueRecord = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let desks: Result<Vec<Desk>, Unreadable> = record.desks.iter().map(desk).collect();
    let tickets: Result<Vec<Ticket>, Unreadable> = record.tickets.into_iter().map(ticket).collect();
    let calls: Result<Vec<Call>, Unreadable> = record.calls.into_iter().map(call).collect();
    let services = record.services.into_iter().map(|service| Service {
        prefix: Prefix::new(&service.prefix),
        setup: service.setup.into(),
        last_number: (service.last_number > 0).then_some(service.last_number),
    });
    Ok(Queue::from_parts(QueueParts {
        seq: record.seq,
        settings: record.settings.into(),
        day: record.day.map(Day::from_epoch_days),
        carried: record
            .carried
            .iter()
            .map(|(prefix, number)| (Prefix::new(prefix), *number))
            .collect(),
        priority_run: record.priority_run,
        now: Timestamp::from_millis(record.now),
        services: services.collect(),
        desks: desks?,
        tickets: tickets?,
        ended: record.ended.into_iter().map(Arrival::from_seq).collect(),
        calls: calls?,
        last_called: record
            .last_called
            .into_iter()
            .map(Arrival::from_seq)
            .collect(),
    }))
}

fn ticket_record(ticket: Ticket) -> TicketRecord {
    TicketRecord {
        id: ticket.id.to_string(),
        arrival: ticket.arrival.as_seq(),
        prefix: (ticket.prefix != ticket.service).then(|| ticket.prefix.to_string()),
        service: ticket.service.to_string(),
        number: ticket.number,
        digits: ticket.digits,
        own_line_of: own_desk(&ticket.line),
        rank: (ticket.place != Place::by_arrival(ticket.arrival)).then(|| ticket.place.rank()),
        priority: ticket.priority.to_string(),
        waiting_since: (ticket.waiting_since != ticket.created_at)
            .then(|| ticket.waiting_since.as_millis()),
        note: ticket.note.map(String::from),
        state: ticket.state.as_str().to_owned(),
        created_at: ticket.created_at.as_millis(),
        desk: ticket.desk.map(|desk| desk.to_string()),
        called_at: ticket.called_at.map(Timestamp::as_millis),
        ended_at: ticket.ended_at.map(Timestamp::as_millis),
        calls: ticket.calls,
    }
}

fn ticket(record: TicketRecord) -> Result<Ticket, Unreadable> {
    let arrival = Arrival::from_seq(record.arrival);
    Ok(Ticket {
        id: ticket_id(&record.id)?,
        arrival,
        prefix: Prefix::new(record.prefix.as_deref().unwrap_or(&record.service)),
        number: record.number,
        digits: record.digits,
        line: line(&record.service, record.own_line_of.as_deref())?,
        place: match record.rank {
            Some(rank) => Place::ranked(rank, arrival),
            None => Place::by_arrival(arrival),
        },
        service: Prefix::new(&record.service),
        priority: record.priority.into(),
        waiting_since: Timestamp::from_millis(record.waiting_since.unwrap_or(record.created_at)),
        note: record.note.map(String::into_boxed_str),
        state: State::parse(&record.state).ok_or_else(|| format!("no state «{}»", record.state))?,
        created_at: Timestamp::from_millis(record.created_at),
        desk: record.desk.map(|name| DeskName::parse(&name)).transpose()?,
        called_at: record.called_at.map(Timestamp::from_millis),
        ended_at: record.ended_at.map(Timestamp::from_millis),
        calls: record.calls,
    })
}

fn desk(record: &DeskRecord) -> Result<Desk, Unreadable> {
    Ok(Desk {
        name: DeskName::parse(&record.name)?,
        open: record.open,
        services: record.services.iter().map(|p| Prefix::new(p)).collect(),
        attending: record.attending.map(Arrival::from_seq),
    })
}

fn call(record: CallRecord) -> Result<Call, Unreadable> {
    Ok(Call {
        seq: record.seq,
        code: record.code,
        desk: DeskName::parse(&record.desk)?,
        kind: if record.recall {
            CallKind::Recall
        } else {
            CallKind::Call
        },
        at: Timestamp::from_millis(record.at),
    })
}

fn own_desk(line: &Line) -> Option<String> {
    match line {
        Line::Service(_) => None,
        Line::Desk(name) => Some(name.to_string()),
    }
}

fn line(service: &str, own_desk: Option<&str>) -> Result<Line, Unreadable> {
    Ok(match own_desk {
        None => Line::Service(Prefix::new(service)),
        Some(name) => Line::Desk(DeskName::parse(name)?),
    })
}

fn ticket_id(text: &str) -> Result<TicketId, Unreadable> {
    TicketId::parse(text).ok_or_else(|| format!("«{text}» is no ticket id"))
}
