//! How business days begin, whatever the clock says.

use super::testing::{ask, day, moment};
use super::*;

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
