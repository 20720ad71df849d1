//! The most recent updates, for screens that reconnect and for programs that poll.

use std::collections::VecDeque;
use std::io::{self, PipeReader, PipeWriter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::update::Update;
use crate::presentation::http::wire::Wire;

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

impl Since {
    /// Whether a poll must wait.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Updates(updates) => updates.is_empty(),
            Self::NotYet => true,
            Self::TooOld => false,
        }
    }
}

/// The most recent updates.
#[derive(Debug)]
pub struct RecentUpdates {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    updates: VecDeque<Arc<Update>>,
    /// The last event published.
    last: u64,
    closed: bool,
    /// A pipe that all polls wait for, if there are any. Closing its end wakes them at once, and unlike
    /// a condition variable it can be waited for together with a socket.
    wake: Option<(Arc<PipeReader>, PipeWriter)>,
}

impl RecentUpdates {
    /// Starts with the replayed updates. `last` is the last event of the queue.
    pub fn new(updates: impl IntoIterator<Item = Arc<Update>>, last: u64) -> Self {
        Self {
            state: Mutex::new(State {
                updates: updates.into_iter().collect(),
                last,
                closed: false,
                wake: None,
            }),
        }
    }

    /// Adds updates and wakes every thread that waits for one.
    pub fn push(&self, updates: &[Arc<Update>]) {
        let mut state = self.lock();
        for update in updates {
            if update.seq != state.last + 1 {
                // An imported office: no event before it leads to its state.
                state.updates.clear();
            }
            state.last = update.seq;
            state.updates.push_back(update.clone());
            if state.updates.len() > RECENT_EVENTS {
                state.updates.pop_front();
            }
        }
        wake_polls(state);
    }

    /// The updates after event `seq`.
    pub fn since(&self, seq: u64) -> Since {
        self.lock().since(seq)
    }

    /// Like `since`, but blocks until an update arrives, `timeout` passes, the caller's
    /// `remaining_lifetime` ends, or the caller ends its side of the connection `wire`.
    pub fn wait_since(
        &self,
        seq: u64,
        timeout: Duration,
        remaining_lifetime: &dyn Fn() -> Option<Duration>,
        wire: &Wire,
    ) -> Since {
        let deadline = Instant::now() + timeout;
        loop {
            let mut state = self.lock();
            let since = state.since(seq);
            // Read under the lock, so that a session that ends before the wait is not missed.
            let left = deadline.saturating_duration_since(Instant::now());
            let left = left.min(remaining_lifetime().unwrap_or_default());
            if !since.is_empty() || left.is_zero() || state.closed {
                return since;
            }
            let wake = state.wake();
            drop(state);
            let waited = wake.and_then(|wake| wire.wait_for(&*wake, left));
            let has_peer_ended = waited.unwrap_or_else(|error| {
                log::warn!("A poll cannot wait, so it is answered at once: {error}");
                true
            });
            if has_peer_ended {
                return since;
            }
        }
    }

    /// Makes every waiting thread read its `remaining_lifetime` again.
    pub fn recheck_access(&self) {
        wake_polls(self.lock());
    }

    /// Ends every wait, now and later, because the server stops.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        wake_polls(state);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code under this lock panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes every thread that waits, after the lock is released.
fn wake_polls(mut state: MutexGuard<'_, State>) {
    let wake = state.wake.take();
    drop(state);
    drop(wake);
}

impl State {
    /// A pipe that becomes readable when something changes; polls wait for it.
    fn wake(&mut self) -> io::Result<Arc<PipeReader>> {
        if let Some((reader, _)) = &self.wake {
            return Ok(reader.clone());
        }
        let (reader, writer) = io::pipe()?;
        let (reader, _) = self.wake.insert((Arc::new(reader), writer));
        Ok(reader.clone())
    }

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
