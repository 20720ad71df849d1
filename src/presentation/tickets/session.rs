//! `/api/session` and `/api/pins`: sign-in, sign-out and new PINs.

use std::time::Duration;

use serde::Serialize;

use super::fields::Fields;
use crate::access::Role;
use crate::presentation::access::{COOKIE, DEVICE, DEVICE_COOKIE, SESSION};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::http::route::{Context, Handled};

/// The caller's role and session.
#[derive(Serialize)]
struct SessionJson {
    role: &'static str,
    /// The server runs with `--open`: no PINs.
    open: bool,
    /// Whether the caller is signed in.
    session: bool,
    /// Whether the caller is on the server's own machine.
    local: bool,
}

fn session_json(context: &Context<'_>, role: Role, session: bool) -> Answer {
    let open = context.office.access.is_open();
    let role = role.as_str();
    let local = context.caller.is_local;
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
    let caller = &context.caller;
    Ok(session_json(
        context,
        caller.role,
        !caller.sessions.is_empty(),
    ))
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
    let pin = pin.ok_or_else(|| Problem::invalid("pin", "is required"))?;
    let signed_in =
        office
            .access
            .sign_in(&office.tickets, &context.caller, context.request, &pin)?;
    let session = cookie(context, COOKIE, &signed_in.secret, SESSION);
    let device = cookie(context, DEVICE_COOKIE, &signed_in.device_cookie, DEVICE);
    Ok(session_json(context, signed_in.role, true)
        .with_header("Set-Cookie", session)
        .with_another_header("Set-Cookie", device))
}

/// `DELETE /api/session`
pub fn sign_out(context: &Context<'_>) -> Handled {
    let office = context.office;
    office.access.sign_out(&office.tickets, &context.caller)?;
    Ok(Answer::empty(204).with_header("Set-Cookie", cookie(context, COOKIE, "", Duration::ZERO)))
}

/// A cookie that is hidden from scripts, and not sent with requests from other sites.
fn cookie(context: &Context<'_>, name: &str, value: &str, lifetime: Duration) -> String {
    let secure = if context.caller.is_secure {
        "; Secure"
    } else {
        ""
    };
    let seconds = lifetime.as_secs();
    format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}")
}

/// `PUT /api/pins/ROLE`
pub fn set_pin(context: &Context<'_>) -> Handled {
    let asked = context.parameter();
    let role = Role::parse(asked).ok_or_else(|| {
        Problem::not_found(format!(
            "«{asked}» is not a role with a PIN; use staff or admin."
        ))
    })?;
    let office = context.office;
    office.access.check_lasting(&context.caller)?;
    let mut fields = Fields::of_body(context.request)?;
    let pin = fields.text("pin")?;
    fields.finish()?;
    let pin = pin.ok_or_else(|| Problem::invalid("pin", "is required"))?;
    office
        .access
        .set_pin(&office.tickets, &context.caller, role, &pin)?;
    Ok(Answer::empty(204))
}
