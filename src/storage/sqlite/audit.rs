//! Who caused which event, and what is none and belongs in the trace: `events.actor` and `notes`.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};

use super::{from_sql, to_sql};
use crate::access::{Actor, Role};
use crate::storage::StorageError;
use crate::storage::audit::{Note, Noted, Place, Purged, Traced, What};

/// The tables of the audit log.
pub(super) const SCHEMA: &str = "
    CREATE TABLE notes (
        id      INTEGER PRIMARY KEY,
        after   INTEGER NOT NULL,           -- the last event before it
        at      INTEGER NOT NULL,           -- milliseconds since 1970-01-01T00:00:00Z
        kind    TEXT NOT NULL,
        about   TEXT,                       -- whose PIN, which token
        actor   TEXT,                       -- JSON, as in events
        address TEXT NOT NULL,              -- from where; empty where that is not known, or several
        count   INTEGER NOT NULL DEFAULT 1  -- so many were summed up
    ) STRICT;
    CREATE INDEX notes_by_place ON notes (after, id);
    CREATE INDEX notes_by_kind ON notes (kind, at);
";

/// The last event whose actor has been purged.
const PURGED: &str = "trace-purged";

/// Events that one step of a purge looks at: it shares its thread with people who wait.
const PURGE_STEP: i64 = 2_000;

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// Addresses within an hour whose wrong PINs are told apart; the others are one note. Somebody who
/// guesses for weeks from everywhere must not fill the disk.
const MOST_REFUSED: i64 = 20;

#[derive(Serialize, Deserialize)]
struct ActorRecord {
    role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    address: String,
    /// The fields of the settings that the event changed. Beside the actor and not in the event,
    /// since it is for people who look at the trace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
}

/// An actor as it is stored, and the fields that the event changed.
pub(super) fn write_actor(actor: &Actor, fields: &[String]) -> String {
    let record = ActorRecord {
        role: actor.role.as_str().to_owned(),
        token: actor.token.clone(),
        address: actor.address.to_string(),
        fields: fields.to_vec(),
    };
    serde_json::to_string(&record).expect("strings are always JSON")
}

fn read_actor(text: Option<&str>) -> (Option<Actor>, Vec<String>) {
    let read = || {
        let record: ActorRecord = serde_json::from_str(text?).ok()?;
        let actor = Actor {
            role: Role::parse(&record.role).unwrap_or(Role::Public),
            token: record.token,
            address: record.address.parse().ok()?,
        };
        Some((actor, record.fields))
    };
    read().map_or((None, Vec::new()), |(actor, fields)| (Some(actor), fields))
}

/// Writes a note down, or adds it to one that is about the same.
pub(super) fn note(
    transaction: &Transaction<'_>,
    after: u64,
    at: i64,
    note: &Note,
) -> rusqlite::Result<()> {
    let summed = match note.noted {
        Noted::SignInRefused => Some(HOUR_MS),
        Noted::TracePurged => Some(24 * HOUR_MS),
        _ => None,
    };
    let mut actor = note.actor.as_ref();
    if let Some(span) = summed {
        let since = at - span;
        if add(transaction, note, actor, since, 1)? {
            return Ok(());
        }
        let others: i64 = transaction.query_row(
            "SELECT count(*) FROM notes WHERE kind = ?1 AND at > ?2",
            params![note.noted.as_str(), since],
            |row| row.get(0),
        )?;
        if others >= MOST_REFUSED {
            actor = None;
            if add(transaction, note, actor, since, 1)? {
                return Ok(());
            }
        }
    }
    insert(transaction, after, at, note, actor, 1)
}

/// Adds to the note of that kind and address that is not older than `since`; says whether there is
/// one.
fn add(
    transaction: &Transaction<'_>,
    note: &Note,
    actor: Option<&Actor>,
    since: i64,
    count: u64,
) -> rusqlite::Result<bool> {
    let changed = transaction.execute(
        "UPDATE notes SET count = count + ?4 WHERE id =
             (SELECT max(id) FROM notes WHERE kind = ?1 AND at > ?2 AND address = ?3)",
        params![note.noted.as_str(), since, address(actor), to_sql(count)],
    )?;
    Ok(changed > 0)
}

fn insert(
    transaction: &Transaction<'_>,
    after: u64,
    at: i64,
    note: &Note,
    actor: Option<&Actor>,
    count: u64,
) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO notes (after, at, kind, about, actor, address, count)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            to_sql(after),
            at,
            note.noted.as_str(),
            note.noted.about(),
            actor.map(|actor| write_actor(actor, &[])),
            address(actor),
            to_sql(count)
        ],
    )?;
    Ok(())
}

fn address(actor: Option<&Actor>) -> String {
    actor.map_or(String::new(), |actor| actor.address.to_string())
}

