//! How fast PINs may be guessed: slowed for each address and as a whole. The clock is the caller's.
//!
//! A wrong PIN costs one from the address's bucket and one from everybody's. Where that is empty,
//! because someone guesses from many addresses, there is a small reserve for addresses that have
//! not guessed wrong lately, so that a receptionist who knows the PIN still gets in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::peer::network;

/// Wrong ones at once, and after them one each so often: for one address,
const ADDRESS: Pace = Pace::new(5, 10);
/// for all of them together,
const TOGETHER: Pace = Pace::new(20, 4);
/// and for those that have not guessed wrong.
const RESERVE: Pace = Pace::new(10, 15);

/// For how long a wrong guess keeps an address from the reserve.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// Addresses that are remembered at a time: far more than an office has.
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
}

impl Bucket {
    /// How long until one can be taken.
    fn wait(&self, pace: Pace, now: Duration) -> Duration {
        self.paid_at.saturating_sub(now + pace.credit)
    }

    fn take(&mut self, pace: Pace, now: Duration) {
        self.paid_at = self.paid_at.max(now) + pace.every;
    }

    fn give_back(&mut self, pace: Pace) {
        self.paid_at = self.paid_at.saturating_sub(pace.every);
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Guesser {
    bucket: Bucket,
    wrong_at: Option<Duration>,
}

impl Guesser {
    fn is_forgotten(&self, now: Duration) -> bool {
        self.wrong_at.is_none_or(|at| now >= at + REMEMBERED) && self.bucket.paid_at <= now
    }
}

/// A guess that was allowed. It counts as wrong until it turns out right.
#[derive(Debug)]
pub struct Guess {
    address: IpAddr,
    reserved: bool,
    wrong_before: Option<Duration>,
}

/// The guesses so far.
#[derive(Debug, Default)]
pub struct Guesses {
    together: Bucket,
    reserve: Bucket,
    by_address: HashMap<IpAddr, Guesser>,
}

impl Guesses {
    /// Takes a guess from that address at the time `now`; `Err` says how long to wait.
    pub fn take(&mut self, address: IpAddr, now: Duration) -> Result<Guess, Duration> {
        let address = network(address);
        self.make_room(now);
        let mut guesser = self.by_address.get(&address).copied().unwrap_or_default();
        let mut wait = guesser.bucket.wait(ADDRESS, now);
        let together = self.together.wait(TOGETHER, now);
        let is_clean = guesser.wrong_at.is_none_or(|at| now >= at + REMEMBERED);
        let reserved = !together.is_zero() && is_clean;
        wait = wait.max(if reserved {
            self.reserve.wait(RESERVE, now).min(together)
        } else {
            together
        });
        if !wait.is_zero() {
            return Err(wait);
        }
        if reserved {
            self.reserve.take(RESERVE, now);
        } else {
            self.together.take(TOGETHER, now);
        }
        let wrong_before = guesser.wrong_at.replace(now);
        guesser.bucket.take(ADDRESS, now);
        self.by_address.insert(address, guesser);
        Ok(Guess {
            address,
            reserved,
            wrong_before,
        })
    }

    /// The guess was right: it costs nothing.
    pub fn was_right(&mut self, guess: &Guess) {
        if guess.reserved {
            self.reserve.give_back(RESERVE);
        } else {
            self.together.give_back(TOGETHER);
        }
        if let Some(guesser) = self.by_address.get_mut(&guess.address) {
            guesser.bucket.give_back(ADDRESS);
            guesser.wrong_at = guess.wrong_before;
        }
    }

    /// Forgets those whose guesses count no longer, and where that is not enough, the oldest.
    fn make_room(&mut self, now: Duration) {
        if self.by_address.len() < MOST_ADDRESSES {
            return;
        }
        self.by_address
            .retain(|_, guesser| !guesser.is_forgotten(now));
        if self.by_address.len() >= MOST_ADDRESSES {
            let oldest = self.by_address.iter().min_by_key(|(_, g)| g.wrong_at);
            if let Some(address) = oldest.map(|(address, _)| *address) {
                self.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKING_DAY: Duration = Duration::from_secs(8 * 60 * 60);
    const MINUTE: Duration = Duration::from_secs(60);

    fn address(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    /// Guesses wrong as often as it is let, and says when the last of `count` was taken. `from`
    /// names the address of each attempt.
    fn time_of(count: usize, mut from: impl FnMut(usize) -> IpAddr) -> Duration {
        let mut guesses = Guesses::default();
        let mut now = Duration::ZERO;
        let mut attempt = 0;
        for _ in 0..count {
            loop {
                attempt += 1;
                match guesses.take(from(attempt), now) {
                    Ok(_) => break,
                    Err(wait) => now += wait,
                }
            }
        }
        now
    }

    #[test]
    fn ten_thousand_guesses_take_longer_than_a_working_day() {
        let one = time_of(10_000, |_| address(1));
        assert!(one > 3 * WORKING_DAY, "from one address: {one:?}");
        let a_network = time_of(10_000, |attempt| address(attempt as u32 % 250));
        assert!(a_network > WORKING_DAY, "from a network: {a_network:?}");
        let everywhere = time_of(10_000, |attempt| address(attempt as u32));
        assert!(everywhere > WORKING_DAY, "from everywhere: {everywhere:?}");
    }

    #[test]
    fn a_few_mistakes_are_nothing_and_then_it_slows_down() {
        let mut guesses = Guesses::default();
        for _ in 0..5 {
            assert!(guesses.take(address(1), MINUTE).is_ok());
        }
        let wait = guesses.take(address(1), MINUTE).expect_err("too fast");
        assert_eq!(wait, Duration::from_secs(10));
        assert!(
            guesses.take(address(2), MINUTE).is_ok(),
            "another's mistakes"
        );
        assert!(guesses.take(address(1), MINUTE + wait).is_ok());
    }

    #[test]
    fn right_pins_cost_nothing() {
        let mut guesses = Guesses::default();
        for _ in 0..100 {
            let guess = guesses.take(address(1), MINUTE).expect("right each time");
            guesses.was_right(&guess);
        }
        // And do not pay for wrong ones between them.
        for _ in 0..5 {
            guesses.take(address(1), MINUTE).expect("a mistake");
            if let Ok(guess) = guesses.take(address(1), MINUTE) {
                guesses.was_right(&guess);
            }
        }
        assert!(guesses.take(address(1), MINUTE).is_err());
    }

    #[test]
    fn under_attack_who_has_not_guessed_gets_in_and_the_attacker_does_not() {
        let mut guesses = Guesses::default();
        for n in 0..20 {
            assert!(guesses.take(address(n % 4), MINUTE).is_ok(), "{n}");
        }
        for n in 0..4 {
            assert!(guesses.take(address(n), MINUTE).is_err());
        }
        let guess = guesses
            .take(address(100), MINUTE)
            .expect("from the reserve");
        guesses.was_right(&guess);
        assert!(guesses.take(address(100), MINUTE).is_ok(), "again");
        let wrong = guesses.take(address(100), MINUTE);
        assert!(wrong.is_err(), "who guessed wrong waits like the others");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut guesses = Guesses::default();
        let mut now = Duration::ZERO;
        for n in 0..5_000 {
            while let Err(wait) = guesses.take(address(n), now) {
                now += wait;
            }
            assert!(guesses.by_address.len() <= MOST_ADDRESSES);
        }
    }
}
