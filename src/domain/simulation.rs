//! A simulated day: 2,000 people, 4 services, 3 priorities and 12 desks under each rule. How long do
//! people of each priority wait, and how often is the estimate right?
//!
//! The office is believable, and the same each time: arrivals with a peak in the morning and one at
//! midday, turns of very different lengths, people who do not come or give up, transfers, and desks
//! that have breaks, some without saying so. Only whole numbers are drawn, so that every machine
//! gets the same day.
//!
//! The table is kept in `tests/simulated-day.md`; `TURNERO_RENEW=1 cargo test --lib simulated_day`
//! writes it anew.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::fmt::Write;
use std::sync::Arc;

use super::*;

const PEOPLE: u64 = 2_000;
const DESKS: usize = 12;
const MINUTE: i64 = 60_000;
/// 2026-11-23T08:00:00Z.
const OPENS: i64 = 1_795_420_800_000;
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/simulated-day.md");

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `most`.
    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }
}

/// A person who will come.
struct Person {
    at: i64,
    service: &'static str,
    priority: &'static str,
    /// How long the desk needs.
    turn: i64,
    no_show: bool,
    /// Gives up after so long.
    patience: Option<i64>,
    /// Is sent on to this service after the turn.
    sent_on: Option<&'static str>,
}

/// Prefix, share of the people in percent, mean turn in seconds.
const SERVICES: [(&str, u64, i64); 4] = [
    ("A", 40, 110),
    ("B", 30, 190),
    ("C", 20, 300),
    ("D", 10, 240),
];

/// Arrivals in each half hour from 8:00 to 17:00, as shares.
const ARRIVALS: [u64; 18] = [5, 9, 10, 9, 7, 6, 5, 6, 8, 9, 8, 5, 4, 4, 3, 3, 2, 1];

/// The quantiles of a lognormal distribution (σ = 0.6, mean 1), in thousandths, from 2.5 % on in
/// steps of 5 %.
const LOGNORMAL: [i64; 20] = [
    258, 352, 419, 477, 531, 584, 636, 689, 745, 804, 867, 937, 1_013, 1_100, 1_202, 1_326, 1_486,
    1_709, 2_065, 2_980,
];

fn people() -> Vec<Person> {
    let mut random = Random(2026);
    let total: u64 = ARRIVALS.iter().sum();
    let mut people = Vec::new();
    for _ in 0..PEOPLE {
        let mut left = random.below(total);
        let mut half_hour = 0;
        while left >= ARRIVALS[half_hour] {
            left -= ARRIVALS[half_hour];
            half_hour += 1;
        }
        let within = random.below(30 * 60_000) as i64;
        let mut share = random.below(100);
        let mut kind = 0;
        while share >= SERVICES[kind].1 {
            share -= SERVICES[kind].1;
            kind += 1;
        }
        let (service, _, mean) = SERVICES[kind];
        people.push(Person {
            at: OPENS + half_hour as i64 * 30 * MINUTE + within,
            service,
            priority: match random.below(100) {
                0..78 => "normal",
                78..95 => "preferential",
                _ => "urgent",
            },
            turn: mean * LOGNORMAL[random.below(20) as usize],
            no_show: random.percent(4),
            patience: random
                .percent(3)
                .then(|| (10 + random.below(30) as i64) * MINUTE),
            sent_on: random
                .percent(4)
                .then_some("D")
                .filter(|other| *other != service),
        });
    }
    people.sort_by_key(|person| person.at);
    people
}

/// The rules that are compared: weights of the three priorities, rule, most priority in a row.
struct Office {
    name: &'static str,
    weights: [u32; 3],
    rule: Rule,
    most: Option<u32>,
}

const OFFICES: [Office; 4] = [
    Office {
        name: "order of arrival",
        weights: [1, 1, 1],
        rule: Rule::Weighted,
        most: None,
    },
    Office {
        name: "weighted 1, 2, 6",
        weights: [1, 2, 6],
        rule: Rule::Weighted,
        most: None,
    },
    Office {
        name: "strict, at most 3 in a row",
        weights: [1, 2, 6],
        rule: Rule::Strict,
        most: Some(3),
    },
    Office {
        name: "strict",
        weights: [1, 2, 6],
        rule: Rule::Strict,
        most: None,
    },
];

const PRIORITIES: [&str; 3] = ["normal", "preferential", "urgent"];

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Arrives(usize),
    GivesUp(u128),
    /// A desk is ready for the next one.
    Ready(usize),
    /// A desk's turn is over.
    Over(usize),
    /// The estimates of all who wait are looked at.
    Look,
}

/// A promise: at that moment, to that ticket.
struct Promise {
    at: i64,
    estimate: Option<u64>,
    /// What a simpler method would have said: the people before it and itself, times the mean turn
    /// of the whole day, divided by the desks that attend its service.
    simple: i64,
}

