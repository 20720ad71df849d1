//! `/api/tickets`: create, list, show, cancel, return and print.

use super::desk_name::desk_name;
use super::execute::{refuse, run, run_and_print, subject_or_problem};
use super::fields::Fields;
use super::texts::check_language;
use super::ticket_list;
use crate::access::Role;
use crate::domain::{
    Command, DeskName, Prefix, Refusal, State, Ticket, TicketId, TicketRef, is_same_name,
};
use crate::presentation::http::address::BaseUrl;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::json::{OutcomeView, TicketView};
use crate::presentation::route::{Context, Handled};
use crate::presentation::services::{AnswerRenderer, PrintOrder, PrinterState};

/// Default number of tickets in one list.
const DEFAULT_LIMIT: u64 = 1_000;

/// Largest number of tickets in one list.
const LARGEST_LIMIT: u64 = 100_000;

/// `POST /api/tickets`
pub fn create(context: &Context<'_>) -> Handled {
    let mut fields = Fields::of_body(context.request)?;
    let service = fields.text("service")?;
    let priority = fields.text("priority")?;
    let note = fields.text("note")?;
    let printer = fields.text("printer")?;
    let language = fields.text("language")?;
    fields.finish()?;
    if let Some(asked) = &language {
        check_language(asked).map_err(|why| Problem::invalid("language", why))?;
    }
    if let Some(length) = note.as_ref().map(|note| note.chars().count())
        && length > Ticket::LONGEST_NOTE
    {
        let most = Ticket::LONGEST_NOTE;
        let why = format!("a note has at most {most} characters; this one has {length}");
        return Err(Problem::invalid("note", why));
    }
    let print = match printer {
        Some(name) => {
            let printers = context.office.wss.printers();
            Some(print_order(context, find_printer(&printers, &name)?))
        }
        None => None,
    };
    let command = Command::Create {
        ticket: new_id()?,
        service: service.as_deref().map(Prefix::asked),
        priority: priority.map(Into::into),
        note: note.map(String::into_boxed_str),
        language: language.map(Into::into),
    };
    run_and_print(context, command, created_format(context), print)
}

/// The name and state of a printer.
pub type NamedState = (String, PrinterState);

/// The printer of that name, or the problem that says which there are.
pub fn find_printer<'a>(
    printers: &'a [NamedState],
    asked: &str,
) -> Result<&'a NamedState, Problem> {
    let found = printers.iter().find(|(name, _)| is_same_name(name, asked));
    found.ok_or_else(|| {
        let names: Vec<&str> = printers.iter().map(|(name, _)| name.as_str()).collect();
        let known = match names.as_slice() {
            [] => "the office has none; set one up in the settings".to_owned(),
            names => format!("there are: {}", names.join(", ")),
        };
        Problem::invalid("printer", format!("«{asked}» is no printer; {known}"))
    })
}

fn print_order(context: &Context<'_>, (name, _): &NamedState) -> PrintOrder {
    PrintOrder {
        printer: name.clone(),
        base: phone_base(context),
    }
}

/// The address of this server in printed QR codes: the setting, or else the address by which this request
/// found it. `None` if no other machine can use that.
pub fn phone_base(context: &Context<'_>) -> Option<BaseUrl> {
    if let Some(base) = public_url(context) {
        return Some(base);
    }
    let host = context.request.header("Host");
    let listen = context.listen();
    BaseUrl::for_others((host, context.caller.is_secure), listen)
}

/// The setting `publicUrl`.
pub fn public_url(context: &Context<'_>) -> Option<BaseUrl> {
    let tickets = &context.office.tickets;
    let printing = tickets.read_queue(|queue| queue.settings().printing.clone());
    let url = printing.public_url.as_deref()?;
    BaseUrl::parse(url).ok()
}

/// The form of the answer: JSON, or the code alone if the client prefers plain text.
fn created_format(context: &Context<'_>) -> AnswerRenderer {
    let accepted = context.request.header("Accept").unwrap_or_default();
    let first = accepted.split([',', ';']).next().unwrap_or_default().trim();
    if first.eq_ignore_ascii_case("text/plain") {
        created_text
    } else {
        created_json
    }
}

/// 201 and the ticket.
pub fn created_json(outcome: &OutcomeView) -> Answer {
    created(outcome, |view| Answer::json(201, &view.for_owner()))
}

fn created_text(outcome: &OutcomeView) -> Answer {
    created(outcome, |view| {
        Answer::text(201, format!("{}\n", view.ticket.code()))
    })
}

fn created(outcome: &OutcomeView, answer: fn(&TicketView) -> Answer) -> Answer {
    match outcome {
        OutcomeView::Ticket(view) => {
            let location = format!("/api/tickets/{}", view.ticket.id);
            answer(view).with_header("Location", location)
        }
        _ => subject_or_problem(outcome),
    }
}

/// A ticket id of 128 random bits from the operating system, so that nobody can guess it.
pub fn new_id() -> Result<TicketId, Problem> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| {
        log::error!("The operating system provides no random numbers: {error}");
        Problem::storage_unavailable()
    })?;
    Ok(TicketId::from_random(u128::from_ne_bytes(bits)))
}

