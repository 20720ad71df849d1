//! How long a person will still wait.
//!
//! The method: the office is played on from this moment, by its own rule of who is next, until the
//! ticket is called.
//! - The desks are those at work: a desk that attends somebody, or that has been free for no longer
//!   than [`GAP_MS`] while somebody waited for it. Each calls as it would, in its own order of
//!   services, and takes for each person the mean of the last turns of that service
//!   ([`Pace`](super::pace::Pace)).
//! - The people are those who wait, and those who will have come by then, who may go first: in each
//!   line and priority at the pace of the last [`ARRIVALS_SEEN`] arrivals.
//!
//! Where too little is known there is no estimate, since none is better than a wrong one: fewer than
//! [`LEAST_TURNS`] turns of the service, no desk at work for it, or a turn that does not come within
//! [`HORIZON_MS`]. How often it is right is measured on simulated days, `tests/simulated-day.md`.
//!
//! One play serves all tickets that are looked at at one moment. It costs as much as the calls until
//! the last of them, [`MOST_CALLS`] at most, however many wait.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque, vec_deque};
use std::sync::Arc;

use super::desk::Desk;
use super::next::{Standing, Turns};
use super::pace::{GAP_MS, LONGEST_MS};
use super::queue::Queue;
use super::service::Prefix;
use super::ticket::{Arrival, Line, Place, State, Ticket, Timestamp};

/// With fewer turns of a service nothing is said about it.
pub const LEAST_TURNS: usize = 5;

/// How far the office is played on, in milliseconds: what could be said about a later turn is a guess.
const HORIZON_MS: i64 = 2 * 60 * 60 * 1_000;

/// How many calls are played at most: a few milliseconds in the largest office.
const MOST_CALLS: usize = 4_000;

/// From how many arrivals the pace of arrivals is taken.
const ARRIVALS_SEEN: usize = 100;

/// How far back they may be, in milliseconds.
const ARRIVALS_MS: i64 = 30 * 60 * 1_000;

/// When everybody who waits will be called, as far as it can be said: the office played on once for
/// all tickets that are looked at at one moment.
#[derive(Debug)]
pub struct Forecast {
    called: HashMap<Arrival, i64>,
}

/// The office as it goes on from one moment. Moments are milliseconds since 1970.
struct Play<'a> {
    queue: &'a Queue,
    begun: i64,
    lanes: Vec<LaneAhead<'a>>,
    desks: Vec<AtWork>,
    /// When a desk is free, and its index.
    free: BinaryHeap<Reverse<(i64, usize)>>,
    turns: Turns<'a>,
    /// When those who have been reached are called.
    called: HashMap<Arrival, i64>,
    calls: usize,
}

/// A desk at work: the lanes that it calls from, by their indices.
struct AtWork {
    own: Vec<usize>,
    /// Each line when those before it are empty.
    lines: Vec<Vec<usize>>,
}

/// What is still to come in a lane.
struct LaneAhead<'a> {
    weight: u32,
    next: Next<'a>,
    /// Those who wait behind the next one.
    waiting: vec_deque::Iter<'a, Place>,
    arrivals: Arrivals,
}

/// The next one of a lane.
#[derive(Clone, Copy)]
struct Next<'a> {
    /// `None` for one who is not here yet.
    ticket: Option<&'a Ticket>,
    /// From when its waiting counts; or when it comes.
    since: i64,
    place: Place,
}

/// Who will come to a lane.
#[derive(Clone, Copy)]
struct Arrivals {
    /// When the next one comes, and how long after it another.
    next: i64,
    every: i64,
    /// How long their turns take, in milliseconds.
    turn: i64,
}

impl Queue {
    /// How long a ticket will still wait from that moment on, in seconds. `None` where it does not
    /// wait, or too little is known. For several see [`Forecast`].
    pub fn estimate_seconds(&self, ticket: &Ticket, now: Timestamp) -> Option<u64> {
        if !self.has_evidence(ticket) {
            return None;
        }
        let mut play = Play::of(self, now);
        while !play.called.contains_key(&ticket.arrival) {
            play.go_on()?;
        }
        seconds_until(play.called[&ticket.arrival], now)
    }

    /// Most looks end here: in an office without evidence, or at a ticket that is called.
    fn has_evidence(&self, ticket: &Ticket) -> bool {
        ticket.state == State::Waiting && self.pace.mean(&ticket.service, LEAST_TURNS).is_some()
    }
}

impl Forecast {
    /// Plays the office on from that moment.
    pub fn of(queue: &Queue, now: Timestamp) -> Self {
        let mut play = Play::of(queue, now);
        while play.called.len() < queue.waiting() && play.go_on().is_some() {}
        Self {
            called: play.called,
        }
    }

