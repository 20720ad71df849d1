//! Versions of the tables in a database, and the migrations from an earlier version.
//!
//! All offices of a database share the tables: each has a column `office`. Times are milliseconds since
//! 1970-01-01T00:00:00Z. JSON is stored as text, byte by byte as it was written.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use diesel::{PgConnection, sql_query};

use crate::storage::StorageError;

/// Version of the tables and of the JSON in them. It only grows: a new field has a default, and a stored name stays.
const VERSION: i64 = 1;

/// The advisory lock of whoever creates or migrates the tables: «Trn1» in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(1416785457)";

/// The migration to each version, in order.
const MIGRATIONS: [(i64, &str); 1] = [(1, VERSION_1)];

const VERSION_1: &str = "
    CREATE TABLE version (version bigint NOT NULL);
    INSERT INTO version VALUES (0);
    CREATE TABLE offices (
        office      text PRIMARY KEY,
        last_seq    bigint NOT NULL DEFAULT 0,  -- the last event; its row is the lock of whoever appends
        last_audit  bigint NOT NULL DEFAULT 0,  -- the last entry of the audit log
        last_person bigint NOT NULL DEFAULT 0,  -- the highest id that a person ever had
        access_revision bigint NOT NULL DEFAULT 0 -- the number of changes of PINs and people so far
    );
    CREATE TABLE batches (                      -- the last commits, to look one up whose answer was lost
        office text NOT NULL,
        id     bigint NOT NULL,                 -- drawn at random
        at     bigint NOT NULL,                 -- negative: given up, so that it never is stored
        PRIMARY KEY (office, id)
    );
    CREATE TABLE events (
        office text NOT NULL,
        seq    bigint NOT NULL,
        at     bigint NOT NULL,
        body   text NOT NULL,                   -- JSON
        PRIMARY KEY (office, seq)
    );
    CREATE TABLE snapshots (
        office text NOT NULL,
        seq    bigint NOT NULL,                 -- the last event in it
        body   text NOT NULL,                   -- JSON
        PRIMARY KEY (office, seq)
    );
    CREATE TABLE answers (
        office  text NOT NULL,
        key     text NOT NULL,                  -- Idempotency-Key
        request bytea NOT NULL,                 -- BLAKE2s of the request
        status  bigint NOT NULL,
        headers text NOT NULL,                  -- JSON
        body    bytea NOT NULL,
        at      bigint NOT NULL,
        PRIMARY KEY (office, key)
    );
    CREATE INDEX answers_by_age ON answers (office, at);
    CREATE TABLE audit (
        office     text NOT NULL,
        id         bigint NOT NULL,
        at         bigint NOT NULL,
        seq        bigint,
        kind       text NOT NULL,
        subject    text,
        desk       text,
        to_desk    text,
        to_service text,
        fields     text,                        -- JSON: names of settings
        count      bigint NOT NULL,
        role       text,                        -- who did it; NULL: the server by itself
        token      text,
        address    text,
        person     text,                        -- the name of who had signed in by name
        PRIMARY KEY (office, id)
    );
    CREATE INDEX audit_of_no_event ON audit (office, kind, at) WHERE seq IS NULL;
    CREATE TABLE tickets (
        office          text NOT NULL,
        seq             bigint NOT NULL,        -- the event that created it
        code            text NOT NULL,
        service         text NOT NULL,          -- the prefix of the service that it waits for, or waited for last
        priority        text NOT NULL,
        state           text NOT NULL,
        created_at      bigint NOT NULL,
        since           bigint NOT NULL,        -- when its state began
        first_called_at bigint,
        ended_at        bigint,
        waited_ms       bigint,                 -- NULL before its first call, and if it is unknown
        served_ms       bigint,
        desk            text,                   -- the one that called it last
        calls           bigint NOT NULL,
        transfers       bigint NOT NULL,
        person          bigint,                 -- the id of who called it last, if people sign in by name
        PRIMARY KEY (office, seq)
    );
    CREATE INDEX tickets_by_time ON tickets (office, created_at);
    CREATE INDEX tickets_by_person ON tickets (office, created_at) WHERE person IS NOT NULL;
    CREATE TABLE pins (
        office     text NOT NULL,
        role       text NOT NULL,               -- staff, admin
        salt       bytea NOT NULL,
        hash       bytea NOT NULL,              -- Argon2id
        memory_kib bigint NOT NULL,
        passes     bigint NOT NULL,
        announced  boolean NOT NULL,            -- false: made by the program, and told to nobody yet
        PRIMARY KEY (office, role)
    );
    CREATE TABLE people (
        office     text NOT NULL,
        id         bigint NOT NULL,
        name       text NOT NULL,
        role       text NOT NULL,               -- staff, admin
        salt       bytea NOT NULL,
        hash       bytea NOT NULL,              -- Argon2id
        memory_kib bigint NOT NULL,
        passes     bigint NOT NULL,
        created_at bigint NOT NULL,
        PRIMARY KEY (office, id),
        UNIQUE (office, name)
    );
    CREATE TABLE sessions (
        office     text NOT NULL,
        hash       bytea NOT NULL,              -- BLAKE2s of the cookie's value
        role       text NOT NULL,
        expires_at bigint NOT NULL,
        person     bigint,                      -- NULL: signed in with a shared PIN
        PRIMARY KEY (office, hash)
    );
    CREATE TABLE tokens (
        office     text NOT NULL,
        id         bigint NOT NULL,
        hash       bytea NOT NULL,              -- BLAKE2s of the token
        name       text NOT NULL,
        role       text NOT NULL,
        created_at bigint NOT NULL,
        used_at    bigint,
        PRIMARY KEY (office, id),
        UNIQUE (office, hash)
    );
    CREATE TABLE webhooks (
        office            text NOT NULL,
        id                bigint NOT NULL,
        url               text NOT NULL,
        types             text NOT NULL,        -- separated by spaces
        approaching_ahead bigint NOT NULL,
        is_on             boolean NOT NULL,
        off_reason        text,                 -- gone, failed
        created_at        bigint NOT NULL,
        position          bigint NOT NULL,      -- the last event that needs no delivery
        failing_ms        bigint NOT NULL,
        failed_at         bigint,               -- of the last attempt that failed
        failed_reason     text,
        failed_status     bigint,
        PRIMARY KEY (office, id)
    );
    CREATE TABLE webhook_secrets (
        office     text NOT NULL,
        webhook    bigint NOT NULL,
        place      bigint NOT NULL,             -- 0: the newest
        text       text NOT NULL,               -- it signs, so it is no hash
        expires_at bigint,
        PRIMARY KEY (office, webhook, place)
    );
