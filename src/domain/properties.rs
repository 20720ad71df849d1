//! What holds whatever is asked, in whatever order.

use std::collections::HashSet;
use std::sync::Arc;

use proptest::collection::vec;
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
        1 => ticket.clone().prop_map(|ticket| Command::Cancel { ticket }),
        4 => (desk.clone(), current.clone())
            .prop_map(|(desk, current)| Command::Next { desk, current }),
        2 => (desk.clone(), wanted, current.clone())
            .prop_map(|(desk, ticket, current)| Command::Call { desk, ticket, current }),
        1 => (desk.clone(), current.clone())
            .prop_map(|(desk, current)| Command::Recall { desk, current }),
        2 => (desk.clone(), current)
            .prop_map(|(desk, current)| Command::Finish { desk, current }),
        1 => ticket.clone().prop_map(|ticket| Command::FinishTicket { ticket }),
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
        1 => (0..4i32).prop_map(|n| Command::KeepDay { day: day(n), newest: Some(day(0)) }),
        1 => any::<bool>().prop_map(|keep_waiting| Command::SetSettings {
            change: SettingsChange { keep_waiting: Some(keep_waiting), ..SettingsChange::default() },
        }),
    ]
}

/// The nth day after one that can be.
fn day(n: i32) -> Day {
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

/// Runs commands as the ledger does; returns the queue and everything that happened.
fn run(commands: &[Command]) -> (Queue, Vec<Stamped>) {
    let mut queue = two_lines();
    let events = go_on(&mut queue, 0, commands);
    (queue, events)
}

/// Runs commands on a queue; its new tickets' ids are counted from `drawn` on.
pub(crate) fn go_on(queue: &mut Queue, drawn: u128, commands: &[Command]) -> Vec<Stamped> {
    let mut events = Vec::new();
    let mut drawn = drawn;
    for command in commands {
        let mut command = command.clone();
        if let Command::Create { ticket, .. } = &mut command {
            *ticket = TicketId::from_random(drawn);
            drawn += 1;
        }
        let decision = decide(queue, &command, moment(queue));
        for event in decision.events {
            let seq = queue.seq() + 1;
            let at = moment(queue);
            let stamped = Stamped { seq, at, event };
            apply(queue, &stamped);
            events.push(stamped);
        }
        if let Ok(Subject::Ticket(id)) = decision.outcome {
            assert!(queue.ticket(id).is_some(), "what is answered is there");
        }
        check(queue);
    }
    events
}

/// A second later than the last event, as if everything took one.
fn moment(queue: &Queue) -> Timestamp {
    Timestamp::from_millis(i64::try_from(queue.seq()).expect("few") * 1_000)
}

/// No number was given twice between two restarts of numbers.
pub(crate) fn check_numbers(events: &[Stamped]) {
    let mut given = HashSet::new();
    for stamped in events {
        match &stamped.event {
            Event::DayStarted { restart: true, .. } => given.clear(),
            Event::TicketCreated {
                service, number, ..
            } => {
                let code = (service.clone(), *number);
                assert!(given.insert(code), "{service}{number} was given twice");
            }
            _ => {}
        }
    }
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
            queue.ahead(ticket).is_some(),
            ticket.state == State::Waiting
        );
    }
    let waiting = queue.tickets_after(None);
    let waiting = waiting.filter(|t| t.state == State::Waiting).count();
    assert_eq!(queue.waiting(), waiting);
    assert_eq!(queue.waiting_tickets().len(), waiting);
    for line in queue.lanes.values() {
        assert!(line.iter().is_sorted(), "a line is in order");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_ticket_is_in_one_place_and_no_number_is_given_twice(
        commands in vec(any_command(), 0..80)
    ) {
        let (_, events) = run(&commands);
        check_numbers(&events);
    }

    #[test]
    fn replaying_the_events_gives_the_same_queue(
        commands in vec(any_command(), 0..80),
        snapshot_after in 0..80usize,
    ) {
        let (queue, events) = run(&commands);
        let mut replayed = two_lines();
        for (index, stamped) in events.iter().enumerate() {
            if index == snapshot_after {
                replayed = Queue::from_parts(replayed.parts());
            }
            apply(&mut replayed, stamped);
        }
        prop_assert_eq!(replayed, queue);
    }

    #[test]
    fn people_are_called_in_the_order_of_arrival(desks in vec(0..3u8, 1..30)) {
        let mut commands = vec![
            Command::Create { ticket: TicketId::from_random(0), service: None, priority: None, note: None };
            20
        ];
        commands.extend(desks.iter().map(|desk| Command::Next {
            desk: DeskName::parse(&desk.to_string()).expect("a name"),
            current: None,
        }));
        let (_, events) = run(&commands);
        let called: Vec<TicketId> = events
            .iter()
            .filter_map(|stamped| match stamped.event {
                Event::TicketCalled { ticket, .. } => Some(ticket),
                _ => None,
            })
            .collect();
        let expected = (0..called.len() as u128).map(TicketId::from_random);
        prop_assert_eq!(called.len(), desks.len().min(20));
        prop_assert!(called.into_iter().eq(expected));
    }
}

