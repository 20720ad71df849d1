//! The last events, for screens that were away and for programs that poll.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::update::Update;

/// How many events are kept. The contract promises 1,000; a screen that was away for longer is
/// told the state instead.
pub const RECENT_EVENTS: usize = 1_024;

/// What came after an event.
#[derive(Debug)]
pub enum Since {
    /// All of it; nothing where the list is empty.
    Updates(Vec<Arc<Update>>),
    /// Some of it is no longer kept.
    TooOld,
    /// That event has not been published.
    NotYet,
}

/// The last events.
#[derive(Debug)]
pub struct Recent {
    kept: Mutex<Kept>,
    news: Condvar,
}

#[derive(Debug)]
struct Kept {
    updates: VecDeque<Arc<Update>>,
    /// The last event published.
    last: u64,
    closed: bool,
}

impl Recent {
    /// Begins with what a start has replayed; `last` is the last event there is.
    pub fn new(updates: impl IntoIterator<Item = Arc<Update>>, last: u64) -> Self {
        Self {
            kept: Mutex::new(Kept {
                updates: updates.into_iter().collect(),
                last,
                closed: false,
            }),
            news: Condvar::new(),
        }
    }

    /// Adds what has just become durable, and wakes whoever waits for it.
    pub fn push(&self, updates: &[Arc<Update>]) {
        let mut kept = self.lock();
        for update in updates {
            kept.last = update.seq;
            kept.updates.push_back(update.clone());
            if kept.updates.len() > RECENT_EVENTS {
                kept.updates.pop_front();
            }
        }
        drop(kept);
        self.news.notify_all();
    }

    /// What came after event `seq`.
    pub fn since(&self, seq: u64) -> Since {
        self.lock().since(seq)
    }

    /// The same, waiting no longer than `timeout` while that is nothing, nor than whoever waits may:
    /// `remaining_lifetime` says for how long that is.
    pub fn wait_since(
        &self,
        seq: u64,
        timeout: Duration,
        remaining_lifetime: &dyn Fn() -> Option<Duration>,
    ) -> Since {
        let deadline = Instant::now() + timeout;
        let mut kept = self.lock();
        loop {
            let since = kept.since(seq);
            let nothing = match &since {
                Since::Updates(updates) => updates.is_empty(),
                Since::NotYet => true,
                Since::TooOld => false,
            };
            // Asked under the lock, so that an end between this and the wait is not missed.
            let left = deadline.saturating_duration_since(Instant::now());
            let left = left.min(remaining_lifetime().unwrap_or_default());
            if !nothing || left.is_zero() || kept.closed {
                return since;
            }
            let woken = self.news.wait_timeout(kept, left);
            kept = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whoever waits asks again whether they may.
    pub fn ask_again(&self) {
        drop(self.lock());
        self.news.notify_all();
    }

    /// Nobody waits any more: the server ends.
    pub fn close(&self) {
        self.lock().closed = true;
        self.news.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Nothing under this lock can panic half-way.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
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
