//! Reads the history and the events on connections of its own, beside the one that writes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use diesel::PgConnection;

use super::{database::Database, events, tickets};
use crate::domain::{Stamped, TicketRow};
use crate::storage::{EventLog, HistoryQuery, StorageError, TicketHistory};

/// Connections that are kept: most of the time, one thread reads.
const KEPT: usize = 2;

/// The history and the events in the database.
pub(super) struct PostgresReader {
    database: Database,
    idle: Mutex<Vec<PgConnection>>,
}

impl PostgresReader {
    pub(super) fn new(database: Database) -> Self {
        Self {
            database,
            idle: Mutex::default(),
        }
    }

    /// Reads on a connection that is kept, or, if that one fails, on a new one.
    fn read<T>(
        &self,
        mut read: impl FnMut(&mut PgConnection, &str) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let office = &self.database.office;
        let kept = self.idle().pop();
        if let Some(mut connection) = kept
            && let Ok(found) = read(&mut connection, office)
        {
            self.keep(connection);
            return Ok(found);
        }
        let mut connection = self.database.connect()?;
        let found = read(&mut connection, office)?;
        self.keep(connection);
        Ok(found)
    }

    fn keep(&self, connection: PgConnection) {
        let mut idle = self.idle();
        if idle.len() < KEPT {
            idle.push(connection);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<PgConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventLog for PostgresReader {
    fn read(&self, after: u64, limit: u64) -> Result<Vec<Stamped>, StorageError> {
        self.read(|connection, office| {
            let mut events = Vec::new();
            let Some(first) = events::first_after(connection, office, after)? else {
                return Ok(events);
            };
            let range = (first.saturating_sub(1), u64::MAX);
            let each = |stamped| events.push(stamped);
            events::read_events(connection, office, range, limit, each)?;
            Ok(events)
        })
    }
}

impl TicketHistory for PostgresReader {
    fn read(
        &self,
        query: &HistoryQuery,
        each: &mut dyn FnMut(TicketRow),
    ) -> Result<(), StorageError> {
        // After a failure halfway, only the rows after the last one are read again.
        let mut query = *query;
        self.read(|connection, office| {
            let mut last = query.after;
            let mut count = 0;
            let read = tickets::read(connection, office, &query, &mut |row| {
                last = row.arrival.as_seq();
                count += 1;
                each(row);
            });
            query.after = last;
            query.limit = query.limit.saturating_sub(count);
            read
        })
    }
}
