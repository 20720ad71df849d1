//! Limits how many connections public screens and long polls hold. Some connections are reserved for staff,
//! health checks and this machine.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::client_key::ClientKey;

/// One in so many connections is kept free of them, and this number at most: more than an office
/// has desks.
const RESERVED_SHARE: usize = 8;
const MOST_RESERVED: usize = 256;

/// The limit that a new connection, screen or poll would exceed, with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    All(usize),
    /// Of what public callers may hold for long.
    Public(usize),
    Of(ClientKey, usize),
}

/// The places, and how many are taken.
#[derive(Debug)]
pub struct Places {
    most: usize,
    most_of_client: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of: HashMap<ClientKey, usize>,
}

impl Places {
    /// The places among `connections`, and for one client, which a trusted proxy may have named.
    pub fn new(connections: usize, most_of_client: usize) -> Self {
        let reserved = (connections / RESERVED_SHARE).min(MOST_RESERVED);
        Self {
            most: connections - reserved,
            most_of_client,
            taken: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place. Dropping it gives it back.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Place {
    /// Takes a place for a client, or says which limit does not allow it.
    pub fn take(places: &Arc<Places>, address: IpAddr) -> Result<Self, Full> {
        let mut taken = places.lock();
        for key in ClientKey::all(address) {
            let most = key.limit(places.most_of_client);
            if taken.of.get(&key).is_some_and(|count| *count >= most) {
                return Err(Full::Of(key, most));
            }
        }
        if taken.all >= places.most {
            return Err(Full::Public(places.most));
        }
        taken.all += 1;
        for key in ClientKey::all(address) {
            *taken.of.entry(key).or_default() += 1;
        }
        drop(taken);
        let places = places.clone();
        Ok(Self { places, address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        for key in ClientKey::all(self.address) {
            if let Some(count) = taken.of.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    taken.of.remove(&key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_callers_leave_an_eighth_of_the_places_free() {
        for (connections, most) in [(1, 1), (3, 3), (8, 7), (800, 700), (4_096, 3_840)] {
            let places = Arc::new(Places::new(connections, usize::MAX));
            let address = |n: usize| IpAddr::from([10, 0, (n / 256) as u8, n as u8]);
            let held: Vec<Place> = (0..most)
                .map(|n| Place::take(&places, address(n)).expect("a place"))
                .collect();
            let full = Place::take(&places, address(most));
            assert_eq!(full.err(), Some(Full::Public(most)));
            drop(held);
            assert!(Place::take(&places, address(0)).is_ok());
            assert!(places.lock().of.is_empty(), "nothing is left behind");
        }
    }

    #[test]
    fn a_client_has_its_share_and_a_network_four_times_as_much() {
        let places = Arc::new(Places::new(4_096, 2));
        let address = |n: u16| IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, n]);
        let mut held = Vec::new();
        for n in 0..4 {
            held.extend((0..2).map(|_| Place::take(&places, address(n)).expect("a place")));
            let full = Place::take(&places, address(n)).expect_err("its share is taken");
            assert_eq!(full, Full::Of(ClientKey::Address(address(n)), 2));
        }
        let full = Place::take(&places, address(4)).expect_err("the network's share is taken");
        assert!(
            matches!(full, Full::Of(ClientKey::Network(_), 8)),
            "{full:?}"
        );
    }
}
