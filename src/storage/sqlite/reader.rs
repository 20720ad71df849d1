//! Reads the history on a connection of its own, beside the one that writes.

use std::path::PathBuf;

use super::data_file::{DataFile, FileId};
use super::{open, tickets};
use crate::domain::TicketRow;
use crate::storage::{HistoryQuery, StorageError, TicketHistory};

/// The history in the data file.
pub(super) struct SqliteHistory {
    path: PathBuf,
    id: FileId,
}

impl SqliteHistory {
    pub(super) fn new(file: &DataFile) -> Self {
        Self {
            path: file.path().to_owned(),
            id: file.id(),
        }
    }
}

impl TicketHistory for SqliteHistory {
    fn read(
        &self,
        query: &HistoryQuery,
        each: &mut dyn FnMut(TicketRow),
    ) -> Result<(), StorageError> {
        if !self.id.is_of(&self.path) {
            return Err(StorageError::Replaced);
        }
        // Opening takes a tenth of a millisecond, and a connection that is kept would have to be closed
        // before the journal.
        tickets::read(&open::open_reader(&self.path)?, query, each)
    }
}
