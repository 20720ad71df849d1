//! The ledger: the only thread that changes the queue. It takes a batch of waiting requests, decides
//! their commands on its working copy, and stores the events in one commit. Only then it applies them
//! to the shared queue, publishes them to the listeners, and replies.

mod batch;
mod others;
mod upkeep;

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::listeners::{Listeners, PrintOrder, Publication};
use super::request::{LedgerRequest, Reply};
use super::screens::Update;
use super::shared::SharedState;
use super::wall_clock::WallClock;
use crate::calendar::now;
use crate::config::Retention;
use crate::domain::{Queue, Ticket, apply};
use crate::presentation::http::problem::Problem;
use crate::storage::{Batch, Journal, StorageError};

/// Limit of requests in one commit. A larger batch would make the first request wait for the last, and
/// save little: the cost of the commit is already shared by many.
const BATCH_REQUESTS: usize = 256;

/// Conflicts after which a batch fails: with the lock there is none, unless the connection is lost each time.
const MOST_CONFLICTS: u32 = 10;

/// The reason that the ledger's thread woke up.
enum Wake {
    Request(LedgerRequest),
    Idle,
    End,
}

/// The owner of the journal.
pub(super) struct Ledger {
    /// The durable queue and the events that are decided and not yet durable.
    working: Queue,
    /// The screens' updates of these events. Their estimates are costly, so they are computed on the
    /// working copy and not under the lock of the shared queue.
    updates: Vec<Arc<Update>>,
    journal: Box<dyn Journal>,
    shared: Arc<SharedState>,
    listeners: Listeners,
    requests: Receiver<LedgerRequest>,
    snapshot_seq: u64,
    retention: Retention,
    /// Time of the next purge.
    purge_at: Instant,
    /// Time of the next check of the data file, or of the next probe if storage fails.
    check_at: Instant,
    clock: WallClock,
    failing: bool,
    stopping: bool,
    /// Whether another server of the office has stored events.
    has_rung: bool,
    /// When the last events of another server were found.
    others_at: Option<Instant>,
}

/// Requests that are decided and wait for their commit.
#[derive(Default)]
struct Pending {
    batch: Batch,
    /// The step of the clock that it begins with, in milliseconds.
    stepped_by: Option<i64>,
    /// The replies to the requests, in order; `None` to those that are only told whether the batch is durable.
    replies: Vec<Option<Reply>>,
    /// Tickets to put on paper.
    prints: Vec<(Ticket, PrintOrder)>,
}

impl Ledger {
    pub(super) fn new(
        journal: Box<dyn Journal>,
        shared: Arc<SharedState>,
        listeners: Listeners,
        requests: Receiver<LedgerRequest>,
        snapshot_seq: u64,
        retention: Retention,
    ) -> Self {
        Self {
            snapshot_seq,
            retention,
            purge_at: Instant::now(),
            check_at: Instant::now(),
            working: shared.read_queue(Queue::clone),
            journal,
            shared,
            listeners,
            requests,
            updates: Vec::new(),
            clock: WallClock::new(now().as_millis()),
            failing: false,
            stopping: false,
            has_rung: false,
            others_at: None,
        }
    }

    /// The body of the thread. It ends after `Stop`, when no request waits any more.
    pub(super) fn run(mut self) {
        loop {
            match self.wait() {
                Wake::Request(request) => self.process(Some(request)),
                Wake::Idle => self.process(None),
                Wake::End => break,
            }
        }
        if let Some(wal) = self.journal.close() {
            log::warn!(
                "The newest tickets are in {}, because they could not be moved into the data file: keep both \
                 files together",
                wal.display()
            );
        }
    }

    /// Processes a request and those that wait behind it as one batch. If another server has stored events meanwhile, all
    /// of them are decided again.
    pub(super) fn process(&mut self, first: Option<LedgerRequest>) {
        self.check_storage_if_due();
        let first = first.and_then(|request| self.handle_at_once(request));
        let first = first.or_else(|| self.next_request());
        let prepared = match first {
            Some(_) => self.prepare(),
            None => self.catch_up_if_rung(),
        };
        if let Err(error) = prepared {
            self.set_failing(&error);
        }
        // If nothing is stored, a step of the clock must be detected again.
        let clock_before = self.clock;
        let mut pending = self.begin();
        let mut requests = Vec::new();
        let mut next = first;
        while let Some(request) = next {
            self.handle_request(&request, &mut pending);
            requests.push(request);
            let has_room = requests.len() < BATCH_REQUESTS;
            next = has_room.then(|| self.next_request()).flatten();
        }
        let mut conflicts = 0;
        let stored = loop {
            match self.store(&pending) {
                Err(StorageError::MovedOn { .. })
                    if self.journal.is_shared() && conflicts < MOST_CONFLICTS =>
                {
                    conflicts += 1;
                    self.clock = clock_before;
                    if let Err(error) = self.lock() {
                        break self.fail(error);
                    }
                    pending = self.begin();
                    for request in &requests {
                        self.handle_request(request, &mut pending);
                    }
                }
                Err(StorageError::Conflict) if Self::refuse_conflicts(&mut requests) => {
                    self.clock = clock_before;
                    pending = self.begin();
                    for request in &requests {
                        self.handle_request(request, &mut pending);
                    }
                }
                Err(error) => break self.fail(error),
                Ok(()) => break Ok(()),
            }
        };
        if stored.is_err() {
            self.clock = clock_before;
        } else if let Some(by) = pending.stepped_by {
            log::warn!("The computer's clock was changed by {} s", by / 1_000);
        }
        self.publish(pending, requests, &stored);
        // Otherwise the next batch begins with it.
        if self.requests.is_empty()
            && let Err(error) = self.catch_up_if_rung()
        {
            self.set_failing(&error);
        }
        self.snapshot_if_due();
        self.purge_if_due();
    }

