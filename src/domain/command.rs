//! What can be asked of the queue, and what comes of it.

use std::sync::Arc;

use thiserror::Error;

use super::desk::{Desk, DeskName};
use super::event::Event;
use super::next::whose_turn;
use super::queue::Queue;
use super::service::Prefix;
use super::ticket::{State, Ticket, TicketId};

/// How many desks an office can have: a bound on what a mistyped script can create, far above the
/// largest town hall.
const MOST_DESKS: usize = 1_000;

/// A ticket named by a person (its code) or by a program (its id).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketRef {
    Id(TicketId),
    Code(String),
}

/// What the person at a desk believes that it attends; where it is not so, nothing is done. It
/// guards against double clicks and against two people at one desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    Nobody,
    Code(String),
}

/// A wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Give a ticket; `service` is the first line of the office unless told.
    Create {
        ticket: TicketId,
        service: Option<Prefix>,
        note: Option<Box<str>>,
    },
    /// Withdraw a waiting ticket.
    Cancel { ticket: TicketId },
    /// Finish what the desk attends, if anything, and call the next ticket.
    Next {
        desk: DeskName,
        current: Option<Expected>,
    },
    /// The same with a chosen ticket.
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
    /// Make or set up a desk; `None` leaves a setting as it is.
    SetDesk {
        desk: DeskName,
        open: Option<bool>,
        services: Option<Vec<Prefix>>,
    },
    /// Take a desk away.
    DeleteDesk { desk: DeskName },
}

/// Why a wish was not granted. The text is for the person who reads it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("Nobody is waiting.")]
    QueueEmpty,
    #[error("Desk {desk} attends nobody.")]
    NobodyAttended { desk: DeskName },
    #[error("Ticket {code} is {}, so it cannot be {wish}.", state.as_str())]
    WrongState {
        code: String,
        state: State,
        wish: &'static str,
    },
    #[error("Desk {desk} attends {actual} now, not {expected}: look again before you go on.")]
    DeskMovedOn {
        desk: DeskName,
        expected: String,
        actual: String,
    },
    #[error("Desk {desk} attends {code}: finish it first.")]
    DeskInUse { desk: DeskName, code: String },
    #[error("There is no ticket {0} here.")]
    NoSuchTicket(String),
    #[error("There is no desk {0} here.")]
    NoSuchDesk(DeskName),
    #[error("There is no service {asked}; there are: {known}.")]
    UnknownService { asked: Prefix, known: String },
    #[error("An office has {MOST_DESKS} desks at most; delete one that is not used.")]
    TooManyDesks,
}

/// What a granted wish was about, once its events are applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Ticket(TicketId),
    /// A desk, and whether it was made just now.
    Desk {
        name: DeskName,
        made: bool,
    },
    /// It is gone.
    Deleted,
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

/// Decides what comes of a command, and changes nothing.
pub fn decide(queue: &Queue, command: &Command) -> Decision {
    granted(queue, command).unwrap_or_else(Decision::from)
}

fn granted(queue: &Queue, command: &Command) -> Result<Decision, Refusal> {
    match command {
        Command::Create {
            ticket,
            service,
            note,
        } => create(queue, *ticket, service.as_ref(), note.clone()),
        Command::Cancel { ticket } => cancel(queue, *ticket),
        Command::Next { desk, current } => {
            let mut events = Vec::new();
            let desk = at_desk(queue, desk, current.as_ref(), &mut events)?;
            finish_attended(queue, &desk, &mut events);
            let outcome = match whose_turn(queue, &desk) {
                Some(ticket) => Ok(call(ticket, &desk, &mut events)),
                None => Err(Refusal::QueueEmpty),
            };
            Ok(Decision { events, outcome })
        }
        Command::Call {
            desk,
            ticket,
            current,
        } => {
            let mut events = Vec::new();
            let desk = at_desk(queue, desk, current.as_ref(), &mut events)?;
            let ticket = find(queue, ticket)?;
            expect_state(ticket, State::Waiting, "called")?;
            finish_attended(queue, &desk, &mut events);
            let subject = call(ticket, &desk, &mut events);
            Ok(Decision {
                events,
                outcome: Ok(subject),
            })
        }
        Command::Recall { desk, current } => {
            let ticket = attended(queue, desk, current.as_ref())?;
            let event = Event::TicketRecalled {
                ticket: ticket.id,
                desk: desk.clone(),
            };
            Ok(about(ticket, vec![event]))
        }
        Command::Finish { desk, current } => {
            let ticket = attended(queue, desk, current.as_ref())?;
            let event = Event::TicketFinished {
                ticket: ticket.id,
                desk: desk.clone(),
            };
            Ok(about(ticket, vec![event]))
        }
        Command::FinishTicket { ticket } => finish_ticket(queue, *ticket),
        Command::SetDesk {
            desk,
            open,
            services,
        } => set_desk(queue, desk, *open, services.as_deref()),
        Command::DeleteDesk { desk } => delete_desk(queue, desk),
    }
}

