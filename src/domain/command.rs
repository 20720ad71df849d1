//! What can be asked of the queue, and what comes of it.

use std::sync::Arc;

use thiserror::Error;

use super::desk::{Desk, DeskName};
use super::event::Event;
use super::next::whose_turn;
use super::queue::Queue;
use super::service::{Prefix, Service, ServiceSetup};
use super::settings::{Day, Settings};
use super::ticket::{Line, Place, State, Ticket, TicketId, Timestamp};

/// How many desks an office can have: a bound on what a mistyped script can create, far above the
/// largest town hall.
const MOST_DESKS: usize = 1_000;

/// How many services an office can have: more buttons than a kiosk can show.
const MOST_SERVICES: usize = 100;

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
pub enum Position {
    /// As if it had been there since it arrived.
    Arrival,
    Front,
    Back,
}

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
    /// Withdraw a ticket that waits or was put aside.
    Cancel { ticket: TicketId },
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
        position: Position,
    },
    /// Let a ticket that was put aside, or whose person did not come, wait again, where it was.
    Return { ticket: TicketId },
    /// Make or set up a desk; `None` leaves a setting as it is.
    SetDesk {
        desk: DeskName,
        open: Option<bool>,
        services: Option<Vec<Prefix>>,
    },
    /// Take a desk away.
    DeleteDesk { desk: DeskName },
    /// Make or set up a service.
    SetService {
        service: Prefix,
        setup: ServiceSetup,
    },
    /// Take a service away.
    DeleteService { service: Prefix },
    /// Set up the office.
    SetSettings { settings: Settings },
    /// The clock says that it is that business day. `newest` is the day of the newest ticket, for
    /// an office whose first day has not ended yet.
    KeepDay { day: Day, newest: Option<Day> },
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
    #[error("Desk {desk} is needed for {code}: finish it first.")]
    DeskInUse { desk: DeskName, code: String },
    #[error("There is no ticket {0} here.")]
    NoSuchTicket(String),
    #[error("There is no desk {0} here.")]
    NoSuchDesk(DeskName),
    #[error("There is no service {asked}; there are: {known}.")]
    UnknownService { asked: Prefix, known: String },
    #[error("There is no priority {asked}; there are: {known}.")]
    UnknownPriority { asked: String, known: String },
    #[error("{name} is closed. {message}")]
    ServiceClosed { name: String, message: String },
    #[error("Service {service} is needed: {why}.")]
    ServiceInUse { service: Prefix, why: String },
    #[error("An office has {MOST_SERVICES} services at most; delete one that is not used.")]
    TooManyServices,
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
    /// A service, and whether it was made just now.
    Service {
        prefix: Prefix,
        made: bool,
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

/// Decides what comes of a command at the moment `now`, and changes nothing.
pub fn decide(queue: &Queue, command: &Command, now: Timestamp) -> Decision {
    granted(queue, command, now).unwrap_or_else(Decision::from)
}

fn granted(queue: &Queue, command: &Command, now: Timestamp) -> Result<Decision, Refusal> {
    match command {
        Command::Create {
            ticket,
            service,
            priority,
            note,
        } => create(
            queue,
            *ticket,
            service.as_ref(),
            priority.as_ref(),
            note.clone(),
        ),
        Command::Cancel { ticket } => cancel(queue, *ticket),
        Command::Next { desk, current } => {
            let mut events = Vec::new();
            let desk = at_desk(queue, desk, current.as_ref(), &mut events)?;
            finish_attended(queue, &desk, &mut events);
            let outcome = match whose_turn(queue, &desk, now) {
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
            expect_state(ticket, &[State::Waiting, State::Held], "called")?;
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
        Command::NoShow { desk, current } => {
            let ticket = attended(queue, desk, current.as_ref())?;
            let event = Event::TicketNoShow {
                ticket: ticket.id,
                desk: desk.clone(),
            };
            Ok(about(ticket, vec![event]))
        }
        Command::Hold { desk, current } => {
            let ticket = attended(queue, desk, current.as_ref())?;
            let event = Event::TicketHeld {
                ticket: ticket.id,
                desk: desk.clone(),
            };
            Ok(about(ticket, vec![event]))
        }
        Command::Transfer {
            desk,
            current,
            target,
            position,
        } => {
            let ticket = attended(queue, desk, current.as_ref())?;
            transfer(queue, desk, ticket, target, *position)
        }
        Command::Return { ticket } => {
            let ticket = find(queue, &TicketRef::Id(*ticket))?;
            expect_state(ticket, &[State::Held, State::NoShow], "returned")?;
            let event = Event::TicketReturned {
                ticket: ticket.id,
                rank: ticket.place.rank(),
            };
            Ok(about(ticket, vec![event]))
        }
        Command::SetDesk {
            desk,
            open,
            services,
        } => set_desk(queue, desk, *open, services.as_deref()),
        Command::DeleteDesk { desk } => delete_desk(queue, desk),
        Command::SetService { service, setup } => set_service(queue, service, setup),
        Command::DeleteService { service } => delete_service(queue, service),
        Command::SetSettings { settings } => Ok(office(if queue.settings == *settings {
            Vec::new()
        } else {
            vec![Event::SettingsChanged {
                settings: settings.clone(),
            }]
        })),
        Command::KeepDay { day, newest } => Ok(office(keep_day(queue, *day, *newest))),
    }
}

fn create(
    queue: &Queue,
    id: TicketId,
    service: Option<&Prefix>,
    priority: Option<&Arc<str>>,
    note: Option<Box<str>>,
) -> Result<Decision, Refusal> {
    let service = match service {
        Some(prefix) => queue.known_service(prefix)?,
        None => queue
            .services()
            .first()
            .expect("an office has at least one service"),
    };
    let priorities = &queue.settings().priorities;
    let asked = priority.map_or("", |name| name);
    let found = match priority {
        None => priorities.first(),
        Some(asked) => priorities.iter().find(|p| p.name == *asked),
    };
    let priority = found.ok_or_else(|| {
        let known: Vec<&str> = priorities.iter().map(|p| &*p.name).collect();
        Refusal::UnknownPriority {
            asked: asked.to_owned(),
            known: known.join(", "),
        }
    })?;
    if !service.setup.open {
        return Err(Refusal::ServiceClosed {
            name: service.setup.name.to_string(),
            message: service
                .setup
                .message
                .as_deref()
                .unwrap_or_default()
                .to_owned(),
        });
    }
    Ok(Decision {
        events: vec![Event::TicketCreated {
            ticket: id,
            service: service.prefix.clone(),
            number: free_number(queue, service),
            digits: service.setup.digits,
            priority: priority.name.clone(),
            note,
        }],
        outcome: Ok(Subject::Ticket(id)),
    })
}

/// The next number of a service. One that somebody holds from the day before is passed over.
fn free_number(queue: &Queue, service: &Service) -> u32 {
    let mut number = service.next_number();
    while queue.carried.contains(&(service.prefix.clone(), number)) {
        number += 1;
    }
    number
}

fn cancel(queue: &Queue, id: TicketId) -> Result<Decision, Refusal> {
    let ticket = find(queue, &TicketRef::Id(id))?;
    expect_state(ticket, &[State::Waiting, State::Held], "cancelled")?;
    Ok(about(ticket, vec![Event::TicketCancelled { ticket: id }]))
}

fn finish_ticket(queue: &Queue, id: TicketId) -> Result<Decision, Refusal> {
    let ticket = find(queue, &TicketRef::Id(id))?;
    if ticket.state == State::Done {
        return Ok(about(ticket, Vec::new()));
    }
    expect_state(ticket, &[State::Serving], "finished")?;
    let desk = ticket
        .desk
        .clone()
        .expect("a ticket that is served has a desk");
    let event = Event::TicketFinished { ticket: id, desk };
    Ok(about(ticket, vec![event]))
}

fn transfer(
    queue: &Queue,
    desk: &DeskName,
    ticket: &Ticket,
    target: &Target,
    position: Position,
) -> Result<Decision, Refusal> {
    let (service, line) = match target {
        Target::Back => {
            let service = ticket.service.clone();
            (service.clone(), Line::Service(service))
        }
        Target::Service(prefix) => {
            let service = queue.known_service(prefix)?.prefix.clone();
            (service.clone(), Line::Service(service))
        }
        Target::Desk(name) => {
            let known = queue.desk(name);
            known.ok_or_else(|| Refusal::NoSuchDesk(name.clone()))?;
            (ticket.service.clone(), Line::Desk(name.clone()))
        }
    };
    let arrived = Place::by_arrival(ticket.arrival).rank();
    let rank = match position {
        Position::Arrival => arrived,
        // Below zero, and below whoever was sent to the front before.
        Position::Front => {
            let heads = queue
                .lanes_of(&line)
                .filter_map(|(_, places)| places.front());
            heads.map(|place| place.rank()).fold(0, i64::min) - 1
        }
        // Later arrivals will have larger ranks than this event's number.
        Position::Back => i64::try_from(queue.seq() + 1).unwrap_or(i64::MAX),
    };
    let event = Event::TicketTransferred {
        ticket: ticket.id,
        desk: desk.clone(),
        service,
        line,
        rank,
    };
    Ok(about(ticket, vec![event]))
}

fn set_service(queue: &Queue, prefix: &Prefix, setup: &ServiceSetup) -> Result<Decision, Refusal> {
    let known = queue.service(prefix);
    if known.is_none() && queue.services().len() >= MOST_SERVICES {
        return Err(Refusal::TooManyServices);
    }
    let same = known.is_some_and(|service| service.setup == *setup);
    let changed = Event::ServiceChanged {
        service: prefix.clone(),
        setup: setup.clone(),
    };
    Ok(Decision {
        events: if same { Vec::new() } else { vec![changed] },
        outcome: Ok(Subject::Service {
            prefix: prefix.clone(),
            made: known.is_none(),
        }),
    })
}

fn delete_service(queue: &Queue, prefix: &Prefix) -> Result<Decision, Refusal> {
    let in_use = |why: String| Refusal::ServiceInUse {
        service: prefix.clone(),
        why,
    };
    queue.known_service(prefix)?;
    if queue.services().len() == 1 {
        return Err(in_use("it is the only one".to_owned()));
    }
    let mut open = queue.tickets.values().filter(|t| !t.state.is_final());
    if let Some(ticket) = open.find(|t| t.service == *prefix) {
        return Err(in_use(format!("{} is in it", ticket.code())));
    }
    let mut desks = queue.desks();
    if let Some(desk) = desks.find(|desk| desk.services.contains(prefix)) {
        return Err(in_use(format!("desk {} attends it", desk.name)));
    }
    let event = Event::ServiceDeleted {
        service: prefix.clone(),
    };
    Ok(Decision {
        events: vec![event],
        outcome: Ok(Subject::Deleted),
    })
}

/// How far back a clock may step and still mean the same business day: a time zone set right, a
/// battery that has run low.
const SMALL_STEP_DAYS: i32 = 1;

/// No clock that is right says an earlier day than this program's first (2026-01-01).
const FIRST_DAY: Day = Day::from_epoch_days(20_454);

/// What happens when the clock says that it is `day`. A later day begins with new numbers. An
/// earlier one never does, since today's might be given twice; a step back of more than a day is
/// taken over, so that a clock that was once far ahead does not stop numbers for ever.
fn keep_day(queue: &Queue, day: Day, newest: Option<Day>) -> Vec<Event> {
    let Some(today) = queue.day().or(newest) else {
        return Vec::new();
    };
    if day < FIRST_DAY {
        return Vec::new();
    }
    if today < FIRST_DAY {
        // The clock has just been set right; the numbers given before that are today's all the same.
        return vec![Event::DayStarted {
            day,
            restart: false,
        }];
    }
    let ahead = day.days_after(today);
    if (-SMALL_STEP_DAYS..=0).contains(&ahead) {
        return Vec::new();
    }
    let restart = ahead > 0;
    let mut events = Vec::new();
    if restart && !queue.settings().keep_waiting {
        let left = queue.tickets.values();
        let left = left.filter(|t| matches!(t.state, State::Waiting | State::Held));
        events.extend(left.map(|ticket| Event::TicketCancelled { ticket: ticket.id }));
    }
    events.push(Event::DayStarted { day, restart });
    events
}

fn office(events: Vec<Event>) -> Decision {
    Decision {
        events,
        outcome: Ok(Subject::Office),
    }
}

fn set_desk(
    queue: &Queue,
    name: &DeskName,
    open: Option<bool>,
    services: Option<&[Prefix]>,
) -> Result<Decision, Refusal> {
    for prefix in services.unwrap_or_default() {
        queue.known_service(prefix)?;
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
    let own = Line::Desk(name.clone());
    let mut heads = queue
        .lanes_of(&own)
        .filter_map(|(_, places)| places.front());
    let waits = heads
        .next()
        .and_then(|place| queue.arrived(place.arrival()));
    if let Some(ticket) = queue.attended_at(desk).or(waits) {
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

fn expect_state(ticket: &Ticket, states: &[State], wish: &'static str) -> Result<(), Refusal> {
    if states.contains(&ticket.state) {
        return Ok(());
    }
    Err(Refusal::WrongState {
        code: ticket.code(),
        state: ticket.state,
        wish,
    })
}

fn about(ticket: &Ticket, events: Vec<Event>) -> Decision {
    Decision {
        events,
        outcome: Ok(Subject::Ticket(ticket.id)),
    }
}
