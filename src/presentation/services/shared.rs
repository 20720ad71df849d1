//! The state that the ledger's thread shares with all others: the durable queue, the latest
//! forecast of it, and why storage fails. Nobody else locks the queue.

use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::{Forecast, Queue, Timestamp};
use crate::presentation::metrics::Metrics;

/// The longest time, in milliseconds, that one forecast serves all followers if no event happens.
const FORECAST_MAX_AGE_MS: i64 = 5_000;

/// How long others wait behind a change that storage does not confirm. After that they are refused.
const STORAGE_PATIENCE: Duration = Duration::from_secs(5);

const STORAGE_STALLS: &str = "Storage has not answered for more than 5 seconds, and changes are refused until it does. If the database has \
     a synchronous standby, check that the standby runs; otherwise check the database or the disk.";

/// The durable queue and its state. Each lock lasts as long as a copy takes and no longer.
pub struct SharedState {
    queue: Mutex<Queue>,
    /// Locked only while the queue is locked.
    forecast: Mutex<LatestForecast>,
    /// The reason that nothing can be stored, and what to do; `None` if storage works.
    storage_problem: Mutex<Option<String>>,
    storage_wait: Mutex<Option<StorageWait>>,
    purge_is_paused: AtomicBool,
    is_leader: AtomicBool,
    /// 0 if no other server can share the office.
    servers: AtomicUsize,
    /// The last event of another server that this one knows of.
    others_end: AtomicU64,
    metrics: Metrics,
}

impl SharedState {
    pub fn new(queue: Queue) -> Self {
        Self {
            queue: Mutex::new(queue),
            forecast: Mutex::default(),
            storage_problem: Mutex::default(),
            storage_wait: Mutex::default(),
            purge_is_paused: AtomicBool::new(false),
            is_leader: AtomicBool::new(true),
            servers: AtomicUsize::new(0),
            others_end: AtomicU64::new(0),
            metrics: Metrics::default(),
        }
    }

