//! The table of the audit log.

use rusqlite::{CachedStatement, Connection, Row, Statement, Transaction, params};

use super::columns::{from_sql, json, to_sql};
use crate::access::{Actor, Role};
use crate::storage::StorageError;
use crate::storage::audit::{AuditEntry, AuditKind, AuditRecord};

/// The table of the audit log. An entry is about an event if `seq` is not NULL.
pub(super) const SCHEMA: &str = "
    CREATE TABLE audit (
        id         INTEGER PRIMARY KEY,
        at         INTEGER NOT NULL,            -- milliseconds since 1970-01-01T00:00:00Z
        seq        INTEGER,
        kind       TEXT NOT NULL,
        subject    TEXT,
        desk       TEXT,
        to_desk    TEXT,
        to_service TEXT,
        fields     TEXT,                        -- JSON: names of settings
        count      INTEGER NOT NULL,
        role       TEXT,                        -- who did it; NULL: the server by itself
        token      TEXT,
        address    TEXT,
        person     TEXT                         -- the name of who had signed in by name
    ) STRICT;
    CREATE INDEX audit_of_no_event ON audit (kind, at) WHERE seq IS NULL;
";

/// The changes of schema version 5.
pub(super) const VERSION_5: &str = "ALTER TABLE audit ADD COLUMN person TEXT;";

/// The newest entry that erased those before it; 0 without one.
const ERASED: &str =
    "(SELECT coalesce(max(id), 0) FROM audit WHERE seq IS NULL AND kind = 'audit-erased')";

/// Rows that one step of a purge deletes: commands wait for it. Each has some 200 bytes.
const PURGE_STEP: i64 = 2_000;

const HOUR_MS: i64 = 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Addresses with an entry of their own for wrong PINs within an hour; further ones share an entry.
/// Somebody who guesses for weeks from many addresses must not fill the disk.
const MOST_REFUSED: i64 = 20;

/// Inserts entries, or counts them with earlier ones of their kind and address.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    at: i64,
    entries: &[AuditEntry],
) -> rusqlite::Result<()> {
    let mut insert = prepare_insert(transaction)?;
    for entry in entries {
        if entry.kind == AuditKind::SignInRefused {
            insert_refused(transaction, &mut insert, at, entry)?;
        } else {
            insert_row(&mut insert, at, entry, 1)?;
        }
    }
    Ok(())
}

fn insert_refused(
    transaction: &Transaction<'_>,
    insert: &mut Statement<'_>,
    at: i64,
    entry: &AuditEntry,
) -> rusqlite::Result<()> {
    let since = at - HOUR_MS;
    if add_count(transaction, entry, since, 1)? {
        return Ok(());
    }
    let addresses: i64 = transaction.query_row(
        "SELECT count(*) FROM audit WHERE seq IS NULL AND kind = ?1 AND at > ?2",
        params![entry.kind.as_str(), since],
        |row| row.get(0),
    )?;
    if addresses < MOST_REFUSED {
        return insert_row(insert, at, entry, 1);
    }
    let shared = AuditEntry::new(entry.kind, None, None);
    if add_count(transaction, &shared, since, 1)? {
        return Ok(());
    }
    insert_row(insert, at, &shared, 1)
}

/// Adds to the count of the newest entry of that kind and address that is younger than `since`.
/// Returns whether there is one.
fn add_count(
    transaction: &Transaction<'_>,
    entry: &AuditEntry,
    since: i64,
    count: u64,
) -> rusqlite::Result<bool> {
    let changed = transaction.execute(
        "UPDATE audit SET count = count + ?4 WHERE id =
             (SELECT max(id) FROM audit
              WHERE seq IS NULL AND kind = ?1 AND at > ?2 AND address IS ?3)",
        params![entry.kind.as_str(), since, address(entry), to_sql(count)],
    )?;
    Ok(changed > 0)
}

fn prepare_insert<'a>(transaction: &'a Transaction<'_>) -> rusqlite::Result<CachedStatement<'a>> {
    transaction.prepare_cached(
        "INSERT INTO audit (at, seq, kind, subject, desk, to_desk, to_service, fields, count, role,
             token, address, person)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )
}

