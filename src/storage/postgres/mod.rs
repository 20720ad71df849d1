//! The journal in a database of PostgreSQL, which may hold many offices.
//!
//! A batch is one transaction. It locks the office's row, so batches of an office come one after another, and their
//! events have no gaps. A commit whose answer was lost is looked up by the batch's id.

mod access;
mod answers;
mod append;
mod audit;
mod columns;
mod database;
mod doorbell;
mod events;
mod load;
mod prepared;
mod purge;
mod reader;
mod schema;
mod tickets;
mod webhooks;

use std::error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::{PgConnection, sql_query};

pub use database::{Database, MAIN_OFFICE};

use self::append::{BEGIN_AND_LOCK, Place, append, find_end, lock_row, random_id, settle};
use self::columns::Truth;
use self::database::RECONNECT_INTERVAL;
use self::doorbell::PostgresDoorbell;
use self::load::load;
use super::SteadyFile;
use super::personal::Expired;
use super::{
    AuditRecord, Batch, Doorbell, EventLog, Journal, Loaded, StorageError, StoredAnswer,
    TicketHistory,
};
use crate::access::AccessRecords;
use crate::domain::{Queue, Stamped, TicketId};
use crate::webhook::Webhook;

/// How long a commit whose answer was lost is looked up: longer than a failover that somebody has prepared.
const SETTLE_TIME: Duration = Duration::from_secs(5);

/// An office in a database.
pub struct PostgresJournal {
    database: Database,
    /// `None` after it failed.
    connection: Option<PgConnection>,
    /// Time from which the next attempt to connect is allowed.
    reconnect_at: Instant,
    is_read_only: bool,
    /// Whether a transaction is open that holds the lock of the office.
    is_locked: bool,
    /// Whether this server holds the lease of the leader, which ends with the connection.
    leads: bool,
    /// Tells this server from others in notifications.
    server: i64,
    /// The newest event of this server of which its doorbell has not yet notified the others; 0 without one.
    news: Arc<AtomicU64>,
    notes: purge::NoteEraser,
}

impl PostgresJournal {
    /// Opens the office, and makes its tables if they are missing. `Unusable` says in one line why it cannot be used.
    pub fn open(database: &Database) -> Result<Self, StorageError> {
        let unusable = |error: StorageError| unusable(database, &error);
        let mut connection = database.connect().map_err(unusable)?;
        schema::migrate(&mut connection).map_err(unusable)?;
        let insert = "INSERT INTO offices (office) VALUES ($1) ON CONFLICT DO NOTHING";
        let inserted = sql_query(insert).bind::<Text, _>(&database.office);
        let count = inserted
            .execute(&mut connection)
            .map_err(|error| unusable(error.into()))?;
        if count > 0 {
            log::info!("The database has a new office, «{}»", database.office);
        }
        Self::of(database, connection, false)
    }

    /// Opens the office for reading. Nothing is written.
    pub fn open_read_only(database: &Database) -> Result<Self, StorageError> {
        let unusable = |error: StorageError| unusable(database, &error);
        let mut connection = database.connect().map_err(unusable)?;
        connection
            .batch_execute("SET default_transaction_read_only TO on")
            .map_err(|error| unusable(error.into()))?;
        let found = match schema::read(&mut connection).map_err(unusable)? {
            None => false,
            Some(_) => find_end(&mut connection, &database.office)
                .map_err(unusable)?
                .is_some(),
        };
        if !found {
            let why = "there is no such office".to_owned();
            return Err(unusable(StorageError::Unusable(why)));
        }
        Self::of(database, connection, true)
    }

    fn of(
        database: &Database,
        connection: PgConnection,
        is_read_only: bool,
    ) -> Result<Self, StorageError> {
        Ok(Self {
            database: database.clone(),
            connection: Some(connection),
            reconnect_at: Instant::now(),
            is_read_only,
            is_locked: false,
            leads: false,
            server: random_id()?,
            news: Arc::default(),
            notes: purge::NoteEraser::default(),
        })
    }

    /// Does something with the connection. If that fails, it is done again on a new connection, because the old one
    /// may have ended long ago: so it must not have been done by the first.
    fn on<T>(
        &mut self,
        mut action: impl FnMut(&mut PgConnection, &str) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        if let Some(connection) = &mut self.connection {
            match action(connection, &self.database.office) {
                Err(StorageError::Database(error)) => {
                    log::debug!("The connection to the database is given up: {error}");
                    self.forget_connection();
                }
                done => return done,
            }
        }
        let mut connection = self.reconnect()?;
        let done = action(&mut connection, &self.database.office);
        if !matches!(done, Err(StorageError::Database(_))) {
            self.connection = Some(connection);
        }
        done
    }

