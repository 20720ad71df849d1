//! Limits how fast PINs can be guessed, with token buckets and device cookies (OWASP, "Slow down
//! online guessing attacks with device cookies").
//!
//! A wrong PIN takes a token; a right one takes none. A browser that has signed in before pays from
//! the bucket of its device cookie, which strangers cannot empty. All others pay from the bucket of
//! their address and from one bucket that they all share. The caller passes the time, as the
//! duration since the server started.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

use super::device::DeviceId;
use crate::presentation::http::client_key::ClientKey;

/// For one address; of IPv6, for one /64 network.
const ADDRESS: Rate = Rate::new(5, 10);
/// For all addresses together: a guesser may have many. 10,000 guesses take over 13 hours.
const ALL_ADDRESSES: Rate = Rate::new(20, 5);
/// For one device that has signed in before.
const DEVICE: Rate = Rate::new(5, 60);
/// For all these devices together: someone with the staff PIN can get any number of device cookies
/// to guess the admin PIN with. Together with unknown clients, 10,000 guesses take over 9 hours.
const ALL_DEVICES: Rate = Rate::new(20, 10);

/// The capacity of a bucket, and how fast it refills.
#[derive(Clone, Copy, Debug)]
struct Rate {
    burst: u32,
    /// The time in which one token comes back.
    refill: Duration,
}

impl Rate {
    const fn new(burst: u32, refill_seconds: u64) -> Self {
        Self {
            burst,
            refill: Duration::from_secs(refill_seconds),
        }
    }
}

/// A token bucket, stored as the time at which it will be full.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    full_at: Duration,
}

impl Bucket {
    /// The time until a token is there; zero if one is there now.
    fn wait(self, rate: Rate, now: Duration) -> Duration {
        let missing = self.full_at.saturating_sub(now);
        missing.saturating_sub(rate.refill * (rate.burst - 1))
    }

    fn take(&mut self, rate: Rate, now: Duration) {
        self.full_at = self.full_at.max(now) + rate.refill;
    }
}

/// One bucket for each key, and one that all keys share.
#[derive(Debug)]
struct Buckets<K> {
    each_rate: Rate,
    shared_rate: Rate,
    /// Only buckets that are not full. The shared rate bounds how many there can be.
    each: HashMap<K, Bucket>,
    shared: Bucket,
}

impl<K: Eq + Hash> Buckets<K> {
    fn new(each_rate: Rate, shared_rate: Rate) -> Self {
        Self {
            each_rate,
            shared_rate,
            each: HashMap::new(),
            shared: Bucket::default(),
        }
    }

    /// The time until both buckets of `key` have a token.
    fn wait(&self, key: &K, now: Duration) -> Duration {
        let own = self.each.get(key).copied().unwrap_or_default();
        own.wait(self.each_rate, now)
            .max(self.shared.wait(self.shared_rate, now))
    }

    fn take(&mut self, key: K, now: Duration) {
        self.each.retain(|_, bucket| bucket.full_at > now);
        self.each.entry(key).or_default().take(self.each_rate, now);
        self.shared.take(self.shared_rate, now);
    }
}

/// The token buckets of everyone who has entered a wrong PIN lately.
#[derive(Debug)]
pub struct SignInLimiter {
    addresses: Buckets<ClientKey>,
    devices: Buckets<DeviceId>,
}

impl SignInLimiter {
    /// A limiter with full buckets.
    pub fn new() -> Self {
        Self {
            addresses: Buckets::new(ADDRESS, ALL_ADDRESSES),
            devices: Buckets::new(DEVICE, ALL_DEVICES),
        }
    }

    /// The time until this client may try a PIN; zero if it may now. A known device that has used up
    /// its own tokens may still try as an unknown one.
    pub fn wait(&self, address: IpAddr, device: Option<&DeviceId>, now: Duration) -> Duration {
        let wait = self.addresses.wait(&ClientKey::widest(address), now);
        device.map_or(wait, |device| wait.min(self.devices.wait(device, now)))
    }