#[test]
fn ended_tickets_leave_memory_and_open_ones_stay() {
    let mut queue = Queue::new();
    let give = |queue: &mut Queue, event| {
        let seq = queue.seq() + 1;
        let at = moment(queue);
        apply(queue, &Stamped { seq, at, event });
    };
    let created = |n: usize| Event::TicketCreated {
        ticket: TicketId::from_random(n as u128),
        service: Prefix::new("A"),
        number: u32::try_from(n).expect("few"),
        digits: 1,
        priority: NORMAL_PRIORITY.into(),
        note: None,
    };
    give(&mut queue, created(0));
    for n in 1..=ENDED_KEPT + 10 {
        give(&mut queue, created(n));
        let ticket = TicketId::from_random(n as u128);
        give(&mut queue, Event::TicketCancelled { ticket });
    }
    assert_eq!(queue.len(), ENDED_KEPT + 1);
    assert!(queue.ticket(TicketId::from_random(0)).is_some(), "it waits");
    assert!(
        queue.ticket(TicketId::from_random(10)).is_none(),
        "long ended"
    );
    assert!(
        queue.ticket(TicketId::from_random(11)).is_some(),
        "just kept"
    );
    check(&queue);
}

/// One line of the table below: what happened before, what is asked, and what comes of it.
type Row = (&'static str, &'static str, &'static str);

/// Reads `next 1`, `finish 1 A2`, `new`, `cancel A1` … into a command.
fn command(queue: &Queue, words: &str, drawn: u128) -> Command {
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
                "B" | "Z" => Target::Service(Prefix::new(words[2])),
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
        "delete" => Command::DeleteDesk { desk: desk() },
        other => panic!("no command {other}"),
    }
}

/// Writes a decision as `created A1`, `finished A1 at 1, called A2 at 1`, `! Nobody is waiting.`
fn words(queue: &Queue, decision: &Decision) -> String {
    let code = |id: &TicketId| queue.ticket(*id).map_or("?".to_owned(), Ticket::code);
    let mut parts: Vec<String> = decision
        .events
        .iter()
        .map(|event| match event {
            Event::TicketCreated {
                service, number, ..
            } => format!("created {service}{number}"),
            Event::TicketCalled { ticket, desk } => format!("called {} at {desk}", code(ticket)),
            Event::TicketRecalled { ticket, desk } => {
                format!("recalled {} at {desk}", code(ticket))
            }
            Event::TicketFinished { ticket, desk } => {
                format!("finished {} at {desk}", code(ticket))
            }
            Event::TicketCancelled { ticket } => format!("cancelled {}", code(ticket)),
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
            Event::DeskChanged { desk, open, .. } => {
                format!("desk {desk} {}", if *open { "open" } else { "closed" })
            }
            Event::DeskClaimed { desk, .. } => format!("desk {desk} claimed"),
            Event::DeskDeleted { desk } => format!("desk {desk} deleted"),
            Event::ServiceChanged { service, .. } => format!("service {service}"),
            Event::ServiceDeleted { service } => format!("service {service} deleted"),
            Event::SettingsChanged { .. } => "set up".to_owned(),
            Event::DayStarted { day, .. } => day.to_string(),
            Event::OfficeImported { .. } => "moved here".to_owned(),
        })
        .collect();
    if let Err(refusal) = &decision.outcome {
        parts.push(format!("! {refusal}"));
    }
    parts.join(", ")
}

