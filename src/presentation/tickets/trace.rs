//! `/api/trace`: who did what, when, from where.

use serde::Serialize;
use serde_json::Value;

use super::fields::Fields;
use crate::domain::{Queue, TicketId, Timestamp};
use crate::presentation::answer::Answer;
use crate::presentation::json::Time;
use crate::presentation::router::{Context, Handled};
use crate::storage::Traced;

/// Events in one answer, unless the request says otherwise, and at most.
const LISTED: u64 = 100;
const MOST_LISTED: u64 = 1_000;

/// One event. What is not known is null: what happens by itself has no actor, and after
/// `--keep-days` nothing has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TraceJson {
    seq: u64,
    at: Time,
    #[serde(rename = "type")]
    kind: String,
    /// Of a ticket that is still in memory.
    code: Option<String>,
    desk: Option<String>,
    service: Option<String>,
    role: Option<&'static str>,
    token: Option<String>,
    address: Option<String>,
}

/// `GET /api/trace?before=SEQ&limit=`: newest first.
pub fn list(context: &Context<'_>) -> Handled {
    let mut fields = Fields::of_query(context.request)?;
    let before = fields.number("before", u64::MAX)?;
    let limit = fields.number("limit", MOST_LISTED)?.unwrap_or(LISTED);
    fields.finish()?;
    let tickets = &context.office.tickets;
    let traced = tickets.trace(before.unwrap_or(u64::MAX), limit)?;
    let events: Vec<Value> = traced
        .iter()
        .map(|one| serde_json::from_str(&one.event).unwrap_or(Value::Null))
        .collect();
    let codes = tickets.look(|queue| {
        let codes = events.iter().map(|event| code(queue, event));
        codes.collect::<Vec<Option<String>>>()
    });
    let shown: Vec<TraceJson> = traced
        .into_iter()
        .zip(events)
        .zip(codes)
        .map(|((one, event), code)| shown(one, &event, code))
        .collect();
    Ok(Answer::json(200, &shown))
}

fn code(queue: &Queue, event: &Value) -> Option<String> {
    let id = TicketId::parse(event["ticket"].as_str()?)?;
    queue.ticket(id).map(|ticket| ticket.code())
}

fn shown(one: Traced, event: &Value, code: Option<String>) -> TraceJson {
    let text = |name: &str| event[name].as_str().map(str::to_owned);
    let actor = one.actor;
    TraceJson {
        seq: one.seq,
        at: Time(Timestamp::from_millis(one.at)),
        kind: text("type").unwrap_or_default(),
        code,
        desk: text("desk"),
        service: text("service"),
        role: actor.as_ref().map(|actor| actor.role.as_str()),
        address: actor.as_ref().map(|actor| actor.address.to_string()),
        token: actor.and_then(|actor| actor.token),
    }
}
