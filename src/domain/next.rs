//! Whose turn it is.

use std::cmp::Reverse;

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

/// The ticket that a desk calls next. A desk that attends all lines takes them together; one that
/// has chosen its lines attends them in its own order, each when those before it are empty. Who
/// waits for this desk alone is compared with the others. `None` when nobody waits there.
pub(super) fn whose_turn<'a>(queue: &'a Queue, desk: &Desk, now: Timestamp) -> Option<&'a Ticket> {
    let mut lines: Vec<Line> = vec![Line::Desk(desk.name.clone())];
    if desk.services.is_empty() {
        let services = queue.services().iter();
        lines.extend(services.map(|service| Line::Service(service.prefix.clone())));
    } else {
        let services = desk.services.iter().cloned().map(Line::Service);
        lines.extend(services.into_iter().find(|line| queue.waiting_in(line) > 0));
    }
    let heads: Vec<&Ticket> = lines
        .iter()
        .flat_map(|line| queue.lanes_of(line))
        .filter_map(|(_, places)| queue.arrived(places.front()?.arrival()))
        .collect();
    let first = |among: &mut dyn Iterator<Item = &'a Ticket>| {
        among.min_by_key(|ticket| Standing::of(queue, ticket, now))
    };
    let settings = queue.settings();
    let lowest = settings.lowest_weight();
    let enough = settings
        .most_priority_in_a_row
        .is_some_and(|most| queue.priority_run >= most);
    let ordinary = if enough {
        let mut ordinary = heads
            .iter()
            .copied()
            .filter(|ticket| settings.weight(&ticket.priority) == lowest);
        first(&mut ordinary)
    } else {
        None
    };
    ordinary.or_else(|| first(&mut heads.iter().copied()))
}
