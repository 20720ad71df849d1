//! How business days begin, whatever the clock says.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::testing::{ask, day, moment};
use crate::domain::*;

const HOUR: i64 = 60 * 60 * 1_000;
const DAY: i64 = 24 * HOUR;

/// Takes a ticket when the clock says that moment, and gives its code. Days are those of UTC.
fn take(queue: &mut Queue, drawn: u128, clock: i64) -> String {
    let day = |at: i64| Day::from_epoch_days(i32::try_from(at.div_euclid(DAY)).expect("a day"));
    let ticket = TicketId::from_random(drawn);
    for command in [
        Command::KeepDay {
            day: day(clock),
            before: None,
            // The first ticket's day, as the ledger finds it by its time.
            first: queue.first_at().map(|at| day(at.as_millis())),
        },
        Command::Create {
            ticket,
            service: None,
            priority: None,
            note: None,
        },
    ] {
        ask(queue, &command, Timestamp::from_millis(clock));
    }
    queue.ticket(ticket).expect("it is there").code()
}

#[test]
fn a_business_day_begins_with_new_numbers_and_no_clock_gives_one_twice() {
    // The clock says the hour of each row, then a ticket is taken and stays; its code is expected.
    const BACK: i64 = -20_780 * 24;
    let rows: &[&[(i64, &str)]] = &[
        &[(9, "A1"), (10, "A2"), (33, "A1"), (34, "A2")],
        // A step back within a day, and the day that had begun goes on.
        &[(33, "A1"), (20, "A2"), (34, "A3"), (57, "A1")],
        // Without a battery the clock says 1970: the day goes on, or has not begun.
        &[(9, "A1"), (BACK, "A2"), (10, "A3"), (33, "A1"), (34, "A3")],
        &[(BACK, "A1"), (9, "A2"), (10, "A3"), (33, "A1")],
        // It is set right on the next day: what was given meanwhile may be of that day.
        &[(9, "A1"), (BACK, "A2"), (33, "A1"), (34, "A3")],
        // Days behind, then right again: the day that had begun goes on, an office's first as well.
        &[(9, "A1"), (-63, "A2"), (10, "A3"), (33, "A1"), (34, "A3")],
        &[(9, "A1"), (129, "A1"), (57, "A2"), (130, "A3"), (153, "A1")],
        // Set right only in part.
        &[(9, "A1"), (-63, "A2"), (-14, "A3"), (11, "A4"), (34, "A1")],
        // Behind over night, and set right at noon.
        &[(9, "A1"), (-62, "A2"), (-39, "A3"), (36, "A1"), (37, "A4")],
        // Over midnight by mistake, and back: the day before goes on with its numbers.
        &[
            (9, "A1"),
            (10, "A2"),
            (33, "A1"),
            (11, "A3"),
            (25, "A4"),
            (57, "A1"),
        ],
        // Far ahead by mistake, then set right: in the end it is believed.
        &[
            (9, "A1"),
            (21_600, "A1"),
            (11, "A2"),
            (33, "A3"),
            (57, "A4"),
            (81, "A1"),
            (105, "A1"),
        ],
    ];
    for row in rows {
        let mut queue = Queue::new();
        for (drawn, (hour, expected)) in row.iter().enumerate() {
            let clock = i64::from(day(0).as_epoch_days()) * DAY + hour * HOUR;
            let code = take(&mut queue, drawn as u128, clock);
            assert_eq!(code, *expected, "hour {hour} of {row:?}");
        }
    }
}

/// What happens to the clock, or to the time.
#[derive(Clone, Debug)]
enum Moment {
    /// So many milliseconds pass.
    Passes(i64),
    /// It is behind by so many milliseconds.
    Behind(i64),
    /// It says 1970.
    WithoutBattery,
    Taken,
    /// The office moves to a machine with the same clock.
    Moved,
}

fn any_moment() -> impl Strategy<Value = Moment> {
    prop_oneof![
        6 => Just(Moment::Taken),
        2 => prop_oneof![Just(60_000), Just(HOUR), Just(6 * HOUR), Just(DAY)].prop_map(Moment::Passes),
        1 => prop_oneof![Just(30_000), Just(HOUR), Just(7 * HOUR), Just(DAY), Just(3 * DAY)].prop_map(Moment::Behind),
        1 => Just(Moment::WithoutBattery),
        1 => Just(Moment::Moved),
        2 => Just(Moment::Behind(0)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// By the true day, which no program knows. What it can know is that a clock steps back.
    #[test]
    fn a_clock_that_steps_back_gives_no_number_twice_on_a_true_day(moments in vec(any_moment(), 1..60)) {
        let mut queue = Queue::new();
        let mut time = i64::from(day(0).as_epoch_days()) * DAY + 9 * HOUR;
        let mut behind = 0;
        let mut given = HashSet::new();
        let (mut drawn, mut latest, mut right) = (0, time, time);
        for moment in &moments {
            let before = behind;
            match moment {
                Moment::Passes(millis) => time += millis,
                Moment::Behind(millis) => behind = *millis,
                Moment::WithoutBattery => behind = time - 1_000_000,
                Moment::Taken => {}
                Moment::Moved => {
                    let mut there = Queue::new();
                    let (seq, event) = queue.to_export().import_event(&there);
                    let at = Timestamp::from_millis(time - behind);
                    apply(&mut there, &Stamped { seq, at, event });
                    queue = there;
                }
            }
            // Nobody can know of a step between two moments that nobody has seen.
            for behind in [before, behind] {
                time += 1_000;
                drawn += 1;
                let clock = time - behind;
                // One that has caught up is right for all that anybody can know, in the long run.
                right = if behind == 0 { time } else { right };
                let is_seen = clock < latest;
                prop_assume!(is_seen || (behind <= 7 * HOUR && time - right < 2 * DAY));
                latest = latest.max(clock);
                let code = take(&mut queue, drawn, clock);
                let fresh = given.insert((time.div_euclid(DAY), code.clone()));
                prop_assert!(fresh, "{} twice", code);
            }
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
