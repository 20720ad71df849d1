//! `/api/desks`: the desks, and what staff do at them.

use super::desk_name::desk_name;
use super::execute::{run, subject_or_problem};
use super::fields::Fields;
use super::texts::without_duplicates;
use super::ticket_list::of_views;
use crate::access::Role;
use crate::calendar::now;
use crate::domain::{
    CallingOrder, Command, DeskName, Expected, Prefix, ScreenId, Target, TicketRef,
    TransferPosition,
};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::json::{DeskView, TicketView};
use crate::presentation::route::{Context, Handled};
use crate::presentation::services::TicketService;

/// Default number of waiting tickets in one answer.
const DEFAULT_LIMIT: u64 = 10;

/// Largest number of waiting tickets in one answer: they are copied under the queue's lock.
const LARGEST_LIMIT: u64 = 100;

/// `GET /api/desks`
pub fn list(context: &Context<'_>) -> Handled {
    let desks: Vec<DeskView> = context.office.tickets.read_queue(|queue| {
        let desks = queue.desks();
        desks.map(|desk| DeskView::of(queue, desk)).collect()
    });
    let desks: Vec<_> = desks.iter().map(DeskView::for_staff).collect();
    Ok(Answer::json(200, &desks))
}

/// `GET /api/desks/NAME`
pub fn show(context: &Context<'_>) -> Handled {
    let name = desk(context)?;
    let view = context.office.tickets.read_queue(|queue| {
        let desk = queue.desk(&name)?;
        Some(DeskView::of(queue, desk))
    });
    match view {
        Some(view) => Ok(Answer::json(200, &view.for_staff())),
        None => Err(no_desk(&name)),
    }
}

