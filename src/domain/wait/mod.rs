//! How long a person will still wait.
//!
//! The method: the office is played on from this moment, by its own rule of who is next, until the
//! ticket is called.
//! - The desks are those at work: a desk that attends somebody, or that has been free for no longer
//!   than [`GAP_MS`](super::pace::GAP_MS) while somebody waited for it. Each calls as it would, in its own order of
//!   services, and takes for each person the mean of its own last turns of that service with those of
//!   all desks that are open now ([`Pace`](super::pace::Pace), [`Speeds`](seen::Speeds)).
//! - The people are those who wait, and those who will have come by then, who may go first: in each
//!   line and priority at the pace of the last [`ARRIVALS_SEEN`](seen::ARRIVALS_SEEN) arrivals.
//!
//! Where too little is known there is no estimate, since none is better than a wrong one: fewer than
//! [`LEAST_TURNS`] turns of the service at open desks on this business day, no desk at work for it, or a turn that does not come within
//! [`HORIZON_MS`](play::HORIZON_MS). How often it is right is measured on simulated days, `tests/simulated-day.md`.
//!
//! One play serves all tickets that are looked at at one moment. It costs as much as the calls until
//! the last of them, [`MOST_STEPS`](play::MOST_STEPS) at most, however many wait.

mod play;
mod seen;

use std::collections::HashMap;

use self::play::Play;
use super::queue::Queue;
use super::service::Prefix;
use super::ticket::{Arrival, State, Ticket, Timestamp};

/// With fewer turns of a service nothing is said about it.
const LEAST_TURNS: i64 = 5;

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
        if ticket.state != State::Waiting || !self.pace.turns.contains_key(&ticket.service) {
            return None;
        }
        let mut play = Play::of(self, now);
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
        let mut play = Play::of(queue, now);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::testing::{ask, two_lines};
    use crate::domain::{Command, DeskName, Prefix, TicketId};

    const MINUTE: i64 = 60_000;

    /// An office whose one desk has attended six people for four minutes each, and calls a seventh in
    /// minute 24; three more wait.
    fn office() -> Queue {
        let mut queue = two_lines();
        for ticket in 0..10 {
            create(&mut queue, ticket, "A", 0);
        }
        for turn in 0..7 {
            next(&mut queue, 4 * turn);
        }
        queue
    }

    fn create(queue: &mut Queue, ticket: u128, service: &str, minute: i64) {
        let create = Command::Create {
            ticket: TicketId::from_random(ticket),
            service: Some(Prefix::new(service)),
            priority: None,
            note: None,
        };
        ask(queue, &create, at(minute)).0.outcome.expect("given");
    }

    fn next(queue: &mut Queue, minute: i64) {
        next_at(queue, "1", minute);
    }

    fn next_at(queue: &mut Queue, desk: &str, minute: i64) {
        let desk = DeskName::parse(desk).expect("a name");
        let next = Command::Next {
            desk,
            current: None,
        };
        ask(queue, &next, at(minute)).0.outcome.expect("called");
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * MINUTE)
    }

    /// What the tickets are told in that minute, in minutes.
    fn told(queue: &Queue, tickets: &[u128], minute: i64) -> Vec<Option<u64>> {
        let forecast = Forecast::of(queue, at(minute));
        let told = tickets.iter().map(|id| {
            let ticket = queue.ticket(TicketId::from_random(*id)).expect("there");
            let one = queue.estimate_seconds(ticket, at(minute));
            assert_eq!(one, forecast.seconds(ticket, at(minute)));
            one.map(|seconds| seconds / 60)
        });
        told.collect()
    }

    #[test]
    fn each_who_waits_is_told_the_turns_before_it() {
        let queue = office();
        let rows = [Some(4), Some(8), Some(12)];
        assert_eq!(told(&queue, &[7, 8, 9], 24), rows);
        // Time passes with no event.
        assert_eq!(told(&queue, &[7, 8, 9], 26), [Some(2), Some(6), Some(10)]);
        assert_eq!(told(&queue, &[6], 24), [None], "it is called");
    }

    #[test]
    fn nothing_is_said_while_the_office_stands_still() {
        let mut queue = office();
        // A turn that somebody forgot to end.
        assert_eq!(told(&queue, &[7, 9], 24 + 61), [None, None]);
        // A desk that is free, and calls nobody while people wait.
        let finish = Command::FinishTicket {
            ticket: TicketId::from_random(6),
        };
        ask(&mut queue, &finish, at(28)).0.outcome.expect("ended");
        assert_eq!(told(&queue, &[7, 8], 30), [Some(0), Some(4)]);
        assert_eq!(told(&queue, &[7, 8], 34), [None, None]);
        // It goes on.
        next(&mut queue, 40);
        assert_eq!(told(&queue, &[8, 9], 40), [Some(4), Some(8)]);
    }

    #[test]
    fn the_pace_of_a_desk_that_has_closed_does_not_count() {
        let mut queue = two_lines();
        for ticket in 0..30 {
            create(&mut queue, ticket, "A", 0);
        }
        for minute in 0..=60 {
            if minute % 2 == 0 && minute <= 20 {
                next_at(&mut queue, "1", minute);
            }
            if minute % 10 == 0 {
                next_at(&mut queue, "2", minute);
            }
            if minute == 20 {
                // Desk 1 takes 2 minutes a person, and desk 2 takes 10.
                let shut = Command::SetDesk {
                    desk: DeskName::parse("1").expect("a name"),
                    open: Some(false),
                    services: None,
                };
                ask(&mut queue, &shut, at(20)).0.outcome.expect("shut");
                assert_eq!(told(&queue, &[14], 20), [None], "two turns of desk 2");
            }
        }
        // Called by then: 11 at desk 1 and 7 at desk 2.
        let rows = [Some(10), Some(20), Some(30)];
        assert_eq!(told(&queue, &[18, 19, 20], 60), rows);
    }

    #[test]
    fn nothing_is_said_without_evidence() {
        let mut queue = office();
        create(&mut queue, 20, "B", 25);
        assert_eq!(told(&queue, &[20], 25), [None], "no turn of its service");
        let mut few = two_lines();
        for ticket in 0..6 {
            create(&mut few, ticket, "A", 0);
        }
        for turn in 0..5 {
            next(&mut few, 4 * turn);
        }
        assert_eq!(told(&few, &[5], 16), [None], "four turns");
        let shut = Command::SetDesk {
            desk: DeskName::parse("1").expect("a name"),
            open: Some(false),
            services: None,
        };
        ask(&mut queue, &shut, at(25)).0.outcome.expect("shut");
        assert_eq!(told(&queue, &[7], 25), [None], "no desk is open");
    }
}