fn insert_row(
    insert: &mut Statement<'_>,
    at: i64,
    entry: &AuditEntry,
    count: u64,
) -> rusqlite::Result<()> {
    let actor = entry.actor.as_ref();
    insert.execute(params![
        at,
        entry.seq.map(to_sql),
        entry.kind.as_str(),
        entry.subject,
        entry.desk,
        entry.to_desk,
        entry.to_service,
        (!entry.fields.is_empty()).then(|| json(&entry.fields)),
        to_sql(count),
        actor.map(|actor| actor.role.as_str()),
        actor.and_then(|actor| actor.token.as_deref()),
        address(entry),
        actor.and_then(|actor| actor.person.as_deref()),
    ])?;
    Ok(())
}

fn address(entry: &AuditEntry) -> Option<String> {
    entry.actor.as_ref().map(|actor| actor.address.to_string())
}

/// The entries before the id `before`, newest first.
pub(super) fn read(
    connection: &Connection,
    version: i32,
    before: u64,
    limit: u64,
) -> Result<Vec<AuditRecord>, StorageError> {
    let person = if version < 5 { "NULL" } else { "person" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, at, seq, kind, subject, desk, to_desk, to_service, fields, count, role, token,
             address, {person}
         FROM audit WHERE id < ?1 AND id >= {ERASED} ORDER BY id DESC LIMIT ?2"
    ))?;
    let mut rows = statement.query([to_sql(before), to_sql(limit)])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        let id = from_sql(row.get(0)?);
        records.push(AuditRecord {
            id,
            at: row.get(1)?,
            entry: read_entry(row, id)?,
            count: from_sql(row.get(9)?),
        });
    }
    Ok(records)
}

/// Reads the entry of a row.
fn read_entry(row: &Row<'_>, id: u64) -> Result<AuditEntry, StorageError> {
    let damaged = |why: String| StorageError::Damaged {
        what: format!("audit entry {id}"),
        why,
    };
    let kind: String = row.get(3)?;
    let fields: Option<String> = row.get(8)?;
    let fields = fields.map_or(Ok(Vec::new()), |fields| serde_json::from_str(&fields));
    let (role, address): (Option<String>, Option<String>) = (row.get(10)?, row.get(12)?);
    let actor = match role.zip(address) {
        Some((role, address)) => Some(Actor {
            role: Role::named(&role).ok_or_else(|| damaged(format!("unknown role «{role}»")))?,
            token: row.get(11)?,
            person: row.get(13)?,
            person_id: None,
            address: address
                .parse()
                .map_err(|_| damaged(format!("«{address}» is no address")))?,
        }),
        None => None,
    };
    Ok(AuditEntry {
        kind: AuditKind::parse(&kind).ok_or_else(|| damaged(format!("unknown kind «{kind}»")))?,
        seq: row.get::<_, Option<i64>>(2)?.map(from_sql),
        subject: row.get(4)?,
        desk: row.get(5)?,
        to_desk: row.get(6)?,
        to_service: row.get(7)?,
        fields: fields.map_err(|error| damaged(error.to_string()))?,
        actor,
    })
}

/// Deletes a bounded number of rows: erased entries, and entries from before the time `before`. `at` is
/// the time of the entry that counts them. Returns whether there may be more.
pub(super) fn purge(
    transaction: &Transaction<'_>,
    before: i64,
    at: i64,
) -> Result<bool, StorageError> {
    let erased = transaction.execute(
        &format!(
            "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id < {ERASED} LIMIT ?1)"
        ),
        [PURGE_STEP],
    )?;
    let (expired, counted) = delete_expired(transaction, before)?;
    if counted > 0 {
        let entry = AuditEntry::new(AuditKind::AuditPurged, None, None);
        if !add_count(transaction, &entry, at - DAY_MS, counted)? {
            let mut insert = prepare_insert(transaction)?;
            insert_row(&mut insert, at, &entry, counted)?;
        }
    }
    Ok(erased.max(expired) as i64 == PURGE_STEP)
}

/// Deletes expired entries: how many rows, and how many of them the log counts. Entries that count
/// a purge are not counted again: each would leave another.
///
/// It scans the table, once an hour: an index on the time would slow every event down
/// (docs/decisions/0011-audit-log.md).
fn delete_expired(transaction: &Transaction<'_>, before: i64) -> rusqlite::Result<(usize, u64)> {
    let mut statement = transaction.prepare_cached(
        "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ?1 LIMIT ?2)
         RETURNING kind",
    )?;
    let mut rows = statement.query([before, PURGE_STEP])?;
    let (mut deleted, mut counted) = (0, 0);
    while let Some(row) = rows.next()? {
        deleted += 1;
        counted += u64::from(row.get_ref(0)?.as_str()? != AuditKind::AuditPurged.as_str());
    }
    Ok((deleted, counted))
}

#[cfg(test)]
mod tests;
