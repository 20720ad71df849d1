//! The queue of one printer's jobs. It is short: a printer that was jammed for an hour prints the last
//! tickets, because the visitors of the older ones have gone on without them.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::{Ticket, TicketId};
use crate::presentation::http::address::BaseUrl;

/// Limit of jobs that wait for one printer.
const MOST_JOBS: usize = 64;

/// A ticket to print, or a test. Its text is rendered when the printer takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintJob {
    /// `None` for the test print.
    pub ticket: Option<TicketId>,
    /// The ticket's code, for the log.
    pub code: String,
    /// The address of this server for the QR code; `None` prints none.
    pub base: Option<BaseUrl>,
}

impl PrintJob {
    pub fn new(ticket: &Ticket, base: Option<BaseUrl>) -> Self {
        Self {
            ticket: Some(ticket.id),
            code: ticket.code(),
            base,
        }
    }

    /// The test print of a printer.
    pub fn test() -> Self {
        Self {
            ticket: None,
            code: "test print".to_owned(),
            base: None,
        }
    }
}

/// The jobs of one printer, oldest first.
#[derive(Debug, Default)]
pub struct PrintQueue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    jobs: VecDeque<PrintJob>,
    closed_at: Option<Instant>,
    /// Somebody has changed the printer's setup, so a retry may not wait.
    retry_now: bool,
}

impl PrintQueue {
    /// Adds a job without waiting. If the queue is full, the oldest job is removed and returned.
    pub fn push(&self, job: PrintJob) -> Option<PrintJob> {
        let mut state = self.lock();
        let is_full = state.jobs.len() >= MOST_JOBS;
        let oldest = if is_full {
            state.jobs.pop_front()
        } else {
            None
        };
        state.jobs.push_back(job);
        drop(state);
        self.changed.notify_all();
        oldest
    }

    /// Waits for a job and takes it; `None` once the queue is closed.
    pub fn take(&self) -> Option<PrintJob> {
        let mut state = self.lock();
        loop {
            if state.closed_at.is_some() {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes a job if there is one, also from a closed queue.
    pub fn try_take(&self) -> Option<PrintJob> {
        self.lock().jobs.pop_front()
    }

    /// Puts back a job that was not printed, as the first.
    pub fn put_back(&self, job: PrintJob) {
        self.lock().jobs.push_front(job);
    }

    /// Closes the queue, because the program ends.
    pub fn close(&self) {
        self.lock().closed_at.get_or_insert_with(Instant::now);
        self.changed.notify_all();
    }

    /// Ends the present wait for a retry.
    pub fn retry_now(&self) {
        self.lock().retry_now = true;
        self.changed.notify_all();
    }

    /// Whether the queue is closed.
    pub fn is_closed(&self) -> bool {
        self.lock().closed_at.is_some()
    }

    /// Whether the queue has been closed for so long.
    pub fn is_closed_for(&self, time: Duration) -> bool {
        let closed_at = self.lock().closed_at;
        closed_at.is_some_and(|at| at.elapsed() >= time)
    }

    /// Waits for `timeout`, or until the queue is closed or `retry_now` is called. Returns whether it is
    /// closed.
    pub fn wait_for_retry(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut state = self.lock();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let is_closed = state.closed_at.is_some();
            if is_closed || left.is_zero() || std::mem::take(&mut state.retry_now) {
                return is_closed;
            }
            let woken = self.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