/// `GET /api/tickets`
pub fn list(context: &Context<'_>) -> Handled {
    let mut fields = Fields::of_query(context.request)?;
    // An empty `?state=` selects every state.
    let states = fields.texts("state")?.filter(|states| !states.is_empty());
    let service = fields.text("service")?.as_deref().map(Prefix::asked);
    let code = fields.text("code")?;
    let limit = fields
        .number("limit", LARGEST_LIMIT)?
        .unwrap_or(DEFAULT_LIMIT);
    let after = fields.text("after")?;
    fields.finish()?;
    let states = states.map(|words| words.iter().map(|word| state(word)).collect());
    let states: Option<Vec<State>> = states.transpose()?;
    let after = after.map(|id| known_id(&id, "after")).transpose()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    ticket_list::answer(context.office, |queue| {
        if let Some(asked) = &service {
            let known = queue.require_service(asked);
            known.map_err(|refusal| Problem::from(&refusal))?;
        }
        let after = match after {
            Some(id) => {
                let ticket = queue.ticket(id);
                Some(ticket.ok_or_else(|| no_ticket(&id.to_string()))?.arrival)
            }
            None => None,
        };
        let wanted = queue.tickets_after(after).filter(|ticket| {
            let in_state = |states: &Vec<State>| states.contains(&ticket.state);
            states.as_ref().is_none_or(in_state)
                && service.as_ref().is_none_or(|s| *s == ticket.service)
                && code.as_ref().is_none_or(|code| ticket.has_code(code))
        });
        Ok(wanted.map(|ticket| ticket.arrival).take(limit).collect())
    })
}

fn state(word: &str) -> Result<State, Problem> {
    State::parse(word).ok_or_else(|| {
        let known: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
        let why = format!("«{word}» is not a state; use one of {}", known.join(", "));
        Problem::invalid("state", why)
    })
}

fn desk(context: &Context<'_>, fields: &mut Fields) -> Result<Option<DeskName>, Problem> {
    let name = fields.text("desk")?;
    let name = name.map(|name| desk_name(&context.office.tickets, &name));
    name.transpose()
}

fn known_id(text: &str, field: &str) -> Result<TicketId, Problem> {
    let why = || Problem::invalid(field, format!("«{text}» is not a ticket id"));
    TicketId::parse(text).ok_or_else(why)
}

/// 404: no ticket has this id.
pub fn no_ticket(asked: &str) -> Problem {
    Problem::not_found(format!("There is no ticket «{asked}»."))
}

/// `GET /api/tickets/ID`
pub fn show(context: &Context<'_>) -> Handled {
    let asked = context.parameter();
    let view = TicketId::parse(asked).and_then(|id| {
        context.office.tickets.read_queue(|queue| {
            let ticket = queue.ticket(id)?;
            Some(TicketView::of(queue, ticket))
        })
    });
    match view {
        Some(view) if context.caller.role >= Role::Staff => {
            Ok(Answer::json(200, &view.for_staff()))
        }
        Some(view) => Ok(Answer::json(200, &view.for_owner())),
        None => Err(no_ticket(asked)),
    }
}

/// `POST /api/tickets/ID/cancel`: by a client that knows the id, or by a desk. A desk may also give the
/// ticket's code, and can undo it.
pub fn cancel(context: &Context<'_>) -> Handled {
    let mut fields = Fields::of_body(context.request)?;
    let desk = desk(context, &mut fields)?;
    fields.finish()?;
    let ticket = if desk.is_some() {
        context.caller.require(Role::Staff)?;
        TicketRef::read(context.parameter().to_owned())
    } else {
        TicketRef::Id(id(context)?)
    };
    let command = Command::Cancel { ticket, desk };
    let is_staff = context.caller.role >= Role::Staff;
    let render = if is_staff {
        subject_or_problem
    } else {
        for_owner
    };
    run(context, command, render)
}

/// Like `subject_or_problem`, without what only staff may see of the ticket.
fn for_owner(outcome: &OutcomeView) -> Answer {
    match outcome {
        OutcomeView::Ticket(ticket) => Answer::json(200, &ticket.for_owner()),
        _ => subject_or_problem(outcome),
    }
}

/// `POST /api/tickets/ID/return`: a desk that names itself can undo it.
pub fn return_to_queue(context: &Context<'_>) -> Handled {
    let mut fields = Fields::of_body(context.request)?;
    let desk = desk(context, &mut fields)?;
    let seen = fields.text("state")?;
    let seen = seen.map(|word| state(&word)).transpose()?;
    fields.finish()?;
    let ticket = id(context)?;
    let command = Command::Return { ticket, desk, seen };
    run(context, command, subject_or_problem)
}

/// `POST /api/tickets/ID/print`
pub fn print(context: &Context<'_>) -> Handled {
    let mut fields = Fields::of_body(context.request)?;
    let asked = fields.text("printer")?;
    fields.finish()?;
    let ticket = id(context)?;
    let printers = context.office.wss.printers();
    let Some(first) = printers.first() else {
        return refuse(context, Problem::no_printer());
    };
    let printer = match &asked {
        Some(name) => find_printer(&printers, name)?,
        None => first,
    };
    if let (_, state) = printer
        && state.is_failing()
    {
        let why = state.detail.unwrap_or_default();
        return refuse(context, Problem::printer_failing(why));
    }
    let over = context.office.tickets.read_queue(|queue| {
        let ticket = queue.ticket(ticket).filter(|t| t.state.is_final())?;
        Some((ticket.code(), ticket.state))
    });
    if let Some((code, state)) = over {
        let action = "printed";
        let refusal = Refusal::WrongState {
            code,
            state,
            action,
        };
        return refuse(context, Problem::from(&refusal));
    }
    let print = Some(print_order(context, printer));
    run_and_print(context, Command::Reprint { ticket }, accepted, print)
}

/// 202 and the ticket: it is printed after the jobs before it.
fn accepted(outcome: &OutcomeView) -> Answer {
    let mut answer = subject_or_problem(outcome);
    if let OutcomeView::Ticket(_) = outcome {
        answer.status = 202;
    }
    answer
}

fn id(context: &Context<'_>) -> Result<TicketId, Problem> {
    let asked = context.parameter();
    TicketId::parse(asked).ok_or_else(|| no_ticket(asked))
}
