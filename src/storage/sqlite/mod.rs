//! The embedded journal: one SQLite file, nothing to install.
//!
//! WAL with `synchronous=FULL`: a commit is one append and one fsync, and survives a power cut. The
//! operating system's lock keeps other processes away, and is gone with the process however it ends. The
//! history is read on connections of its own, beside the one that writes.

mod access;
mod answers;
mod audit;
mod check;
mod check_history;
mod columns;
mod copy;
mod data_file;
mod errors;
mod events;
mod load;
mod notes;
mod open;
mod purge;
mod reader;
mod reserve;
mod restore;
mod schema;
mod tickets;
mod webhooks;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use rusqlite::{Connection, MAIN_DB, OptionalExtension};

pub(super) use check::check;
use columns::one;
pub use copy::SteadyFile;
pub use data_file::create_private;
use data_file::{DataFile, NameLock, create_data_file};
use errors::{commit_error, unusable};
pub(super) use restore::restore;

use super::personal::Expired;
use super::{
    AuditKind, AuditRecord, Batch, EventLog, Journal, Loaded, StorageError, StoredAnswer,
    TicketHistory,
};
use crate::access::AccessRecords;
use crate::domain::{Queue, TicketId};
use crate::webhook::Webhook;

/// Size of the answers that one step of a purge deletes: commands wait for it, and on a full disk it must
/// fit into the `-wal` file as it is.
const PURGE_STEP_BYTES: u64 = 256 * 1024;

/// How much a probe writes: about as much as the largest batch, for which there must be room.
const PROBE_BYTES: i64 = 512 * 1024;

/// A journal in one SQLite file.
pub struct SqliteJournal {
    /// Dropped before the connection, which makes a checkpoint when it is closed.
    copying: copy::Copying,
    connection: Connection,
    /// Version of the tables: an older one where the file could not be written yet.
    version: i32,
    /// The reason that nothing can be written since the start, if so.
    unwritable: Option<String>,
    read_only: reader::ReadOnly,
    /// The size of all stored answers, in bytes, and its limit.
    answer_bytes: u64,
    most_answer_bytes: u64,
    notes: notes::NoteEraser,
    /// Whether the `-wal` file may still hold something that was erased.
    is_wal_stale: bool,
    newest_hour: tickets::NewestHour,
    reserve: reserve::Reserve,
    /// Dropped after the connection.
    file: DataFile,
}

