//! Appends a batch to the office.

use std::collections::HashSet;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};
use diesel::{PgConnection, sql_query};

use super::columns::{Number, from_sql, json, to_sql};
use super::prepared::Prepared;
use super::{access, audit, doorbell, tickets, webhooks};
use crate::domain::{DeskName, TicketRow, Timestamp};
use crate::storage::{AuditEntry, Batch, StorageError};

/// Begins a transaction that holds the lock of the connection's office, in one round trip.
pub(super) const BEGIN_AND_LOCK: &str = "BEGIN;
    SELECT FROM offices WHERE office = current_setting('turnero.office') FOR UPDATE";

/// All that most batches have, in one statement, so that it takes one round trip, and the office is locked no longer
/// than the commit takes. It does nothing if the office does not end at the event that is expected.
const INSERT: &str = "
    WITH new (office, expected, last, id, at, entries) AS (SELECT ?, ?, ?, ?, ?, ?),
    office AS (
        UPDATE offices SET last_seq = coalesce(new.last, last_seq), last_audit = last_audit + new.entries
        FROM new WHERE offices.office = new.office AND last_seq = new.expected
        RETURNING new.office AS name, new.id, new.at, last_audit - new.entries AS last_audit),
    batch AS (
        INSERT INTO batches (office, id, at) SELECT name, id, (extract(epoch FROM now()) * 1000)::bigint FROM office),
    new_events AS (
        INSERT INTO events (office, seq, at, body)
        SELECT name, one.* FROM office, unnest(?, ?, ?) AS one),
    new_tickets AS (
        INSERT INTO tickets (office, seq, code, service, priority, state, created_at, since, first_called_at,
            ended_at, waited_ms, served_ms, desk, calls, transfers, person)
        SELECT name, one.* FROM office, unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) AS one
        ON CONFLICT (office, seq) DO UPDATE SET code = excluded.code, service = excluded.service,
            priority = excluded.priority, state = excluded.state, created_at = excluded.created_at,
            since = excluded.since, first_called_at = excluded.first_called_at, ended_at = excluded.ended_at,
            waited_ms = excluded.waited_ms, served_ms = excluded.served_ms, desk = excluded.desk,
            calls = excluded.calls, transfers = excluded.transfers, person = excluded.person),
    new_answers AS (
        INSERT INTO answers (office, at, key, request, status, headers, body)
        SELECT name, office.at, one.* FROM office, unnest(?, ?, ?, ?, ?) AS one),
    new_entries AS (
        INSERT INTO audit (office, at, count, id, seq, kind, subject, desk, to_desk, to_service, fields, role,
            token, address, person)
        SELECT name, office.at, 1, last_audit + place, seq, kind, subject, desk, to_desk, to_service, fields, role,
            token, address, person
        FROM office, unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WITH ORDINALITY
            AS one (seq, kind, subject, desk, to_desk, to_service, fields, role, token, address, person, place))
    SELECT FROM office";

/// Retention of the ids of batches, in milliseconds: far longer than one is looked up.
const BATCH_RETENTION_MS: i64 = 60 * 60 * 1_000;

/// Locks the office's row until the transaction ends. Returns its last event.
pub(super) fn lock_row(connection: &mut PgConnection, office: &str) -> Result<u64, StorageError> {
    let end = sql_query("SELECT last_seq AS number FROM offices WHERE office = $1 FOR UPDATE")
        .bind::<Text, _>(office)
        .get_result::<Number>(connection)?;
    Ok(from_sql(end.number.unwrap_or(0)))
}

/// The last event of the office; `None` if there is no such office.
pub(super) fn find_end(
    connection: &mut PgConnection,
    office: &str,
) -> Result<Option<u64>, StorageError> {
    let end = sql_query("SELECT last_seq AS number FROM offices WHERE office = $1")
        .bind::<Text, _>(office)
        .get_result::<Number>(connection)
        .optional()?;
    Ok(end.and_then(|end| end.number).map(from_sql))
}

/// Where a batch goes.
pub(super) struct Place<'a> {
    pub(super) office: &'a str,
    /// The event that the office must end at.
    pub(super) expected: u64,
    /// The id of the batch.
    pub(super) id: i64,
    /// The server that notifies the others.
    pub(super) server: i64,
}

