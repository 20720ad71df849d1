//! Sign-in and sign-out. A session is stored before the browser gets its cookie.

use std::time::Duration;

use super::caller::SignedInPerson;
use super::device::{self, DeviceId};
use super::pin_verifier::PinVerifier;
use super::{Access, COOKIE, Caller, cookies, lock, secret};
use crate::access::{AccessChange, PinHash, Role, SecretHash, Session};
use crate::calendar;
use crate::presentation::http::problem::Problem;
use crate::presentation::http::request::Request;
use crate::presentation::services::TicketService;
use crate::storage::AuditKind;

/// The lifetime of a session: a working day with some time before and after it.
pub const SESSION: Duration = Duration::from_secs(12 * 60 * 60);

/// The lifetime of a device cookie after a sign-in: longer than a long leave.
pub const DEVICE: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// A successful sign-in.
pub struct SignedIn {
    pub role: Role,
    /// The person, if they signed in by name.
    pub person: Option<SignedInPerson>,
    /// The value of the session cookie.
    pub secret: String,
    /// The value of the device cookie.
    pub device_cookie: String,
}

/// The owner of a PIN that was entered.
struct Owner {
    role: Role,
    person: Option<SignedInPerson>,
    pin: PinHash,
}

impl Access {
    /// Starts a session with the PIN `entered`: that of the person `name`, or a shared one without a name.
    /// `request` may carry a device cookie.
    pub fn sign_in(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        request: &Request,
        (name, entered): (Option<&str>, &str),
    ) -> Result<SignedIn, Problem> {
        let device = self.known_device(request);
        let id = device.as_ref().map(|(_, id)| id);
        // Before the wait, so that guessers do not take the places of others.
        self.check_sign_in_rate(caller, id)?;
        // Held until the session is stored, so that the PIN does not change in between.
        let verifier = self.verifier.acquire()?;
        self.check_sign_in_rate(caller, id)?;
        // The session is refused if a PIN or person changes at another server.
        let revision = self.credentials().revision();
        let Some(owner) = self.owner_of(&verifier, name, entered) else {
            lock(&self.sign_ins).count_wrong(caller.address, id, self.started.elapsed());
            log::warn!("Wrong PIN from {}", caller.address);
            // Without the name that was entered: it may be a PIN in the wrong field.
            let entry = caller.audit(AuditKind::SignInRefused, None);
            tickets.try_store_access(Vec::new(), Some(entry));
            return Err(Problem::wrong_pin(name.is_some()));
        };
        let secret = self.start_session(tickets, caller, &owner, revision)?;
        let device_cookie = match device {
            Some((cookie, _)) => cookie.to_owned(),
            None => {
                let made = device::make_cookie(&owner.pin);
                made.map_err(|_| Problem::storage_unavailable())?
            }
        };
        Ok(SignedIn {
            role: owner.role,
            person: owner.person,
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

    /// The owner of the PIN `entered`. An unknown name takes as long as a wrong PIN.
    fn owner_of(
        &self,
        verifier: &PinVerifier<'_>,
        name: Option<&str>,
        entered: &str,
    ) -> Option<Owner> {
        // Copied first: the lock must not be held while the PIN is hashed.
        let Some(name) = name else {
            let pins = self.credentials().pins();
            let role = verifier.role_of(entered, &pins)?;
            let mut pins = pins.into_iter();
            let (_, pin) = pins.find(|(other, _)| *other == role)?;
            return Some(Owner {
                role,
                person: None,
                pin,
            });
        };
        let person = self.credentials().person_named(name).cloned();
        let is_right = verifier.matches(entered, person.as_ref().map(|person| &person.pin));
        let person = person.filter(|_| is_right)?;
        Some(Owner {
            role: person.role,
            person: Some(SignedInPerson::from(&person)),
            pin: person.pin,
        })
    }

    /// Starts a session and ends the caller's earlier ones, whose cookies the browser now replaces. The PIN was verified
    /// with that revision of the PINs and people.
    /// Returns the value of the session's cookie.
    fn start_session(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        owner: &Owner,
        revision: u64,
    ) -> Result<String, Problem> {
        let secret = secret::make().map_err(|_| Problem::storage_unavailable())?;
        let now = calendar::now().as_millis();
        let session = Session {
            hash: secret::hash(&secret),
            role: owner.role,
            person: owner.person.as_ref().map(|person| person.id),
            expires_at: now + SESSION.as_millis() as i64,
        };
        let mut changes = vec![AccessChange::ExpectRevision(revision)];
        changes.extend(end_sessions(caller));
        changes.push(AccessChange::AddSession {
            session: session.clone(),
            now,
        });
        let signed_in = Caller {
            role: owner.role,
            person: owner.person.clone(),
            ..caller.clone()
        };
        let entry = signed_in.audit(AuditKind::SignedIn, None);
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

    /// Ends the sessions of the request, also those that do not count beside a proxy's user.
    pub fn sign_out(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        request: &Request,
    ) -> Result<(), Problem> {
        let caller = &Caller {
            sessions: self.sessions_of(request),
            ..caller.clone()
        };
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

    /// The sessions whose cookies a request has.
    fn sessions_of(&self, request: &Request) -> Vec<SecretHash> {
        let credentials = self.credentials();
        let now = calendar::now().as_millis();
        let hashes = cookies(request, COOKIE).map(secret::hash);
        hashes
            .filter(|hash| credentials.session(hash, now).is_some())
            .collect()
    }
}

/// The changes that end the caller's sessions.
fn end_sessions(caller: &Caller) -> Vec<AccessChange> {
    let sessions = caller.sessions.iter().copied();
    sessions.map(AccessChange::EndSession).collect()
}
