//! Errors of SQLite as errors of storage.

use std::path::Path;

use rusqlite::{ErrorCode, ffi};

use super::open;
use crate::storage::StorageError;

pub(super) fn unusable(path: &Path, why: &str) -> StorageError {
    let file = path.display();
    StorageError::Unusable(format!("The data file {file} cannot be used: {why}."))
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull | ErrorCode::ReadOnly) => {
                Self::Unwritable(open::reason(&error))
            }
            _ => Self::Database(error.into()),
        }
    }
}

/// The error of a commit. If only the fsync failed, the batch is in the `-wal` file, and is there after a
/// crash; if nothing crashes, the next commit overwrites it.
pub(super) fn commit_error(error: rusqlite::Error) -> StorageError {
    let code = error.sqlite_error().map(|error| error.extended_code);
    match code {
        Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => {
            StorageError::InDoubt(error.into())
        }
        _ => error.into(),
    }
}
