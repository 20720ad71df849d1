//! Who asks, and what they may do. The router asks once for each request, before any handler; the
//! handlers of sessions, PINs and tokens are the only others that come here.
//!
//! What does not belong here: what each route requires (its row in the table of routes), and how
//! things are stored.

mod credentials;
mod device;
mod host;
mod peer;
mod pin;
mod rate_limiter;
mod secret;
mod setup;
mod sign_in_limiter;
mod signing;
mod token_issuer;

use std::error::Error;
use std::net::IpAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use credentials::Credentials;
use device::DeviceId;
use rate_limiter::RateLimiter;
use sign_in_limiter::SignInLimiter;
use token_issuer::TokenIssuer;

use super::http::problem::Problem;
use super::http::request::Request;
use super::services::{TicketService, WssService};
use crate::access::{AccessChange, AccessRecords, Actor, Role, SecretHash};
use crate::calendar::now;
use crate::config::Config;
use crate::storage::{Journal, Note, Noted};

pub use device::DEVICE_COOKIE;
pub use peer::Peer;
pub use setup::{Announcement, set_pin_of_file};
pub use signing::{DEVICE, SESSION, SignedIn};

/// The cookie that a session is known by.
pub const COOKIE: &str = "turnero-session";

/// How often it is written down that a token is in use, in milliseconds.
const STORE_USE_EVERY_MS: i64 = 60_000;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub role: Role,
    pub address: IpAddr,
    pub token: Option<ShownToken>,
    /// The sessions that the request belongs to: a browser may have several cookies, of other paths or
    /// names of this host.
    pub sessions: Vec<SecretHash>,
    /// Someone at this machine, whom nobody has passed on.
    pub is_here: bool,
    /// The same, by a name that only this machine has.
    pub is_local: bool,
    /// A trusted proxy says that it was reached over HTTPS.
    pub is_secure: bool,
}

/// The token that a program has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownToken {
    id: u64,
    name: String,
}

impl Caller {
    /// Refuses who may do less than `role`.
    pub fn require(&self, role: Role) -> Result<(), Problem> {
        if self.role >= role {
            Ok(())
        } else if self.role == Role::Public {
            Err(Problem::pin_needed(role))
        } else {
            Err(Problem::not_allowed())
        }
    }

    /// How it is noted with what they do.
    pub fn actor(&self) -> Actor {
        Actor {
            role: self.role,
            token: self.token.as_ref().map(|token| token.name.clone()),
            address: self.address,
        }
    }

    /// What the trace says of what they did, where that is no event.
    pub fn note(&self, noted: Noted) -> Note {
        Note {
            noted,
            actor: Some(self.actor()),
        }
    }
}

/// Who may do what.
pub struct Access {
    open: bool,
    credentials: Mutex<Credentials>,
    sign_ins: Mutex<SignInLimiter>,
    tickets: Mutex<RateLimiter>,
    /// Held while a PIN is verified or changed: one at a time, because each takes a processor for
    /// a while, and no session may begin with a PIN that is being changed.
    verifying: Mutex<()>,
    waiting: AtomicUsize,
    token_issuer: Mutex<TokenIssuer>,
    /// Whose screens are told when a session or a token ends.
    wss: &'static WssService,
    started: Instant,
}

