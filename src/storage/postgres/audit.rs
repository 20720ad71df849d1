//! The table of the audit log.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel::{PgConnection, sql_query};

use super::columns::{Number, from_sql, json, to_sql};
use crate::access::{Actor, Role};
use crate::storage::StorageError;
use crate::storage::audit::{AuditEntry, AuditKind, AuditRecord};

/// The newest entry that erased those before it; 0 without one.
const ERASED: &str = "(SELECT coalesce(max(id), 0) FROM audit
    WHERE office = $1 AND seq IS NULL AND kind = 'audit-erased')";

/// Rows that one step of a purge deletes: commands wait for it.
const PURGE_STEP: i64 = 2_000;

const HOUR_MS: i64 = 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Addresses with an entry of their own for wrong PINs within an hour; further ones share an entry.
const MOST_REFUSED: i64 = 20;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    at: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    seq: Option<i64>,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    subject: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    desk: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    to_desk: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    to_service: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    fields: Option<String>,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    token: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    address: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    person: Option<String>,
}

#[derive(QueryableByName)]
struct Kind {
    #[diesel(sql_type = Text)]
    kind: String,
}

/// Inserts entries, or counts them with earlier ones of their kind and address.
pub(super) fn insert(
    connection: &mut PgConnection,
    office: &str,
    at: i64,
    entries: &[AuditEntry],
) -> Result<(), StorageError> {
    for run in entries.chunk_by(|one, next| !is_counted(one) && !is_counted(next)) {
        match run {
            [entry] if is_counted(entry) => insert_refused(connection, office, at, entry)?,
            run => insert_rows(connection, office, at, run, 1)?,
        }
    }
    Ok(())
}

fn insert_refused(
    connection: &mut PgConnection,
    office: &str,
    at: i64,
    entry: &AuditEntry,
) -> Result<(), StorageError> {
    let since = at - HOUR_MS;
    if add_count(connection, office, entry, since, 1)? {
        return Ok(());
    }
    let addresses = sql_query(
        "SELECT count(*) AS number FROM audit
         WHERE office = $1 AND seq IS NULL AND kind = $2 AND at > $3",
    )
    .bind::<Text, _>(office)
    .bind::<Text, _>(entry.kind.as_str())
    .bind::<BigInt, _>(since)
    .get_result::<Number>(connection)?;
    if addresses.number.unwrap_or(0) < MOST_REFUSED {
        return insert_rows(connection, office, at, std::slice::from_ref(entry), 1);
    }
    let shared = AuditEntry::new(entry.kind, None, None);
    if add_count(connection, office, &shared, since, 1)? {
        return Ok(());
    }
    insert_rows(connection, office, at, &[shared], 1)
}

/// Adds to the count of the newest entry of that kind and address that is younger than `since`.
/// Returns whether there is one.
fn add_count(
    connection: &mut PgConnection,
    office: &str,
    entry: &AuditEntry,
    since: i64,
    count: u64,
) -> Result<bool, StorageError> {
    let changed = sql_query(
        "UPDATE audit SET count = count + $5 WHERE office = $1 AND id =
             (SELECT max(id) FROM audit
              WHERE office = $1 AND seq IS NULL AND kind = $2 AND at > $3
                  AND address IS NOT DISTINCT FROM $4)",
    )
    .bind::<Text, _>(office)
    .bind::<Text, _>(entry.kind.as_str())
    .bind::<BigInt, _>(since)
    .bind::<Nullable<Text>, _>(address(entry))
    .bind::<BigInt, _>(to_sql(count))
    .execute(connection)?;
    Ok(changed > 0)
}

fn insert_rows(
    connection: &mut PgConnection,
    office: &str,
    at: i64,
    entries: &[AuditEntry],
    count: u64,
) -> Result<(), StorageError> {
    let columns = Columns::of(entries);
    sql_query(
        "WITH last AS (
             UPDATE offices SET last_audit = last_audit + cardinality($4::bigint[]) WHERE office = $1
             RETURNING last_audit - cardinality($4::bigint[]) AS id)
         INSERT INTO audit (office, at, count, id, seq, kind, subject, desk, to_desk, to_service, fields, role,
             token, address, person)
         SELECT $1, $2, $3, last.id + place, seq, kind, subject, desk, to_desk, to_service, fields, role, token,
             address, person
         FROM last, unnest($4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) WITH ORDINALITY
             AS new (seq, kind, subject, desk, to_desk, to_service, fields, role, token, address, person, place)",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(at)
    .bind::<BigInt, _>(to_sql(count))
    .bind::<Array<Nullable<BigInt>>, _>(columns.seqs)
    .bind::<Array<Text>, _>(columns.kinds)
    .bind::<Array<Nullable<Text>>, _>(columns.subjects)
    .bind::<Array<Nullable<Text>>, _>(columns.desks)
    .bind::<Array<Nullable<Text>>, _>(columns.to_desks)
    .bind::<Array<Nullable<Text>>, _>(columns.to_services)
    .bind::<Array<Nullable<Text>>, _>(columns.fields)
    .bind::<Array<Nullable<Text>>, _>(columns.roles)
    .bind::<Array<Nullable<Text>>, _>(columns.tokens)
    .bind::<Array<Nullable<Text>>, _>(columns.addresses)
    .bind::<Array<Nullable<Text>>, _>(columns.people)
    .execute(connection)?;
    Ok(())
}