/// Appends a batch and commits it. `is_locked` says that a transaction is open. After `Database` the connection can no
/// longer be used, and it is not known whether the batch is stored.
pub(super) fn append(
    connection: &mut PgConnection,
    place: &Place<'_>,
    batch: &Batch,
    is_locked: bool,
) -> Result<(), StorageError> {
    let is_plain = batch.access.is_empty()
        && batch.webhooks.is_empty()
        && batch.rows.len() <= tickets::MOST_ROWS
        && !batch.audit.iter().any(audit::is_counted);
    if is_plain && !is_locked {
        return insert(connection, place, batch, (&batch.rows, &batch.audit));
    }
    if !is_locked {
        connection.batch_execute("BEGIN")?;
    }
    let written = match is_plain {
        true => insert(connection, place, batch, (&batch.rows, &batch.audit)),
        false => write(connection, place, batch),
    };
    match written {
        Ok(()) => Ok(connection.batch_execute("COMMIT")?),
        Err(error) => {
            let _ = connection.batch_execute("ROLLBACK");
            Err(error)
        }
    }
}

/// Writes any batch in the transaction that is open, and notifies the other servers of the office when it commits.
fn write(
    connection: &mut PgConnection,
    place: &Place<'_>,
    batch: &Batch,
) -> Result<(), StorageError> {
    let office = place.office;
    insert(connection, place, batch, (&[], &[]))?;
    tickets::upsert(connection, office, &batch.rows)?;
    for change in &batch.access {
        access::change(connection, office, change)?;
    }
    for change in &batch.webhooks {
        webhooks::change(connection, office, change)?;
    }
    audit::insert(connection, office, batch.at, &batch.audit)?;
    doorbell::notify(connection, office, &doorbell::message(place.server, batch))
}