impl Access {
    /// What is kept of it, and what the log is to say: the PINs that were made just now, or that there
    /// are none.
    pub fn open(
        config: &Config,
        journal: &mut dyn Journal,
        wss: &'static WssService,
    ) -> Result<(Self, Announcement), Box<dyn Error>> {
        let mut records = journal.access()?;
        let announcement = if config.open {
            let open = "There are no PINs (--open): everyone who can reach this server is admin";
            Announcement::line(open)
        } else {
            setup::make_pins(journal, &mut records)?
        };
        let seed = secret::random()?;
        Ok((Self::new(config, records, seed, wss), announcement))
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
            verifying: Mutex::new(()),
            waiting: AtomicUsize::new(0),
            token_issuer: Mutex::new(TokenIssuer::new(seed)),
            wss,
            started: Instant::now(),
        }
    }

    /// Whether there are no PINs, so that everyone may do everything.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Refuses a new PIN or token where there are no PINs, but at this machine: it would be good for
    /// whoever made it when there are PINs again.
    pub fn check_lasting(&self, caller: &Caller) -> Result<(), Problem> {
        if self.open && !caller.is_local {
            return Err(Problem::no_pins());
        }
        Ok(())
    }

    /// Who asks. `Err` where the name of this server may be another site's, or where a token is
    /// shown that is not known.
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
            sessions: Vec::new(),
            is_here: peer.is_here,
            is_local: peer.is_local,
            is_secure: peer.is_secure,
        };
        if let Some(token) = bearer(request) {
            let hash = secret::hash(token);
            let at = now().as_millis();
            let used = self.credentials().use_token(&hash, at, STORE_USE_EVERY_MS);
            match used {
                Some(used) => {
                    let (id, name) = (used.id, used.name);
                    if used.must_store {
                        tickets.try_store_access(vec![AccessChange::TokenUsed { id, at }], None);
                    }
                    caller.role = used.role;
                    caller.token = Some(ShownToken { id, name });
                }
                None if self.open => {}
                None => return Err(Problem::unknown_token()),
            }
        } else if peer.is_local {
            caller.role = Role::Admin;
        }
        for value in cookies(request, COOKIE) {
            let hash = secret::hash(value);
            let credentials = self.credentials();
            if let Some(session) = credentials.session(&hash, now().as_millis()) {
                caller.sessions.push(hash);
                if caller.token.is_none() {
                    caller.role = caller.role.max(session.role);
                }
            }
        }
        if self.open {
            caller.role = Role::Admin;
        }
        Ok(caller)
    }

    /// Counts a ticket that someone wants to take; refuses where they take too many too fast.
    pub fn count_ticket(&self, caller: &Caller) -> Result<(), Problem> {
        let is_staff = caller.role >= Role::Staff && !self.open;
        if caller.is_here || is_staff || caller.token.is_some() {
            return Ok(());
        }
        let now = self.started.elapsed();
        let taken = lock(&self.tickets).take(caller.address, now);
        taken.map_err(Problem::too_many_tickets)
    }

    /// For how long what they came with is still good, sessions and token, unless somebody ends it
    /// before; `None` where that has come. Whoever waits is told when to ask again.
    pub fn remaining_lifetime(&self, caller: &Caller) -> Option<Duration> {
        let credentials = self.credentials();
        let mut remaining_lifetime = Duration::MAX;
        for hash in &caller.sessions {
            let now = now().as_millis();
            let left = credentials.session(hash, now)?.expires_at - now;
            remaining_lifetime = remaining_lifetime.min(Duration::from_millis(left.unsigned_abs()));
        }
        let is = |token: &ShownToken| {
            credentials
                .tokens()
                .iter()
                .any(|other| other.id == token.id)
        };
        caller
            .token
            .as_ref()
            .is_none_or(is)
            .then_some(remaining_lifetime)
    }

    /// The device cookie of a request, if this server made it.
    fn known_device<'a>(&self, request: &'a Request) -> Option<(&'a str, DeviceId)> {
        let pins = self.credentials().pins();
        cookies(request, DEVICE_COOKIE)
            .find_map(|value| Some((value, DeviceId::verify(value, &pins)?)))
    }

    fn credentials(&self) -> MutexGuard<'_, Credentials> {
        lock(&self.credentials)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can fail happens under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("Authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The values of a cookie; a browser may have several, of other paths or names of this host.
fn cookies<'a>(request: &'a Request, name: &'static str) -> impl Iterator<Item = &'a str> {
    request
        .headers()
        .filter(|(name, _)| name.eq_ignore_ascii_case("Cookie"))
        .flat_map(|(_, list)| list.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(move |(other, _)| *other == name)
        .map(|(_, value)| value)
        .take(4)
}
