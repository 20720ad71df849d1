//! How a handler has a command carried out, and how what came of it is answered.

use crate::domain::Command;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::http::route::{Context, Handled};
use crate::presentation::json::SettingsJson;
use crate::presentation::services::{Granted, Keyed, Outcome, Render, Reply};

/// The longest `Idempotency-Key`, in bytes: several UUIDs.
const LONGEST_KEY: usize = 255;

/// From so many bytes on a key is taken for drawn at random: 128 bits in base64, as in UUIDs.
const UNGUESSABLE_KEY: usize = 22;

/// Has a command carried out. Under an `Idempotency-Key` it happens once, and the same request
/// gets the same answer again.
pub fn run(context: &Context<'_>, command: Command, render: Render) -> Handled {
    let keyed = keyed(context, render)?;
    let actor = Some(context.who.actor());
    match context.office.tickets.run(command, actor, keyed) {
        Reply::Outcome(outcome) => Ok(render(&outcome)),
        Reply::Kept(kept) => Ok(kept.into()),
        Reply::KeyReused => Err(Problem::invalid(
            "Idempotency-Key",
            "it was used with another request; take a new one for each wish",
        )),
        Reply::StorageUnavailable => Err(Problem::storage_unavailable()),
    }
}

/// The request's `Idempotency-Key`, where it has one that can be kept.
pub fn key<'a>(context: &'a Context<'_>) -> Result<Option<&'a str>, Problem> {
    let Some(key) = context.request.header("Idempotency-Key") else {
        return Ok(None);
    };
    if key.is_empty() || key.len() > LONGEST_KEY || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Problem::invalid(
            "Idempotency-Key",
            format!("a key has 1 to {LONGEST_KEY} visible ASCII characters"),
        ));
    }
    Ok(Some(key))
}

/// A long key is good from everywhere: nobody can guess it, and a phone that leaves the office's
/// network between two attempts still gets one ticket. A short one may be chosen by several, and one
/// of them must not be shown another's ticket; so it is good for its own address.
fn keyed(context: &Context<'_>, render: Render) -> Result<Option<Keyed>, Problem> {
    let Some(key) = key(context)? else {
        return Ok(None);
    };
    let request = context.request;
    let key = if key.len() < UNGUESSABLE_KEY {
        // No key has a space, so this is no other key's.
        format!("{} {key}", context.who.address)
    } else {
        key.to_owned()
    };
    let mut words = format!("{} {}?{}\n", request.method, request.path, request.query).into_bytes();
    words.extend_from_slice(&request.body);
    Ok(Some(Keyed {
        key,
        request: words,
        render,
    }))
}

/// The whole of what a command was about, or why not.
pub fn subject_or_problem(outcome: &Outcome) -> Answer {
    granted_or_problem(outcome, |granted| match granted {
        Granted::Ticket(view) => Answer::json(200, &view.for_staff()),
        Granted::Desk { desk, made } => {
            Answer::json(if *made { 201 } else { 200 }, &desk.for_staff())
        }
        Granted::Deleted => Answer::empty(204),
        Granted::Service { service, made } => {
            Answer::json(if *made { 201 } else { 200 }, &service.for_staff())
        }
        Granted::Office(settings) => Answer::json(200, &SettingsJson::from(settings)),
    })
}

/// What `granted` makes of what was granted, or why it was not.
pub fn granted_or_problem(outcome: &Outcome, granted: impl Fn(&Granted) -> Answer) -> Answer {
    match outcome {
        Ok(subject) => granted(subject),
        Err(refusal) => Problem::from(refusal).answer(),
    }
}
