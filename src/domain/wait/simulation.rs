//! A simulation of the office from one moment on, by its own calling rule.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, VecDeque, vec_deque};

use super::observations::{ArrivalRate, EMPTY_LIST, RecentArrivals, TransactionTimes, free_at};
use crate::domain::desk::{Desk, DeskName};
use crate::domain::next::calling_rule::{CallingKey, Competition};
use crate::domain::queue::Queue;
use crate::domain::service::Prefix;
use crate::domain::ticket::{ListPosition, Ticket, WaitingList};
use crate::domain::time::{Arrival, Timestamp};

/// How far the simulation goes, in milliseconds: a later call is a guess.
const HORIZON_MS: i64 = 2 * 60 * 60 * 1_000;

/// The most steps of one simulation; a step is a desk's call, or its wait for an arrival. They take a few
/// milliseconds in the largest office.
const MOST_STEPS: usize = 4_000;

/// The office as it goes on from one moment. Moments are milliseconds since 1970.
pub(super) struct ForecastSimulation<'a> {
    queue: &'a Queue,
    begun: i64,
    priority_lists: Vec<ForecastList<'a>>,
    desks: Vec<WorkingDesk<'a>>,
    /// Time at which a desk is free, and its index.
    free: BinaryHeap<Reverse<(i64, usize)>>,
    competition: Competition<'a>,
    pub(super) speeds: TransactionTimes<'a>,
    /// Time of the simulated call, by ticket.
    pub(super) called: HashMap<Arrival, i64>,
    /// Number of waiting tickets that an open desk can call.
    within_reach: usize,
    steps: usize,
}

/// A desk at work: where it calls from.
struct WorkingDesk<'a> {
    name: &'a DeskName,
    own: CombinedLists,
    /// In the desk's order: a list is used only if those before it are empty.
    lists: Vec<CombinedLists>,
}

/// Waiting lists whose tickets compete with each other, and the indices of their priority lists.
struct CombinedLists {
    lists: Vec<WaitingList>,
    priority_lists: Vec<usize>,
}

/// The rest of a priority list.
struct ForecastList<'a> {
    list: WaitingList,
    weight: u32,
    next: NextTicket<'a>,
    /// The tickets behind the next one.
    waiting: vec_deque::Iter<'a, ListPosition>,
    arrivals: ArrivalRate,
}

/// The next ticket of a priority list.
#[derive(Clone, Copy)]
struct NextTicket<'a> {
    /// `None` for a ticket that has not arrived yet.
    ticket: Option<&'a Ticket>,
    /// Start of its waiting time, or its arrival.
    since: i64,
    position: ListPosition,
}

impl<'a> ForecastSimulation<'a> {
    pub(super) fn of(queue: &'a Queue, now: Timestamp) -> Self {
        let begun = now.as_millis();
        let mut simulation = Self {
            queue,
            begun,
            priority_lists: Vec::new(),
            desks: Vec::new(),
            free: BinaryHeap::new(),
            competition: Competition::now(queue),
            speeds: TransactionTimes::of(queue),
            called: HashMap::new(),
            within_reach: 0,
            steps: 0,
        };
        let open = queue.desks().filter(|desk| desk.open);
        let at_work: Vec<(&Desk, i64)> = open
            .filter_map(|desk| Some((desk, free_at(queue, &simulation.speeds, desk, begun)?)))
            .collect();
        if !at_work.is_empty() {
            simulation.add_desks_and_lists(&at_work);
        }
        simulation
    }

