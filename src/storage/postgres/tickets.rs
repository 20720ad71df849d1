//! The table of tickets: the history, one row for each ticket.

use std::collections::HashSet;

use diesel::pg::PgRowByRowLoadingMode;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel::{PgConnection, sql_query};

use super::columns::{from_sql, small, to_sql};
use crate::domain::{Arrival, DeskName, PersonId, Prefix, State, TicketRow, Timestamp};
use crate::storage::{HistoryQuery, StorageError};

/// Rows in which one step of a purge erases who served: commands wait for it.
const ERASE_STEP: i64 = 2_000;

/// Rows that one statement stores: the history of an office that moves here may have millions.
pub(super) const MOST_ROWS: usize = 10_000;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Text)]
    service: String,
    #[diesel(sql_type = Text)]
    priority: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    created_at: i64,
    #[diesel(sql_type = BigInt)]
    since: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    first_called_at: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    ended_at: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    waited_ms: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    served_ms: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    desk: Option<String>,
    #[diesel(sql_type = BigInt)]
    calls: i64,
    #[diesel(sql_type = BigInt)]
    transfers: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    person: Option<i64>,
}

/// Inserts rows, or replaces those of the same tickets. Of several rows of a ticket the last one counts.
pub(super) fn upsert(
    connection: &mut PgConnection,
    office: &str,
    rows: &[TicketRow],
) -> Result<(), StorageError> {
    let mut seen = HashSet::new();
    let newest = rows.iter().rev();
    let rows: Vec<&TicketRow> = newest.filter(|row| seen.insert(row.arrival)).collect();
    for rows in rows.chunks(MOST_ROWS) {
        upsert_piece(connection, office, rows)?;
    }
    Ok(())
}

/// Inserts or replaces rows of different tickets with one statement.
fn upsert_piece(
    connection: &mut PgConnection,
    office: &str,
    rows: &[&TicketRow],
) -> Result<(), StorageError> {
    let numbers =
        |of: fn(&TicketRow) -> i64| -> Vec<i64> { rows.iter().map(|row| of(row)).collect() };
    let optional = |of: fn(&TicketRow) -> Option<i64>| -> Vec<Option<i64>> {
        rows.iter().map(|row| of(row)).collect()
    };
    let codes: Vec<&str> = rows.iter().map(|row| row.code.as_str()).collect();
    let services: Vec<&str> = rows.iter().map(|row| row.service.as_str()).collect();
    let priorities: Vec<&str> = rows.iter().map(|row| &*row.priority).collect();
    let states: Vec<&str> = rows.iter().map(|row| row.state.as_str()).collect();
    let desks: Vec<Option<&str>> = rows
        .iter()
        .map(|row| row.desk.as_ref().map(DeskName::as_str))
        .collect();
    sql_query(
        "INSERT INTO tickets (office, seq, code, service, priority, state, created_at, since, first_called_at,
             ended_at, waited_ms, served_ms, desk, calls, transfers, person)
         SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (office, seq) DO UPDATE SET code = excluded.code, service = excluded.service,
             priority = excluded.priority, state = excluded.state, created_at = excluded.created_at,
             since = excluded.since, first_called_at = excluded.first_called_at, ended_at = excluded.ended_at,
             waited_ms = excluded.waited_ms, served_ms = excluded.served_ms, desk = excluded.desk,
             calls = excluded.calls, transfers = excluded.transfers, person = excluded.person",
    )
    .bind::<Text, _>(office)
    .bind::<Array<BigInt>, _>(numbers(|row| to_sql(row.arrival.as_seq())))
    .bind::<Array<Text>, _>(codes)
    .bind::<Array<Text>, _>(services)
    .bind::<Array<Text>, _>(priorities)
    .bind::<Array<Text>, _>(states)
    .bind::<Array<BigInt>, _>(numbers(|row| row.created_at.as_millis()))
    .bind::<Array<BigInt>, _>(numbers(|row| row.since.as_millis()))
    .bind::<Array<Nullable<BigInt>>, _>(optional(|row| row.first_called_at.map(Timestamp::as_millis)))
    .bind::<Array<Nullable<BigInt>>, _>(optional(|row| row.ended_at.map(Timestamp::as_millis)))
    .bind::<Array<Nullable<BigInt>>, _>(optional(|row| row.waited_ms))
    .bind::<Array<Nullable<BigInt>>, _>(optional(|row| row.served_ms))
    .bind::<Array<Nullable<Text>>, _>(desks)
    .bind::<Array<BigInt>, _>(numbers(|row| row.calls.into()))
    .bind::<Array<BigInt>, _>(numbers(|row| row.transfers.into()))
    .bind::<Array<Nullable<BigInt>>, _>(optional(|row| row.person.map(|id| id.0.into())))
    .execute(connection)?;
    Ok(())
}

