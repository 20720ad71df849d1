//! The error of storage.

use std::error;

use thiserror::Error;

/// The error of a storage operation.
#[derive(Debug, Error)]
pub enum StorageError {
    /// The file cannot be used at all; reported at the start.
    #[error("{0}")]
    Unusable(String),
    /// Another process has appended events after `expected`.
    #[error("the journal does not end at event {expected}")]
    MovedOn { expected: u64 },
    /// Another server has just changed the PINs or people, or given the id to another token or webhook.
    #[error("another server of the office has just changed the same; try again")]
    Conflict,
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
