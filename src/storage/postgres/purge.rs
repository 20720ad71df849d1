//! Deletes the oldest events, with the history of the tickets that they created, and erases notes in those that stay.
//!
//! The office as it was after the last deleted event stays as a snapshot, the base: all later events can be
//! applied to it.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use diesel::{PgConnection, sql_query};

use super::columns::{from_sql, json, to_sql};
use super::events::{self, StoredEvent};
use super::tickets;
use crate::domain::{Event, Queue, QueueParts, apply};
use crate::storage::StorageError;
use crate::storage::personal::{Expired, PERSONAL};

/// Events that one step deletes or reads: commands wait for it.
const STEP_EVENTS: u64 = 2_000;

/// Deletes some events from before the time `before`, in milliseconds since the Unix epoch, but never the newest
/// one; if there are none, some history older than `before` that an import brought. Returns whether it did.
pub(super) fn history_step(
    connection: &mut PgConnection,
    office: &str,
    before: i64,
    newest: u64,
) -> Result<bool, StorageError> {
    if events::first_after(connection, office, 0)?.is_none() {
        return Ok(false);
    }
    let base = events::base_snapshot(connection, office)?;
    let mut queue = match base {
        None => Queue::new(),
        Some(seq) => {
            let body = events::snapshot_body(connection, office, seq)?;
            let damaged = |why| StorageError::Damaged {
                what: format!("the snapshot after event {seq}, before which events were purged,"),
                why,
            };
            events::parse_snapshot(&body, seq).map_err(damaged)?
        }
    };
    let mut count = 0;
    let mut all_expired = true;
    // The newest event stays.
    let range = (queue.seq(), newest.saturating_sub(1));
    events::read_events(connection, office, range, STEP_EVENTS, |stamped| {
        all_expired &= stamped.at.as_millis() < before;
        if all_expired {
            apply(&mut queue, &stamped);
            count += 1;
        }
    })?;
    if count == 0 {
        return Ok(tickets::purge_moved(connection, office, before, STEP_EVENTS)? > 0);
    }
    let new_base = to_sql(queue.seq());
    for delete in [
        "DELETE FROM events WHERE office = $1 AND seq <= $2",
        "DELETE FROM snapshots WHERE office = $1 AND seq < $2",
    ] {
        sql_query(delete)
            .bind::<Text, _>(office)
            .bind::<BigInt, _>(new_base)
            .execute(connection)?;
    }
    sql_query("DELETE FROM tickets WHERE office = $1 AND seq <= $2 AND created_at < $3")
        .bind::<Text, _>(office)
        .bind::<BigInt, _>(new_base)
        .bind::<BigInt, _>(before)
        .execute(connection)?;
    events::insert_snapshot(connection, office, &queue)?;
    Ok(true)
}

/// How far the notes have been erased.
#[derive(Default)]
pub(super) struct NoteEraser {
    /// The events up to it have none that must go.
    erased_until: u64,
    /// The first event whose note must stay, because its ticket is not over.
    kept: Option<u64>,
}

impl NoteEraser {
    /// Erases notes in some events, or in the snapshots once all events are done. Returns whether there may be more
    /// to erase.
    pub(super) fn step(
        &mut self,
        connection: &mut PgConnection,
        office: &str,
        expired: &Expired<'_>,
    ) -> Result<bool, StorageError> {
        let events = sql_query(
            "SELECT seq, at, CASE WHEN EXISTS (SELECT FROM unnest($4) AS text WHERE strpos(body, text) > 0) THEN body END AS body
             FROM events WHERE office = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        )
        .bind::<Text, _>(office)
        .bind::<BigInt, _>(to_sql(self.erased_until))
        .bind::<BigInt, _>(to_sql(STEP_EVENTS))
        .bind::<Array<Text>, _>(PERSONAL.as_slice())
        .load::<StoredEvent>(connection)?;
        let all_expired = |event: &&StoredEvent| event.at < expired.before;
        let events: Vec<&StoredEvent> = events.iter().take_while(all_expired).collect();
        let mut kept = self.kept;
        let (mut seqs, mut bodies) = (Vec::new(), Vec::new());
        for stored in &events {
            let Some(body) = &stored.body else {
                continue;
            };
            // A damaged event stays as it is: the next start names it.
            let Ok(mut event) = serde_json::from_str::<Event>(body) else {
                continue;
            };
            if expired.erase_in_event(&mut event) {
                seqs.push(stored.seq);
                bodies.push(json(&event));
            } else {
                kept = kept.or(Some(from_sql(stored.seq)));
            }
        }
        update(connection, office, "events", seqs, bodies)?;
        let last = events
            .last()
            .map_or(self.erased_until, |last| from_sql(last.seq));
        if events.len() as u64 == STEP_EVENTS {
            (self.erased_until, self.kept) = (last, kept);
            return Ok(true);
        }
        erase_in_snapshots(connection, office, expired)?;
        (self.erased_until, self.kept) = (kept.map_or(last, |kept| kept - 1), None);
        Ok(false)
    }
}

fn erase_in_snapshots(
    connection: &mut PgConnection,
    office: &str,
    expired: &Expired<'_>,
) -> Result<(), StorageError> {
    for seq in events::snapshots(connection, office)? {
        let body = events::snapshot_body(connection, office, seq)?;
        if !PERSONAL.iter().any(|part| body.contains(part)) {
            continue;
        }
        let Ok(mut parts) = serde_json::from_str::<QueueParts>(&body) else {
            continue;
        };
        if expired.erase_all(&mut parts) {
            let (seqs, bodies) = (vec![to_sql(seq)], vec![json(&parts)]);
            update(connection, office, "snapshots", seqs, bodies)?;
        }
    }
    Ok(())
}

/// Replaces the bodies of rows.
fn update(
    connection: &mut PgConnection,
    office: &str,
    table: &str,
    seqs: Vec<i64>,
    bodies: Vec<String>,
) -> Result<(), StorageError> {
    if seqs.is_empty() {
        return Ok(());
    }
    sql_query(format!(
        "UPDATE {table} SET body = new.body FROM unnest($2, $3) AS new (seq, body)
         WHERE office = $1 AND {table}.seq = new.seq"
    ))
    .bind::<Text, _>(office)
    .bind::<Array<BigInt>, _>(seqs)
    .bind::<Array<Text>, _>(bodies)
    .execute(connection)?;
    Ok(())
}
