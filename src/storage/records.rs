//! The records of a batch, and an office as it is loaded.

use blake2::{Blake2s256, Digest};

use super::audit::AuditEntry;
use crate::access::AccessChange;
use crate::domain::{Queue, Stamped, TicketRow};
use crate::webhook::WebhookChange;

/// The hash of a request. The request itself is not stored: it may be long, and have what nobody
/// should read later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHash([u8; 16]);

impl RequestHash {
    /// The hash of a request, word for word.
    pub fn of(request: &[u8]) -> Self {
        let whole: [u8; 32] = Blake2s256::digest(request).into();
        let mut short = [0; 16];
        short.copy_from_slice(&whole[..16]);
        Self(short)
    }

    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(super) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The answer to a request that carried an `Idempotency-Key`, kept with the events that it caused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    pub key: String,
    /// So that the same key with another request is noticed.
    pub request: RequestHash,
    pub status: u16,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The records of one transaction: all become durable, or none.
#[derive(Debug, Default)]
pub struct Batch {
    /// In order; the first follows the `expected_seq` given with the batch.
    pub events: Vec<Stamped>,
    /// The tickets that the events changed, in order.
    pub rows: Vec<TicketRow>,
    /// In order.
    pub audit: Vec<AuditEntry>,
    pub answers: Vec<StoredAnswer>,
    /// In order.
    pub access: Vec<AccessChange>,
    /// In order.
    pub webhooks: Vec<WebhookChange>,
    /// The time of the batch in milliseconds since the Unix epoch, for its answers and audit entries.
    pub at: i64,
}

/// An office as it was stored.
#[derive(Debug)]
pub struct Loaded {
    /// The queue of a snapshot, or the empty one.
    pub queue: Queue,
    /// The events after it, oldest first.
    pub events: Vec<Stamped>,
    /// The last event in the newest snapshot that is not damaged, whether enough follows it or not; 0
    /// without one.
    pub newest_snapshot: u64,
    /// Damage in records that were not needed, in sentences without a full stop.
    pub damage: Vec<String>,
}

impl Loaded {
    /// The queue of a snapshot and the events after it. With damage, the newest good snapshot is the queue's own.
    pub(super) fn new(
        queue: Queue,
        events: Vec<Stamped>,
        newest_snapshot: u64,
        damage: Vec<String>,
    ) -> Self {
        Self {
            newest_snapshot: if damage.is_empty() {
                newest_snapshot
            } else {
                queue.seq()
            },
            queue,
            events,
            damage,
        }
    }
}