#[derive(Default)]
struct Outcome {
    /// By priority: waits until the first call, in milliseconds.
    waits: BTreeMap<&'static str, Vec<i64>>,
    /// Errors of the estimate and of the simple method, and the true waits, in milliseconds.
    errors: Vec<(i64, i64, i64)>,
    /// Promises that were not made.
    silent: usize,
}

fn desk_name(desk: usize) -> DeskName {
    DeskName::parse(&(desk + 1).to_string()).expect("a name")
}

/// Which services a desk has chosen.
fn chosen(desk: usize) -> &'static [&'static str] {
    match desk {
        0..5 => &[],
        5 | 6 => &["A", "B"],
        7 => &["A"],
        8 | 9 => &["B", "A"],
        10 => &["C", "D"],
        _ => &["D", "C", "B"],
    }
}

/// When a desk has its breaks, and how long: a short one and lunch.
fn breaks(desk: usize) -> [(i64, i64); 2] {
    let desk = desk as i64;
    [
        (OPENS + (100 + 9 * desk) * MINUTE, 15 * MINUTE),
        (OPENS + (270 + 11 * desk) * MINUTE, 35 * MINUTE),
    ]
}

struct Day<'a> {
    queue: Queue,
    people: &'a [Person],
    /// The moments that are to come, by time.
    coming: BinaryHeap<Reverse<(i64, u64, Moment)>>,
    drawn: u64,
    promises: HashMap<u128, Vec<Promise>>,
    outcome: Outcome,
    /// Breaks that a desk has had.
    rested: [usize; DESKS],
    idle: [bool; DESKS],
}

impl<'a> Day<'a> {
    fn new(office: &Office, people: &'a [Person]) -> Self {
        let mut parts = Queue::new().parts();
        let priorities = PRIORITIES.iter().zip(office.weights);
        parts.settings.priorities = priorities
            .map(|(name, weight)| Priority {
                name: (*name).into(),
                names: Arc::default(),
                weight,
            })
            .collect();
        parts.settings.rule = office.rule;
        parts.settings.most_priority_in_a_row = office.most;
        let services = SERVICES.iter();
        parts.services = services
            .map(|(prefix, ..)| Service::new(Prefix::new(prefix), ServiceSetup::named(prefix)))
            .collect();
        let mut day = Self {
            queue: Queue::from_parts(parts),
            people,
            coming: BinaryHeap::new(),
            drawn: 0,
            promises: HashMap::new(),
            outcome: Outcome::default(),
            rested: [0; DESKS],
            idle: [false; DESKS],
        };
        for desk in 0..DESKS {
            let services = chosen(desk)
                .iter()
                .map(|prefix| Prefix::new(prefix))
                .collect();
            let command = Command::SetDesk {
                desk: desk_name(desk),
                open: Some(true),
                services: Some(services),
            };
            day.ask(&command, OPENS);
            day.comes(OPENS + desk as i64 * 1_000, Moment::Ready(desk));
        }
        for (index, person) in people.iter().enumerate() {
            day.comes(person.at, Moment::Arrives(index));
        }
        for look in 1..120 {
            day.comes(OPENS + look * 20 * MINUTE, Moment::Look);
        }
        day
    }

    fn comes(&mut self, at: i64, moment: Moment) {
        self.drawn += 1;
        self.coming.push(Reverse((at, self.drawn, moment)));
    }

    fn ask(&mut self, command: &Command, at: i64) -> Decision {
        let at = Timestamp::from_millis(at);
        let decision = decide(&self.queue, command, at);
        for event in decision.events.iter().cloned() {
            let seq = self.queue.seq() + 1;
            apply(&mut self.queue, &Stamped { seq, at, event });
        }
        decision
    }

    fn run(mut self) -> Outcome {
        while let Some(Reverse((at, _, moment))) = self.coming.pop() {
            match moment {
                Moment::Arrives(index) => self.arrives(index, at),
                Moment::GivesUp(id) => {
                    // Who is being attended does not.
                    let ticket = TicketId::from_random(id);
                    self.ask(&Command::Cancel { ticket }, at);
                }
                Moment::Ready(desk) => self.ready(desk, at),
                Moment::Over(desk) => self.over(desk, at),
                Moment::Look => {
                    let waiting: Vec<u128> = (0..self.people.len() as u128)
                        .filter(|id| self.promises.contains_key(id))
                        .collect();
                    for id in waiting {
                        self.promise(id, at);
                    }
                }
            }
        }
        self.outcome
    }

