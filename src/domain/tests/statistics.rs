//! Statistics equal a count over the events by hand, over a simulated year.

use std::collections::BTreeMap;

use super::history::{Counted, Observer, sorted};
use super::testing::two_lines;
use crate::calendar::{OfficeCalendar, business_day};
use crate::domain::*;

const SECOND: i64 = 1_000;
const HOUR: i64 = 60 * 60 * SECOND;
const DAY: i64 = 24 * HOUR;

/// 2026-01-01T00:00:00Z.
const BEGIN: i64 = 20_454 * DAY;

/// Years that differ in all that happens.
const YEARS: u64 = 2;

/// When the statistics are asked for.
const END: i64 = BEGIN + 366 * DAY;

const TARGET: i64 = 4 * 60 * SECOND;

/// Numbers that look random and are the same in each run (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// An office that lives through a year, and an observer who sees its events.
struct Year {
    queue: Queue,
    observer: Observer,
    rows: BTreeMap<Arrival, TicketRow>,
    random: Random,
    drawn: u128,
    happened: usize,
}

impl Year {
    fn ask(&mut self, command: &Command, wall: i64) {
        let at = Timestamp::from_millis(wall);
        for event in decide(&self.queue, command, at).events {
            let seq = self.queue.seq() + 1;
            let stamped = Stamped { seq, at, event };
            apply(&mut self.queue, &stamped);
            let mut rows = Vec::new();
            changed_rows(&self.queue, &stamped.event, &mut rows);
            self.rows
                .extend(rows.into_iter().map(|row| (row.arrival, row)));
            self.observer.happened(&stamped);
            self.happened += 1;
        }
    }

    fn command(&mut self) -> Command {
        let name = format!("{}", 1 + self.random.below(3));
        let desk = DeskName::parse(&name).expect("a name");
        let current = None;
        let known = self
            .drawn
            .saturating_sub(u128::from(self.random.below(8)) + 1);
        let ticket = TicketId::from_random(known);
        match self.random.below(24) {
            0..8 => {
                self.drawn += 1;
                Command::Create {
                    ticket: TicketId::from_random(self.drawn - 1),
                    service: Some(Prefix::new(["A", "B"][self.random.below(2) as usize])),
                    priority: (self.random.below(4) == 0).then(|| "urgent".into()),
                    note: None,
                    language: None,
                }
            }
            8..15 => Command::Next { desk, current },
            15 => Command::Recall { desk, current },
            16 => Command::Finish { desk, current },
            17 => Command::NoShow { desk, current },
            18 => Command::Hold { desk, current },
            19 => Command::Transfer {
                desk,
                current,
                target: match self.random.below(4) {
                    0 => Target::Back,
                    1 => Target::Desk(DeskName::parse("2").expect("a name")),
                    2 => Target::Service(Prefix::new("A")),
                    _ => Target::Service(Prefix::new("B")),
                },
                position: TransferPosition::Back,
            },
            20 => Command::Undo { desk, current },
            21 => Command::Return {
                ticket,
                desk: Some(desk),
                seen: None,
            },
            22 => Command::Cancel {
                ticket: TicketRef::Id(ticket),
                desk: None,
            },
            _ => Command::Call {
                desk,
                ticket: TicketRef::Id(ticket),
                current,
            },
        }
    }
}

fn a_year(seed: u64) -> Year {
    let mut year = Year {
        queue: two_lines(),
        observer: Observer::default(),
        rows: BTreeMap::new(),
        random: Random(seed),
        drawn: 0,
        happened: 0,
    };
    let zone = SettingsChange {
        time_zone: Some(Some("Europe/Madrid".into())),
        day_begins_hour: Some(4),
        ..SettingsChange::default()
    };
    year.ask(&Command::SetSettings { change: zone }, BEGIN);
    // The clock on the wall is wrong now and then.
    let mut wrong = 0;
    for day in 0..365 {
        // Some days are open through the night, with the hours that clocks skip or repeat.
        let hours = if day % 28 == 3 { (5, 30) } else { (7, 14) };
        let mut true_time = BEGIN + day * DAY + hours.0 * HOUR;
        while true_time < BEGIN + day * DAY + hours.1 * HOUR {
            true_time += match year.random.below(3) {
                0 => year.random.below(9_000) as i64,
                _ => year.random.below(900_000) as i64,
            };
            if year.random.below(150) == 0 {
                let by = if wrong == 0 {
                    (year.random.below(6 * 3_600) as i64 - 3 * 3_600) * SECOND
                } else {
                    -wrong
                };
                wrong += by;
                let since = Timestamp::from_millis(0);
                year.ask(&Command::StepClock { by, since }, true_time + wrong);
            }
            let wall = Timestamp::from_millis(true_time + wrong);
            let rule = year.queue.settings().day_rule();
            let day_at = |moment: Timestamp| business_day(&rule, moment.as_millis());
            if year.queue.is_day_over(wall, day_at) {
                year.ask(&Command::StartDay, wall.as_millis());
            }
            let command = year.command();
            year.ask(&command, wall.as_millis());
        }
    }
    year
}

/// The day, weekday and hour in Madrid, by the rule of 2026 and 2027: +1, in summer +2.
fn in_madrid(at: i64) -> (i64, i64, i64) {
    let summer = BEGIN + 87 * DAY + HOUR..BEGIN + 297 * DAY + HOUR;
    let local = at + if summer.contains(&at) { 2 } else { 1 } * HOUR;
    let day = (local - 4 * HOUR).div_euclid(DAY);
    (
        day,
        (day + 3).rem_euclid(7) + 1,
        local.rem_euclid(DAY) / HOUR,
    )
}