    fn reconnect(&mut self) -> Result<PgConnection, StorageError> {
        let now = Instant::now();
        if now < self.reconnect_at {
            let why = "there is no connection; it will be tried again";
            return Err(StorageError::Database(why.into()));
        }
        let connected = self.database.connect().and_then(|mut connection| {
            if self.is_read_only {
                connection.batch_execute("SET default_transaction_read_only TO on")?;
            }
            Ok(connection)
        });
        if connected.is_err() {
            self.reconnect_at = Instant::now() + RECONNECT_INTERVAL;
        }
        connected
    }

    fn forget_connection(&mut self) {
        self.connection = None;
        self.is_locked = false;
        self.leads = false;
    }

    /// Does something in a transaction that holds the lock of the office.
    fn in_transaction<T>(
        &mut self,
        mut action: impl FnMut(&mut PgConnection, &str, u64) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        self.on(|connection, office| {
            connection.transaction(|connection| {
                let end = lock_row(connection, office)?;
                action(connection, office, end)
            })
        })
    }

    /// Remembers that a batch is stored, and lets the doorbell notify the others of its events.
    fn note_stored(&self, batch: &Batch) {
        if let Some(last) = batch.events.last() {
            self.database.remember(Some(last));
            self.news.fetch_max(last.seq, Ordering::Relaxed);
        }
    }

    /// Finds out on a new connection whether the batch `id` is stored, after the one that should store it failed.
    /// If it is not, it never will be.
    fn settle(
        &mut self,
        id: i64,
        failure: &(dyn error::Error + Send + Sync),
    ) -> Result<bool, StorageError> {
        let deadline = Instant::now() + SETTLE_TIME;
        loop {
            let settled = self.reconnect().and_then(|mut connection| {
                let is_stored = settle(&mut connection, &self.database.office, id)?;
                self.connection = Some(connection);
                Ok(is_stored)
            });
            match settled {
                Ok(true) => {
                    log::warn!("The answer of a commit was lost: its batch is stored ({failure})");
                    return Ok(true);
                }
                Ok(false) => return Ok(false),
                Err(_) if Instant::now() < deadline => thread::sleep(RECONNECT_INTERVAL),
                Err(error) => {
                    let why = format!("{failure}; then {error}");
                    return Err(StorageError::InDoubt(why.into()));
                }
            }
        }
    }
}

/// Takes the lease of the office's leader, as long as the connection lasts. Returns whether no other server has it.
fn take_lease(connection: &mut PgConnection, office: &str) -> Result<bool, StorageError> {
    let lease = "SELECT pg_try_advisory_lock(hashtextextended('turnero ' || $1, 0)) AS truth";
    let taken = sql_query(lease)
        .bind::<Text, _>(office)
        .get_result::<Truth>(connection)?;
    Ok(taken.truth)
}

fn unusable(database: &Database, error: &StorageError) -> StorageError {
    let why = match error {
        StorageError::Unusable(why) => why.clone(),
        StorageError::Database(why) => why.to_string(),
        other => other.to_string(),
    };
    // Messages of PostgreSQL end in a full stop, a question mark or nothing.
    let stop = if why.ends_with(['.', '?']) { "" } else { "." };
    StorageError::Unusable(format!(
        "The database {database} cannot be used: {why}{stop}"
    ))
}

impl Journal for PostgresJournal {
    fn load(&mut self, followed_by: u64, until: u64) -> Result<Loaded, StorageError> {
        let loaded = self.on(|connection, office| load(connection, office, followed_by, until))?;
        self.database.remember(loaded.events.last());
        Ok(loaded)
    }

    fn end(&mut self) -> Result<u64, StorageError> {
        let end = self.on(find_end)?;
        Ok(end.unwrap_or(0))
    }

    fn newest_before(&mut self, before: i64) -> Result<Option<i64>, StorageError> {
        self.on(|connection, office| events::newest_before(connection, office, before))
    }

    fn append(&mut self, expected_seq: u64, batch: &Batch) -> Result<(), StorageError> {
        let mut is_locked = std::mem::take(&mut self.is_locked);
        let mut is_repeated = false;
        loop {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => self.reconnect()?,
            };
            let place = Place {
                office: &self.database.office,
                expected: expected_seq,
                id: random_id()?,
                server: self.server,
            };
            let id = place.id;
            let appended = append(&mut connection, &place, batch, is_locked);
            let Err(StorageError::Database(failure)) = appended else {
                self.connection = Some(connection);
                if appended.is_ok() {
                    self.note_stored(batch);
                }
                return appended;
            };
            // If the database still answers, it has refused the batch, such as on a full disk.
            let is_refused = connection.batch_execute("SELECT").is_ok();
            // Its lock would be waited for.
            drop(connection);
            self.forget_connection();
            if !is_refused && self.settle(id, &*failure)? {
                self.note_stored(batch);
                return Ok(());
            }
            // The connection may have ended long ago, so it is tried once more. Nothing is locked any more.
            if std::mem::replace(&mut is_repeated, true) {
                return Err(StorageError::Database(failure));
            }
            is_locked = false;
        }
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn read_after(&mut self, seq: u64, limit: u64) -> Result<Vec<Stamped>, StorageError> {
        let events: Vec<Stamped> = self.on(|connection, office| {
            let mut events = Vec::new();
            let range = (seq, u64::MAX);
            events::read_events(connection, office, range, limit, |one| events.push(one))?;
            Ok(events)
        })?;
        self.database.remember(events.last());
        Ok(events)
    }