    fn arrives(&mut self, index: usize, at: i64) {
        let id = index as u128;
        let person = &self.people[index];
        let create = Command::Create {
            ticket: TicketId::from_random(id),
            service: Some(Prefix::new(person.service)),
            priority: Some(person.priority.into()),
            note: None,
        };
        self.ask(&create, at).outcome.expect("it is given");
        self.promises.insert(id, Vec::new());
        self.promise(id, at);
        if let Some(patience) = person.patience {
            self.comes(at + patience, Moment::GivesUp(id));
        }
        self.wake(at);
    }

    /// Desks that had nobody look again.
    fn wake(&mut self, at: i64) {
        for desk in 0..DESKS {
            if std::mem::take(&mut self.idle[desk]) {
                self.comes(at + 2_000, Moment::Ready(desk));
            }
        }
    }

    /// Notes what a waiting person is told now.
    fn promise(&mut self, id: u128, at: i64) {
        let ticket = self
            .queue
            .ticket(TicketId::from_random(id))
            .expect("it is there");
        let Some(ahead) = self.queue.ahead(ticket) else {
            return;
        };
        let attend = (0..DESKS).filter(|desk| {
            chosen(*desk).is_empty() || chosen(*desk).contains(&ticket.service.as_str())
        });
        let mean: i64 = SERVICES
            .iter()
            .map(|(_, share, mean)| *share as i64 * mean * 10)
            .sum();
        let promise = Promise {
            at,
            estimate: self.queue.estimate_seconds(ticket),
            simple: (ahead as i64 + 1) * mean / attend.count() as i64,
        };
        self.promises.get_mut(&id).expect("it waits").push(promise);
    }

    fn ready(&mut self, desk: usize, at: i64) {
        if let Some((begin, length)) = breaks(desk).get(self.rested[desk]).copied()
            && at >= begin
        {
            self.rested[desk] += 1;
            // Every other desk says that it is closed.
            if desk.is_multiple_of(2) {
                let close = Command::SetDesk {
                    desk: desk_name(desk),
                    open: Some(false),
                    services: None,
                };
                self.ask(&close, at);
            }
            self.comes(at + length, Moment::Ready(desk));
            return;
        }
        let next = Command::Next {
            desk: desk_name(desk),
            current: None,
        };
        let Ok(Subject::Ticket(id)) = self.ask(&next, at).outcome else {
            self.idle[desk] = true;
            return;
        };
        let ticket = self.queue.ticket(id).expect("it was called");
        let index = usize::try_from(ticket.number_drawn()).expect("few");
        let person = &self.people[index];
        if let Some(promises) = self.promises.remove(&(index as u128)) {
            let waited = at - person.at;
            self.outcome
                .waits
                .entry(person.priority)
                .or_default()
                .push(waited);
            for promise in promises {
                let actual = at - promise.at;
                match promise.estimate {
                    Some(seconds) => {
                        let error = seconds as i64 * 1_000 - actual;
                        self.outcome
                            .errors
                            .push((error, promise.simple - actual, actual));
                    }
                    None => self.outcome.silent += 1,
                }
            }
        }
        let turn = if person.no_show { 60_000 } else { person.turn };
        self.comes(at + turn, Moment::Over(desk));
    }

    fn over(&mut self, desk: usize, at: i64) {
        let name = desk_name(desk);
        let attended = self
            .queue
            .desk(&name)
            .and_then(|desk| self.queue.attended_at(desk));
        let ticket = attended.expect("it attends somebody");
        let person = &self.people[usize::try_from(ticket.number_drawn()).expect("few")];
        let first = ticket.service.as_str() == person.service;
        if person.no_show {
            self.ask(
                &Command::NoShow {
                    desk: name,
                    current: None,
                },
                at,
            );
        } else if let Some(other) = person.sent_on.filter(|_| first) {
            let target = Target::Service(Prefix::new(other));
            let position = Position::Arrival;
            self.ask(
                &Command::Transfer {
                    desk: name,
                    current: None,
                    target,
                    position,
                },
                at,
            );
            self.wake(at);
        } else {
            self.ask(
                &Command::Finish {
                    desk: name,
                    current: None,
                },
                at,
            );
        }
        // Some paper is put away.
        self.comes(at + 15_000, Moment::Ready(desk));
    }
}

impl Ticket {
    /// Which person it is: ids are numbers here.
    fn number_drawn(&self) -> u128 {
        u128::from_str_radix(&self.id.to_string(), 16).expect("an id is hexadecimal")
    }
}

fn minutes(millis: i64) -> f64 {
    millis as f64 / MINUTE as f64
}

fn mean(values: impl Iterator<Item = i64>) -> f64 {
    let (mut sum, mut count) = (0, 0);
    for value in values {
        sum += value;
        count += 1;
    }
    minutes(sum) / f64::from(count.max(1))
}

