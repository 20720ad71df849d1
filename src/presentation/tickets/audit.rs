//! `/api/trace`: who did what, when, from where. The file of an office has it, too.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use super::fields::Fields;
use crate::access::Actor;
use crate::digits;
use crate::domain::{Queue, TicketId, Timestamp};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::http::route::{Context, Handled};
use crate::presentation::json::Time;
use crate::storage::{Noted, Place, Traced, What};

/// Events in one answer, unless the request says otherwise, and at most.
const LISTED: u64 = 100;
const MOST_LISTED: u64 = 1_000;

/// Events that are read in one go: the ledger's thread does it, and people wait for that.
pub const STEP: u64 = 1_000;

/// One event, or something else that belongs here. What is not known or does not apply is null: what
/// happens by itself has no actor, and after `--keep-days` nothing has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceJson {
    /// Its place: an event's `seq`, or that of the event before it, a dot, and a number.
    id: String,
    seq: u64,
    at: Time,
    #[serde(rename = "type")]
    kind: String,
    /// Of the ticket, or of all that a step was about.
    code: Option<String>,
    desk: Option<String>,
    service: Option<String>,
    /// The desk to which it was sent on.
    to_desk: Option<String>,
    /// What a change of the settings was about.
    fields: Option<Vec<String>>,
    /// Whose PIN, or which token.
    about: Option<String>,
    /// So many were summed up.
    count: Option<u64>,
    role: Option<&'static str>,
    token: Option<String>,
    address: Option<String>,
}

/// `DELETE /api/trace`: forgets who did what until now, as `--keep-days` does with what is older.
pub fn purge(context: &Context<'_>) -> Handled {
    Fields::of_body(context.request)?.finish()?;
    let note = context.caller.note(Noted::PurgeAsked);
    context.office.tickets.purge_audit(note)?;
    Ok(Answer::empty(204))
}

/// `GET /api/trace?before=ID&limit=`: newest first.
pub fn list(context: &Context<'_>) -> Handled {
    let mut fields = Fields::of_query(context.request)?;
    let before = match fields.text("before")? {
        Some(text) => place(&text).ok_or_else(|| {
            let why = format!("«{text}» is no id of the trace");
            Problem::invalid("before", why)
        })?,
        None => Place::END,
    };
    let limit = fields.number("limit", MOST_LISTED)?.unwrap_or(LISTED);
    fields.finish()?;
    let tickets = &context.office.tickets;
    let traced = tickets.read_audit(before, limit)?;
    let events: Vec<Value> = traced.iter().map(event).collect();
    let codes = tickets.read_queue(|queue| codes(queue, &events));
    Ok(Answer::json(200, &shown_all(traced, &events, &codes)))
}

/// All of it as far as it is kept, newest first and `most` at most. `next` gives what is before a
/// place, and `queue` the codes of tickets that are still in memory.
pub fn all<E>(
    queue: &Queue,
    most: usize,
    mut next: impl FnMut(Place) -> Result<Vec<Traced>, E>,
) -> Result<Vec<TraceJson>, E> {
    let mut traced: Vec<Traced> = Vec::new();
    while traced.len() < most {
        let before = traced.last().map_or(Place::END, |one| one.place);
        let step = next(before)?;
        if step.is_empty() {
            break;
        }
        traced.extend(step);
    }
    traced.truncate(most);
    let events: Vec<Value> = traced.iter().map(event).collect();
    let codes = codes(queue, &events);
    Ok(shown_all(traced, &events, &codes))
}

fn place(text: &str) -> Option<Place> {
    let (seq, note) = text.split_once('.').unwrap_or((text, "0"));
    Some(Place {
        seq: digits::parse(seq)?,
        note: digits::parse(note)?,
    })
}

type Codes = HashMap<String, String>;

/// The codes of the tickets that these events are about, as far as the queue or an event says them.
fn codes(queue: &Queue, events: &[Value]) -> Codes {
    let mut codes = Codes::new();
    for event in events {
        for id in tickets(event) {
            if codes.contains_key(id) {
                continue;
            }
            let made = (event["type"] == "ticket-created").then(|| written(event));
            let ticket = || TicketId::parse(id).and_then(|id| queue.ticket(id));
            if let Some(code) = made.flatten().or_else(|| ticket().map(|t| t.code())) {
                codes.insert(id.to_owned(), code);
            }
        }
    }
    codes
}

/// The code of a ticket, from the event that made it.
fn written(event: &Value) -> Option<String> {
    let service = event["service"].as_str()?;
    let number = event["number"].as_u64()?;
    let digits = usize::try_from(event["digits"].as_u64().unwrap_or(1)).ok()?;
    Some(format!("{service}{number:0digits$}"))
}

/// An event as it is stored; null for what is none.
fn event(one: &Traced) -> Value {
    match &one.what {
        What::Event { body, .. } => serde_json::from_str(body).unwrap_or(Value::Null),
        What::Note { .. } => Value::Null,
    }
}

/// The ids of the tickets that an event is about.
fn tickets(event: &Value) -> Vec<&str> {
    match (event["ticket"].as_str(), event["tickets"].as_array()) {
        (Some(one), _) => vec![one],
        (None, Some(several)) => several.iter().filter_map(Value::as_str).collect(),
        (None, None) => Vec::new(),
    }
}

fn shown_all(traced: Vec<Traced>, events: &[Value], codes: &Codes) -> Vec<TraceJson> {
    let both = traced.into_iter().zip(events);
    both.map(|(one, event)| shown(one, event, codes)).collect()
}

fn shown(one: Traced, event: &Value, codes: &Codes) -> TraceJson {
    let text = |name: &str| event[name].as_str().map(str::to_owned);
    let codes: Vec<&str> = tickets(event)
        .into_iter()
        .filter_map(|id| codes.get(id).map(String::as_str))
        .collect();
    let Place { seq, note } = one.place;
    let (kind, fields, about, count) = match one.what {
        What::Event { fields, .. } => {
            let kind = text("type").unwrap_or_default();
            (kind, (!fields.is_empty()).then_some(fields), None, None)
        }
        What::Note { kind, about, count } => (kind, None, about, Some(count)),
    };
    let (role, token, address) = match one.actor {
        Some(Actor {
            role,
            token,
            address,
        }) => (Some(role.as_str()), token, Some(address.to_string())),
        None => (None, None, None),
    };
    TraceJson {
        id: match note {
            0 => seq.to_string(),
            note => format!("{seq}.{note}"),
        },
        seq,
        at: Time(Timestamp::from_millis(one.at)),
        code: (!codes.is_empty()).then(|| codes.join(", ")),
        desk: text("desk"),
        service: text("service"),
        to_desk: event["list"]["desk"].as_str().map(str::to_owned),
        kind,
        fields,
        about,
        count,
        role,
        token,
        address,
    }
}
