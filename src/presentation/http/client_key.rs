//! The key under which limits count a client: its IP address, and for IPv6 also its network.

use std::iter::once;
use std::net::{IpAddr, Ipv6Addr};

/// An address, or the /64 network of an IPv6 address. A limit counts both, because one machine can
/// take any number of addresses in its /64. The network's limit is higher than an address's, because
/// a whole office can be one network (`fe80::/64` always is).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientKey {
    Address(IpAddr),
    Network(Ipv6Addr),
}

/// A network's limit is this many times the limit of an address.
const NETWORK_FACTOR: usize = 4;

impl ClientKey {
    /// All keys that count for `address`.
    pub fn all(address: IpAddr) -> impl Iterator<Item = Self> {
        let address = address.to_canonical();
        let network = match address {
            IpAddr::V6(v6) => Some(Ipv6Addr::from(u128::from(v6) & (u128::MAX << 64))),
            IpAddr::V4(_) => None,
        };
        once(Self::Address(address)).chain(network.map(Self::Network))
    }

    /// The one key that covers everything a machine at `address` can call itself: the network for
    /// IPv6.
    pub fn widest(address: IpAddr) -> Self {
        Self::all(address).last().unwrap_or(Self::Address(address))
    }

    /// The limit for this key, if `of_address` is the limit for one address.
    pub fn limit(self, of_address: usize) -> usize {
        match self {
            Self::Address(_) => of_address,
            Self::Network(_) => of_address.saturating_mul(NETWORK_FACTOR),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_counts_for_itself_and_for_its_network() {
        let common = |one: &str, two: &str| {
            let of = |text: &str| ClientKey::all(text.parse().expect("an address"));
            of(one).filter(|c| of(two).any(|d| *c == d)).count()
        };
        for (one, two, expected) in [
            ("2001:db8:1:2::3", "2001:db8:1:2::3", 2),
            ("2001:db8:1:2::3", "2001:db8:1:2:ffff::4", 1),
            ("fe80::1", "fe80::2", 1),
            ("2001:db8:1:2::3", "2001:db8:1:3::3", 0),
            ("192.0.2.1", "192.0.2.2", 0),
            ("192.0.2.1", "::ffff:192.0.2.1", 1),
        ] {
            assert_eq!(common(one, two), expected, "{one} {two}");
        }
    }
}
