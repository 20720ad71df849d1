//! What holds whatever is asked, in whatever order.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A command of few names, so that random ones meet.
fn any_command() -> impl Strategy<Value = Command> {
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
    let create = prop_oneof![Just(None), Just(Some("A")), Just(Some("Z"))];
    prop_oneof![
        4 => create.prop_map(|service| Command::Create {
            // The id is set where the command is run: each is drawn once.
            ticket: TicketId::from_random(0),
            service: service.map(Prefix::new),
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
        1 => ticket.prop_map(|ticket| Command::FinishTicket { ticket }),
        1 => (desk.clone(), any::<Option<bool>>())
            .prop_map(|(desk, open)| Command::SetDesk { desk, open, services: None }),
        1 => desk.prop_map(|desk| Command::DeleteDesk { desk }),
    ]
}

/// Runs commands as the ledger does; returns the queue and everything that happened.
fn run(commands: &[Command]) -> (Queue, Vec<Stamped>) {
    let mut queue = Queue::new();
    let mut events = Vec::new();
    let mut drawn = 0;
    for command in commands {
        let mut command = command.clone();
        if let Command::Create { ticket, .. } = &mut command {
            *ticket = TicketId::from_random(drawn);
            drawn += 1;
        }
        let decision = decide(&queue, &command);
        for event in decision.events {
            let seq = queue.seq() + 1;
            let at = Timestamp::from_millis(i64::try_from(seq).expect("few"));
            let stamped = Stamped { seq, at, event };
            apply(&mut queue, &stamped);
            events.push(stamped);
        }
        if let Ok(Subject::Ticket(id)) = decision.outcome {
            assert!(queue.ticket(id).is_some(), "what is answered is there");
        }
        check(&queue);
    }
    (queue, events)
}

/// What holds in every queue.
fn check(queue: &Queue) {
    let mut numbers = HashSet::new();
    for ticket in queue.tickets_after(None) {
        let place = (ticket.service.clone(), ticket.number);
        assert!(numbers.insert(place), "{} was given twice", ticket.code());
        let line = queue.lines.get(&ticket.service).expect("its line");
        let in_line = line.iter().filter(|a| **a == ticket.arrival).count();
        let at_desks: Vec<&Desk> = queue
            .desks()
            .filter(|desk| desk.attending == Some(ticket.arrival))
            .collect();
        let ended = queue.ended.iter().filter(|a| **a == ticket.arrival).count();
        let places = (in_line, at_desks.len(), ended);
        let expected = match ticket.state {
            State::Waiting => (1, 0, 0),
            State::Serving => (0, 1, 0),
            State::Done | State::Cancelled => (0, 0, 1),
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
    for line in queue.lines.values() {
        assert!(line.iter().is_sorted(), "a line is in the order of arrival");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_ticket_is_in_one_place_and_no_number_is_given_twice(
        commands in vec(any_command(), 0..80)
    ) {
        run(&commands);
    }

    #[test]
    fn replaying_the_events_gives_the_same_queue(
        commands in vec(any_command(), 0..80),
        snapshot_after in 0..80usize,
    ) {
        let (queue, events) = run(&commands);
        let mut replayed = Queue::new();
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
            Command::Create { ticket: TicketId::from_random(0), service: None, note: None };
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
        let at = Timestamp::from_millis(0);
        apply(queue, &Stamped { seq, at, event });
    };
    let created = |n: usize| Event::TicketCreated {
        ticket: TicketId::from_random(n as u128),
        service: Prefix::new("A"),
        number: u32::try_from(n).expect("few"),
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
            Event::DeskChanged { desk, open, .. } => {
                format!("desk {desk} {}", if *open { "open" } else { "closed" })
            }
            Event::DeskDeleted { desk } => format!("desk {desk} deleted"),
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
        ("", "new Z", "! There is no service Z; there are: A."),
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
            "! Desk 1 attends A1: finish it first.",
        ),
    ];
    for (before, asked, expected) in rows {
        let mut queue = Queue::new();
        for (drawn, words) in before.split(';').filter(|w| !w.is_empty()).enumerate() {
            let decision = decide(&queue, &command(&queue, words, drawn as u128));
            for event in decision.events {
                let seq = queue.seq() + 1;
                let at = Timestamp::from_millis(0);
                apply(&mut queue, &Stamped { seq, at, event });
            }
        }
        let decision = decide(&queue, &command(&queue, asked, 1_000));
        assert_eq!(
            words(&queue, &decision),
            *expected,
            "«{before}», then «{asked}»"
        );
    }
}

#[test]
fn a_desk_attends_the_lines_it_is_told_to() {
    let mut parts = Queue::new().parts();
    parts.services.push(Service {
        prefix: Prefix::new("B"),
        name: "Second".into(),
        last_number: 0,
    });
    let mut queue = Queue::from_parts(parts);
    let mut ask = |asked: Command| {
        let decision = decide(&queue, &asked);
        for event in &decision.events {
            let seq = queue.seq() + 1;
            let at = Timestamp::from_millis(0);
            let event = event.clone();
            apply(&mut queue, &Stamped { seq, at, event });
        }
        words(&queue, &decision)
    };
    let create = |n, service| Command::Create {
        ticket: TicketId::from_random(n),
        service: Some(Prefix::new(service)),
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
