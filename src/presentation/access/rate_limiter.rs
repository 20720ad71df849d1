//! Limits how often one client may do something in any 10 s, such as take a ticket. The caller passes the time, as the
//! duration since the server started.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use crate::presentation::http::client_key::ClientKey;

/// The length of the sliding window.
const SPAN: Duration = Duration::from_secs(10);

/// The most clients in memory; each needs a few hundred bytes.
const MOST_CLIENTS: usize = 4_096;

/// The times at which each client did it last.
#[derive(Debug)]
pub struct RateLimiter {
    most: usize,
    taken: HashMap<ClientKey, VecDeque<Duration>>,
}

impl RateLimiter {
    /// A limit of `most` times per address in 10 s.
    pub fn new(most: u32) -> Self {
        Self {
            most: usize::try_from(most).unwrap_or(usize::MAX),
            taken: HashMap::new(),
        }
    }

    /// Counts once more. The error is the time to wait.
    pub fn take(&mut self, address: IpAddr, now: Duration) -> Result<(), Duration> {
        for key in ClientKey::all(address) {
            let Some(taken) = self.taken.get_mut(&key) else {
                continue;
            };
            while taken.front().is_some_and(|at| *at + SPAN <= now) {
                taken.pop_front();
            }
            if taken.len() >= key.limit(self.most) {
                let first = taken.front().copied().unwrap_or(now);
                return Err((first + SPAN).saturating_sub(now));
            }
        }
        for key in ClientKey::all(address) {
            if self.taken.len() >= MOST_CLIENTS && !self.taken.contains_key(&key) {
                self.make_room(now);
            }
            self.taken.entry(key).or_default().push_back(now);
        }
        Ok(())
    }

    /// Forgets clients that did nothing within the window; if there are none, the one whose last time
    /// is the oldest.
    fn make_room(&mut self, now: Duration) {
        let is_recent =
            |taken: &VecDeque<Duration>| taken.back().is_some_and(|at| *at + SPAN > now);
        self.taken.retain(|_, taken| is_recent(taken));
        if self.taken.len() >= MOST_CLIENTS {
            let first = self.taken.iter().min_by_key(|(_, taken)| taken.back());
            if let Some(key) = first.map(|(key, _)| *key) {
                self.taken.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_ten_seconds_have_at_most_the_limit() {
        let address = IpAddr::from([192, 0, 2, 7]);
        let mut rate = RateLimiter::new(20);
        let mut taken: Vec<Duration> = Vec::new();
        for step in 0..1_000 {
            let now = Duration::from_millis(step * 100);
            if rate.take(address, now).is_ok() {
                taken.push(now);
            }
            let lately = taken.iter().filter(|at| **at + SPAN > now).count();
            assert!(lately <= 20, "{lately} at {now:?}");
        }
        assert_eq!(taken.len(), 200, "the whole limit is used");
        let wait = rate.take(address, Duration::from_secs(100));
        assert!(wait.is_ok() || wait.is_err_and(|wait| wait <= SPAN));
        assert!(rate.take(IpAddr::from([192, 0, 2, 8]), SPAN).is_ok());
    }

    #[test]
    fn a_network_has_four_times_the_limit_of_an_address() {
        let of = |n: u128| IpAddr::from(std::net::Ipv6Addr::from((0xfd00 << 112) + n).octets());
        let mut rate = RateLimiter::new(20);
        let now = Duration::from_secs(100);
        let one = (0..100).filter(|_| rate.take(of(1), now).is_ok()).count();
        let other = (0..100).filter(|_| rate.take(of(2), now).is_ok()).count();
        assert_eq!((one, other), (20, 20));
        let all = (3..1_000).filter(|n| rate.take(of(*n), now).is_ok());
        assert_eq!(all.count(), 40, "four times as many in all");
        assert!(rate.take(of(1 << 64), now).is_ok(), "another network");
    }

    #[test]
    fn the_number_of_clients_in_memory_is_bounded() {
        let mut rate = RateLimiter::new(20);
        for n in 0..4_500_u32 {
            let address = IpAddr::from(n.to_be_bytes());
            assert!(
                rate.take(address, Duration::from_millis(u64::from(n)))
                    .is_ok()
            );
            assert!(rate.taken.len() <= MOST_CLIENTS);
        }
    }
}
