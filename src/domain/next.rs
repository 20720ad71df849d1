//! Whose turn it is, and in which order a desk would call those who wait.

use std::cmp::Reverse;
use std::collections::VecDeque;

use super::desk::Desk;
use super::queue::Queue;
use super::settings::Rule;
use super::ticket::{Line, Place, Ticket, Timestamp};

/// How tickets compare that are each at the head of their lane; the smallest goes first. Within a
/// lane it follows the places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Standing {
    /// `false` for those that were sent to the front: they are before all others.
    by_rule: bool,
    score: Reverse<i64>,
    place: Place,
}

impl Standing {
    /// Where a ticket stands at the moment `now`.
    pub(super) fn of(queue: &Queue, ticket: &Ticket, now: Timestamp) -> Self {
        let weight = i64::from(queue.settings().weight(&ticket.priority));
        let waited = now.as_millis() - ticket.waiting_since.as_millis();
        let score = match queue.settings().rule {
            // A clock that was set back makes nobody wait for less than no time.
            Rule::Weighted => waited.max(0).saturating_mul(weight),
            Rule::Strict => weight,
        };
        let by_rule = !ticket.place.is_in_front();
        Self {
            by_rule,
            score: Reverse(if by_rule { score } else { 0 }),
            place: ticket.place,
        }
    }
}

/// The ticket that a desk calls next. `None` when nobody waits there.
pub(super) fn whose_turn<'a>(queue: &'a Queue, desk: &Desk, now: Timestamp) -> Option<&'a Ticket> {
    Order::of(queue, desk, now).next()
}

/// The waiting tickets in the order in which a desk would call them if it asked for the next one
/// again and again at this moment. A desk that attends all lines takes them together; one that has
/// chosen its lines attends them in its own order, each when those before it are empty. Who waits
/// for this desk alone is compared with the others.
///
/// Each ticket costs a comparison a lane, however many wait.
pub struct Order<'a> {
    queue: &'a Queue,
    now: Timestamp,
    /// Who waits for this desk alone.
    own: Vec<Head<'a>>,
    /// The lines that it has chosen, in its order; or one of all.
    lines: VecDeque<Vec<Head<'a>>>,
    priority_run: u32,
    lowest_weight: u32,
}

/// What is left of a lane; its first ticket competes.
struct Head<'a> {
    ticket: &'a Ticket,
    weight: u32,
    standing: Standing,
    places: &'a VecDeque<Place>,
    /// The index of the ticket after it.
    next: usize,
}

impl<'a> Order<'a> {
    /// Begins with whose turn it is at the moment `now`.
    pub fn of(queue: &'a Queue, desk: &Desk, now: Timestamp) -> Self {
        let heads = |line: &Line| -> Vec<Head<'a>> {
            let lanes = queue.lanes_of(line);
            lanes
                .filter_map(|(_, places)| Head::of(queue, places, 0, now))
                .collect()
        };
        let chosen = desk.services.iter().cloned().map(Line::Service);
        let mut lines: VecDeque<Vec<Head<'a>>> = chosen.map(|line| heads(&line)).collect();
        if desk.services.is_empty() {
            let services = queue.services().iter();
            let lanes = services.flat_map(|s| heads(&Line::Service(s.prefix.clone())));
            lines.push_back(lanes.collect());
        }
        Self {
            queue,
            now,
            own: heads(&Line::Desk(desk.name.clone())),
            lines,
            priority_run: queue.priority_run,
            lowest_weight: queue.settings().lowest_weight(),
        }
    }
}

impl<'a> Head<'a> {
    fn of(
        queue: &'a Queue,
        places: &'a VecDeque<Place>,
        index: usize,
        now: Timestamp,
    ) -> Option<Self> {
        let ticket = queue.arrived(places.get(index)?.arrival())?;
        Some(Self {
            ticket,
            weight: queue.settings().weight(&ticket.priority),
            standing: Standing::of(queue, ticket, now),
            places,
            next: index + 1,
        })
    }
}

impl<'a> Iterator for Order<'a> {
    type Item = &'a Ticket;

    fn next(&mut self) -> Option<&'a Ticket> {
        while self.lines.front().is_some_and(Vec::is_empty) {
            self.lines.pop_front();
        }
        let most = self.queue.settings().most_priority_in_a_row;
        // After enough of a higher weight in a row one of the lowest goes, where one waits.
        let enough = most.is_some_and(|most| self.priority_run >= most);
        let lowest = self.lowest_weight;
        let key = |head: &Head<'_>| (enough && head.weight != lowest, head.standing);
        let own = self.own.iter().enumerate();
        let own = own.map(|(index, head)| (key(head), true, index));
        let line = self.lines.front().into_iter().flatten().enumerate();
        let line = line.map(|(index, head)| (key(head), false, index));
        let (_, is_own, index) = own.chain(line).min()?;
        let heads = if is_own {
            &mut self.own
        } else {
            self.lines.front_mut()?
        };
        let Head {
            ticket,
            weight,
            places,
            next,
            ..
        } = heads[index];
        match Head::of(self.queue, places, next, self.now) {
            Some(head) => heads[index] = head,
            None => drop(heads.swap_remove(index)),
        }
        self.priority_run = if weight > lowest {
            self.priority_run.saturating_add(1)
        } else {
            0
        };
        Some(ticket)
    }
}
