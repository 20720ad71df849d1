//! Signing in and out, new PINs, new tokens. Each change is durable before it counts.

use std::sync::MutexGuard;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::guess::Refused;
use super::{Access, Caller, lock, pin, secret};
use crate::access::{AccessChange, Actor, Role, Session, Token};
use crate::calendar;
use crate::presentation::http::problem::Problem;
use crate::presentation::services::TicketService;
use crate::storage::{Note, Noted};

/// How long a session lasts: a working day, with what comes before and after it.
pub const SESSION: Duration = Duration::from_secs(12 * 60 * 60);

/// How many may wait until their PIN is verified; each keeps a connection's thread.
const MOST_WAITING: usize = 8;

/// The most tokens: more programs than any office has.
const MOST_TOKENS: usize = 100;

/// A session that has begun.
pub struct SignedIn {
    pub role: Role,
    /// The cookie's value.
    pub secret: String,
}

impl Access {
    /// Begins a session with a PIN.
    pub fn sign_in(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        entered: &str,
    ) -> Result<SignedIn, Problem> {
        let guess = lock(&self.guesses).take(caller.address, self.started.elapsed());
        let guess = guess.map_err(|refused| match refused {
            Refused::TooMany(wait) => Problem::too_many_guesses(wait),
            Refused::Busy => Problem::too_many_sign_ins(),
        })?;
        // Kept until the session has begun, so that no PIN changes in between.
        let turn = Turn::wait(self).inspect_err(|_| lock(&self.guesses).give_back(&guess))?;
        if let Some(role) = turn.verify(entered) {
            lock(&self.guesses).was_right(&guess, self.started.elapsed());
            return self.begin_session(tickets, caller, role);
        }
        lock(&self.guesses).was_wrong(&guess, self.started.elapsed());
        log::warn!("A wrong PIN from {}", caller.address);
        let refused = caller.note(Noted::SignInRefused);
        tickets.note(Vec::new(), Some(refused));
        Err(Problem::wrong_pin())
    }

    /// Begins a session, and ends those that the request belongs to: the browser forgets them.
    fn begin_session(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        role: Role,
    ) -> Result<SignedIn, Problem> {
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
        tickets.keep(changes, Some(note))?;
        let mut credentials = self.credentials();
        caller
            .sessions
            .iter()
            .for_each(|old| credentials.end_session(old));
        credentials.add_session(session, now);
        drop(credentials);
        self.wss.recheck_access();
        Ok(SignedIn { role, secret })
    }

    /// Ends the sessions that a request belongs to, if any.
    pub fn sign_out(&self, tickets: &TicketService, caller: &Caller) -> Result<(), Problem> {
        if caller.sessions.is_empty() {
            return Ok(());
        }
        tickets.keep(ends(caller), Some(caller.note(Noted::SignedOut)))?;
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
        let turn = Turn::wait_long(self);
        if turn.verify(new).is_some_and(|other| other != role) {
            return Err(Problem::invalid(
                "pin",
                "staff and admin each need their own",
            ));
        }
        let hash = pin::hash(new).map_err(|_| Problem::storage_unavailable())?;
        let note = caller.note(Noted::PinChanged(role));
        tickets.keep(vec![AccessChange::SetPin(role, hash.clone())], Some(note))?;
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
        tickets.keep(vec![AccessChange::AddToken(token.clone())], Some(note))?;
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
        tickets.keep(vec![AccessChange::DeleteToken { id }], Some(note))?;
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

/// The turn to verify a PIN.
struct Turn<'a> {
    access: &'a Access,
    _held: MutexGuard<'a, ()>,
}

impl<'a> Turn<'a> {
    /// Waits for it; refused where too many do.
    fn wait(access: &'a Access) -> Result<Self, Problem> {
        if access.waiting.fetch_add(1, Ordering::AcqRel) >= MOST_WAITING {
            access.waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(Problem::too_many_sign_ins());
        }
        Ok(Self {
            access,
            _held: lock(&access.verifying),
        })
    }

    /// Waits for it behind however many, which is for admins alone.
    fn wait_long(access: &'a Access) -> Self {
        access.waiting.fetch_add(1, Ordering::AcqRel);
        Self {
            access,
            _held: lock(&access.verifying),
        }
    }

    /// Whose PIN it is. All are tried, so that the time tells nothing.
    fn verify(&self, entered: &str) -> Option<Role> {
        let pins = self.access.credentials().pins();
        let right = pins
            .iter()
            .map(|(role, kept)| (*role, pin::matches(entered, kept)));
        let right: Vec<(Role, bool)> = right.collect();
        right.into_iter().find_map(|(role, is)| is.then_some(role))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.access.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}
