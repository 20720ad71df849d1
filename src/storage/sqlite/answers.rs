//! The table of answers to requests with an `Idempotency-Key`.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::columns::{from_sql, json, one, to_sql};
use crate::storage::{Batch, RequestHash, StorageError, StoredAnswer};

/// The table of answers. Version 1 stored the request itself in `request`; the column is empty since
/// `request_hash` is there.
pub(super) const SCHEMA: &str = "
    CREATE TABLE answers (
        key          TEXT PRIMARY KEY,  -- Idempotency-Key
        request      BLOB NOT NULL,
        status       INTEGER NOT NULL,
        headers      TEXT NOT NULL,     -- JSON
        body         BLOB NOT NULL,
        at           INTEGER NOT NULL,  -- milliseconds since 1970-01-01T00:00:00Z
        request_hash BLOB               -- BLAKE2s of the request; NULL in rows of version 1
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX answers_by_age ON answers (at);
";

/// The changes of schema version 2.
pub(super) const VERSION_2: &str = "ALTER TABLE answers ADD COLUMN request_hash BLOB;";

/// Limit of all stored answers, in bytes: some 100,000 of them. Beyond it the oldest are dropped, so
/// that nobody can fill the disk with them.
pub(super) const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Rows that one step of a purge reads.
const STEP_ROWS: u64 = 2_000;

/// The size of a row in bytes, as it counts against the limit.
const SIZE: &str = "length(key) + length(request) + length(headers) + length(body)";

/// The size of all rows in bytes.
pub(super) fn total_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let total = format!("SELECT coalesce(sum({SIZE}), 0) FROM answers");
    Ok(from_sql(connection.query_row(&total, [], one)?))
}

/// Inserts the answers of a batch. Returns their size in bytes.
pub(super) fn insert(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<u64> {
    if batch.answers.is_empty() {
        return Ok(0);
    }
    let mut insert = transaction.prepare_cached(
        "INSERT INTO answers (key, request, status, headers, body, at, request_hash)
         VALUES (?1, x'', ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut bytes = 0;
    for answer in &batch.answers {
        let headers = json(&answer.headers);
        bytes += answer.key.len() + headers.len() + answer.body.len();
        insert.execute(params![
            answer.key,
            answer.status,
            headers,
            answer.body,
            batch.at,
            answer.request.as_bytes()
        ])?;
    }
    Ok(bytes as u64)
}

/// The answer stored under that key, in tables of that version.
pub(super) fn find(
    connection: &Connection,
    version: i32,
    key: &str,
) -> Result<Option<StoredAnswer>, StorageError> {
    let hash = if version < 2 { "NULL" } else { "request_hash" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT request, status, headers, body, {hash} FROM answers WHERE key = ?1"
    ))?;
    let found = statement
        .query_row([key], |row| {
            let request = match row.get(4)? {
                Some(hash) => RequestHash::from_bytes(hash),
                None => RequestHash::of(row.get_ref(0)?.as_blob()?),
            };
            Ok(StoredAnswer {
                key: key.to_owned(),
                request,
                status: row.get(1)?,
                headers: serde_json::from_str(row.get_ref(2)?.as_str()?).unwrap_or_default(),
                body: row.get(3)?,
            })
        })
        .optional()?;
    Ok(found)
}

/// Deletes the oldest answers from before the time `before`, and further ones until `excess` bytes
/// are gone, but in all only about `step_bytes`. Returns how many bytes went, and whether the step
/// was too small for all.
pub(super) fn delete_oldest(
    transaction: &Transaction<'_>,
    before: i64,
    excess: u64,
    step_bytes: u64,
) -> rusqlite::Result<(u64, bool)> {
    let mut oldest = transaction.prepare_cached(&format!(
        "SELECT key, at, {SIZE} FROM answers ORDER BY at, key LIMIT ?1"
    ))?;
    let mut delete = transaction.prepare_cached("DELETE FROM answers WHERE key = ?1")?;
    let mut rows = oldest.query([to_sql(STEP_ROWS)])?;
    let (mut keys, mut bytes) = (Vec::new(), 0);
    let mut is_more = false;
    while let Some(row) = rows.next()? {
        let at: i64 = row.get(1)?;
        if at >= before && bytes >= excess {
            break;
        }
        is_more = bytes >= step_bytes || keys.len() as u64 + 1 == STEP_ROWS;
        if bytes >= step_bytes {
            break;
        }
        keys.push(row.get::<_, String>(0)?);
        bytes += from_sql(row.get(2)?);
    }
    drop(rows);
    for key in keys {
        delete.execute([key])?;
    }
    Ok((bytes, is_more))
}

#[cfg(test)]
mod tests;