#[test]
fn each_command_comes_to_what_the_contract_says() {
    let rows: &[Row] = &[
        ("", "new", "created A1"),
        ("new", "new", "created A2"),
        ("new;cancel A1", "new", "created A2"),
        ("", "new Z", "! There is no service Z; there are: A, B."),
        ("", "next 1", "desk 1 open, ! Nobody is waiting."),
        ("new", "next 1", "desk 1 open, called A1 at 1"),
        (
            "new;new;next 1",
            "next 1",
            "finished A1 at 1, called A2 at 1",
        ),
        (
            "new;next 1",
            "next 1",
            "finished A1 at 1, ! Nobody is waiting.",
        ),
        ("new;new;next 1", "next 2", "desk 2 open, called A2 at 2"),
        (
            "new;new;next 1",
            "next 1 A1",
            "finished A1 at 1, called A2 at 1",
        ),
        (
            "new;new;next 1",
            "next 1 a1",
            "finished A1 at 1, called A2 at 1",
        ),
        (
            "new;new;next 1",
            "next 1 nobody",
            "! Desk 1 attends A1 now, not nobody: look again before you go on.",
        ),
        (
            "new;new;next 1;next 1",
            "next 1 A1",
            "! Desk 1 attends A2 now, not A1: look again before you go on.",
        ),
        (
            "new",
            "next 1 A1",
            "! Desk 1 attends nobody now, not A1: look again before you go on.",
        ),
        ("new", "next 1 nobody", "desk 1 open, called A1 at 1"),
        ("close 1;new", "next 1", "desk 1 open, called A1 at 1"),
        ("new;new", "call 1 A2", "desk 1 open, called A2 at 1"),
        (
            "new;new;next 1",
            "call 1 A2",
            "finished A1 at 1, called A2 at 1",
        ),
        ("new", "call 1 A9", "! There is no ticket A9 here."),
        (
            "new;next 1",
            "call 2 A1",
            "! Ticket A1 is serving, so it cannot be called.",
        ),
        (
            "new;next 1",
            "call 1 A1",
            "! Ticket A1 is serving, so it cannot be called.",
        ),
        ("new;next 1", "recall 1", "recalled A1 at 1"),
        ("", "recall 1", "! Desk 1 attends nobody."),
        ("new;next 1", "finish 1", "finished A1 at 1"),
        (
            "new;next 1;finish 1",
            "finish 1",
            "! Desk 1 attends nobody.",
        ),
        (
            "new;next 1",
            "finish 1 A7",
            "! Desk 1 attends A1 now, not A7: look again before you go on.",
        ),
        ("new;next 1", "done A1", "finished A1 at 1"),
        ("new;next 1;done A1", "done A1", ""),
        (
            "new",
            "done A1",
            "! Ticket A1 is waiting, so it cannot be finished.",
        ),
        ("new", "cancel A1", "cancelled A1"),
        (
            "new;cancel A1",
            "cancel A1",
            "! Ticket A1 is cancelled, so it cannot be cancelled.",
        ),
        (
            "new;next 1",
            "cancel A1",
            "! Ticket A1 is serving, so it cannot be cancelled.",
        ),
        (
            "new;cancel A1",
            "next 1",
            "desk 1 open, ! Nobody is waiting.",
        ),
        ("", "open 1", "desk 1 open"),
        ("open 1", "open 1", ""),
        ("open 1", "close 1", "desk 1 closed"),
        ("open 1", "delete 1", "desk 1 deleted"),
        ("", "delete 1", "! There is no desk 1 here."),
        (
            "new;next 1",
            "delete 1",
            "! Desk 1 is needed for A1: finish it first.",
        ),
        ("new;next 1", "no-show 1", "no-show A1 at 1"),
        ("", "no-show 1", "! Desk 1 attends nobody."),
        ("new;next 1;no-show 1", "return A1", "returned A1"),
        ("new;next 1;no-show 1;return A1", "next 1", "called A1 at 1"),
        (
            "new;next 1;no-show 1",
            "cancel A1",
            "! Ticket A1 is no-show, so it cannot be cancelled.",
        ),
        (
            "new;next 1;no-show 1",
            "call 1 A1",
            "! Ticket A1 is no-show, so it cannot be called.",
        ),
        ("new;new;next 1", "hold 1", "held A1 at 1"),
        ("new;new;next 1;hold 1", "next 1", "called A2 at 1"),
        (
            "new;new;next 1;hold 1;next 1;hold 1",
            "call 1 A1",
            "called A1 at 1",
        ),
        (
            "new;new;next 1;hold 1",
            "call 2 A1",
            "desk 2 open, called A1 at 2",
        ),
        ("new;next 1;hold 1", "next 1", "! Nobody is waiting."),
        ("new;next 1;hold 1", "cancel A1", "cancelled A1"),
        (
            "new;next 1;hold 1",
            "done A1",
            "! Ticket A1 is held, so it cannot be finished.",
        ),
        (
            "new;new;next 1;hold 1;return A1",
            "next 1",
            "called A1 at 1",
        ),
        (
            "new",
            "return A1",
            "! Ticket A1 is waiting, so it cannot be returned.",
        ),
        (
            "new;next 1;finish 1",
            "return A1",
            "! Ticket A1 is done, so it cannot be returned.",
        ),
        ("new;new;next 1", "send 1 back", "sent A1 to line A"),
        ("new;new;next 1;send 1 back", "next 1", "called A1 at 1"),
        (
            "new;new;next 1;send 1 back behind",
            "next 1",
            "called A2 at 1",
        ),
        (
            "new;new;next 1;next 1;send 1 back front",
            "next 1",
            "called A2 at 1",
        ),
        (
            "new;new;new;next 1;next 2;send 2 back front;send 1 back front",
            "next 3",
            "desk 3 open, called A1 at 3",
        ),
        (
            "new;new;next 1;send 1 back behind;new",
            "next 2",
            "desk 2 open, called A2 at 2",
        ),
        (
            "new;new;next 1;send 1 back behind;new;next 2",
            "next 1",
            "called A1 at 1",
        ),
        (
            "new;next 1",
            "send 1 Z",
            "! There is no service Z; there are: A, B.",
        ),
        ("new;next 1", "send 1 9", "! There is no desk 9 here."),
        ("new;next 1;open 2", "send 1 2", "sent A1 to desk 2"),
        (
            "new;next 1;open 2;send 1 2",
            "next 1",
            "! Nobody is waiting.",
        ),
        ("new;new;next 1;open 2;send 1 2", "next 2", "called A1 at 2"),
        (
            "new;new;next 1;open 2;send 1 2 behind",
            "next 2",
            "called A2 at 2",
        ),
        (
            "new;next 1;open 2;send 1 2",
            "delete 2",
            "! Desk 2 is needed for A1: finish it first.",
        ),
        ("new;next 1;send 1 B", "next 1", "called A1 at 1"),
        (
            "new;next 1;open 2;send 1 2;next 2;hold 2;delete 2;return A1",
            "next 1",
            "called A1 at 1",
        ),
        (
            "new;next 1;send 1 B;next 1;hold 1",
            "return A1",
            "returned A1",
        ),
        ("new;next 1;send 1 B;new B", "new B", "created B2"),
    ];
    for (before, asked, expected) in rows {
        let mut queue = two_lines();
        for (drawn, words) in before.split(';').filter(|w| !w.is_empty()).enumerate() {
            let decision = decide(
                &queue,
                &command(&queue, words, drawn as u128),
                moment(&queue),
            );
            for event in decision.events {
                let seq = queue.seq() + 1;
                let at = moment(&queue);
                apply(&mut queue, &Stamped { seq, at, event });
            }
        }
        let decision = decide(&queue, &command(&queue, asked, 1_000), moment(&queue));
        assert_eq!(
            words(&queue, &decision),
            *expected,
            "«{before}», then «{asked}»"
        );
    }
}

