//! Signing in and out, new PINs, new tokens. Each change is durable before it counts.

use std::sync::MutexGuard;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::device::{self, DeviceId};
use super::{Access, Caller, lock, pin, secret};
use crate::access::{AccessChange, Actor, Role, Session, Token};
use crate::calendar;
use crate::presentation::http::problem::Problem;
use crate::presentation::http::request::Request;
use crate::presentation::services::TicketService;
use crate::storage::{Note, Noted};

/// How long a session lasts: a working day, with what comes before and after it.
pub const SESSION: Duration = Duration::from_secs(12 * 60 * 60);

/// How many may wait until their PIN is verified; each keeps a connection's thread.
const MOST_WAITING: usize = 8;

/// The most tokens: more programs than any office has.
const MOST_TOKENS: usize = 100;

/// How long a device cookie is good for after a sign-in: longer than a long leave.
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
        let verifier = Verifier::acquire(self)?;
        self.check_sign_in_rate(caller, id)?;
        let Some(role) = verifier.role_of(entered) else {
            lock(&self.sign_ins).count_wrong(caller.address, id, self.started.elapsed());
            log::warn!("Wrong PIN from {}", caller.address);
            tickets.try_store_access(Vec::new(), Some(caller.note(Noted::SignInRefused)));
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
        let mut changes = ends(caller);
        changes.push(AccessChange::AddSession {
            session: session.clone(),
            now,
        });
        let actor = Actor {
            role,
            ..caller.actor()
        };
        let note = Note {
            noted: Noted::SignedIn,
            actor: Some(actor),
        };
        tickets.store_access(changes, Some(note))?;
        let mut credentials = self.credentials();
        caller
            .sessions
            .iter()
            .for_each(|old| credentials.end_session(old));
        credentials.add_session(session, now);
        drop(credentials);
        self.wss.recheck_access();
        Ok(secret)
    }

    /// Ends the sessions that a request belongs to, if any.
    pub fn sign_out(&self, tickets: &TicketService, caller: &Caller) -> Result<(), Problem> {
        if caller.sessions.is_empty() {
            return Ok(());
        }
        tickets.store_access(ends(caller), Some(caller.note(Noted::SignedOut)))?;
        let mut credentials = self.credentials();
        caller
            .sessions
            .iter()
            .for_each(|hash| credentials.end_session(hash));
        drop(credentials);
        self.wss.recheck_access();
        Ok(())
    }

    /// Sets a PIN, and ends the sessions of that role.
    pub fn set_pin(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        role: Role,
        new: &str,
    ) -> Result<(), Problem> {
        pin::check(new).map_err(|why| Problem::invalid("pin", why))?;
        let verifier = Verifier::acquire_always(self);
        if verifier.role_of(new).is_some_and(|other| other != role) {
            return Err(Problem::invalid(
                "pin",
                "staff and admin each need their own",
            ));
        }
        let hash = pin::hash(new).map_err(|_| Problem::storage_unavailable())?;
        let note = caller.note(Noted::PinChanged(role));
        tickets.store_access(vec![AccessChange::SetPin(role, hash.clone())], Some(note))?;
        self.credentials().set_pin(role, hash);
        self.wss.recheck_access();
        log::info!("The PIN of {} was changed", role.as_str());
        Ok(())
    }

    /// Makes a token: what is kept of it, and the token itself, which is not. With a `key` the same
    /// request gets the same token again.
    pub fn make_token(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        name: String,
        role: Role,
        key: Option<&str>,
    ) -> Result<(Token, String), Problem> {
        // One at a time, so that no two get the same number.
        let _one = lock(&self.verifying);
        if let Some(key) = key {
            let tokens = self.tokens();
            let again = lock(&self.token_issuer).again(key, &name, role, &tokens)?;
            if let Some(again) = again {
                return Ok(again);
            }
        }
        let id = {
            let credentials = self.credentials();
            if credentials.tokens().len() >= MOST_TOKENS {
                let why = format!("there are {MOST_TOKENS} tokens; delete one that is not used");
                return Err(Problem::invalid("name", why));
            }
            if credentials.tokens().iter().any(|token| token.name == name) {
                let why = format!("«{name}» is there already; the trace tells them apart by it");
                return Err(Problem::invalid("name", why));
            }
            credentials.next_token()
        };
        let secret = match key {
            Some(key) => lock(&self.token_issuer).secret(key, &name, role),
            None => secret::make().map_err(|_| Problem::storage_unavailable())?,
        };
        let token = Token {
            id,
            hash: secret::hash(&secret),
            name,
            role,
            created_at: calendar::now().as_millis(),
            used_at: None,
        };
        let note = caller.note(Noted::TokenMade(token.name.clone()));
        tickets.store_access(vec![AccessChange::AddToken(token.clone())], Some(note))?;
        self.credentials().add_token(token.clone());
        if let Some(key) = key {
            lock(&self.token_issuer).remember(key, &token);
        }
        Ok((token, secret))
    }

    /// The tokens, oldest first.
    pub fn tokens(&self) -> Vec<Token> {
        self.credentials().tokens().to_vec()
    }

    /// Takes a token away; says whether it was there.
    pub fn delete_token(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        id: u64,
    ) -> Result<bool, Problem> {
        let name = {
            let credentials = self.credentials();
            let token = credentials.tokens().iter().find(|token| token.id == id);
            token.map(|token| token.name.clone())
        };
        let Some(name) = name else {
            return Ok(false);
        };
        let note = caller.note(Noted::TokenRevoked(name));
        tickets.store_access(vec![AccessChange::DeleteToken { id }], Some(note))?;
        let was_there = self.credentials().delete_token(id);
        self.wss.recheck_access();
        Ok(was_there)
    }
}

/// The end of the sessions that a request belongs to.
fn ends(caller: &Caller) -> Vec<AccessChange> {
    let sessions = caller.sessions.iter().copied();
    sessions.map(AccessChange::EndSession).collect()
}

/// The permission to verify PINs: one thread at a time has it, because Argon2id takes a processor
/// and memory for a while.
struct Verifier<'a> {
    access: &'a Access,
    _held: MutexGuard<'a, ()>,
}

impl<'a> Verifier<'a> {
    /// Waits for the permission. Refused if [`MOST_WAITING`] threads wait already.
    fn acquire(access: &'a Access) -> Result<Self, Problem> {
        if access.waiting.fetch_add(1, Ordering::AcqRel) >= MOST_WAITING {
            access.waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(Problem::too_many_sign_ins());
        }
        Ok(Self {
            access,
            _held: lock(&access.verifying),
        })
    }

    /// Like [`acquire`](Self::acquire), but waits behind any number of threads. Only for admins.
    fn acquire_always(access: &'a Access) -> Self {
        access.waiting.fetch_add(1, Ordering::AcqRel);
        Self {
            access,
            _held: lock(&access.verifying),
        }
    }

    /// The role whose PIN was `entered`. Compares all PINs, so that the time reveals nothing.
    fn role_of(&self, entered: &str) -> Option<Role> {
        let pins = self.access.credentials().pins();
        let matching: Vec<Role> = pins
            .iter()
            .filter(|(_, pin)| pin::matches(entered, pin))
            .map(|(role, _)| *role)
            .collect();
        matching.first().copied()
    }
}

impl Drop for Verifier<'_> {
    fn drop(&mut self) {
        self.access.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}
