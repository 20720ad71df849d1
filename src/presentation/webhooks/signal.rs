//! Wakes the threads of webhooks when events become durable.

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::presentation::services::{Listener, Publication};

/// The signal. One wake-up that waits is enough: whoever gets it reads all new events.
#[derive(Clone, Default)]
pub struct EventSignal(Arc<Mutex<Vec<Sender<()>>>>);

impl EventSignal {
    /// Gets a wake-up after events become durable, as long as the receiver lives.
    pub(super) fn subscribe(&self) -> Receiver<()> {
        let (wake, woken) = bounded(1);
        self.with(|senders| senders.push(wake));
        woken
    }

    fn with<T>(&self, action: impl FnOnce(&mut Vec<Sender<()>>) -> T) -> T {
        action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Listener for EventSignal {
    fn publish(&self, publication: &Publication) {
        if publication.updates.is_empty() {
            return;
        }
        self.with(|senders| {
            senders.retain(|wake| {
                !matches!(
                    wake.try_send(()),
                    Err(crossbeam_channel::TrySendError::Disconnected(()))
                )
            });
        });
    }
}
