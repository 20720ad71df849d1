//! The journal of an office, and what other threads read of it, whatever the database.

use std::path::PathBuf;

use super::audit::AuditRecord;
use super::error::StorageError;
use super::records::{Batch, Loaded, StoredAnswer};
use super::sqlite::SteadyFile;
use crate::access::AccessRecords;
use crate::domain::{Queue, Stamped, TicketId, TicketRow};
use crate::webhook::Webhook;

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

/// Kinds of records that other servers of an office have stored since the last look.
#[derive(Debug, Default)]
pub struct StoredByOthers {
    pub has_events: bool,
    /// Also true after this server has stored some.
    pub has_access: bool,
    pub has_webhooks: bool,
    /// Whether one of them has announced something about itself.
    pub has_announcement: bool,
    /// The last event of theirs, if that is known.
    pub end: Option<u64>,
}

/// Says when other servers of the office have stored something, and which there are. One thread owns it.
pub trait Doorbell: Send {
    /// Waits until they have, or for a moment. After a failure it says that they may have stored anything.
    fn wait(&mut self) -> StoredByOthers;

    /// Tells the others about this server, in a text of 7,900 bytes at most.
    fn announce(&mut self, about: &str) -> Result<(), StorageError>;

    /// The last announcement of each other server that was there in the last 10 s; `None` if it has made none.
    fn others(&mut self) -> Vec<Option<String>>;

    /// Loads the PINs, sessions and tokens.
    fn access(&mut self) -> Result<AccessRecords, StorageError>;

    /// Loads the webhooks, oldest first.
    fn webhooks(&mut self) -> Result<Vec<Webhook>, StorageError>;
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
    /// last event that the caller knows; if the journal ends elsewhere, nothing is written. Nor is it with `Conflict`:
    /// an `ExpectRevision` does not hold, or an id is given already.
    fn append(&mut self, expected_seq: u64, batch: &Batch) -> Result<(), StorageError>;

    /// Whether other servers may store events of the office, too. If so, `append` can fail with `MovedOn` at any time:
    /// the caller reads the events with `read_after`, and decides again.
    fn is_shared(&self) -> bool {
        false
    }

    /// The events after event `seq` that other servers have stored, oldest first, `limit` at most.
    fn read_after(&mut self, _seq: u64, _limit: u64) -> Result<Vec<Stamped>, StorageError> {
        Ok(Vec::new())
    }

    /// Keeps other servers from storing until the next `append` or `confirm` is done.
    fn lock(&mut self) -> Result<(), StorageError> {
        Ok(())
    }

    /// Fails with `MovedOn` if another server has stored events after event `expected_seq`.
    fn confirm(&mut self, _expected_seq: u64) -> Result<(), StorageError> {
        Ok(())
    }

    /// Whether this server does what one server of an office does: it purges, and sends to webhooks.
    fn is_leader(&mut self) -> bool {
        true
    }

    /// The doorbell of an office that several servers share.
    fn doorbell(&self) -> Option<Box<dyn Doorbell>> {
        None
    }

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
    /// snapshots, in a step of bounded size; not of those that are `in_queue`: the office still has them. Returns whether
    /// there may be more to erase. Once there is not, the files hold none of them.
    fn erase_notes(
        &mut self,
        before: i64,
        in_queue: &dyn Fn(TicketId) -> bool,
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
