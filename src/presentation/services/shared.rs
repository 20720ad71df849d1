//! The state that the ledger's thread shares with all others: the durable queue, the latest
//! forecast of it, and why storage fails. Nobody else locks the queue.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::{Forecast, Queue, Timestamp};
use crate::presentation::metrics::Metrics;

/// The longest time, in milliseconds, that one forecast serves all followers if no event happens.
const FORECAST_MAX_AGE_MS: i64 = 5_000;

/// The durable queue and its state. Each lock lasts as long as a copy takes and no longer.
pub struct SharedState {
    queue: Mutex<Queue>,
    /// Locked only while the queue is locked.
    forecast: Mutex<LatestForecast>,
    /// Why nothing can be stored, and what to do; `None` if storage works.
    storage_problem: Mutex<Option<String>>,
    purge_is_held: AtomicBool,
    metrics: Metrics,
}

impl SharedState {
    pub fn new(queue: Queue) -> Self {
        Self {
            queue: Mutex::new(queue),
            forecast: Mutex::default(),
            storage_problem: Mutex::default(),
            purge_is_held: AtomicBool::new(false),
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

    /// Why nothing can be stored, and what to do; `None` if storage works.
    pub(super) fn storage_problem(&self) -> Option<String> {
        self.lock_problem().clone()
    }

    pub(super) fn set_storage_problem(&self, problem: Option<String>) {
        *self.lock_problem() = problem;
    }

    /// Whether nothing that has expired is deleted, because the clock may be wrong.
    pub(super) fn purge_is_held(&self) -> bool {
        self.purge_is_held.load(Ordering::Relaxed)
    }

    pub(super) fn set_purge_held(&self, held: bool) {
        self.purge_is_held.store(held, Ordering::Relaxed);
    }

    /// What the server has counted and timed.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn lock_problem(&self) -> MutexGuard<'_, Option<String>> {
        // No code under this lock panics.
        let problem = self.storage_problem.lock();
        problem.unwrap_or_else(PoisonError::into_inner)
    }
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