#[test]
fn a_business_day_begins_with_new_numbers_and_no_clock_gives_one_twice() {
    // The clock says the day of each row, then a ticket is taken and stays; its code is expected.
    let rows: &[&[(i32, &str)]] = &[
        &[(0, "A1"), (0, "A2"), (1, "A1"), (1, "A2")],
        // A step back within a day, and the day that had begun goes on.
        &[(1, "A1"), (0, "A2"), (1, "A3"), (2, "A1")],
        // Without a battery the clock says 1970: the day goes on, or has not begun.
        &[(0, "A1"), (-20_780, "A2"), (0, "A3"), (1, "A1")],
        &[(-20_780, "A1"), (0, "A2"), (0, "A3"), (1, "A1")],
        // Far ahead by mistake, then set right: new numbers at the next true day.
        &[(0, "A1"), (900, "A1"), (0, "A2"), (0, "A3"), (1, "A1")],
    ];
    for row in rows {
        let mut queue = Queue::new();
        for (drawn, (n, expected)) in row.iter().enumerate() {
            let ticket = TicketId::from_random(drawn as u128);
            for command in [
                Command::KeepDay {
                    day: day(*n),
                    // The first ticket's day, as the ledger finds it by its time.
                    newest: (drawn > 0).then(|| day(row[0].0)),
                },
                Command::Create {
                    ticket,
                    service: None,
                    priority: None,
                    note: None,
                },
            ] {
                for event in decide(&queue, &command, moment(&queue)).events {
                    let seq = queue.seq() + 1;
                    let at = moment(&queue);
                    apply(&mut queue, &Stamped { seq, at, event });
                }
                check(&queue);
            }
            let code = queue.ticket(ticket).expect("it is there").code();
            assert_eq!(code, *expected, "day {n} of {row:?}");
        }
    }
}