/// What the trace shows before that place, newest first.
pub(super) fn trace(
    connection: &Connection,
    before: Place,
    limit: u64,
) -> Result<Vec<Traced>, StorageError> {
    let mut traced = Vec::new();
    let mut statement = connection.prepare_cached(
        "SELECT seq, at, body, actor FROM events WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
    )?;
    let first_after = before.seq.saturating_add(u64::from(before.note > 0));
    let mut rows = statement.query([to_sql(first_after), to_sql(limit)])?;
    while let Some(row) = rows.next()? {
        let actor: Option<String> = row.get(3)?;
        let (actor, fields) = read_actor(actor.as_deref());
        traced.push(Traced {
            place: Place {
                seq: from_sql(row.get(0)?),
                note: 0,
            },
            at: row.get(1)?,
            what: What::Event {
                body: row.get(2)?,
                fields,
            },
            actor,
        });
    }
    let mut statement = connection.prepare_cached(
        "SELECT after, id, at, kind, about, count, actor FROM notes
         WHERE (after, id) < (?1, ?2) ORDER BY after DESC, id DESC LIMIT ?3",
    )?;
    let place = [to_sql(before.seq), to_sql(before.note), to_sql(limit)];
    let mut rows = statement.query(place)?;
    while let Some(row) = rows.next()? {
        let actor: Option<String> = row.get(6)?;
        traced.push(Traced {
            place: Place {
                seq: from_sql(row.get(0)?),
                note: from_sql(row.get(1)?),
            },
            at: row.get(2)?,
            what: What::Note {
                kind: row.get(3)?,
                about: row.get(4)?,
                count: from_sql(row.get(5)?),
            },
            actor: read_actor(actor.as_deref()).0,
        });
    }
    traced.sort_by_key(|one| std::cmp::Reverse(one.place));
    traced.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(traced)
}

