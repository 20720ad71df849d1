//! Executes a command for a handler, and answers with its outcome.

use crate::access::Role;
use crate::domain::Command;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::json::{OutcomeView, SettingsJson};
use crate::presentation::route::{Context, Handled};
use crate::presentation::services::{AnswerRenderer, IdempotentRequest, PrintOrder};
use crate::storage::RequestHash;

/// From so many bytes on a key is taken for drawn at random: 128 bits in base64, as in UUIDs.
const UNGUESSABLE_KEY: usize = 22;

/// Executes a command. Under an `Idempotency-Key` it happens once, and the same request
/// gets the same answer again. A command that everybody may send has a rate limit.
pub fn run(context: &Context<'_>, command: Command, render: AnswerRenderer) -> Handled {
    run_and_print(context, command, render, None)
}

/// Like `run`, and puts the command's ticket on paper.
pub fn run_and_print(
    context: &Context<'_>,
    command: Command,
    render: AnswerRenderer,
    print: Option<PrintOrder>,
) -> Handled {
    if context.route.role == Role::Public {
        let access = &context.office.access;
        if let Err(problem) = access.count_public_command(&context.caller, &command) {
            return refuse(context, problem);
        }
    }
    let idempotent = idempotent(context);
    let actor = Some(context.caller.actor());
    let tickets = &context.office.tickets;
    tickets.execute(command, actor, print, idempotent, render)
}

/// Refuses a request for a reason outside the queue, such as a rate limit or a printer. A repetition executes
/// nothing, so it gets its first answer even then.
pub fn refuse(context: &Context<'_>, problem: Problem) -> Handled {
    match idempotent(context) {
        Some(repeated) => context.office.tickets.replay_or_refuse(repeated, problem),
        None => Err(problem),
    }
}

/// A long key is good from everywhere: nobody can guess it, and a phone that leaves the office's
/// network between two attempts still gets one ticket. A short one may be chosen by several, and one
/// of them must not be shown another's ticket; so it is good for its own address.
pub(super) fn idempotent(context: &Context<'_>) -> Option<IdempotentRequest> {
    let key = context.key?;
    let request = context.request;
    let key = if key.len() < UNGUESSABLE_KEY {
        // No key has a space, so this is no other key's.
        format!("{} {key}", context.caller.address)
    } else {
        key.to_owned()
    };
    let mut words = format!("{} {}?{}\n", request.method, request.path, request.query).into_bytes();
    words.extend_from_slice(&request.body);
    Some(IdempotentRequest {
        key,
        request: RequestHash::of(&words),
        keep_refusal: context.caller.role > Role::Public,
    })
}

/// Answers with the subject of the command as staff may see it, or with the refusal.
pub fn subject_or_problem(outcome: &OutcomeView) -> Answer {
    let created_or_ok = |created: bool| if created { 201 } else { 200 };
    match outcome {
        OutcomeView::Ticket(ticket) => Answer::json(200, &ticket.for_staff()),
        OutcomeView::Desk { desk, created } => {
            Answer::json(created_or_ok(*created), &desk.for_staff())
        }
        OutcomeView::Service { service, created } => {
            Answer::json(created_or_ok(*created), &service.for_staff())
        }
        OutcomeView::Office(settings) => Answer::json(200, &SettingsJson::from(&**settings)),
        OutcomeView::Deleted => Answer::empty(204),
        OutcomeView::Refused(refusal) => Problem::from(refusal).answer(),
    }
}
