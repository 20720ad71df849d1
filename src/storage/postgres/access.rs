//! Stores and loads access records: PINs, people, sessions and tokens.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
use diesel::{PgConnection, sql_query};

use super::columns::{Number, from_sql, small, to_sql};
use crate::access::{AccessChange, AccessRecords, Person, PinHash, Role, Session, Token};
use crate::domain::PersonId;
use crate::storage::StorageError;

/// The columns of a PIN's hash.
#[derive(QueryableByName)]
struct PinColumns {
    #[diesel(sql_type = Binary)]
    salt: Vec<u8>,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    memory_kib: i64,
    #[diesel(sql_type = BigInt)]
    passes: i64,
}

impl PinColumns {
    fn hash(self) -> Result<PinHash, StorageError> {
        Ok(PinHash {
            salt: fixed(self.salt)?,
            hash: fixed(self.hash)?,
            memory_kib: small(self.memory_kib),
            passes: small(self.passes),
        })
    }
}

#[derive(QueryableByName)]
struct PinRow {
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(embed)]
    pin: PinColumns,
    #[diesel(sql_type = Bool)]
    announced: bool,
}

#[derive(QueryableByName)]
struct PersonRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(embed)]
    pin: PinColumns,
    #[diesel(sql_type = BigInt)]
    created_at: i64,
}

#[derive(QueryableByName)]
struct SessionRow {
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = BigInt)]
    expires_at: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    person: Option<i64>,
}

#[derive(QueryableByName)]
struct TokenRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = BigInt)]
    created_at: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    used_at: Option<i64>,
}

/// Everything that is kept of who may do what. A role that this program does not know lets nobody in.
pub(super) fn load(
    connection: &mut PgConnection,
    office: &str,
) -> Result<AccessRecords, StorageError> {
    let mut records = AccessRecords {
        revision: revision(connection, office)?,
        ..AccessRecords::default()
    };
    let last = sql_query("SELECT last_person AS number FROM offices WHERE office = $1")
        .bind::<Text, _>(office)
        .get_result::<Number>(connection)?;
    records.last_person = small(last.number.unwrap_or(0));
    let people = sql_query(
        "SELECT id, name, role, salt, hash, memory_kib, passes, created_at FROM people
         WHERE office = $1 ORDER BY id",
    )
    .bind::<Text, _>(office)
    .load::<PersonRow>(connection)?;
    for row in people {
        if let Some(role) = Role::parse(&row.role) {
            records.people.push(Person {
                id: PersonId(small(row.id)),
                name: row.name.into(),
                role,
                pin: row.pin.hash()?,
                created_at: row.created_at,
            });
        }
    }
    let pins = sql_query(
        "SELECT role, salt, hash, memory_kib, passes, announced FROM pins WHERE office = $1 ORDER BY role",
    )
    .bind::<Text, _>(office)
    .load::<PinRow>(connection)?;
    for row in pins {
        if let Some(role) = Role::parse(&row.role) {
            records.pins.push((role, row.pin.hash()?));
            if !row.announced {
                records.unannounced.push(role);
            }
        }
    }
    let sessions =
        sql_query("SELECT hash, role, expires_at, person FROM sessions WHERE office = $1")
            .bind::<Text, _>(office)
            .load::<SessionRow>(connection)?;
    for row in sessions {
        if let Some(role) = Role::parse(&row.role) {
            records.sessions.push(Session {
                hash: fixed(row.hash)?,
                role,
                expires_at: row.expires_at,
                person: row.person.map(|id| PersonId(small(id))),
            });
        }
    }
    let tokens = sql_query(
        "SELECT id, hash, name, role, created_at, used_at FROM tokens WHERE office = $1 ORDER BY id",
    )
    .bind::<Text, _>(office)
    .load::<TokenRow>(connection)?;
    for row in tokens {
        if let Some(role) = Role::parse(&row.role) {
            records.tokens.push(Token {
                id: from_sql(row.id),
                hash: fixed(row.hash)?,
                name: row.name,
                role,
                created_at: row.created_at,
                used_at: row.used_at,
            });
        }
    }
    Ok(records)
}

/// Bytes of a known length.
fn fixed<const LENGTH: usize>(bytes: Vec<u8>) -> Result<[u8; LENGTH], StorageError> {
    bytes
        .try_into()
        .map_err(|bytes: Vec<u8>| StorageError::Damaged {
            what: "the hash of a PIN, session or token".to_owned(),
            why: format!("it has {} bytes instead of {LENGTH}", bytes.len()),
        })
}

