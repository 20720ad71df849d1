//! Versions of the tables, and the migrations of a file from an earlier version.
//!
//! To add a version: change the tables of new files (`SCHEMA` of their module), add the change of existing files
//! to [`MIGRATIONS`], and keep a data file of the last release in `tests/contract/releases/`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction};

use super::data_file::create_data_file;
use super::{access, answers, audit, events, tickets, webhooks};

/// Marks a file as ours (`PRAGMA application_id`): «Trn1» in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x5472_6e31;

/// Version of the tables and of the JSON in them (`PRAGMA user_version`). It only grows: a new field
/// has a default, and a stored name stays.
pub(super) const VERSION: i32 = 5;

/// Changes an existing file, in the transaction of all migrations.
type Migration = fn(&Transaction<'_>) -> rusqlite::Result<()>;

/// The migrations by the version to which each leads, in order.
const MIGRATIONS: &[(i32, Migration)] = &[
    (2, |transaction| {
        transaction.execute_batch(answers::VERSION_2)?;
        transaction.execute_batch(events::VERSION_2)
    }),
    (3, |transaction| {
        transaction.execute_batch(tickets::SCHEMA)?;
        tickets::fill(transaction, 3)
    }),
    (4, |transaction| transaction.execute_batch(webhooks::SCHEMA)),
    (5, |transaction| {
        access::add_people(transaction)?;
        transaction.execute_batch(audit::VERSION_5)?;
        transaction.execute_batch(tickets::VERSION_5)
    }),
];

/// Makes the tables of a new file.
pub(super) fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for schema in [
        events::SCHEMA,
        answers::SCHEMA,
        audit::SCHEMA,
        tickets::SCHEMA,
        webhooks::SCHEMA,
    ] {
        transaction.execute_batch(schema)?;
    }
    access::create(&transaction)?;
    finish(transaction)
}

/// Brings the file at `path` from `version` to the newest, in one transaction, after a copy of it was made beside
/// it. Without anything to do, it writes all the same: SQLite takes its exclusive lock with the first write.
pub(super) fn migrate(
    connection: &mut Connection,
    path: &Path,
    version: i32,
) -> rusqlite::Result<()> {
    let is_old = version < VERSION;
    let copy = is_old.then(|| copy_before_migration(connection, path));
    let copy = copy.transpose()?;
    let migrated = apply(connection, version);
    match (&migrated, copy) {
        (Ok(()), Some(copy)) => log::info!(
            "The data file was migrated from version {version} of its tables to {VERSION}; as it was before, it is {}",
            copy.display()
        ),
        (Err(_), Some(copy)) => {
            // The file is as it was, so its copy is not needed.
            let _ = fs::remove_file(copy);
        }
        _ => {}
    }
    migrated
}

fn apply(connection: &mut Connection, version: i32) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for (to, migration) in MIGRATIONS {
        if version < *to {
            migration(&transaction)?;
        }
    }
    finish(transaction)
}

fn finish(transaction: Transaction<'_>) -> rusqlite::Result<()> {
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// Copies the data file, with all that is committed, beside itself. Returns the name of the copy.
fn copy_before_migration(connection: &Connection, path: &Path) -> rusqlite::Result<PathBuf> {
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let mut copy = path.as_os_str().to_owned();
    copy.push(format!(".before-version-{VERSION}-{now}"));
    let copy = PathBuf::from(copy);
    let failed = |error: io::Error| {
        let code = match error.kind() {
            io::ErrorKind::StorageFull => rusqlite::ffi::SQLITE_FULL,
            _ => rusqlite::ffi::SQLITE_CANTOPEN,
        };
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some(error.to_string()))
    };
    // SQLite writes into a file that is empty, and the rights are ours.
    create_data_file(&copy).map_err(failed)?;
    let name = copy.to_string_lossy();
    let copied = connection.execute("VACUUM INTO ?1", [&name]).and_then(|_| {
        File::open(&copy)
            .and_then(|file| file.sync_all())
            .map_err(failed)
    });
    match copied {
        Ok(()) => Ok(copy),
        Err(error) => {
            let _ = fs::remove_file(&copy);
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_its_migration_in_order() {
        let versions: Vec<i32> = MIGRATIONS.iter().map(|(version, _)| *version).collect();
        assert_eq!(versions, (2..=VERSION).collect::<Vec<i32>>());
    }
}
