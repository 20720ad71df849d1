//! Events: what happened. Applied in order, they make the queue.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::desk::DeskName;
use super::person::PersonId;
use super::queue::QueueParts;
use super::screen::ScreenId;
use super::service::{Prefix, ServiceSetup};
use super::settings::Settings;
use super::ticket::{TicketId, WaitingList};
use super::time::Timestamp;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Event {
    TicketCreated {
        ticket: TicketId,
        service: Prefix,
        number: u32,
        digits: u8,
        priority: Arc<str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<Box<str>>,
        /// The language of whoever took it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<Arc<str>>,
    },
    TicketCalled {
        ticket: TicketId,
        desk: DeskName,
        /// The event before was the desk's, too: it finished its former ticket in the same step.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        after_finish: bool,
        /// The desk was closed until then.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        opened: bool,
        /// The person who called, if people sign in by name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<PersonId>,
    },
    TicketRecalled {
        ticket: TicketId,
        desk: DeskName,
    },
    TicketFinished {
        ticket: TicketId,
        desk: DeskName,
    },
    TicketCancelled {
        ticket: TicketId,
        /// The desk that did it; `None` if its visitor did, or the day ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        desk: Option<DeskName>,
    },
    /// Its visitor did not come.
    TicketNoShow {
        ticket: TicketId,
        desk: DeskName,
    },
    /// A desk put it on hold.
    TicketHeld {
        ticket: TicketId,
        desk: DeskName,
    },
    /// A held or no-show ticket waits again.
    TicketReturned {
        ticket: TicketId,
        /// The desk that did it, where one did.
        #[serde(skip_serializing_if = "Option::is_none")]
        desk: Option<DeskName>,
        rank: i64,
    },
    /// A desk sent it on, or back.
    TicketTransferred {
        ticket: TicketId,
        desk: DeskName,
        service: Prefix,
        list: WaitingList,
        rank: i64,
    },
    /// A desk took back its last step: these tickets are as they were before it.
    StepUndone {
        desk: DeskName,
        tickets: Arc<[TicketId]>,
    },
    /// A desk was made or set up; contains all its fields.
    DeskChanged {
        desk: DeskName,
        open: bool,
        services: Arc<[Prefix]>,
    },
    /// A screen shows the desk, in place of the screen that showed it before.
    DeskClaimed {
        desk: DeskName,
        screen: ScreenId,
    },
    DeskDeleted {
        desk: DeskName,
    },
    /// A service was made or set up; contains all its fields.
    ServiceChanged {
        service: Prefix,
        setup: ServiceSetup,
    },
    ServiceDeleted {
        service: Prefix,
    },
    /// The office was set up; contains all its fields.
    SettingsChanged {
        settings: Settings,
    },
    /// A business day began, and numbers restart. Ended tickets are history, no-shows among them; if
    /// the office does not keep those who wait, events before this one cancel them.
    DayStarted,
    /// The clock has stepped by so many milliseconds while the server ran.
    ClockStepped {
        by: i64,
        /// The time of the server's start, by the clock before the step. Times from before it are of
        /// another run, whose clock may have been right.
        #[serde(default)]
        since: Timestamp,
    },
    /// A whole office has come from another machine, and takes the place of this one. It is the only
    /// event whose number need not follow the one before.
    OfficeImported {
        office: Arc<QueueParts>,
    },
}

/// An event with its number and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// Grows by one with every event, and is never given twice.
    pub seq: u64,
    pub at: Timestamp,
    pub event: Event,
}

impl Event {
    /// The same event, done by that person. Only calls say who did them: the rest is in the audit log.
    #[must_use]
    pub fn by(mut self, who: Option<PersonId>) -> Self {
        if let Self::TicketCalled { person, .. } = &mut self {
            *person = who;
        }
        self
    }

    /// The tickets that the event changes; none if it changes the office.
    pub fn tickets(&self) -> &[TicketId] {
        match self {
            Self::TicketCreated { ticket, .. }
            | Self::TicketCalled { ticket, .. }
            | Self::TicketRecalled { ticket, .. }
            | Self::TicketFinished { ticket, .. }
            | Self::TicketCancelled { ticket, .. }
            | Self::TicketNoShow { ticket, .. }
            | Self::TicketHeld { ticket, .. }
            | Self::TicketReturned { ticket, .. }
            | Self::TicketTransferred { ticket, .. } => std::slice::from_ref(ticket),
            Self::StepUndone { tickets, .. } => tickets,
            Self::ClockStepped { .. }
            | Self::OfficeImported { .. }
            | Self::DayStarted
            | Self::DeskChanged { .. }
            | Self::DeskClaimed { .. }
            | Self::DeskDeleted { .. }
            | Self::ServiceChanged { .. }
            | Self::ServiceDeleted { .. }
            | Self::SettingsChanged { .. } => &[],
        }
    }
}