/// Erases who served, in a bounded number of rows of tickets from before the time `before`, in milliseconds since
/// the Unix epoch. Returns whether there may be more.
pub(super) fn erase_people(
    connection: &mut PgConnection,
    office: &str,
    before: i64,
) -> Result<bool, StorageError> {
    let erased = sql_query(
        "UPDATE tickets SET person = NULL WHERE office = $1 AND seq IN
             (SELECT seq FROM tickets
              WHERE office = $1 AND person IS NOT NULL AND created_at < $2 LIMIT $3)",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(before)
    .bind::<BigInt, _>(ERASE_STEP)
    .execute(connection)?;
    Ok(erased as i64 == ERASE_STEP)
}

/// Deletes rows of tickets from before the time `before`, in milliseconds since the Unix epoch, that came with another
/// office: no event created them here. At most `limit`; returns how many.
pub(super) fn purge_moved(
    connection: &mut PgConnection,
    office: &str,
    before: i64,
    limit: u64,
) -> Result<usize, StorageError> {
    let deleted = sql_query(
        "DELETE FROM tickets WHERE office = $1 AND seq IN
             (SELECT seq FROM tickets AS old
              WHERE office = $1 AND created_at < $2
                  AND NOT EXISTS (SELECT FROM events WHERE events.office = $1 AND events.seq = old.seq)
              LIMIT $3)",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(before)
    .bind::<BigInt, _>(to_sql(limit))
    .execute(connection)?;
    Ok(deleted)
}

/// Reads the rows that `query` asks for, in the order of arrival, and calls `each` for them.
pub(super) fn read(
    connection: &mut PgConnection,
    office: &str,
    query: &HistoryQuery,
    each: &mut dyn FnMut(TicketRow),
) -> Result<(), StorageError> {
    let rows = sql_query(
        "SELECT seq, code, service, priority, state, created_at, since, first_called_at, ended_at, waited_ms,
             served_ms, desk, calls, transfers, person
         FROM tickets
         WHERE office = $1 AND seq > $2 AND created_at >= $3 AND created_at < $4
         ORDER BY seq LIMIT $5",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(to_sql(query.after))
    .bind::<BigInt, _>(query.from)
    .bind::<BigInt, _>(query.to)
    .bind::<BigInt, _>(to_sql(query.limit))
    .load_iter::<Row, PgRowByRowLoadingMode>(connection)?;
    let mut damaged = None;
    for row in rows {
        match read_row(row?) {
            Ok(row) if damaged.is_none() => each(row),
            Ok(_) => {}
            Err(error) => damaged = damaged.or(Some(error)),
        }
    }
    damaged.map_or(Ok(()), Err)
}

fn read_row(row: Row) -> Result<TicketRow, StorageError> {
    let seq = from_sql(row.seq);
    let damaged = |why: String| StorageError::Damaged {
        what: format!("the history of ticket {seq}"),
        why,
    };
    let state = State::parse(&row.state);
    Ok(TicketRow {
        arrival: Arrival::from_seq(seq),
        code: row.code,
        service: Prefix::new(&row.service),
        priority: row.priority.into(),
        state: state.ok_or_else(|| damaged(format!("unknown state «{}»", row.state)))?,
        created_at: Timestamp::from_millis(row.created_at),
        since: Timestamp::from_millis(row.since),
        first_called_at: row.first_called_at.map(Timestamp::from_millis),
        ended_at: row.ended_at.map(Timestamp::from_millis),
        waited_ms: row.waited_ms,
        served_ms: row.served_ms,
        desk: row
            .desk
            .as_deref()
            .map(DeskName::stored)
            .transpose()
            .map_err(damaged)?,
        calls: small(row.calls),
        transfers: small(row.transfers),
        person: row.person.map(|id| PersonId(small(id))),
    })
}
