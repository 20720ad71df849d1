//! The state that the threads of all webhooks share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::endpoint::Endpoint;
use super::receiver::{Receiver, host};
use super::signal::EventSignal;
use crate::presentation::services::{SharedState, WebhookStore};
use crate::storage::{AuditEntry, AuditKind, EventLog};
use crate::webhook::{OffReason, WebhookChange, WebhookSetup};

/// State that the threads of all webhooks share.
pub struct Parts {
    pub receiver: Receiver,
    pub event_log: Box<dyn EventLog>,
    pub shared: Arc<SharedState>,
    pub store: WebhookStore,
    pub signal: EventSignal,
    /// Held while a setup is stored, so that the stored setups follow each other as those in memory do.
    pub changes: Mutex<()>,
    pub stopping: AtomicBool,
}

impl Parts {
    /// Switches a webhook off, because its receiver wants nothing more or has failed for too long.
    /// Not if it has been set up anew since `setup`.
    pub fn switch_off(&self, endpoint: &Endpoint, setup: &WebhookSetup, reason: OffReason) {
        let _changes = lock(&self.changes);
        if endpoint.setup() != *setup {
            return;
        }
        let off = WebhookSetup {
            is_on: false,
            off_reason: Some(reason),
            ..setup.clone()
        };
        let host = host(&off.url);
        let why = match reason {
            OffReason::Gone => "its receiver answered 410, which means that it wants no more",
            OffReason::Failed => "its receiver has failed for three days",
        };
        log::warn!("The webhook to {host} is switched off: {why}");
        let entry = AuditEntry::new(AuditKind::WebhookStopped, Some(&host), None);
        let change = WebhookChange::SetUp(off.clone());
        if self.store.store(vec![change], Some(entry)).is_err() {
            log::warn!("That the webhook to {host} is off could not be stored");
        }
        endpoint.set_up(off);
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// Locks; no code under the locks of webhooks panics halfway through a change.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
