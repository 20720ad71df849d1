//! How fast PINs may be guessed: slowed for each address and as a whole. The clock is the caller's.
//!
//! A guess is taken before it is verified, and counts as wrong until it turns out right or is given
//! back. A wrong one costs one from the address's bucket, of IPv6 one from its network's, and one
//! from everybody's. Where that is empty, because someone guesses from many addresses, those that signed in lately have an allowance
//! that nobody else can use up, and those that have not guessed wrong have a small reserve.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::presentation::http::client_key::ClientKey;

/// Wrong ones at once, and after them one each so often: for one address,
const ADDRESS: Pace = Pace::new(5, 10);
/// for the addresses of one IPv6 network together: hardly more than for one, since whoever has one
/// has all, and yet enough for the others in an office where one guesses all the time,
const NETWORK: Pace = Pace::new(10, 7);
/// for all of them together,
const TOGETHER: Pace = Pace::new(20, 5);
/// beside that, for one address that signed in lately,
const FAMILIAR: Pace = Pace::new(5, 60);
/// for all such addresses together,
const FAMILIARS: Pace = Pace::new(20, 10);
/// and for those that have not guessed wrong.
const RESERVE: Pace = Pace::new(10, 30);

/// For how long a wrong guess keeps an address from the reserve.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// How long ago an address may have signed in to be familiar: longer than holidays.
pub const FAMILIAR_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Addresses that are remembered at a time, of each kind: far more than an office has.
const MOST_ADDRESSES: usize = 1_024;

/// How many at once, and how often after them.
#[derive(Clone, Copy, Debug)]
struct Pace {
    every: Duration,
    /// What may be owed before the next one has to wait.
    credit: Duration,
}

impl Pace {
    const fn new(at_once: u64, every_seconds: u64) -> Self {
        Self {
            every: Duration::from_secs(every_seconds),
            credit: Duration::from_secs(every_seconds * (at_once - 1)),
        }
    }
}

/// What has been taken at a pace: until when it is paid off (the «generic cell rate algorithm»,
/// ITU-T I.371).
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    paid_at: Duration,
    /// Those taken that are being verified.
    open: u32,
}

/// How long until one can be taken, as things are, and where those being verified were right.
#[derive(Clone, Copy, Debug)]
struct Wait {
    now: Duration,
    at_best: Duration,
}

impl Wait {
    /// Until both can be taken.
    fn and(self, other: Self) -> Self {
        Self {
            now: self.now.max(other.now),
            at_best: self.at_best.max(other.at_best),
        }
    }
}

impl Bucket {
    fn wait(&self, pace: Pace, now: Duration) -> Wait {
        let least = now + pace.credit;
        Wait {
            now: self.paid_at.saturating_sub(least),
            at_best: self.paid_at.saturating_sub(pace.every * self.open + least),
        }
    }

    fn take(&mut self, pace: Pace, now: Duration) {
        self.paid_at = self.paid_at.max(now) + pace.every;
        self.open += 1;
    }

    /// One that was taken is verified, and `cost` says whether it stays taken.
    fn settle(&mut self, pace: Pace, cost: bool) {
        self.open = self.open.saturating_sub(1);
        if !cost {
            self.paid_at = self.paid_at.saturating_sub(pace.every);
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Guesser {
    bucket: Bucket,
    wrong_at: Option<Duration>,
}

impl Guesser {
    fn is_forgotten(&self, now: Duration) -> bool {
        self.wrong_at.is_none_or(|at| now >= at + REMEMBERED)
            && self.bucket.paid_at <= now
            && self.bucket.open == 0
    }
}

/// An address that signed in lately.
#[derive(Clone, Copy, Debug)]
struct Familiar {
    until: Duration,
    bucket: Bucket,
}

/// Whose allowance a guess was taken from, beside the address's own bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Together,
    Familiars,
    Reserve,
}

/// A guess that was allowed. It counts as wrong until it is settled, which has to happen once.
#[derive(Debug)]
pub struct Guess {
    address: IpAddr,
    source: Source,
}

/// Why a guess was not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There were too many wrong ones; how long to wait.
    TooMany(Duration),
    /// Others are being verified, and if they are right there is room.
    Busy,
}

/// The guesses so far.
#[derive(Debug, Default)]
pub struct Guesses {
    together: Bucket,
    familiars: Bucket,
    reserve: Bucket,
    guessers: HashMap<ClientKey, Guesser>,
    familiar: HashMap<IpAddr, Familiar>,
}

impl Guesses {
    /// Takes a guess from that address at the time `now`.
    pub fn take(&mut self, address: IpAddr, now: Duration) -> Result<Guess, Refused> {
        let address = address.to_canonical();
        self.make_room(now);
        let (source, wait) = self.source(address, now);
        if wait.now.is_zero() {
            for (counted, pace) in own(address, source) {
                let guesser = self.guessers.entry(counted).or_default();
                guesser.bucket.take(pace, now);
            }
            match source {
                Source::Together => self.together.take(TOGETHER, now),
                Source::Reserve => self.reserve.take(RESERVE, now),
                Source::Familiars => {
                    self.familiars.take(FAMILIARS, now);
                    if let Some(familiar) = self.familiar.get_mut(&address) {
                        familiar.bucket.take(FAMILIAR, now);
                    }
                }
            }
            return Ok(Guess { address, source });
        }
        if wait.at_best.is_zero() {
            return Err(Refused::Busy);
        }
        Err(Refused::TooMany(wait.now))
    }

