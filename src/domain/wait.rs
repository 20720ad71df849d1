//! How long a person will still wait.
//!
//! The method: T is called when the desks that may call it have worked off what comes before it.
//! - The desks: those at work for T's line. A desk is at work that attends somebody, or that has been
//!   free for no longer than [`GAP_MS`] while somebody waited for it.
//! - The work: who will be called before T, times the mean of the last turns of their service
//!   ([`Pace`](super::pace::Pace)). Lines that the same desks attend count, each by the share of its
//!   desks that are T's. A desk that attends its services in an order does all of the earlier ones
//!   first. Who overtakes T by the rule of the office until its turn counts as well, and so does who
//!   will only arrive, at the pace of the last [`ARRIVALS_SEEN`] arrivals.
//! - Less what the desks have done already of what they do now.
//!
//! Where too little is known (fewer than [`LEAST_TURNS`] turns of the service, no desk at work) there
//! is no estimate: none is better than a wrong one. It costs a binary search a lane, however many
//! wait. How often it is right is measured on a simulated day, `tests/simulated-day.md`.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::desk::Desk;
use super::next::Standing;
use super::pace::{GAP_MS, LONGEST_MS};
use super::queue::Queue;
use super::service::Prefix;
use super::settings::Rule;
use super::ticket::{Line, Place, State, Ticket, Timestamp};

/// With fewer turns of a service nothing is said about it.
pub const LEAST_TURNS: usize = 5;

/// From how many arrivals the pace of arrivals is taken.
const ARRIVALS_SEEN: usize = 100;

/// How far back they may be, in milliseconds.
const ARRIVALS_MS: i64 = 30 * 60 * 1_000;

/// How much of a turn is left on average when it is looked at at any moment: more than half, because
/// long turns are looked at more often.
const LEFT_OF_A_TURN: f64 = 0.6;

/// How often it is asked who else will have come by then: it hardly changes after that.
const ROUNDS: usize = 6;

/// What is needed to estimate waits at one moment; made once for all tickets that are looked at.
pub struct Waits<'a> {
    queue: &'a Queue,
    now: Timestamp,
    services: Vec<Load<'a>>,
    desks: Vec<AtWork<'a>>,
}

/// A line, and what is known of it.
struct Load<'a> {
    prefix: &'a Prefix,
    lanes: Vec<LaneLoad<'a>>,
    /// The mean turn, in milliseconds.
    mean: Option<f64>,
    /// How many desks are at work for it.
    desks: f64,
}

struct LaneLoad<'a> {
    weight: u32,
    places: &'a VecDeque<Place>,
    /// How many arrive in a millisecond.
    rate: f64,
}

/// A desk at work.
struct AtWork<'a> {
    desk: &'a Desk,
    /// For how long it attends its ticket already, in milliseconds, and the mean of such turns.
    attending: Option<(f64, Option<f64>)>,
    own: Vec<LaneLoad<'a>>,
}

/// A part of the work: the lanes of a line, and how much of them is for the desks in question.
struct Part<'b, 'a> {
    lanes: &'b [LaneLoad<'a>],
    mean: f64,
    /// How many of these desks take them together with T's line, over all desks of the line.
    together: f64,
    /// How many of these desks take all of them first, over all desks of the line.
    first: f64,
}

impl Queue {
    /// How long a ticket will still wait, in seconds, as it was at the last event. `None` where it
    /// does not wait, or too little is known. For several at a moment see [`Waits`].
    pub fn estimate_seconds(&self, ticket: &Ticket) -> Option<u64> {
        // Most looks end here: in an office without evidence, or at a ticket that is called.
        if ticket.state != State::Waiting {
            return None;
        }
        self.pace.mean(&ticket.service, LEAST_TURNS)?;
        Waits::of(self).seconds(ticket)
    }
}