";

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Nullable<BigInt>)]
    version: Option<i64>,
}

/// Makes the tables of a new database, or brings those of an earlier version to the newest, while nobody else does.
pub(super) fn migrate(connection: &mut PgConnection) -> Result<(), StorageError> {
    connection.transaction(|connection| {
        connection.batch_execute(LOCK)?;
        connection.batch_execute("CREATE SCHEMA IF NOT EXISTS turnero")?;
        let version = read(connection)?.unwrap_or(0);
        for (to, migration) in MIGRATIONS {
            if version < to {
                connection.batch_execute(migration)?;
                let update = sql_query("UPDATE version SET version = $1");
                update.bind::<BigInt, _>(to).execute(connection)?;
            }
        }
        Ok(())
    })
}

/// Refuses tables of a newer version. Returns the version; `None` if there are no tables.
pub(super) fn read(connection: &mut PgConnection) -> Result<Option<i64>, StorageError> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        found: bool,
    }
    let found = sql_query("SELECT to_regclass('turnero.version') IS NOT NULL AS found");
    if !found.get_result::<Found>(connection)?.found {
        return Ok(None);
    }
    let version = sql_query("SELECT max(version) AS version FROM version");
    let version = version.get_result::<Version>(connection)?.version;
    if version.is_some_and(|version| version > VERSION) {
        return Err(StorageError::Unusable(format!(
            "it was written by a newer turnero (version {} of the tables; this one reads up to {VERSION})",
            version.unwrap_or_default()
        )));
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_its_migration_in_order() {
        let versions: Vec<i64> = MIGRATIONS.iter().map(|(version, _)| *version).collect();
        assert_eq!(versions, (1..=VERSION).collect::<Vec<i64>>());
    }
}
