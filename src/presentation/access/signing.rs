//! Signing in and out, new PINs, new tokens. Each change is durable before it counts.

use std::sync::MutexGuard;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::guess::Refused;
use super::{Access, Who, lock, pin, secret};
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
        who: &Who,
        entered: &str,
    ) -> Result<SignedIn, Problem> {
        let guess = lock(&self.guesses).take(who.address, self.started.elapsed());
        let guess = guess.map_err(|refused| match refused {
            Refused::TooMany(wait) => Problem::too_many_guesses(wait),
            Refused::Busy => Problem::too_many_sign_ins(),
        })?;
        // Kept until the session has begun, so that no PIN changes in between.
        let turn = Turn::wait(self).inspect_err(|_| lock(&self.guesses).give_back(&guess))?;
        if let Some(role) = turn.verify(entered) {
            lock(&self.guesses).was_right(&guess, self.started.elapsed());
            return self.begin_session(tickets, who, role);
        }
        lock(&self.guesses).was_wrong(&guess, self.started.elapsed());
        log::warn!("A wrong PIN from {}", who.address);
        let refused = who.note(Noted::SignInRefused);
        tickets.note(Vec::new(), Some(refused));
        Err(Problem::wrong_pin())
    }

    /// Begins a session, and ends those that the request belongs to: the browser forgets them.
    fn begin_session(
        &self,
        tickets: &TicketService,
        who: &Who,
        role: Role,
    ) -> Result<SignedIn, Problem> {
        let secret = secret::make().map_err(|_| Problem::storage_unavailable())?;
        let now = calendar::now().as_millis();
        let session = Session {
            hash: secret::hash(&secret),
            role,
            expires_at: now + SESSION.as_millis() as i64,
        };
        let mut changes = ends(who);
        changes.push(AccessChange::AddSession {
            session: session.clone(),
            now,
        });
        let actor = Actor {
            role,
            ..who.actor()
        };
        let note = Note {
            noted: Noted::SignedIn,
            actor: Some(actor),
        };
        tickets.keep(changes, Some(note))?;
        let mut known = self.known();
        who.sessions.iter().for_each(|old| known.end_session(old));
        known.add_session(session, now);
        drop(known);
        self.wss.tell_ended();
        Ok(SignedIn { role, secret })
    }

    /// Ends the sessions that a request belongs to, if any.
    pub fn sign_out(&self, tickets: &TicketService, who: &Who) -> Result<(), Problem> {
        if who.sessions.is_empty() {
            return Ok(());
        }
        tickets.keep(ends(who), Some(who.note(Noted::SignedOut)))?;
        let mut known = self.known();
        who.sessions.iter().for_each(|hash| known.end_session(hash));
        drop(known);
        self.wss.tell_ended();
        Ok(())
    }

    /// Sets a PIN, and ends the sessions of that role.
    pub fn set_pin(
        &self,
        tickets: &TicketService,
        who: &Who,
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
        let note = who.note(Noted::PinChanged(role));
        tickets.keep(vec![AccessChange::SetPin(role, hash.clone())], Some(note))?;
        self.known().set_pin(role, hash);
        self.wss.tell_ended();
        log::info!("The PIN of {} was changed", role.as_str());
        Ok(())
    }

    /// Makes a token: what is kept of it, and the token itself, which is not. With a `key` the same
    /// request gets the same token again.
    pub fn make_token(
        &self,
        tickets: &TicketService,
        who: &Who,
        name: String,
        role: Role,
        key: Option<&str>,
    ) -> Result<(Token, String), Problem> {
        // One at a time, so that no two get the same number.
        let _one = lock(&self.verifying);
        if let Some(key) = key {
            let tokens = self.tokens();
            let again = lock(&self.minted).again(key, &name, role, &tokens)?;
            if let Some(again) = again {
                return Ok(again);
            }
        }
        let id = {
            let known = self.known();
            if known.tokens().len() >= MOST_TOKENS {
                let why = format!("there are {MOST_TOKENS} tokens; delete one that is not used");
                return Err(Problem::invalid("name", why));
            }
            if known.tokens().iter().any(|token| token.name == name) {
                let why = format!("«{name}» is there already; the trace tells them apart by it");
                return Err(Problem::invalid("name", why));
            }
            known.next_token()
        };
        let secret = match key {
            Some(key) => lock(&self.minted).secret(key, &name, role),
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
        let note = who.note(Noted::TokenMade(token.name.clone()));
        tickets.keep(vec![AccessChange::AddToken(token.clone())], Some(note))?;
        self.known().add_token(token.clone());
        if let Some(key) = key {
            lock(&self.minted).remember(key, &token);
        }
        Ok((token, secret))
    }

    /// The tokens, oldest first.
    pub fn tokens(&self) -> Vec<Token> {
        self.known().tokens().to_vec()
    }

    /// Takes a token away; says whether it was there.
    pub fn delete_token(
        &self,
        tickets: &TicketService,
        who: &Who,
        id: u64,
    ) -> Result<bool, Problem> {
        let name = {
            let known = self.known();
            let token = known.tokens().iter().find(|token| token.id == id);
            token.map(|token| token.name.clone())
        };
        let Some(name) = name else {
            return Ok(false);
        };
        let note = who.note(Noted::TokenRevoked(name));
        tickets.keep(vec![AccessChange::DeleteToken { id }], Some(note))?;
        let was_there = self.known().delete_token(id);
        self.wss.tell_ended();
        Ok(was_there)
    }
}

/// The end of the sessions that a request belongs to.
fn ends(who: &Who) -> Vec<AccessChange> {
    let sessions = who.sessions.iter().copied();
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
        let pins = self.access.known().pins();
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