/// The expected summary of tickets that were counted by hand.
fn check(statistics: &Statistics, counted: &[&Counted], what: &str) {
    let in_state = |state| counted.iter().filter(|one| one.state == state).count() as u64;
    let states = [
        (statistics.waiting, State::Waiting),
        (statistics.serving, State::Serving),
        (statistics.held, State::Held),
        (statistics.served, State::Done),
        (statistics.no_shows, State::NoShow),
        (statistics.left, State::Cancelled),
    ];
    for (number, state) in states {
        assert_eq!(number, in_state(state), "{what} {state:?}");
    }
    assert_eq!(statistics.arrived, counted.len() as u64, "{what}");
    let sum: u64 = states.iter().map(|(number, _)| number).sum();
    assert_eq!(statistics.arrived, sum, "each is in one column: {what}");
    let lengths = |of: &dyn Fn(&Counted) -> Option<i64>| {
        let mut lengths: Vec<i64> = counted.iter().filter_map(|one| of(one)).collect();
        lengths.sort_unstable();
        lengths
    };
    let came = |one: &Counted| [State::Serving, State::Held, State::Done].contains(&one.state);
    let waits = lengths(&|one| one.waited_ms.filter(|_| came(one)));
    let handling = lengths(&|one| one.served_ms.filter(|_| one.state == State::Done));
    let waiting = lengths(&|one| one.waiting_since.map(|since| END - since));
    for (durations, lengths) in [
        (&statistics.waits, &waits),
        (&statistics.handling, &handling),
        (&statistics.waiting_now, &waiting),
    ] {
        assert_eq!(durations.summary(), summary(lengths), "{what}");
    }
    assert_eq!(waits.len(), counted.iter().filter(|one| came(one)).count());
    let share = |part: usize, all: usize| {
        (all > 0).then(|| (part as f64 / all as f64 * 10_000.0).round() / 10_000.0)
    };
    let within = waits.iter().filter(|wait| **wait <= TARGET).count();
    let level = share(within, waits.len());
    assert_eq!(statistics.service_level(), level, "{what}");
    let dropped = in_state(State::Cancelled) + in_state(State::NoShow);
    let dropped = usize::try_from(dropped).expect("few");
    assert_eq!(
        statistics.drop_off(),
        share(dropped, counted.len()),
        "{what}"
    );
}

/// The summary of sorted lengths.
fn summary(lengths: &[i64]) -> Option<Summary> {
    let longest = *lengths.last()?;
    let count = lengths.len();
    // The smallest that so many percent do not exceed.
    let percentile = |percent: usize| {
        let enough = |limit: &&i64| {
            lengths.partition_point(|length| length <= limit) * 100 >= percent * count
        };
        *lengths.iter().find(enough).expect("the longest is enough")
    };
    let seconds = |millis: i64| u64::try_from(millis / SECOND).expect("no length is negative");
    Some(Summary {
        count: count as u64,
        mean: seconds(lengths.iter().sum::<i64>() / count as i64),
        median: seconds(percentile(50)),
        p90: seconds(percentile(90)),
        longest: seconds(longest),
    })
}

#[test]
fn statistics_equal_a_count_over_the_events_of_simulated_years() {
    for seed in 1..=YEARS {
        check_year(&a_year(seed));
    }
}

fn check_year(year: &Year) {
    let counted = sorted(year.observer.count());
    assert!(
        counted.len() > 4_000 && year.happened > 12_000,
        "{} {}",
        counted.len(),
        year.happened
    );
    let rows = sorted(year.rows.values().map(Counted::from));
    assert_eq!(rows.len(), counted.len());
    for (row, expected) in rows.iter().zip(&counted) {
        assert_eq!(row, expected);
    }
    let calendar = OfficeCalendar::new(&year.queue.settings().day_rule());
    type Grouping<'a, T> = (
        &'a str,
        fn(&OfficeCalendar, &TicketRow) -> String,
        fn(&T) -> String,
    );
    let groupings: [Grouping<'_, Counted>; 7] = [
        ("all", |_, _| String::new(), |_| String::new()),
        (
            "day",
            |calendar, row| {
                calendar
                    .day(row.created_at.as_millis())
                    .as_epoch_days()
                    .to_string()
            },
            |one| in_madrid(one.created_at).0.to_string(),
        ),
        (
            "weekday and hour",
            |calendar, row| {
                let at = row.created_at.as_millis();
                format!("{} {}", calendar.weekday(at), calendar.hour(at))
            },
            |one| {
                let (_, weekday, hour) = in_madrid(one.created_at);
                format!("{weekday} {hour}")
            },
        ),
        (
            "service",
            |_, row| row.service.to_string(),
            |one| one.service.to_string(),
        ),
        (
            "priority",
            |_, row| row.priority.to_string(),
            |one| one.priority.clone(),
        ),
        (
            "desk",
            |_, row| format!("{:?}", row.desk),
            |one| format!("{:?}", one.desk),
        ),
        (
            "transfers",
            |_, row| row.transfers.to_string(),
            |one| one.transfers.to_string(),
        ),
    ];
    for (name, of_row, of_counted) in groupings {
        let mut groups: BTreeMap<String, Statistics> = BTreeMap::new();
        for row in year.rows.values() {
            let group = groups.entry(of_row(&calendar, row)).or_default();
            group.add(row, TARGET, END);
        }
        let mut by_hand: BTreeMap<String, Vec<&Counted>> = BTreeMap::new();
        for one in &counted {
            by_hand.entry(of_counted(one)).or_default().push(one);
        }
        assert!(groups.keys().eq(by_hand.keys()), "{name}");
        for (key, statistics) in &groups {
            check(statistics, &by_hand[key], &format!("{name} {key}"));
        }
    }
}
