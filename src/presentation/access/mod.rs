//! Identifies callers and their rights: PINs, people, sessions, tokens, and the limits on guessing. The
//! router identifies the caller of each request before any handler runs.
//!
//! Not here: the role that each route requires (see the table of routes), and the storage.

mod caller;
mod credentials;
mod device;
mod host;
pub mod origin;
mod peer;
mod people;
mod pin;
mod pin_verifier;
mod pins;
mod proxy_user;
mod rate_limiter;
mod secret;
mod sessions;
mod setup;
mod sign_in_limiter;
mod token_issuer;
mod tokens;

use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use caller::ShownToken;
use credentials::Credentials;
use device::DeviceId;
use pin_verifier::VerifierQueue;
use rate_limiter::RateLimiter;
use sign_in_limiter::SignInLimiter;
use token_issuer::TokenIssuer;

use super::http::problem::Problem;
use super::http::request::Request;
use super::services::{TicketService, WssService};
use crate::access::{AccessChange, AccessRecords, Role};
use crate::calendar::now;
use crate::config::Config;
use crate::domain::Command;
use crate::storage::{Journal, StorageError};

pub use caller::{Caller, SignedInPerson};
pub use device::DEVICE_COOKIE;
pub use peer::Peer;
pub use people::{Names, PersonChange};
pub use secret::{NoRandomness, random};
pub use sessions::{DEVICE, SESSION, SignedIn};
pub use setup::{PinNotice, set_stored_pin};

/// The name of the session cookie.
pub const COOKIE: &str = "turnero-session";

/// The shortest interval between two stored uses of a token, in milliseconds.
const STORE_USE_EVERY_MS: i64 = 60_000;

/// Identifies callers, and changes PINs, sessions and tokens. All threads share it.
pub struct Access {
    open: bool,
    credentials: Mutex<Credentials>,
    sign_ins: Mutex<SignInLimiter>,
    tickets: Mutex<RateLimiter>,
    other_changes: Mutex<RateLimiter>,
    verifier: VerifierQueue,
    token_issuer: Mutex<TokenIssuer>,
    /// Closes the screens of a session or token that ends.
    wss: &'static WssService,
    started: Instant,
}

impl Access {
    /// Loads the stored records. Also returns the lines that the log must show once the server listens:
    /// new PINs, or that there are none.
    pub fn open(
        config: &Config,
        journal: &mut dyn Journal,
        wss: &'static WssService,
    ) -> Result<(Self, PinNotice), Box<dyn Error>> {
        let mut records = journal.access()?;
        let notice = if config.open {
            let open = "There are no PINs (--open): everyone who can reach this server is an admin";
            PinNotice::line(open)
        } else {
            setup::make_pins(journal, &mut records)?
        };
        let seed = secret::random()?;
        Ok((Self::new(config, records, seed, wss), notice))
    }

    fn new(
        config: &Config,
        records: AccessRecords,
        seed: [u8; 32],
        wss: &'static WssService,
    ) -> Self {
        Self {
            open: config.open,
            credentials: Mutex::new(Credentials::from(records)),
            sign_ins: Mutex::new(SignInLimiter::new()),
            tickets: Mutex::new(RateLimiter::new(config.limits.tickets_per_10s)),
            other_changes: Mutex::new(RateLimiter::new(config.limits.tickets_per_10s)),
            verifier: VerifierQueue::default(),
            token_issuer: Mutex::new(TokenIssuer::new(seed)),
            wss,
            started: Instant::now(),
        }
    }

    /// Takes over the records that `load` reads, because another server of the office has changed them. Changes that are
    /// made here meanwhile are not lost: it reads again.
    pub fn reload(
        &self,
        mut load: impl FnMut() -> Result<AccessRecords, StorageError>,
    ) -> Result<(), StorageError> {
        loop {
            let changes = self.credentials().changes();
            let records = load()?;
            let mut credentials = self.credentials();
            if credentials.changes() == changes {
                credentials.replace(records);
                break;
            }
        }
        self.wss.recheck_access();
        Ok(())
    }

    /// Whether the server runs with `--open`: everyone is an admin.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Refuses to set a PIN or token with `--open`, except on this machine: a stranger could use it
    /// after a start without `--open`.
    pub fn check_lasting(&self, caller: &Caller) -> Result<(), Problem> {
        if self.open && !caller.is_local {
            return Err(Problem::no_pins());
        }
        Ok(())
    }

