//! Stores and loads access records: PINs, people, sessions and tokens.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::columns::{from_sql, one, to_sql};
use crate::access::{
    AccessChange, AccessRecords, Person, PinHash, Role, SecretHash, Session, Token,
};
use crate::domain::PersonId;
use crate::storage::StorageError;

/// The table of people. SQLite never gives an id again, because the history names people by their ids.
const PEOPLE: &str = "
    CREATE TABLE people (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        name       TEXT NOT NULL UNIQUE,
        role       TEXT NOT NULL,               -- staff, admin
        salt       BLOB NOT NULL,
        hash       BLOB NOT NULL,               -- Argon2id
        memory_kib INTEGER NOT NULL,
        passes     INTEGER NOT NULL,
        created_at INTEGER NOT NULL             -- milliseconds since 1970-01-01T00:00:00Z
    ) STRICT;
";

/// The first version of the tables with people.
const VERSION_WITH_PEOPLE: i32 = 5;

/// Makes the tables of a new file.
pub(super) fn create(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(SCHEMA)?;
    transaction.execute_batch(PEOPLE)
}

/// Adds people to the tables of an earlier version.
pub(super) fn add_people(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(PEOPLE)?;
    transaction.execute_batch("ALTER TABLE sessions ADD COLUMN person INTEGER")
}

/// The tables of shared PINs, sessions and tokens.
pub(super) const SCHEMA: &str = "
    CREATE TABLE pins (
        role       TEXT PRIMARY KEY,            -- staff, admin
        salt       BLOB NOT NULL,
        hash       BLOB NOT NULL,               -- Argon2id
        memory_kib INTEGER NOT NULL,
        passes     INTEGER NOT NULL,
        announced  INTEGER NOT NULL DEFAULT 1   -- 0: made by the program, and told to nobody yet
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sessions (
        hash       BLOB PRIMARY KEY,            -- BLAKE2s of the cookie's value
        role       TEXT NOT NULL,
        expires_at INTEGER NOT NULL,            -- milliseconds since 1970-01-01T00:00:00Z
        person     INTEGER                      -- NULL: signed in with a shared PIN
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tokens (
        id         INTEGER PRIMARY KEY,
        hash       BLOB NOT NULL UNIQUE,        -- BLAKE2s of the token
        name       TEXT NOT NULL,
        role       TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        used_at    INTEGER
    ) STRICT;
";

/// Everything that is kept of who may do what.
pub(super) fn load(connection: &Connection, version: i32) -> Result<AccessRecords, StorageError> {
    let mut records = AccessRecords::default();
    let has_people = version >= VERSION_WITH_PEOPLE;
    if has_people {
        records.people = load_people(connection)?;
        let last = "SELECT seq FROM sqlite_sequence WHERE name = 'people'";
        let last: Option<u32> = connection.query_row(last, [], one).optional()?;
        records.last_person = last.unwrap_or(0);
    }
    let mut pins = connection.prepare(
        "SELECT role, salt, hash, memory_kib, passes, announced FROM pins ORDER BY role",
    )?;
    let mut rows = pins.query([])?;
    while let Some(row) = rows.next()? {
        let pin = PinHash {
            salt: row.get(1)?,
            hash: row.get(2)?,
            memory_kib: row.get(3)?,
            passes: row.get(4)?,
        };
        if let Some(role) = role(row, 0)? {
            records.pins.push((role, pin));
            if !row.get(5)? {
                records.unannounced.push(role);
            }
        }
    }
    let person = if has_people { "person" } else { "NULL" };
    let sessions = format!("SELECT hash, role, expires_at, {person} FROM sessions");
    let mut sessions = connection.prepare(&sessions)?;
    let mut rows = sessions.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(role) = role(row, 1)? {
            records.sessions.push(Session {
                hash: row.get(0)?,
                role,
                expires_at: row.get(2)?,
                person: row.get::<_, Option<u32>>(3)?.map(PersonId),
            });
        }
    }
    let mut tokens = connection
        .prepare("SELECT id, hash, name, role, created_at, used_at FROM tokens ORDER BY id")?;
    let mut rows = tokens.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(role) = role(row, 3)? {
            records.tokens.push(Token {
                id: from_sql(row.get(0)?),
                hash: row.get(1)?,
                name: row.get(2)?,
                role,
                created_at: row.get(4)?,
                used_at: row.get(5)?,
            });
        }
    }
    Ok(records)
}

