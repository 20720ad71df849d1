//! The caller of a request: role, address, and the sessions or the token that prove the role.

use std::net::IpAddr;
use std::sync::Arc;

use crate::access::{Actor, Person, Role, SecretHash};
use crate::domain::PersonId;
use crate::presentation::http::problem::Problem;
use crate::storage::{AuditEntry, AuditKind};

/// The client that sent a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub role: Role,
    pub address: IpAddr,
    pub token: Option<ShownToken>,
    /// The person who has signed in by name.
    pub person: Option<SignedInPerson>,
    /// The sessions of the request. A browser may send several cookies, for other paths or names of
    /// this host.
    pub sessions: Vec<SecretHash>,
    /// The connection is from this machine, and no proxy passed it on.
    pub is_here: bool,
    /// Also, `Host` is a loopback name.
    pub is_local: bool,
    /// The client uses HTTPS: the connection does, or a trusted proxy says so.
    pub is_secure: bool,
}

/// A person who has signed in by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedInPerson {
    pub id: PersonId,
    pub name: Arc<str>,
}

impl From<&Person> for SignedInPerson {
    fn from(person: &Person) -> Self {
        Self {
            id: person.id,
            name: person.name.clone(),
        }
    }
}

/// The token that a program sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownToken {
    pub(super) id: u64,
    pub(super) name: String,
}

impl Caller {
    /// Refuses a caller with less than `role`.
    pub fn require(&self, role: Role) -> Result<(), Problem> {
        if self.role >= role {
            Ok(())
        } else if self.role == Role::Public {
            Err(Problem::pin_needed(role))
        } else {
            Err(Problem::not_allowed())
        }
    }

    /// Whether a trusted proxy has signed the caller in.
    pub fn is_proxy_user(&self) -> bool {
        self.person.is_some() && self.sessions.is_empty()
    }

    /// The caller as the audit log records it.
    pub fn actor(&self) -> Actor {
        Actor {
            role: self.role,
            token: self.token.as_ref().map(|token| token.name.clone()),
            person: self.person.as_ref().map(|person| person.name.clone()),
            person_id: self.person.as_ref().map(|person| person.id),
            address: self.address,
        }
    }

    /// An entry of the audit log about something that this caller did and that is not an event.
    pub fn audit(&self, kind: AuditKind, subject: Option<&str>) -> AuditEntry {
        AuditEntry::new(kind, subject, Some(self.actor()))
    }
}