impl SqliteJournal {
    /// Opens the file, making it when it is missing; one that cannot be written, for reading.
    /// `Unusable` says in one line why it cannot be used: in use by another server, no SQLite file,
    /// another program's, of a newer version.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        let name = NameLock::take(path).map_err(|why| unusable(path, &why))?;
        data_file::check_lone_wal(path).map_err(|why| unusable(path, &why))?;
        // It holds notes and hashes of PINs. Where it cannot be made, opening it says why.
        if let Ok(file) = create_data_file(path) {
            file.sync_all()
                .map_err(|error| unusable(path, &error.to_string()))?;
        }
        let opened = open::open(path).map_err(|why| unusable(path, &why))?;
        Self::of(opened, path, name)
    }

    /// Opens the file for reading. Nothing is written.
    pub fn open_read_only(path: &Path) -> Result<Self, StorageError> {
        let name = NameLock::take(path).map_err(|why| unusable(path, &why))?;
        let opened = open::open_read_only(path);
        let opened = opened.map_err(|refused| unusable(path, &refused.reason()))?;
        Self::of(opened, path, name)
    }

    fn of(opened: open::Opened, path: &Path, name: NameLock) -> Result<Self, StorageError> {
        let file = DataFile::lock(path, name).map_err(|why| unusable(path, &why))?;
        // A damaged table of answers is no reason to refuse a start.
        let answer_bytes = answers::total_bytes(&opened.connection).unwrap_or(0);
        let read_only = opened.connection.is_readonly(MAIN_DB)?;
        Ok(Self {
            read_only: Arc::new(RwLock::new(read_only)),
            copying: copy::Copying::default(),
            newest_hour: tickets::NewestHour::read(&opened.connection),
            connection: opened.connection,
            version: opened.version,
            unwritable: opened.unwritable,
            answer_bytes,
            most_answer_bytes: answers::MOST_BYTES,
            notes: notes::NoteEraser::default(),
            is_wal_stale: false,
            reserve: reserve::Reserve::beside(path),
            file,
        })
    }

    /// Empties the `-wal` file if it may hold something that was erased. Returns whether that must be tried again:
    /// a backup reads the data file, or a reader of the history still sees what was there.
    fn empty_wal(&mut self) -> rusqlite::Result<bool> {
        if self.is_wal_stale {
            self.copying.resume(&self.connection);
            let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
            self.is_wal_stale =
                self.copying.is_on() || self.connection.query_row(checkpoint, [], one::<i64>)? != 0;
        }
        Ok(self.is_wal_stale)
    }

    /// Runs a step of a purge, or lets the audit log be erased. If the disk is full, it runs once more with the room that is
    /// kept for it.
    fn with_reserve<T>(
        &mut self,
        step: impl Fn(&mut Self) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        match step(self) {
            Err(StorageError::Unwritable(_)) if self.reserve.give_up() => {
                log::info!(
                    "The disk is full: the room kept beside the data file is used to delete data"
                );
                self.make_writable()?;
                step(self)
            }
            result => result,
        }
    }

    /// Deletes audit entries, answers and who served tickets, in a step of bounded size.
    fn purge_step(
        &mut self,
        before: i64,
        answers_before: i64,
        at: i64,
    ) -> Result<bool, StorageError> {
        let changes = self.connection.total_changes();
        let transaction = self.connection.transaction()?;
        let excess = self.answer_bytes.saturating_sub(self.most_answer_bytes);
        let (dropped, more_answers) =
            answers::delete_oldest(&transaction, answers_before, excess, PURGE_STEP_BYTES)?;
        let more_entries = audit::purge(&transaction, before, at)?;
        let more_people = tickets::erase_people(&transaction, before)?;
        transaction.commit()?;
        self.is_wal_stale |= self.connection.total_changes() != changes;
        self.answer_bytes = self.answer_bytes.saturating_sub(dropped);
        Ok(more_answers || more_entries || more_people || self.empty_wal()?)
    }

    /// Stores a batch in one transaction.
    fn append_batch(&mut self, expected_seq: u64, batch: &Batch) -> Result<(), StorageError> {
        self.check()?;
        let transaction = self.connection.transaction()?;
        if events::end(&transaction)? != expected_seq {
            return Err(StorageError::MovedOn {
                expected: expected_seq,
            });
        }
        events::insert_events(&transaction, &batch.events)?;
        let moves = batch.events.iter().any(|one| tickets::may_move(&one.event));
        let newest_hour = tickets::upsert(&transaction, self.newest_hour, &batch.rows, moves)?;
        let added = answers::insert(&transaction, batch)?;
        let excess = (self.answer_bytes + added).saturating_sub(self.most_answer_bytes);
        // A batch drops little more than it brings; a purge does the rest.
        let dropped = match excess {
            0 => 0,
            _ => answers::delete_oldest(&transaction, i64::MIN, excess, 2 * added)?.0,
        };
        for change in &batch.access {
            access::change(&transaction, change)?;
        }
        for change in &batch.webhooks {
            webhooks::change(&transaction, change)?;
        }
        audit::insert(&transaction, batch.at, &batch.audit)?;
        transaction.commit().map_err(commit_error)?;
        self.answer_bytes = (self.answer_bytes + added).saturating_sub(dropped);
        // These may have deleted something; the next purge empties the `-wal` file.
        self.is_wal_stale |= dropped > 0 || !batch.access.is_empty() || !batch.webhooks.is_empty();
        self.copying.resume(&self.connection);
        self.newest_hour = newest_hour;
        Ok(())
    }

    fn reader(&self) -> reader::SqliteReader {
        reader::SqliteReader::new(&self.file, self.read_only.clone())
    }

    /// Makes a file that could not be written at the start ready to be written.
    fn make_writable(&mut self) -> Result<(), StorageError> {
        if self.unwritable.is_none() {
            return Ok(());
        }
        self.copying.spoil();
        if self.connection.is_readonly(MAIN_DB)? {
            let Ok(mut read_only) = self.read_only.try_write() else {
                let why = "it is being read; it will be tried again";
                return Err(StorageError::Unwritable(why.to_owned()));
            };
            let opened = open::open(self.file.path()).map_err(StorageError::Unwritable)?;
            *read_only = opened.connection.is_readonly(MAIN_DB)?;
            self.connection = opened.connection;
            self.version = opened.version;
            self.unwritable = opened.unwritable;
        } else {
            let path = self.file.path();
            self.version = open::make_tables(&mut self.connection, path, true, self.version)?;
            self.unwritable = None;
        }
        self.newest_hour = tickets::NewestHour::read(&self.connection);
        self.file.remember_wal();
        self.check()
    }
}

impl Journal for SqliteJournal {
    fn load(&mut self, followed_by: u64, until: u64) -> Result<Loaded, StorageError> {
        load::load(&self.connection, self.version, followed_by, until)
    }

    fn end(&mut self) -> Result<u64, StorageError> {
        Ok(events::end(&self.connection)?)
    }

