//! `/api/services`: the lines that people wait in.

use super::execute::{run, subject_or_problem};
use super::fields::Fields;
use super::texts;
use crate::access::Role;
use crate::domain::{Command, Prefix, ServiceChange};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::http::route::{Context, Handled};
use crate::presentation::json::{ServiceJson, ServiceView};

/// The longest name and message, in characters: what a button can show.
const LONGEST_TEXT: usize = 80;

/// The largest number of a range.
const LARGEST_NUMBER: u64 = 999_999;

/// The most digits a number is written with.
const MOST_DIGITS: u64 = 6;

/// `GET /api/services`
pub fn list(context: &Context<'_>) -> Handled {
    let lines = context.office.tickets.look(ServiceView::all);
    let shown = if context.who.role >= Role::Staff {
        ServiceView::private
    } else {
        ServiceView::public
    };
    let lines: Vec<ServiceJson> = lines.iter().map(shown).collect();
    Ok(Answer::json(200, &lines))
}

/// `PUT /api/services/PREFIX`: a field that is absent stays as it is.
pub fn set(context: &Context<'_>) -> Handled {
    let service = prefix(context)?;
    let mut fields = Fields::of_body(context.request)?;
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
    Prefix::parse(context.parameter()).map_err(|why| Problem::invalid("prefix", why))
}

/// What the fields say of a service.
pub fn changed(fields: &mut Fields) -> Result<ServiceChange, Problem> {
    let name = texts::always(fields, "name", LONGEST_TEXT)?;
    let names = texts::names(fields, LONGEST_TEXT)?;
    let first = fields.count("first", LARGEST_NUMBER)?;
    let last = fields.nullable_count("last", LARGEST_NUMBER)?;
    let digits = fields.count("digits", MOST_DIGITS)?;
    let message = texts::perhaps(fields, "message", LONGEST_TEXT)?;
    Ok(ServiceChange {
        name: name.map(Into::into),
        names: names.map(Into::into),
        first: first.map(small),
        last: last.map(|last| last.map(small)),
        digits: digits.map(small),
        open: fields.boolean("open")?,
        message: message.map(|message| message.map(Into::into)),
    })
}

/// A number that was checked against a small bound.
fn small<T: TryFrom<u64> + Default>(number: u64) -> T {
    T::try_from(number).unwrap_or_default()
}
