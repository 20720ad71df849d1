//! The tables of webhooks.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use diesel::{PgConnection, sql_query};

use super::columns::{from_sql, small, to_sql};
use crate::storage::StorageError;
use crate::webhook::{
    Failure, OffReason, Webhook, WebhookChange, WebhookProgress, WebhookSecret, WebhookSetup,
};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    url: String,
    #[diesel(sql_type = Text)]
    types: String,
    #[diesel(sql_type = BigInt)]
    approaching_ahead: i64,
    #[diesel(sql_type = Bool)]
    is_on: bool,
    #[diesel(sql_type = Nullable<Text>)]
    off_reason: Option<String>,
    #[diesel(sql_type = BigInt)]
    created_at: i64,
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = BigInt)]
    failing_ms: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    failed_at: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    failed_reason: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    failed_status: Option<i64>,
}

#[derive(QueryableByName)]
struct SecretRow {
    #[diesel(sql_type = BigInt)]
    webhook: i64,
    #[diesel(sql_type = Text)]
    text: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    expires_at: Option<i64>,
}

/// All webhooks, oldest first.
pub(super) fn load(
    connection: &mut PgConnection,
    office: &str,
) -> Result<Vec<Webhook>, StorageError> {
    let rows = sql_query(
        "SELECT id, url, types, approaching_ahead, is_on, off_reason, created_at, position, failing_ms, failed_at,
             failed_reason, failed_status
         FROM webhooks WHERE office = $1 ORDER BY id",
    )
    .bind::<Text, _>(office)
    .load::<Row>(connection)?;
    let secrets = sql_query(
        "SELECT webhook, text, expires_at FROM webhook_secrets WHERE office = $1
         ORDER BY webhook, place",
    )
    .bind::<Text, _>(office)
    .load::<SecretRow>(connection)?;
    Ok(rows.into_iter().map(|row| read(row, &secrets)).collect())
}

fn read(row: Row, secrets: &[SecretRow]) -> Webhook {
    let secrets = secrets.iter().filter(|secret| secret.webhook == row.id);
    let secrets = secrets.map(|secret| WebhookSecret {
        text: secret.text.clone(),
        expires_at: secret.expires_at,
    });
    let status = row.failed_status;
    let failure = row.failed_at.zip(row.failed_reason);
    Webhook {
        setup: WebhookSetup {
            id: from_sql(row.id),
            url: row.url,
            types: row.types.split_whitespace().map(str::to_owned).collect(),
            approaching_ahead: small(row.approaching_ahead),
            secrets: secrets.collect(),
            is_on: row.is_on,
            off_reason: row.off_reason.and_then(|name| OffReason::parse(&name)),
            created_at: row.created_at,
        },
        progress: WebhookProgress {
            position: from_sql(row.position),
            failing_ms: row.failing_ms,
            last_failure: failure.map(|(at, reason)| Failure {
                at,
                reason,
                status: status.and_then(|status| u16::try_from(status).ok()),
            }),
        },
    }
}

/// Makes one change.
pub(super) fn change(
    connection: &mut PgConnection,
    office: &str,
    change: &WebhookChange,
) -> Result<(), StorageError> {
    match change {
        WebhookChange::Add(webhook) => {
            let id = webhook.setup.id;
            sql_query(
                "INSERT INTO webhooks
                     (office, id, url, types, approaching_ahead, is_on, created_at, position, failing_ms)
                 VALUES ($1, $2, '', '', 0, false, 0, 0, 0)",
            )
            .bind::<Text, _>(office)
            .bind::<BigInt, _>(to_sql(id))
            .execute(connection)?;
            set_up(connection, office, &webhook.setup)?;
            set_progress(connection, office, id, &webhook.progress)
        }
        WebhookChange::SetUp(setup) => set_up(connection, office, setup),
        WebhookChange::Progress { id, progress } => set_progress(connection, office, *id, progress),
        WebhookChange::Delete { id } => {
            sql_query("DELETE FROM webhooks WHERE office = $1 AND id = $2")
                .bind::<Text, _>(office)
                .bind::<BigInt, _>(to_sql(*id))
                .execute(connection)?;
            delete_secrets(connection, office, *id)
        }
    }
}

fn set_up(
    connection: &mut PgConnection,
    office: &str,
    setup: &WebhookSetup,
) -> Result<(), StorageError> {
    let updated = sql_query(
        "UPDATE webhooks SET url = $3, types = $4, approaching_ahead = $5, is_on = $6, off_reason = $7,
             created_at = $8
         WHERE office = $1 AND id = $2",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(to_sql(setup.id))
    .bind::<Text, _>(&setup.url)
    .bind::<Text, _>(setup.types.join(" "))
    .bind::<BigInt, _>(i64::from(setup.approaching_ahead))
    .bind::<Bool, _>(setup.is_on)
    .bind::<Nullable<Text>, _>(setup.off_reason.map(OffReason::as_str))
    .bind::<BigInt, _>(setup.created_at)
    .execute(connection)?;
    if updated == 0 {
        return Ok(());
    }
    delete_secrets(connection, office, setup.id)?;
    let texts: Vec<&str> = setup.secrets.iter().map(|one| one.text.as_str()).collect();
    let ends: Vec<Option<i64>> = setup.secrets.iter().map(|one| one.expires_at).collect();
    sql_query(
        "INSERT INTO webhook_secrets (office, webhook, place, text, expires_at)
         SELECT $1, $2, place - 1, text, expires_at
         FROM unnest($3, $4) WITH ORDINALITY AS secrets (text, expires_at, place)",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(to_sql(setup.id))
    .bind::<Array<Text>, _>(texts)
    .bind::<Array<Nullable<BigInt>>, _>(ends)
    .execute(connection)?;
    Ok(())
}

fn delete_secrets(
    connection: &mut PgConnection,
    office: &str,
    id: u64,
) -> Result<(), StorageError> {
    sql_query("DELETE FROM webhook_secrets WHERE office = $1 AND webhook = $2")
        .bind::<Text, _>(office)
        .bind::<BigInt, _>(to_sql(id))
        .execute(connection)?;
    Ok(())
}

fn set_progress(
    connection: &mut PgConnection,
    office: &str,
    id: u64,
    progress: &WebhookProgress,
) -> Result<(), StorageError> {
    let failure = progress.last_failure.as_ref();
    let status = failure.and_then(|failure| failure.status);
    sql_query(
        "UPDATE webhooks SET position = $3, failing_ms = $4, failed_at = $5, failed_reason = $6,
             failed_status = $7
         WHERE office = $1 AND id = $2",
    )
    .bind::<Text, _>(office)
    .bind::<BigInt, _>(to_sql(id))
    .bind::<BigInt, _>(to_sql(progress.position))
    .bind::<BigInt, _>(progress.failing_ms)
    .bind::<Nullable<BigInt>, _>(failure.map(|failure| failure.at))
    .bind::<Nullable<Text>, _>(failure.map(|failure| failure.reason.as_str()))
    .bind::<Nullable<BigInt>, _>(status.map(i64::from))
    .execute(connection)?;
    Ok(())
}