    /// Identifies the caller of a request. Fails if `Host` may be another site's name, or if the token
    /// is unknown.
    pub fn identify(
        &self,
        config: &Config,
        tickets: &TicketService,
        request: &Request,
    ) -> Result<Caller, Problem> {
        let peer = Peer::of(request, &config.trusted_proxies);
        if self.open || peer.is_here {
            host::check(request, &config.hosts)?;
        }
        let mut caller = Caller {
            role: Role::Public,
            address: peer.address,
            token: None,
            person: None,
            sessions: Vec::new(),
            is_here: peer.is_here,
            is_local: peer.is_local,
            is_secure: peer.is_secure,
        };
        match bearer(request) {
            Some(token) => self.use_token(token, &mut caller, tickets)?,
            None if peer.is_local => caller.role = Role::Admin,
            // The proxy decides alone: cookies may be of somebody who used the device before.
            None if !self.open
                && self.identify_user(config, &peer, request, &mut caller, tickets)? =>
            {
                return Ok(caller);
            }
            None => {}
        }
        let mut signed_in = Role::Public;
        for value in cookies(request, COOKIE) {
            let hash = secret::hash(value);
            let credentials = self.credentials();
            if let Some(session) = credentials.session(&hash, now().as_millis()) {
                caller.sessions.push(hash);
                if caller.token.is_some() {
                    continue;
                }
                let person = session.person.and_then(|id| credentials.person(id));
                // Of several, the one with the most rights.
                if session.role > signed_in {
                    signed_in = session.role;
                    caller.person = person.map(SignedInPerson::from);
                }
                caller.role = caller.role.max(session.role);
            }
        }
        if self.open {
            caller.role = Role::Admin;
        }
        Ok(caller)
    }

    /// Gives the caller the role of a token. With `--open`, an unknown token does no harm.
    fn use_token(
        &self,
        token: &str,
        caller: &mut Caller,
        tickets: &TicketService,
    ) -> Result<(), Problem> {
        let at = now().as_millis();
        let hash = secret::hash(token);
        let used = self.credentials().use_token(&hash, at, STORE_USE_EVERY_MS);
        match used {
            Some(used) => {
                let (id, name) = (used.id, used.name);
                if used.must_store {
                    tickets.try_store_access(vec![AccessChange::TokenUsed { id, at }], None);
                }
                caller.role = used.role;
                caller.token = Some(ShownToken { id, name });
                Ok(())
            }
            None if self.open => Ok(()),
            None => Err(Problem::unknown_token()),
        }
    }

    /// Whether the limits of the public hold for this caller: all but staff, programs with a token
    /// and this machine.
    pub fn is_public(&self, caller: &Caller) -> bool {
        let is_staff = caller.role >= Role::Staff && !self.open;
        !caller.is_here && !is_staff && caller.token.is_none()
    }

    /// Counts a command that everybody may send, or refuses it if this caller sent too many in the
    /// last 10 s. New tickets are counted apart, so that an office whose visitors share an address
    /// can still cancel.
    pub fn count_public_command(&self, caller: &Caller, command: &Command) -> Result<(), Problem> {
        if !self.is_public(caller) {
            return Ok(());
        }
        let now = self.started.elapsed();
        if matches!(command, Command::Create { .. }) {
            let taken = lock(&self.tickets).take(caller.address, now);
            taken.map_err(Problem::too_many_tickets)
        } else {
            let taken = lock(&self.other_changes).take(caller.address, now);
            taken.map_err(Problem::too_many_changes)
        }
    }

    /// The remaining lifetime of the caller's sessions and token; `None` if one has ended. They can end
    /// earlier: [`WssService::recheck_access`] says when to ask again.
    pub fn remaining_lifetime(&self, caller: &Caller) -> Option<Duration> {
        let credentials = self.credentials();
        if let Some(token) = &caller.token {
            let mut tokens = credentials.tokens().iter();
            tokens.find(|other| other.id == token.id)?;
        }
        let mut lifetime = Duration::MAX;
        for hash in &caller.sessions {
            let now = now().as_millis();
            let left = credentials.session(hash, now)?.expires_at - now;
            lifetime = lifetime.min(Duration::from_millis(left.unsigned_abs()));
        }
        Some(lifetime)
    }

    /// The device cookie of a request, if this server made it.
    fn known_device<'a>(&self, request: &'a Request) -> Option<(&'a str, DeviceId)> {
        let credentials = self.credentials();
        cookies(request, DEVICE_COOKIE)
            .find_map(|value| Some((value, DeviceId::verify(value, credentials.pin_hashes())?)))
    }

    fn credentials(&self) -> MutexGuard<'_, Credentials> {
        lock(&self.credentials)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code under these locks can panic halfway through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("Authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The values of a cookie; a browser may have several, of other paths or names of this host. All count,
/// because other sites of the host could put theirs first. The limit of a head bounds them.
fn cookies<'a>(request: &'a Request, name: &'static str) -> impl Iterator<Item = &'a str> {
    request
        .headers()
        .filter(|(name, _)| name.eq_ignore_ascii_case("Cookie"))
        .flat_map(|(_, list)| list.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(move |(other, _)| *other == name)
        .map(|(_, value)| value)
}