/// Entries as columns of the table.
pub(super) struct Columns<'a> {
    pub(super) seqs: Vec<Option<i64>>,
    pub(super) kinds: Vec<&'a str>,
    pub(super) subjects: Vec<Option<&'a str>>,
    pub(super) desks: Vec<Option<&'a str>>,
    pub(super) to_desks: Vec<Option<&'a str>>,
    pub(super) to_services: Vec<Option<&'a str>>,
    pub(super) fields: Vec<Option<String>>,
    pub(super) roles: Vec<Option<&'a str>>,
    pub(super) tokens: Vec<Option<&'a str>>,
    pub(super) addresses: Vec<Option<String>>,
    pub(super) people: Vec<Option<&'a str>>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(entries: &'a [AuditEntry]) -> Self {
        fn column<'a>(
            entries: &'a [AuditEntry],
            of: impl Fn(&'a AuditEntry) -> Option<&'a str>,
        ) -> Vec<Option<&'a str>> {
            entries.iter().map(of).collect()
        }
        let actor = |of: fn(&Actor) -> Option<&str>| {
            column(entries, move |one| one.actor.as_ref().and_then(of))
        };
        let fields = |one: &AuditEntry| (!one.fields.is_empty()).then(|| json(&one.fields));
        Self {
            seqs: entries.iter().map(|one| one.seq.map(to_sql)).collect(),
            kinds: entries.iter().map(|one| one.kind.as_str()).collect(),
            subjects: column(entries, |one| one.subject.as_deref()),
            desks: column(entries, |one| one.desk.as_deref()),
            to_desks: column(entries, |one| one.to_desk.as_deref()),
            to_services: column(entries, |one| one.to_service.as_deref()),
            fields: entries.iter().map(fields).collect(),
            roles: actor(|actor| Some(actor.role.as_str())),
            tokens: actor(|actor| actor.token.as_deref()),
            addresses: entries.iter().map(address).collect(),
            people: actor(|actor| actor.person.as_deref()),
        }
    }
}

/// Whether entries of that kind are counted with earlier ones of the same address.
pub(super) fn is_counted(entry: &AuditEntry) -> bool {
    entry.kind == AuditKind::SignInRefused
}

fn address(entry: &AuditEntry) -> Option<String> {
    entry.actor.as_ref().map(|actor| actor.address.to_string())
}

/// The entries before the id `before`, newest first.
pub(super) fn read(
    connection: &mut PgConnection,
    office: &str,
    before: u64,
    limit: u64,
) -> Result<Vec<AuditRecord>, StorageError> {
    let rows = sql_query(format!(
        "SELECT id, at, seq, kind, subject, desk, to_desk, to_service, fields, count, role, token, address, person
         FROM audit WHERE office = $1 AND id < $2 AND id >= {ERASED} ORDER BY id DESC LIMIT $3"
    ))
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(to_sql(before))
    .bind::<BigInt, _>(to_sql(limit))
    .load::<Row>(connection)?;
    rows.into_iter().map(read_row).collect()
}

fn read_row(row: Row) -> Result<AuditRecord, StorageError> {
    let id = from_sql(row.id);
    let damaged = |why: String| StorageError::Damaged {
        what: format!("audit entry {id}"),
        why,
    };
    let fields = row
        .fields
        .map_or(Ok(Vec::new()), |fields| serde_json::from_str(&fields));
    let actor = match row.role.zip(row.address) {
        Some((role, address)) => Some(Actor {
            role: Role::named(&role).ok_or_else(|| damaged(format!("unknown role «{role}»")))?,
            token: row.token,
            person: row.person.map(Into::into),
            person_id: None,
            address: address
                .parse()
                .map_err(|_| damaged(format!("«{address}» is no address")))?,
        }),
        None => None,
    };
    let kind = AuditKind::parse(&row.kind);
    Ok(AuditRecord {
        id,
        at: row.at,
        entry: AuditEntry {
            kind: kind.ok_or_else(|| damaged(format!("unknown kind «{}»", row.kind)))?,
            seq: row.seq.map(from_sql),
            subject: row.subject,
            desk: row.desk,
            to_desk: row.to_desk,
            to_service: row.to_service,
            fields: fields.map_err(|error| damaged(error.to_string()))?,
            actor,
        },
        count: from_sql(row.count),
    })
}

/// Deletes a bounded number of rows: erased entries, and entries from before the time `before`. `at` is
/// the time of the entry that counts them. Returns whether there may be more.
pub(super) fn purge(
    connection: &mut PgConnection,
    office: &str,
    before: i64,
    at: i64,
) -> Result<bool, StorageError> {
    let erased = sql_query(format!(
        "DELETE FROM audit WHERE office = $1 AND id IN
             (SELECT id FROM audit WHERE office = $1 AND id < {ERASED} LIMIT $2)"
    ))
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(PURGE_STEP)
    .execute(connection)?;
    let expired = sql_query(
        "DELETE FROM audit WHERE office = $1 AND id IN
             (SELECT id FROM audit WHERE office = $1 AND at < $2 LIMIT $3)
         RETURNING kind",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(before)
    .bind::<BigInt, _>(PURGE_STEP)
    .load::<Kind>(connection)?;
    // Entries that count a purge are not counted again: each would leave another.
    let is_purged = |row: &&Kind| row.kind != AuditKind::AuditPurged.as_str();
    let counted = expired.iter().filter(is_purged).count() as u64;
    if counted > 0 {
        let entry = AuditEntry::new(AuditKind::AuditPurged, None, None);
        if !add_count(connection, office, &entry, at - DAY_MS, counted)? {
            insert_rows(connection, office, at, &[entry], counted)?;
        }
    }
    Ok(erased.max(expired.len()) as i64 == PURGE_STEP)
}
