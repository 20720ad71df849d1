//! The tables of events and snapshots. Each row has a checksum, so that damage is noticed.

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, Transaction, params};

use super::columns::{from_sql, json, one, to_sql};
use crate::domain::{Event, Queue, QueueParts, Stamped, Timestamp};
use crate::storage::StorageError;

pub(super) const SCHEMA: &str = "
    CREATE TABLE events (
        seq      INTEGER PRIMARY KEY,
        at       INTEGER NOT NULL,      -- milliseconds since 1970-01-01T00:00:00Z
        body     TEXT NOT NULL,         -- JSON
        checksum INTEGER                -- CRC-32 of seq, at and body; NULL in rows of version 1
    ) STRICT;
    CREATE TABLE snapshots (
        seq      INTEGER PRIMARY KEY,   -- the last event in it
        body     BLOB NOT NULL,         -- JSON
        checksum INTEGER                -- CRC-32 of seq and body; NULL in rows of version 1
    ) STRICT;
";

/// The changes of schema version 2.
pub(super) const VERSION_2: &str = "
    ALTER TABLE events ADD COLUMN checksum INTEGER;
    ALTER TABLE snapshots ADD COLUMN checksum INTEGER;
";

const WRONG_CHECKSUM: &str = "it is damaged: its checksum is another";

/// The column of the checksum in tables of that version.
fn checksum_column(version: i32) -> &'static str {
    if version < 2 { "NULL" } else { "checksum" }
}

pub(super) fn checksum(numbers: &[i64], body: &[u8]) -> i64 {
    let mut hasher = crc32fast::Hasher::new();
    for number in numbers {
        hasher.update(&number.to_le_bytes());
    }
    hasher.update(body);
    i64::from(hasher.finalize())
}

pub(super) fn insert_events(
    transaction: &Transaction<'_>,
    events: &[Stamped],
) -> rusqlite::Result<()> {
    let mut insert = transaction
        .prepare_cached("INSERT INTO events (seq, at, body, checksum) VALUES (?1, ?2, ?3, ?4)")?;
    for stamped in events {
        let (seq, at) = (to_sql(stamped.seq), stamped.at.as_millis());
        let body = json(&stamped.event);
        let checksum = checksum(&[seq, at], body.as_bytes());
        insert.execute(params![seq, at, body, checksum])?;
    }
    Ok(())
}

/// The number of the last event, 0 if there is none.
pub(super) fn end(connection: &Connection) -> rusqlite::Result<u64> {
    let mut end = connection.prepare_cached("SELECT coalesce(max(seq), 0) FROM events")?;
    Ok(from_sql(end.query_row([], one)?))
}

/// The events after `after` up to `until`, oldest first.
pub(super) fn load(
    connection: &Connection,
    version: i32,
    (after, until): (u64, u64),
) -> Result<Vec<Stamped>, StorageError> {
    let mut events = Vec::new();
    read_events(connection, version, (after, until), |stamped| {
        events.push(stamped);
        true
    })?;
    Ok(events)
}

/// Calls `each` for the events after `after` up to `until`, oldest first, until it returns `false`.
pub(super) fn read_events(
    connection: &Connection,
    version: i32,
    (after, until): (u64, u64),
    mut each: impl FnMut(Stamped) -> bool,
) -> Result<(), StorageError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT seq, at, body, {} FROM events WHERE seq > ?1 AND seq <= ?2 ORDER BY seq",
        checksum_column(version)
    ))?;
    let mut rows = statement.query([to_sql(after), to_sql(until)])?;
    let mut last = after;
    loop {
        let row = rows.next().map_err(|error| unreadable(last + 1, error))?;
        let Some(row) = row else {
            return Ok(());
        };
        let stamped = read_event(row, last)?;
        let is_import = matches!(stamped.event, Event::OfficeImported { .. });
        if stamped.seq != last + 1 && !is_import {
            let why = format!("it follows event {last}, and what was between is missing");
            return Err(StorageError::DamagedEvent {
                seq: stamped.seq,
                last_good: last,
                why,
            });
        }
        last = stamped.seq;
        if !each(stamped) {
            return Ok(());
        }
    }
}

