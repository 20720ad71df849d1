//! The table of tickets: the history, one row for each ticket.

use std::time::{Duration, Instant};

use rusqlite::{Connection, Row, Transaction, params};

use super::columns::{from_sql, one, to_sql};
use super::events;
use crate::domain::{
    Arrival, DeskName, Event, PersonId, Prefix, Queue, State, TicketRow, Timestamp, apply,
    changed_rows,
};
use crate::storage::{HistoryQuery, StorageError};

/// The table of tickets. Times are milliseconds since 1970-01-01T00:00:00Z.
///
/// An index on the time of creation would make each new ticket a tenth slower. In its place the table of hours
/// has a row whenever a new ticket belongs to another hour than the one before, and so says between which
/// tickets those of an hour are. If the clock went back, these are more than needed.
pub(super) const SCHEMA: &str = "
    CREATE TABLE tickets (
        seq             INTEGER PRIMARY KEY,  -- the event that created it
        code            TEXT NOT NULL,
        service         TEXT NOT NULL,        -- the prefix of the service that it waits for, or waited for last
        priority        TEXT NOT NULL,
        state           TEXT NOT NULL,
        created_at      INTEGER NOT NULL,
        since           INTEGER NOT NULL,     -- when its state began
        first_called_at INTEGER,
        ended_at        INTEGER,
        waited_ms       INTEGER,              -- NULL before its first call, and if it is unknown
        served_ms       INTEGER,
        desk            TEXT,                 -- the one that called it last
        calls           INTEGER NOT NULL DEFAULT 0,
        transfers       INTEGER NOT NULL DEFAULT 0,
        person          INTEGER               -- the id of who called it last, if people sign in by name
    ) STRICT;
    CREATE INDEX tickets_by_person ON tickets (created_at) WHERE person IS NOT NULL;
    CREATE TABLE ticket_hours (
        seq  INTEGER PRIMARY KEY,  -- the first ticket of an hour
        hour INTEGER NOT NULL      -- hours since 1970-01-01T00:00:00Z
    ) STRICT;
    CREATE INDEX ticket_hours_by_hour ON ticket_hours (hour);
";

/// The changes of schema version 5: the column was there, and always empty. Few rows have a person at a time, so
/// the index costs a new ticket nothing.
pub(super) const VERSION_5: &str = "
    DROP INDEX IF EXISTS tickets_by_person;
    ALTER TABLE tickets DROP COLUMN person;
    ALTER TABLE tickets ADD COLUMN person INTEGER;
    CREATE INDEX tickets_by_person ON tickets (created_at) WHERE person IS NOT NULL;
";

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// Interval between two log lines while the table is filled.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);

/// The snapshot that is saved while the table is filled has so many events after it: enough for the
/// screens that were away, so that a start can use it.
const EVENTS_AFTER_SNAPSHOT: u64 = 4_096;

/// Rows in which one step of a purge erases who served: commands wait for it.
const ERASE_STEP: i64 = 2_000;

/// Rows that are collected before they are stored.
const ROWS_AT_ONCE: usize = 1_000;

/// The newest ticket's place in the table of hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewestHour {
    seq: u64,
    hour: i64,
}

impl NewestHour {
    /// As the tables say; before the first ticket if they are empty, or of an older version.
    pub(super) fn read(connection: &Connection) -> Self {
        let hour = "SELECT hour FROM ticket_hours ORDER BY seq DESC LIMIT 1";
        let seq = "SELECT coalesce(max(seq), 0) FROM tickets";
        Self {
            seq: from_sql(connection.query_row(seq, [], one).unwrap_or(0)),
            hour: connection.query_row(hour, [], one).unwrap_or(i64::MIN),
        }
    }
}