    /// Adds the open desks with the times when they are free, and the lists that they call from.
    fn add_desks_and_lists(&mut self, at_work: &[(&'a Desk, i64)]) {
        let queue = self.queue;
        let recent_arrivals = RecentArrivals::of(queue, self.begun);
        let services = queue.services().iter();
        let services: Vec<(&Prefix, Vec<usize>)> = services
            .map(|service| {
                let prefix = &service.prefix;
                let mut priority_lists = recent_arrivals.priority_lists_of(prefix);
                for (priority_list, positions) in
                    queue.priority_lists_of(&WaitingList::Service(prefix.clone()))
                {
                    let entry = priority_lists
                        .entry(&priority_list.priority)
                        .or_insert((&EMPTY_LIST, ArrivalRate::none()));
                    entry.0 = positions;
                }
                let priority_lists = priority_lists.into_iter();
                let list = WaitingList::Service(prefix.clone());
                let indices = priority_lists.map(|(priority, (positions, arrivals))| {
                    self.add_priority_list(&list, priority, positions, arrivals)
                });
                (prefix, indices.collect())
            })
            .collect();
        for (index, (desk, free_at)) in at_work.iter().enumerate() {
            let list = WaitingList::Desk(desk.name.clone());
            let own = queue.priority_lists_of(&list);
            let own = own.map(|(priority_list, positions)| {
                self.add_priority_list(
                    &list,
                    &priority_list.priority,
                    positions,
                    ArrivalRate::none(),
                )
            });
            let own = CombinedLists {
                priority_lists: own.collect(),
                lists: vec![list.clone()],
            };
            let combined = |wanted: &[&Prefix]| {
                let services = services
                    .iter()
                    .filter(|(prefix, _)| wanted.contains(prefix));
                CombinedLists {
                    lists: wanted
                        .iter()
                        .map(|p| WaitingList::Service((*p).clone()))
                        .collect(),
                    priority_lists: services
                        .flat_map(|(_, priority_lists)| priority_lists)
                        .copied()
                        .collect(),
                }
            };
            let lists = if desk.services.is_empty() {
                let all: Vec<&Prefix> = services.iter().map(|(prefix, _)| *prefix).collect();
                vec![combined(&all)]
            } else {
                desk.services.iter().map(|one| combined(&[one])).collect()
            };
            self.desks.push(WorkingDesk {
                name: &desk.name,
                own,
                lists,
            });
            self.free.push(Reverse((*free_at, index)));
        }
        let priority_lists: BTreeSet<usize> = self
            .desks
            .iter()
            .flat_map(WorkingDesk::priority_lists)
            .collect();
        let waiting = priority_lists
            .iter()
            .map(|index| self.priority_lists[*index].len());
        self.within_reach = waiting.sum();
    }

    fn add_priority_list(
        &mut self,
        list: &WaitingList,
        priority: &str,
        positions: &'a VecDeque<ListPosition>,
        mut arrivals: ArrivalRate,
    ) -> usize {
        let mut waiting = positions.iter();
        self.priority_lists.push(ForecastList {
            list: list.clone(),
            weight: self.queue.settings().weight(priority),
            next: NextTicket::of(self.queue, &mut waiting, &mut arrivals),
            waiting,
            arrivals,
        });
        self.priority_lists.len() - 1
    }

    /// Simulates one step: a desk calls a ticket, or waits for the next arrival. `None` at the horizon, at
    /// the step limit, or when every reachable ticket is called.
    pub(super) fn step(&mut self) -> Option<()> {
        let Reverse((now, desk)) = self.free.pop()?;
        let is_over = self.called.len() >= self.within_reach
            || self.steps >= MOST_STEPS
            || now - self.begun > HORIZON_MS;
        if is_over {
            self.free.clear();
            return None;
        }
        self.steps += 1;
        let free_at = match self.next_list(&self.desks[desk], now) {
            Some(index) => now + self.call(desk, index, now),
            None => self.next_arrival(&self.desks[desk]),
        };
        self.free.push(Reverse((free_at, desk)));
        Some(())
    }

    /// The priority list from which a desk calls at that moment; `None` if no ticket is there.
    fn next_list(&self, desk: &WorkingDesk<'_>, now: i64) -> Option<usize> {
        let here = |index: &&usize| self.priority_lists[**index].next.is_here(now);
        let waits =
            |combined: &&CombinedLists| combined.priority_lists.iter().any(|index| here(&index));
        let front = desk.lists.iter().find(waits).or(desk.lists.last());
        let combined = front.into_iter().chain([&desk.own]);
        let limit_reached = self
            .competition
            .is_limit_reached(combined.clone().flat_map(|t| &t.lists));
        let priority_lists = combined.flat_map(|t| &t.priority_lists);
        let first = priority_lists.filter(here).min_by_key(|index| {
            let ForecastList { weight, next, .. } = &self.priority_lists[**index];
            let waited = now - next.since;
            let settings = self.queue.settings();
            self.competition.key(
                limit_reached,
                *weight,
                CallingKey::new(settings, *weight, waited, next.position),
            )
        });
        first.copied()
    }

    /// A desk calls the next ticket of a priority list. Returns the length of the transaction, in
    /// milliseconds.
    fn call(&mut self, desk: usize, priority_list: usize, now: i64) -> i64 {
        let queue = self.queue;
        let ForecastList {
            list,
            weight,
            next,
            waiting,
            arrivals,
        } = &mut self.priority_lists[priority_list];
        let called = std::mem::replace(next, NextTicket::of(queue, waiting, arrivals));
        self.competition.record_call(list, *weight);
        let service = match (called.ticket, &*list) {
            (Some(ticket), _) => {
                self.called.insert(ticket.arrival, now);
                &ticket.service
            }
            (None, WaitingList::Service(prefix)) => prefix,
            // Only a transfer puts a ticket into a desk's own list.
            (None, WaitingList::Desk(_)) => return 0,
        };
        self.speeds.transaction_ms(self.desks[desk].name, service)
    }

    /// Arrival of the next ticket in the lists of a desk.
    fn next_arrival(&self, desk: &WorkingDesk<'_>) -> i64 {
        let next = desk
            .priority_lists()
            .map(|index| self.priority_lists[index].next.since)
            .min();
        next.unwrap_or(i64::MAX)
    }
}

impl WorkingDesk<'_> {
    fn priority_lists(&self) -> impl Iterator<Item = usize> {
        let combined = [&self.own].into_iter().chain(&self.lists);
        combined.flat_map(|t| &t.priority_lists).copied()
    }
}

impl ForecastList<'_> {
    /// Number of waiting tickets in it.
    fn len(&self) -> usize {
        usize::from(self.next.ticket.is_some()) + self.waiting.len()
    }
}

impl<'a> NextTicket<'a> {
    /// Takes the next ticket of a priority list: first those that wait.
    fn of(
        queue: &'a Queue,
        waiting: &mut vec_deque::Iter<'a, ListPosition>,
        arrivals: &mut ArrivalRate,
    ) -> Self {
        let ticket = waiting.find_map(|position| queue.arrived(position.arrival()));
        if let Some(ticket) = ticket {
            return Self {
                ticket: Some(ticket),
                since: ticket.waiting_since.as_millis(),
                position: ticket.position,
            };
        }
        let since = arrivals.next;
        arrivals.next = since.saturating_add(arrivals.every);
        Self {
            ticket: None,
            since,
            position: ListPosition::by_arrival(Arrival::from_seq(u64::MAX)),
        }
    }

    /// A waiting ticket has arrived, even if its time lies in the future.
    fn is_here(&self, now: i64) -> bool {
        self.ticket.is_some() || self.since <= now
    }
}
