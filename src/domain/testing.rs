//! What the tests of the rules share: an office, commands at random and in words, and what holds in
//! every queue.

use std::collections::HashSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;

/// A command of few names, so that random ones meet.
pub(crate) fn any_command() -> impl Strategy<Value = Command> {
    let desk = (0..3u8).prop_map(|n| DeskName::parse(&format!("desk {n}")).expect("a name"));
    let ticket = (0..12u128).prop_map(TicketId::from_random);
    let code = (1..12u32).prop_map(|n| format!("A{n}"));
    let current = prop_oneof![
        5 => Just(None),
        1 => Just(Some(Expected::Nobody)),
        1 => code.clone().prop_map(|code| Some(Expected::Code(code))),
    ];
    let current_of_undo = current.clone();
    let wanted = prop_oneof![
        ticket.clone().prop_map(TicketRef::Id),
        code.prop_map(TicketRef::Code),
    ];
    let create = prop_oneof![
        Just(None),
        Just(Some("A")),
        Just(Some("B")),
        Just(Some("Z"))
    ];
    prop_oneof![
        4 => (create, any::<bool>()).prop_map(|(service, urgent)| Command::Create {
            // The id is set where the command is run: each is drawn once.
            ticket: TicketId::from_random(0),
            service: service.map(Prefix::new),
            priority: urgent.then(|| "urgent".into()),
            note: None,
        }),
        1 => ticket.clone().prop_map(|ticket| Command::Cancel { ticket, desk: None }),
        2 => (ticket.clone(), desk.clone())
            .prop_map(|(ticket, desk)| Command::Cancel { ticket, desk: Some(desk) }),
        4 => (desk.clone(), current.clone())
            .prop_map(|(desk, current)| Command::Next { desk, current }),
        2 => (desk.clone(), wanted, current.clone())
            .prop_map(|(desk, ticket, current)| Command::Call { desk, ticket, current }),
        1 => (desk.clone(), current.clone())
            .prop_map(|(desk, current)| Command::Recall { desk, current }),
        2 => (desk.clone(), current)
            .prop_map(|(desk, current)| Command::Finish { desk, current }),
        1 => ticket.clone().prop_map(|ticket| Command::FinishTicket { ticket }),
        3 => (desk.clone(), current_of_undo).prop_map(|(desk, current)| Command::Undo { desk, current }),
        2 => ticket.prop_map(|ticket| Command::Return { ticket }),
        1 => desk.clone().prop_map(|desk| Command::NoShow { desk, current: None }),
        2 => desk.clone().prop_map(|desk| Command::Hold { desk, current: None }),
        3 => (desk.clone(), any_target(), any_position()).prop_map(|(desk, target, position)| {
            Command::Transfer { desk, current: None, target, position }
        }),
        1 => (desk.clone(), any::<Option<bool>>())
            .prop_map(|(desk, open)| Command::SetDesk { desk, open, services: None }),
        2 => (desk.clone(), 0..3u128, any::<Option<bool>>(), any::<bool>()).prop_map(
            |(desk, screen, gone, take_over)| Command::Claim {
                desk,
                screen: ScreenId::from_random(screen),
                gone: gone.map(|first| ScreenId::from_random(u128::from(first))),
                take_over,
            }
        ),
        1 => desk.prop_map(|desk| Command::DeleteDesk { desk }),
        1 => (0..4i32, any::<Option<bool>>()).prop_map(|(n, behind)| Command::KeepDay {
            day: day(n),
            before: behind.map(|behind| day(n - i32::from(behind))),
            first: Some(day(0)),
        }),
        1 => (any::<bool>(), 0..24u8).prop_map(|(keep_waiting, hour)| Command::SetSettings {
            change: SettingsChange {
                keep_waiting: Some(keep_waiting),
                day_begins_hour: Some(hour),
                ..SettingsChange::default()
            },
        }),
    ]
}

/// The nth day after one that can be.
pub(crate) fn day(n: i32) -> Day {
    Day::from_epoch_days(20_780 + n)
}

fn any_target() -> impl Strategy<Value = Target> {
    prop_oneof![
        Just(Target::Back),
        Just(Target::Service(Prefix::new("A"))),
        Just(Target::Service(Prefix::new("B"))),
        Just(Target::Service(Prefix::new("Z"))),
        (0..3u8)
            .prop_map(|n| { Target::Desk(DeskName::parse(&format!("desk {n}")).expect("a name")) }),
    ]
}

fn any_position() -> impl Strategy<Value = Position> {
    prop_oneof![
        Just(Position::Arrival),
        Just(Position::Front),
        Just(Position::Back)
    ]
}

/// An office of two lines, so that tickets can change between them.
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

/// Lets a command happen at that moment, as the ledger does; returns what was decided and what
/// happened.
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

/// What holds in every queue.
pub(crate) fn check(queue: &Queue) {
    let mut numbers = HashSet::new();
    for ticket in queue.tickets_after(None) {
        let number = (ticket.prefix.clone(), ticket.number);
        assert!(numbers.insert(number), "{} was given twice", ticket.code());
        let places = queue.lanes.values().flatten();
        let in_line = places.filter(|p| p.arrival() == ticket.arrival).count();
        if in_line > 0 {
            let lane = queue.lanes.get(&ticket.lane()).expect("its lane");
            assert!(lane.contains(&ticket.place), "it is in its own lane");
        }
        let at_desks: Vec<&Desk> = queue
            .desks()
            .filter(|desk| desk.attending == Some(ticket.arrival))
            .collect();
        let ended = queue.ended.iter().filter(|a| **a == ticket.arrival).count();
        let places = (in_line, at_desks.len(), ended);
        let expected = match ticket.state {
            State::Waiting => (1, 0, 0),
            State::Serving => (0, 1, 0),
            State::Held => (0, 0, 0),
            State::Done | State::Cancelled | State::NoShow => (0, 0, 1),
        };
        assert_eq!(places, expected, "{} is {:?}", ticket.code(), ticket.state);
        if let [desk] = at_desks.as_slice() {
            assert_eq!(ticket.desk.as_ref(), Some(&desk.name));
        }
        assert_eq!(
            queue.ahead(ticket, queue.now).is_some(),
            ticket.state == State::Waiting
        );
    }
    for ticket in queue.past.values() {
        assert_eq!(ticket.state, State::Cancelled, "{} is over", ticket.code());
        assert_eq!(queue.arrived(ticket.arrival), None, "it is in one place");
        assert_eq!(queue.ahead(ticket, queue.now), None);
    }
    let waiting = queue.tickets_after(None);
    let waiting = waiting.filter(|t| t.state == State::Waiting).count();
    assert_eq!(queue.waiting(), waiting);
    assert_eq!(queue.waiting_tickets().len(), waiting);
    for line in queue.lanes.values() {
        assert!(line.iter().is_sorted(), "a line is in order");
    }
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
        },
        "cancel" => Command::Cancel {
            ticket: id(words[1]),
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
                Some(&"front") => Position::Front,
                Some(&"behind") => Position::Back,
                _ => Position::Arrival,
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
            Event::TicketReturned { ticket, .. } => format!("returned {}", code(ticket)),
            Event::TicketTransferred { ticket, line, .. } => {
                let line = match line {
                    Line::Service(prefix) => format!("line {prefix}"),
                    Line::Desk(name) => format!("desk {name}"),
                };
                format!("sent {} to {line}", code(ticket))
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
            Event::DayStarted { day, .. } => day.to_string(),
        })
        .collect();
    if let Err(refusal) = &decision.outcome {
        parts.push(format!("! {refusal}"));
    }
    parts.join(", ")
}