    /// How long a ticket will still wait from that moment on, in seconds. `None` where it does not
    /// wait, or too little is known.
    pub fn seconds(&self, queue: &Queue, ticket: &Ticket, now: Timestamp) -> Option<u64> {
        if !queue.has_evidence(ticket) {
            return None;
        }
        seconds_until(*self.called.get(&ticket.arrival)?, now)
    }
}

fn seconds_until(at: i64, now: Timestamp) -> Option<u64> {
    u64::try_from((at - now.as_millis()).max(0) / 1_000).ok()
}

impl<'a> Play<'a> {
    fn of(queue: &'a Queue, now: Timestamp) -> Self {
        // A clock that was set back.
        let begun = now.max(queue.now).as_millis();
        let mut play = Self {
            queue,
            begun,
            lanes: Vec::new(),
            desks: Vec::new(),
            free: BinaryHeap::new(),
            turns: Turns::now(queue),
            called: HashMap::new(),
            calls: 0,
        };
        let open = queue.desks().filter(|desk| desk.open);
        let at_work: Vec<(&Desk, i64)> = open
            .filter_map(|desk| Some((desk, free_at(queue, desk, begun)?)))
            .collect();
        if !at_work.is_empty() {
            play.begin(&at_work);
        }
        play
    }

    fn begin(&mut self, at_work: &[(&'a Desk, i64)]) {
        let queue = self.queue;
        let newest = Newest::of(queue, self.begun);
        let services = queue.services().iter();
        let services: Vec<(&Prefix, Vec<usize>)> = services
            .map(|service| {
                let prefix = &service.prefix;
                let mut lanes = newest.lanes_of(queue, prefix);
                for (lane, places) in queue.lanes_of(&Line::Service(prefix.clone())) {
                    let entry = lanes
                        .entry(&lane.priority)
                        .or_insert((&NOBODY, Arrivals::none()));
                    entry.0 = places;
                }
                let lanes = lanes.into_iter();
                let indices = lanes.map(|(priority, (places, arrivals))| {
                    self.add_lane(priority, places, arrivals)
                });
                (prefix, indices.collect())
            })
            .collect();
        for (index, (desk, free_at)) in at_work.iter().enumerate() {
            let line = Line::Desk(desk.name.clone());
            let own = queue.lanes_of(&line);
            let own =
                own.map(|(lane, places)| self.add_lane(&lane.priority, places, Arrivals::none()));
            let own = own.collect();
            let lanes_of = |wanted: &Prefix| {
                let service = services.iter().find(|(prefix, _)| *prefix == wanted);
                service.map(|(_, lanes)| lanes.clone())
            };
            let lines = if desk.services.is_empty() {
                vec![
                    services
                        .iter()
                        .flat_map(|(_, lanes)| lanes)
                        .copied()
                        .collect(),
                ]
            } else {
                desk.services.iter().filter_map(lanes_of).collect()
            };
            self.desks.push(AtWork { own, lines });
            self.free.push(Reverse((*free_at, index)));
        }
    }

    fn add_lane(
        &mut self,
        priority: &str,
        places: &'a VecDeque<Place>,
        arrivals: Arrivals,
    ) -> usize {
        let mut waiting = places.iter();
        let mut arrivals = arrivals;
        self.lanes.push(LaneAhead {
            weight: self.queue.settings().weight(priority),
            next: Next::of(self.queue, &mut waiting, &mut arrivals),
            waiting,
            arrivals,
        });
        self.lanes.len() - 1
    }

    /// Goes on until a desk calls or waits for somebody to come. `None` where nothing more is known.
    fn go_on(&mut self) -> Option<()> {
        let Reverse((now, desk)) = self.free.pop()?;
        if self.calls >= MOST_CALLS || now - self.begun > HORIZON_MS {
            self.free.clear();
            return None;
        }
        let free_at = match self.whose_turn(&self.desks[desk], now) {
            Some(index) => now + self.call(index, now),
            None => self.somebody_comes(&self.desks[desk]),
        };
        self.free.push(Reverse((free_at, desk)));
        Some(())
    }

    /// From which lane a desk calls at that moment; `None` where nobody is there.
    fn whose_turn(&self, desk: &AtWork, now: i64) -> Option<usize> {
        let here = |index: &&usize| self.lanes[**index].next.is_here(now);
        let line = desk
            .lines
            .iter()
            .find(|lanes| lanes.iter().any(|index| here(&index)));
        let lanes = desk.own.iter().chain(line.into_iter().flatten());
        let first = lanes.filter(here).min_by_key(|index| {
            let LaneAhead { weight, next, .. } = &self.lanes[**index];
            let waited = now - next.since;
            let settings = self.queue.settings();
            self.turns.of(
                *weight,
                Standing::new(settings, *weight, waited, next.place),
            )
        });
        first.copied()
    }

    /// Calls the next one of a lane, and says how long that turn takes, in milliseconds.
    fn call(&mut self, lane: usize, now: i64) -> i64 {
        self.calls += 1;
        let queue = self.queue;
        let LaneAhead {
            weight,
            next,
            waiting,
            arrivals,
        } = &mut self.lanes[lane];
        let called = std::mem::replace(next, Next::of(queue, waiting, arrivals));
        self.turns.called(*weight);
        let Some(ticket) = called.ticket else {
            return arrivals.turn;
        };
        self.called.insert(ticket.arrival, now);
        turn(queue, &ticket.service)
    }

    /// When the next one comes to the lanes of a desk.
    fn somebody_comes(&self, desk: &AtWork) -> i64 {
        let lanes = desk.own.iter().chain(desk.lines.iter().flatten());
        let next = lanes.map(|index| self.lanes[*index].next.since).min();
        next.unwrap_or(i64::MAX)
    }
}

impl<'a> Next<'a> {
    /// Takes the next one of a lane: of those who wait first.
    fn of(
        queue: &'a Queue,
        waiting: &mut vec_deque::Iter<'a, Place>,
        arrivals: &mut Arrivals,
    ) -> Self {
        let ticket = waiting.find_map(|place| queue.arrived(place.arrival()));
        if let Some(ticket) = ticket {
            return Self {
                ticket: Some(ticket),
                since: ticket.waiting_since.as_millis(),
                place: ticket.place,
            };
        }
        let since = arrivals.next;
        arrivals.next = since.saturating_add(arrivals.every);
        Self {
            ticket: None,
            since,
            place: Place::by_arrival(Arrival::from_seq(u64::MAX)),
        }
    }

    /// A clock that was set back makes nobody who waits come later.
    fn is_here(&self, now: i64) -> bool {
        self.ticket.is_some() || self.since <= now
    }
}

impl Arrivals {
    fn none() -> Self {
        Self {
            next: i64::MAX,
            every: 0,
            turn: 0,
        }
    }
}

static NOBODY: VecDeque<Place> = VecDeque::new();

/// The tickets given lately.
struct Newest<'a> {
    tickets: Vec<&'a Ticket>,
    now: i64,
    /// In how many milliseconds.
    within: i64,
}

impl<'a> Newest<'a> {
    fn of(queue: &'a Queue, now: i64) -> Self {
        let begin = now - ARRIVALS_MS;
        let newest = queue.tickets.values().rev().take(ARRIVALS_SEEN);
        let tickets: Vec<&Ticket> = newest
            .take_while(|ticket| ticket.created_at.as_millis() >= begin)
            .collect();
        let first = match tickets.last() {
            // Where there are more, they are from less time.
            Some(oldest) if tickets.len() == ARRIVALS_SEEN => oldest.created_at.as_millis(),
            _ => begin,
        };
        let within = (now - first).max(1);
        Self {
            tickets,
            now,
            within,
        }
    }

