//! `/api/webhooks`: the programs that are sent events.

use serde::Serialize;
use serde_json::Value;

use super::execute::idempotent;
use super::fields::Fields;
use crate::digits;
use crate::domain::Timestamp;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::json::Time;
use crate::presentation::route::{Context, Handled};
use crate::presentation::webhooks::{Attempt, TYPES, WebhookFields, WebhookView, check_url};

/// The most visitors ahead of a ticket that approaches.
const MOST_AHEAD: u64 = 20;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WebhookJson<'a> {
    id: String,
    url: &'a str,
    types: &'a [String],
    approaching_ahead: u32,
    on: bool,
    /// The reason that the server switched it off; null if it did not.
    off_reason: Option<&'static str>,
    created_at: Time,
    /// Time at which the replaced secrets expire; null if there are none.
    old_secrets_until: Option<Time>,
    /// The last event that needs no delivery any more.
    position: u64,
    /// Events after it.
    events_behind: u64,
    /// For how long the oldest message has waited.
    behind_seconds: i64,
    next_attempt_at: Option<Time>,
    last_failure: Option<FailureJson<'a>>,
    /// The last attempts, newest first.
    deliveries: Vec<AttemptJson>,
    /// Only in the answer that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

#[derive(Serialize)]
struct FailureJson<'a> {
    at: Time,
    reason: &'a str,
    status: Option<u16>,
}

#[derive(Serialize)]
struct AttemptJson {
    at: Time,
    #[serde(rename = "type")]
    kind: &'static str,
    /// The event; null if the message is about none.
    seq: Option<u64>,
    delivered: bool,
    /// The reason of the failure; null if there was none.
    reason: Option<&'static str>,
    /// The status of the answer; null without one.
    status: Option<u16>,
}

impl From<&Attempt> for AttemptJson {
    fn from(attempt: &Attempt) -> Self {
        Self {
            at: Time(attempt.at),
            kind: attempt.kind,
            seq: attempt.seq,
            delivered: attempt.is_delivered(),
            reason: attempt.reason.map(|reason| reason.as_str()),
            status: attempt.status,
        }
    }
}

impl<'a> WebhookJson<'a> {
    fn of(view: &'a WebhookView, secret: Option<&'a str>) -> Self {
        let time = |ms| Time(Timestamp::from_millis(ms));
        let setup = &view.setup;
        let failure = view.progress.last_failure.as_ref();
        Self {
            id: setup.id.to_string(),
            url: &setup.url,
            types: &setup.types,
            approaching_ahead: setup.approaching_ahead,
            on: setup.is_on,
            off_reason: setup.off_reason.map(|reason| reason.as_str()),
            created_at: time(setup.created_at),
            old_secrets_until: setup
                .secrets
                .iter()
                .filter_map(|secret| secret.expires_at)
                .max()
                .map(time),
            position: view.progress.position,
            events_behind: view.events_behind,
            behind_seconds: view.behind_ms / 1_000,
            next_attempt_at: view.next_attempt_at.map(Time),
            last_failure: failure.map(|failure| FailureJson {
                at: time(failure.at),
                reason: &failure.reason,
                status: failure.status,
            }),
            deliveries: view.attempts.iter().map(AttemptJson::from).collect(),
            secret,
        }
    }
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("our own structs are always JSON")
}

/// `GET /api/webhooks`
pub fn list(context: &Context<'_>) -> Handled {
    let views = context.office.webhooks.list();
    let list: Vec<_> = views.iter().map(|one| WebhookJson::of(one, None)).collect();
    Ok(Answer::json(200, &list))
}

/// `GET /api/webhooks/ID`
pub fn show(context: &Context<'_>) -> Handled {
    let view = context.office.webhooks.show(id(context)?);
    let view = view.ok_or_else(|| missing(context))?;
    Ok(Answer::json(200, &WebhookJson::of(&view, None)))
}

