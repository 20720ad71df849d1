//! The tables of who may do what, and of who caused which event.

use rusqlite::{Connection, Transaction, params};
use serde::{Deserialize, Serialize};

use super::StorageError;
use super::access::{
    AccessChange, AccessRecords, Actor, PinHash, Role, SecretHash, Session, Token, Traced,
};
use super::sqlite::{from_sql, to_sql};

/// What version 2 of the file adds to version 1.
pub(super) const VERSION_2: &str = "
    ALTER TABLE events ADD COLUMN actor TEXT;   -- JSON: who caused it; NULL where it is not known
    CREATE TABLE pins (
        role       TEXT PRIMARY KEY,            -- staff, admin
        salt       BLOB NOT NULL,
        hash       BLOB NOT NULL,               -- Argon2id
        memory_kib INTEGER NOT NULL,
        passes     INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sessions (
        hash       BLOB PRIMARY KEY,            -- BLAKE2s of the cookie's value
        role       TEXT NOT NULL,
        expires_at INTEGER NOT NULL             -- milliseconds since 1970-01-01T00:00:00Z
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tokens (
        id         INTEGER PRIMARY KEY,             
        hash       BLOB NOT NULL UNIQUE,        -- BLAKE2s of the token
        name       TEXT NOT NULL,
        role       TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        used_at    INTEGER
    ) STRICT;
    CREATE TABLE marks (
        name  TEXT PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// The last event whose actor has been purged.
const PURGED: &str = "trace-purged";

/// Events that one step of a purge looks at: it shares its thread with people who wait.
const PURGE_STEP: i64 = 2_000;

#[derive(Serialize, Deserialize)]
struct ActorRecord {
    role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    address: String,
}

/// An actor as it is stored.
pub(super) fn write_actor(actor: &Actor) -> String {
    let record = ActorRecord {
        role: actor.role.as_str().to_owned(),
        token: actor.token.clone(),
        address: actor.address.to_string(),
    };
    serde_json::to_string(&record).expect("strings are always JSON")
}

fn read_actor(text: &str) -> Option<Actor> {
    let record: ActorRecord = serde_json::from_str(text).ok()?;
    Some(Actor {
        role: Role::parse(&record.role).unwrap_or(Role::Public),
        token: record.token,
        address: record.address.parse().ok()?,
    })
}

/// Everything that is kept of who may do what.
pub(super) fn load(connection: &Connection) -> Result<AccessRecords, StorageError> {
    let mut records = AccessRecords::default();
    let mut pins = connection
        .prepare("SELECT role, salt, hash, memory_kib, passes FROM pins ORDER BY role")?;
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
        }
    }
    let mut sessions = connection.prepare("SELECT hash, role, expires_at FROM sessions")?;
    let mut rows = sessions.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(role) = role(row, 1)? {
            records.sessions.push(Session {
                hash: row.get(0)?,
                role,
                expires_at: row.get(2)?,
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
    match change {
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
            transaction.execute("DELETE FROM sessions WHERE role = ?1", [role.as_str()])
        }
        AccessChange::AddSession { session, now } => {
            transaction.execute("DELETE FROM sessions WHERE expires_at <= ?1", [now])?;
            transaction.execute(
                "INSERT OR REPLACE INTO sessions (hash, role, expires_at) VALUES (?1, ?2, ?3)",
                params![
                    session.hash.as_slice(),
                    session.role.as_str(),
                    session.expires_at
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

/// Events before event `before`, newest first, with who caused them.
pub(super) fn trace(
    connection: &Connection,
    before: u64,
    limit: u64,
) -> Result<Vec<Traced>, StorageError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, at, body, actor FROM events WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
    )?;
    let mut rows = statement.query([to_sql(before), to_sql(limit)])?;
    let mut traced = Vec::new();
    while let Some(row) = rows.next()? {
        let actor: Option<String> = row.get(3)?;
        traced.push(Traced {
            seq: from_sql(row.get(0)?),
            at: row.get(1)?,
            event: row.get(2)?,
            actor: actor.as_deref().and_then(read_actor),
        });
    }
    Ok(traced)
}

/// Forgets who caused the events before the time `before`, a bounded number of them at a time;
/// says whether there may be more.
pub(super) fn purge(connection: &mut Connection, before: i64) -> Result<bool, StorageError> {
    let transaction = connection.transaction()?;
    let purged: i64 = transaction.query_row(
        "SELECT coalesce((SELECT value FROM marks WHERE name = ?1), 0)",
        [PURGED],
        |row| row.get(0),
    )?;
    // A clock that was wrong for a while does not end it: the last old one in the step counts.
    let last: Option<i64> = transaction.query_row(
        "SELECT max(seq) FROM events WHERE seq > ?1 AND seq <= ?1 + ?2 AND at < ?3",
        [purged, PURGE_STEP, before],
        |row| row.get(0),
    )?;
    let Some(last) = last else {
        return Ok(false);
    };
    transaction.execute(
        "UPDATE events SET actor = NULL WHERE seq > ?1 AND seq <= ?2 AND actor IS NOT NULL",
        [purged, last],
    )?;
    transaction.execute(
        "INSERT OR REPLACE INTO marks (name, value) VALUES (?1, ?2)",
        params![PURGED, last],
    )?;
    transaction.commit()?;
    Ok(last == purged + PURGE_STEP)
}
