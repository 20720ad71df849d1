//! Deletes the oldest events, with the history of the tickets that they created.
//!
//! The office as it was after the last deleted event stays as a snapshot, the base: all later events can be
//! applied to it. SQLite overwrites what is deleted (`secure_delete`).

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::columns::{from_sql, one, to_sql};
use super::{events, tickets};
use crate::domain::apply;
use crate::storage::StorageError;

/// Events that one step deletes: commands wait for it.
const STEP_EVENTS: u64 = 2_000;

/// Deletes some events from before the time `before`, in milliseconds since the Unix epoch, but never the newest
/// one; without such events, some history from before that came with another office. Returns how many.
pub(super) fn step(
    connection: &mut Connection,
    version: i32,
    before: i64,
) -> Result<u64, StorageError> {
    let oldest = "SELECT at FROM events ORDER BY seq LIMIT 1";
    let oldest: Option<i64> = connection.query_row(oldest, [], one).optional()?;
    let transaction = connection.transaction()?;
    if oldest.is_none_or(|at| at >= before) {
        return purge_moved(transaction, before);
    }
    let newest = "SELECT max(seq) FROM events";
    let newest = from_sql(transaction.query_row(newest, [], one)?);
    let mut queue = events::base_queue(&transaction, version)?;
    let mut count = 0;
    let from_base = (queue.seq(), newest.saturating_sub(1));
    events::read_events(&transaction, version, from_base, |stamped| {
        let is_expired = count < STEP_EVENTS && stamped.at.as_millis() < before;
        if is_expired {
            apply(&mut queue, &stamped);
            count += 1;
        }
        is_expired
    })?;
    if count == 0 {
        return purge_moved(transaction, before);
    }
    let base = to_sql(queue.seq());
    for delete in [
        "DELETE FROM events WHERE seq <= ?1",
        "DELETE FROM snapshots WHERE seq < ?1",
    ] {
        transaction.execute(delete, [base])?;
    }
    let tickets = "DELETE FROM tickets WHERE seq <= ?1 AND created_at < ?2";
    transaction.execute(tickets, [base, before])?;
    purge_hours(&transaction)?;
    events::insert_snapshot(&transaction, &queue)?;
    transaction.commit()?;
    Ok(count)
}

fn purge_moved(transaction: Transaction<'_>, before: i64) -> Result<u64, StorageError> {
    let count = tickets::purge_moved(&transaction, before, STEP_EVENTS)?;
    if count > 0 {
        purge_hours(&transaction)?;
        transaction.commit()?;
    }
    Ok(count)
}

/// The hour of the first ticket that is left may have begun with a deleted one.
fn purge_hours(transaction: &Transaction<'_>) -> rusqlite::Result<usize> {
    transaction.execute(
        "DELETE FROM ticket_hours WHERE seq <
             (SELECT max(seq) FROM ticket_hours WHERE seq <= (SELECT min(seq) FROM tickets))",
        [],
    )
}

#[cfg(test)]
mod tests;
