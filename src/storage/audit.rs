//! What the trace shows: events with who caused them, and what is no event of the queue, such as
//! that someone signed in. It holds no secret, and goes with `--keep-days`.

use crate::access::{Actor, Role};

/// What happened that is no event of the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noted {
    /// Someone signed in, with that role.
    SignedIn,
    /// A PIN was wrong. Those of an address within an hour are one note with their number.
    SignInRefused,
    SignedOut,
    /// A role has a new PIN.
    PinChanged(Role),
    /// A token of that name was made,
    TokenMade(String),
    /// or taken away.
    TokenRevoked(String),
    /// The office was written down as a file.
    Exported,
    /// An admin wanted that all so far is forgotten.
    PurgeAsked,
    /// Who caused what is older than it is kept was forgotten. Those within a day are one note
    /// with the number of events and notes that it was about.
    TracePurged,
}

impl Noted {
    /// Its name, as it is stored and shown.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::SignInRefused => "sign-in-refused",
            Self::SignedOut => "signed-out",
            Self::PinChanged(_) => "pin-changed",
            Self::TokenMade(_) => "token-made",
            Self::TokenRevoked(_) => "token-revoked",
            Self::Exported => "exported",
            Self::PurgeAsked => "purge-asked",
            Self::TracePurged => "trace-purged",
        }
    }

    /// Whose PIN, or which token.
    pub fn about(&self) -> Option<&str> {
        match self {
            Self::PinChanged(role) => Some(role.as_str()),
            Self::TokenMade(name) | Self::TokenRevoked(name) => Some(name),
            _ => None,
        }
    }
}

/// What happened that is no event, and who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub noted: Noted,
    pub actor: Option<Actor>,
}

/// A place in the trace: an event has its own `seq` and the note 0, and a note the `seq` of the last
/// event before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub seq: u64,
    pub note: u64,
}

impl Place {
    /// After all there is.
    pub const END: Self = Self {
        seq: u64::MAX,
        note: 0,
    };
}

/// What the trace shows at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    pub place: Place,
    /// In milliseconds since the Unix epoch.
    pub at: i64,
    pub what: What,
    /// `None` where it happened by itself, or is no longer known.
    pub actor: Option<Actor>,
}

/// An event, or what is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Event {
        /// The event, as JSON.
        body: String,
        /// The fields of the settings that it changed.
        fields: Vec<String>,
    },
    Note {
        kind: String,
        about: Option<String>,
        count: u64,
    },
}

/// What a step of a purge came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purged {
    /// Events and notes whose actor was known until then.
    pub count: u64,
    /// Whether there may be more.
    pub is_more: bool,
}
