//! The most recent updates, for screens that reconnect and for programs that poll.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::update::Update;

/// Number of updates that are remembered. The contract promises 1,000; a screen that missed more gets
/// the whole state instead.
pub const RECENT_EVENTS: usize = 1_024;

/// The updates after an event.
#[derive(Debug)]
pub enum Since {
    /// All of them, in order; empty if no event followed.
    Updates(Vec<Arc<Update>>),
    /// Some of them are no longer remembered.
    TooOld,
    /// That event has not been published yet.
    NotYet,
}

/// The most recent updates.
#[derive(Debug)]
pub struct RecentUpdates {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    updates: VecDeque<Arc<Update>>,
    /// The last event published.
    last: u64,
    closed: bool,
}

impl RecentUpdates {
    /// Starts with the replayed updates. `last` is the last event of the queue.
    pub fn new(updates: impl IntoIterator<Item = Arc<Update>>, last: u64) -> Self {
        Self {
            state: Mutex::new(State {
                updates: updates.into_iter().collect(),
                last,
                closed: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Adds updates and wakes every thread that waits for one.
    pub fn push(&self, updates: &[Arc<Update>]) {
        let mut state = self.lock();
        for update in updates {
            state.last = update.seq;
            state.updates.push_back(update.clone());
            if state.updates.len() > RECENT_EVENTS {
                state.updates.pop_front();
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// The updates after event `seq`.
    pub fn since(&self, seq: u64) -> Since {
        self.lock().since(seq)
    }

    /// Like `since`, but blocks until an update arrives, `timeout` passes, or the caller's
    /// `remaining_lifetime` ends.
    pub fn wait_since(
        &self,
        seq: u64,
        timeout: Duration,
        remaining_lifetime: &dyn Fn() -> Option<Duration>,
    ) -> Since {
        let deadline = Instant::now() + timeout;
        let mut state = self.lock();
        loop {
            let since = state.since(seq);
            let is_empty = match &since {
                Since::Updates(updates) => updates.is_empty(),
                Since::NotYet => true,
                Since::TooOld => false,
            };
            // Read under the lock, so that a session that ends before the wait is not missed.
            let left = deadline.saturating_duration_since(Instant::now());
            let left = left.min(remaining_lifetime().unwrap_or_default());
            if !is_empty || left.is_zero() || state.closed {
                return since;
            }
            let woken = self.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Makes every waiting thread read its `remaining_lifetime` again.
    pub fn recheck_access(&self) {
        drop(self.lock());
        self.changed.notify_all();
    }

    /// Ends every wait, now and later, because the server stops.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code under this lock panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn since(&self, seq: u64) -> Since {
        if seq > self.last {
            return Since::NotYet;
        }
        let wanted = usize::try_from(self.last - seq).unwrap_or(usize::MAX);
        let Some(first) = self.updates.len().checked_sub(wanted) else {
            return Since::TooOld;
        };
        Since::Updates(self.updates.range(first..).cloned().collect())
    }
}
