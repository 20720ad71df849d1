//! The thread of one webhook: reads the stored events after its position and sends one message at a time, again
//! and again until its receiver takes it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, select};

use super::endpoint::Endpoint;
use super::message::{self, APPROACHING, Message};
use super::parts::Parts;
use crate::calendar::now;
use crate::domain::{Event, Stamped, State, TicketId};
use crate::webhook::{OffReason, WebhookSetup};

/// Events that are read at a time.
const READ_AT_ONCE: u64 = 200;

/// The pause after the first failure; each further one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// Time that an attempt takes at most.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(60);

/// A receiver that fails for so long while the server runs is given up.
const LONGEST_FAILING: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// How often progress is stored at most while messages are delivered: each time is a part of a commit.
const STORE_INTERVAL: Duration = Duration::from_secs(1);

/// How often it is looked which tickets approach, if events come all the time, and if none come: with
/// priorities the order changes by itself.
const APPROACHING_PAUSE: Duration = Duration::from_millis(500);
const APPROACHING_INTERVAL: Duration = Duration::from_secs(5);

/// The longest sleep without events.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Interval between looks whether this server sends, if another server of the office does.
const LEADER_INTERVAL: Duration = Duration::from_secs(1);

/// The pause after stored events could not be read.
const UNREADABLE_PAUSE: Duration = Duration::from_secs(10);

/// The state of the thread.
pub struct Delivery {
    endpoint: Arc<Endpoint>,
    parts: Arc<Parts>,
    new_events: Receiver<()>,
    /// Events that are read and not dealt with, oldest first.
    events: VecDeque<Stamped>,
    pause: Duration,
    failed_at: Option<Instant>,
    /// The waiting tickets that the receiver knows to approach, with the calls that they had.
    told: HashMap<TicketId, u32>,
    /// Time of the last search for approaching tickets; `None` before the first one.
    looked_at: Option<Instant>,
    /// Whether events have come since.
    looks_again: bool,
    /// Messages about tickets that approach, not sent yet.
    approaching: VecDeque<(TicketId, u32, Message)>,
}

impl Delivery {
    pub fn new(endpoint: Arc<Endpoint>, parts: Arc<Parts>) -> Self {
        Self {
            new_events: parts.signal.subscribe(),
            endpoint,
            parts,
            events: VecDeque::new(),
            pause: FIRST_PAUSE,
            failed_at: None,
            told: HashMap::new(),
            looked_at: None,
            looks_again: false,
            approaching: VecDeque::new(),
        }
    }

    /// The body of the thread. It ends when the webhook is switched off or deleted, and when the server stops.
    pub fn run(mut self) {
        while let Some(setup) = self.endpoint.setup_if_on(self.parts.is_stopping()) {
            if self.parts.shared.is_leader() {
                self.step(&setup);
            } else {
                // Another server of the office sends.
                self.events.clear();
                self.approaching.clear();
                self.endpoint.set_idle();
                let _ = self.endpoint.woken().recv_timeout(LEADER_INTERVAL);
            }
        }
    }

    /// Sends one message, or waits.
    fn step(&mut self, setup: &WebhookSetup) {
        if let Some((ticket, calls, message)) = self.next_approaching(setup) {
            if self.send(setup, &message) {
                self.told.insert(ticket, calls);
                self.approaching.pop_front();
            } else {
                // Meanwhile it may be called.
                self.approaching.clear();
                self.looked_at = None;
            }
            return;
        }
        if self.events.is_empty() {
            let is_read = self.read();
            if !is_read || !self.events.is_empty() {
                // While it read, somebody may have changed the setup.
                return;
            }
        }
        let Some(stamped) = self.events.front() else {
            self.sleep(setup);
            return;
        };
        let seq = stamped.seq;
        let wanted = message::type_of(&stamped.event)
            .filter(|kind| setup.types.iter().any(|wanted| wanted == kind));
        let is_done = match wanted {
            None => true,
            Some(kind) => {
                let shared = &self.parts.shared;
                let message = shared.read_queue(|queue| message::of_event(kind, stamped, queue));
                self.send(setup, &message)
            }
        };
        if is_done {
            self.events.pop_front();
            self.endpoint.advance(seq);
            self.store_progress(STORE_INTERVAL);
        }
    }

