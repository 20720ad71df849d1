//! How long a person will still wait.
//!
//! The method: the office is played on from this moment, by its own rule of who is next, until the
//! ticket is called.
//! - The desks are those at work: a desk that attends somebody, or that has been free for no longer
//!   than [`GAP_MS`](super::pace::GAP_MS) while somebody waited for it. Each calls as it would, in its own order of
//!   services, and takes for each person the mean of its own last turns of that service with those of
//!   all desks that are open now ([`Pace`](super::pace::Pace), [`TransactionTimes`](seen::Speeds)).
//! - The people are those who wait, and those who will have come by then, who may go first: in each
//!   line and priority at the pace of the last [`ARRIVALS_SEEN`](seen::ARRIVALS_SEEN) arrivals.
//!
//! Where too little is known there is no estimate, since none is better than a wrong one: fewer than
//! [`LEAST_TRANSACTIONS`](seen::LEAST_TURNS) turns of the service at open desks on this business day, no desk at work for it, or a turn that does not come within
//! [`HORIZON_MS`](play::HORIZON_MS). How often it is right is measured on simulated days, `tests/simulated-day.md`.
//!
//! One play serves all tickets that are looked at at one moment. It costs as much as the calls until
//! the last of them, [`MOST_STEPS`](play::MOST_STEPS) at most, however many wait.

mod play;
mod seen;

use std::collections::HashMap;

use self::play::ForecastSimulation;
use crate::domain::queue::Queue;
use crate::domain::service::Prefix;
use crate::domain::ticket::{State, Ticket};
use crate::domain::time::{Arrival, Timestamp};

/// When everybody who waits will be called, as far as it can be said: the office played on once for
/// all tickets that are looked at at one moment.
#[derive(Debug)]
pub struct Forecast {
    called: HashMap<Arrival, i64>,
    /// The services of which enough is known.
    known: Vec<Prefix>,
}

impl Queue {
    /// How long a ticket will still wait from that moment on, in seconds. `None` where it does not
    /// wait, or too little is known. For several see [`Forecast`].
    pub fn estimate_seconds(&self, ticket: &Ticket, now: Timestamp) -> Option<u64> {
        // Most looks end here: in an office without turns, or at a ticket that is called.
        if ticket.state != State::Waiting || !self.pace.transactions.contains_key(&ticket.service) {
            return None;
        }
        let mut play = ForecastSimulation::of(self, now);
        if !play.speeds.knows(&ticket.service) {
            return None;
        }
        while !play.called.contains_key(&ticket.arrival) {
            play.go_on()?;
        }
        seconds_until(play.called[&ticket.arrival], now)
    }
}

impl Forecast {
    /// Plays the office on from that moment.
    pub fn of(queue: &Queue, now: Timestamp) -> Self {
        let mut play = ForecastSimulation::of(queue, now);
        while play.go_on().is_some() {}
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