    /// Who will come for a service, by priority, while nobody waits.
    fn lanes_of(
        &self,
        queue: &Queue,
        prefix: &Prefix,
    ) -> BTreeMap<&'a Arc<str>, (&'static VecDeque<Place>, Arrivals)> {
        let mut counts: BTreeMap<&Arc<str>, i64> = BTreeMap::new();
        for ticket in self
            .tickets
            .iter()
            .filter(|ticket| ticket.prefix == *prefix)
        {
            *counts.entry(&ticket.priority).or_default() += 1;
        }
        let turn = turn(queue, prefix);
        let arrivals = |count: i64| {
            let every = (self.within / count).max(1);
            Arrivals {
                next: self.now + every / 2,
                every,
                turn,
            }
        };
        counts
            .into_iter()
            .map(|(priority, count)| (priority, (&NOBODY, arrivals(count))))
            .collect()
    }
}

/// How long a turn of a service takes, in milliseconds: as long as one of all services where too little
/// is known of it.
fn turn(queue: &Queue, service: &Prefix) -> i64 {
    let mean = queue.pace.mean(service, LEAST_TURNS);
    mean.or_else(|| queue.pace.mean_of_all())
        .unwrap_or(0)
        .max(1_000)
}

/// When a desk is free; `None` where it is not at work.
fn free_at(queue: &Queue, desk: &Desk, now: i64) -> Option<i64> {
    let call = queue.pace.desks.get(&desk.name)?;
    if desk.attending.is_some() {
        let elapsed = (now - call.called_at.as_millis()).max(0);
        let turn = turn(queue, &call.service);
        let left = (turn - elapsed).max(turn * 2 / 5);
        return (elapsed <= LONGEST_MS).then_some(now + left);
    }
    let free_for = now - call.free_at?.as_millis();
    let line = |service: &Prefix| Line::Service(service.clone());
    let mut lines: Vec<Line> = if desk.services.is_empty() {
        queue
            .services()
            .iter()
            .map(|service| line(&service.prefix))
            .collect()
    } else {
        desk.services.iter().map(line).collect()
    };
    lines.push(Line::Desk(desk.name.clone()));
    let lanes = lines.iter().flat_map(|line| queue.lanes_of(line));
    let heads = lanes.filter_map(|(_, places)| queue.arrived(places.front()?.arrival()));
    let since = heads.map(|ticket| ticket.waiting_since.as_millis()).min();
    let idle_for = free_for.min(since.map_or(0, |since| now - since));
    (free_for <= LONGEST_MS && idle_for <= GAP_MS).then_some(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{ask, two_lines};
    use crate::domain::{Command, DeskName, TicketId};

    const MINUTE: i64 = 60_000;

    /// An office whose one desk has attended six people for four minutes each, and calls a seventh in
    /// minute 24; three more wait.
    fn office() -> Queue {
        let mut queue = two_lines();
        for ticket in 0..10 {
            create(&mut queue, ticket, "A", 0);
        }
        for turn in 0..7 {
            next(&mut queue, 4 * turn);
        }
        queue
    }

    fn create(queue: &mut Queue, ticket: u128, service: &str, minute: i64) {
        let create = Command::Create {
            ticket: TicketId::from_random(ticket),
            service: Some(Prefix::new(service)),
            priority: None,
            note: None,
        };
        ask(queue, &create, at(minute)).0.outcome.expect("given");
    }

    fn next(queue: &mut Queue, minute: i64) {
        let desk = DeskName::parse("1").expect("a name");
        let next = Command::Next {
            desk,
            current: None,
        };
        ask(queue, &next, at(minute)).0.outcome.expect("called");
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * MINUTE)
    }

    /// What the tickets are told in that minute, in minutes.
    fn told(queue: &Queue, tickets: &[u128], minute: i64) -> Vec<Option<u64>> {
        let forecast = Forecast::of(queue, at(minute));
        let told = tickets.iter().map(|id| {
            let ticket = queue.ticket(TicketId::from_random(*id)).expect("there");
            let one = queue.estimate_seconds(ticket, at(minute));
            assert_eq!(one, forecast.seconds(queue, ticket, at(minute)));
            one.map(|seconds| seconds / 60)
        });
        told.collect()
    }

    #[test]
    fn each_who_waits_is_told_the_turns_before_it() {
        let queue = office();
        let rows = [Some(4), Some(8), Some(12)];
        assert_eq!(told(&queue, &[7, 8, 9], 24), rows);
        // Time passes with no event.
        assert_eq!(told(&queue, &[7, 8, 9], 26), [Some(2), Some(6), Some(10)]);
        assert_eq!(told(&queue, &[6], 24), [None], "it is called");
    }

    #[test]
    fn nothing_is_said_while_the_office_stands_still() {
        let mut queue = office();
        // A turn that somebody forgot to end.
        assert_eq!(told(&queue, &[7, 9], 24 + 61), [None, None]);
        // A desk that is free, and calls nobody while people wait.
        let finish = Command::FinishTicket {
            ticket: TicketId::from_random(6),
        };
        ask(&mut queue, &finish, at(28)).0.outcome.expect("ended");
        assert_eq!(told(&queue, &[7, 8], 30), [Some(0), Some(4)]);
        assert_eq!(told(&queue, &[7, 8], 34), [None, None]);
        // It goes on.
        next(&mut queue, 40);
        assert_eq!(told(&queue, &[8, 9], 40), [Some(4), Some(8)]);
    }

    #[test]
    fn nothing_is_said_without_evidence() {
        let mut queue = office();
        create(&mut queue, 20, "B", 25);
        assert_eq!(told(&queue, &[20], 25), [None], "no turn of its service");
        let mut few = two_lines();
        for ticket in 0..6 {
            create(&mut few, ticket, "A", 0);
        }
        for turn in 0..5 {
            next(&mut few, 4 * turn);
        }
        assert_eq!(told(&few, &[5], 16), [None], "four turns");
        let shut = Command::SetDesk {
            desk: DeskName::parse("1").expect("a name"),
            open: Some(false),
            services: None,
        };
        ask(&mut queue, &shut, at(25)).0.outcome.expect("shut");
        assert_eq!(told(&queue, &[7], 25), [None], "no desk is open");
    }
}
