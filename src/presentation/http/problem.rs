//! What went wrong, as the outside sees it: RFC 9457, with a stable `code` and a `detail` that a
//! person can act on. The one place where an error becomes a status and a code.

use std::time::Duration;

use serde::Serialize;
use tiny_http::StatusCode;

use super::answer::Answer;
use crate::access::Role;
use crate::domain::Refusal;

/// After how many seconds it is worth trying again when storage or room is short.
pub const RETRY_AFTER_SECONDS: &str = "2";

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: u16,
    pub code: &'static str,
    pub detail: String,
    /// `Allow`, of a 405.
    pub allow: Option<String>,
    /// `Retry-After`, of a 429 and some of 503, in seconds.
    pub retry_after: Option<u64>,
}

#[derive(Serialize)]
struct ProblemJson<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
}

impl Problem {
    fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            allow: None,
            retry_after: None,
        }
    }

    /// HTTP that cannot be read, or that two readers could read differently.
    pub fn unreadable(why: &str) -> Self {
        Self::new(
            400,
            "bad-request",
            format!("This is no HTTP request that can be read: {why}."),
        )
    }

    /// A peer that took too long to send the `part` of a request.
    pub fn too_slow(part: &str) -> Self {
        let detail = format!("The request's {part} took too long to arrive.");
        Self::new(408, "request-timeout", detail)
    }

    pub fn bad_json(why: impl std::fmt::Display) -> Self {
        Self::new(
            400,
            "bad-json",
            format!("The body is no JSON object: {why}."),
        )
    }

    pub fn cross_site(origin: &str) -> Self {
        let mut detail = format!("Pages of {origin} may not use this server");
        if origin.contains("://") {
            detail.push_str(&format!("; --allow-origin {origin} would allow it"));
        }
        detail.push('.');
        Self::new(403, "cross-site", detail)
    }

    /// A name of this server that a page of another site may have made lead here.
    pub fn host_not_allowed(name: &str) -> Self {
        let detail = format!(
            "This server does not go by the name «{name}». Use its address or localhost; \
             if it is meant to have that name, start it with --host {name}."
        );
        Self::new(403, "host-not-allowed", detail)
    }

    /// Someone who has not signed in wants what `role` may do.
    pub fn pin_needed(role: Role) -> Self {
        let who = match role {
            Role::Admin => "the admin PIN",
            _ => "a PIN",
        };
        let detail = format!("Sign in with {who} first, or send a token: Authorization: Bearer.");
        Self::new(401, "pin-needed", detail)
    }

    pub fn wrong_pin() -> Self {
        Self::new(401, "wrong-pin", "That is not the PIN.")
    }

    /// A PIN or token that a stranger makes must not outlast `--open`.
    pub fn no_pins() -> Self {
        let detail = "This server runs without PINs (--open), so PINs and tokens can be set only on \
                      the machine itself; start it without --open to set them from here.";
        Self::new(409, "no-pins", detail)
    }

    pub fn unknown_token() -> Self {
        let detail = "That token is not known here; it may have been deleted.";
        Self::new(401, "pin-needed", detail)
    }

    /// Someone who has signed in wants more than they may.
    pub fn not_allowed() -> Self {
        let detail = "This is for admins: sign in with the admin PIN.";
        Self::new(403, "not-allowed", detail)
    }

    pub fn too_many_guesses(wait: Duration) -> Self {
        let seconds = whole_seconds(wait);
        let detail = format!("There were too many wrong PINs; try again in {seconds} s.");
        Self::too_many(seconds, detail)
    }

    /// Nobody did anything wrong: PINs are verified one after the other.
    pub fn too_many_sign_ins() -> Self {
        let detail = "Many are signing in at this moment; try again in 1 s.";
        Self {
            retry_after: Some(1),
            ..Self::new(503, "busy", detail)
        }
    }

    pub fn too_many_tickets(wait: Duration) -> Self {
        let seconds = whole_seconds(wait);
        let detail =
            format!("Too many tickets were taken from here just now; try again in {seconds} s.");
        Self::too_many(seconds, detail)
    }

    fn too_many(seconds: u64, detail: String) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(429, "too-many-requests", detail)
        }
    }

    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(404, "not-found", what)
    }

    /// The path exists, with other methods.
    pub fn method_not_allowed(method: &str, allow: &str) -> Self {
        Self {
            allow: Some(allow.to_owned()),
            ..Self::new(
                405,
                "method-not-allowed",
                format!("{method} does nothing here; allowed: {allow}."),
            )
        }
    }

    pub fn body_too_large(most: usize) -> Self {
        let detail = format!("A request's body has {most} bytes at most.");
        Self::new(413, "body-too-large", detail)
    }

    pub fn address_too_long(detail: String) -> Self {
        Self::new(414, "head-too-large", detail)
    }

    pub fn head_too_large(detail: String) -> Self {
        Self::new(431, "head-too-large", detail)
    }

    pub fn unsupported_media_type(sent: &str) -> Self {
        let detail =
            format!("A body is application/json or application/x-www-form-urlencoded, not {sent}.");
        Self::new(415, "unsupported-media-type", detail)
    }

    /// A field that cannot be taken: its name, and why.
    pub fn invalid(field: &str, why: impl std::fmt::Display) -> Self {
        Self::new(422, "invalid", format!("{field}: {why}."))
    }

    /// `GET /ws` by something that is no WebSocket.
    pub fn upgrade_required() -> Self {
        let detail = "This address speaks WebSocket only (RFC 6455, version 13).";
        Self::new(426, "upgrade-required", detail)
    }

    pub fn storage_unavailable() -> Self {
        let detail = "Nothing can be stored at the moment, so nothing was done; \
                      the server's log says why.";
        Self::new(503, "storage-unavailable", detail)
    }

    /// An `Idempotency-Key` comes again with another request.
    pub fn key_reused() -> Self {
        Self::invalid(
            "Idempotency-Key",
            "it was used with another request; use a new key for each request",
        )
    }

    /// A ticket cannot be printed by a server that has no printer.
    pub fn no_printer() -> Self {
        let detail = "This server has no ticket printer; start it with --printer HOST:9100.";
        Self::new(409, "no-printer", detail)
    }

    /// The printer is there and does not print: what a person can do about it.
    pub fn printer_failing(detail: &str) -> Self {
        Self::new(503, "printer-failing", detail)
    }

    /// A page that is there and cannot be read now.
    pub fn page_unavailable(path: &str) -> Self {
        let detail =
            format!("The page {path} cannot be read at the moment; the server's log says why.");
        Self::new(503, "storage-unavailable", detail)
    }

    /// A part of a file that it does not have.
    pub fn no_such_range(length: u64) -> Self {
        let detail = format!("The file has {length} bytes, and none of those asked for.");
        Self::new(416, "no-such-range", detail)
    }

    pub fn too_many_connections(most: usize) -> Self {
        let detail = format!("{most} connections are open, and there is no room for more.");
        Self::new(503, "too-many-connections", detail)
    }

    /// `what` is the address or the network.
    pub fn too_many_connections_of(what: &str, most: usize) -> Self {
        let detail = format!(
            "{most} connections from this {what} are open, and there is no room for more; \
             --max-connections-per-address allows more."
        );
        Self::new(503, "too-many-connections", detail)
    }

    /// The answer that says so.
    pub fn answer(&self) -> Answer {
        let json = ProblemJson {
            kind: "about:blank",
            title: StatusCode(self.status).default_reason_phrase(),
            status: self.status,
            code: self.code,
            detail: &self.detail,
        };
        let mut answer = Answer::json(self.status, &json)
            .with_header("Content-Type", "application/problem+json");
        if let Some(allow) = &self.allow {
            answer = answer.with_header("Allow", allow.clone());
        }
        if let Some(seconds) = self.retry_after {
            answer = answer.with_header("Retry-After", seconds.to_string());
        }
        match self.status {
            // Browsers ask for nothing because of it (RFC 9110, section 11.6.1, wants it there).
            401 => answer.with_header("WWW-Authenticate", "Bearer"),
            503 if self.retry_after.is_none() => {
                answer.with_header("Retry-After", RETRY_AFTER_SECONDS)
            }
            426 => answer.with_header("Sec-WebSocket-Version", "13"),
            _ => answer,
        }
    }
}

