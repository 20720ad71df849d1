//! The table of answers to requests with an `Idempotency-Key`.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::{PgConnection, sql_query};

use super::columns::Number;
use crate::storage::{RequestHash, StorageError, StoredAnswer};

/// Limit of all stored answers of an office, in bytes: some 100,000 of them. A purge drops the oldest beyond it.
const MOST_BYTES: i64 = 64 * 1024 * 1024;

/// Rows that one step of a purge deletes: commands wait for it.
const STEP_ROWS: i64 = 2_000;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Binary)]
    request: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    status: i64,
    #[diesel(sql_type = Text)]
    headers: String,
    #[diesel(sql_type = Binary)]
    body: Vec<u8>,
}

/// The answer stored under that key.
pub(super) fn find(
    connection: &mut PgConnection,
    office: &str,
    key: &str,
) -> Result<Option<StoredAnswer>, StorageError> {
    let row = sql_query(
        "SELECT request, status, headers, body FROM answers WHERE office = $1 AND key = $2",
    )
    .bind::<Text, _>(office)
    .bind::<Text, _>(key)
    .get_result::<Row>(connection)
    .optional()?;
    let Some(row) = row else {
        return Ok(None);
    };
    let damaged = |why: &str| StorageError::Damaged {
        what: "a stored answer".to_owned(),
        why: why.to_owned(),
    };
    let request: [u8; 16] = row.request.try_into().map_err(|_| damaged("its hash"))?;
    Ok(Some(StoredAnswer {
        key: key.to_owned(),
        request: RequestHash::from_bytes(request),
        status: u16::try_from(row.status).map_err(|_| damaged("its status"))?,
        headers: serde_json::from_str(&row.headers).unwrap_or_default(),
        body: row.body,
    }))
}

/// Deletes at most `STEP_ROWS` answers: those from before the time `before`, and the oldest beyond the limit of bytes. Returns
/// whether there may be more.
pub(super) fn purge(
    connection: &mut PgConnection,
    office: &str,
    before: i64,
) -> Result<bool, StorageError> {
    let deleted = sql_query(
        "DELETE FROM answers WHERE office = $1 AND key IN
             (SELECT key FROM answers WHERE office = $1 AND at < $2 ORDER BY at LIMIT $3)",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(before)
    .bind::<BigInt, _>(STEP_ROWS)
    .execute(connection)?;
    if deleted as i64 == STEP_ROWS {
        return Ok(true);
    }
    let size = "octet_length(key) + octet_length(headers) + octet_length(body)";
    let excess = sql_query(format!(
        "SELECT (coalesce(sum({size}), 0) - $2)::bigint AS number FROM answers WHERE office = $1"
    ))
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(MOST_BYTES)
    .get_result::<Number>(connection)?
    .number
    .unwrap_or(0);
    if excess <= 0 {
        return Ok(false);
    }
    let deleted = sql_query(format!(
        "DELETE FROM answers WHERE office = $1 AND key IN
             (SELECT key FROM
                  (SELECT key, sum({size}) OVER (ORDER BY at, key) - ({size}) AS bytes_before
                   FROM answers WHERE office = $1) AS sizes
              WHERE bytes_before < $2 ORDER BY bytes_before LIMIT $3)"
    ))
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(excess)
    .bind::<BigInt, _>(STEP_ROWS)
    .execute(connection)?;
    Ok(deleted as i64 == STEP_ROWS)
}
