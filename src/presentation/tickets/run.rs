//! How a handler has a command carried out, and how what came of it is answered.

use crate::domain::Command;
use crate::presentation::answer::Answer;
use crate::presentation::json::SettingsJson;
use crate::presentation::problem::Problem;
use crate::presentation::router::{Context, Handled};
use crate::presentation::services::{Granted, Keyed, Outcome, Render, Reply};

/// The longest `Idempotency-Key`, in bytes: several UUIDs.
const LONGEST_KEY: usize = 255;

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

fn keyed(context: &Context<'_>, render: Render) -> Result<Option<Keyed>, Problem> {
    let request = context.request;
    let Some(key) = request.header("Idempotency-Key") else {
        return Ok(None);
    };
    if key.is_empty() || key.len() > LONGEST_KEY || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Problem::invalid(
            "Idempotency-Key",
            format!("a key has 1 to {LONGEST_KEY} visible ASCII characters"),
        ));
    }
    let mut words = format!("{} {}?{}\n", request.method, request.path, request.query).into_bytes();
    words.extend_from_slice(&request.body);
    Ok(Some(Keyed {
        key: key.to_owned(),
        request: words,
        render,
    }))
}

/// The whole of what a command was about, or why not.
pub fn subject_or_problem(outcome: &Outcome) -> Answer {
    granted_or_problem(outcome, |granted| match granted {
        Granted::Ticket(view) => Answer::json(200, &view.private()),
        Granted::Desk { desk, made } => {
            Answer::json(if *made { 201 } else { 200 }, &desk.private())
        }
        Granted::Deleted => Answer::empty(204),
        Granted::Service { service, made } => {
            Answer::json(if *made { 201 } else { 200 }, &service.private())
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