    /// Waits for the next request, or until the calendar or failing storage must be checked.
    fn wait(&mut self) -> Wake {
        if self.stopping {
            return self.requests.try_recv().map_or(Wake::End, Wake::Request);
        }
        // This wakes the ledger often enough to notice a new business day.
        let due = self.purge_at.min(self.check_at);
        match self.requests.recv_deadline(due) {
            Ok(request) => Wake::Request(request),
            Err(RecvTimeoutError::Disconnected) => Wake::End,
            Err(RecvTimeoutError::Timeout) => Wake::Idle,
        }
    }

    /// The next request that waits and may store something. Handles those before it.
    fn next_request(&mut self) -> Option<LedgerRequest> {
        while let Ok(request) = self.requests.try_recv() {
            if let Some(request) = self.handle_at_once(request) {
                return Some(request);
            }
        }
        None
    }

    /// Handles a request that stores nothing. Returns any other.
    fn handle_at_once(&mut self, request: LedgerRequest) -> Option<LedgerRequest> {
        match request {
            LedgerRequest::Stop => self.stopping = true,
            LedgerRequest::CatchUp => self.has_rung = true,
            LedgerRequest::ReadAudit {
                before,
                limit,
                reply,
            } => {
                let records = self.storage(|journal| journal.audit(before, limit));
                let records =
                    records.map_err(|error| log::error!("The audit log cannot be read: {error}"));
                let _ = reply.send(records.ok());
            }
            LedgerRequest::MakeSteady { reply } => {
                let steady = self.journal.steady_file();
                let _ = reply.send(steady.map_err(|error| error.to_string()));
            }
            request => return Some(request),
        }
        None
    }

    /// Publishes a batch that is stored. The shared queue comes first, so that a client with an answer finds its ticket
    /// there; then the listeners; then the replies, which say whether the batch is durable.
    fn publish(
        &mut self,
        pending: Pending,
        requests: Vec<LedgerRequest>,
        stored: &Result<(), StorageError>,
    ) {
        let Pending {
            batch,
            replies,
            prints,
            ..
        } = pending;
        let updates = std::mem::take(&mut self.updates).into();
        if stored.is_ok() {
            self.shared.with_queue(|queue| {
                for stamped in &batch.events {
                    apply(queue, stamped);
                }
            });
            self.listeners.publish(&Publication { updates, prints });
        }
        // A send fails only if the thread that waited for the reply has ended.
        for (request, decided) in requests.into_iter().zip(replies) {
            match request {
                LedgerRequest::Execute { reply, .. }
                | LedgerRequest::ReplayOrRefuse { reply, .. } => {
                    let failed = |error| Some(Err(Problem::storage_failed(error)));
                    let answer = stored.as_ref().map_or_else(failed, |()| decided);
                    let _ = answer.map(|answer| reply.send(answer));
                }
                LedgerRequest::StoreAccess { reply, .. }
                | LedgerRequest::StoreWebhooks { reply, .. } => {
                    // Without a reply channel, nobody waits for the confirmation.
                    let failed = |error| Err(Problem::storage_failed(error));
                    let answer = stored.as_ref().map_or_else(failed, |()| Ok(()));
                    let _ = reply.map(|reply| reply.send(answer));
                }
                LedgerRequest::ReadAudit { .. }
                | LedgerRequest::MakeSteady { .. }
                | LedgerRequest::CatchUp
                | LedgerRequest::Stop => {}
            }
        }
    }

    /// Does something with the journal that may wait for a database or a disk.
    fn storage<T>(&mut self, action: impl FnOnce(&mut dyn Journal) -> T) -> T {
        let journal = &mut *self.journal;
        self.shared.wait_for_storage(|| action(journal))
    }

    /// Appends the batch to the journal. If that fails, the working copy goes back to the durable queue.
    fn store(&mut self, pending: &Pending) -> Result<(), StorageError> {
        let batch = &pending.batch;
        let expected = self.shared.read_queue(Queue::seq);
        let is_empty = batch.events.is_empty()
            && batch.answers.is_empty()
            && batch.access.is_empty()
            && batch.webhooks.is_empty()
            && batch.audit.is_empty();
        if is_empty {
            // What was refused may be allowed since another server has stored something.
            return match pending.replies.is_empty() {
                true => Ok(()),
                false => self.storage(|journal| journal.confirm(expected)),
            };
        }
        let begun = Instant::now();
        let stored = self.storage(|journal| journal.append(expected, batch));
        let metrics = self.shared.metrics();
        let is_conflict = matches!(
            stored,
            Err(StorageError::MovedOn { .. } | StorageError::Conflict)
        );
        if !(is_conflict && self.journal.is_shared()) {
            metrics.count_commit(begun.elapsed(), stored.is_ok());
        }
        if stored.is_ok() {
            metrics.count_events(&batch.events, &self.working);
            if self.failing && self.journal.is_shared() {
                // The database is there again: the next failure of it is another one.
                self.check_at = Instant::now();
            }
        } else {
            self.updates.clear();
            self.working = self.shared.read_queue(Queue::clone);
        }
        stored
    }
}
