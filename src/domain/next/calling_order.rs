//! The order in which a desk would call those who wait.

use std::collections::VecDeque;

use super::competition::{Standing, Turns};
use crate::domain::desk::Desk;
use crate::domain::queue::Queue;
use crate::domain::ticket::{Line, Place, Ticket};
use crate::domain::time::Timestamp;

/// The ticket that a desk calls next. `None` when nobody waits there.
pub(in crate::domain) fn whose_turn<'a>(
    queue: &'a Queue,
    desk: &Desk,
    now: Timestamp,
) -> Option<&'a Ticket> {
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
    own: Lines<'a>,
    /// The lines that it has chosen, in its order; or all of them together.
    lines: VecDeque<Lines<'a>>,
    turns: Turns<'a>,
}

/// Lines that are attended together.
struct Lines<'a> {
    lines: Vec<Line>,
    heads: Vec<Head<'a>>,
}

impl<'a> Lines<'a> {
    fn of(queue: &'a Queue, lines: Vec<Line>, now: Timestamp) -> Self {
        let lanes = lines.iter().flat_map(|line| queue.lanes_of(line));
        let heads = lanes.filter_map(|(_, places)| Head::of(queue, places, 0, now));
        Self {
            heads: heads.collect(),
            lines,
        }
    }
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
        let together = |lines| Lines::of(queue, lines, now);
        let chosen = desk.services.iter().cloned().map(Line::Service);
        let mut lines: VecDeque<Lines<'a>> = chosen.map(|line| together(vec![line])).collect();
        if desk.services.is_empty() {
            let all = queue.services().iter().map(|s| s.prefix.clone());
            lines.push_back(together(all.map(Line::Service).collect()));
        }
        Self {
            queue,
            now,
            own: together(vec![Line::Desk(desk.name.clone())]),
            lines,
            turns: Turns::now(queue),
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
        while self.lines.len() > 1 && self.lines.front().is_some_and(|l| l.heads.is_empty()) {
            self.lines.pop_front();
        }
        let front = self.lines.front();
        let lines = front.into_iter().chain([&self.own]);
        let enough = self.turns.enough(lines.flat_map(|l| &l.lines));
        let key = |head: &Head<'_>| self.turns.of(enough, head.weight, head.standing);
        let own = self.own.heads.iter().enumerate();
        let own = own.map(|(index, head)| (key(head), true, index));
        let line = front.into_iter().flat_map(|l| &l.heads).enumerate();
        let line = line.map(|(index, head)| (key(head), false, index));
        let (_, is_own, index) = own.chain(line).min()?;
        let heads = if is_own {
            &mut self.own.heads
        } else {
            &mut self.lines.front_mut()?.heads
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
        self.turns.called(&ticket.line, weight);
        Some(ticket)
    }
}
