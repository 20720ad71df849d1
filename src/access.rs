//! Roles, and the stored records of access: hashes of PINs, people, sessions, tokens, and the actor of an event.
//! Access records are not events, so an export does not contain them.

use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::PersonId;

/// The rights of a caller. Each role includes the rights of the roles before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Look at the public screen, take a ticket, follow or give up one whose id is known.
    Public,
    /// Serve visitors.
    Staff,
    /// Set up, export, purge.
    Admin,
}

impl Role {
    /// A role that is entered with a PIN.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "staff" => Some(Self::Staff),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }

    /// The role of that name.
    pub fn named(name: &str) -> Option<Self> {
        let mut roles = [Self::Public, Self::Staff, Self::Admin].into_iter();
        roles.find(|role| role.as_str() == name)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Staff => "staff",
            Self::Admin => "admin",
        }
    }
}

/// The hash of something that was drawn at random, so long that nobody can guess it.
pub type SecretHash = [u8; 32];

/// A PIN's hash, and how it was made (Argon2id).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinHash {
    pub salt: [u8; 16],
    pub hash: [u8; 32],
    pub memory_kib: u32,
    pub passes: u32,
}

/// A browser that has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub hash: SecretHash,
    pub role: Role,
    /// The person who signed in by name; `None` with a shared PIN.
    pub person: Option<PersonId>,
    /// Time in milliseconds since the Unix epoch.
    pub expires_at: i64,
}

/// Somebody who works in the office and signs in by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    /// The text that an admin wrote.
    pub name: Arc<str>,
    pub role: Role,
    pub pin: PinHash,
    /// Time in milliseconds since the Unix epoch.
    pub created_at: i64,
}

/// A program that may use the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Names the token in lists and when it is revoked; not secret.
    pub id: u64,
    pub hash: SecretHash,
    pub name: String,
    pub role: Role,
    /// Times in milliseconds since the Unix epoch.
    pub created_at: i64,
    pub used_at: Option<i64>,
}

/// Everything that is kept of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessRecords {
    /// The shared PINs.
    pub pins: Vec<(Role, PinHash)>,
    /// Oldest first.
    pub people: Vec<Person>,
    /// The highest id that a person has ever had; 0 if there never was one.
    pub last_person: u32,
    /// The number of changes of shared PINs and people so far. A data file has one server, and does not count them.
    pub revision: u64,
    /// Roles whose PIN was made by the program and has not been announced yet.
    pub unannounced: Vec<Role>,
    pub sessions: Vec<Session>,
    /// Oldest first.
    pub tokens: Vec<Token>,
}

/// A change of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessChange {
    /// Nothing of the batch is stored unless the shared PINs and people are those of this revision: another server may
    /// have changed them since.
    ExpectRevision(u64),
    /// Sets a role's shared PIN, and ends the sessions that a shared PIN of that role began.
    SetPin(Role, PinHash),
    /// Removes a role's shared PIN, and ends its sessions.
    RemovePin(Role),
    AddPerson(Person),
    /// Changes the person of that id.
    ChangePerson {
        person: Person,
        ends_sessions: bool,
    },
    /// Removes a person, and ends their sessions.
    RemovePerson(PersonId),
    /// The program made the PIN and has not announced it yet.
    PinUnannounced(Role),
    PinAnnounced(Role),
    /// Remembers a session, and forgets those that have ended by that time.
    AddSession {
        session: Session,
        now: i64,
    },
    EndSession(SecretHash),
    AddToken(Token),
    DeleteToken {
        id: u64,
    },
    TokenUsed {
        id: u64,
        at: i64,
    },
}

impl AccessChange {
    /// Whether storage can refuse it because of what another server stored at the same time.
    pub fn can_conflict(&self) -> bool {
        matches!(self, Self::ExpectRevision(_) | Self::AddToken(_))
    }

    /// Whether it changes the shared PINs or the people.
    pub fn raises_revision(&self) -> bool {
        matches!(
            self,
            Self::SetPin(..)
                | Self::RemovePin(_)
                | Self::AddPerson(_)
                | Self::ChangePerson { .. }
                | Self::RemovePerson(_)
        )
    }
}

/// The person or program that caused an event, and its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub role: Role,
    /// The name of the token that was shown.
    pub token: Option<String>,
    /// The name of the person who has signed in.
    pub person: Option<Arc<str>>,
    /// The id of this person; `None` in an entry that was read from the audit log, which has only names.
    pub person_id: Option<PersonId>,
    pub address: IpAddr,
}

impl Actor {
    /// Somebody who runs the program's own commands on the machine.
    pub const HERE: Self = Self {
        role: Role::Admin,
        token: None,
        person: None,
        person_id: None,
        address: IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
    };
}
