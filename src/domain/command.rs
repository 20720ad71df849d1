//! Commands: every request to change the queue, and `Decision`, its result.

use std::sync::Arc;

use super::changes::{ServiceChange, SettingsChange};
use super::desk::DeskName;
use super::event::Event;
use super::history::TicketRow;
use super::queue::QueueParts;
use super::refusal::Refusal;
use super::screen::ScreenId;
use super::service::Prefix;
use super::text_form::names;
use super::ticket::{State, TicketId};
use super::time::Timestamp;

/// A ticket named by a person (its code) or by a program (its id).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketRef {
    Id(TicketId),
    Code(String),
}

impl TicketRef {
    /// Reads a text; if it is no id, it is a code.
    pub fn read(text: String) -> Self {
        TicketId::parse(&text).map_or(Self::Code(text), Self::Id)
    }
}

/// The ticket that the sender believes to be at the desk; if it is not, the command is refused. It
/// guards against double clicks and against two people at one desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    Nobody,
    Code(String),
}

/// The destination of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Back to the list of its service.
    Back,
    /// To a service's list.
    Service(Prefix),
    /// To a desk's own.
    Desk(DeskName),
}

/// The position of a transferred ticket in its new list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferPosition {
    /// As if it had been there since it arrived.
    Arrival,
    Front,
    Back,
}

names!(TransferPosition {
    Arrival => "arrival",
    Front => "front",
    Back => "back",
});

/// A request to change the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Create a ticket; the default service and priority are the office's first.
    Create {
        ticket: TicketId,
        service: Option<Prefix>,
        priority: Option<Arc<str>>,
        note: Option<Box<str>>,
        /// The language of whoever takes it, for its paper.
        language: Option<Arc<str>>,
    },
    /// Cancel a waiting or held ticket. A desk that does it can undo it.
    Cancel {
        ticket: TicketRef,
        desk: Option<DeskName>,
    },
    /// Finish the ticket that the desk serves, if any, and call the next one.
    Next {
        desk: DeskName,
        current: Option<Expected>,
    },
    /// The same with a chosen ticket: waiting or held, or of this day and done or no-show.
    Call {
        desk: DeskName,
        ticket: TicketRef,
        current: Option<Expected>,
    },
    /// Call the served ticket again.
    Recall {
        desk: DeskName,
        current: Option<Expected>,
    },
    /// Finish the served ticket.
    Finish {
        desk: DeskName,
        current: Option<Expected>,
    },
    /// The same, named by its ticket; one that is done already stays so.
    FinishTicket { ticket: TicketId },
    /// The served ticket's visitor did not come.
    NoShow {
        desk: DeskName,
        current: Option<Expected>,
    },
    /// Put the served ticket on hold.
    Hold {
        desk: DeskName,
        current: Option<Expected>,
    },
    /// Transfer the served ticket.
    Transfer {
        desk: DeskName,
        current: Option<Expected>,
        target: Target,
        position: TransferPosition,
    },
    /// Take back the desk's last step.
    Undo {
        desk: DeskName,
        current: Option<Expected>,
    },
    /// Return a held, no-show or served ticket to where it waited. A desk that does it can undo it;
    /// `seen` is the state that the sender expects.
    Return {
        ticket: TicketId,
        desk: Option<DeskName>,
        seen: Option<State>,
    },
    /// Find a ticket that is put on paper again. Nothing of the queue changes.
    Reprint { ticket: TicketId },
    /// Make or set up a desk; `None` leaves a setting as it is.
    SetDesk {
        desk: DeskName,
        open: Option<bool>,
        services: Option<Vec<Prefix>>,
    },
    /// A screen claims the desk. `gone` is the one that claimed it before, if that is away.
    Claim {
        desk: DeskName,
        screen: ScreenId,
        gone: Option<ScreenId>,
        take_over: bool,
    },
    /// Take a desk away.
    DeleteDesk { desk: DeskName },
    /// Make or set up a service.
    SetService {
        service: Prefix,
        change: ServiceChange,
    },
    /// Take a service away.
    DeleteService { service: Prefix },
    /// Set up the office.
    SetSettings { change: SettingsChange },
    /// Put another office in the place of this one, which has no tickets. The office passed
    /// [`QueueParts::check`]. Its history, oldest first, is stored with it; no event has it.
    ImportOffice {
        office: Arc<QueueParts>,
        history: Arc<Vec<TicketRow>>,
    },
    /// Start a business day: numbers restart.
    StartDay,
    /// The clock has stepped by so many milliseconds. The server runs since `since`, by the clock before
    /// the step.
    StepClock { by: i64, since: Timestamp },
}

/// The object of a command, named after its events are applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Ticket(TicketId),
    /// A desk, and whether it was made just now.
    Desk {
        name: DeskName,
        created: bool,
    },
    /// It is gone.
    Deleted,
    /// A service, and whether it was made just now.
    Service {
        prefix: Prefix,
        created: bool,
    },
    /// The office itself.
    Office,
}

/// The events and the answer of a command. There may be both events and a refusal: a desk that asks
/// for the next ticket of an empty list has still finished its current one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub events: Vec<Event>,
    pub outcome: Result<Subject, Refusal>,
}

impl From<Refusal> for Decision {
    fn from(refusal: Refusal) -> Self {
        Self {
            events: Vec::new(),
            outcome: Err(refusal),
        }
    }
}
