//! Stores and loads webhooks, in their two tables.

use rusqlite::{Connection, Row, Transaction, params};

use super::columns::{from_sql, to_sql};
use crate::storage::StorageError;
use crate::webhook::{
    Failure, OffReason, Webhook, WebhookChange, WebhookProgress, WebhookSecret, WebhookSetup,
};

pub(super) const SCHEMA: &str = "
    CREATE TABLE webhooks (
        id                INTEGER PRIMARY KEY,
        url               TEXT NOT NULL,
        types             TEXT NOT NULL,     -- separated by spaces
        approaching_ahead INTEGER NOT NULL,
        is_on             INTEGER NOT NULL,
        off_reason        TEXT,              -- gone, failed
        created_at        INTEGER NOT NULL,  -- milliseconds since 1970-01-01T00:00:00Z
        position          INTEGER NOT NULL,  -- the last event that needs no delivery
        failing_ms        INTEGER NOT NULL DEFAULT 0,
        failed_at         INTEGER,           -- of the last attempt that failed
        failed_reason     TEXT,
        failed_status     INTEGER
    ) STRICT;
    CREATE TABLE webhook_secrets (
        webhook    INTEGER NOT NULL,
        place      INTEGER NOT NULL,         -- 0: the newest
        text       TEXT NOT NULL,            -- it signs, so it is no hash
        expires_at INTEGER,
        PRIMARY KEY (webhook, place)
    ) STRICT, WITHOUT ROWID;
";

/// The first version of the tables with webhooks.
const SINCE: i32 = 4;

/// All webhooks, oldest first; none in a file of an older version.
pub(super) fn load(connection: &Connection, version: i32) -> Result<Vec<Webhook>, StorageError> {
    if version < SINCE {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare(
        "SELECT id, url, types, approaching_ahead, is_on, off_reason, created_at, position, failing_ms, failed_at,
             failed_reason, failed_status
         FROM webhooks ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    let mut webhooks = Vec::new();
    while let Some(row) = rows.next()? {
        let mut webhook = read(row).map_err(|error| StorageError::Damaged {
            what: "a webhook".to_owned(),
            why: error.to_string(),
        })?;
        webhook.setup.secrets = secrets(connection, webhook.setup.id)?;
        webhooks.push(webhook);
    }
    Ok(webhooks)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    let types: String = row.get(2)?;
    let off_reason: Option<String> = row.get(5)?;
    let (at, reason): (Option<i64>, Option<String>) = (row.get(9)?, row.get(10)?);
    let status = row.get(11)?;
    Ok(Webhook {
        setup: WebhookSetup {
            id: from_sql(row.get(0)?),
            url: row.get(1)?,
            types: types.split_whitespace().map(str::to_owned).collect(),
            approaching_ahead: row.get(3)?,
            secrets: Vec::new(),
            is_on: row.get(4)?,
            off_reason: off_reason.and_then(|name| OffReason::parse(&name)),
            created_at: row.get(6)?,
        },
        progress: WebhookProgress {
            position: from_sql(row.get(7)?),
            failing_ms: row.get(8)?,
            last_failure: at
                .zip(reason)
                .map(|(at, reason)| Failure { at, reason, status }),
        },
    })
}

fn secrets(connection: &Connection, id: u64) -> rusqlite::Result<Vec<WebhookSecret>> {
    let mut statement = connection.prepare(
        "SELECT text, expires_at FROM webhook_secrets WHERE webhook = ?1 ORDER BY place",
    )?;
    let rows = statement.query_map([to_sql(id)], |row| {
        Ok(WebhookSecret {
            text: row.get(0)?,
            expires_at: row.get(1)?,
        })
    })?;
    rows.collect()
}

/// Makes one change.
pub(super) fn change(
    transaction: &Transaction<'_>,
    change: &WebhookChange,
) -> rusqlite::Result<()> {
    match change {
        WebhookChange::Add(webhook) => {
            transaction.execute(
                "INSERT INTO webhooks (id, url, types, approaching_ahead, is_on, created_at, position)
                 VALUES (?1, '', '', 0, 0, 0, 0)",
                [to_sql(webhook.setup.id)],
            )?;
            set_up(transaction, &webhook.setup)?;
            set_progress(transaction, webhook.setup.id, &webhook.progress)
        }
        WebhookChange::SetUp(setup) => set_up(transaction, setup),
        WebhookChange::Progress { id, progress } => set_progress(transaction, *id, progress),
        WebhookChange::Delete { id } => {
            transaction.execute("DELETE FROM webhooks WHERE id = ?1", [to_sql(*id)])?;
            delete_secrets(transaction, *id)
        }
    }
}

fn set_up(transaction: &Transaction<'_>, setup: &WebhookSetup) -> rusqlite::Result<()> {
    let updated = transaction.execute(
        "UPDATE webhooks SET url = ?2, types = ?3, approaching_ahead = ?4, is_on = ?5, off_reason = ?6,
             created_at = ?7
         WHERE id = ?1",
        params![
            to_sql(setup.id),
            setup.url,
            setup.types.join(" "),
            setup.approaching_ahead,
            setup.is_on,
            setup.off_reason.map(OffReason::as_str),
            setup.created_at,
        ],
    )?;
    if updated == 0 {
        return Ok(());
    }
    delete_secrets(transaction, setup.id)?;
    for (place, secret) in (0_i64..).zip(&setup.secrets) {
        transaction.execute(
            "INSERT INTO webhook_secrets (webhook, place, text, expires_at) VALUES (?1, ?2, ?3, ?4)",
            params![to_sql(setup.id), place, secret.text, secret.expires_at],
        )?;
    }
    Ok(())
}

fn delete_secrets(transaction: &Transaction<'_>, id: u64) -> rusqlite::Result<()> {
    let delete = "DELETE FROM webhook_secrets WHERE webhook = ?1";
    transaction.execute(delete, [to_sql(id)]).map(|_| ())
}

fn set_progress(
    transaction: &Transaction<'_>,
    id: u64,
    progress: &WebhookProgress,
) -> rusqlite::Result<()> {
    let failure = progress.last_failure.as_ref();
    transaction
        .prepare_cached(
            "UPDATE webhooks SET position = ?2, failing_ms = ?3, failed_at = ?4, failed_reason = ?5,
                 failed_status = ?6
             WHERE id = ?1",
        )?
        .execute(params![
            to_sql(id),
            to_sql(progress.position),
            progress.failing_ms,
            failure.map(|failure| failure.at),
            failure.map(|failure| &failure.reason),
            failure.and_then(|failure| failure.status),
        ])?;
    Ok(())
}
