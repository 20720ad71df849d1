//! `/api/session` and `/api/pins`: signing in and out, and new PINs.

use serde::Serialize;

use super::fields::Fields;
use crate::access::Role;
use crate::presentation::access::{COOKIE, SESSION};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::http::route::{Context, Handled};

/// Whether there is a session, and what it is good for.
#[derive(Serialize)]
struct SessionJson {
    role: &'static str,
    /// There are no PINs.
    open: bool,
    /// Whether there is something to sign out of.
    session: bool,
    /// Someone at the machine itself.
    local: bool,
}

fn session_json(context: &Context<'_>, role: Role, session: bool) -> Answer {
    let open = context.office.access.is_open();
    let role = role.as_str();
    let local = context.who.is_local;
    Answer::json(
        200,
        &SessionJson {
            role,
            open,
            session,
            local,
        },
    )
}

/// `GET /api/session`
pub fn show(context: &Context<'_>) -> Handled {
    let who = &context.who;
    Ok(session_json(context, who.role, !who.sessions.is_empty()))
}

/// `POST /api/session`
pub fn sign_in(context: &Context<'_>) -> Handled {
    let mut fields = Fields::of_body(context.request)?;
    let pin = fields.text("pin")?;
    fields.finish()?;
    let office = context.office;
    if office.access.is_open() {
        return Ok(session_json(context, Role::Admin, false));
    }
    let pin = pin.ok_or_else(|| Problem::invalid("pin", "it is missing"))?;
    let begun = office.access.sign_in(&office.tickets, &context.who, &pin)?;
    let cookie = cookie(context, &begun.secret, SESSION.as_secs());
    Ok(session_json(context, begun.role, true).with_header("Set-Cookie", cookie))
}

/// `DELETE /api/session`
pub fn sign_out(context: &Context<'_>) -> Handled {
    let office = context.office;
    office.access.sign_out(&office.tickets, &context.who)?;
    Ok(Answer::empty(204).with_header("Set-Cookie", cookie(context, "", 0)))
}

/// Scripts cannot read it, and no other site's page can have it sent along.
fn cookie(context: &Context<'_>, value: &str, seconds: u64) -> String {
    let secure = if context.who.is_secure {
        "; Secure"
    } else {
        ""
    };
    format!("{COOKIE}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}")
}

/// `PUT /api/pins/ROLE`
pub fn set_pin(context: &Context<'_>) -> Handled {
    let asked = context.parameter();
    let role = Role::parse(asked)
        .ok_or_else(|| Problem::not_found(format!("Nobody called {asked} has a PIN.")))?;
    let office = context.office;
    office.access.check_lasting(&context.who)?;
    let mut fields = Fields::of_body(context.request)?;
    let pin = fields.text("pin")?;
    fields.finish()?;
    let pin = pin.ok_or_else(|| Problem::invalid("pin", "it is missing"))?;
    office
        .access
        .set_pin(&office.tickets, &context.who, role, &pin)?;
    Ok(Answer::empty(204))
}
