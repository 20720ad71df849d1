//! `/api/session` and `/api/pins`: sign-in, sign-out and new PINs.

use std::time::Duration;

use serde::Serialize;

use super::fields::Fields;
use crate::access::Role;
use crate::presentation::access::{COOKIE, DEVICE, DEVICE_COOKIE, Names, SESSION, SignedInPerson};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::route::{Context, Handled};

/// The caller's role and session.
#[derive(Serialize)]
struct SessionJson<'a> {
    role: &'static str,
    /// The server runs with `--open`: no PINs.
    open: bool,
    /// Whether the caller is signed in.
    session: bool,
    /// Whether the caller is on the server's own machine.
    local: bool,
    /// The person who has signed in by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// Whether a sign-in needs a name: `optional` or `required`; omitted while there are no people.
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<&'static str>,
}

fn session_json(
    context: &Context<'_>,
    role: Role,
    person: Option<&SignedInPerson>,
    session: bool,
) -> Answer {
    let access = &context.office.access;
    Answer::json(
        200,
        &SessionJson {
            role: role.as_str(),
            open: access.is_open(),
            session,
            local: context.caller.is_local,
            name: person.map(|person| &*person.name),
            names: match access.names() {
                Names::None => None,
                Names::Optional => Some("optional"),
                Names::Required => Some("required"),
            },
        },
    )
}

/// `GET /api/session`
pub fn show(context: &Context<'_>) -> Handled {
    let caller = &context.caller;
    Ok(session_json(
        context,
        caller.role,
        caller.person.as_ref(),
        !caller.sessions.is_empty(),
    ))
}

/// `POST /api/session`
pub fn sign_in(context: &Context<'_>) -> Handled {
    let mut fields = Fields::of_body(context.request)?;
    let pin = fields.text("pin")?;
    let name = fields.nullable_text("name")?.flatten();
    fields.finish()?;
    let office = context.office;
    if office.access.is_open() {
        return Ok(session_json(context, Role::Admin, None, false));
    }
    if context.caller.is_proxy_user() {
        return Err(Problem::signed_in_elsewhere());
    }
    let pin = pin.ok_or_else(|| Problem::invalid("pin", "is required"))?;
    let name = name
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let signed_in = office.access.sign_in(
        &office.tickets,
        &context.caller,
        context.request,
        (name, &pin),
    )?;
    let session = cookie(context, COOKIE, &signed_in.secret, SESSION);
    let device = cookie(context, DEVICE_COOKIE, &signed_in.device_cookie, DEVICE);
    let person = signed_in.person.as_ref();
    Ok(session_json(context, signed_in.role, person, true)
        .with_header("Set-Cookie", session)
        .with_another_header("Set-Cookie", device))
}

/// `DELETE /api/session`
pub fn sign_out(context: &Context<'_>) -> Handled {
    let office = context.office;
    let access = &office.access;
    access.sign_out(&office.tickets, &context.caller, context.request)?;
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

/// The role in the address of a shared PIN.
fn role_of_pin(context: &Context<'_>) -> Result<Role, Problem> {
    let asked = context.parameter();
    Role::parse(asked).ok_or_else(|| {
        Problem::not_found(format!(
            "«{asked}» is not a role with a PIN; use staff or admin."
        ))
    })
}

/// `GET /api/pins`: the roles that have a shared PIN.
pub fn list_pins(context: &Context<'_>) -> Handled {
    let roles = context.office.access.shared_pins();
    let roles: Vec<PinJson> = roles.into_iter().map(PinJson::from).collect();
    Ok(Answer::json(200, &roles))
}

/// A shared PIN. The PIN itself is stored nowhere.
#[derive(Serialize)]
struct PinJson {
    role: &'static str,
}

impl From<Role> for PinJson {
    fn from(role: Role) -> Self {
        Self {
            role: role.as_str(),
        }
    }
}

/// `DELETE /api/pins/ROLE`: from then on, everybody signs in by name.
pub fn remove_pin(context: &Context<'_>) -> Handled {
    let role = role_of_pin(context)?;
    let office = context.office;
    office.access.check_lasting(&context.caller)?;
    let access = &office.access;
    if access.remove_pin(&office.tickets, &context.caller, role)? {
        return Ok(Answer::empty(204));
    }
    let role = role.as_str();
    Err(Problem::not_found(format!(
        "There is no shared PIN of {role}."
    )))
}

/// `PUT /api/pins/ROLE`
pub fn set_pin(context: &Context<'_>) -> Handled {
    let role = role_of_pin(context)?;
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