    /// Reads the next events. Returns whether they could be read.
    fn read(&mut self) -> bool {
        let position = self.endpoint.position();
        match self.parts.event_log.read(position, READ_AT_ONCE) {
            Ok(events) => {
                let is_gap = |first: &&Stamped| {
                    first.seq > position + 1 && !matches!(first.event, Event::OfficeImported { .. })
                };
                if let Some(first) = events.first().filter(is_gap) {
                    log::warn!(
                        "A webhook goes on with event {}: those after {position} are older than \
                         --keep-history-days and were not sent",
                        first.seq
                    );
                }
                self.events = events.into();
                true
            }
            Err(error) => {
                log::error!("A webhook cannot read the stored events: {error}");
                let _ = self.endpoint.woken().recv_timeout(UNREADABLE_PAUSE);
                false
            }
        }
    }

    /// Sends a message. If that fails, it waits for the time of the next attempt. Returns whether the message is
    /// delivered.
    fn send(&mut self, setup: &WebhookSetup, message: &Message) -> bool {
        self.endpoint.set_sending(message.at);
        let attempt = self.parts.receiver.send(setup, message);
        let failing = self.failed_at.map_or(Duration::ZERO, |at| at.elapsed());
        // Time in which there was nothing to send does not count.
        let failing = failing.min(LONGEST_PAUSE + LONGEST_ATTEMPT);
        let failing = self.endpoint.note(&attempt, failing);
        if attempt.is_delivered() {
            self.pause = FIRST_PAUSE;
            self.failed_at = None;
            return true;
        }
        self.failed_at = Some(Instant::now());
        self.store_progress(Duration::ZERO);
        if attempt.is_gone() {
            self.parts
                .switch_off(&self.endpoint, setup, OffReason::Gone);
        } else if failing >= LONGEST_FAILING {
            self.parts
                .switch_off(&self.endpoint, setup, OffReason::Failed);
        } else {
            let pause = self.pause;
            self.pause = (2 * pause).min(LONGEST_PAUSE);
            let next = now().plus(i64::try_from(pause.as_millis()).unwrap_or(0));
            self.endpoint.set_next_attempt(next);
            if self.endpoint.woken().recv_timeout(pause).is_ok() {
                // Somebody has changed it, or a test has arrived.
                self.pause = FIRST_PAUSE;
            }
        }
        false
    }

    /// The next message about a ticket that approaches and of which the receiver does not know.
    fn next_approaching(&mut self, setup: &WebhookSetup) -> Option<(TicketId, u32, Message)> {
        if !asks_for_approaching(setup) {
            return None;
        }
        if self.approaching.is_empty() && self.until_look().is_zero() {
            self.looked_at = Some(Instant::now());
            self.looks_again = false;
            let (told, at) = (&mut self.told, now());
            let most = setup.approaching_ahead as usize;
            self.approaching = self.parts.shared.read_queue(|queue| {
                told.retain(|id, calls| {
                    let ticket = queue.ticket(*id);
                    ticket.is_some_and(|one| one.state == State::Waiting && one.calls == *calls)
                });
                let tickets = queue.approaching(most, at).into_iter();
                let unknown = tickets.filter(|(ticket, _)| !told.contains_key(&ticket.id));
                let messages = unknown.map(|(ticket, ahead)| {
                    let message = message::approaching(ticket, ahead, at);
                    (ticket.id, ticket.calls, message)
                });
                messages.collect()
            });
        }
        self.approaching.front().cloned()
    }

    /// Waits for events, with all progress stored.
    fn sleep(&mut self, setup: &WebhookSetup) {
        self.endpoint.set_idle();
        self.store_progress(Duration::ZERO);
        let time = match asks_for_approaching(setup) {
            true => self.until_look(),
            false => LONGEST_SLEEP,
        };
        select! {
            recv(self.new_events) -> _ => self.looks_again = true,
            recv(self.endpoint.woken()) -> _ => {}
            default(time) => {}
        }
    }

    /// How long it is until the next look which tickets approach.
    fn until_look(&self) -> Duration {
        let interval = match self.looks_again {
            true => APPROACHING_PAUSE,
            false => APPROACHING_INTERVAL,
        };
        let looked = self.looked_at;
        looked.map_or(Duration::ZERO, |at| interval.saturating_sub(at.elapsed()))
    }

    fn store_progress(&self, age: Duration) {
        if let Some(change) = self.endpoint.take_old_progress(age)
            && !self.parts.store.try_store(change)
        {
            self.endpoint.forget_stored();
        }
    }
}

fn asks_for_approaching(setup: &WebhookSetup) -> bool {
    setup.types.iter().any(|wanted| wanted == APPROACHING)
}
