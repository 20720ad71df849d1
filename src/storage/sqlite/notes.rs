//! Erases the notes of tickets that are over, and who served them, in events and snapshots.
//!
//! A row keeps its length where it can, filled up with spaces: SQLite then overwrites it where it is, and moves no
//! other row to another page, which would leave a copy behind.

use rusqlite::{Connection, Row, params};

use super::{history, json, to_sql};
use crate::domain::{Event, QueueParts, Ticket, TicketId, Timestamp};

/// Events that one step reads: a few milliseconds.
const STEP_ROWS: u64 = 2_000;

/// The texts before a note and before the id of a person in JSON.
const PERSONAL: [&str; 2] = ["\"note\":", "\"person\":"];

/// How far the notes have been erased.
#[derive(Default)]
pub(super) struct NoteEraser {
    /// The events up to it have none that must go.
    done: u64,
    /// The first event whose note must stay, because its ticket is not over.
    kept: Option<u64>,
}

/// The result of a step.
pub(super) struct Step {
    /// There may be more to erase.
    pub(super) is_more: bool,
    pub(super) has_erased: bool,
}

/// Which notes must go.
pub(super) struct Expired<'a> {
    /// Those of tickets from before this time, in milliseconds since the Unix epoch,
    pub(super) before: i64,
    /// unless the queue still holds the ticket.
    pub(super) is_held: &'a dyn Fn(TicketId) -> bool,
}

impl Expired<'_> {
    /// Erases the note of a ticket, and who served it, if they must go. Returns whether it did.
    fn erase(&self, ticket: &mut Ticket) -> bool {
        if (self.is_held)(ticket.id) {
            return false;
        }
        // By the times of the events that say so, so that a snapshot stays what the events give.
        let before = Timestamp::from_millis(self.before);
        let is_called_before = ticket.called_at.is_some_and(|at| at < before);
        let note = ticket.note.take_if(|_| ticket.created_at < before);
        let person = ticket.person.take_if(|_| is_called_before);
        note.is_some() || person.is_some()
    }

    /// The same for all tickets of a stored queue.
    fn erase_all(&self, parts: &mut QueueParts) -> bool {
        let steps = parts.steps.iter_mut().flat_map(|step| &mut step.changes);
        let tickets = parts.tickets.iter_mut().chain(&mut parts.previous_day);
        let tickets = tickets.chain(steps.map(|change| &mut change.before));
        // Each of them, whatever came of the others.
        tickets.fold(false, |erased, ticket| self.erase(ticket) | erased)
    }
}

impl NoteEraser {
    /// Erases notes in some events, or in the snapshots once all events are done.
    pub(super) fn step(
        &mut self,
        connection: &mut Connection,
        expired: &Expired<'_>,
    ) -> rusqlite::Result<Step> {
        let transaction = connection.transaction()?;
        let (erased, last) = self.erase_in_events(&transaction, expired)?;
        let is_more = last.is_some();
        let erased_snapshots = !is_more && erase_in_snapshots(&transaction, expired)?;
        transaction.commit()?;
        if let Some(last) = last {
            self.done = last;
        } else if let Some(kept) = self.kept.take() {
            self.done = kept - 1;
        }
        Ok(Step {
            is_more,
            has_erased: erased || erased_snapshots,
        })
    }

    /// Returns whether it erased any, and the last event of this step unless no later one can have expired.
    fn erase_in_events(
        &mut self,
        connection: &Connection,
        expired: &Expired<'_>,
    ) -> rusqlite::Result<(bool, Option<u64>)> {
        let mut events = connection.prepare_cached(
            "SELECT seq, at, body, checksum FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let mut update = connection
            .prepare_cached("UPDATE events SET body = ?1, checksum = ?2 WHERE seq = ?3")?;
        let mut rows = events.query([to_sql(self.done), to_sql(STEP_ROWS)])?;
        let (mut count, mut last) = (0, self.done);
        let mut changed = Vec::new();
        while let Some(row) = rows.next()? {
            let (seq, at): (i64, i64) = (row.get(0)?, row.get(1)?);
            if at >= expired.before {
                break;
            }
            count += 1;
            last = super::from_sql(seq);
            match erased_event(row, seq, at, expired)? {
                Erased::Nothing => {}
                Erased::Kept => self.kept = self.kept.or(Some(last)),
                Erased::Body(body) => changed.push((seq, at, body)),
            }
        }
        drop(rows);
        for (seq, at, body) in &changed {
            let checksum = history::checksum(&[*seq, *at], body.as_bytes());
            update.execute(params![body, checksum, seq])?;
        }
        let is_more = count == STEP_ROWS;
        self.done = last;
        Ok((!changed.is_empty(), is_more.then_some(last)))
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
        stored.is_some_and(|stored| stored != history::checksum(&[seq, at], body.as_bytes()));
    if !PERSONAL.iter().any(|part| body.contains(part)) || is_damaged {
        return Ok(Erased::Nothing);
    }
    let Ok(mut event) = serde_json::from_str::<Event>(body) else {
        return Ok(Erased::Nothing);
    };
    let is_changed = match &mut event {
        Event::TicketCreated { ticket, note, .. } => {
            let is_over = !(expired.is_held)(*ticket);
            note.take_if(|_| is_over).is_some()
        }
        Event::TicketCalled { ticket, person, .. } => {
            let is_over = !(expired.is_held)(*ticket);
            person.take_if(|_| is_over).is_some()
        }
        Event::OfficeImported { office } => expired.erase_all(std::sync::Arc::make_mut(office)),
        _ => false,
    };
    if !is_changed {
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
    for seq in history::snapshots(connection, u64::MAX)? {
        let select = "SELECT body, checksum FROM snapshots WHERE seq = ?1";
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (body, stored): (Vec<u8>, Option<i64>) =
            connection.query_row(select, [to_sql(seq)], row)?;
        let is_damaged =
            stored.is_some_and(|stored| stored != history::checksum(&[to_sql(seq)], &body));
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
        let checksum = history::checksum(&[to_sql(seq)], &body);
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
