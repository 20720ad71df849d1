//! What the ledger does because other servers store, too: it publishes their events, locks the office, refuses conflicts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Ledger;
use crate::access::AccessChange;
use crate::domain::{Stamped, apply};
use crate::presentation::http::problem::Problem;
use crate::presentation::services::listeners::Publication;
use crate::presentation::services::request::LedgerRequest;
use crate::presentation::services::screens::Update;
use crate::storage::StorageError;
use crate::webhook::WebhookChange;

/// How long after a batch of another server the ledger takes the lock before it decides: who was busy a moment ago is
/// busy still, and a conflict costs a copy of the queue.
const CONTENDED: Duration = Duration::from_secs(1);

/// Events that are read at once.
const CATCH_UP_EVENTS: u64 = 1_000;

impl Ledger {
    /// Before a batch: publishes the events of other servers. If they have stored some a moment ago, it first keeps them
    /// from storing more until the batch is stored. No batch is open.
    pub(super) fn prepare(&mut self) -> Result<(), StorageError> {
        let is_contended = |at: Instant| at.elapsed() < CONTENDED;
        if self.others_at.is_some_and(is_contended) {
            return self.lock();
        }
        self.catch_up_if_rung()
    }

    /// Keeps other servers from storing until the next batch is stored, and publishes the events that they have stored.
    pub(super) fn lock(&mut self) -> Result<(), StorageError> {
        self.storage(|journal| journal.lock())?;
        self.catch_up()
    }

    /// Publishes what other servers have stored, if the doorbell has rung. No batch is open.
    pub(super) fn catch_up_if_rung(&mut self) -> Result<(), StorageError> {
        match self.has_rung {
            true => self.catch_up(),
            false => Ok(()),
        }
    }

    /// Applies and publishes the events that other servers of the office have stored. No batch is open.
    pub(super) fn catch_up(&mut self) -> Result<(), StorageError> {
        self.has_rung = false;
        loop {
            let seq = self.working.seq();
            let events = self.storage(|journal| journal.read_after(seq, CATCH_UP_EVENTS))?;
            self.publish_of_others(&events);
            if (events.len() as u64) < CATCH_UP_EVENTS {
                return Ok(());
            }
        }
    }

    fn publish_of_others(&mut self, events: &[Stamped]) {
        if events.is_empty() {
            return;
        }
        self.others_at = Some(Instant::now());
        let working = &mut self.working;
        let updates = events
            .iter()
            .map(|stamped| Arc::new(Update::apply(working, stamped)));
        let updates = updates.collect();
        self.shared.with_queue(|queue| {
            for stamped in events {
                apply(queue, stamped);
            }
        });
        let prints = Vec::new();
        self.listeners.publish(&Publication { updates, prints });
    }

    /// Takes the requests that can be in conflict with another server's out of a batch, and refuses them, because one of them is.
    /// Whoever asked may ask again at once. Returns whether there was one.
    pub(super) fn refuse_conflicts(requests: &mut Vec<LedgerRequest>) -> bool {
        let count = requests.len();
        requests.retain(|request| {
            let (can_conflict, reply) = match request {
                LedgerRequest::StoreAccess { changes, reply, .. } => {
                    (changes.iter().any(AccessChange::can_conflict), reply)
                }
                LedgerRequest::StoreWebhooks { changes, reply, .. } => {
                    let is_new = |change: &WebhookChange| matches!(change, WebhookChange::Add(_));
                    (changes.iter().any(is_new), reply)
                }
                _ => return true,
            };
            if can_conflict && let Some(reply) = reply {
                let _ = reply.send(Err(Problem::changed_meanwhile()));
            }
            !can_conflict
        });
        requests.len() < count
    }
}
