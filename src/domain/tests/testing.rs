//! Helpers of the rules' tests: an office, commands in words, and the invariants of every queue.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::*;

/// An office of two services, so that tickets can change between them.
pub(crate) fn two_lines() -> Queue {
    let mut parts = Queue::new().parts();
    let priority = |name: &str, weight| Priority {
        name: name.into(),
        names: Arc::default(),
        weight,
    };
    parts.settings.priorities = Arc::new([priority("normal", 1), priority("urgent", 4)]);
    let setup = ServiceSetup::named("Second");
    parts.services.push(Service::new(Prefix::new("B"), setup));
    Queue::from_parts(parts)
}

/// Carries out a command at that moment, as the ledger does; returns the decision and the events.
pub(crate) fn ask(queue: &mut Queue, command: &Command, at: Timestamp) -> (Decision, Vec<Stamped>) {
    let decision = decide(queue, command, at);
    let mut happened = Vec::new();
    for event in decision.events.iter().cloned() {
        let seq = queue.seq() + 1;
        let stamped = Stamped { seq, at, event };
        apply(queue, &stamped);
        happened.push(stamped);
    }
    check(queue);
    (decision, happened)
}

/// A second later than the last event, as if everything took one.
pub(crate) fn moment(queue: &Queue) -> Timestamp {
    Timestamp::from_millis(i64::try_from(queue.seq()).expect("few") * 1_000)
}

/// Checks the invariants of every queue.
pub(crate) fn check(queue: &Queue) {
    let mut numbers = HashSet::new();
    for ticket in queue.tickets_after(None) {
        let number = (ticket.prefix.clone(), ticket.number);
        assert!(numbers.insert(number), "{} was given twice", ticket.code());
        check_place(queue, ticket);
    }
    for desk in queue.desks() {
        let Some(arrival) = desk.serving else {
            continue;
        };
        let served = queue.arrived(arrival);
        let is_served = served.is_some_and(|ticket| ticket.state == State::Serving);
        assert!(is_served, "desk {} serves {served:?}", desk.name);
    }
    for ticket in queue.previous_day.values() {
        assert_eq!(ticket.state, State::Cancelled, "{} is over", ticket.code());
        assert_eq!(queue.arrived(ticket.arrival), None, "it is in one position");
        assert_eq!(queue.ahead(ticket, moment(queue)), None);
    }
    let waiting = queue.tickets_after(None);
    let waiting = waiting.filter(|t| t.state == State::Waiting).count();
    assert_eq!(queue.waiting(), waiting);
    assert_eq!(queue.waiting_tickets().len(), waiting);
    let services = queue.services().iter();
    let services = services.map(|s| WaitingList::Service(s.prefix.clone()));
    let desks = queue
        .desks()
        .map(|desk| WaitingList::Desk(desk.name.clone()));
    let in_lines = services.chain(desks).map(|list| queue.waiting_in(&list));
    assert_eq!(in_lines.sum::<usize>(), waiting, "a list that is not there");
    for list in queue.priority_lists.values() {
        assert!(list.iter().is_sorted(), "a list is in order");
    }
    assert_eq!(queue.by_id.len(), queue.tickets.len());
    assert!(queue.ended.iter().all(|a| queue.arrived(*a).is_some()));
}

/// A ticket is where its state says, and nowhere else.
fn check_place(queue: &Queue, ticket: &Ticket) {
    assert_eq!(queue.ticket(ticket.id), Some(ticket));
    let positions = queue.priority_lists.values().flatten();
    let in_line = positions.filter(|p| p.arrival() == ticket.arrival).count();
    if in_line > 0 {
        let priority_list = queue
            .priority_lists
            .get(&ticket.priority_list())
            .expect("its priority_list");
        assert!(
            priority_list.contains(&ticket.position),
            "it is in its own priority_list"
        );
    }
    let at_desks: Vec<&Desk> = queue
        .desks()
        .filter(|desk| desk.serving == Some(ticket.arrival))
        .collect();
    let ended = queue.ended.iter().filter(|a| **a == ticket.arrival).count();
    let positions = (in_line, at_desks.len(), ended);
    let expected = match ticket.state {
        State::Waiting => (1, 0, 0),
        State::Serving => (0, 1, 0),
        State::Held => (0, 0, 0),
        State::Done | State::Cancelled | State::NoShow => (0, 0, 1),
    };
    assert_eq!(
        positions,
        expected,
        "{} is {:?}",
        ticket.code(),
        ticket.state
    );
    if let [desk] = at_desks.as_slice() {
        assert_eq!(ticket.desk.as_ref(), Some(&desk.name));
    }
    assert_eq!(
        queue.ahead(ticket, moment(queue)).is_some(),
        ticket.state == State::Waiting
    );
}