    fn newest_before(&mut self, before: i64) -> Result<Option<i64>, StorageError> {
        // It reads the events since then, newest first: an index would slow every event down.
        let mut newest = self
            .connection
            .prepare_cached("SELECT at FROM events WHERE at < ?1 ORDER BY seq DESC LIMIT 1")?;
        Ok(newest.query_row([before], one).optional()?)
    }

    fn append(&mut self, expected_seq: u64, batch: &Batch) -> Result<(), StorageError> {
        let mut entries = batch.audit.iter();
        if entries.any(|entry| entry.kind == AuditKind::AuditErased) {
            return self.with_reserve(|journal| journal.append_batch(expected_seq, batch));
        }
        self.append_batch(expected_seq, batch)
    }

    fn answer(&mut self, key: &str) -> Result<Option<StoredAnswer>, StorageError> {
        answers::find(&self.connection, self.version, key)
    }

    fn save_snapshot(&mut self, queue: &Queue) -> Result<(), StorageError> {
        self.check()?;
        let transaction = self.connection.transaction()?;
        events::insert_snapshot(&transaction, queue)?;
        transaction.commit()?;
        Ok(())
    }

    fn access(&mut self) -> Result<AccessRecords, StorageError> {
        access::load(&self.connection, self.version)
    }

    fn webhooks(&mut self) -> Result<Vec<Webhook>, StorageError> {
        webhooks::load(&self.connection, self.version)
    }

    fn audit(&mut self, before: u64, limit: u64) -> Result<Vec<AuditRecord>, StorageError> {
        audit::read(&self.connection, self.version, before, limit)
    }

    fn purge(&mut self, before: i64, answers_before: i64, at: i64) -> Result<bool, StorageError> {
        self.file.check()?;
        self.reserve.make();
        self.with_reserve(|journal| journal.purge_step(before, answers_before, at))
    }

    fn erase_notes(
        &mut self,
        before: i64,
        in_queue: &dyn Fn(TicketId) -> bool,
    ) -> Result<bool, StorageError> {
        self.with_reserve(|journal| {
            journal.check()?;
            let expired = Expired { before, in_queue };
            let step = journal.notes.step(&mut journal.connection, &expired)?;
            journal.is_wal_stale |= step.has_erased;
            Ok(step.is_more || journal.empty_wal()?)
        })
    }

    fn purge_history(&mut self, before: i64) -> Result<bool, StorageError> {
        self.with_reserve(|journal| {
            journal.check()?;
            let is_more = purge::step(&mut journal.connection, journal.version, before)? > 0;
            journal.is_wal_stale |= is_more;
            Ok(is_more || journal.empty_wal()?)
        })
    }

    fn history(&self) -> Box<dyn TicketHistory> {
        Box::new(self.reader())
    }

    fn event_log(&self) -> Box<dyn EventLog> {
        Box::new(self.reader())
    }

    fn check(&mut self) -> Result<(), StorageError> {
        self.file.check()?;
        match &self.unwritable {
            Some(why) => Err(StorageError::Unwritable(why.clone())),
            None => Ok(()),
        }
    }

    fn steady_file(&mut self) -> Result<Option<SteadyFile>, StorageError> {
        self.check()?;
        let file = self.file.file();
        self.copying.resume(&self.connection);
        if self.copying.is_on() {
            let why = "another copy of it is being made";
            return Err(StorageError::Unusable(why.to_owned()));
        }
        Ok(self.copying.begin(&self.connection, file)?)
    }

    fn close(self: Box<Self>) -> Option<PathBuf> {
        let wal = self.file.wal_path();
        let is_replaced = self.file.check().is_err();
        drop(self);
        let is_left = fs::metadata(&wal).is_ok_and(|metadata| metadata.len() > 0);
        (is_left && !is_replaced).then_some(wal)
    }

    fn has_room(&self) -> bool {
        // Some file systems do not say how large they are.
        rustix::fs::statvfs(self.file.path()).map_or(true, |disk| {
            disk.f_blocks == 0 || disk.f_bavail.saturating_mul(disk.f_frsize) >= PROBE_BYTES as u64
        })
    }

    fn probe(&mut self) -> Result<(), StorageError> {
        self.file.check()?;
        self.copying.spoil();
        // After a checkpoint the `-wal` file is written from its beginning again, which needs no room. If the
        // data file cannot grow, the checkpoint fails, and the write below says whether that matters.
        let _ = self
            .connection
            .query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()));
        self.make_writable()?;
        let transaction = self.connection.transaction()?;
        transaction.execute_batch(
            "CREATE TABLE IF NOT EXISTS probe (body BLOB) STRICT; DELETE FROM probe",
        )?;
        transaction.execute("INSERT INTO probe VALUES (zeroblob(?1))", [PROBE_BYTES])?;
        transaction.commit()?;
        self.connection.execute_batch("DROP TABLE probe")?;
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests;
