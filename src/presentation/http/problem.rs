//! Error answers in the form of RFC 9457: a status, a stable `code`, and a `detail` that a person can
//! act on. All errors of the program become statuses and codes here and in `refusals`.

use std::fmt::Display;
use std::time::Duration;

use serde::Serialize;
use tiny_http::StatusCode;

use super::answer::Answer;
use super::error_code::ErrorCode;
use crate::access::Role;
use crate::storage::StorageError;

/// The `Retry-After` of a 503 that has no better estimate.
pub const RETRY_AFTER_SECONDS: u64 = 2;

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub code: ErrorCode,
    pub detail: String,
    /// The value of `Allow`, for a 405.
    pub allow: Option<String>,
    /// The value of `Retry-After` in seconds, for a 429 or 503.
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
    pub(super) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            allow: None,
            retry_after: (code.status() == 503).then_some(RETRY_AFTER_SECONDS),
        }
    }

    fn with_retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// The request is not valid HTTP, or two readers could understand it differently.
    pub fn unreadable(why: &str) -> Self {
        let detail = format!("The request is not valid HTTP: {why}.");
        Self::new(ErrorCode::BadRequest, detail)
    }

    /// A request without TLS came on the port of HTTPS.
    pub fn tls_needed() -> Self {
        let detail = "This port speaks HTTPS: the address must begin with https:// (or wss:// for a WebSocket).";
        Self::new(ErrorCode::BadRequest, detail)
    }

    /// The peer took too long to send `part` of a request.
    pub fn too_slow(part: &str) -> Self {
        let detail = format!("The {part} of the request took too long to arrive.");
        Self::new(ErrorCode::RequestTimeout, detail)
    }

    pub fn bad_json(why: impl Display) -> Self {
        let detail = format!("The body is not a JSON object: {why}.");
        Self::new(ErrorCode::BadJson, detail)
    }

    /// A page of another site sent the request.
    pub fn cross_site(origin: &str) -> Self {
        let mut detail = format!("Pages of {origin} may not use this server");
        if origin.contains("://") {
            detail.push_str(&format!("; --allow-origin {origin} allows it"));
        }
        detail.push('.');
        Self::new(ErrorCode::CrossSite, detail)
    }

    /// Another site may have pointed this `Host` name at the server.
    pub fn host_not_allowed(name: &str) -> Self {
        let detail = format!(
            "This server does not answer to the name «{name}». Use its address or localhost, or \
             start it with --host {name} if the name is meant for it."
        );
        Self::new(ErrorCode::HostNotAllowed, detail)
    }

    /// A caller without a session or token needs `role`.
    pub fn pin_needed(role: Role) -> Self {
        let pin = match role {
            Role::Admin => "the admin PIN",
            _ => "a PIN",
        };
        let detail = format!("Sign in with {pin} first, or send a token: Authorization: Bearer.");
        Self::new(ErrorCode::PinNeeded, detail)
    }

    /// `has_name`: it was tried as the PIN of a person.
    pub fn wrong_pin(has_name: bool) -> Self {
        let detail = if has_name {
            "Wrong name or PIN."
        } else {
            "Wrong PIN."
        };
        Self::new(ErrorCode::WrongPin, detail)
    }

    /// A change would leave nobody who can sign in with one of the roles.
    pub fn last_way_in() -> Self {
        let detail = "After this nobody could sign in as staff or as admin any more. Set a shared PIN, or add another \
                      person with that role, first.";
        Self::new(ErrorCode::LastWayIn, detail)
    }

    /// With `--open`, a stranger must not set PINs or tokens that outlast it.
    pub fn no_pins() -> Self {
        let detail = "This server runs without PINs (--open). PINs and tokens can be set on its own \
                      machine only, or after a start without --open.";
        Self::new(ErrorCode::NoPins, detail)
    }

    pub fn unknown_token() -> Self {
        let detail = "This token is not valid here; it may have been deleted.";
        Self::new(ErrorCode::PinNeeded, detail)
    }

    /// The caller has signed in, but the request needs an admin.
    pub fn not_allowed() -> Self {
        let detail = "Only admins may do this: sign in with the admin PIN.";
        Self::new(ErrorCode::NotAllowed, detail)
    }

    /// A PIN from somebody whom a trusted proxy has signed in.
    pub fn signed_in_elsewhere() -> Self {
        let detail = "You are signed in with the account of your organisation, which also says if you are an admin; \
                      no PIN changes that.";
        Self::new(ErrorCode::SignedInElsewhere, detail)
    }

    pub fn too_many_guesses(wait: Duration) -> Self {
        let seconds = whole_seconds(wait);
        let detail = format!("Too many wrong PINs; try again in {seconds} s.");
        Self::new(ErrorCode::TooManyRequests, detail).with_retry_after(seconds)
    }

    /// Too many sign-ins wait, because PINs are verified one at a time.
    pub fn too_many_sign_ins() -> Self {
        let detail = "Many people are signing in at the moment; try again in 1 s.";
        Self::new(ErrorCode::Busy, detail).with_retry_after(1)
    }

    /// Another server of the office has just changed the same.
    pub fn changed_meanwhile() -> Self {
        let detail = "Somebody else has just made a change at another server, so this one was not made; look at it again and \
                      try again in 1 s.";
        Self::new(ErrorCode::Busy, detail).with_retry_after(1)
    }

    /// As many large answers are being sent as the memory is meant for.
    pub fn too_many_large_answers() -> Self {
        let detail =
            "Several large lists or exports are being sent at the moment; try again in 2 s.";
        Self::new(ErrorCode::Busy, detail)
    }

    /// Too many threads of webhooks wait for their receivers.
    pub fn webhooks_busy() -> Self {
        let detail = "Another webhook still waits for its receiver; try again in some seconds.";
        Self::new(ErrorCode::Busy, detail)
    }

    pub fn too_many_tickets(wait: Duration) -> Self {
        let seconds = whole_seconds(wait);
        let detail = format!("Too many tickets from this address; try again in {seconds} s.");
        Self::new(ErrorCode::TooManyRequests, detail).with_retry_after(seconds)
    }

    pub fn too_many_changes(wait: Duration) -> Self {
        let seconds = whole_seconds(wait);
        let detail = format!("Too many changes from this address; try again in {seconds} s.");
        Self::new(ErrorCode::TooManyRequests, detail).with_retry_after(seconds)
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, detail)
    }

    /// The path exists, with the methods in `allow` only.
    pub fn method_not_allowed(method: &str, allow: &str) -> Self {
        let detail = format!("{method} is not supported here; use {allow}.");
        Self {
            allow: Some(allow.to_owned()),
            ..Self::new(ErrorCode::MethodNotAllowed, detail)
        }
    }

    pub fn body_too_large(limit: usize) -> Self {
        let detail = format!("The body of a request has at most {limit} bytes.");
        Self::new(ErrorCode::BodyTooLarge, detail)
    }

    pub fn address_too_long(limit: usize) -> Self {
        let detail = format!("The address of a request has at most {limit} bytes.");
        Self::new(ErrorCode::AddressTooLong, detail)
    }

    /// `part` of the head is larger than `limit`.
    pub fn head_too_large(part: &str, limit: usize, unit: &str) -> Self {
        let detail = format!("{part} of a request has at most {limit} {unit}.");
        Self::new(ErrorCode::HeadTooLarge, detail)
    }

    pub fn unsupported_media_type(sent: &str) -> Self {
        let detail = format!(
            "The body must be application/json or application/x-www-form-urlencoded, not {sent}."
        );
        Self::new(ErrorCode::UnsupportedMediaType, detail)
    }

    /// A field with a value that is not allowed.
    pub fn invalid(field: &str, why: impl Display) -> Self {
        Self::new(ErrorCode::Invalid, format!("{field}: {why}."))
    }

    pub fn key_reused() -> Self {
        Self::invalid(
            "Idempotency-Key",
            "it was used with another request; use a new key for each request",
        )
    }

    /// `GET /ws` without a WebSocket handshake.
    pub fn upgrade_required() -> Self {
        let detail = "This address accepts WebSocket connections only (RFC 6455, version 13).";
        Self::new(ErrorCode::UpgradeRequired, detail)
    }

    pub fn storage_unavailable() -> Self {
        let detail = "The server cannot store anything at the moment, so nothing was changed; its \
                      log says why.";
        Self::new(ErrorCode::StorageUnavailable, detail)
    }

    /// Storage failed. The detail says whether anything was changed, and what to do.
    pub fn storage_failed(error: &StorageError) -> Self {
        let outcome = match error {
            StorageError::InDoubt(_) => {
                "It is not known whether this was done: look before you do it again, or repeat it with the \
                 same Idempotency-Key."
            }
            _ => "Nothing was changed.",
        };
        let detail = format!("{} {outcome}", storage_advice(error));
        Self::new(ErrorCode::StorageUnavailable, detail)
    }

    pub fn no_printer() -> Self {
        let detail = "This office has no ticket printer; set one up in the settings, or start the server with --printer HOST:9100.";
        Self::new(ErrorCode::NoPrinter, detail)
    }

    pub fn no_backup_folder(is_file: bool) -> Self {
        let detail = match is_file {
            true => "This server has no folder for backups; start it with --backup-dir DIR.",
            false => {
                "The office is in PostgreSQL, which has tools of its own for backups, such as pg_dump."
            }
        };
        Self::new(ErrorCode::NoBackupFolder, detail)
    }

    pub fn backups_unreadable(error: &std::io::Error) -> Self {
        let detail = format!("The folder of backups cannot be read: {error}.");
        Self::new(ErrorCode::StorageUnavailable, detail)
    }

    /// The printer does not print; `detail` says what a person can do about it.
    pub fn printer_failing(detail: &str) -> Self {
        Self::new(ErrorCode::PrinterFailing, detail)
    }

    /// A page exists, but its file cannot be read.
    pub fn page_unavailable(path: &str) -> Self {
        let detail =
            format!("The page {path} cannot be read at the moment; the server's log says why.");
        Self::new(ErrorCode::StorageUnavailable, detail)
    }

    /// The requested range is outside a file of `length` bytes.
    pub fn no_such_range(length: u64) -> Self {
        let detail = format!("The file has {length} bytes; the requested range is outside it.");
        Self::new(ErrorCode::NoSuchRange, detail)
    }

    pub fn too_many_connections(limit: usize) -> Self {
        let detail = format!("There are {limit} connections already, the most that are allowed.");
        Self::new(ErrorCode::TooManyConnections, detail)
    }

    /// The screens and polls of public callers hold all places that they may hold.
    pub fn too_many_public_screens(limit: usize) -> Self {
        let detail = format!(
            "There are {limit} public screens already, the most that are allowed; staff can \
             still connect."
        );
        Self::new(ErrorCode::TooManyConnections, detail)
    }

    /// `client` is "address" or "network".
    pub fn too_many_connections_of(client: &str, limit: usize) -> Self {
        let detail = format!(
            "There are {limit} connections from this {client} already; \
             --max-connections-per-address allows more."
        );
        Self::new(ErrorCode::TooManyConnections, detail)
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.code.status()
    }

    /// The problem as an answer.
    pub fn answer(&self) -> Answer {
        let status = self.status();
        let json = ProblemJson {
            kind: "about:blank",
            title: StatusCode(status).default_reason_phrase(),
            status,
            code: self.code.as_str(),
            detail: &self.detail,
        };
        let mut answer =
            Answer::json(status, &json).with_header("Content-Type", "application/problem+json");
        if let Some(allow) = &self.allow {
            answer = answer.with_header("Allow", allow.clone());
        }
        if let Some(seconds) = self.retry_after {
            answer = answer.with_header("Retry-After", seconds.to_string());
        }
        match status {
            // Required by RFC 9110, section 11.6.1. Browsers do not ask for a password because of it.
            401 => answer.with_header("WWW-Authenticate", "Bearer"),
            426 => answer.with_header("Sec-WebSocket-Version", "13"),
            _ => answer,
        }
    }
}

/// The reason that nothing can be stored, and what to do. It names no path: anyone may read it.
pub fn storage_advice(error: &StorageError) -> String {
    match error {
        StorageError::Replaced => "The server's data file was deleted or replaced. Put it back; if it is \
                                   gone, take an export from the settings before the server is stopped."
            .to_owned(),
        StorageError::Unwritable(why) => {
            format!("The server's data file cannot be written: {why}.")
        }
        _ => "The server cannot store anything at the moment; its log says why.".to_owned(),
    }
}

/// Whole seconds, rounded up, and at least one: 0 would invite a retry at once.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1_000).clamp(1, 86_400) as u64
}