/// The number of changes of shared PINs and people so far.
fn revision(connection: &mut PgConnection, office: &str) -> Result<u64, StorageError> {
    let revision = sql_query("SELECT access_revision AS number FROM offices WHERE office = $1")
        .bind::<Text, _>(office)
        .get_result::<Number>(connection)?;
    Ok(from_sql(revision.number.unwrap_or(0)))
}

/// Makes one change, in a transaction that holds the lock of the office.
pub(super) fn change(
    connection: &mut PgConnection,
    office: &str,
    change: &AccessChange,
) -> Result<(), StorageError> {
    if change.raises_revision() {
        sql_query("UPDATE offices SET access_revision = access_revision + 1 WHERE office = $1")
            .bind::<Text, _>(office)
            .execute(connection)?;
    }
    match change {
        AccessChange::ExpectRevision(expected) => {
            match revision(connection, office)? == *expected {
                true => Ok(()),
                false => Err(StorageError::Conflict),
            }
        }
        AccessChange::SetPin(role, pin) => {
            set_pin(connection, office, *role, pin)?;
            end_shared_sessions(connection, office, *role)
        }
        AccessChange::RemovePin(role) => {
            sql_query("DELETE FROM pins WHERE office = $1 AND role = $2")
                .bind::<Text, _>(office)
                .bind::<Text, _>(role.as_str())
                .execute(connection)?;
            end_shared_sessions(connection, office, *role)
        }
        AccessChange::AddPerson(person) => add_person(connection, office, person),
        AccessChange::ChangePerson {
            person,
            ends_sessions,
        } => {
            if *ends_sessions {
                end_sessions_of(connection, office, person.id)?;
            }
            change_person(connection, office, person)
        }
        AccessChange::RemovePerson(id) => {
            end_sessions_of(connection, office, *id)?;
            delete_by_id(connection, office, "people", id.0.into())
        }
        AccessChange::PinUnannounced(role) => set_announced(connection, office, *role, false),
        AccessChange::PinAnnounced(role) => set_announced(connection, office, *role, true),
        AccessChange::AddSession { session, now } => add_session(connection, office, session, *now),
        AccessChange::EndSession(hash) => {
            sql_query("DELETE FROM sessions WHERE office = $1 AND hash = $2")
                .bind::<Text, _>(office)
                .bind::<Binary, _>(hash.as_slice())
                .execute(connection)?;
            Ok(())
        }
        AccessChange::AddToken(token) => add_token(connection, office, token),
        AccessChange::DeleteToken { id } => delete_by_id(connection, office, "tokens", to_sql(*id)),
        AccessChange::TokenUsed { id, at } => {
            sql_query("UPDATE tokens SET used_at = $3 WHERE office = $1 AND id = $2")
                .bind::<Text, _>(office)
                .bind::<BigInt, _>(to_sql(*id))
                .bind::<BigInt, _>(at)
                .execute(connection)?;
            Ok(())
        }
    }
}

fn set_pin(
    connection: &mut PgConnection,
    office: &str,
    role: Role,
    pin: &PinHash,
) -> Result<(), StorageError> {
    sql_query(
        "INSERT INTO pins (office, role, salt, hash, memory_kib, passes, announced)
         VALUES ($1, $2, $3, $4, $5, $6, true)
         ON CONFLICT (office, role) DO UPDATE SET salt = $3, hash = $4, memory_kib = $5, passes = $6,
             announced = true",
    )
    .bind::<Text, _>(office)
    .bind::<Text, _>(role.as_str())
    .bind::<Binary, _>(pin.salt.as_slice())
    .bind::<Binary, _>(pin.hash.as_slice())
    .bind::<BigInt, _>(i64::from(pin.memory_kib))
    .bind::<BigInt, _>(i64::from(pin.passes))
    .execute(connection)?;
    Ok(())
}