fn create(
    queue: &Queue,
    id: TicketId,
    service: Option<&Prefix>,
    note: Option<Box<str>>,
) -> Result<Decision, Refusal> {
    let service = match service {
        Some(prefix) => known_service(queue, prefix)?,
        None => queue
            .services()
            .first()
            .expect("an office has at least one service"),
    };
    Ok(Decision {
        events: vec![Event::TicketCreated {
            ticket: id,
            service: service.prefix.clone(),
            number: service.last_number + 1,
            note,
        }],
        outcome: Ok(Subject::Ticket(id)),
    })
}

fn cancel(queue: &Queue, id: TicketId) -> Result<Decision, Refusal> {
    let ticket = find(queue, &TicketRef::Id(id))?;
    expect_state(ticket, State::Waiting, "cancelled")?;
    Ok(about(ticket, vec![Event::TicketCancelled { ticket: id }]))
}

fn finish_ticket(queue: &Queue, id: TicketId) -> Result<Decision, Refusal> {
    let ticket = find(queue, &TicketRef::Id(id))?;
    if ticket.state == State::Done {
        return Ok(about(ticket, Vec::new()));
    }
    expect_state(ticket, State::Serving, "finished")?;
    let desk = ticket
        .desk
        .clone()
        .expect("a ticket that is served has a desk");
    let event = Event::TicketFinished { ticket: id, desk };
    Ok(about(ticket, vec![event]))
}

fn set_desk(
    queue: &Queue,
    name: &DeskName,
    open: Option<bool>,
    services: Option<&[Prefix]>,
) -> Result<Decision, Refusal> {
    for prefix in services.unwrap_or_default() {
        known_service(queue, prefix)?;
    }
    let known = queue.desk(name);
    let before = match known {
        Some(desk) => desk.clone(),
        None => new_desk(queue, name)?,
    };
    let after = Desk {
        open: open.unwrap_or(before.open),
        services: services.map_or(before.services.clone(), <[Prefix]>::to_vec),
        ..before.clone()
    };
    let events = if known.is_some() && after == before {
        Vec::new()
    } else {
        vec![changed(&after)]
    };
    Ok(Decision {
        events,
        outcome: Ok(Subject::Desk {
            name: name.clone(),
            made: known.is_none(),
        }),
    })
}

fn delete_desk(queue: &Queue, name: &DeskName) -> Result<Decision, Refusal> {
    let desk = queue
        .desk(name)
        .ok_or_else(|| Refusal::NoSuchDesk(name.clone()))?;
    if let Some(ticket) = queue.attended_at(desk) {
        return Err(Refusal::DeskInUse {
            desk: name.clone(),
            code: ticket.code(),
        });
    }
    Ok(Decision {
        events: vec![Event::DeskDeleted { desk: name.clone() }],
        outcome: Ok(Subject::Deleted),
    })
}