/// At least one, so that it is worth waiting.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1_000).clamp(1, 86_400) as u64
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Self {
        let (status, code) = match refusal {
            Refusal::QueueEmpty => (409, "queue-empty"),
            Refusal::NobodyAttended { .. } => (409, "nobody-attended"),
            Refusal::WrongState { .. } => (409, "wrong-state"),
            Refusal::DeskMovedOn { .. } => (409, "desk-moved-on"),
            Refusal::NothingToUndo { .. } => (409, "nothing-to-undo"),
            Refusal::DeskInUse { .. } | Refusal::DeskTaken { .. } => (409, "desk-in-use"),
            Refusal::DeskClosed { .. } => (409, "desk-closed"),
            Refusal::NoSuchTicket(_) | Refusal::NoSuchDesk(_) => (404, "not-found"),
            Refusal::UnknownService { .. } => (422, "unknown-service"),
            Refusal::UnknownPriority { .. } => (422, "unknown-priority"),
            Refusal::EndsBeforeItBegins { .. }
            | Refusal::TooManyDesks
            | Refusal::TooManyServices => (422, "invalid"),
            Refusal::QueueFull { .. } => (409, "queue-full"),
            Refusal::NoNumberLeft { .. } => (409, "no-number-left"),
            Refusal::ServiceClosed { .. } => (409, "service-closed"),
            Refusal::ServiceInUse { .. } => (409, "service-in-use"),
            Refusal::PriorityInUse { .. } => (409, "priority-in-use"),
        };
        Self::new(status, code, refusal.to_string())
    }
}