/// `GET /api/desks/NAME/queue`: the waiting tickets, in the order in which the desk calls them.
pub fn queue(context: &Context<'_>) -> Handled {
    let name = desk(context)?;
    let mut fields = Fields::of_query(context.request)?;
    let limit = fields.number("limit", LARGEST_LIMIT)?;
    fields.finish()?;
    let limit = usize::try_from(limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(usize::MAX);
    let now = now();
    let views = context.office.tickets.read_queue(|queue| {
        let desk = queue.desk(&name)?;
        let order = CallingOrder::of(queue, desk, now).take(limit);
        Some(TicketView::all(queue, order))
    });
    match views {
        Some(views) => Ok(of_views(&views)),
        None => Err(no_desk(&name)),
    }
}

fn no_desk(name: &DeskName) -> Problem {
    Problem::not_found(format!("There is no desk «{name}»."))
}

/// `PUT /api/desks/NAME`: an office may leave the choice of services to admins.
pub fn set(context: &Context<'_>) -> Handled {
    let desk = desk(context)?;
    let mut fields = Fields::of_body(context.request)?;
    let services = fields.texts("services")?;
    let open = fields.boolean("open")?;
    fields.finish()?;
    let tickets = &context.office.tickets;
    if services.is_some() && tickets.read_queue(|queue| queue.settings().admins_choose_services) {
        context.caller.require(Role::Admin)?;
    }
    let services: Option<Vec<Prefix>> =
        services.map(|list| without_duplicates(list.iter().map(|p| Prefix::asked(p)).collect()));
    let command = Command::SetDesk {
        desk,
        open,
        services,
    };
    run(context, command, subject_or_problem)
}

/// `POST /api/desks/NAME/claim`: a screen claims the desk.
pub fn claim(context: &Context<'_>) -> Handled {
    let desk = desk(context)?;
    let mut fields = Fields::of_body(context.request)?;
    let screen = fields.text("screen")?;
    let take_over = fields.boolean("takeOver")?.unwrap_or(false);
    fields.finish()?;
    let screen =
        screen.ok_or_else(|| Problem::invalid("screen", "name the screen that opens the desk"))?;
    let screen = screen_id(&screen)?;
    let office = context.office;
    let holder = office.tickets.read_queue(|queue| queue.desk(&desk)?.screen);
    let command = Command::Claim {
        gone: holder.filter(|holder| !office.presence.is_present(&desk, *holder)),
        desk,
        screen,
        take_over,
    };
    run(context, command, subject_or_problem)
}

/// The desk that a screen shows, from the query fields `desk` and `screen`. `None` unless both are given.
pub fn shown_desk(
    tickets: &TicketService,
    desk: Option<&str>,
    screen: Option<&str>,
) -> Result<Option<(DeskName, ScreenId)>, Problem> {
    let (Some(desk), Some(screen)) = (desk, screen) else {
        return Ok(None);
    };
    let desk = desk_name(tickets, desk)?;
    Ok(Some((desk, screen_id(screen)?)))
}

fn screen_id(text: &str) -> Result<ScreenId, Problem> {
    ScreenId::parse(text)
        .ok_or_else(|| Problem::invalid("screen", "must be 32 lower-case hexadecimal digits"))
}

/// `DELETE /api/desks/NAME`
pub fn delete(context: &Context<'_>) -> Handled {
    let desk = desk(context)?;
    run(context, Command::DeleteDesk { desk }, subject_or_problem)
}

/// `POST /api/desks/NAME/next`
pub fn next(context: &Context<'_>) -> Handled {
    let (desk, current) = desk_and_current(context)?;
    run(context, Command::Next { desk, current }, subject_or_problem)
}

/// `POST /api/desks/NAME/recall`
pub fn recall(context: &Context<'_>) -> Handled {
    let (desk, current) = desk_and_current(context)?;
    run(
        context,
        Command::Recall { desk, current },
        subject_or_problem,
    )
}

/// `POST /api/desks/NAME/finish`
pub fn finish(context: &Context<'_>) -> Handled {
    let (desk, current) = desk_and_current(context)?;
    run(
        context,
        Command::Finish { desk, current },
        subject_or_problem,
    )
}

/// `POST /api/desks/NAME/no-show`
pub fn no_show(context: &Context<'_>) -> Handled {
    let (desk, current) = desk_and_current(context)?;
    run(
        context,
        Command::NoShow { desk, current },
        subject_or_problem,
    )
}

/// `POST /api/desks/NAME/hold`
pub fn hold(context: &Context<'_>) -> Handled {
    let (desk, current) = desk_and_current(context)?;
    run(context, Command::Hold { desk, current }, subject_or_problem)
}

/// `POST /api/desks/NAME/undo`
pub fn undo(context: &Context<'_>) -> Handled {
    let (desk, current) = desk_and_current(context)?;
    run(context, Command::Undo { desk, current }, subject_or_problem)
}

/// `POST /api/desks/NAME/transfer`
pub fn transfer(context: &Context<'_>) -> Handled {
    let desk = desk(context)?;
    let mut fields = Fields::of_body(context.request)?;
    let service = fields.text("service")?;
    let other_desk = fields.text("desk")?;
    let position = fields.text("position")?;
    let current = expected(&mut fields)?;
    fields.finish()?;
    let target = match (service, other_desk) {
        (None, None) => Target::Back,
        (Some(prefix), None) => Target::Service(Prefix::asked(&prefix)),
        (None, Some(name)) => {
            let name = desk_name(&context.office.tickets, &name)?;
            Target::Desk(name)
        }
        (Some(_), Some(_)) => {
            let why = "a ticket is transferred to a service or to a desk, not to both";
            return Err(Problem::invalid("desk", why));
        }
    };
    let position = match position {
        None => TransferPosition::Arrival,
        Some(name) => TransferPosition::parse(&name).ok_or_else(|| {
            let known = TransferPosition::names();
            Problem::invalid(
                "position",
                format!("«{name}» is no position; there are: {known}"),
            )
        })?,
    };
    let command = Command::Transfer {
        desk,
        current,
        target,
        position,
    };
    run(context, command, subject_or_problem)
}

/// `POST /api/desks/NAME/call`
pub fn call(context: &Context<'_>) -> Handled {
    let desk = desk(context)?;
    let mut fields = Fields::of_body(context.request)?;
    let ticket = fields.text("ticket")?;
    let current = expected(&mut fields)?;
    fields.finish()?;
    let ticket = ticket.ok_or_else(|| {
        Problem::invalid("ticket", "name the ticket to call, by its id or its code")
    })?;
    let command = Command::Call {
        desk,
        ticket: TicketRef::read(ticket),
        current,
    };
    run(context, command, subject_or_problem)
}

fn desk_and_current(context: &Context<'_>) -> Result<(DeskName, Option<Expected>), Problem> {
    let desk = desk(context)?;
    let mut fields = Fields::of_body(context.request)?;
    let current = expected(&mut fields)?;
    fields.finish()?;
    Ok((desk, current))
}

fn desk(context: &Context<'_>) -> Result<DeskName, Problem> {
    desk_name(&context.office.tickets, context.parameter())
}

fn expected(fields: &mut Fields) -> Result<Option<Expected>, Problem> {
    let current = fields.nullable_text("current")?;
    Ok(current.map(|code| match code {
        Some(code) => Expected::Code(code),
        None => Expected::Nobody,
    }))
}
