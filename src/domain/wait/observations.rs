//! The data behind a forecast: recent arrivals, lengths of transactions, and the desks at work.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use crate::domain::desk::{Desk, DeskName};
use crate::domain::pace::{GAP_MS, LONGEST_MS};
use crate::domain::queue::Queue;
use crate::domain::service::Prefix;
use crate::domain::ticket::{ListPosition, Ticket, WaitingList};

/// With fewer transactions of a service there is no estimate for it.
pub(super) const LEAST_TRANSACTIONS: i64 = 5;

/// Number of arrivals from which their pace is taken.
const ARRIVALS_SEEN: usize = 100;

/// How far back they may be, in milliseconds.
const ARRIVALS_MS: i64 = 30 * 60 * 1_000;

/// The usual transaction counts for as many of a desk's own: a few long ones in a row do not make a
/// slow desk.
const USUAL_TRANSACTIONS: i64 = 4;

/// The rate at which tickets come to a priority list.
#[derive(Clone, Copy)]
pub(super) struct ArrivalRate {
    /// Time of the next one, and the interval after it.
    pub(super) next: i64,
    pub(super) every: i64,
}

impl ArrivalRate {
    pub(super) fn none() -> Self {
        Self {
            next: i64::MAX,
            every: 0,
        }
    }
}

/// A priority list without tickets.
pub(super) static EMPTY_LIST: VecDeque<ListPosition> = VecDeque::new();

/// The tickets given lately.
pub(super) struct RecentArrivals<'a> {
    tickets: Vec<&'a Ticket>,
    now: i64,
    /// In how many milliseconds.
    within: i64,
}

impl<'a> RecentArrivals<'a> {
    pub(super) fn of(queue: &'a Queue, now: i64) -> Self {
        let begin = now - ARRIVALS_MS;
        let newest = queue.tickets.values().rev().take(ARRIVALS_SEEN);
        let tickets: Vec<&Ticket> = newest
            .take_while(|ticket| ticket.created_at.as_millis() >= begin)
            .collect();
        let first = match tickets.last() {
            // If there are more, the oldest one seen limits the period.
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

    /// The arrival rates of a service, by priority.
    pub(super) fn priority_lists_of(
        &self,
        prefix: &Prefix,
    ) -> BTreeMap<&'a Arc<str>, (&'static VecDeque<ListPosition>, ArrivalRate)> {
        let mut counts: BTreeMap<&Arc<str>, i64> = BTreeMap::new();
        for ticket in self
            .tickets
            .iter()
            .filter(|ticket| ticket.prefix == *prefix)
        {
            *counts.entry(&ticket.priority).or_default() += 1;
        }
        let arrivals = |count: i64| {
            let every = (self.within / count).max(1);
            ArrivalRate {
                next: self.now + every / 2,
                every,
            }
        };
        counts
            .into_iter()
            .map(|(priority, count)| (priority, (&EMPTY_LIST, arrivals(count))))
            .collect()
    }
}

/// How long transactions take at the desks that are open now.
pub(super) struct TransactionTimes<'a> {
    services: HashMap<&'a Prefix, ServiceTimes<'a>>,
    all: DurationSum,
}

/// The same of one service.
#[derive(Default)]
struct ServiceTimes<'a> {
    sum: DurationSum,
    desks: HashMap<&'a DeskName, DurationSum>,
}

/// A number of transactions, and their milliseconds together.
#[derive(Clone, Copy, Default)]
struct DurationSum {
    count: i64,
    millis: i64,
}

impl DurationSum {
    fn add(&mut self, millis: i64) {
        self.count += 1;
        self.millis += millis;
    }
}

impl<'a> TransactionTimes<'a> {
    pub(super) fn of(queue: &'a Queue) -> Self {
        let mut speeds = Self {
            services: HashMap::new(),
            all: DurationSum::default(),
        };
        let is_open = |name: &DeskName| queue.desk(name).is_some_and(|desk| desk.open);
        for (prefix, transactions) in &queue.pace.transactions {
            let speed = speeds.services.entry(prefix).or_default();
            for transaction in transactions
                .iter()
                .filter(|transaction| is_open(&transaction.desk))
            {
                speeds.all.add(transaction.millis);
                speed.sum.add(transaction.millis);
                speed
                    .desks
                    .entry(&transaction.desk)
                    .or_default()
                    .add(transaction.millis);
            }
        }
        speeds
    }

    /// Whether a service has enough recent transactions for an estimate.
    pub(super) fn knows(&self, service: &Prefix) -> bool {
        let speed = self.services.get(service);
        speed.is_some_and(|speed| speed.sum.count >= LEAST_TRANSACTIONS)
    }

    /// Expected length of a transaction of a service at a desk, in milliseconds: the mean of the desk's own
    /// recent ones and of some more at the mean of all open desks. If the service has too few, the mean is
    /// that of all services.
    pub(super) fn transaction_ms(&self, desk: &DeskName, service: &Prefix) -> i64 {
        let speed = self.services.get(service);
        let known = speed.map(|speed| speed.sum);
        let known = known.filter(|sum| sum.count >= LEAST_TRANSACTIONS);
        let DurationSum { count, millis } = known.unwrap_or(self.all);
        let usual = millis.checked_div(count).unwrap_or(0);
        let own = speed.and_then(|speed| speed.desks.get(desk));
        let own = own.copied().unwrap_or_default();
        let transaction =
            (own.millis + USUAL_TRANSACTIONS * usual) / (own.count + USUAL_TRANSACTIONS);
        transaction.max(1_000)
    }
}

/// Time at which a desk is free, in milliseconds; `None` if nobody works there.
pub(super) fn free_at(
    queue: &Queue,
    speeds: &TransactionTimes<'_>,
    desk: &Desk,
    now: i64,
) -> Option<i64> {
    let call = queue.pace.desks.get(&desk.name)?;
    if desk.serving.is_some() {
        let elapsed = (now - call.called_at.as_millis()).max(0);
        let transaction = speeds.transaction_ms(&desk.name, &call.service);
        let left = (transaction - elapsed).max(transaction * 2 / 5);
        return (elapsed <= LONGEST_MS).then_some(now + left);
    }
    let free_for = now - call.free_at?.as_millis();
    let list = |service: &Prefix| WaitingList::Service(service.clone());
    let mut lists: Vec<WaitingList> = if desk.services.is_empty() {
        queue
            .services()
            .iter()
            .map(|service| list(&service.prefix))
            .collect()
    } else {
        desk.services.iter().map(list).collect()
    };
    lists.push(WaitingList::Desk(desk.name.clone()));
    let priority_lists = lists.iter().flat_map(|list| queue.priority_lists_of(list));
    let heads =
        priority_lists.filter_map(|(_, positions)| queue.arrived(positions.front()?.arrival()));
    let since = heads.map(|ticket| ticket.waiting_since.as_millis()).min();
    let idle_for = free_for.min(since.map_or(0, |since| now - since));
    (free_for <= LONGEST_MS && idle_for <= GAP_MS).then_some(now)
}