impl<'a> Waits<'a> {
    /// Looks at the office as it was at its last event.
    pub fn of(queue: &'a Queue) -> Self {
        let now = queue.now;
        let overtaken = queue.settings().priorities.len() > 1;
        let rates = if overtaken || queue.desks().any(|desk| desk.services.len() > 1) {
            Rates::of(queue)
        } else {
            Rates::none()
        };
        let lanes = |line: &Line| -> Vec<LaneLoad<'a>> {
            let lanes = queue.lanes_of(line);
            let lanes = lanes.map(|(lane, places)| LaneLoad {
                weight: queue.settings().weight(&lane.priority),
                places,
                rate: match line {
                    Line::Service(prefix) => rates.of_lane(prefix, &lane.priority),
                    Line::Desk(_) => 0.0,
                },
            });
            lanes.collect()
        };
        let mut services: Vec<Load<'a>> = queue
            .services()
            .iter()
            .map(|service| Load {
                prefix: &service.prefix,
                lanes: lanes(&Line::Service(service.prefix.clone())),
                mean: queue.pace.mean(&service.prefix, LEAST_TURNS),
                desks: 0.0,
            })
            .collect();
        let mut desks = Vec::new();
        for desk in queue.desks().filter(|desk| desk.open) {
            let own = lanes(&Line::Desk(desk.name.clone()));
            if let Some(attending) = work(queue, desk, &own, &services) {
                desks.push(AtWork {
                    desk,
                    attending,
                    own,
                });
            }
        }
        for load in &mut services {
            let attended = desks.iter().filter(|at| attends(at.desk, load.prefix));
            load.desks = attended.count() as f64;
        }
        Self {
            queue,
            now,
            services,
            desks,
        }
    }

    /// How long a ticket will still wait, in seconds. `None` where it does not wait, or too little is
    /// known.
    pub fn seconds(&self, ticket: &Ticket) -> Option<u64> {
        if ticket.state != State::Waiting {
            return None;
        }
        let mean = self.queue.pace.mean(&ticket.service, LEAST_TURNS)?;
        let desks: Vec<&AtWork<'a>> = self.desks_of(&ticket.line).collect();
        if desks.is_empty() {
            return None;
        }
        // Desks that take T's line first come to T sooner than those that take other lines first, who
        // may never come; so only those count with whom it is soonest.
        let mut ranks: Vec<usize> = desks.iter().map(|at| rank(at.desk, &ticket.line)).collect();
        ranks.sort_unstable();
        ranks.dedup();
        let waits = ranks.iter().map(|most| {
            let near = |at: &&AtWork<'a>| rank(at.desk, &ticket.line) <= *most;
            let near: Vec<&AtWork<'a>> = desks.iter().copied().filter(near).collect();
            self.worked_off(ticket, &near, mean)
        });
        let wait = waits.fold(f64::INFINITY, f64::min);
        Some((wait / 1_000.0) as u64)
    }

    /// After how many milliseconds these desks have worked off what comes before a ticket, so that it
    /// is called.
    fn worked_off(&self, ticket: &Ticket, desks: &[&AtWork<'a>], mean: f64) -> f64 {
        let count = desks.len() as f64;
        let left: f64 = desks.iter().map(|at| at.left(mean)).sum();
        // When T is called the other desks are in the middle of something.
        let under_way = (count - 1.0) * LEFT_OF_A_TURN * mean;
        let parts = self.parts(ticket, desks, mean);
        let mut wait = 0.0;
        for _ in 0..ROUNDS {
            let work = self.work_before(ticket, &parts, wait);
            let next = ((work + left - under_way) / count).max(0.0);
            let settled = (next - wait).abs() < 1_000.0;
            wait = next;
            if settled {
                break;
            }
        }
        wait
    }

    fn desks_of(&self, line: &Line) -> impl Iterator<Item = &AtWork<'a>> {
        self.desks.iter().filter(move |at| match line {
            Line::Service(prefix) => attends(at.desk, prefix),
            Line::Desk(name) => at.desk.name == *name,
        })
    }

    /// What these desks do, as far as it can come before a ticket.
    fn parts<'b>(
        &'b self,
        ticket: &Ticket,
        desks: &[&'b AtWork<'a>],
        mean: f64,
    ) -> Vec<Part<'b, 'a>> {
        let mut parts = Vec::new();
        for load in &self.services {
            let (mut together, mut first) = (0.0, 0.0);
            for at in desks {
                match precedence(at.desk, load.prefix, &ticket.line) {
                    Some(Ordering::Equal) => together += 1.0,
                    Some(Ordering::Less) => first += 1.0,
                    _ => {}
                }
            }
            if load.desks > 0.0 && together + first > 0.0 {
                let own = ticket.line == Line::Service(load.prefix.clone());
                parts.push(Part {
                    lanes: &load.lanes,
                    mean: load.mean.unwrap_or(mean),
                    // All of T's own line: the other desks may be busy with what they take first.
                    together: if own { 1.0 } else { together / load.desks },
                    first: first / load.desks,
                });
            }
        }
        for at in desks {
            parts.push(Part {
                lanes: &at.own,
                mean,
                together: 1.0,
                first: 0.0,
            });
        }
        parts
    }

    /// What will be done before a ticket that waits for so long, in milliseconds of work.
    fn work_before(&self, ticket: &Ticket, parts: &[Part<'_, 'a>], wait: f64) -> f64 {
        let settings = self.queue.settings();
        let lowest = settings.lowest_weight();
        let weight = settings.weight(&ticket.priority);
        // Tickets and work: of the lowest weight, and of higher ones.
        let (mut low, mut high) = ((0.0, 0.0), (0.0, 0.0));
        let mut low_waiting = (0.0, 0.0);
        for part in parts {
            for lane in part.lanes {
                let all = lane.places.len() as f64;
                let ahead = part.together * self.ahead(lane, ticket, weight, wait)
                    + part.first * (all + lane.rate * wait);
                let sum = if lane.weight > lowest {
                    &mut high
                } else {
                    &mut low
                };
                sum.0 += ahead;
                sum.1 += ahead * part.mean;
                if lane.weight == lowest {
                    low_waiting.0 += part.together * all;
                    low_waiting.1 += part.together * all * part.mean;
                }
            }
        }
        if let Some(most) = settings.most_priority_in_a_row.map(f64::from) {
            if weight == lowest {
                let most = most * (low.0 + 1.0);
                if high.0 > most {
                    high.1 *= most / high.0;
                }
            } else if most > 0.0 && low_waiting.0 > 0.0 {
                // One of the lowest goes after each so many of the others.
                let between = (high.0 / most).min(low_waiting.0);
                low.1 = low.1.max(low_waiting.1 * between / low_waiting.0);
            }
        }
        low.1 + high.1
    }

    /// How many of a lane go before a ticket that waits for so long.
    fn ahead(&self, lane: &LaneLoad<'_>, ticket: &Ticket, weight: u32, wait: f64) -> f64 {
        let present = |before: &dyn Fn(&Ticket) -> bool| {
            let index = lane.places.partition_point(|place| {
                let other = || self.queue.arrived(place.arrival());
                place.is_in_front() || other().is_some_and(before)
            });
            index as f64
        };
        if ticket.place.is_in_front() {
            let before = |place: &Place| *place < ticket.place;
            return lane.places.partition_point(before) as f64;
        }
        let rule = self.queue.settings().rule;
        match (lane.weight.cmp(&weight), rule) {
            (Ordering::Equal, _) => {
                let mine = Standing::of(self.queue, ticket, self.now);
                present(&|other| Standing::of(self.queue, other, self.now) < mine)
            }
            (Ordering::Greater, Rule::Strict) => lane.places.len() as f64 + lane.rate * wait,
            (Ordering::Less, Rule::Strict) => present(&|_| false),
            (_, Rule::Weighted) => {
                // At that moment, who has waited since before this counts more than T.
                let moment = self.now.as_millis() as f64 + wait;
                let waited = moment - ticket.waiting_since.as_millis() as f64;
                let since = moment - waited * f64::from(weight) / f64::from(lane.weight.max(1));
                let later = (since - self.now.as_millis() as f64).max(0.0);
                present(&|other| (other.waiting_since.as_millis() as f64) < since)
                    + lane.rate * later
            }
        }
    }
}

