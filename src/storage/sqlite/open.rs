//! Opens a data file, and makes or checks its tables.

use std::fs;
use std::path::Path;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::columns::one;
use super::data_file::{IN_USE, wal_path};
use super::schema::{self, APPLICATION_ID};

/// SQLite's interface to the file: its lock keeps other processes away and ends with this one, and this
/// process may have several connections, which need no file of shared memory.
const VFS: &str = "unix-excl";

/// How long a reader waits for a lock: another one may have it for a moment while it opens the file.
const READER_TIMEOUT: Duration = Duration::from_secs(2);

/// All but letters, digits and the separator of folders.
const IN_ADDRESS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/');

/// A data file that is open.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// Version of its tables.
    pub(super) version: i32,
    /// The reason that it cannot be written, if so.
    pub(super) unwritable: Option<String>,
}

/// Opens the file, and makes its tables if it is new. A file with tables that cannot be written is
/// opened for reading. `Err` says why the file cannot be used at all.
pub(super) fn open(path: &Path) -> Result<Opened, String> {
    let written = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), VFS)
        .map_err(Refused::from)
        .and_then(|connection| prepare(connection, path, true));
    match written {
        Ok(opened) => Ok(opened),
        Err(Refused::Foreign(why)) => Err(why),
        Err(Refused::Fails(error)) => {
            let may_be_read =
                is_unwritable(&error) && fs::metadata(path).is_ok_and(|m| m.len() > 0);
            if !may_be_read {
                return Err(reason(&error));
            }
            let read = open_for_reading(path).map_err(Refused::from);
            let read = read.and_then(|connection| prepare(connection, path, false));
            read.map(|opened| Opened {
                unwritable: Some(reason(&error)),
                ..opened
            })
            .map_err(|refused| match refused {
                Refused::Foreign(why) => why,
                // The first error says more than the second.
                Refused::Fails(_) => reason(&error),
            })
        }
    }
}

/// Opens the file for reading. Nothing is written, not even where it could be.
pub(super) fn open_read_only(path: &Path) -> Result<Opened, Refused> {
    // Opening a pipe for reading waits for a writer.
    if fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        return Err(Refused::Foreign("it is no regular file".to_owned()));
    }
    let opened = prepare(open_for_reading(path)?, path, false)?;
    Ok(Opened {
        unwritable: Some("it is open for reading only".to_owned()),
        ..opened
    })
}

/// The reason that a file is not opened.
pub(super) enum Refused {
    /// It is not ours, or of a newer version.
    Foreign(String),
    Fails(rusqlite::Error),
}

impl Refused {
    /// The reason in words; it goes on «The data file … cannot be used:».
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Foreign(why) => why.clone(),
            Self::Fails(error) => reason(error),
        }
    }

    /// Whether the file itself is damaged.
    pub(super) fn is_damage(&self) -> bool {
        let code = match self {
            Self::Foreign(_) => None,
            Self::Fails(error) => error.sqlite_error_code(),
        };
        matches!(
            code,
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
        )
    }
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Fails(error)
    }
}

/// Opens a further connection to the file that this process has open, for reading. `read_only` says that this
/// process has it open for reading only.
pub(super) fn open_reader(path: &Path, read_only: bool) -> rusqlite::Result<Connection> {
    if read_only {
        let connection = open_for_reading(path)?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        return Ok(connection);
    }
    // SQLite shares locks between connections that can all write.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags_and_vfs(path, flags, VFS)?;
    connection.busy_timeout(READER_TIMEOUT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Opens a file that only reading is possible on. SQLite's own locks need a file that can be written, so
/// they are off; the data file's other locks keep a second server away.
fn open_for_reading(path: &Path) -> rusqlite::Result<Connection> {
    let has_wal = fs::metadata(wal_path(path)).is_ok_and(|metadata| metadata.len() > 0);
    if has_wal {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        return Connection::open_with_flags_and_vfs(path, flags, "unix-none");
    }
    let text = path.to_string_lossy();
    let address = format!(
        "file:{}?immutable=1",
        utf8_percent_encode(&text, IN_ADDRESS)
    );
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(address, flags)
}

/// Checks whose file it is, and takes SQLite's lock. With `write`, makes its tables.
fn prepare(mut connection: Connection, path: &Path, write: bool) -> Result<Opened, Refused> {
    connection.busy_timeout(Duration::ZERO)?;
    if !write {
        // It can have no lock, and no shared memory.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    }
    let application: i32 = connection.pragma_query_value(None, "application_id", one)?;
    let version: i32 = connection.pragma_query_value(None, "user_version", one)?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], one)?;
    if application != APPLICATION_ID && (tables > 0 || application != 0) {
        let why = "it is another program's database, or it was made by a turnero before its first release";
        return Err(Refused::Foreign(why.to_owned()));
    }
    if version > schema::VERSION {
        return Err(Refused::Foreign(format!(
            "it was written by a newer turnero (version {version} of the tables; this one reads up to {})",
            schema::VERSION
        )));
    }
    connection.set_prepared_statement_cache_capacity(32);
    if !write {
        return Ok(Opened {
            connection,
            version,
            unwritable: None,
        });
    }
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", one)?;
    if !mode.eq_ignore_ascii_case("wal") {
        let why = format!("its journal mode stays «{mode}», not WAL");
        return Err(Refused::Foreign(why));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Purged rows are overwritten, so that nothing of them stays in free pages.
    connection.pragma_update(None, "secure_delete", true)?;
    let made = make_tables(&mut connection, path, tables > 0, version);
    let (version, unwritable) = match made {
        Ok(version) => (version, None),
        Err(error) if tables > 0 && is_unwritable(&error) => (version, Some(reason(&error))),
        Err(error) => return Err(error.into()),
    };
    Ok(Opened {
        connection,
        version,
        unwritable,
    })
}

/// Makes the tables, or migrates those of an older version. Returns their version.
pub(super) fn make_tables(
    connection: &mut Connection,
    path: &Path,
    has_tables: bool,
    version: i32,
) -> rusqlite::Result<i32> {
    if has_tables {
        schema::migrate(connection, path, version)?;
    } else {
        schema::create(connection)?;
    }
    Ok(schema::VERSION)
}

/// Whether a file that cannot be written can perhaps be read all the same.
fn is_unwritable(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure
        )
    )
}

/// An error text that a person can act on.
pub(super) fn reason(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => IN_USE.to_owned(),
        Some(ErrorCode::NotADatabase) => "it is not an SQLite database".to_owned(),
        Some(ErrorCode::CannotOpen) => {
            "it cannot be opened (does its folder exist, and may this user write there?)".to_owned()
        }
        Some(ErrorCode::ReadOnly) => "it is read-only for this user".to_owned(),
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::DatabaseCorrupt) => {
            "it is damaged: «turnero check» says what is left, and «turnero restore BACKUP» puts a backup in its place"
                .to_owned()
        },
        Some(ErrorCode::SystemIoFailure) => {
            "it cannot be read or written (may this user write there, and is the disk healthy?)"
                .to_owned()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