/// Reads `next 1`, `finish 1 A2`, `new`, `cancel A1` … into a command.
pub(crate) fn command(queue: &Queue, words: &str, drawn: u128) -> Command {
    let words: Vec<&str> = words.split(' ').collect();
    let desk = || DeskName::parse(words[1]).expect("a name");
    let id = |code: &str| {
        let found = queue
            .tickets_after(None)
            .find(|ticket| ticket.has_code(code));
        found.map_or(TicketId::from_random(u128::MAX), |ticket| ticket.id)
    };
    let current = |index: usize| {
        words.get(index).map(|word| match *word {
            "nobody" => Expected::Nobody,
            code => Expected::Code(code.to_owned()),
        })
    };
    match words[0] {
        "new" => Command::Create {
            ticket: TicketId::from_random(drawn),
            service: words.get(1).map(|prefix| Prefix::new(prefix)),
            priority: None,
            note: None,
            language: None,
        },
        "cancel" => Command::Cancel {
            ticket: TicketRef::Id(id(words[1])),
            desk: words
                .get(2)
                .map(|name| DeskName::parse(name).expect("a name")),
        },
        "next" => Command::Next {
            desk: desk(),
            current: current(2),
        },
        "call" => Command::Call {
            desk: desk(),
            ticket: TicketRef::Code(words[2].to_owned()),
            current: current(3),
        },
        "undo" => Command::Undo {
            desk: desk(),
            current: current(2),
        },
        "recall" => Command::Recall {
            desk: desk(),
            current: current(2),
        },
        "finish" => Command::Finish {
            desk: desk(),
            current: current(2),
        },
        "done" => Command::FinishTicket {
            ticket: id(words[1]),
        },
        "no-show" => Command::NoShow {
            desk: desk(),
            current: current(2),
        },
        "hold" => Command::Hold {
            desk: desk(),
            current: current(2),
        },
        "return" => Command::Return {
            ticket: id(words[1]),
            desk: words
                .get(2)
                .map(|name| DeskName::parse(name).expect("a name")),
            seen: None,
        },
        "send" => Command::Transfer {
            desk: desk(),
            current: None,
            target: match words[2] {
                "back" => Target::Back,
                "A" | "B" | "Z" => Target::Service(Prefix::new(words[2])),
                name => Target::Desk(DeskName::parse(name).expect("a name")),
            },
            position: match words.get(3) {
                Some(&"front") => TransferPosition::Front,
                Some(&"behind") => TransferPosition::Back,
                _ => TransferPosition::Arrival,
            },
        },
        "open" | "close" => Command::SetDesk {
            desk: desk(),
            open: Some(words[0] == "open"),
            services: None,
        },
        "delete-service" => Command::DeleteService {
            service: Prefix::new(words[1]),
        },
        "delete" => Command::DeleteDesk { desk: desk() },
        other => panic!("no command {other}"),
    }
}

/// Writes a decision as `created A1`, `finished A1 at 1, called A2 at 1`, `! Nobody is waiting.`
pub(crate) fn words(queue: &Queue, decision: &Decision) -> String {
    let code = |id: &TicketId| queue.ticket(*id).map_or("?".to_owned(), Ticket::code);
    let mut parts: Vec<String> = decision
        .events
        .iter()
        .map(|event| match event {
            Event::TicketCreated {
                service, number, ..
            } => format!("created {service}{number}"),
            Event::TicketCalled { ticket, desk, .. } => {
                format!("called {} at {desk}", code(ticket))
            }
            Event::TicketRecalled { ticket, desk } => {
                format!("recalled {} at {desk}", code(ticket))
            }
            Event::TicketFinished { ticket, desk } => {
                format!("finished {} at {desk}", code(ticket))
            }
            Event::TicketCancelled { ticket, desk } => match desk {
                Some(desk) => format!("cancelled {} at {desk}", code(ticket)),
                None => format!("cancelled {}", code(ticket)),
            },
            Event::TicketNoShow { ticket, desk } => format!("no-show {} at {desk}", code(ticket)),
            Event::TicketHeld { ticket, desk } => format!("held {} at {desk}", code(ticket)),
            Event::TicketReturned { ticket, desk, .. } => match desk {
                Some(desk) => format!("returned {} at {desk}", code(ticket)),
                None => format!("returned {}", code(ticket)),
            },
            Event::TicketTransferred { ticket, list, .. } => {
                let list = match list {
                    WaitingList::Service(prefix) => format!("list {prefix}"),
                    WaitingList::Desk(name) => format!("desk {name}"),
                };
                format!("sent {} to {list}", code(ticket))
            }
            Event::StepUndone { desk, tickets } => {
                let codes: Vec<String> = tickets.iter().map(code).collect();
                format!("undone {} at {desk}", codes.join(" and "))
            }
            Event::DeskChanged { desk, open, .. } => {
                format!("desk {desk} {}", if *open { "open" } else { "closed" })
            }
            Event::DeskClaimed { desk, .. } => format!("desk {desk} claimed"),
            Event::OfficeImported { .. } => "moved here".to_owned(),
            Event::DeskDeleted { desk } => format!("desk {desk} deleted"),
            Event::ServiceChanged { service, .. } => format!("service {service}"),
            Event::ServiceDeleted { service } => format!("service {service} deleted"),
            Event::SettingsChanged { .. } => "set up".to_owned(),
            Event::DayStarted => "day started".to_owned(),
            Event::ClockStepped { by, .. } => format!("clock stepped by {by}"),
        })
        .collect();
    if let Err(refusal) = &decision.outcome {
        parts.push(format!("! {refusal}"));
    }
    parts.join(", ")
}