impl AtWork<'_> {
    /// How long it is busy still, in milliseconds; `mean` is a turn's length where that of its own
    /// service is not known.
    fn left(&self, mean: f64) -> f64 {
        let Some((elapsed, own)) = self.attending else {
            return 0.0;
        };
        let mean = own.unwrap_or(mean);
        (mean - elapsed).max(mean * 0.4)
    }
}

/// Whether a desk attends a service.
fn attends(desk: &Desk, prefix: &Prefix) -> bool {
    desk.services.is_empty() || desk.services.contains(prefix)
}

/// How many lines a desk takes before that one.
fn rank(desk: &Desk, line: &Line) -> usize {
    match line {
        Line::Service(prefix) => {
            let rank = desk.services.iter().position(|other| other == prefix);
            rank.unwrap_or(0)
        }
        Line::Desk(_) => 0,
    }
}

/// Whether a desk attends a service before, together with, or after the line of a ticket.
fn precedence(desk: &Desk, prefix: &Prefix, line: &Line) -> Option<Ordering> {
    if desk.services.is_empty() {
        return Some(Ordering::Equal);
    }
    let rank = |wanted: &Prefix| desk.services.iter().position(|other| other == wanted);
    let other = rank(prefix)?;
    match line {
        Line::Service(own) => Some(other.cmp(&rank(own)?)),
        // Who waits for the desk alone is compared with the line that it attends first.
        Line::Desk(_) => Some(if other == 0 {
            Ordering::Equal
        } else {
            Ordering::Greater
        }),
    }
}