/// Reads the event of a row, which follows the event `last`.
fn read_event(row: &Row<'_>, last: u64) -> Result<Stamped, StorageError> {
    let damaged = |seq: u64, why: String| StorageError::DamagedEvent {
        seq,
        last_good: last,
        why,
    };
    let number = |column| row.get(column).map_err(|error| unreadable(last + 1, error));
    let (seq, at): (i64, i64) = (number(0)?, number(1)?);
    let event = from_sql(seq);
    let body = row.get_ref(2).map_err(|error| unreadable(event, error))?;
    let body = body
        .as_str()
        .map_err(|error| damaged(event, error.to_string()))?;
    let stored: Option<i64> = row.get(3).map_err(|error| unreadable(event, error))?;
    if stored.is_some_and(|stored| stored != checksum(&[seq, at], body.as_bytes())) {
        return Err(damaged(event, WRONG_CHECKSUM.to_owned()));
    }
    Ok(Stamped {
        seq: event,
        at: Timestamp::from_millis(at),
        event: serde_json::from_str(body).map_err(|error| damaged(event, error.to_string()))?,
    })
}

/// The error of a row that cannot be read; one of the database as a whole stays what it is.
fn unreadable(seq: u64, error: rusqlite::Error) -> StorageError {
    match error.sqlite_error_code() {
        None | Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StorageError::DamagedEvent {
                seq,
                last_good: seq - 1,
                why: error.to_string(),
            }
        }
        _ => error.into(),
    }
}

pub(super) fn insert_snapshot(
    transaction: &Transaction<'_>,
    queue: &Queue,
) -> rusqlite::Result<()> {
    let (seq, body) = (to_sql(queue.seq()), json(&queue.parts()).into_bytes());
    let checksum = checksum(&[seq], &body);
    transaction.execute(
        "INSERT OR REPLACE INTO snapshots (seq, body, checksum) VALUES (?1, ?2, ?3)",
        params![seq, body, checksum],
    )?;
    // Two stay: the newest may not yet have enough events after it for a start to use it, and the
    // one before it has, since snapshots are thousands of events apart. So does the base.
    transaction.execute(
        "DELETE FROM snapshots WHERE seq >= (SELECT coalesce(min(seq), 0) FROM events) AND seq NOT IN
             (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT 2)",
        [],
    )?;
    Ok(())
}

/// The numbers of the snapshots up to `last`, newest first.
pub(super) fn snapshots(connection: &Connection, last: u64) -> rusqlite::Result<Vec<u64>> {
    let mut statement =
        connection.prepare_cached("SELECT seq FROM snapshots WHERE seq <= ?1 ORDER BY seq DESC")?;
    let rows = statement.query_map([to_sql(last)], |row| Ok(from_sql(row.get(0)?)))?;
    rows.collect()
}

/// The number of the base: the snapshot to which the first event is applied. `None` if no event was purged.
pub(super) fn base_snapshot(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    let base = "SELECT max(seq) FROM snapshots WHERE seq < (SELECT min(seq) FROM events)";
    let base: Option<i64> = connection.query_row(base, [], one)?;
    Ok(base.map(from_sql))
}

/// The office before the first event: the base, or a new one.
pub(super) fn base_queue(connection: &Connection, version: i32) -> Result<Queue, StorageError> {
    let Some(seq) = base_snapshot(connection)? else {
        return Ok(Queue::new());
    };
    read_snapshot(connection, version, seq).map_err(|why| StorageError::Damaged {
        what: format!("the snapshot after event {seq}, before which events were purged,"),
        why,
    })
}

/// Reads a snapshot. `Err` says why it cannot be used.
pub(super) fn read_snapshot(
    connection: &Connection,
    version: i32,
    seq: u64,
) -> Result<Queue, String> {
    let query = format!(
        "SELECT body, {} FROM snapshots WHERE seq = ?1",
        checksum_column(version)
    );
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let row = connection.query_row(&query, [to_sql(seq)], row);
    let (body, stored): (Vec<u8>, Option<i64>) = row.map_err(|error| error.to_string())?;
    if stored.is_some_and(|stored| stored != checksum(&[to_sql(seq)], &body)) {
        return Err(WRONG_CHECKSUM.to_owned());
    }
    let parts: QueueParts = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    if parts.seq != seq {
        return Err(format!("it is of event {}", parts.seq));
    }
    parts.check().map_err(|wrong| wrong.to_string())?;
    Ok(Queue::from_parts(parts))
}

/// The last event that other tables know of: more than those of events have, if some of these are lost.
pub(super) fn last_known(connection: &Connection) -> rusqlite::Result<u64> {
    let audited = "SELECT seq FROM audit WHERE seq IS NOT NULL ORDER BY id DESC LIMIT 1";
    let audited: Option<i64> = connection.query_row(audited, [], one).optional()?;
    let snapshot: Option<i64> = connection.query_row("SELECT max(seq) FROM snapshots", [], one)?;
    Ok(from_sql(audited.max(snapshot).unwrap_or(0)))
}

#[cfg(test)]
mod tests;