/// Inserts rows, or replaces those of the same tickets. Returns the newest ticket and
/// its hour. `may_move`: a step of the clock may have changed the creation times of existing rows.
pub(super) fn upsert(
    transaction: &Transaction<'_>,
    mut newest: NewestHour,
    rows: &[TicketRow],
    may_move: bool,
) -> rusqlite::Result<NewestHour> {
    if rows.is_empty() {
        return Ok(newest);
    }
    let mut insert = transaction.prepare_cached(INSERT_NEW)?;
    for row in rows {
        let seq = row.arrival.as_seq();
        let created_at = row.created_at.as_millis();
        if seq > newest.seq {
            let hour = created_at.div_euclid(HOUR_MS);
            if hour != newest.hour {
                transaction
                    .prepare_cached("INSERT INTO ticket_hours (seq, hour) VALUES (?1, ?2)")?
                    .execute([to_sql(seq), hour])?;
            }
            newest = NewestHour { seq, hour };
            if is_new(row) {
                insert.execute(params![
                    to_sql(seq),
                    row.code,
                    row.service.as_str(),
                    row.priority,
                    created_at
                ])?;
                continue;
            }
        } else if may_move {
            let hour = created_at.div_euclid(HOUR_MS);
            move_to_hour(transaction, to_sql(seq), hour)?;
            if seq == newest.seq {
                newest.hour = hour;
            }
        }
        transaction.prepare_cached(UPSERT)?.execute(params![
            to_sql(seq),
            row.code,
            row.service.as_str(),
            row.priority,
            row.state.as_str(),
            created_at,
            row.since.as_millis(),
            row.first_called_at.map(Timestamp::as_millis),
            row.ended_at.map(Timestamp::as_millis),
            row.waited_ms,
            row.served_ms,
            row.desk.as_ref().map(DeskName::as_str),
            row.calls,
            row.transfers,
            row.person.map(|id| id.0),
        ])?;
    }
    Ok(newest)
}