/// The desk that wants to call someone: made at its first use, opened where it was closed.
fn at_desk(
    queue: &Queue,
    name: &DeskName,
    current: Option<&Expected>,
    events: &mut Vec<Event>,
) -> Result<Desk, Refusal> {
    check_current(queue, name, current)?;
    match queue.desk(name) {
        Some(desk) if desk.open => Ok(desk.clone()),
        Some(desk) => {
            let desk = Desk {
                open: true,
                ..desk.clone()
            };
            events.push(changed(&desk));
            Ok(desk)
        }
        None => {
            let desk = new_desk(queue, name)?;
            events.push(changed(&desk));
            Ok(desk)
        }
    }
}

fn new_desk(queue: &Queue, name: &DeskName) -> Result<Desk, Refusal> {
    if queue.desks.len() >= MOST_DESKS {
        return Err(Refusal::TooManyDesks);
    }
    Ok(Desk {
        name: name.clone(),
        open: true,
        services: Vec::new(),
        attending: None,
    })
}

fn changed(desk: &Desk) -> Event {
    Event::DeskChanged {
        desk: desk.name.clone(),
        open: desk.open,
        services: Arc::from(desk.services.as_slice()),
    }
}

fn call(ticket: &Ticket, desk: &Desk, events: &mut Vec<Event>) -> Subject {
    events.push(Event::TicketCalled {
        ticket: ticket.id,
        desk: desk.name.clone(),
    });
    Subject::Ticket(ticket.id)
}

fn finish_attended(queue: &Queue, desk: &Desk, events: &mut Vec<Event>) {
    if let Some(ticket) = queue.attended_at(desk) {
        events.push(Event::TicketFinished {
            ticket: ticket.id,
            desk: desk.name.clone(),
        });
    }
}

/// The ticket that a desk attends.
fn attended<'a>(
    queue: &'a Queue,
    name: &DeskName,
    current: Option<&Expected>,
) -> Result<&'a Ticket, Refusal> {
    check_current(queue, name, current)?;
    let desk = queue.desk(name);
    desk.and_then(|desk| queue.attended_at(desk))
        .ok_or_else(|| Refusal::NobodyAttended { desk: name.clone() })
}

fn check_current(
    queue: &Queue,
    name: &DeskName,
    current: Option<&Expected>,
) -> Result<(), Refusal> {
    const NOBODY: &str = "nobody";
    let Some(expected) = current else {
        return Ok(());
    };
    let attended = queue.desk(name).and_then(|desk| queue.attended_at(desk));
    let as_expected = match (expected, attended) {
        (Expected::Nobody, None) => true,
        (Expected::Code(code), Some(ticket)) => ticket.has_code(code),
        _ => false,
    };
    if as_expected {
        return Ok(());
    }
    Err(Refusal::DeskMovedOn {
        desk: name.clone(),
        expected: match expected {
            Expected::Nobody => NOBODY.to_owned(),
            Expected::Code(code) => code.clone(),
        },
        actual: attended.map_or_else(|| NOBODY.to_owned(), Ticket::code),
    })
}

fn find<'a>(queue: &'a Queue, wanted: &TicketRef) -> Result<&'a Ticket, Refusal> {
    let (found, asked) = match wanted {
        TicketRef::Id(id) => (queue.ticket(*id), id.to_string()),
        TicketRef::Code(code) => (queue.ticket_with_code(code), code.clone()),
    };
    found.ok_or(Refusal::NoSuchTicket(asked))
}

fn expect_state(ticket: &Ticket, state: State, wish: &'static str) -> Result<(), Refusal> {
    if ticket.state == state {
        return Ok(());
    }
    Err(Refusal::WrongState {
        code: ticket.code(),
        state: ticket.state,
        wish,
    })
}

fn known_service<'a>(queue: &'a Queue, prefix: &Prefix) -> Result<&'a super::Service, Refusal> {
    queue.service(prefix).ok_or_else(|| {
        let known: Vec<&str> = queue.services().iter().map(|s| s.prefix.as_str()).collect();
        Refusal::UnknownService {
            asked: prefix.clone(),
            known: known.join(", "),
        }
    })
}

fn about(ticket: &Ticket, events: Vec<Event>) -> Decision {
    Decision {
        events,
        outcome: Ok(Subject::Ticket(ticket.id)),
    }
}
