//! Sign-in and sign-out. A session is stored before the browser gets its cookie.

use std::time::Duration;

use super::device::{self, DeviceId};
use super::{Access, Caller, lock, secret};
use crate::access::{AccessChange, Actor, Role, Session};
use crate::calendar;
use crate::presentation::http::problem::Problem;
use crate::presentation::http::request::Request;
use crate::presentation::services::TicketService;
use crate::storage::{AuditEntry, AuditKind};

/// The lifetime of a session: a working day with some time before and after it.
pub const SESSION: Duration = Duration::from_secs(12 * 60 * 60);

/// The lifetime of a device cookie after a sign-in: longer than a long leave.
pub const DEVICE: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// A successful sign-in.
pub struct SignedIn {
    pub role: Role,
    /// The value of the session cookie.
    pub secret: String,
    /// The value of the device cookie.
    pub device_cookie: String,
}

impl Access {
    /// Starts a session with the PIN `entered`. `request` may carry a device cookie.
    pub fn sign_in(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        request: &Request,
        entered: &str,
    ) -> Result<SignedIn, Problem> {
        let device = self.known_device(request);
        let id = device.as_ref().map(|(_, id)| id);
        // Before the wait, so that guessers do not take the places of others.
        self.check_sign_in_rate(caller, id)?;
        // Held until the session is stored, so that the PIN does not change in between.
        let verifier = self.verifier.acquire()?;
        self.check_sign_in_rate(caller, id)?;
        // Copied first: the lock must not be held while the PIN is hashed.
        let pins = self.credentials().pins();
        let Some(role) = verifier.role_of(entered, &pins) else {
            lock(&self.sign_ins).count_wrong(caller.address, id, self.started.elapsed());
            log::warn!("Wrong PIN from {}", caller.address);
            let entry = caller.audit(AuditKind::SignInRefused, None);
            tickets.try_store_access(Vec::new(), Some(entry));
            return Err(Problem::wrong_pin());
        };
        let secret = self.start_session(tickets, caller, role)?;
        let device_cookie = match device {
            Some((cookie, _)) => cookie.to_owned(),
            None => self.new_device_cookie(role)?,
        };
        Ok(SignedIn {
            role,
            secret,
            device_cookie,
        })
    }

    /// Refuses a sign-in if this client has entered too many wrong PINs. The machine itself is
    /// exempt: it needs no PIN.
    fn check_sign_in_rate(
        &self,
        caller: &Caller,
        device: Option<&DeviceId>,
    ) -> Result<(), Problem> {
        if caller.is_local {
            return Ok(());
        }
        let now = self.started.elapsed();
        let wait = lock(&self.sign_ins).wait(caller.address, device, now);
        if wait.is_zero() {
            Ok(())
        } else {
            Err(Problem::too_many_guesses(wait))
        }
    }

    fn new_device_cookie(&self, role: Role) -> Result<String, Problem> {
        let pins = self.credentials().pins();
        let pin = pins.iter().find(|(other, _)| *other == role);
        let (_, pin) = pin.expect("this role's PIN was just entered");
        device::make_cookie(pin).map_err(|_| Problem::storage_unavailable())
    }

    /// Starts a session and ends the caller's earlier ones, whose cookies the browser now replaces.
    /// Returns the value of the session's cookie.
    fn start_session(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        role: Role,
    ) -> Result<String, Problem> {
        let secret = secret::make().map_err(|_| Problem::storage_unavailable())?;
        let now = calendar::now().as_millis();
        let session = Session {
            hash: secret::hash(&secret),
            role,
            expires_at: now + SESSION.as_millis() as i64,
        };
        let mut changes = end_sessions(caller);
        changes.push(AccessChange::AddSession {
            session: session.clone(),
            now,
        });
        let actor = Actor {
            role,
            ..caller.actor()
        };
        let entry = AuditEntry::new(AuditKind::SignedIn, None, Some(actor));
        tickets.store_access(changes, Some(entry))?;
        let mut credentials = self.credentials();
        for hash in &caller.sessions {
            credentials.end_session(hash);
        }
        credentials.add_session(session, now);
        drop(credentials);
        self.wss.recheck_access();
        Ok(secret)
    }

    /// Ends the caller's sessions.
    pub fn sign_out(&self, tickets: &TicketService, caller: &Caller) -> Result<(), Problem> {
        if caller.sessions.is_empty() {
            return Ok(());
        }
        let entry = caller.audit(AuditKind::SignedOut, None);
        tickets.store_access(end_sessions(caller), Some(entry))?;
        let mut credentials = self.credentials();
        for hash in &caller.sessions {
            credentials.end_session(hash);
        }
        drop(credentials);
        self.wss.recheck_access();
        Ok(())
    }
}

/// The changes that end the caller's sessions.
fn end_sessions(caller: &Caller) -> Vec<AccessChange> {
    let sessions = caller.sessions.iter().copied();
    sessions.map(AccessChange::EndSession).collect()
}
