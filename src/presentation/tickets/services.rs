//! `/api/services`: the services that visitors choose from.

use super::execute::{run, subject_or_problem};
use super::fields::Fields;
use super::texts;
use crate::access::Role;
use crate::domain::{Command, Prefix, Service, ServiceChange, ServiceSetup};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::json::{ServiceJson, ServiceView};
use crate::presentation::route::{Context, Handled};

/// Limit of a message, in characters: what fits on a button.
const LONGEST_MESSAGE: usize = 80;

/// Largest number of a range.
const LARGEST_NUMBER: u64 = 999_999;

/// Longest target of a service, in minutes: a day.
const LONGEST_TARGET: u64 = 24 * 60;

/// Largest minimum number of digits.
pub const MOST_DIGITS: u64 = 6;

/// `GET /api/services`
pub fn list(context: &Context<'_>) -> Handled {
    let services = context.office.tickets.read_queue(ServiceView::all);
    let view = if context.caller.role >= Role::Staff {
        ServiceView::for_staff
    } else {
        ServiceView::for_public
    };
    let services: Vec<ServiceJson> = services.iter().map(view).collect();
    Ok(Answer::json(200, &services))
}

/// `PUT /api/services/PREFIX`: an absent field keeps its value.
pub fn set(context: &Context<'_>) -> Handled {
    let service = prefix(context)?;
    let stored = context.office.tickets.read_queue(|queue| {
        let stored = queue.service(&service);
        stored.map(|service| names_of(&service.setup))
    });
    let fields = Fields::of_body(context.request)?;
    let mut fields = fields.with_stored_names(stored.unwrap_or_default());
    let change = changed(&mut fields)?;
    fields.finish()?;
    run(
        context,
        Command::SetService { service, change },
        subject_or_problem,
    )
}

/// `DELETE /api/services/PREFIX`
pub fn delete(context: &Context<'_>) -> Handled {
    let service = prefix(context)?;
    run(
        context,
        Command::DeleteService { service },
        subject_or_problem,
    )
}

fn prefix(context: &Context<'_>) -> Result<Prefix, Problem> {
    let text = context.parameter();
    Prefix::parse(text).or_else(|why| {
        let stored = Prefix::stored(text).ok().filter(|prefix| {
            let tickets = &context.office.tickets;
            tickets.read_queue(|queue| queue.service(prefix).is_some())
        });
        stored.ok_or_else(|| Problem::invalid("prefix", why))
    })
}

/// All names of a service.
pub fn names_of(setup: &ServiceSetup) -> Vec<String> {
    let names = setup.names.values().cloned();
    names.chain([setup.name.to_string()]).collect()
}

/// Checks a service of an imported office by the rules of `PUT /api/services/PREFIX`.
pub fn checked_whole(service: &Service) -> Result<ServiceSetup, Problem> {
    let fields = Fields::of_value(&service.setup);
    let mut fields = fields.with_stored_names(names_of(&service.setup));
    let setup = changed(&mut fields)?.of(&ServiceSetup::named(service.prefix.as_str()));
    setup.map_err(|refusal| Problem::from(&refusal))
}

/// Reads the changed settings of a service.
pub fn changed(fields: &mut Fields) -> Result<ServiceChange, Problem> {
    let name = texts::name(fields)?;
    let names = texts::names(fields)?;
    let first = fields.count("first", LARGEST_NUMBER)?;
    let last = fields.nullable_count("last", LARGEST_NUMBER)?;
    let digits = fields.count("digits", MOST_DIGITS)?;
    let target = fields.nullable_count("targetMinutes", LONGEST_TARGET)?;
    let message = texts::optional(fields, "message", LONGEST_MESSAGE)?;
    let messages = texts::by_language(fields, "messages", LONGEST_MESSAGE)?;
    Ok(ServiceChange {
        name: name.map(Into::into),
        names: names.map(Into::into),
        first: first.map(small),
        last: last.map(|last| last.map(small)),
        digits: digits.map(small),
        open: fields.boolean("open")?,
        target_minutes: target.map(|target| target.map(small)),
        message: message.map(|message| message.map(Into::into)),
        messages: messages.map(Into::into),
    })
}

/// Converts a number that was already checked against a bound of `T`.
fn small<T: TryFrom<u64> + Default>(number: u64) -> T {
    T::try_from(number).unwrap_or_default()
}
