//! Durable storage of events, snapshots, answers, the audit log, PINs, tokens and webhooks, behind [`Journal`].
//!
//! Storage decides nothing. The rules of the queue, HTTP and screens do not belong here.

mod audit;
mod check_report;
mod columns;
mod data_source;
mod error;
mod journal;
mod personal;
#[cfg(feature = "postgres")]
mod postgres;
mod postgres_address;
mod records;
mod sqlite;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use audit::{AuditEntry, AuditKind, AuditRecord};
pub use check_report::CheckReport;
pub use data_source::DataSource;
pub use error::StorageError;
pub use journal::{Doorbell, EventLog, HistoryQuery, Journal, StoredByOthers, TicketHistory};
pub use postgres_address::{may_be_address, without_password};
pub use records::{Batch, Loaded, RequestHash, StoredAnswer};
pub use sqlite::{SteadyFile, create_private};

/// Opens the storage of an office, and creates it if it is missing. One process at a time has a data file open; several
/// may share an office in a database.
pub fn open(data: &DataSource) -> Result<Box<dyn Journal>, StorageError> {
    Ok(match data {
        DataSource::File(file) => Box::new(sqlite::SqliteJournal::open(file)?),
        #[cfg(feature = "postgres")]
        DataSource::Postgres(database) => Box::new(postgres::PostgresJournal::open(database)?),
    })
}

/// Opens the storage of an office for reading. Nothing is written, and every change is refused.
pub fn open_read_only(data: &DataSource) -> Result<Box<dyn Journal>, StorageError> {
    Ok(match data {
        DataSource::File(file) => Box::new(sqlite::SqliteJournal::open_read_only(file)?),
        #[cfg(feature = "postgres")]
        DataSource::Postgres(database) => {
            Box::new(postgres::PostgresJournal::open_read_only(database)?)
        }
    })
}

/// Checks a data file that no server uses, or a backup, without writing: the database's own checks, the
/// checksums, and whether each snapshot and the history of tickets are what the events give. `Err` if it cannot be checked:
/// it is in use, of another program, or of a newer version.
pub fn check(file: &Path) -> Result<CheckReport, StorageError> {
    sqlite::check(file)
}

/// Lets the data file or backup `from` take the place of the data file `to`, which no server uses. What was
/// there is kept beside it, under the returned name.
pub fn restore(from: &Path, to: &Path) -> Result<Option<PathBuf>, StorageError> {
    sqlite::restore(from, to)
}
