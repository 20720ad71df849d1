//! The office as it goes on from one moment, by its own rule of who is next.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, VecDeque, vec_deque};

use super::seen::{Arrivals, NOBODY, Newest, Speeds, free_at};
use crate::domain::desk::{Desk, DeskName};
use crate::domain::next::competition::{Standing, Turns};
use crate::domain::queue::Queue;
use crate::domain::service::Prefix;
use crate::domain::ticket::{Line, Place, Ticket};
use crate::domain::time::{Arrival, Timestamp};

/// How far the office is played on, in milliseconds: what could be said about a later turn is a guess.
const HORIZON_MS: i64 = 2 * 60 * 60 * 1_000;

/// How often a desk calls, or waits for somebody, at most: a few milliseconds in the largest office.
const MOST_STEPS: usize = 4_000;

/// The office as it goes on from one moment. Moments are milliseconds since 1970.
pub(super) struct Play<'a> {
    queue: &'a Queue,
    begun: i64,
    lanes: Vec<LaneAhead<'a>>,
    desks: Vec<AtWork<'a>>,
    /// When a desk is free, and its index.
    free: BinaryHeap<Reverse<(i64, usize)>>,
    turns: Turns<'a>,
    pub(super) speeds: Speeds<'a>,
    /// When those who have been reached are called.
    pub(super) called: HashMap<Arrival, i64>,
    /// How many of those who wait can be reached by a desk at work.
    within_reach: usize,
    steps: usize,
}

/// A desk at work: where it calls from.
struct AtWork<'a> {
    name: &'a DeskName,
    own: Together,
    /// Each when those before it are empty.
    lines: Vec<Together>,
}

/// Lines that are attended together, and their lanes, by their indices.
struct Together {
    lines: Vec<Line>,
    lanes: Vec<usize>,
}

/// What is still to come in a lane.
struct LaneAhead<'a> {
    line: Line,
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

