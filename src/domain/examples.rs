//! What each command comes to, by example.

use std::sync::Arc;

use super::testing::{ask, command, day, moment, two_lines, words};
use super::*;

/// One line of the table below: what happened before, what is asked, and what comes of it.
type Row = (&'static str, &'static str, &'static str);

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
        ("new;next 1", "return A1", "sent A1 to line A"),
        ("new;new;next 1;return A1", "next 1", "called A1 at 1"),
        (
            "new;new;next 1;send 1 back behind;new;next 1;next 1;return A1",
            "next 2",
            "desk 2 open, called A1 at 2",
        ),
        (
            "new;next 1;open 2;send 1 2;next 2",
            "return A1",
            "sent A1 to desk 2",
        ),
        ("new;next 1;return A1", "undo 1", "undone A1 at 1"),
        (
            "new;next 1;close 2",
            "send 1 2",
            "! Desk 2 is closed, so nobody would call the ticket there: open it first.",
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
        // What a step did is taken back, whole.
        ("new;next 1", "undo 1", "undone A1 at 1"),
        ("new;next 1;undo 1", "next 2", "desk 2 open, called A1 at 2"),
        ("new;new;next 1;next 1", "undo 1", "undone A1 and A2 at 1"),
        (
            "new;new;next 1;next 1;undo 1",
            "finish 1 A1",
            "finished A1 at 1",
        ),
        ("new;new;next 1;finish 1;next 1", "undo 1", "undone A2 at 1"),
        ("new;next 1;next 1", "undo 1", "undone A1 at 1"),
        ("new;next 1;recall 1", "undo 1", "undone A1 at 1"),
        ("new;new;next 1;hold 1", "undo 1", "undone A1 at 1"),
        ("new;new;next 1;hold 1;next 1", "undo 1", "undone A2 at 1"),
        (
            "new;next 1;hold 1;call 1 A1;undo 1",
            "cancel A1",
            "cancelled A1",
        ),
        (
            "new;next 1;no-show 1;undo 1",
            "finish 1 A1",
            "finished A1 at 1",
        ),
        (
            "new;next 1;send 1 B behind;undo 1",
            "hold 1",
            "held A1 at 1",
        ),
        (
            "new;next 1;done A1;undo 1",
            "finish 1 A1",
            "finished A1 at 1",
        ),
        // Two people at one desk.
        (
            "new;new;next 1;next 1",
            "undo 1 A1",
            "! Desk 1 attends A2 now, not A1: look again before you go on.",
        ),
        ("new;next 1;finish 1", "undo 1 nobody", "undone A1 at 1"),
        // Nothing was done, it was taken back, or it was long ago.
        (
            "new;open 1",
            "undo 1",
            "! Desk 1 has nothing to take back: it took no step in the last 15 seconds, or has \
             taken it back.",
        ),
        (
            "new;new;next 1;next 1;undo 1",
            "undo 1",
            "! Desk 1 has nothing to take back: it took no step in the last 15 seconds, or has \
             taken it back.",
        ),
        (
            "new;next 1;finish 1;delete 1;open 1",
            "undo 1",
            "! Desk 1 has nothing to take back: it took no step in the last 15 seconds, or has \
             taken it back.",
        ),
        (
            "next 1;new;next 1;new;new;new;new;new;new;new;new;new;new;new;new;new;new;new;new",
            "undo 1",
            "! Desk 1 has nothing to take back: it took no step in the last 15 seconds, or has \
             taken it back.",
        ),
        // Somebody has gone on from there.
        (
            "new;next 1;hold 1;call 2 A1",
            "undo 1",
            "! Desk 1 has nothing to take back: A1 has gone on since, and is serving now.",
        ),
        (
            "new;next 1;hold 1;return A1",
            "undo 1",
            "! Desk 1 has nothing to take back: A1 has gone on since, and is waiting now.",
        ),
        (
            "new;next 1;no-show 1;return A1;next 2;no-show 2",
            "undo 1",
            "! Desk 1 has nothing to take back: A1 has gone on since, and is no-show now.",
        ),
        (
            "new;next 1;send 1 B;next 2;send 2 B",
            "undo 1",
            "! Desk 1 has nothing to take back: A1 has gone on since, and is waiting now.",
        ),
        (
            "new;next 1;hold 1;cancel A1",
            "undo 1",
            "! Desk 1 has nothing to take back: A1 has gone on since, and is cancelled now.",
        ),
        // The desk whose own line it waited in is gone; or the service that it was sent away from.
        (
            "new;next 1;open 2;send 1 2;call 3 A1;delete 2",
            "undo 3",
            "! Desk 3 has nothing to take back: the desk 2 of A1 has been deleted since.",
        ),
        (
            "new B;next 1;send 1 A;delete-service B",
            "undo 1",
            "! Desk 1 has nothing to take back: the service B of B1 has been deleted since.",
        ),
        (
            "open 2;new;next 1;send 1 2;next 2;finish 2;delete 2",
            "undo 2",
            "! Desk 2 has nothing to take back: there is no such desk now.",
        ),
        (
            "",
            "undo 9",
            "! Desk 9 has nothing to take back: there is no such desk now.",
        ),
        // A desk that the call opened is closed again; one that it made stays.
        (
            "new;close 1;next 1",
            "undo 1",
            "undone A1 at 1, desk 1 closed",
        ),
        (
            "new;new;next 1;close 1;next 1",
            "undo 1",
            "undone A1 and A2 at 1, desk 1 closed",
        ),
        ("new;close 1;next 1;close 1", "undo 1", "undone A1 at 1"),
        ("new;close 1;next 1;finish 1", "undo 1", "undone A1 at 1"),
        // A cancel of the desk's, and not of the person's, leaves whom it attends alone.
        ("new;new;open 1", "cancel A2 1", "cancelled A2 at 1"),
        ("new", "cancel A1 9", "! There is no desk 9 here."),
        ("new;open 1;cancel A1 1", "undo 1", "undone A1 at 1"),
        ("new;new;next 1;cancel A2 1", "undo 1 A1", "undone A2 at 1"),
        (
            "new;new;next 1;cancel A2 1;undo 1",
            "next 1",
            "finished A1 at 1, called A2 at 1",
        ),
        (
            "new;new;next 1;hold 1;cancel A1 1;undo 1",
            "call 1 A1",
            "called A1 at 1",
        ),
        (
            "new;new;next 1;cancel A2 1;finish 1",
            "undo 1",
            "undone A1 at 1",
        ),
        (
            "new;open 1;open 2;cancel A1 1",
            "undo 2",
            "! Desk 2 has nothing to take back: it took no step in the last 15 seconds, or has taken \
             it back.",
        ),
        (
            "new;open 1;cancel A1",
            "undo 1",
            "! Desk 1 has nothing to take back: it took no step in the last 15 seconds, or has taken \
             it back.",
        ),
        // Another desk has undone what it did to the ticket, so it is as it was.
        (
            "new;next 1;send 1 back;next 2;undo 2",
            "undo 1",
            "undone A1 at 1",
        ),
    ];
    for (before, asked, expected) in rows {
        let mut queue = two_lines();
        for (drawn, words) in before.split(';').filter(|w| !w.is_empty()).enumerate() {
            let (asked, at) = (command(&queue, words, drawn as u128), moment(&queue));
            ask(&mut queue, &asked, at);
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
        // Days behind, then right again: the day that had begun goes on, an office's first as well.
        &[(0, "A1"), (-3, "A2"), (0, "A3"), (1, "A1")],
        &[(0, "A1"), (5, "A1"), (2, "A2"), (5, "A3"), (6, "A1")],
        &[(0, "A1"), (5, "A1"), (2, "A2"), (3, "A1"), (5, "A1")],
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
                    before: None,
                    // The first ticket's day, as the ledger finds it by its time.
                    first: (drawn > 0).then(|| day(row[0].0)),
                },
                Command::Create {
                    ticket,
                    service: None,
                    priority: None,
                    note: None,
                },
            ] {
                let at = moment(&queue);
                ask(&mut queue, &command, at);
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
            let at = moment(&queue);
            ask(&mut queue, &command, at);
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
            before: None,
            first: Some(day(0)),
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
        let (decision, _) = ask(&mut queue, &command, at);
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
        let at = moment(&queue);
        let (decision, _) = ask(&mut queue, &asked, at);
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
