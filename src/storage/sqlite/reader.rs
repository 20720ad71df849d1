//! Reads the history and the events on a connection of its own, beside the one that writes.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use rusqlite::Connection;

use super::columns::{from_sql, one, to_sql};
use super::data_file::{DataFile, FileId};
use super::{events, open, schema, tickets};
use crate::domain::{Stamped, TicketRow};
use crate::storage::{EventLog, HistoryQuery, StorageError, TicketHistory};

/// The history and the events in the data file.
pub(super) struct SqliteReader {
    path: PathBuf,
    id: FileId,
    read_only: ReadOnly,
}

/// Whether the journal has the file open for reading only. It is locked while somebody reads, because a reader has
/// no locks of SQLite then, and the journal must not begin to write.
pub(super) type ReadOnly = Arc<RwLock<bool>>;

/// A connection that reads, until it is dropped.
struct Reading<'a> {
    connection: Connection,
    _read_only: RwLockReadGuard<'a, bool>,
}

impl SqliteReader {
    pub(super) fn new(file: &DataFile, read_only: ReadOnly) -> Self {
        Self {
            path: file.path().to_owned(),
            id: file.id(),
            read_only,
        }
    }

    /// Opening takes a tenth of a millisecond, and a connection that is kept would have to be closed before the
    /// journal.
    fn open(&self) -> Result<Reading<'_>, StorageError> {
        let read_only = self
            .read_only
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if !self.id.is_of(&self.path) {
            return Err(StorageError::Replaced);
        }
        Ok(Reading {
            connection: open::open_reader(&self.path, *read_only)?,
            _read_only: read_only,
        })
    }
}

impl EventLog for SqliteReader {
    fn read(&self, after: u64, limit: u64) -> Result<Vec<Stamped>, StorageError> {
        let reading = self.open()?;
        let connection = &reading.connection;
        let first = "SELECT min(seq) FROM events WHERE seq > ?1";
        let first: Option<i64> = connection.query_row(first, [to_sql(after)], one)?;
        let Some(first) = first.map(from_sql) else {
            return Ok(Vec::new());
        };
        let mut events = Vec::new();
        let range = (first.saturating_sub(1), u64::MAX);
        events::read_events(connection, schema::VERSION, range, |stamped| {
            events.push(stamped);
            (events.len() as u64) < limit
        })?;
        Ok(events)
    }
}

impl TicketHistory for SqliteReader {
    fn read(
        &self,
        query: &HistoryQuery,
        each: &mut dyn FnMut(TicketRow),
    ) -> Result<(), StorageError> {
        tickets::read(&self.open()?.connection, query, each)
    }
}