fn load_people(connection: &Connection) -> Result<Vec<Person>, StorageError> {
    let mut people = connection.prepare(
        "SELECT id, name, role, salt, hash, memory_kib, passes, created_at FROM people ORDER BY id",
    )?;
    let mut rows = people.query([])?;
    let mut people = Vec::new();
    while let Some(row) = rows.next()? {
        if let Some(role) = role(row, 2)? {
            people.push(Person {
                id: PersonId(row.get(0)?),
                name: row.get::<_, Arc<str>>(1)?,
                role,
                pin: PinHash {
                    salt: row.get(3)?,
                    hash: row.get(4)?,
                    memory_kib: row.get(5)?,
                    passes: row.get(6)?,
                },
                created_at: row.get(7)?,
            });
        }
    }
    Ok(people)
}

/// A role; `None` for one that this program does not know, which then lets nobody in.
fn role(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<Role>> {
    let word: String = row.get(column)?;
    Ok(Role::parse(&word))
}

/// Makes one change.
pub(super) fn change(
    transaction: &Transaction<'_>,
    change: &AccessChange,
) -> rusqlite::Result<usize> {
    let delete_session = |hash: &SecretHash| {
        transaction.execute("DELETE FROM sessions WHERE hash = ?1", [hash.as_slice()])
    };
    let end_shared_sessions = |role: &Role| {
        transaction.execute(
            "DELETE FROM sessions WHERE role = ?1 AND person IS NULL",
            [role.as_str()],
        )
    };
    let end_sessions_of =
        |id: PersonId| transaction.execute("DELETE FROM sessions WHERE person = ?1", [id.0]);
    let set_announced = |role: &Role, announced: bool| {
        transaction.execute(
            "UPDATE pins SET announced = ?2 WHERE role = ?1",
            params![role.as_str(), announced],
        )
    };
    match change {
        // A data file has one server.
        AccessChange::ExpectRevision(_) => Ok(0),
        AccessChange::SetPin(role, pin) => {
            transaction.execute(
                "INSERT OR REPLACE INTO pins (role, salt, hash, memory_kib, passes)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    role.as_str(),
                    pin.salt.as_slice(),
                    pin.hash.as_slice(),
                    pin.memory_kib,
                    pin.passes
                ],
            )?;
            end_shared_sessions(role)
        }
        AccessChange::RemovePin(role) => {
            transaction.execute("DELETE FROM pins WHERE role = ?1", [role.as_str()])?;
            end_shared_sessions(role)
        }
        AccessChange::AddPerson(person) => transaction.execute(
            "INSERT INTO people (id, name, role, salt, hash, memory_kib, passes, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                person.id.0,
                person.name,
                person.role.as_str(),
                person.pin.salt.as_slice(),
                person.pin.hash.as_slice(),
                person.pin.memory_kib,
                person.pin.passes,
                person.created_at
            ],
        ),
        AccessChange::ChangePerson {
            person,
            ends_sessions,
        } => {
            if *ends_sessions {
                end_sessions_of(person.id)?;
            }
            transaction.execute(
                "UPDATE people SET name = ?2, role = ?3, salt = ?4, hash = ?5, memory_kib = ?6,
                     passes = ?7 WHERE id = ?1",
                params![
                    person.id.0,
                    person.name,
                    person.role.as_str(),
                    person.pin.salt.as_slice(),
                    person.pin.hash.as_slice(),
                    person.pin.memory_kib,
                    person.pin.passes
                ],
            )
        }
        AccessChange::RemovePerson(id) => {
            end_sessions_of(*id)?;
            transaction.execute("DELETE FROM people WHERE id = ?1", [id.0])
        }
        AccessChange::PinUnannounced(role) => set_announced(role, false),
        AccessChange::PinAnnounced(role) => set_announced(role, true),
        AccessChange::AddSession { session, now } => {
            transaction.execute("DELETE FROM sessions WHERE expires_at <= ?1", [now])?;
            transaction.execute(
                "INSERT OR REPLACE INTO sessions (hash, role, expires_at, person)
                 VALUES (?1, ?2, ?3, ?4)",
                params![
                    session.hash.as_slice(),
                    session.role.as_str(),
                    session.expires_at,
                    session.person.map(|id| id.0)
                ],
            )
        }
        AccessChange::EndSession(hash) => delete_session(hash),
        AccessChange::AddToken(token) => transaction.execute(
            "INSERT INTO tokens (id, hash, name, role, created_at, used_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                to_sql(token.id),
                token.hash.as_slice(),
                token.name,
                token.role.as_str(),
                token.created_at,
                token.used_at
            ],
        ),
        AccessChange::DeleteToken { id } => {
            transaction.execute("DELETE FROM tokens WHERE id = ?1", [to_sql(*id)])
        }
        AccessChange::TokenUsed { id, at } => transaction.execute(
            "UPDATE tokens SET used_at = ?2 WHERE id = ?1",
            params![to_sql(*id), at],
        ),
    }
}
