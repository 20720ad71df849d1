//! Durable storage of events, snapshots, answers, the audit log, PINs, tokens and webhooks, behind [`Journal`].
//!
//! Storage decides nothing. The rules of the queue, HTTP and screens do not belong here.

mod audit;
mod sqlite;

#[cfg(test)]
mod tests;

use std::error;
use std::path::{Path, PathBuf};

use blake2::{Blake2s256, Digest};
use thiserror::Error;

use crate::access::{AccessChange, AccessRecords};
use crate::domain::{Queue, Stamped, TicketId, TicketRow, Timestamp};
use crate::webhook::{Webhook, WebhookChange};

pub use audit::{AuditEntry, AuditKind, AuditRecord};
pub use sqlite::{SteadyFile, create_private};

/// Opens the data file, and creates it if it is missing. One process at a time has it open.
pub fn open(file: &Path) -> Result<Box<dyn Journal>, StorageError> {
    Ok(Box::new(sqlite::SqliteJournal::open(file)?))
}

/// Opens the data file for reading. Nothing is written, and every change is refused.
pub fn open_read_only(file: &Path) -> Result<Box<dyn Journal>, StorageError> {
    Ok(Box::new(sqlite::SqliteJournal::open_read_only(file)?))
}

/// Checks a data file that no server uses, or a backup, without writing: the database's own checks, the
/// checksums, and whether each snapshot is what the events before it give. `Err` if it cannot be checked:
/// it is in use, of another program, or of a newer version.
pub fn check(file: &Path) -> Result<CheckReport, StorageError> {
    sqlite::check(file)
}

/// Lets the data file or backup `from` take the place of the data file `to`, which no server uses. What was
/// there is kept beside it, under the returned name.
pub fn restore(from: &Path, to: &Path) -> Result<Option<PathBuf>, StorageError> {
    sqlite::restore(from, to)
}

/// The contents of a data file, and its damage.
#[derive(Debug, Default)]
pub struct CheckReport {
    /// Damage, in sentences without a full stop; none if the file is sound.
    pub damage: Vec<String>,
    /// How many of the damages are a loss. Damaged snapshots alone lose nothing: a start does without them.
    pub losses: usize,
    /// The last event before the first damaged one, if one is damaged.
    pub last_good: Option<u64>,
    /// Version of the tables.
    pub version: i32,
    /// The office after its last event that can be read.
    pub queue: Queue,
    pub events: u64,
    /// The times of the first and the last event.
    pub times: Option<(Timestamp, Timestamp)>,
    pub snapshots: usize,
    pub audit_entries: u64,
}

impl CheckReport {
    /// Whether anything is lost.
    pub fn is_loss(&self) -> bool {
        self.losses > 0
    }

    fn add_loss(&mut self, damage: String) {
        self.damage.push(damage);
        self.losses += 1;
    }
}

