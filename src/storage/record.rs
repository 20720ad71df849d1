//! How events and snapshots are written: structs of their own, so that the domain can change its
//! shape without making old files unreadable.
//!
//! A field that is new must have a default; a name that is here stays.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Arrival, Call, CallKind, Desk, DeskName, Event, Prefix, Queue, QueueParts, Service, State,
    Ticket, TicketId, Timestamp,
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
    DeskChanged {
        desk: String,
        open: bool,
        services: Vec<String>,
    },
    DeskDeleted {
        desk: String,
    },
}

/// Writes an event.
pub fn write_event(event: &Event) -> String {
    let record = match event.clone() {
        Event::TicketCreated {
            ticket,
            service,
            number,
            note,
        } => EventRecord::TicketCreated {
            ticket: ticket.to_string(),
            service: service.to_string(),
            number,
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
            note,
        } => Event::TicketCreated {
            ticket: ticket_id(&ticket)?,
            service: Prefix::new(&service),
            number,
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
    })
}

#[derive(Serialize, Deserialize)]
struct QueueRecord {
    seq: u64,
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
    name: String,
    last_number: u32,
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
    service: String,
    number: u32,
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
        services: parts
            .services
            .iter()
            .map(|service| ServiceRecord {
                prefix: service.prefix.to_string(),
                name: service.name.to_string(),
                last_number: service.last_number,
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
    let services = record.services.iter().map(|service| Service {
        prefix: Prefix::new(&service.prefix),
        name: Arc::from(service.name.as_str()),
        last_number: service.last_number,
    });
    Ok(Queue::from_parts(QueueParts {
        seq: record.seq,
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
        service: ticket.service.to_string(),
        number: ticket.number,
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
    Ok(Ticket {
        id: ticket_id(&record.id)?,
        arrival: Arrival::from_seq(record.arrival),
        service: Prefix::new(&record.service),
        number: record.number,
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

fn ticket_id(text: &str) -> Result<TicketId, Unreadable> {
    TicketId::parse(text).ok_or_else(|| format!("«{text}» is no ticket id"))
}
