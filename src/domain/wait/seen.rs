//! What a forecast goes by: who came lately, how long turns take, and which desks are at work.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::LEAST_TURNS;
use crate::domain::desk::Desk;
use crate::domain::pace::{GAP_MS, LONGEST_MS};
use crate::domain::queue::Queue;
use crate::domain::service::Prefix;
use crate::domain::ticket::{Line, Place, Ticket};

/// From how many arrivals the pace of arrivals is taken.
const ARRIVALS_SEEN: usize = 100;

/// How far back they may be, in milliseconds.
const ARRIVALS_MS: i64 = 30 * 60 * 1_000;

/// Who will come to a lane.
#[derive(Clone, Copy)]
pub(super) struct Arrivals {
    /// When the next one comes, and how long after it another.
    pub(super) next: i64,
    pub(super) every: i64,
    /// How long their turns take, in milliseconds.
    pub(super) turn: i64,
}

impl Arrivals {
    pub(super) fn none() -> Self {
        Self {
            next: i64::MAX,
            every: 0,
            turn: 0,
        }
    }
}

/// A lane that is empty.
pub(super) static NOBODY: VecDeque<Place> = VecDeque::new();

/// The tickets given lately.
pub(super) struct Newest<'a> {
    tickets: Vec<&'a Ticket>,
    now: i64,
    /// In how many milliseconds.
    within: i64,
}

impl<'a> Newest<'a> {
    pub(super) fn of(queue: &'a Queue, now: i64) -> Self {
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
    pub(super) fn lanes_of(
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
pub(super) fn turn(queue: &Queue, service: &Prefix) -> i64 {
    let mean = queue.pace.mean(service, LEAST_TURNS);
    mean.or_else(|| queue.pace.mean_of_all())
        .unwrap_or(0)
        .max(1_000)
}

/// When a desk is free; `None` where it is not at work.
pub(super) fn free_at(queue: &Queue, desk: &Desk, now: i64) -> Option<i64> {
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
