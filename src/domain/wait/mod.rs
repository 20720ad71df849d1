//! Estimates of how long a ticket will still wait.
//!
//! The method: simulate the office from this moment on, by its own calling rule, until the ticket is
//! called.
//! - Desks: a desk is at work if it serves a ticket, or has been free for at most
//!   [`GAP_MS`](super::pace::GAP_MS) while a ticket waited for it. It calls in its own order of services.
//!   A transaction takes the mean of the desk's own last ones of that service and of those of all open
//!   desks ([`Pace`](super::pace::Pace), [`TransactionTimes`](observations::TransactionTimes)).
//! - Tickets: those that wait, and those that will have come by then and may be called first, at the
//!   rate of the last [`ARRIVALS_SEEN`](observations::ARRIVALS_SEEN) arrivals per service and priority.
//!
//! No estimate is better than a wrong one. There is none with fewer than
//! [`LEAST_TRANSACTIONS`](observations::LEAST_TRANSACTIONS) transactions of the service today at open
//! desks, without a desk at work for it, or if the call is not within
//! [`HORIZON_MS`](simulation::HORIZON_MS). `tests/simulated-day.md` measures how often it is right.
//!
//! One simulation serves all tickets at one moment. It costs as much as the calls until the last ticket,
//! [`MOST_STEPS`](simulation::MOST_STEPS) at most, however many tickets wait.

mod observations;
mod simulation;

use std::collections::HashMap;

use self::simulation::ForecastSimulation;
use crate::domain::queue::Queue;
use crate::domain::service::Prefix;
use crate::domain::ticket::{State, Ticket};
use crate::domain::time::{Arrival, Timestamp};

/// The expected calls of all who wait, as far as they are known: the office played on once for
/// all tickets that are looked at at one moment.
#[derive(Debug)]
pub struct Forecast {
    called: HashMap<Arrival, i64>,
    /// The services with enough recent transactions.
    known: Vec<Prefix>,
}

impl Queue {
    /// How long a ticket will still wait from that moment on, in seconds. `None` where it does not
    /// wait, or too little is known. For several see [`Forecast`].
    pub fn estimate_seconds(&self, ticket: &Ticket, now: Timestamp) -> Option<u64> {
        // Most calls end here: no transaction of the service yet, or the ticket is called already.
        if ticket.state != State::Waiting || !self.pace.transactions.contains_key(&ticket.service) {
            return None;
        }
        let mut play = ForecastSimulation::of(self, now);
        if !play.speeds.knows(&ticket.service) {
            return None;
        }
        while !play.called.contains_key(&ticket.arrival) {
            play.step()?;
        }
        seconds_until(play.called[&ticket.arrival], now)
    }
}

impl Forecast {
    /// Plays the office on from that moment.
    pub fn of(queue: &Queue, now: Timestamp) -> Self {
        let mut play = ForecastSimulation::of(queue, now);
        while play.step().is_some() {}
        let services = queue.services().iter().map(|service| &service.prefix);
        let known = services.filter(|prefix| play.speeds.knows(prefix));
        Self {
            known: known.cloned().collect(),
            called: play.called,
        }
    }

    /// How long a ticket will still wait from that moment on, in seconds. `None` where it does not
    /// wait, or too little is known.
    pub fn seconds(&self, ticket: &Ticket, now: Timestamp) -> Option<u64> {
        if ticket.state != State::Waiting || !self.known.contains(&ticket.service) {
            return None;
        }
        seconds_until(*self.called.get(&ticket.arrival)?, now)
    }
}

fn seconds_until(at: i64, now: Timestamp) -> Option<u64> {
    u64::try_from((at - now.as_millis()).max(0) / 1_000).ok()
}
