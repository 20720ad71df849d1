//! Finds the route of a request, checks that the caller may use it, and calls its handler.

use std::borrow::Cow;
use std::cell::Cell;

use percent_encoding::percent_decode_str;
use tiny_http::Method;

use super::access::Caller;
use super::access::origin;
use super::http::answer::Answer;
use super::http::connections::Entered;
use super::http::error_code::ErrorCode;
use super::http::problem::Problem;
use super::http::request::Request;
use super::office::Office;
use super::route::{Context, Effect, Handled, Query, Route};
use super::tickets;

/// The route, in metrics, of a request that no route answers.
pub const NO_ROUTE: &str = "none";

/// The longest `Idempotency-Key`, in bytes: several UUIDs.
const LONGEST_KEY: usize = 255;

/// The route of pages and their files.
const PAGES: &str = "pages";

/// Answers a request, and counts it.
pub fn answer(office: &Office, request: &Request, connection: &Entered) -> Answer {
    let route = Cell::new(NO_ROUTE);
    let answer = answer_on(office, request, connection, &route);
    count(office, route.get(), request, answer.status);
    answer
}

/// Counts an answered request.
pub fn count(office: &Office, route: &'static str, request: &Request, status: u16) {
    let method = match request.method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
        Method::Options => "OPTIONS",
        _ => "other",
    };
    let metrics = office.tickets.shared().metrics();
    metrics.count_request(route, method, status);
}