/// Inserts the events and answers of a batch, rows of tickets, and entries of the audit log.
fn insert(
    connection: &mut PgConnection,
    place: &Place<'_>,
    batch: &Batch,
    (rows, entries): (&[TicketRow], &[AuditEntry]),
) -> Result<(), StorageError> {
    let expected = place.expected;
    let Batch {
        events, answers, ..
    } = batch;
    // Of several rows of a ticket the last one counts.
    let mut seen = HashSet::new();
    let newest = rows.iter().rev();
    let rows: Vec<&TicketRow> = newest.filter(|row| seen.insert(row.arrival)).collect();
    let texts =
        |of: fn(&TicketRow) -> &str| -> Vec<&str> { rows.iter().map(|row| of(row)).collect() };
    let numbers =
        |of: fn(&TicketRow) -> i64| -> Vec<i64> { rows.iter().map(|row| of(row)).collect() };
    let optional = |of: fn(&TicketRow) -> Option<i64>| -> Vec<Option<i64>> {
        rows.iter().map(|row| of(row)).collect()
    };
    let desks = rows
        .iter()
        .map(|row| row.desk.as_ref().map(DeskName::as_str));
    let hashes = answers.iter().map(|one| one.request.as_bytes().as_slice());
    let audit = audit::Columns::of(entries);
    let found = Prepared::new(INSERT)
        .bind::<Text, _>(place.office)
        .bind::<BigInt, _>(to_sql(expected))
        .bind::<Nullable<BigInt>, _>(events.last().map(|last| to_sql(last.seq)))
        .bind::<BigInt, _>(place.id)
        .bind::<BigInt, _>(batch.at)
        .bind::<BigInt, _>(entries.len() as i64)
        .bind::<Array<BigInt>, _>(events.iter().map(|one| to_sql(one.seq)).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(
            events
                .iter()
                .map(|one| one.at.as_millis())
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Text>, _>(
            events
                .iter()
                .map(|one| json(&one.event))
                .collect::<Vec<_>>(),
        )
        .bind::<Array<BigInt>, _>(numbers(|row| to_sql(row.arrival.as_seq())))
        .bind::<Array<Text>, _>(texts(|row| row.code.as_str()))
        .bind::<Array<Text>, _>(texts(|row| row.service.as_str()))
        .bind::<Array<Text>, _>(texts(|row| &row.priority))
        .bind::<Array<Text>, _>(texts(|row| row.state.as_str()))
        .bind::<Array<BigInt>, _>(numbers(|row| row.created_at.as_millis()))
        .bind::<Array<BigInt>, _>(numbers(|row| row.since.as_millis()))
        .bind::<Array<Nullable<BigInt>>, _>(optional(|row| {
            row.first_called_at.map(Timestamp::as_millis)
        }))
        .bind::<Array<Nullable<BigInt>>, _>(optional(|row| row.ended_at.map(Timestamp::as_millis)))
        .bind::<Array<Nullable<BigInt>>, _>(optional(|row| row.waited_ms))
        .bind::<Array<Nullable<BigInt>>, _>(optional(|row| row.served_ms))
        .bind::<Array<Nullable<Text>>, _>(desks.collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(numbers(|row| row.calls.into()))
        .bind::<Array<BigInt>, _>(numbers(|row| row.transfers.into()))
        .bind::<Array<Nullable<BigInt>>, _>(optional(|row| row.person.map(|id| id.0.into())))
        .bind::<Array<Text>, _>(
            answers
                .iter()
                .map(|one| one.key.as_str())
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Binary>, _>(hashes.collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(
            answers
                .iter()
                .map(|one| one.status.into())
                .collect::<Vec<i64>>(),
        )
        .bind::<Array<Text>, _>(
            answers
                .iter()
                .map(|one| json(&one.headers))
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Binary>, _>(
            answers
                .iter()
                .map(|one| one.body.as_slice())
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<BigInt>>, _>(audit.seqs)
        .bind::<Array<Text>, _>(audit.kinds)
        .bind::<Array<Nullable<Text>>, _>(audit.subjects)
        .bind::<Array<Nullable<Text>>, _>(audit.desks)
        .bind::<Array<Nullable<Text>>, _>(audit.to_desks)
        .bind::<Array<Nullable<Text>>, _>(audit.to_services)
        .bind::<Array<Nullable<Text>>, _>(audit.fields)
        .bind::<Array<Nullable<Text>>, _>(audit.roles)
        .bind::<Array<Nullable<Text>>, _>(audit.tokens)
        .bind::<Array<Nullable<Text>>, _>(audit.addresses)
        .bind::<Array<Nullable<Text>>, _>(audit.people)
        .execute(connection)?;
    match found {
        0 => Err(StorageError::MovedOn { expected }),
        _ => Ok(()),
    }
}

/// Finds out whether the batch `id` is stored, after its connection failed. If it is not, it never will be, also if the
/// database still works on it.
pub(super) fn settle(
    connection: &mut PgConnection,
    office: &str,
    id: i64,
) -> Result<bool, StorageError> {
    connection.transaction(|connection| {
        // A commit that goes on is waited for.
        lock_row(connection, office)?;
        let stored_at = sql_query("SELECT at AS number FROM batches WHERE office = $1 AND id = $2")
            .bind::<Text, _>(office)
            .bind::<BigInt, _>(id)
            .get_result::<Number>(connection)
            .optional()?;
        if let Some(stored_at) = stored_at.and_then(|found| found.number) {
            return Ok(stored_at >= 0);
        }
        sql_query(
            "INSERT INTO batches (office, id, at)
             VALUES ($1, $2, -(extract(epoch FROM now()) * 1000)::bigint)",
        )
        .bind::<Text, _>(office)
        .bind::<BigInt, _>(id)
        .execute(connection)?;
        Ok(false)
    })
}

/// Deletes the ids of batches that nobody looks up any more. Their times are the database's: the clock of one server may
/// be far ahead of that of another.
pub(super) fn purge_batches(
    connection: &mut PgConnection,
    office: &str,
) -> Result<(), StorageError> {
    sql_query(
        "DELETE FROM batches WHERE office = $1 AND abs(at) < extract(epoch FROM now()) * 1000 - $2",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(BATCH_RETENTION_MS)
    .execute(connection)?;
    Ok(())
}

/// The id of a batch.
pub(super) fn random_id() -> Result<i64, StorageError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| StorageError::Database(error.to_string().into()))?;
    Ok(i64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::super::{Database, PostgresJournal};
    use super::*;

    #[test]
    fn a_batch_that_was_given_up_is_not_stored_by_a_statement_that_comes_late() {
        let Ok(address) = std::env::var("TURNERO_TEST_POSTGRES") else {
            return;
        };
        let mut database = Database::new(&address);
        database.office = format!("{}-late", std::process::id());
        drop(PostgresJournal::open(&database).expect("opened"));
        let mut connection = database.connect().expect("connected");
        let office = database.office.as_str();
        let settled = |id| {
            let mut connection = database.connect().expect("connected");
            settle(&mut connection, office, id).expect("settled")
        };
        let place = |id| Place {
            office,
            expected: 0,
            id,
            server: 1,
        };
        assert!(!settled(7), "nothing is stored");
        let late = append(&mut connection, &place(7), &Batch::default(), false);
        assert!(late.is_err(), "its id is given up");
        assert!(!settled(7), "it is still not stored");
        append(&mut connection, &place(8), &Batch::default(), false).expect("appended");
        assert!(settled(8));
    }
}