    /// Counts a wrong PIN, after [`wait`](Self::wait) was zero.
    pub fn count_wrong(&mut self, address: IpAddr, device: Option<&DeviceId>, now: Duration) {
        match device {
            Some(device) if self.devices.wait(device, now).is_zero() => {
                self.devices.take(device.clone(), now);
            }
            _ => self.addresses.take(ClientKey::widest(address), now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    /// The address `n` of a numbered range; each IPv4 address has a bucket of its own.
    fn address(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    fn device(n: u32) -> DeviceId {
        DeviceId::example(n)
    }

    /// Enters a wrong PIN; `false` if the client has to wait.
    fn guess(
        limiter: &mut SignInLimiter,
        from: IpAddr,
        device: Option<&DeviceId>,
        now: Duration,
    ) -> bool {
        let may = limiter.wait(from, device, now).is_zero();
        if may {
            limiter.count_wrong(from, device, now);
        }
        may
    }

    /// How long 10,000 wrong PINs take someone who tries as often as possible. `client` names the
    /// address and the device of each attempt.
    fn time_of_10_000(client: impl Fn(u32) -> (IpAddr, Option<DeviceId>)) -> Duration {
        let mut limiter = SignInLimiter::new();
        let mut now = Duration::ZERO;
        let (mut attempts, mut guesses) = (0, 0);
        while guesses < 10_000 {
            let mut soonest = Duration::MAX;
            for _ in 0..30 {
                attempts += 1;
                let (address, device) = client(attempts);
                if guess(&mut limiter, address, device.as_ref(), now) {
                    guesses += 1;
                }
                soonest = soonest.min(limiter.wait(address, device.as_ref(), now));
            }
            now += soonest;
        }
        now
    }

    #[test]
    fn ten_thousand_guesses_take_longer_than_a_working_day() {
        let one = time_of_10_000(|_| (address(1), None));
        assert!(one > 24 * HOUR, "one address: {one:?}");
        let many = time_of_10_000(|n| (address(n), None));
        assert!(many > 13 * HOUR, "many addresses: {many:?}");
        let network = |n: u32| IpAddr::from([0xfd00, 0, 0, 0, 0, 0, (n >> 16) as u16, n as u16]);
        let network = time_of_10_000(|n| (network(n), None));
        assert!(network > 24 * HOUR, "one IPv6 network: {network:?}");
        let cookies = time_of_10_000(|n| (address(1), Some(device(n))));
        assert!(cookies > 9 * HOUR, "many device cookies: {cookies:?}");
        let all = time_of_10_000(|n| (address(n), Some(device(n))));
        assert!(all > 9 * HOUR, "many addresses and cookies: {all:?}");
    }

    #[test]
    fn five_wrong_pins_are_free_and_then_one_address_waits() {
        let mut limiter = SignInLimiter::new();
        for _ in 0..5 {
            assert!(guess(&mut limiter, address(1), None, HOUR));
        }
        let wait = limiter.wait(address(1), None, HOUR);
        assert_eq!(wait, Duration::from_secs(10));
        assert!(limiter.wait(address(2), None, HOUR).is_zero());
        assert!(guess(&mut limiter, address(1), None, HOUR + wait));
        assert!(!guess(&mut limiter, address(1), None, HOUR + wait));
    }

    #[test]
    fn a_known_device_signs_in_while_strangers_use_up_what_all_addresses_share() {
        let mut limiter = SignInLimiter::new();
        for n in 0..100 {
            guess(&mut limiter, address(n), None, HOUR);
        }
        assert!(!guess(&mut limiter, address(200), None, HOUR));
        for _ in 0..5 {
            assert!(guess(&mut limiter, address(200), Some(&device(1)), HOUR));
        }
        assert!(!guess(&mut limiter, address(200), Some(&device(1)), HOUR));
        assert!(guess(&mut limiter, address(200), Some(&device(2)), HOUR));
    }

    #[test]
    fn a_known_device_without_tokens_counts_as_an_unknown_one() {
        let mut limiter = SignInLimiter::new();
        for _ in 0..10 {
            assert!(guess(&mut limiter, address(1), Some(&device(1)), HOUR));
        }
        assert!(!guess(&mut limiter, address(1), Some(&device(1)), HOUR));
    }

    #[test]
    fn the_number_of_buckets_is_bounded() {
        let mut limiter = SignInLimiter::new();
        let mut now = Duration::ZERO;
        for n in 0..5_000 {
            now += limiter.wait(address(n), Some(&device(n)), now);
            assert!(guess(&mut limiter, address(n), Some(&device(n)), now));
            let buckets = limiter.addresses.each.len() + limiter.devices.each.len();
            assert!(buckets <= 60, "{buckets}");
        }
    }
}