/// Answers a request, and says the pattern of its route.
fn answer_on(
    office: &Office,
    request: &Request,
    connection: &Entered,
    route: &Cell<&'static str>,
) -> Answer {
    let caller = office
        .access
        .identify(&office.config, &office.tickets, request);
    let allowed = origin::allowed_origin(request, &office.config.allowed_origins);
    let handled = |caller: Result<Caller, Problem>| {
        caller
            .and_then(|caller| handle(office, request, connection, caller, route))
            .unwrap_or_else(|problem| refusal(office, request, &problem))
    };
    let Some(origin) = allowed else {
        return handled(caller);
    };
    // A browser first asks with OPTIONS if the page of another site may (Fetch standard, CORS protocol).
    let answer = if request.method == Method::Options && caller.is_ok() {
        Answer::empty(204)
            .with_header("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
            .with_header(
                "Access-Control-Allow-Headers",
                "Authorization, Content-Type, Idempotency-Key",
            )
            .with_header("Access-Control-Max-Age", "600")
    } else {
        handled(caller)
    };
    answer
        .with_header("Access-Control-Allow-Origin", origin.to_owned())
        .with_header("Access-Control-Expose-Headers", "Location, Retry-After")
        .with_header("Vary", "Origin")
}

/// The largest body that is read of a request with this head. A route with large bodies refuses a caller
/// without its role before any of it is read.
pub fn body_limit(office: &Office, request: &Request) -> Result<usize, Problem> {
    let usual = office.config.limits.body_bytes;
    let large = |route: &&Route| route.body_bytes > usual && route.path == request.path;
    let Some(route) = tickets::ROUTES.iter().find(large) else {
        return Ok(usual);
    };
    let access = &office.access;
    let caller = access.identify(&office.config, &office.tickets, request)?;
    caller.require(route.role)?;
    Ok(route.body_bytes)
}

/// The answer to a refused request: a page if a person opened an address that does not exist in a
/// browser, problem+json otherwise.
fn refusal(office: &Office, request: &Request, problem: &Problem) -> Answer {
    let page = if problem.code == ErrorCode::NotFound && reads(request) {
        office.pages.not_found(request, &frame_ancestors(office))
    } else {
        None
    };
    page.unwrap_or_else(|| problem.answer())
}

fn reads(request: &Request) -> bool {
    [Method::Get, Method::Head].contains(&request.method)
}

/// The sites that may show a page inside theirs.
fn frame_ancestors(office: &Office) -> Vec<String> {
    office.tickets.read_queue(|queue| {
        let appearance = &queue.settings().appearance;
        appearance.frame_ancestors.clone()
    })
}

/// Finds the route, checks all that it demands, and calls its handler.
fn handle(
    office: &Office,
    request: &Request,
    connection: &Entered,
    caller: Caller,
    route_name: &Cell<&'static str>,
) -> Handled {
    // Connections of the public give way first.
    connection.set_public(office.access.is_public(&caller));
    if request.path == office.wss.path() {
        route_name.set(office.wss.path());
        // An upgrade does not come here: the server takes it before.
        if request.method == Method::Get {
            return Err(Problem::upgrade_required());
        }
        return Err(not_allowed(request, &["GET"]));
    }
    let parts: Result<Vec<Cow<'_, str>>, Problem> = request
        .path
        .split('/')
        .skip(1)
        .map(|part| {
            let decoded = percent_decode_str(part).decode_utf8();
            decoded.map_err(|_| Problem::not_found("The address is not UTF-8."))
        })
        .collect();
    let parts = parts?;
    let key = idempotency_key(request)?;
    let mut allowed_methods = Vec::new();
    for route in tickets::ROUTES {
        let Some(parameters) = route.matches(&parts) else {
            continue;
        };
        if !route.answers(&request.method) {
            allowed_methods.push(route.method.as_str());
            if route.method == Method::Get && route.effect == Effect::Reads {
                allowed_methods.push("HEAD");
            }
            continue;
        }
        route_name.set(route.path);
        if route.effect == Effect::Changes {
            origin::check(request, &caller, &office.config.allowed_origins)?;
        }
        caller.require(route.role)?;
        check_query(route, request)?;
        return (route.handler)(&Context {
            office,
            request,
            route,
            connection,
            caller,
            key,
            parameters,
        });
    }
    if !allowed_methods.is_empty() {
        return Err(not_allowed(request, &allowed_methods));
    }
    if parts.first().is_some_and(|first| first == "api") {
        let why = format!("No resource at {}.", request.path);
        return Err(Problem::not_found(why));
    }
    if reads(request) {
        route_name.set(PAGES);
        return office.pages.answer(request, &frame_ancestors(office));
    }
    Err(not_allowed(request, &["GET", "HEAD"]))
}

/// Refuses a query that the route does not read: a mistyped or misplaced field, such as the guard
/// `current` of a POST, would silently have no effect.
fn check_query(route: &Route, request: &Request) -> Result<(), Problem> {
    if route.query != Query::None {
        return Ok(());
    }
    let Some((name, _)) = form_urlencoded::parse(request.query.as_bytes()).next() else {
        return Ok(());
    };
    let in_body = matches!(request.method, Method::Post | Method::Put | Method::Delete);
    let why = if in_body {
        let method = &request.method;
        format!("the fields of a {method} go in its body, not in the address")
    } else {
        "is not known; there are no query fields here".to_owned()
    };
    Err(Problem::invalid(&name, why))
}

/// The request's `Idempotency-Key`. One that cannot be kept is refused even where no answer is kept: its
/// sender relies on it.
fn idempotency_key(request: &Request) -> Result<Option<&str>, Problem> {
    let wrong = |why: String| Problem::invalid("Idempotency-Key", why);
    let mut keys = request.values("Idempotency-Key");
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    if keys.next().is_some() {
        return Err(wrong("a request has only one key".to_owned()));
    }
    let is_visible = key.iter().all(u8::is_ascii_graphic);
    let text = std::str::from_utf8(key).ok();
    let key = text.filter(|key| is_visible && (1..=LONGEST_KEY).contains(&key.len()));
    let why = || {
        wrong(format!(
            "a key has 1 to {LONGEST_KEY} visible ASCII characters"
        ))
    };
    key.map(Some).ok_or_else(why)
}

fn not_allowed(request: &Request, allowed: &[&str]) -> Problem {
    Problem::method_not_allowed(request.method.as_str(), &allowed.join(", "))
}