#[test]
fn a_new_day_withdraws_who_still_waits_or_passes_over_their_numbers() {
    // Of A1 to A4 the first is at a desk when the day ends, and the others wait.
    let rows = [
        (false, 0, ["A2", "A3", "A4"]),
        (true, 3, ["A5", "A6", "A7"]),
    ];
    for (keep_waiting, still_waiting, codes) in rows {
        let mut queue = Queue::new();
        let mut ask = |command: Command| {
            for event in decide(&queue, &command, moment(&queue)).events {
                let seq = queue.seq() + 1;
                let at = moment(&queue);
                apply(&mut queue, &Stamped { seq, at, event });
            }
            check(&queue);
            queue.clone()
        };
        let new = |n| Command::Create {
            ticket: TicketId::from_random(n),
            service: None,
            priority: None,
            note: None,
        };
        let change = SettingsChange {
            keep_waiting: Some(keep_waiting),
            ..SettingsChange::default()
        };
        ask(Command::SetSettings { change });
        (1..=4).for_each(|n| drop(ask(new(n))));
        ask(Command::Next {
            desk: DeskName::parse("1").expect("a name"),
            current: None,
        });
        let begun = ask(Command::KeepDay {
            day: day(1),
            newest: Some(day(0)),
        });
        assert_eq!(begun.waiting(), still_waiting, "keep: {keep_waiting}");
        let served = begun.ticket(TicketId::from_random(1)).expect("it stays");
        assert_eq!(served.state, State::Serving);
        for (n, expected) in (11..).zip(codes) {
            let queue = ask(new(n));
            let given = queue.ticket(TicketId::from_random(n)).expect("given");
            assert_eq!(given.code(), expected, "keep: {keep_waiting}");
        }
    }
}