/// Stores that the ticket `seq` belongs to that hour, if it does not yet, and that the next ticket belongs to its own.
fn move_to_hour(transaction: &Transaction<'_>, seq: i64, hour: i64) -> rusqlite::Result<()> {
    let created = "SELECT seq, created_at FROM tickets WHERE seq >= ?1 ORDER BY seq LIMIT 2";
    let mut created = transaction.prepare_cached(created)?;
    let created = created.query_map([seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let created: Vec<(i64, i64)> = created.collect::<Result<_, _>>()?;
    let is_same = |(other, at): &(i64, i64)| *other == seq && at.div_euclid(HOUR_MS) == hour;
    if created.iter().any(is_same) {
        return Ok(());
    }
    if let Some((next, at)) = created.iter().find(|(other, _)| *other > seq) {
        let insert = "INSERT OR IGNORE INTO ticket_hours (seq, hour) VALUES (?1, ?2)";
        let mut insert = transaction.prepare_cached(insert)?;
        insert.execute([*next, at.div_euclid(HOUR_MS)])?;
    }
    let replace = "INSERT OR REPLACE INTO ticket_hours (seq, hour) VALUES (?1, ?2)";
    transaction.prepare_cached(replace)?.execute([seq, hour])?;
    Ok(())
}

/// Erases who served, in a bounded number of rows of tickets from before the time `before`, in milliseconds since
/// the Unix epoch. Returns whether there may be more.
pub(super) fn erase_people(transaction: &Transaction<'_>, before: i64) -> rusqlite::Result<bool> {
    let erased = transaction
        .prepare_cached(
            "UPDATE tickets SET person = NULL WHERE seq IN
                 (SELECT seq FROM tickets WHERE person IS NOT NULL AND created_at < ?1 LIMIT ?2)",
        )?
        .execute(params![before, ERASE_STEP])?;
    Ok(erased as i64 == ERASE_STEP)
}

/// Whether an event moves times of tickets that are stored already, or brings tickets from another office,
/// whose numbers may be among those of stored ones.
pub(super) fn may_move(event: &Event) -> bool {
    matches!(
        event,
        Event::ClockStepped { .. } | Event::OfficeImported { .. }
    )
}

/// A ticket to which nothing has happened yet. Most rows are such, and visitors wait for them, so they have a
/// statement with few values.
const INSERT_NEW: &str = "
    INSERT INTO tickets (seq, code, service, priority, state, created_at, since)
    VALUES (?1, ?2, ?3, ?4, 'waiting', ?5, ?5)";

const UPSERT: &str = "
    INSERT INTO tickets (seq, code, service, priority, state, created_at, since, first_called_at, ended_at,
        waited_ms, served_ms, desk, calls, transfers, person)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
    ON CONFLICT (seq) DO UPDATE SET code = ?2, service = ?3, priority = ?4, state = ?5, created_at = ?6, since = ?7, first_called_at = ?8,
        ended_at = ?9, waited_ms = ?10, served_ms = ?11, desk = ?12, calls = ?13, transfers = ?14,
        person = ?15";

/// The columns that [`read_row`] reads.
const COLUMNS: &str = "seq, code, service, priority, state, created_at, since, first_called_at, ended_at, waited_ms, \
     served_ms, desk, calls, transfers, person";

/// Whether [`INSERT_NEW`] says all of a ticket.
fn is_new(row: &TicketRow) -> bool {
    let is_untouched = row.first_called_at.is_none() && row.since == row.created_at;
    row.state == State::Waiting && is_untouched && row.transfers == 0
}

/// Reads the rows that `query` asks for, in the order of arrival, and calls `each` for them.
pub(super) fn read(
    connection: &Connection,
    query: &HistoryQuery,
    each: &mut dyn FnMut(TicketRow),
) -> Result<(), StorageError> {
    let Some((first, end)) = of_hours(connection, query.from, query.to)? else {
        return Ok(());
    };
    let mut statement = connection.prepare(&format!(
        "SELECT {COLUMNS} FROM tickets
         WHERE seq > ?1 AND seq < ?2 AND created_at >= ?3 AND created_at < ?4
         ORDER BY seq LIMIT ?5"
    ))?;
    let after = to_sql(query.after).max(first - 1);
    let mut rows = statement.query([after, end, query.from, query.to, to_sql(query.limit)])?;
    while let Some(row) = rows.next()? {
        each(read_row(row)?);
    }
    Ok(())
}

/// Between which tickets those of the hours from `from` to `to` are, in milliseconds since the Unix epoch: the first, and
/// the first of the hour after the last. `None` if there are no such hours.
fn of_hours(connection: &Connection, from: i64, to: i64) -> rusqlite::Result<Option<(i64, i64)>> {
    let hours = [from.div_euclid(HOUR_MS), to.div_euclid(HOUR_MS)];
    let within = "SELECT min(seq), max(seq) FROM ticket_hours WHERE hour BETWEEN ?1 AND ?2";
    let (first, last): (Option<i64>, Option<i64>) =
        connection.query_row(within, hours, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(None);
    };
    let end = "SELECT min(seq) FROM ticket_hours WHERE seq > ?1";
    let end: Option<i64> = connection.query_row(end, [last], one)?;
    Ok(Some((first, end.unwrap_or(i64::MAX))))
}

/// Deletes rows of tickets from before the time `before`, in milliseconds since the Unix epoch, that came with another
/// office: no event created them here. At most `limit`; returns how many.
pub(super) fn purge_moved(
    transaction: &Transaction<'_>,
    before: i64,
    limit: u64,
) -> rusqlite::Result<u64> {
    let Some((first, end)) = of_hours(transaction, i64::MIN, before)? else {
        return Ok(0);
    };
    let deleted = transaction.execute(
        "DELETE FROM tickets WHERE seq IN
             (SELECT seq FROM tickets AS old
              WHERE seq >= ?1 AND seq < ?2 AND created_at < ?3
                  AND NOT EXISTS (SELECT 1 FROM events WHERE events.seq = old.seq)
              LIMIT ?4)",
        [first, end, before, to_sql(limit)],
    )?;
    Ok(deleted as u64)
}

/// The row of the ticket that event `seq` created, if there is one.
pub(super) fn find(connection: &Connection, seq: u64) -> Result<Option<TicketRow>, StorageError> {
    let select = format!("SELECT {COLUMNS} FROM tickets WHERE seq = ?1");
    let mut statement = connection.prepare_cached(&select)?;
    let mut rows = statement.query([to_sql(seq)])?;
    rows.next()?.map(read_row).transpose()
}

/// Calls `each` with the key, the code and the hour of each row, in the order of arrival.
pub(super) fn scan(
    connection: &Connection,
    mut each: impl FnMut(u64, &str, i64),
) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare("SELECT seq, code, created_at FROM tickets ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let created_at: i64 = row.get(2)?;
        let code = row.get_ref(1)?.as_str()?;
        each(from_sql(row.get(0)?), code, created_at.div_euclid(HOUR_MS));
    }
    Ok(())
}

/// The table of hours: the first tickets, and their hours.
pub(super) fn hours(connection: &Connection) -> rusqlite::Result<Vec<(u64, i64)>> {
    let mut statement = connection.prepare("SELECT seq, hour FROM ticket_hours ORDER BY seq")?;
    let rows = statement.query_map([], |row| Ok((from_sql(row.get(0)?), row.get(1)?)))?;
    rows.collect()
}

fn read_row(row: &Row<'_>) -> Result<TicketRow, StorageError> {
    let seq = from_sql(row.get(0)?);
    let damaged = |why: String| StorageError::Damaged {
        what: format!("the history of ticket {seq}"),
        why,
    };
    let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    let time = |column| row.get(column).map(Timestamp::from_millis);
    let optional_time = |column| -> rusqlite::Result<Option<Timestamp>> {
        let millis: Option<i64> = row.get(column)?;
        Ok(millis.map(Timestamp::from_millis))
    };
    let state = text(4)?;
    let desk: Option<String> = row.get(11)?;
    Ok(TicketRow {
        arrival: Arrival::from_seq(seq),
        code: text(1)?.to_owned(),
        service: Prefix::new(text(2)?),
        priority: text(3)?.into(),
        state: State::parse(state).ok_or_else(|| damaged(format!("unknown state «{state}»")))?,
        created_at: time(5)?,
        since: time(6)?,
        first_called_at: optional_time(7)?,
        ended_at: optional_time(8)?,
        waited_ms: row.get(9)?,
        served_ms: row.get(10)?,
        desk: desk
            .as_deref()
            .map(DeskName::stored)
            .transpose()
            .map_err(damaged)?,
        calls: row.get(12)?,
        transfers: row.get(13)?,
        person: row.get::<_, Option<u32>>(14)?.map(PersonId),
    })
}

/// Fills the table of a file that has events already. The snapshots are made anew, because in those
/// of before the times of tickets are not counted. If an event is damaged, the history begins with
/// the newest snapshot, as a start does.
pub(super) fn fill(transaction: &Transaction<'_>, version: i32) -> rusqlite::Result<()> {
    let end = events::end(transaction)?;
    if end == 0 {
        return Ok(());
    }
    log::info!("Building the history of tickets from the events, up to event {end}");
    match replay(transaction, version, Queue::new(), end)? {
        Ok(snapshots) => {
            transaction.execute("DELETE FROM snapshots", [])?;
            for queue in &snapshots {
                events::insert_snapshot(transaction, queue)?;
            }
        }
        Err(damage) => {
            log::warn!("The history of tickets is incomplete: {damage}");
            let newest = events::snapshots(transaction, u64::MAX)?;
            let mut readable = newest
                .into_iter()
                .filter_map(|seq| events::read_snapshot(transaction, version, seq).ok());
            if let Some(queue) = readable.next() {
                let rows: Vec<_> = queue.tickets_after(None).map(TicketRow::from).collect();
                upsert(transaction, NewestHour::read(transaction), &rows, false)?;
                // A start says what is damaged after it.
                let _ = replay(transaction, version, queue, end)?;
            }
        }
    }
    log::info!("The history of tickets is built");
    Ok(())
}

/// Stores the rows of all events after those of `queue`. Returns the queues for new snapshots, or the event
/// that cannot be read.
fn replay(
    transaction: &Transaction<'_>,
    version: i32,
    mut queue: Queue,
    end: u64,
) -> rusqlite::Result<Result<Vec<Queue>, StorageError>> {
    let mut snapshots = Vec::new();
    let mut rows = Vec::new();
    let mut newest = NewestHour::read(transaction);
    let mut stored = Ok(());
    let mut moves = false;
    let mut said = Instant::now();
    let read = events::read_events(transaction, version, (queue.seq(), end), |stamped| {
        apply(&mut queue, &stamped);
        changed_rows(&queue, &stamped.event, &mut rows);
        moves |= may_move(&stamped.event);
        if snapshots.is_empty() && queue.seq() + EVENTS_AFTER_SNAPSHOT >= end {
            snapshots.push(queue.clone());
        }
        if said.elapsed() >= PROGRESS_INTERVAL {
            said = Instant::now();
            log::info!(
                "The history of tickets is at event {} of {end}",
                queue.seq()
            );
        }
        if rows.len() >= ROWS_AT_ONCE {
            stored = upsert(transaction, newest, &rows, moves).map(|after| newest = after);
            moves = false;
            rows.clear();
        }
        stored.is_ok()
    });
    stored?;
    upsert(transaction, newest, &rows, moves)?;
    snapshots.push(queue);
    Ok(read.map(|()| snapshots))
}
