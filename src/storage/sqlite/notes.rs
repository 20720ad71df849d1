//! Erases the notes of tickets that are over, and who served them, in events and snapshots.
//!
//! A row keeps its length where it can, filled up with spaces: SQLite then overwrites it where it is, and moves no
//! other row to another page, which would leave a copy behind.

use rusqlite::{Connection, Row, params};

use super::columns::{json, to_sql};
use super::events;
use crate::domain::{Event, QueueParts};
use crate::storage::personal::{Expired, PERSONAL};

/// Events that one step reads: a few milliseconds.
const STEP_ROWS: u64 = 2_000;

/// How far the notes have been erased.
#[derive(Default)]
pub(super) struct NoteEraser {
    /// The events up to it have none that must go.
    erased_until: u64,
    /// The first event whose note must stay, because its ticket is not over.
    kept: Option<u64>,
}

/// The result of a step.
pub(super) struct Step {
    /// There may be more to erase.
    pub(super) is_more: bool,
    pub(super) has_erased: bool,
}

/// The result of a step through the events.
struct EventStep {
    /// The last event that was read.
    last: u64,
    /// As in [`NoteEraser`].
    kept: Option<u64>,
    has_erased: bool,
    /// Later events may have expired.
    is_more: bool,
}

impl NoteEraser {
    /// Erases notes in some events, or in the snapshots once all events are done.
    pub(super) fn step(
        &mut self,
        connection: &mut Connection,
        expired: &Expired<'_>,
    ) -> rusqlite::Result<Step> {
        let transaction = connection.transaction()?;
        let events = self.erase_in_events(&transaction, expired)?;
        let erased_snapshots = !events.is_more && erase_in_snapshots(&transaction, expired)?;
        transaction.commit()?;
        // Only now: a step that failed must begin where it began.
        (self.erased_until, self.kept) = match events.kept {
            Some(kept) if !events.is_more => (kept - 1, None),
            kept => (events.last, kept),
        };
        Ok(Step {
            is_more: events.is_more,
            has_erased: events.has_erased || erased_snapshots,
        })
    }

    fn erase_in_events(
        &self,
        connection: &Connection,
        expired: &Expired<'_>,
    ) -> rusqlite::Result<EventStep> {
        let mut events = connection.prepare_cached(
            "SELECT seq, at, body, checksum FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let mut update = connection
            .prepare_cached("UPDATE events SET body = ?1, checksum = ?2 WHERE seq = ?3")?;
        let mut rows = events.query([to_sql(self.erased_until), to_sql(STEP_ROWS)])?;
        let (mut count, mut last, mut kept) = (0, self.erased_until, self.kept);
        let mut changed = Vec::new();
        while let Some(row) = rows.next()? {
            let (seq, at): (i64, i64) = (row.get(0)?, row.get(1)?);
            if at >= expired.before {
                break;
            }
            count += 1;
            last = super::columns::from_sql(seq);
            match erased_event(row, seq, at, expired)? {
                Erased::Nothing => {}
                Erased::Kept => kept = kept.or(Some(last)),
                Erased::Body(body) => changed.push((seq, at, body)),
            }
        }
        drop(rows);
        for (seq, at, body) in &changed {
            let checksum = events::checksum(&[*seq, *at], body.as_bytes());
            update.execute(params![body, checksum, seq])?;
        }
        Ok(EventStep {
            last,
            kept,
            has_erased: !changed.is_empty(),
            is_more: count == STEP_ROWS,
        })
    }
}

/// The result of erasing the notes of one event.
enum Erased {
    Nothing,
    /// They must stay for now.
    Kept,
    /// The event without them.
    Body(String),
}

fn erased_event(
    row: &Row<'_>,
    seq: i64,
    at: i64,
    expired: &Expired<'_>,
) -> rusqlite::Result<Erased> {
    let Ok(body) = row.get_ref(2)?.as_str() else {
        return Ok(Erased::Nothing);
    };
    let stored: Option<i64> = row.get(3)?;
    // A damaged event stays as it is: the next start names it.
    let is_damaged =
        stored.is_some_and(|stored| stored != events::checksum(&[seq, at], body.as_bytes()));
    if !PERSONAL.iter().any(|part| body.contains(part)) || is_damaged {
        return Ok(Erased::Nothing);
    }
    let Ok(mut event) = serde_json::from_str::<Event>(body) else {
        return Ok(Erased::Nothing);
    };
    if !expired.erase_in_event(&mut event) {
        return Ok(Erased::Kept);
    }
    let mut erased = json(&event);
    // A checksum has up to two bytes more than another.
    let length = body.len().saturating_sub(2);
    erased.extend(std::iter::repeat_n(
        ' ',
        length.saturating_sub(erased.len()),
    ));
    Ok(Erased::Body(erased))
}

/// Returns whether it erased any.
fn erase_in_snapshots(connection: &Connection, expired: &Expired<'_>) -> rusqlite::Result<bool> {
    let mut is_erased = false;
    for seq in events::snapshots(connection, u64::MAX)? {
        let select = "SELECT body, checksum FROM snapshots WHERE seq = ?1";
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (body, stored): (Vec<u8>, Option<i64>) =
            connection.query_row(select, [to_sql(seq)], row)?;
        let is_damaged =
            stored.is_some_and(|stored| stored != events::checksum(&[to_sql(seq)], &body));
        let has = |text: &str| body.windows(text.len()).any(|part| part == text.as_bytes());
        if is_damaged || !PERSONAL.into_iter().any(has) {
            continue;
        }
        let Ok(mut parts) = serde_json::from_slice::<QueueParts>(&body) else {
            continue;
        };
        if !expired.erase_all(&mut parts) {
            continue;
        }
        let body = json(&parts).into_bytes();
        let checksum = events::checksum(&[to_sql(seq)], &body);
        connection.execute(
            "UPDATE snapshots SET body = ?1, checksum = ?2 WHERE seq = ?3",
            params![body, checksum, to_sql(seq)],
        )?;
        is_erased = true;
    }
    Ok(is_erased)
}

#[cfg(test)]
mod tests;