/// `POST /api/webhooks`
pub fn create(context: &Context<'_>) -> Handled {
    let office = context.office;
    office.access.check_lasting(&context.caller)?;
    let fields = fields(context)?;
    if fields.url.is_none() {
        return Err(Problem::invalid(
            "url",
            "name the address that is to get the messages",
        ));
    }
    if fields.types.is_none() {
        return Err(Problem::invalid("types", "name at least one"));
    }
    once(context, || {
        let (view, secret) = office.webhooks.create(fields, &context.caller)?;
        Ok((201, json(&WebhookJson::of(&view, Some(&secret)))))
    })
}

/// `PATCH /api/webhooks/ID`
pub fn change(context: &Context<'_>) -> Handled {
    let office = context.office;
    office.access.check_lasting(&context.caller)?;
    let fields = fields(context)?;
    let view = office
        .webhooks
        .change(id(context)?, fields, &context.caller)?;
    let view = view.ok_or_else(|| missing(context))?;
    Ok(Answer::json(200, &WebhookJson::of(&view, None)))
}

/// `DELETE /api/webhooks/ID`
pub fn delete(context: &Context<'_>) -> Handled {
    let is_deleted = context
        .office
        .webhooks
        .delete(id(context)?, &context.caller)?;
    if is_deleted {
        Ok(Answer::empty(204))
    } else {
        Err(missing(context))
    }
}

/// `POST /api/webhooks/ID/secret`
pub fn rotate(context: &Context<'_>) -> Handled {
    let office = context.office;
    office.access.check_lasting(&context.caller)?;
    Fields::of_body(context.request)?.finish()?;
    once(context, || {
        let rotated = office.webhooks.rotate(id(context)?, &context.caller)?;
        let (view, secret) = rotated.ok_or_else(|| missing(context))?;
        Ok((200, json(&WebhookJson::of(&view, Some(&secret)))))
    })
}

/// `POST /api/webhooks/ID/test`
pub fn test(context: &Context<'_>) -> Handled {
    Fields::of_body(context.request)?.finish()?;
    once(context, || {
        let attempt = context.office.webhooks.test(id(context)?)?;
        let attempt = attempt.ok_or_else(|| missing(context))?;
        Ok((200, json(&AttemptJson::from(&attempt))))
    })
}

/// Answers with what `answer` makes, or as the same request under the same key was answered before.
fn once(context: &Context<'_>, answer: impl FnOnce() -> Result<(u16, Value), Problem>) -> Handled {
    let request = idempotent(context);
    let (status, body) = context.office.kept_answers.once(request, answer)?;
    Ok(Answer::json(status, &body))
}

fn id(context: &Context<'_>) -> Result<u64, Problem> {
    digits::parse(context.parameter()).ok_or_else(|| missing(context))
}

fn missing(context: &Context<'_>) -> Problem {
    Problem::not_found(format!("There is no webhook «{}».", context.parameter()))
}

fn fields(context: &Context<'_>) -> Result<WebhookFields, Problem> {
    let mut fields = Fields::of_body(context.request)?;
    let url = fields.text("url")?;
    if let Some(url) = &url {
        check_url(url).map_err(|why| Problem::invalid("url", why))?;
    }
    let types = fields.texts("types")?;
    if let Some(types) = &types {
        check_types(types)?;
    }
    let ahead = fields.number("approachingAhead", MOST_AHEAD)?;
    let is_on = fields.boolean("on")?;
    fields.finish()?;
    Ok(WebhookFields {
        url,
        types,
        approaching_ahead: ahead.and_then(|ahead| u32::try_from(ahead).ok()),
        is_on,
    })
}

fn check_types(types: &[String]) -> Result<(), Problem> {
    if types.is_empty() {
        return Err(Problem::invalid("types", "name at least one"));
    }
    for (n, one) in types.iter().enumerate() {
        if !TYPES.contains(&one.as_str()) {
            let known = TYPES.join(", ");
            let why = format!("«{one}» is not known; there are: {known}");
            return Err(Problem::invalid("types", why));
        }
        if types[..n].contains(one) {
            return Err(Problem::invalid("types", format!("«{one}» appears twice")));
        }
    }
    Ok(())
}