    /// Reads or changes the queue under its lock. `action` must copy what it needs and neither
    /// wait nor write. Only the ledger's thread changes the queue.
    pub(super) fn with_queue<T>(&self, action: impl FnOnce(&mut Queue) -> T) -> T {
        // A panic in the ledger's thread ends the process, so a poisoned queue is never half changed.
        action(&mut self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the queue under its lock. `read` must copy what it needs and neither wait nor write.
    pub fn read_queue<T>(&self, read: impl FnOnce(&Queue) -> T) -> T {
        self.with_queue(|queue| read(queue))
    }

    /// Reads the queue together with the forecast of how it goes on from `now`.
    pub(super) fn read_forecast<T>(
        &self,
        now: Timestamp,
        read: impl FnOnce(&Queue, &Forecast) -> T,
    ) -> T {
        self.with_queue(|queue| {
            let mut latest = self.forecast.lock().unwrap_or_else(PoisonError::into_inner);
            read(queue, latest.at(queue, now))
        })
    }

    /// The reason that nothing can be stored, and what to do; `None` if storage works.
    pub(super) fn storage_problem(&self) -> Option<String> {
        let problem = self.lock_problem().clone();
        problem.or_else(|| self.storage_stalls().then(|| STORAGE_STALLS.to_owned()))
    }

    pub(super) fn set_storage_problem(&self, problem: Option<String>) {
        *self.lock_problem() = problem;
    }

    /// Stores or reads something in the ledger's thread, which may wait for a database or a disk. Calls must not
    /// be nested: the inner one would end the wait.
    pub(super) fn wait_for_storage<T>(&self, store: impl FnOnce() -> T) -> T {
        *self.lock_wait() = Some(StorageWait {
            since: Instant::now(),
            is_logged: false,
        });
        let stored = store();
        *self.lock_wait() = None;
        stored
    }

    /// Whether the ledger's thread waits for storage.
    pub(super) fn is_waiting_for_storage(&self) -> bool {
        self.lock_wait().is_some()
    }

    /// Whether the ledger's thread has waited so long that nobody else should wait behind it. The log says so once.
    pub(super) fn storage_stalls(&self) -> bool {
        let is_long = |wait: &&mut StorageWait| wait.since.elapsed() >= STORAGE_PATIENCE;
        let was_logged = self
            .lock_wait()
            .as_mut()
            .filter(is_long)
            .map(|wait| mem::replace(&mut wait.is_logged, true));
        if was_logged == Some(false) {
            log::error!("{STORAGE_STALLS}");
        }
        was_logged.is_some()
    }

    /// Whether nothing that has expired is deleted, because the clock may be wrong.
    pub(super) fn purge_is_paused(&self) -> bool {
        self.purge_is_paused.load(Ordering::Relaxed)
    }

    pub(super) fn set_purge_paused(&self, paused: bool) {
        self.purge_is_paused.store(paused, Ordering::Relaxed);
    }

    /// Whether this server does what one server of an office does. A server by itself always does.
    pub fn is_leader(&self) -> bool {
        self.is_leader.load(Ordering::Relaxed)
    }

    /// The servers of the office in the last 10 s; `None` if no other server can share it.
    pub fn servers(&self) -> Option<usize> {
        Some(self.servers.load(Ordering::Relaxed)).filter(|servers| *servers > 0)
    }

    pub fn set_servers(&self, servers: usize) {
        self.servers.store(servers, Ordering::Relaxed);
    }

    /// Another server has stored events up to `seq`.
    pub fn set_others_end(&self, seq: u64) {
        self.others_end.fetch_max(seq, Ordering::Relaxed);
    }

    /// How many events other servers have stored that this one does not show yet; `None` while nothing can be stored,
    /// because then nobody knows.
    pub fn lag(&self) -> Option<u64> {
        let end = self.others_end.load(Ordering::Relaxed);
        let lag = end.saturating_sub(self.read_queue(Queue::seq));
        self.storage_problem().is_none().then_some(lag)
    }

    pub(super) fn set_leader(&self, leads: bool) {
        self.is_leader.store(leads, Ordering::Relaxed);
    }

    /// The counters and histograms since the start.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn lock_wait(&self) -> MutexGuard<'_, Option<StorageWait>> {
        // No code under this lock panics.
        let wait = self.storage_wait.lock();
        wait.unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_problem(&self) -> MutexGuard<'_, Option<String>> {
        // No code under this lock panics.
        let problem = self.storage_problem.lock();
        problem.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait of the ledger's thread for storage.
struct StorageWait {
    since: Instant,
    /// Whether the log says that it takes long.
    is_logged: bool,
}

/// The latest forecast. A thousand followers that ask after the same event share one.
#[derive(Debug, Default)]
struct LatestForecast(Option<(u64, Timestamp, Forecast)>);

impl LatestForecast {
    fn at(&mut self, queue: &Queue, now: Timestamp) -> &Forecast {
        let is_current = |made: &(u64, Timestamp, Forecast)| {
            let age = now.as_millis() - made.1.as_millis();
            made.0 == queue.seq() && (0..FORECAST_MAX_AGE_MS).contains(&age)
        };
        let made = self.0.take().filter(is_current);
        let made = made.unwrap_or_else(|| (queue.seq(), now, Forecast::of(queue, now)));
        &self.0.insert(made).2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::properties::go_on;
    use crate::domain::tests::testing::two_lines;
    use crate::domain::{Command, TicketId};

    #[test]
    fn a_server_lags_by_the_events_of_others_that_it_does_not_show_yet() {
        let mut queue = two_lines();
        let seq = queue.seq();
        let shared = SharedState::new(queue.clone());
        assert_eq!(shared.lag(), Some(0));
        shared.set_others_end(seq + 2);
        shared.set_others_end(seq + 1);
        assert_eq!(shared.lag(), Some(2));
        let create = |n| Command::Create {
            ticket: TicketId::from_random(n),
            service: None,
            priority: None,
            note: None,
            language: None,
        };
        go_on(&mut queue, 0, &[create(1), create(2), create(3)]);
        shared.with_queue(|shown| *shown = queue);
        assert_eq!(shared.lag(), Some(0));
        shared.set_storage_problem(Some("the database is away".to_owned()));
        assert_eq!(shared.lag(), None);
    }
}
