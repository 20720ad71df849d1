//! A simulated day: 2,000 visitors, 4 services, 3 priorities and 12 desks. How long do visitors of each
//! priority wait under each rule, and how often is the estimate right? See `table`.
//!
//! The office is believable, and the same each time: arrivals with a peak in the morning and one at
//! midday, transactions of very different lengths, visitors who do not come or give up, transfers, desks of
//! very different speeds that have breaks, some without saying so, and some that go home early. Only whole numbers are drawn, so that every machine
//! gets the same day.

mod table;
mod visitors;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

use self::visitors::{SERVICES, Visitor};
use crate::domain::*;

const DESKS: usize = 12;
const MINUTE: i64 = 60_000;
/// 2026-11-23T08:00:00Z.
const OPENS: i64 = 1_795_420_800_000;

/// The rules that are compared: weights of the three priorities, rule, most priority in a row.
struct Office {
    name: &'static str,
    weights: [u32; 3],
    rule: CallingRule,
    most: Option<u32>,
}

const PRIORITIES: [&str; 3] = ["normal", "preferential", "urgent"];

/// A point in the simulation at which something happens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Arrives(usize),
    GivesUp(u128),
    /// A desk is ready for the next one.
    Ready(usize),
    /// A desk's transaction is over.
    Over(usize),
    /// The estimates of all who wait are looked at.
    Look,
}

/// A promise: at that moment, to that ticket.
struct Promise {
    at: i64,
    estimate: Option<u64>,
    /// The estimate of a simpler method: the visitors before it and itself, times the day's mean
    /// transaction, divided by the desks that serve its service.
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

/// The services that a desk serves.
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

/// How long the transactions of each desk take, in percent of its visitors'.
const PERCENT: [i64; DESKS] = [70, 100, 140, 90, 120, 80, 150, 100, 65, 110, 90, 130];

/// When a desk goes home, before the day is over.
fn goes_home(desk: usize) -> Option<i64> {
    // A fast one and a slow one.
    let minute = match desk {
        8 => 240,
        6 => 300,
        _ => return None,
    };
    Some(OPENS + minute * MINUTE)
}

struct Day<'a> {
    queue: Queue,
    visitors: &'a [Visitor],
    /// How long transactions take, in percent of their usual time.
    percent: i64,
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
    fn new(office: &Office, percent: i64, visitors: &'a [Visitor]) -> Self {
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
            visitors,
            percent,
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
        for (index, visitor) in visitors.iter().enumerate() {
            day.comes(visitor.at, Moment::Arrives(index));
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
                    // A visitor at a desk does not leave.
                    let ticket = TicketId::from_random(id);
                    self.ask(
                        &Command::Cancel {
                            ticket: TicketRef::Id(ticket),
                            desk: None,
                        },
                        at,
                    );
                }
                Moment::Ready(desk) => self.ready(desk, at),
                Moment::Over(desk) => self.over(desk, at),
                Moment::Look => {
                    let waiting: Vec<u128> = self.promises.keys().copied().collect();
                    let now = Timestamp::from_millis(at);
                    let forecast = Forecast::of(&self.queue, now);
                    for id in waiting {
                        self.promise(id, now, |_, t| forecast.seconds(t, now));
                    }
                }
            }
        }
        self.outcome
    }

    fn arrives(&mut self, index: usize, at: i64) {
        let id = index as u128;
        let visitor = &self.visitors[index];
        let create = Command::Create {
            ticket: TicketId::from_random(id),
            service: Some(Prefix::new(visitor.service)),
            priority: Some(visitor.priority.into()),
            note: None,
            language: None,
        };
        self.ask(&create, at).outcome.expect("it is given");
        self.promises.insert(id, Vec::new());
        let now = Timestamp::from_millis(at);
        self.promise(id, now, |queue, ticket| queue.estimate_seconds(ticket, now));
        if let Some(patience) = visitor.patience {
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

    /// Records the estimate that a waiting visitor sees now.
    fn promise(
        &mut self,
        id: u128,
        now: Timestamp,
        estimate: impl Fn(&Queue, &Ticket) -> Option<u64>,
    ) {
        let ticket = self
            .queue
            .ticket(TicketId::from_random(id))
            .expect("it is there");
        let Some(ahead) = self.queue.ahead(ticket, now) else {
            return;
        };
        let serving = (0..DESKS).filter(|desk| {
            chosen(*desk).is_empty() || chosen(*desk).contains(&ticket.service.as_str())
        });
        let mean: i64 = SERVICES
            .iter()
            .map(|(_, share, mean)| *share as i64 * mean * 10)
            .sum();
        let promise = Promise {
            at: now.as_millis(),
            estimate: estimate(&self.queue, ticket),
            simple: (ahead as i64 + 1) * mean * self.percent / 100 / serving.count() as i64,
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
        if goes_home(desk).is_some_and(|home| at >= home) {
            let close = Command::SetDesk {
                desk: desk_name(desk),
                open: Some(false),
                services: None,
            };
            self.ask(&close, at);
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
        let visitor = &self.visitors[index];
        if let Some(promises) = self.promises.remove(&(index as u128)) {
            let waited = at - visitor.at;
            self.outcome
                .waits
                .entry(visitor.priority)
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
        let transaction = if visitor.no_show {
            60_000
        } else {
            visitor.transaction * PERCENT[desk] / 100
        };
        self.comes(at + transaction, Moment::Over(desk));
    }

    fn over(&mut self, desk: usize, at: i64) {
        let name = desk_name(desk);
        let served = self
            .queue
            .desk(&name)
            .and_then(|desk| self.queue.current_ticket(desk));
        let ticket = served.expect("it serves somebody");
        let visitor = &self.visitors[usize::try_from(ticket.number_drawn()).expect("few")];
        let first = ticket.service.as_str() == visitor.service;
        if visitor.no_show {
            self.ask(
                &Command::NoShow {
                    desk: name,
                    current: None,
                },
                at,
            );
        } else if let Some(other) = visitor.sent_on.filter(|_| first) {
            let target = Target::Service(Prefix::new(other));
            let position = TransferPosition::Arrival;
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
    /// The visitor's number: ids are numbers here.
    fn number_drawn(&self) -> u128 {
        u128::from_str_radix(&self.id.to_string(), 16).expect("an id is hexadecimal")
    }
}