fn add_person(
    connection: &mut PgConnection,
    office: &str,
    person: &Person,
) -> Result<(), StorageError> {
    sql_query(
        "INSERT INTO people (office, id, name, role, salt, hash, memory_kib, passes, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(i64::from(person.id.0))
    .bind::<Text, _>(&*person.name)
    .bind::<Text, _>(person.role.as_str())
    .bind::<Binary, _>(person.pin.salt.as_slice())
    .bind::<Binary, _>(person.pin.hash.as_slice())
    .bind::<BigInt, _>(i64::from(person.pin.memory_kib))
    .bind::<BigInt, _>(i64::from(person.pin.passes))
    .bind::<BigInt, _>(person.created_at)
    .execute(connection)?;
    // An id is never given again, because the history names people by their ids.
    sql_query("UPDATE offices SET last_person = greatest(last_person, $2) WHERE office = $1")
        .bind::<Text, _>(office)
        .bind::<BigInt, _>(i64::from(person.id.0))
        .execute(connection)?;
    Ok(())
}

fn change_person(
    connection: &mut PgConnection,
    office: &str,
    person: &Person,
) -> Result<(), StorageError> {
    sql_query(
        "UPDATE people SET name = $3, role = $4, salt = $5, hash = $6, memory_kib = $7, passes = $8
         WHERE office = $1 AND id = $2",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(i64::from(person.id.0))
    .bind::<Text, _>(&*person.name)
    .bind::<Text, _>(person.role.as_str())
    .bind::<Binary, _>(person.pin.salt.as_slice())
    .bind::<Binary, _>(person.pin.hash.as_slice())
    .bind::<BigInt, _>(i64::from(person.pin.memory_kib))
    .bind::<BigInt, _>(i64::from(person.pin.passes))
    .execute(connection)?;
    Ok(())
}

fn add_session(
    connection: &mut PgConnection,
    office: &str,
    session: &Session,
    now: i64,
) -> Result<(), StorageError> {
    sql_query("DELETE FROM sessions WHERE office = $1 AND expires_at <= $2")
        .bind::<Text, _>(office)
        .bind::<BigInt, _>(now)
        .execute(connection)?;
    sql_query(
        "INSERT INTO sessions (office, hash, role, expires_at, person) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (office, hash) DO UPDATE SET role = $3, expires_at = $4, person = $5",
    )
    .bind::<Text, _>(office)
    .bind::<Binary, _>(session.hash.as_slice())
    .bind::<Text, _>(session.role.as_str())
    .bind::<BigInt, _>(session.expires_at)
    .bind::<Nullable<BigInt>, _>(session.person.map(|id| i64::from(id.0)))
    .execute(connection)?;
    Ok(())
}

fn add_token(
    connection: &mut PgConnection,
    office: &str,
    token: &Token,
) -> Result<(), StorageError> {
    sql_query(
        "INSERT INTO tokens (office, id, hash, name, role, created_at, used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(to_sql(token.id))
    .bind::<Binary, _>(token.hash.as_slice())
    .bind::<Text, _>(&token.name)
    .bind::<Text, _>(token.role.as_str())
    .bind::<BigInt, _>(token.created_at)
    .bind::<Nullable<BigInt>, _>(token.used_at)
    .execute(connection)?;
    Ok(())
}

fn end_shared_sessions(
    connection: &mut PgConnection,
    office: &str,
    role: Role,
) -> Result<(), StorageError> {
    sql_query("DELETE FROM sessions WHERE office = $1 AND role = $2 AND person IS NULL")
        .bind::<Text, _>(office)
        .bind::<Text, _>(role.as_str())
        .execute(connection)?;
    Ok(())
}

fn end_sessions_of(
    connection: &mut PgConnection,
    office: &str,
    person: PersonId,
) -> Result<(), StorageError> {
    sql_query("DELETE FROM sessions WHERE office = $1 AND person = $2")
        .bind::<Text, _>(office)
        .bind::<BigInt, _>(i64::from(person.0))
        .execute(connection)?;
    Ok(())
}

fn set_announced(
    connection: &mut PgConnection,
    office: &str,
    role: Role,
    announced: bool,
) -> Result<(), StorageError> {
    sql_query("UPDATE pins SET announced = $3 WHERE office = $1 AND role = $2")
        .bind::<Text, _>(office)
        .bind::<Text, _>(role.as_str())
        .bind::<Bool, _>(announced)
        .execute(connection)?;
    Ok(())
}

fn delete_by_id(
    connection: &mut PgConnection,
    office: &str,
    table: &str,
    id: i64,
) -> Result<(), StorageError> {
    sql_query(format!("DELETE FROM {table} WHERE office = $1 AND id = $2"))
        .bind::<Text, _>(office)
        .bind::<BigInt, _>(id)
        .execute(connection)?;
    Ok(())
}