/// The error in minutes: its mean, its median, its bias, and how often it is within a quarter of the wait or three minutes.
fn right(errors: impl Iterator<Item = (i64, i64)>) -> (f64, f64, f64, f64) {
    let errors: Vec<(i64, i64)> = errors.collect();
    let good = |(error, wait): &&(i64, i64)| error.abs() <= 3 * MINUTE || 4 * error.abs() <= *wait;
    let share = errors.iter().filter(good).count() as f64 / errors.len().max(1) as f64;
    let mut sizes: Vec<i64> = errors.iter().map(|(error, _)| error.abs()).collect();
    sizes.sort_unstable();
    let median = minutes(sizes.get(sizes.len() / 2).copied().unwrap_or(0));
    (
        mean(sizes.into_iter()),
        median,
        mean(errors.iter().map(|(e, _)| *e)),
        100.0 * share,
    )
}

/// What a day came to under one rule.
struct Row {
    /// The mean and the longest wait of each priority, in minutes.
    waits: Vec<(f64, f64)>,
    estimate: (f64, f64, f64, f64),
    simple: (f64, f64, f64, f64),
    /// The share of looks at which there was no estimate, in percent.
    silent: f64,
}

fn row(outcome: &Outcome) -> Row {
    let waits = PRIORITIES.map(|priority| {
        let waits = &outcome.waits[priority];
        let longest = waits.iter().max().copied().unwrap_or_default();
        (mean(waits.iter().copied()), minutes(longest))
    });
    let errors = &outcome.errors;
    let looks = (errors.len() + outcome.silent) as f64;
    Row {
        waits: waits.to_vec(),
        estimate: right(errors.iter().map(|(error, _, wait)| (*error, *wait))),
        simple: right(errors.iter().map(|(_, error, wait)| (*error, *wait))),
        silent: 100.0 * outcome.silent as f64 / looks,
    }
}

fn table(rows: &[Row]) -> String {
    let mut table = "# A simulated day

2,000 people, 4 services, 3 priorities, 12 desks, the same people and desks under each rule. It is a hard day, on which
more come than can be attended. Minutes. Written and checked by `src/domain/simulation.rs`.

Waits until the first call, mean / longest:

| rule | normal | preferential | urgent |
| --- | --- | --- | --- |
"
    .to_owned();
    for (office, row) in OFFICES.iter().zip(rows) {
        let _ = write!(table, "| {} |", office.name);
        for (mean, longest) in &row.waits {
            let _ = write!(table, " {mean:.1} / {longest:.1} |");
        }
        table.push('\n');
    }
    table.push_str(
        "
How far estimates are from the wait that followed; right is within 3 minutes or a quarter of it. Beside it the
simple method: people before it × mean turn ÷ desks of the service.

| rule | mean error | median error | too long by | right | no estimate | simple: mean error | right |
| --- | --- | --- | --- | --- | --- | --- | --- |
",
    );
    for (office, row) in OFFICES.iter().zip(rows) {
        let (error, median, bias, share) = row.estimate;
        let (simple, _, _, simple_share) = row.simple;
        let _ = writeln!(
            table,
            "| {} | {error:.1} | {median:.1} | {bias:.1} | {share:.0} % | {:.1} % | {simple:.1} | {simple_share:.0} % |",
            office.name, row.silent
        );
    }
    table
}

#[test]
fn a_simulated_day_is_as_the_table_says() {
    let people = people();
    let rows: Vec<Row> = OFFICES
        .iter()
        .map(|office| row(&Day::new(office, &people).run()))
        .collect();
    let [arrival, weighted, in_a_row, strict] = rows.as_slice() else {
        panic!("a row for each rule");
    };
    let (normal, urgent) = (0, 2);
    let means = |row: &Row| row.waits[normal].0 - row.waits[urgent].0;
    assert!(means(arrival).abs() < 10.0, "priority means nothing there");
    assert!(means(weighted) > 60.0, "it matters, and");
    let longest = |row: &Row| row.waits[normal].1;
    assert!(longest(weighted) < longest(arrival) * 1.2, "nobody starves");
    assert!(longest(weighted) < longest(strict), "as they do there");
    assert!(strict.waits[urgent].0 <= in_a_row.waits[urgent].0);
    for (office, row) in OFFICES.iter().zip(&rows) {
        let name = office.name;
        assert!(
            row.estimate.0 < row.simple.0 * 0.6,
            "{name}: a better guess"
        );
        assert!(row.estimate.3 > 45.0, "{name}: right often enough");
    }
    let table = table(&rows);
    if std::env::var_os("TURNERO_RENEW").is_some() {
        std::fs::write(TABLE, &table).expect("written");
    }
    let kept = std::fs::read_to_string(TABLE).expect("tests/simulated-day.md");
    assert_eq!(kept, table, "TURNERO_RENEW=1 writes it anew");
}
