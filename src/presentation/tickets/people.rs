//! `/api/people`: the people who sign in by name.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::json;

use super::execute::idempotent;
use super::fields::Fields;
use crate::access::{Person, Role};
use crate::digits;
use crate::domain::{PersonId, Timestamp, parse_name};
use crate::presentation::access::PersonChange;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::json::Time;
use crate::presentation::route::{Context, Handled};

/// A person in JSON, without the PIN.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PersonJson<'a> {
    id: String,
    name: &'a str,
    role: &'static str,
    created_at: Time,
}

impl<'a> From<&'a Person> for PersonJson<'a> {
    fn from(person: &'a Person) -> Self {
        Self {
            id: person.id.0.to_string(),
            name: &person.name,
            role: person.role.as_str(),
            created_at: Time(Timestamp::from_millis(person.created_at)),
        }
    }
}

/// `GET /api/people`
pub fn list(context: &Context<'_>) -> Handled {
    let people = context.office.access.people();
    let people: Vec<PersonJson> = people.iter().map(PersonJson::from).collect();
    Ok(Answer::json(200, &people))
}

/// `POST /api/people`
pub fn add(context: &Context<'_>) -> Handled {
    let office = context.office;
    office.access.check_lasting(&context.caller)?;
    let PersonChange { name, role, pin } = read(context)?;
    let name = name.ok_or_else(|| Problem::invalid("name", "is required"))?;
    let pin = pin.ok_or_else(|| Problem::invalid("pin", "is required"))?;
    let role = role.unwrap_or(Role::Staff);
    let add = || {
        let access = &office.access;
        let person = access.add_person(&office.tickets, &context.caller, &name, role, &pin)?;
        Ok((201, json!(PersonJson::from(&person))))
    };
    let (status, body) = office.kept_answers.once(idempotent(context), add)?;
    Ok(Answer::json(status, &body))
}

/// `PUT /api/people/ID`: an absent field keeps its value.
pub fn change(context: &Context<'_>) -> Handled {
    let office = context.office;
    office.access.check_lasting(&context.caller)?;
    let id = id(context)?;
    let change = read(context)?;
    let access = &office.access;
    let person = access.change_person(&office.tickets, &context.caller, id, change)?;
    let person = person.ok_or_else(|| missing(context))?;
    Ok(Answer::json(200, &PersonJson::from(&person)))
}

/// `DELETE /api/people/ID`
pub fn remove(context: &Context<'_>) -> Handled {
    let office = context.office;
    let id = id(context)?;
    let access = &office.access;
    if access.remove_person(&office.tickets, &context.caller, id)? {
        return Ok(Answer::empty(204));
    }
    Err(missing(context))
}

/// Reads the fields of a person.
fn read(context: &Context<'_>) -> Result<PersonChange, Problem> {
    let mut fields = Fields::of_body(context.request)?;
    let name = fields.text("name")?;
    let role = fields.text("role")?;
    let pin = fields.text("pin")?;
    fields.finish()?;
    let name = name.map(|name| parse_name(&name).map(Cow::into_owned));
    let name = name.transpose();
    let name = name.map_err(|why| Problem::invalid("name", why))?;
    let role = role.map(|word| {
        let why = format!("«{word}» is not a role; use staff or admin");
        Role::parse(&word).ok_or_else(|| Problem::invalid("role", why))
    });
    Ok(PersonChange {
        name,
        role: role.transpose()?,
        pin,
    })
}

fn id(context: &Context<'_>) -> Result<PersonId, Problem> {
    let id = digits::parse(context.parameter());
    let id = id.and_then(|id: u64| u32::try_from(id).ok());
    id.map(PersonId).ok_or_else(|| missing(context))
}

fn missing(context: &Context<'_>) -> Problem {
    let asked = context.parameter();
    Problem::not_found(format!("There is no person «{asked}»."))
}
