//! How an event is written.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::snapshot::QueueRecord;
use super::{
    SettingsRecord, SetupRecord, Unreadable, is_normal, is_one_digit, line, normal, one_digit,
    own_desk, screen_id, ticket_id,
};
use crate::domain::{Day, DeskName, Event, Prefix, TicketId};

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
        #[serde(default, skip_serializing_if = "is_not")]
        after_finish: bool,
        #[serde(default, skip_serializing_if = "is_not")]
        opened: bool,
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        desk: Option<String>,
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        desk: Option<String>,
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
    StepUndone {
        desk: String,
        tickets: Vec<String>,
    },
    DeskChanged {
        desk: String,
        open: bool,
        services: Vec<String>,
    },
    DeskClaimed {
        desk: String,
        screen: String,
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
    OfficeImported {
        office: Box<QueueRecord>,
    },
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
        Event::TicketCalled {
            ticket,
            desk,
            after_finish,
            opened,
        } => EventRecord::TicketCalled {
            ticket: ticket.to_string(),
            desk: desk.to_string(),
            after_finish,
            opened,
        },
        Event::TicketRecalled { ticket, desk } => EventRecord::TicketRecalled {
            ticket: ticket.to_string(),
            desk: desk.to_string(),
        },
        Event::TicketFinished { ticket, desk } => EventRecord::TicketFinished {
            ticket: ticket.to_string(),
            desk: desk.to_string(),
        },
        Event::TicketCancelled { ticket, desk } => EventRecord::TicketCancelled {
            ticket: ticket.to_string(),
            desk: desk.map(|desk| desk.to_string()),
        },
        Event::TicketNoShow { ticket, desk } => EventRecord::TicketNoShow {
            ticket: ticket.to_string(),
            desk: desk.to_string(),
        },
        Event::TicketHeld { ticket, desk } => EventRecord::TicketHeld {
            ticket: ticket.to_string(),
            desk: desk.to_string(),
        },
        Event::TicketReturned { ticket, desk, rank } => EventRecord::TicketReturned {
            ticket: ticket.to_string(),
            desk: desk.map(|desk| desk.to_string()),
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
        Event::DeskClaimed { desk, screen } => EventRecord::DeskClaimed {
            desk: desk.to_string(),
            screen: screen.to_string(),
        },
        Event::StepUndone { desk, tickets } => EventRecord::StepUndone {
            desk: desk.to_string(),
            tickets: tickets.iter().map(TicketId::to_string).collect(),
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
        Event::OfficeImported { office } => EventRecord::OfficeImported {
            office: Box::new(QueueRecord::from(office.as_ref().clone())),
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
        EventRecord::TicketCalled {
            ticket,
            desk,
            after_finish,
            opened,
        } => Event::TicketCalled {
            ticket: ticket_id(&ticket)?,
            desk: DeskName::parse(&desk)?,
            after_finish,
            opened,
        },
        EventRecord::TicketRecalled { ticket, desk } => Event::TicketRecalled {
            ticket: ticket_id(&ticket)?,
            desk: DeskName::parse(&desk)?,
        },
        EventRecord::TicketFinished { ticket, desk } => Event::TicketFinished {
            ticket: ticket_id(&ticket)?,
            desk: DeskName::parse(&desk)?,
        },
        EventRecord::TicketCancelled { ticket, desk } => Event::TicketCancelled {
            ticket: ticket_id(&ticket)?,
            desk: desk.map(|name| DeskName::parse(&name)).transpose()?,
        },
        EventRecord::TicketNoShow { ticket, desk } => Event::TicketNoShow {
            ticket: ticket_id(&ticket)?,
            desk: DeskName::parse(&desk)?,
        },
        EventRecord::TicketHeld { ticket, desk } => Event::TicketHeld {
            ticket: ticket_id(&ticket)?,
            desk: DeskName::parse(&desk)?,
        },
        EventRecord::TicketReturned { ticket, desk, rank } => Event::TicketReturned {
            ticket: ticket_id(&ticket)?,
            desk: desk.map(|name| DeskName::parse(&name)).transpose()?,
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
        EventRecord::DeskClaimed { desk, screen } => Event::DeskClaimed {
            desk: DeskName::parse(&desk)?,
            screen: screen_id(&screen)?,
        },
        EventRecord::StepUndone { desk, tickets } => {
            let tickets = tickets.iter().map(|id| ticket_id(id));
            Event::StepUndone {
                desk: DeskName::parse(&desk)?,
                tickets: tickets.collect::<Result<_, _>>()?,
            }
        }
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
        EventRecord::OfficeImported { office } => Event::OfficeImported {
            office: Arc::new(office.parts()?),
        },
    })
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_not(value: &bool) -> bool {
    !*value
}