    fn lock(&mut self) -> Result<(), StorageError> {
        if self.is_locked {
            return Ok(());
        }
        self.on(|connection, _| Ok(connection.batch_execute(BEGIN_AND_LOCK)?))?;
        self.is_locked = true;
        Ok(())
    }

    fn confirm(&mut self, expected_seq: u64) -> Result<(), StorageError> {
        let end = self.end()?;
        if std::mem::take(&mut self.is_locked) {
            self.on(|connection, _| Ok(connection.batch_execute("ROLLBACK")?))?;
        }
        match end == expected_seq {
            true => Ok(()),
            false => Err(StorageError::MovedOn {
                expected: expected_seq,
            }),
        }
    }

    fn is_leader(&mut self) -> bool {
        if !self.leads && !self.is_read_only {
            self.leads = self.on(take_lease).unwrap_or(false);
        }
        self.leads
    }

    fn doorbell(&self) -> Option<Box<dyn Doorbell>> {
        let doorbell = PostgresDoorbell::new(self.database.clone(), self.server, self.news.clone());
        Some(Box::new(doorbell))
    }

    fn answer(&mut self, key: &str) -> Result<Option<StoredAnswer>, StorageError> {
        self.on(|connection, office| answers::find(connection, office, key))
    }

    fn save_snapshot(&mut self, queue: &Queue) -> Result<(), StorageError> {
        self.in_transaction(|connection, office, _| {
            events::insert_snapshot(connection, office, queue)
        })
    }

    fn access(&mut self) -> Result<AccessRecords, StorageError> {
        self.on(access::load)
    }

    fn webhooks(&mut self) -> Result<Vec<Webhook>, StorageError> {
        self.on(webhooks::load)
    }

    fn audit(&mut self, before: u64, limit: u64) -> Result<Vec<AuditRecord>, StorageError> {
        self.on(|connection, office| audit::read(connection, office, before, limit))
    }

    fn purge(&mut self, before: i64, answers_before: i64, at: i64) -> Result<bool, StorageError> {
        self.in_transaction(|connection, office, _| {
            append::purge_batches(connection, office)?;
            let more_answers = answers::purge(connection, office, answers_before)?;
            let more_entries = audit::purge(connection, office, before, at)?;
            let more_people = tickets::erase_people(connection, office, before)?;
            Ok(more_answers || more_entries || more_people)
        })
    }

    fn erase_notes(
        &mut self,
        before: i64,
        in_queue: &dyn Fn(TicketId) -> bool,
    ) -> Result<bool, StorageError> {
        let expired = Expired { before, in_queue };
        let mut notes = std::mem::take(&mut self.notes);
        let more =
            self.in_transaction(|connection, office, _| notes.step(connection, office, &expired));
        self.notes = notes;
        more
    }

    fn purge_history(&mut self, before: i64) -> Result<bool, StorageError> {
        self.in_transaction(|connection, office, newest| {
            purge::history_step(connection, office, before, newest)
        })
    }

    fn history(&self) -> Box<dyn TicketHistory> {
        Box::new(reader::PostgresReader::new(self.database.clone()))
    }

    fn event_log(&self) -> Box<dyn EventLog> {
        Box::new(reader::PostgresReader::new(self.database.clone()))
    }

    fn check(&mut self) -> Result<(), StorageError> {
        self.end().map(|_| ())
    }

    fn steady_file(&mut self) -> Result<Option<SteadyFile>, StorageError> {
        let why = "PostgreSQL has tools of its own for backups, such as pg_dump";
        Err(StorageError::Unusable(why.to_owned()))
    }

    fn close(self: Box<Self>) -> Option<PathBuf> {
        None
    }

    fn has_room(&self) -> bool {
        // The database's machine knows.
        true
    }

    fn probe(&mut self) -> Result<(), StorageError> {
        self.in_transaction(|connection, office, _| {
            // On a full disk there may be room for something small. It is random, because PostgreSQL compresses. No request
            // has the empty key.
            sql_query(
                "INSERT INTO answers (office, key, request, status, headers, body, at)
                 SELECT $1, '', '', 0, '', decode(string_agg(md5(random()::text), ''), 'hex'), 0
                 FROM generate_series(1, 16384)",
            )
            .bind::<Text, _>(office)
            .execute(connection)?;
            sql_query("DELETE FROM answers WHERE office = $1 AND key = ''")
                .bind::<Text, _>(office)
                .execute(connection)?;
            Ok(())
        })
    }
}