#[test]
fn the_most_seconds_waited_times_weight_goes_first() {
    let mut parts = Queue::new().parts();
    let priority = |name: &str, weight| Priority {
        name: name.into(),
        names: Arc::default(),
        weight,
    };
    parts.settings.priorities = Arc::new([priority("normal", 1), priority("urgent", 3)]);
    // Given at these seconds; at second 100 normal 0 counts 100, urgent 50 counts 150, urgent 70 90.
    let given = [
        (0, "normal"),
        (20, "normal"),
        (50, "urgent"),
        (70, "urgent"),
    ];
    let mut queue = Queue::from_parts(parts);
    let mut ask = |command: Command, second: i64| {
        let at = Timestamp::from_millis(second * 1_000);
        let decision = decide(&queue, &command, at);
        for event in &decision.events {
            let seq = queue.seq() + 1;
            let event = event.clone();
            apply(&mut queue, &Stamped { seq, at, event });
        }
        check(&queue);
        words(&queue, &decision)
    };
    for (drawn, (second, priority)) in given.into_iter().enumerate() {
        let create = Command::Create {
            ticket: TicketId::from_random(drawn as u128),
            service: None,
            priority: Some(priority.into()),
            note: None,
        };
        ask(create, second);
    }
    let mut called = Vec::new();
    for _ in 0..4 {
        let desk = DeskName::parse("1").expect("a name");
        let next = Command::Next {
            desk,
            current: None,
        };
        let said = ask(next, 100);
        let code = said.split("called ").nth(1).expect("called");
        called.push(code.split(' ').next().expect("a code").to_owned());
    }
    assert_eq!(called, ["A3", "A1", "A4", "A2"]);
}

#[test]
fn a_desk_attends_the_lines_it_is_told_to() {
    let mut queue = two_lines();
    let mut ask = |asked: Command| {
        let decision = decide(&queue, &asked, moment(&queue));
        for event in &decision.events {
            let seq = queue.seq() + 1;
            let at = moment(&queue);
            let event = event.clone();
            apply(&mut queue, &Stamped { seq, at, event });
        }
        words(&queue, &decision)
    };
    let create = |n, service| Command::Create {
        ticket: TicketId::from_random(n),
        service: Some(Prefix::new(service)),
        priority: None,
        note: None,
    };
    let desk = DeskName::parse("1").expect("a name");
    ask(create(1, "A"));
    ask(create(2, "B"));
    ask(Command::SetDesk {
        desk: desk.clone(),
        open: None,
        services: Some(vec![Prefix::new("B")]),
    });
    let next = Command::Next {
        desk: desk.clone(),
        current: None,
    };
    assert_eq!(ask(next.clone()), "called B1 at 1");
    assert_eq!(ask(next), "finished B1 at 1, ! Nobody is waiting.");
    let unknown = Command::SetDesk {
        desk,
        open: None,
        services: Some(vec![Prefix::new("Z")]),
    };
    assert_eq!(ask(unknown), "! There is no service Z; there are: A, B.");
}

#[test]
fn a_desks_name_is_short_visible_text() {
    let long = "ñ".repeat(DeskName::LONGEST);
    for (text, name) in [("3", "3"), ("  Caja 1 ", "Caja 1"), (&long, &long)] {
        assert_eq!(
            DeskName::parse(text).map(|n| n.to_string()),
            Ok(name.to_owned())
        );
    }
    for wrong in [
        "",
        "   ",
        "a\nb",
        "a\u{0}b",
        "\u{200b}",
        "..",
        &"x".repeat(DeskName::LONGEST + 1),
    ] {
        assert!(DeskName::parse(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn an_id_reads_back_only_as_it_was_written() {
    let id = TicketId::from_random(0xab);
    assert_eq!(TicketId::parse(&id.to_string()), Some(id));
    for wrong in [
        "",
        "ab",
        "000000000000000000000000000000AB",
        &"g".repeat(32),
        &"+".repeat(32),
    ] {
        assert_eq!(TicketId::parse(wrong), None, "{wrong}");
    }
}