    /// Where a guess can be taken from soonest, and when.
    fn source(&self, address: IpAddr, now: Duration) -> (Source, Wait) {
        let with_own = |source, wait: Wait| {
            own(address, source).fold(wait, |wait, (counted, pace)| {
                let guesser = self.guessers.get(&counted).copied().unwrap_or_default();
                wait.and(guesser.bucket.wait(pace, now))
            })
        };
        let together = self.together.wait(TOGETHER, now);
        let mut best = (Source::Together, with_own(Source::Together, together));
        let mut may = |source, wait: Wait| {
            let wait = with_own(source, wait);
            let (_, other) = best;
            if (wait.now, wait.at_best) < (other.now, other.at_best) {
                best = (source, wait);
            }
        };
        let familiar = self.familiar.get(&address);
        if let Some(familiar) = familiar.filter(|familiar| familiar.until > now) {
            let wait = familiar.bucket.wait(FAMILIAR, now);
            may(
                Source::Familiars,
                wait.and(self.familiars.wait(FAMILIARS, now)),
            );
        }
        let guesser = self.guessers.get(&ClientKey::Address(address));
        let guesser = guesser.copied().unwrap_or_default();
        if guesser.wrong_at.is_none_or(|at| now >= at + REMEMBERED) {
            let mut wait = self.reserve.wait(RESERVE, now);
            // One at a time, since the first may be the wrong one that ends it.
            if guesser.bucket.open > 0 {
                wait.now = wait.now.max(Duration::from_secs(1));
            }
            may(Source::Reserve, wait);
        }
        best
    }

    /// The guess was right: it costs nothing, and its address is familiar from now on.
    pub fn was_right(&mut self, guess: &Guess, now: Duration) {
        self.settle(guess, false);
        self.greet(guess.address, now + FAMILIAR_FOR, now);
    }

    /// The guess was wrong.
    pub fn was_wrong(&mut self, guess: &Guess, now: Duration) {
        self.settle(guess, true);
        for (counted, _) in own(guess.address, guess.source) {
            if let Some(guesser) = self.guessers.get_mut(&counted) {
                guesser.wrong_at = Some(now);
            }
        }
    }

    /// The guess was not verified: it costs nothing.
    pub fn give_back(&mut self, guess: &Guess) {
        self.settle(guess, false);
    }

    /// An address signed in before the program started, and is familiar until then.
    pub fn remember(&mut self, address: IpAddr, until: Duration) {
        self.greet(address.to_canonical(), until, Duration::ZERO);
    }

    fn greet(&mut self, address: IpAddr, until: Duration, now: Duration) {
        if let Some(familiar) = self.familiar.get_mut(&address) {
            familiar.until = familiar.until.max(until);
            return;
        }
        self.familiar.retain(|_, other| other.until > now);
        if self.familiar.len() >= MOST_ADDRESSES {
            let first = self.familiar.iter().min_by_key(|(_, other)| other.until);
            if let Some(first) = first.map(|(address, _)| *address) {
                self.familiar.remove(&first);
            }
        }
        let bucket = Bucket::default();
        self.familiar.insert(address, Familiar { until, bucket });
    }

    fn settle(&mut self, guess: &Guess, cost: bool) {
        match guess.source {
            Source::Together => self.together.settle(TOGETHER, cost),
            Source::Reserve => self.reserve.settle(RESERVE, cost),
            Source::Familiars => {
                self.familiars.settle(FAMILIARS, cost);
                if let Some(familiar) = self.familiar.get_mut(&guess.address) {
                    familiar.bucket.settle(FAMILIAR, cost);
                }
            }
        }
        for (counted, pace) in own(guess.address, guess.source) {
            if let Some(guesser) = self.guessers.get_mut(&counted) {
                guesser.bucket.settle(pace, cost);
            }
        }
    }

    /// Forgets those whose guesses count no longer, and where that is not enough, the oldest.
    fn make_room(&mut self, now: Duration) {
        if self.guessers.len() < MOST_ADDRESSES {
            return;
        }
        self.guessers.retain(|_, one| !one.is_forgotten(now));
        while self.guessers.len() >= MOST_ADDRESSES {
            let settled = self.guessers.iter().filter(|(_, g)| g.bucket.open == 0);
            let oldest = settled.min_by_key(|(_, g)| g.wrong_at);
            let Some(counted) = oldest.map(|(counted, _)| *counted) else {
                return;
            };
            self.guessers.remove(&counted);
        }
    }
}

/// The buckets of an address itself that a guess from that source is taken from. A familiar address
/// does not share with its network: nobody in it can use up what it has.
fn own(address: IpAddr, source: Source) -> impl Iterator<Item = (ClientKey, Pace)> {
    ClientKey::all(address).filter_map(move |counted| match counted {
        ClientKey::Address(_) => Some((counted, ADDRESS)),
        ClientKey::Network(_) => (source != Source::Familiars).then_some((counted, NETWORK)),
    })
}

#[cfg(test)]
mod tests;