impl<'a> Play<'a> {
    pub(super) fn of(queue: &'a Queue, now: Timestamp) -> Self {
        // A clock that was set back.
        let begun = now.max(queue.now).as_millis();
        let mut play = Self {
            queue,
            begun,
            lanes: Vec::new(),
            desks: Vec::new(),
            free: BinaryHeap::new(),
            turns: Turns::now(queue),
            speeds: Speeds::of(queue),
            called: HashMap::new(),
            within_reach: 0,
            steps: 0,
        };
        let open = queue.desks().filter(|desk| desk.open);
        let at_work: Vec<(&Desk, i64)> = open
            .filter_map(|desk| Some((desk, free_at(queue, &play.speeds, desk, begun)?)))
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
                let mut lanes = newest.lanes_of(prefix);
                for (lane, places) in queue.lanes_of(&Line::Service(prefix.clone())) {
                    let entry = lanes
                        .entry(&lane.priority)
                        .or_insert((&NOBODY, Arrivals::none()));
                    entry.0 = places;
                }
                let lanes = lanes.into_iter();
                let line = Line::Service(prefix.clone());
                let indices = lanes.map(|(priority, (places, arrivals))| {
                    self.add_lane(&line, priority, places, arrivals)
                });
                (prefix, indices.collect())
            })
            .collect();
        for (index, (desk, free_at)) in at_work.iter().enumerate() {
            let line = Line::Desk(desk.name.clone());
            let own = queue.lanes_of(&line);
            let own = own.map(|(lane, places)| {
                self.add_lane(&line, &lane.priority, places, Arrivals::none())
            });
            let own = Together {
                lanes: own.collect(),
                lines: vec![line.clone()],
            };
            let together = |wanted: &[&Prefix]| {
                let services = services
                    .iter()
                    .filter(|(prefix, _)| wanted.contains(prefix));
                Together {
                    lines: wanted.iter().map(|p| Line::Service((*p).clone())).collect(),
                    lanes: services.flat_map(|(_, lanes)| lanes).copied().collect(),
                }
            };
            let lines = if desk.services.is_empty() {
                let all: Vec<&Prefix> = services.iter().map(|(prefix, _)| *prefix).collect();
                vec![together(&all)]
            } else {
                desk.services.iter().map(|one| together(&[one])).collect()
            };
            self.desks.push(AtWork {
                name: &desk.name,
                own,
                lines,
            });
            self.free.push(Reverse((*free_at, index)));
        }
        let lanes: BTreeSet<usize> = self.desks.iter().flat_map(AtWork::lanes).collect();
        let waiting = lanes.iter().map(|index| self.lanes[*index].len());
        self.within_reach = waiting.sum();
    }

    fn add_lane(
        &mut self,
        line: &Line,
        priority: &str,
        places: &'a VecDeque<Place>,
        mut arrivals: Arrivals,
    ) -> usize {
        let mut waiting = places.iter();
        self.lanes.push(LaneAhead {
            line: line.clone(),
            weight: self.queue.settings().weight(priority),
            next: Next::of(self.queue, &mut waiting, &mut arrivals),
            waiting,
            arrivals,
        });
        self.lanes.len() - 1
    }

    /// Goes on until a desk calls or waits for somebody to come. `None` where nothing more is known.
    pub(super) fn go_on(&mut self) -> Option<()> {
        let Reverse((now, desk)) = self.free.pop()?;
        let is_over = self.called.len() >= self.within_reach
            || self.steps >= MOST_STEPS
            || now - self.begun > HORIZON_MS;
        if is_over {
            self.free.clear();
            return None;
        }
        self.steps += 1;
        let free_at = match self.whose_turn(&self.desks[desk], now) {
            Some(index) => now + self.call(desk, index, now),
            None => self.somebody_comes(&self.desks[desk]),
        };
        self.free.push(Reverse((free_at, desk)));
        Some(())
    }

    /// From which lane a desk calls at that moment; `None` where nobody is there.
    fn whose_turn(&self, desk: &AtWork<'_>, now: i64) -> Option<usize> {
        let here = |index: &&usize| self.lanes[**index].next.is_here(now);
        let waits = |together: &&Together| together.lanes.iter().any(|index| here(&index));
        let front = desk.lines.iter().find(waits).or(desk.lines.last());
        let together = front.into_iter().chain([&desk.own]);
        let enough = self.turns.enough(together.clone().flat_map(|t| &t.lines));
        let lanes = together.flat_map(|t| &t.lanes);
        let first = lanes.filter(here).min_by_key(|index| {
            let LaneAhead { weight, next, .. } = &self.lanes[**index];
            let waited = now - next.since;
            let settings = self.queue.settings();
            self.turns.of(
                enough,
                *weight,
                Standing::new(settings, *weight, waited, next.place),
            )
        });
        first.copied()
    }

    /// A desk calls the next one of a lane; says how long that turn takes, in milliseconds.
    fn call(&mut self, desk: usize, lane: usize, now: i64) -> i64 {
        let queue = self.queue;
        let LaneAhead {
            line,
            weight,
            next,
            waiting,
            arrivals,
        } = &mut self.lanes[lane];
        let called = std::mem::replace(next, Next::of(queue, waiting, arrivals));
        self.turns.called(line, *weight);
        let service = match (called.ticket, &*line) {
            (Some(ticket), _) => {
                self.called.insert(ticket.arrival, now);
                &ticket.service
            }
            (None, Line::Service(prefix)) => prefix,
            // Nobody comes to a desk's own line by themselves.
            (None, Line::Desk(_)) => return 0,
        };
        self.speeds.turn(self.desks[desk].name, service)
    }

    /// When the next one comes to the lanes of a desk.
    fn somebody_comes(&self, desk: &AtWork<'_>) -> i64 {
        let next = desk.lanes().map(|index| self.lanes[index].next.since).min();
        next.unwrap_or(i64::MAX)
    }
}

impl AtWork<'_> {
    fn lanes(&self) -> impl Iterator<Item = usize> {
        let together = [&self.own].into_iter().chain(&self.lines);
        together.flat_map(|t| &t.lanes).copied()
    }
}

impl LaneAhead<'_> {
    /// How many wait in it.
    fn len(&self) -> usize {
        usize::from(self.next.ticket.is_some()) + self.waiting.len()
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
