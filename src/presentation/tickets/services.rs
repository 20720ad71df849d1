//! `/api/services`: the lines that people wait in.

use std::collections::BTreeMap;

use super::fields::Fields;
use super::run::{run, subject_or_problem};
use crate::domain::{Command, Prefix, ServiceSetup};
use crate::presentation::answer::Answer;
use crate::presentation::json::{LineJson, LineView};
use crate::presentation::problem::Problem;
use crate::presentation::router::{Context, Handled};

/// The longest name and message, in characters: what a button can show.
const LONGEST_TEXT: usize = 80;

/// The largest number of a range.
const LARGEST_NUMBER: u64 = 999_999;

/// The most digits a number is written with.
const MOST_DIGITS: u64 = 6;

/// `GET /api/services`
pub fn list(context: &Context<'_>) -> Handled {
    let lines = context.office.tickets.look(LineView::all);
    let lines: Vec<LineJson> = lines.iter().map(LineView::private).collect();
    Ok(Answer::json(200, &lines))
}

/// `PUT /api/services/PREFIX`: a field that is absent stays as it is.
pub fn set(context: &Context<'_>) -> Handled {
    let service = prefix(context)?;
    let before = context.office.tickets.look(|queue| {
        let known = queue.service(&service);
        known.map(|service| service.setup.clone())
    });
    let before = before.unwrap_or_else(|| ServiceSetup::named(service.as_str()));
    let mut fields = Fields::of_body(context.request)?;
    let name = fields.text("name")?;
    let names = fields.texts_by_key("names")?;
    let first = fields.number("first", LARGEST_NUMBER)?;
    let last = fields.nullable_number("last", LARGEST_NUMBER)?;
    let digits = fields.number("digits", MOST_DIGITS)?;
    let open = fields.boolean("open")?;
    let message = fields.nullable_text("message")?;
    fields.finish()?;
    let setup = ServiceSetup {
        name: name.map_or(before.name, Into::into),
        names: names.map_or(before.names, Into::into),
        first: first.map_or(before.first, small),
        last: last.map_or(before.last, |last| last.map(small)),
        digits: digits.map_or(before.digits, |digits| small::<u8>(digits).max(1)),
        open: open.unwrap_or(before.open),
        message: message.map_or(before.message, |message| message.map(Into::into)),
    };
    check(&setup)?;
    run(
        context,
        Command::SetService { service, setup },
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

fn check(setup: &ServiceSetup) -> Result<(), Problem> {
    let texts: BTreeMap<&str, &str> = [("name", &*setup.name)]
        .into_iter()
        .chain(setup.names.values().map(|name| ("names", name.as_str())))
        .chain(setup.message.as_deref().map(|message| ("message", message)))
        .filter(|(_, text)| text.chars().count() > LONGEST_TEXT)
        .collect();
    if let Some((field, _)) = texts.first_key_value() {
        let why = format!("a text has {LONGEST_TEXT} characters at most here");
        return Err(Problem::invalid(field, why));
    }
    if setup.first == 0 {
        return Err(Problem::invalid("first", "numbers begin at 1 or later"));
    }
    if setup.last.is_some_and(|last| last < setup.first) {
        let why = format!("the last number comes after the first, {}", setup.first);
        return Err(Problem::invalid("last", why));
    }
    Ok(())
}

/// A number that was checked against a small bound.
fn small<T: TryFrom<u64> + Default>(number: u64) -> T {
    T::try_from(number).unwrap_or_default()
}