/// Why storage failed.
#[derive(Debug, Error)]
pub enum StorageError {
    /// The file cannot be used at all; reported at the start.
    #[error("{0}")]
    Unusable(String),
    /// Another process has appended events after `expected`.
    #[error("the journal does not end at event {expected}")]
    MovedOn { expected: u64 },
    /// A stored event cannot be read back. `last_good` is the one before it.
    #[error(
        "event {seq} cannot be read: {why}; «turnero restore BACKUP» puts a backup in its place, and «turnero export \
         FILE --until {last_good}» writes the office as it was before it, to be imported into a new data file"
    )]
    DamagedEvent {
        seq: u64,
        last_good: u64,
        why: String,
    },
    /// Other stored data cannot be read back.
    #[error("{what} cannot be read: {why}")]
    Damaged { what: String, why: String },
    /// The disk is full, or the data file is read-only. The text says which.
    #[error("the data file cannot be written: {0}")]
    Unwritable(String),
    /// The data file was deleted or replaced by another one while it is open.
    #[error(
        "the data file, or the -wal file beside it, was deleted or replaced while the server runs: put it back, or \
         take an export before you stop the server"
    )]
    Replaced,
    /// The disk failed at the last step of a commit: whether the batch is stored shows after a crash.
    #[error("the database failed, and it is not known whether the batch is stored: {0}")]
    InDoubt(Box<dyn error::Error + Send + Sync>),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(Box<dyn error::Error + Send + Sync>),
}

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

    fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    fn as_bytes(&self) -> &[u8; 16] {
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

/// Which tickets of the history are read. Times are milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug)]
pub struct HistoryQuery {
    /// Those created at this time or later.
    pub from: i64,
    /// Those created before this time.
    pub to: i64,
    /// Those that arrived after this one.
    pub after: u64,
    pub limit: u64,
}

impl HistoryQuery {
    /// All tickets created from `from` until before `to`.
    pub fn all(from: i64, to: i64) -> Self {
        Self {
            from,
            to,
            after: 0,
            limit: u64::MAX,
        }
    }
}

/// Reads the history of tickets, in any thread, while the journal goes on.
pub trait TicketHistory: Send + Sync {
    /// Reads tickets in the order of their arrival, as they are when it begins, and calls `each` for each
    /// of them.
    fn read(
        &self,
        query: &HistoryQuery,
        each: &mut dyn FnMut(TicketRow),
    ) -> Result<(), StorageError>;
}

/// Reads the stored events, in any thread, while the journal goes on.
pub trait EventLog: Send + Sync {
    /// The events after event `after`, oldest first, `limit` at most. If the next ones are no longer stored,
    /// they are those from the oldest one on.
    fn read(&self, after: u64, limit: u64) -> Result<Vec<Stamped>, StorageError>;
}

/// Durable storage of an office. One thread owns it.
pub trait Journal: Send {
    /// The office as it was after event `until`, or now if there are fewer: the newest snapshot with at
    /// least `followed_by` events after it, and the events to replay. If a snapshot is damaged, the one
    /// before it is used; without any, all events are replayed.
    fn load(&mut self, followed_by: u64, until: u64) -> Result<Loaded, StorageError>;

    /// The number of the last event, 0 if there is none: what `append` expects.
    fn end(&mut self) -> Result<u64, StorageError>;

    /// The time of the newest event from before the time `before`, in milliseconds since the Unix epoch.
    fn newest_before(&mut self, before: i64) -> Result<Option<i64>, StorageError>;

    /// Makes a batch durable: when this returns `Ok`, it survives a power cut. `expected_seq` is the
    /// last event that the caller knows; if the journal ends elsewhere, nothing is written.
    fn append(&mut self, expected_seq: u64, batch: &Batch) -> Result<(), StorageError>;

    /// The answer kept under that key.
    fn answer(&mut self, key: &str) -> Result<Option<StoredAnswer>, StorageError>;

    /// Keeps the queue as it is, so that a later start replays less.
    fn save_snapshot(&mut self, queue: &Queue) -> Result<(), StorageError>;

    /// Loads the PINs, sessions and tokens.
    fn access(&mut self) -> Result<AccessRecords, StorageError>;

    /// Loads the webhooks, oldest first.
    fn webhooks(&mut self) -> Result<Vec<Webhook>, StorageError>;

    /// The entries of the audit log before the id `before`, newest first.
    fn audit(&mut self, before: u64, limit: u64) -> Result<Vec<AuditRecord>, StorageError>;

    /// Deletes audit entries and answers, in a step of bounded size: entries that were erased, entries from
    /// before the time `before`, answers from before `answers_before`, and the oldest answers beyond the
    /// limit of their bytes. Adds an audit entry of the time `at` that counts expired entries. Times are
    /// milliseconds since the Unix epoch. Returns whether there may be more to delete.
    fn purge(&mut self, before: i64, answers_before: i64, at: i64) -> Result<bool, StorageError>;

    /// Erases the notes of tickets from before the time `before`, in milliseconds since the Unix epoch, in events and
    /// snapshots, in a step of bounded size; not of those for which `is_held`: whoever is asked still has the
    /// ticket. Returns whether there may be more to erase. Once there is not, the files hold none of them.
    fn erase_notes(
        &mut self,
        before: i64,
        is_held: &dyn Fn(TicketId) -> bool,
    ) -> Result<bool, StorageError>;

    /// Deletes the events from before the time `before`, in milliseconds since the Unix epoch, and the history of the
    /// tickets that they created, in a step of bounded size. The newest event stays, and so does the office: what
    /// the deleted events gave is kept as one state. Returns whether there may be more to delete. Once there is not,
    /// the files hold none of it.
    fn purge_history(&mut self, before: i64) -> Result<bool, StorageError>;

    /// A reader of the history of tickets, for other threads.
    fn history(&self) -> Box<dyn TicketHistory>;

    /// A reader of the events, for other threads.
    fn event_log(&self) -> Box<dyn EventLog>;

    /// Whether changes can be stored, as far as that can be known without writing: the data file is still
    /// there, and could be written when it was opened.
    fn check(&mut self) -> Result<(), StorageError>;

    /// The data file with all commits so far, steady for a backup: see [`SteadyFile`]. Commits go on meanwhile.
    /// `None` while somebody reads the history: ask again.
    fn steady_file(&mut self) -> Result<Option<SteadyFile>, StorageError>;

    /// Closes the storage. Returns the file beside the data file that holds the newest events, if they
    /// could not be moved into the data file.
    fn close(self: Box<Self>) -> Option<PathBuf>;

    /// Whether the file system has room for what a probe writes, or does not say.
    fn has_room(&self) -> bool;

    /// Writes and commits as much as a large batch, and deletes it again, to find out whether storage works.
    fn probe(&mut self) -> Result<(), StorageError>;
}
