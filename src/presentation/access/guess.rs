//! How fast PINs may be guessed: slowed for each address and as a whole. The clock is the caller's.
//!
//! A guess is taken before it is verified, and counts as wrong until it turns out right or is given
//! back. A wrong one costs one from the address's bucket, of IPv6 one from its network's, and one
//! from everybody's. Where that is empty, because someone guesses from many addresses, those that signed in lately have an allowance
//! that nobody else can use up, and those that have not guessed wrong have a small reserve.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::peer::Counted;

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
    guessers: HashMap<Counted, Guesser>,
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
        let guesser = self.guessers.get(&Counted::Address(address));
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
fn own(address: IpAddr, source: Source) -> impl Iterator<Item = (Counted, Pace)> {
    Counted::of(address).filter_map(move |counted| match counted {
        Counted::Address(_) => Some((counted, ADDRESS)),
        Counted::Network(_) => (source != Source::Familiars).then_some((counted, NETWORK)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKING_DAY: Duration = Duration::from_secs(8 * 60 * 60);
    const MINUTE: Duration = Duration::from_secs(60);

    fn address(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    /// One of an office's IPv6 network.
    fn neighbour(n: u32) -> IpAddr {
        IpAddr::from(((0xfe80_u128 << 112) + u128::from(n)).to_be_bytes())
    }

    /// Guesses once, and says whether it was let.
    fn guess(guesses: &mut Guesses, n: u32, now: Duration, is_right: bool) -> Result<(), Refused> {
        guess_from(guesses, address(n), now, is_right)
    }

    fn guess_from(
        guesses: &mut Guesses,
        address: IpAddr,
        now: Duration,
        is_right: bool,
    ) -> Result<(), Refused> {
        let guess = guesses.take(address, now)?;
        if is_right {
            guesses.was_right(&guess, now);
        } else {
            guesses.was_wrong(&guess, now);
        }
        Ok(())
    }

    /// Guesses wrong as often as it is let, from each address in turn, and says when the last of
    /// 10,000 was taken. `from` names the address of each attempt; the first `familiar` ones have
    /// signed in lately.
    fn time_of(familiar: u32, from: impl Fn(u32) -> u32) -> Duration {
        time_within(address, familiar, from)
    }

    fn time_within(
        address: fn(u32) -> IpAddr,
        familiar: u32,
        from: impl Fn(u32) -> u32,
    ) -> Duration {
        let mut guesses = Guesses::default();
        for n in 0..familiar {
            guesses.remember(address(n), FAMILIAR_FOR);
        }
        let mut now = Duration::ZERO;
        let mut attempt = 0;
        let mut taken = 0;
        while taken < 10_000 {
            let mut soonest = Duration::MAX;
            for _ in 0..MANY {
                attempt += 1;
                match guess_from(&mut guesses, address(from(attempt)), now, false) {
                    Ok(()) => taken += 1,
                    Err(Refused::Busy) => panic!("nothing is being verified"),
                    Err(Refused::TooMany(wait)) => soonest = soonest.min(wait),
                }
            }
            if soonest < Duration::MAX {
                now += soonest;
            }
        }
        now
    }

    /// As many addresses are tried at each moment.
    const MANY: u32 = 30;

    #[test]
    fn ten_thousand_guesses_take_longer_than_a_working_day() {
        let one = time_of(0, |_| 1);
        assert!(one > 3 * WORKING_DAY, "from one address: {one:?}");
        let familiar = time_of(1, |_| 0);
        assert!(familiar > 3 * WORKING_DAY, "from a familiar: {familiar:?}");
        let staff = time_of(MANY, |attempt| attempt % MANY);
        assert!(staff > WORKING_DAY, "from all of the staff: {staff:?}");
        let mixed = time_of(MANY / 3, |attempt| attempt % MANY);
        assert!(mixed > WORKING_DAY, "from some of them: {mixed:?}");
        let everywhere = time_of(0, |attempt| attempt);
        assert!(everywhere > WORKING_DAY, "from everywhere: {everywhere:?}");
        let all = time_of(MANY / 2, |n| if n % 2 == 0 { n / 2 % 15 } else { n });
        assert!(all > WORKING_DAY, "from the staff and everywhere: {all:?}");
        // Whoever has an IPv6 network has all its addresses.
        let network = time_within(neighbour, 0, |attempt| attempt);
        assert!(network > 2 * WORKING_DAY, "from a network: {network:?}");
        let staff = time_within(neighbour, MANY, |attempt| attempt % (2 * MANY));
        assert!(staff > WORKING_DAY, "from a network of staff: {staff:?}");
    }

    #[test]
    fn who_guesses_within_a_network_does_not_lock_out_its_others() {
        let mut guesses = Guesses::default();
        guess_from(&mut guesses, neighbour(1), MINUTE, true).expect("staff");
        // From one address for an hour, as fast as it is let.
        let mut now = MINUTE;
        for _ in 0..3_600 {
            now += Duration::from_secs(1);
            let _ = guess_from(&mut guesses, neighbour(9), now, false);
        }
        for new in 20..24 {
            let mistake = guess_from(&mut guesses, neighbour(new), now, false);
            assert_eq!(mistake, Ok(()), "a new one makes a mistake");
            assert_eq!(guess_from(&mut guesses, neighbour(new), now, true), Ok(()));
        }
        // From another address each time.
        let mut taken = 0;
        for n in 0..3_600 {
            now += Duration::from_secs(1);
            taken += u64::from(guess_from(&mut guesses, neighbour(1_000 + n), now, false).is_ok());
        }
        assert!(taken < 3_600 / 7 + 10, "{taken} where one address has 360");
        for known in [1, 20] {
            for _ in 0..5 {
                let mistake = guess_from(&mut guesses, neighbour(known), now, false);
                assert_eq!(mistake, Ok(()), "who signed in before has an own allowance");
            }
        }
        for n in 0..5 {
            assert_eq!(guess(&mut guesses, n, now, false), Ok(()), "other networks");
        }
    }

    #[test]
    fn a_few_mistakes_are_nothing_and_then_it_slows_down() {
        let mut guesses = Guesses::default();
        for _ in 0..5 {
            assert_eq!(guess(&mut guesses, 1, MINUTE, false), Ok(()));
        }
        let wait = Duration::from_secs(10);
        let refused = guess(&mut guesses, 1, MINUTE, false);
        assert_eq!(refused, Err(Refused::TooMany(wait)));
        let another = guess(&mut guesses, 2, MINUTE, false);
        assert_eq!(another, Ok(()), "another's mistakes");
        assert_eq!(guess(&mut guesses, 1, MINUTE + wait, false), Ok(()));
    }

    #[test]
    fn right_pins_cost_nothing() {
        let mut guesses = Guesses::default();
        for _ in 0..100 {
            assert_eq!(guess(&mut guesses, 1, MINUTE, true), Ok(()));
        }
        // And do not pay for wrong ones between them.
        for _ in 0..5 {
            assert_eq!(guess(&mut guesses, 1, MINUTE, false), Ok(()));
            let _ = guess(&mut guesses, 1, MINUTE, true);
        }
        assert!(guess(&mut guesses, 1, MINUTE, false).is_err());
    }

    #[test]
    fn what_is_being_verified_is_no_wrong_guess() {
        let mut guesses = Guesses::default();
        let open: Vec<Guess> = (0..5)
            .map(|_| guesses.take(address(1), MINUTE).expect("one of five"))
            .collect();
        let refused = guesses.take(address(1), MINUTE).expect_err("a sixth");
        assert_eq!(refused, Refused::Busy);
        for guess in &open[..4] {
            guesses.was_right(guess, MINUTE);
        }
        guesses.give_back(&open[4]);
        assert_eq!(guess(&mut guesses, 1, MINUTE, false), Ok(()), "none cost");
        let open: Vec<Guess> = (0..4)
            .map(|_| guesses.take(address(1), MINUTE).expect("one of four"))
            .collect();
        open.iter().for_each(|one| guesses.was_wrong(one, MINUTE));
        let refused = guesses.take(address(1), MINUTE).expect_err("all wrong");
        assert_eq!(refused, Refused::TooMany(Duration::from_secs(10)));
    }

    /// Uses up what is for everybody, and the reserve.
    fn attack(guesses: &mut Guesses, now: Duration) {
        let fresh = 1_000 + now.as_millis() as u32 * 100;
        for n in 0..40 {
            let _ = guess(guesses, fresh + n, now, false);
        }
        let late = guess(guesses, fresh + 99, now, true);
        assert!(late.is_err(), "a stranger waits under attack");
    }

    #[test]
    fn under_attack_who_has_not_guessed_has_a_reserve() {
        let mut guesses = Guesses::default();
        for n in 0..20 {
            assert_eq!(guess(&mut guesses, n % 4, MINUTE, false), Ok(()), "{n}");
        }
        for n in 0..4 {
            assert!(guess(&mut guesses, n, MINUTE, false).is_err());
        }
        let one = guesses.take(address(100), MINUTE).expect("reserved");
        let two = guesses.take(address(100), MINUTE).expect_err("one each");
        assert_eq!(two, Refused::Busy);
        guesses.was_wrong(&one, MINUTE);
        let wrong = guess(&mut guesses, 100, MINUTE, true);
        assert!(wrong.is_err(), "who guessed wrong waits like the others");
        assert_eq!(guess(&mut guesses, 101, MINUTE, true), Ok(()));
    }

    #[test]
    fn under_attack_who_signed_in_lately_gets_in_with_a_mistake_too() {
        let mut guesses = Guesses::default();
        for n in 0..20 {
            assert_eq!(guess(&mut guesses, n, MINUTE, true), Ok(()));
        }
        guesses.remember(address(50), MINUTE * 2);
        for round in 1..=10 {
            let now = MINUTE * round;
            attack(&mut guesses, now);
            for n in 0..2 {
                let mistake = guess(&mut guesses, n, now, false);
                assert_eq!(mistake, Ok(()), "minute {round}");
                assert_eq!(guess(&mut guesses, n, now, true), Ok(()));
            }
            for n in 2..20 {
                assert_eq!(guess(&mut guesses, n, now, true), Ok(()));
            }
            let remembered = guess(&mut guesses, 50, now, false);
            assert_eq!(remembered.is_ok(), round == 1, "as long as told: {round}");
        }
        // One of them that guesses does not use up what the others have.
        let mut now = MINUTE * 11;
        for _ in 0..200 {
            now += Duration::from_secs(3);
            attack(&mut guesses, now);
            let _ = guess(&mut guesses, 0, now, false);
        }
        assert!(guess(&mut guesses, 0, now, true).is_err());
        assert_eq!(guess(&mut guesses, 1, now, true), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut guesses = Guesses::default();
        let mut now = Duration::ZERO;
        for n in 0..5_000 {
            let is_right = n % 2 == 0;
            while let Err(Refused::TooMany(wait)) = guess(&mut guesses, n, now, is_right) {
                now += wait;
            }
            assert!(guesses.guessers.len() <= MOST_ADDRESSES);
            assert!(guesses.familiar.len() <= MOST_ADDRESSES);
        }
    }
}
