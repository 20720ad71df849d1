//! `/api/tokens`: API keys, with which programs authenticate.

use serde::Serialize;

use super::fields::Fields;
use crate::access::{Role, Token};
use crate::digits;
use crate::domain::{Timestamp, parse_name};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::json::Time;
use crate::presentation::route::{Context, Handled};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenJson<'a> {
    id: String,
    name: &'a str,
    role: &'static str,
    created_at: Time,
    last_used_at: Option<Time>,
    /// The secret; only in the answer that creates the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

impl<'a> TokenJson<'a> {
    fn of(token: &'a Token, secret: Option<&'a str>) -> Self {
        let time = |ms| Time(Timestamp::from_millis(ms));
        Self {
            id: token.id.to_string(),
            name: &token.name,
            role: token.role.as_str(),
            created_at: time(token.created_at),
            last_used_at: token.used_at.map(time),
            token: secret,
        }
    }
}

/// `GET /api/tokens`
pub fn list(context: &Context<'_>) -> Handled {
    let tokens = context.office.access.tokens();
    let tokens: Vec<TokenJson> = tokens.iter().map(|t| TokenJson::of(t, None)).collect();
    Ok(Answer::json(200, &tokens))
}

/// `POST /api/tokens`. The secret is stored nowhere. With an `Idempotency-Key` it is derived from the
/// key, so a repeated request gets the same secret while the server runs.
pub fn create(context: &Context<'_>) -> Handled {
    let office = context.office;
    office.access.check_lasting(&context.caller)?;
    let mut fields = Fields::of_body(context.request)?;
    let name = fields.text("name")?;
    let role = fields.text("role")?;
    fields.finish()?;
    let name =
        name.ok_or_else(|| Problem::invalid("name", "name the program that will use the token"))?;
    let name = parse_name(&name).map_err(|why| Problem::invalid("name", why))?;
    let word = role.as_deref().unwrap_or("staff");
    let role = Role::parse(word).ok_or_else(|| {
        let why = format!("«{word}» is not a role; use staff or admin");
        Problem::invalid("role", why)
    })?;
    let (token, secret) = office.access.make_token(
        &office.tickets,
        &context.caller,
        name.into_owned(),
        role,
        context.key,
    )?;
    Ok(Answer::json(201, &TokenJson::of(&token, Some(&secret))))
}

/// `DELETE /api/tokens/ID`
pub fn delete(context: &Context<'_>) -> Handled {
    let asked = context.parameter();
    let missing = || Problem::not_found(format!("There is no token «{asked}»."));
    let id = digits::parse(asked).ok_or_else(missing)?;
    let office = context.office;
    if office
        .access
        .delete_token(&office.tickets, &context.caller, id)?
    {
        return Ok(Answer::empty(204));
    }
    Err(missing())
}