/// Forgets who caused the events before the time `before`, the notes before it, and the answers before
/// `answers_before`, of which some have an address in their key; a bounded number of them at a time.
pub(super) fn purge(
    connection: &mut Connection,
    before: i64,
    answers_before: i64,
    at: i64,
) -> Result<Purged, StorageError> {
    let transaction = connection.transaction()?;
    let purged: i64 = transaction.query_row(
        "SELECT coalesce((SELECT value FROM marks WHERE name = ?1), 0)",
        [PURGED],
        |row| row.get(0),
    )?;
    let notes = transaction.execute(
        "DELETE FROM notes WHERE id IN (SELECT id FROM notes WHERE at < ?1 LIMIT ?2)",
        [before, PURGE_STEP],
    )?;
    let answers = transaction.execute(
        "DELETE FROM answers WHERE key IN (SELECT key FROM answers WHERE at < ?1 LIMIT ?2)",
        [answers_before, PURGE_STEP],
    )?;
    // A clock that was wrong for a while does not end it: the last old one in the step counts.
    let last: Option<i64> = transaction
        .query_row(
            "SELECT max(seq) FROM events WHERE seq > ?1 AND seq <= ?1 + ?2 AND at < ?3",
            [purged, PURGE_STEP, before],
            |row| row.get(0),
        )
        .optional()?
        .flatten();
    let mut events = 0;
    if let Some(last) = last {
        events = transaction.execute(
            "UPDATE events SET actor = NULL WHERE seq > ?1 AND seq <= ?2 AND actor IS NOT NULL",
            [purged, last],
        )?;
        transaction.execute(
            "INSERT OR REPLACE INTO marks (name, value) VALUES (?1, ?2)",
            params![PURGED, last],
        )?;
    }
    let count = (events + notes) as u64;
    if count > 0 {
        let said = Note {
            noted: Noted::TracePurged,
            actor: None,
        };
        if !add(&transaction, &said, None, at - 24 * HOUR_MS, count)? {
            let end = "SELECT coalesce(max(seq), 0) FROM events";
            let end = transaction.query_row(end, [], |row| row.get(0))?;
            insert(&transaction, from_sql(end), at, &said, None, count)?;
        }
    }
    transaction.commit()?;
    Ok(Purged {
        count,
        is_more: last == Some(purged + PURGE_STEP) || notes.max(answers) as i64 == PURGE_STEP,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Batch, Journal, SqliteJournal};
    use super::*;
    use crate::domain::{Event, Stamped, TicketId, Timestamp};

    #[test]
    fn a_purge_goes_through_all_that_is_old_in_steps_and_leaves_the_rest() {
        let file = std::env::temp_dir().join(format!("turnero-purge-{}.db", std::process::id()));
        let mut journal = SqliteJournal::open(&file).expect("a new file");
        let (old, new) = (PURGE_STEP as u64 * 2 + 100, 50);
        let mut batch = Batch::default();
        for seq in 1..=old + new {
            batch.events.push(Stamped {
                seq,
                at: Timestamp::from_millis(if seq <= old { 10 } else { 30 }),
                event: Event::TicketCancelled {
                    ticket: TicketId::from_random(u128::from(seq)),
                    desk: None,
                },
            });
            // What happens by itself has no actor.
            if seq % 5 > 0 {
                let actor = Actor {
                    role: Role::Staff,
                    token: (seq % 2 == 0).then(|| "kiosk «ñ»".to_owned()),
                    address: std::net::IpAddr::from([192, 0, 2, 7]),
                };
                batch.actors.push((seq, actor));
            }
        }
        journal.append(0, &batch).expect("appended");
        let all = journal.trace(Place::END, 100_000).expect("read");
        let known: Vec<(u64, Actor)> = all
            .iter()
            .rev()
            .filter_map(|one| Some((one.place.seq, one.actor.clone()?)))
            .collect();
        assert_eq!(known, batch.actors);

        let mut steps = 0;
        let mut count = 0;
        loop {
            let purged = journal.purge(20, 20, 40).expect("purged");
            count += purged.count;
            if !purged.is_more {
                break;
            }
            steps += 1;
        }
        assert_eq!(steps, 2, "a bounded number at a time");
        assert_eq!(count, old / 5 * 4);
        let left = journal.trace(Place::END, 100_000).expect("read");
        let note = What::Note {
            kind: "trace-purged".to_owned(),
            about: None,
            count,
        };
        assert_eq!(left[0].what, note, "one for the day");
        let left = &left[1..];
        assert_eq!(left.len() as u64, old + new, "the events stay");
        let known = |one: &&Traced| one.actor.is_some();
        assert!(left.iter().filter(known).all(|one| one.place.seq > old));
        assert_eq!(left.iter().filter(known).count(), 40);
        let nothing = Purged {
            count: 0,
            is_more: false,
        };
        assert_eq!(journal.purge(20, 20, 40).expect("purged"), nothing);
        for suffix in ["", "-wal"] {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            let _ = std::fs::remove_file(name);
        }
    }

    #[test]
    fn notes_have_their_place_between_events_and_wrong_pins_are_summed_up() {
        let file = std::env::temp_dir().join(format!("turnero-notes-{}.db", std::process::id()));
        let mut journal = SqliteJournal::open(&file).expect("a new file");
        let from = |n: u8| {
            Some(Actor {
                role: Role::Public,
                token: None,
                address: std::net::IpAddr::from([192, 0, 2, n]),
            })
        };
        let note = |noted, n| Note {
            noted,
            actor: from(n),
        };
        let event = |seq| Stamped {
            seq,
            at: Timestamp::from_millis(10),
            event: Event::TicketCancelled {
                ticket: TicketId::from_random(u128::from(seq)),
                desk: None,
            },
        };
        let batch = Batch {
            events: vec![event(1), event(2)],
            notes: vec![
                (0, note(Noted::SignedIn, 1)),
                (1, note(Noted::TokenMade("kiosk".to_owned()), 1)),
                (1, note(Noted::SignedIn, 1)),
                (2, note(Noted::Exported, 2)),
            ],
            at: 10,
            ..Batch::default()
        };
        journal.append(0, &batch).expect("appended");
        let places = |journal: &mut SqliteJournal, before: Place, limit| -> Vec<(u64, u64)> {
            let traced = journal.trace(before, limit).expect("read");
            traced.iter().map(|t| (t.place.seq, t.place.note)).collect()
        };
        let all = places(&mut journal, Place::END, 100);
        assert_eq!(all, [(2, 4), (2, 0), (1, 3), (1, 2), (1, 0), (0, 1)]);
        // A page at a time, however it falls.
        for size in 1..=4 {
            let (mut before, mut seen) = (Place::END, Vec::new());
            loop {
                let page = places(&mut journal, before, size);
                let Some((seq, note)) = page.last().copied() else {
                    break;
                };
                before = Place { seq, note };
                seen.extend(page);
            }
            assert_eq!(seen, all, "pages of {size}");
        }

        let mut refuse = |n, at| {
            let batch = Batch {
                notes: vec![(2, note(Noted::SignInRefused, n))],
                at,
                ..Batch::default()
            };
            journal.append(2, &batch).expect("appended");
        };
        (0..50).for_each(|n| (0..3).for_each(|_| refuse(n, 100)));
        refuse(1, 100 + HOUR_MS - 1);
        refuse(1, 100 + HOUR_MS);
        let traced = journal.trace(Place::END, 100).expect("read");
        let refused: Vec<(Option<String>, u64)> = traced
            .iter()
            .filter_map(|one| match &one.what {
                What::Note { kind, count, .. } if kind == "sign-in-refused" => {
                    let address = one.actor.as_ref().map(|a| a.address.to_string());
                    Some((address, *count))
                }
                _ => None,
            })
            .collect();
        assert_eq!(refused.len(), 22, "the first 20, the others, and a new one");
        assert_eq!(refused[0], (Some("192.0.2.1".to_owned()), 1));
        assert_eq!(refused[1], (None, 30 * 3));
        let mut sum = 0;
        refused.iter().for_each(|(_, count)| sum += count);
        assert_eq!(sum, 152);
        for suffix in ["", "-wal"] {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            let _ = std::fs::remove_file(name);
        }
    }
}
