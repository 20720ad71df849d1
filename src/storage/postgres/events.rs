//! Reads and writes events and snapshots.

use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{PgConnection, sql_query};

use super::columns::{Number, from_sql, json, to_sql};
use super::prepared::Prepared;
use crate::domain::{Event, Queue, QueueParts, Stamped, Timestamp};
use crate::storage::StorageError;

#[derive(QueryableByName)]
struct EventRow {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = BigInt)]
    at: i64,
    #[diesel(sql_type = Text)]
    body: String,
}

#[derive(QueryableByName)]
struct Body {
    #[diesel(sql_type = Text)]
    body: String,
}

/// Calls `each` for the events after `after` up to `until`, oldest first, `limit` at most.
pub(super) fn read_events(
    connection: &mut PgConnection,
    office: &str,
    (after, until): (u64, u64),
    limit: u64,
    mut each: impl FnMut(Stamped),
) -> Result<(), StorageError> {
    let rows = Prepared::new(
        "SELECT seq, at, body FROM events WHERE office = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(to_sql(after))
    .bind::<BigInt, _>(to_sql(until))
    .bind::<BigInt, _>(to_sql(limit))
    .load_iter::<EventRow, PgRowByRowLoadingMode>(connection)?;
    let mut last = after;
    // The rows after a damaged one are read and dropped: the connection must be free again.
    let mut damaged = None;
    for row in rows {
        let row = row?;
        if damaged.is_some() {
            continue;
        }
        match read_event(&row, last) {
            Ok(stamped) => {
                last = stamped.seq;
                each(stamped);
            }
            Err(error) => damaged = Some(error),
        }
    }
    damaged.map_or(Ok(()), Err)
}

/// Reads the event of a row, which follows the event `last`.
fn read_event(row: &EventRow, last: u64) -> Result<Stamped, StorageError> {
    let seq = from_sql(row.seq);
    let damaged = |why: String| StorageError::DamagedEvent {
        seq,
        last_good: last,
        why,
    };
    let event: Event =
        serde_json::from_str(&row.body).map_err(|error| damaged(error.to_string()))?;
    if seq != last + 1 && !matches!(event, Event::OfficeImported { .. }) {
        return Err(damaged(format!(
            "it follows event {last}, and what was between is missing"
        )));
    }
    Ok(Stamped {
        seq,
        at: Timestamp::from_millis(row.at),
        event,
    })
}

/// The first event after `after`, if there is one.
pub(super) fn first_after(
    connection: &mut PgConnection,
    office: &str,
    after: u64,
) -> Result<Option<u64>, StorageError> {
    let first = sql_query("SELECT min(seq) AS number FROM events WHERE office = $1 AND seq > $2")
        .bind::<Text, _>(office)
        .bind::<BigInt, _>(to_sql(after))
        .get_result::<Number>(connection)?;
    Ok(first.number.map(from_sql))
}

/// The time of the newest event from before the time `before`.
pub(super) fn newest_before(
    connection: &mut PgConnection,
    office: &str,
    before: i64,
) -> Result<Option<i64>, StorageError> {
    let newest = sql_query(
        "SELECT at AS number FROM events WHERE office = $1 AND at < $2 ORDER BY seq DESC LIMIT 1",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(before)
    .get_result::<Number>(connection)
    .optional()?;
    Ok(newest.and_then(|newest| newest.number))
}

pub(super) fn insert_snapshot(
    connection: &mut PgConnection,
    office: &str,
    queue: &Queue,
) -> Result<(), StorageError> {
    sql_query(
        "INSERT INTO snapshots (office, seq, body) VALUES ($1, $2, $3)
         ON CONFLICT (office, seq) DO UPDATE SET body = excluded.body",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(to_sql(queue.seq()))
    .bind::<Text, _>(json(&queue.parts()))
    .execute(connection)?;
    // Two stay: the newest may not yet have enough events after it for a start to use it, and the
    // one before it has, since snapshots are thousands of events apart. So does the base.
    sql_query(
        "DELETE FROM snapshots WHERE office = $1
             AND seq >= (SELECT coalesce(min(seq), 0) FROM events WHERE office = $1)
             AND seq NOT IN
                 (SELECT seq FROM snapshots WHERE office = $1 ORDER BY seq DESC LIMIT 2)",
    )
    .bind::<Text, _>(office)
    .execute(connection)?;
    Ok(())
}

/// The numbers of the snapshots, newest first.
pub(super) fn snapshots(
    connection: &mut PgConnection,
    office: &str,
) -> Result<Vec<u64>, StorageError> {
    let rows = sql_query("SELECT seq AS number FROM snapshots WHERE office = $1 ORDER BY seq DESC")
        .bind::<Text, _>(office)
        .load::<Number>(connection)?;
    Ok(rows
        .into_iter()
        .filter_map(|row| row.number.map(from_sql))
        .collect())
}

/// The number of the base: the snapshot to which the first event is applied. `None` if no event was purged.
pub(super) fn base_snapshot(
    connection: &mut PgConnection,
    office: &str,
) -> Result<Option<u64>, StorageError> {
    let base = sql_query(
        "SELECT max(seq) AS number FROM snapshots
         WHERE office = $1 AND seq < (SELECT min(seq) FROM events WHERE office = $1)",
    )
    .bind::<Text, _>(office)
    .get_result::<Number>(connection)?;
    Ok(base.number.map(from_sql))
}

/// The body of a snapshot.
pub(super) fn snapshot_body(
    connection: &mut PgConnection,
    office: &str,
    seq: u64,
) -> Result<String, StorageError> {
    let row = sql_query("SELECT body FROM snapshots WHERE office = $1 AND seq = $2")
        .bind::<Text, _>(office)
        .bind::<BigInt, _>(to_sql(seq))
        .get_result::<Body>(connection)?;
    Ok(row.body)
}

/// Reads the body of a snapshot. `Err` says why it cannot be used.
pub(super) fn parse_snapshot(body: &str, seq: u64) -> Result<Queue, String> {
    let parts: QueueParts = serde_json::from_str(body).map_err(|error| error.to_string())?;
    if parts.seq != seq {
        return Err(format!("it is of event {}", parts.seq));
    }
    parts.check().map_err(|wrong| wrong.to_string())?;
    Ok(Queue::from_parts(parts))
}

/// An event with the text that it is stored as.
#[derive(QueryableByName)]
pub(super) struct StoredEvent {
    #[diesel(sql_type = BigInt)]
    pub(super) seq: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) at: i64,
    /// `None` if it has nothing personal.
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) body: Option<String>,
}