/// For how long a desk at work attends somebody, if it does, and how long such turns take; `None`
/// where it is not at work.
#[allow(
    clippy::option_option,
    reason = "at work or not, and then attending or not"
)]
fn work(
    queue: &Queue,
    desk: &Desk,
    own: &[LaneLoad<'_>],
    services: &[Load<'_>],
) -> Option<Option<(f64, Option<f64>)>> {
    let call = queue.pace.desks.get(&desk.name)?;
    let since = |at: Timestamp| queue.now.as_millis() - at.as_millis();
    if desk.attending.is_some() {
        let elapsed = since(call.called_at);
        let mean = queue.pace.mean(&call.service, LEAST_TURNS);
        return (elapsed <= LONGEST_MS).then_some(Some((elapsed.max(0) as f64, mean)));
    }
    let free_for = since(call.free_at?);
    let attended = services.iter().filter(|load| attends(desk, load.prefix));
    let lanes = attended.flat_map(|load| &load.lanes).chain(own);
    let heads = lanes.filter_map(|lane| queue.arrived(lane.places.front()?.arrival()));
    let waited = heads.map(|ticket| since(ticket.waiting_since)).max();
    let idle_for = free_for.min(waited.unwrap_or(0));
    (free_for <= LONGEST_MS && idle_for <= GAP_MS).then_some(None)
}

/// How fast people arrive.
struct Rates<'a> {
    recent: Vec<&'a Ticket>,
    millis: f64,
}

impl<'a> Rates<'a> {
    /// Where nobody who arrives later can go first.
    fn none() -> Self {
        Self {
            recent: Vec::new(),
            millis: 1.0,
        }
    }

    fn of(queue: &'a Queue) -> Self {
        let begin = queue.now.as_millis() - ARRIVALS_MS;
        let newest = queue.tickets.values().rev().take(ARRIVALS_SEEN);
        let recent: Vec<&Ticket> = newest
            .take_while(|ticket| ticket.created_at.as_millis() >= begin)
            .collect();
        let first = match recent.last() {
            // Where there are more, they are from less time.
            Some(oldest) if recent.len() == ARRIVALS_SEEN => oldest.created_at.as_millis(),
            _ => begin,
        };
        let millis = (queue.now.as_millis() - first).max(1) as f64;
        Self { recent, millis }
    }

    fn of_lane(&self, prefix: &Prefix, priority: &str) -> f64 {
        let of_lane = |ticket: &&&Ticket| ticket.prefix == *prefix && &*ticket.priority == priority;
        self.recent.iter().filter(of_lane).count() as f64 / self.millis
    }
}
