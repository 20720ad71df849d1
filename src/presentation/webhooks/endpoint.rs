//! One webhook: how it is set up, how far it is, and its last attempts.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::attempt::Attempt;
use crate::calendar::now;
use crate::domain::Timestamp;
use crate::webhook::{Webhook, WebhookChange, WebhookProgress, WebhookSetup};

/// Attempts that are shown.
const ATTEMPTS_KEPT: usize = 20;

/// A webhook that the threads share.
pub struct Endpoint {
    id: u64,
    state: Mutex<State>,
    /// Wakes its thread although no event came: it is set up anew, is to try again, or must end.
    wake: Sender<()>,
    woken: Receiver<()>,
}

struct State {
    setup: WebhookSetup,
    progress: WebhookProgress,
    stored: WebhookProgress,
    /// Time of the last store.
    stored_at: Instant,
    /// Oldest first.
    attempts: VecDeque<Attempt>,
    /// The time of the oldest message that is not delivered yet, if any is being sent.
    waits_since: Option<Timestamp>,
    next_attempt_at: Option<Timestamp>,
    has_thread: bool,
    is_deleted: bool,
}

/// A copy of a webhook.
#[derive(Clone, Debug)]
pub struct WebhookView {
    pub setup: WebhookSetup,
    pub progress: WebhookProgress,
    /// Events after its position.
    pub events_behind: u64,
    /// For how long the oldest message has waited, in milliseconds; 0 if none waits.
    pub behind_ms: i64,
    pub next_attempt_at: Option<Timestamp>,
    /// Newest first.
    pub attempts: Vec<Attempt>,
}

impl Endpoint {
    pub fn new(webhook: Webhook) -> Arc<Self> {
        let (wake, woken) = bounded(1);
        Arc::new(Self {
            id: webhook.setup.id,
            state: Mutex::new(State {
                setup: webhook.setup,
                stored: webhook.progress.clone(),
                stored_at: Instant::now(),
                progress: webhook.progress,
                attempts: VecDeque::new(),
                waits_since: None,
                next_attempt_at: None,
                has_thread: false,
                is_deleted: false,
            }),
            wake,
            woken,
        })
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    pub fn setup(&self) -> WebhookSetup {
        self.lock().setup.clone()
    }

    /// A copy of it; `seq` is the office's last event.
    pub fn view(&self, seq: u64) -> WebhookView {
        let state = self.lock();
        let behind = state
            .waits_since
            .map_or(0, |since| now().as_millis() - since.as_millis());
        WebhookView {
            setup: state.setup.clone(),
            progress: state.progress.clone(),
            events_behind: seq.saturating_sub(state.progress.position),
            behind_ms: behind.max(0),
            next_attempt_at: state.next_attempt_at,
            attempts: state.attempts.iter().rev().cloned().collect(),
        }
    }

    /// Sets it up, and lets its thread see it at once.
    pub fn set_up(&self, setup: WebhookSetup) {
        {
            let mut state = self.lock();
            // Switched on again, it has its whole time to fail.
            if setup.is_on && !state.setup.is_on {
                state.progress.failing_ms = 0;
            }
            state.setup = setup;
        }
        self.retry_now();
    }

    /// Takes over a change by another server of the office. How far it is says that server, unless this one sends.
    pub fn reload(&self, webhook: Webhook, sends: bool) {
        if !sends {
            let mut state = self.lock();
            state.progress = webhook.progress.clone();
            state.stored = webhook.progress;
        }
        if self.setup() != webhook.setup {
            self.set_up(webhook.setup);
        }
    }

    /// Ends its thread for good.
    pub fn end(&self) {
        self.lock().is_deleted = true;
        self.retry_now();
    }

    /// Lets its thread try again now.
    pub fn retry_now(&self) {
        // If the channel is full, it is woken already.
        let _ = self.wake.try_send(());
    }

    pub fn woken(&self) -> &Receiver<()> {
        &self.woken
    }

    pub fn has_thread(&self) -> bool {
        self.lock().has_thread
    }

    /// Says that it has a thread from now on; `false` if it is off, or has one.
    pub fn begin_thread(&self) -> bool {
        let mut state = self.lock();
        let begins = state.setup.is_on && !state.has_thread;
        state.has_thread |= begins;
        begins
    }

    pub fn end_thread(&self) {
        let mut state = self.lock();
        state.has_thread = false;
        state.next_attempt_at = None;
        state.waits_since = None;
    }

    /// How it is set up, for its thread; `None` if the thread must end, which it then has said.
    pub fn setup_if_on(&self, is_stopping: bool) -> Option<WebhookSetup> {
        let mut state = self.lock();
        if state.setup.is_on && !state.is_deleted && !is_stopping {
            return Some(state.setup.clone());
        }
        state.has_thread = false;
        state.next_attempt_at = None;
        state.waits_since = None;
        None
    }

    pub fn position(&self) -> u64 {
        self.lock().progress.position
    }

    /// Says that the events up to `seq` need no delivery any more.
    pub fn advance(&self, seq: u64) {
        self.lock().progress.position = seq;
    }

    /// Says of when the message is that is being sent.
    pub fn set_sending(&self, at: Timestamp) {
        self.lock().waits_since = Some(at);
    }

    /// Says that nothing waits.
    pub fn set_idle(&self) {
        self.lock().waits_since = None;
    }

    /// Takes note of an attempt. `failing` is the time since the failed attempt before it. Returns for how
    /// long it has failed.
    pub fn note(&self, attempt: &Attempt, failing: Duration) -> Duration {
        let mut state = self.lock();
        if state.attempts.len() >= ATTEMPTS_KEPT {
            state.attempts.pop_front();
        }
        state.attempts.push_back(attempt.clone());
        let progress = &mut state.progress;
        match attempt.failure() {
            None => progress.failing_ms = 0,
            Some(failure) => {
                progress.failing_ms += i64::try_from(failing.as_millis()).unwrap_or(0);
                progress.last_failure = Some(failure);
            }
        }
        let failing = Duration::from_millis(progress.failing_ms.unsigned_abs());
        state.next_attempt_at = None;
        failing
    }

    /// Says when the next attempt is.
    pub fn set_next_attempt(&self, at: Timestamp) {
        self.lock().next_attempt_at = Some(at);
    }

    /// The change that stores its progress, if it is not stored. It then counts as stored.
    pub fn take_unstored_progress(&self) -> Option<WebhookChange> {
        self.take_old_progress(Duration::ZERO)
    }

    /// The same, if the last one is at least so old.
    pub fn take_old_progress(&self, age: Duration) -> Option<WebhookChange> {
        let mut state = self.lock();
        if state.is_deleted || state.stored == state.progress || state.stored_at.elapsed() < age {
            return None;
        }
        state.stored = state.progress.clone();
        state.stored_at = Instant::now();
        Some(WebhookChange::Progress {
            id: self.id,
            progress: state.progress.clone(),
        })
    }

    /// Says that its progress was not stored after all.
    pub fn forget_stored(&self) {
        self.lock().stored.position = u64::MAX;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code under this lock panics halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
