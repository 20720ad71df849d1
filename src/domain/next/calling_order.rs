//! The order in which a desk would call the waiting tickets.

use std::collections::VecDeque;

use super::calling_rule::{CallingKey, Competition};
use crate::domain::desk::Desk;
use crate::domain::queue::Queue;
use crate::domain::ticket::{ListPosition, Ticket, WaitingList};
use crate::domain::time::Timestamp;

/// The ticket that a desk calls next, or `None` if no ticket waits for it.
pub(in crate::domain) fn next_ticket<'a>(
    queue: &'a Queue,
    desk: &Desk,
    now: Timestamp,
) -> Option<&'a Ticket> {
    CallingOrder::of(queue, desk, now).next()
}

/// The waiting tickets in the order in which a desk would call them if it asked for the next one
/// again and again at this moment. A desk that serves all services compares their lists with each
/// other. A desk with services of its own goes through them in its order, each when those before it
/// are empty. Tickets that wait for this desk alone compete with the others.
///
/// Each ticket costs one comparison per priority list, however many tickets wait.
pub struct CallingOrder<'a> {
    queue: &'a Queue,
    now: Timestamp,
    /// Tickets that wait for this desk only.
    own: CombinedLists<'a>,
    /// The lists of its services, in its order; or all of them combined.
    lists: VecDeque<CombinedLists<'a>>,
    competition: Competition<'a>,
}

/// Waiting lists whose tickets compete with each other.
struct CombinedLists<'a> {
    lists: Vec<WaitingList>,
    heads: Vec<Head<'a>>,
}

impl<'a> CombinedLists<'a> {
    fn of(queue: &'a Queue, lists: Vec<WaitingList>, now: Timestamp) -> Self {
        let priority_lists = lists.iter().flat_map(|list| queue.priority_lists_of(list));
        let heads = priority_lists.filter_map(|(_, positions)| Head::of(queue, positions, 0, now));
        Self {
            heads: heads.collect(),
            lists,
        }
    }
}

/// The rest of a priority list; its first ticket competes.
struct Head<'a> {
    ticket: &'a Ticket,
    weight: u32,
    key: CallingKey,
    positions: &'a VecDeque<ListPosition>,
    /// The index of the ticket after it.
    next: usize,
}

impl<'a> CallingOrder<'a> {
    /// Begins with the ticket that the desk calls next at the moment `now`.
    pub fn of(queue: &'a Queue, desk: &Desk, now: Timestamp) -> Self {
        let together = |lists| CombinedLists::of(queue, lists, now);
        let chosen = desk.services.iter().cloned().map(WaitingList::Service);
        let mut lists: VecDeque<CombinedLists<'a>> =
            chosen.map(|list| together(vec![list])).collect();
        if desk.services.is_empty() {
            let all = queue.services().iter().map(|s| s.prefix.clone());
            lists.push_back(together(all.map(WaitingList::Service).collect()));
        }
        Self {
            queue,
            now,
            own: together(vec![WaitingList::Desk(desk.name.clone())]),
            lists,
            competition: Competition::now(queue),
        }
    }
}

impl<'a> Head<'a> {
    fn of(
        queue: &'a Queue,
        positions: &'a VecDeque<ListPosition>,
        index: usize,
        now: Timestamp,
    ) -> Option<Self> {
        let ticket = queue.arrived(positions.get(index)?.arrival())?;
        Some(Self {
            ticket,
            weight: queue.settings().weight(&ticket.priority),
            key: CallingKey::of(queue, ticket, now),
            positions,
            next: index + 1,
        })
    }
}

impl<'a> Iterator for CallingOrder<'a> {
    type Item = &'a Ticket;

    fn next(&mut self) -> Option<&'a Ticket> {
        while self.lists.len() > 1 && self.lists.front().is_some_and(|l| l.heads.is_empty()) {
            self.lists.pop_front();
        }
        let front = self.lists.front();
        let lists = front.into_iter().chain([&self.own]);
        let limit_reached = self
            .competition
            .is_limit_reached(lists.flat_map(|l| &l.lists));
        let key = |head: &Head<'_>| self.competition.key(limit_reached, head.weight, head.key);
        let own = self.own.heads.iter().enumerate();
        let own = own.map(|(index, head)| (key(head), true, index));
        let list = front.into_iter().flat_map(|l| &l.heads).enumerate();
        let list = list.map(|(index, head)| (key(head), false, index));
        let (_, is_own, index) = own.chain(list).min()?;
        let heads = if is_own {
            &mut self.own.heads
        } else {
            &mut self.lists.front_mut()?.heads
        };
        let Head {
            ticket,
            weight,
            positions,
            next,
            ..
        } = heads[index];
        match Head::of(self.queue, positions, next, self.now) {
            Some(head) => heads[index] = head,
            None => drop(heads.swap_remove(index)),
        }
        self.competition.record_call(&ticket.list, weight);
        Some(ticket)
    }
}
