//! Commands: what can be asked of the queue, and what is decided about it.

use std::sync::Arc;

use super::changes::{ServiceChange, SettingsChange};
use super::desk::DeskName;
use super::event::Event;
use super::refusal::Refusal;
use super::screen::ScreenId;
use super::service::Prefix;
use super::text_form::names;
use super::ticket::{State, TicketId};

/// A ticket named by a person (its code) or by a program (its id).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketRef {
    Id(TicketId),
    Code(String),
}

impl TicketRef {
    /// Reads what somebody wrote: what is no id is a code.
    pub fn read(text: String) -> Self {
        TicketId::parse(&text).map_or(Self::Code(text), Self::Id)
    }
}

/// What the person at a desk believes that it attends; where it is not so, nothing is done. It
/// guards against double clicks and against two people at one desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    Nobody,
    Code(String),
}

/// Where a desk sends a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Back to the line of its service.
    Back,
    /// To a service's line.
    Service(Prefix),
    /// To a desk's own.
    Desk(DeskName),
}

/// Where in the line it goes.
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

/// A wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Give a ticket; service and priority are the first of the office unless told.
    Create {
        ticket: TicketId,
        service: Option<Prefix>,
        priority: Option<Arc<str>>,
        note: Option<Box<str>>,
    },
    /// Withdraw a ticket that waits or was put aside. Where a desk does it, it can take that back.
    Cancel {
        ticket: TicketRef,
        desk: Option<DeskName>,
    },
    /// Finish what the desk attends, if anything, and call the next ticket.
    Next {
        desk: DeskName,
        current: Option<Expected>,
    },
    /// The same with a chosen ticket, one that waits or was put aside.
    Call {
        desk: DeskName,
        ticket: TicketRef,
        current: Option<Expected>,
    },
    /// Announce the attended ticket again.
    Recall {
        desk: DeskName,
        current: Option<Expected>,
    },
    /// The attended ticket is done.
    Finish {
        desk: DeskName,
        current: Option<Expected>,
    },
    /// The same, named by its ticket; one that is done already stays so.
    FinishTicket { ticket: TicketId },
    /// The attended ticket's person did not come.
    NoShow {
        desk: DeskName,
        current: Option<Expected>,
    },
    /// Put the attended ticket aside.
    Hold {
        desk: DeskName,
        current: Option<Expected>,
    },
    /// Send the attended ticket on, or back.
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
    /// Let a ticket wait again, where it was: one that was put aside, whose person did not come, or
    /// that a desk attends. A desk that does it can take it back; `seen` is the state that it believes in.
    Return {
        ticket: TicketId,
        desk: Option<DeskName>,
        seen: Option<State>,
    },
    /// Put a ticket on paper again. Nothing of the queue changes.
    Reprint { ticket: TicketId },
    /// Make or set up a desk; `None` leaves a setting as it is.
    SetDesk {
        desk: DeskName,
        open: Option<bool>,
        services: Option<Vec<Prefix>>,
    },
    /// A screen has the desk open. `gone` is the one that had it before, where that is away.
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
    /// Start a business day: numbers restart.
    StartDay,
    /// The clock has stepped by so many milliseconds.
    AdjustClock { by: i64 },
}

/// What a granted wish was about, once its events are applied.
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

/// What comes of a command: what happens, and what is answered. Both, because a desk that asks for
/// the next person of an empty line has finished with its current one all the same.
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
