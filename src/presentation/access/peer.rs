//! The origin of a request in the network: the client's address, as the connection or a trusted proxy
//! gives it, and whether the client is on this machine.

use std::net::{IpAddr, SocketAddr};

use super::host::Host;
use crate::presentation::http::request::Request;

/// Headers that proxies add. A request with one of them came through a proxy, so the client may be
/// elsewhere even if the connection is from this machine.
const FORWARDING: [&str; 11] = [
    "Forwarded",
    "Forwarded-For",
    "Via",
    "X-Real-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "X-Envoy-External-Address",
    "Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "Fly-Client-IP",
];

/// The prefixes of other such headers.
const FORWARDING_BEGINS: [&str; 2] = ["X-Forwarded", "X-Original-"];

/// The client of a request, as far as the network shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    pub address: IpAddr,
    /// The connection is from a trusted proxy.
    pub is_proxied: bool,
    /// The connection is from this machine, and no proxy passed it on.
    pub is_here: bool,
    /// Also, `Host` is a loopback name: people at this machine need no PIN.
    pub is_local: bool,
    /// The client uses HTTPS: the connection does, or a trusted proxy says so.
    pub is_secure: bool,
}

impl Peer {
    /// Finds the client of a request. `trusted` are the addresses of trusted proxies.
    pub fn of(request: &Request, trusted: &[IpAddr]) -> Self {
        let address = request.peer.ip().to_canonical();
        if trusted.contains(&address) {
            let scheme = hops(request, "X-Forwarded-Proto").next_back();
            let is_secure = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"https"));
            // Without a client address, the proxy counts as the client, with no rights.
            let client = client(request, trusted);
            return Self {
                address: client.unwrap_or(address),
                is_proxied: true,
                is_here: false,
                is_local: false,
                is_secure,
            };
        }
        let is_passed_on = request.is_absolute || is_forwarded(request);
        let is_here = address.is_loopback() && !is_passed_on;
        let host = request.header("Host").map(Host::of);
        Self {
            address,
            is_proxied: false,
            is_here,
            is_local: is_here && host.is_some_and(|host| host.is_loopback()),
            is_secure: request.is_tls,
        }
    }
}

fn is_forwarded(request: &Request) -> bool {
    request.header_names().any(|name| {
        let is = |known: &&str| name.eq_ignore_ascii_case(known.as_bytes());
        let begins = |known: &&str| {
            let begin = name.get(..known.len());
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(known.as_bytes()))
        };
        FORWARDING.iter().any(is) || FORWARDING_BEGINS.iter().any(begins)
    })
}

/// The client's address in `X-Forwarded-For`. Each proxy appends the address that connected to it, so
/// the last one that is not a trusted proxy is the client's. The client may have written the others.
fn client(request: &Request, trusted: &[IpAddr]) -> Option<IpAddr> {
    let mut named = None;
    for address in hops(request, "X-Forwarded-For").rev().map_while(hop) {
        named = Some(address);
        if !trusted.contains(&address) {
            break;
        }
    }
    named
}

/// The entries of a list header, oldest first. As bytes: a client must not hide what proxies append by
/// writing something that is not UTF-8.
fn hops<'a>(request: &'a Request, name: &str) -> impl DoubleEndedIterator<Item = &'a [u8]> {
    let lists: Vec<&[u8]> = request.values(name).collect();
    let hops = lists
        .into_iter()
        .flat_map(|list| list.split(|b| *b == b','));
    hops.map(<[u8]>::trim_ascii)
}

/// Parses an address as proxies write it: with or without a port, IPv6 with or without brackets.
fn hop(bytes: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(bytes).ok()?;
    let plain = text.trim_start_matches('[').trim_end_matches(']');
    let address = plain.parse().ok();
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    address
        .or_else(with_port)
        .map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers = &'static [(&'static str, &'static str)];

    const LOOPBACK: &str = "127.0.0.1:50000";

    fn peer<V: AsRef<[u8]>>(from: &str, headers: &[(&str, V)], trusted: &[&str]) -> Peer {
        let from = from.parse().expect("an address");
        let request = Request::example("GET", "/", from, headers);
        let trusted: Vec<IpAddr> = trusted.iter().map(|t| t.parse().expect("one")).collect();
        Peer::of(&request, &trusted)
    }

    #[test]
    fn only_an_unforwarded_loopback_connection_to_a_loopback_name_is_local() {
        let cases: [(&str, Headers, bool); 18] = [
            (LOOPBACK, &[("Host", "localhost:3000")], true),
            (LOOPBACK, &[("Host", "127.0.0.1")], true),
            ("[::1]:50000", &[("Host", "[::1]:3000")], true),
            ("[::ffff:127.0.0.1]:5", &[("Host", "LocalHost")], true),
            (LOOPBACK, &[("Host", "192.168.1.2:3000")], false),
            (LOOPBACK, &[("Host", "turnero.lan")], false),
            (LOOPBACK, &[("Host", "localhost.evil.example")], false),
            (LOOPBACK, &[], false),
            ("192.168.1.2:5", &[("Host", "localhost:3000")], false),
            (
                LOOPBACK,
                &[("Host", "localhost"), ("x-forwarded-for", "127.0.0.1")],
                false,
            ),
            (LOOPBACK, &[("Host", "localhost"), ("Forwarded", "")], false),
            (LOOPBACK, &[("Host", "localhost"), ("Via", "1.1 x")], false),
            (
                LOOPBACK,
                &[("Host", "localhost"), ("x-forwarded-port", "443")],
                false,
            ),
            (
                LOOPBACK,
                &[("Host", "localhost"), ("X-Original-URL", "/")],
                false,
            ),
            (
                LOOPBACK,
                &[("Host", "localhost"), ("CF-Connecting-IP", "192.0.2.7")],
                false,
            ),
            (LOOPBACK, &[("Host", "[::1].evil")], false),
            (LOOPBACK, &[("Host", "localhost:evil.com")], false),
            (LOOPBACK, &[("Host", "localhost"), ("X-For", "")], true),
        ];
        for (from, headers, expected) in cases {
            let found = peer(from, headers, &[]);
            assert_eq!(found.is_local, expected, "{from} {headers:?}");
        }
    }

    #[test]
    fn a_proxy_is_trusted_for_its_own_hop_only() {
        let cases = [
            (LOOPBACK, "192.0.2.7", "192.0.2.7"),
            (LOOPBACK, "10.9.9.9, 192.0.2.7", "192.0.2.7"),
            (LOOPBACK, "192.0.2.7:4711", "192.0.2.7"),
            (LOOPBACK, "[2001:db8::7]:4711", "2001:db8::7"),
            (LOOPBACK, "2001:db8::7", "2001:db8::7"),
            (LOOPBACK, "::ffff:192.0.2.7", "192.0.2.7"),
            (LOOPBACK, "127.0.0.1", "127.0.0.1"),
            (LOOPBACK, "unknown", "127.0.0.1"),
            ("10.0.0.1:5", "192.0.2.7", "10.0.0.1"),
        ];
        for (from, forwarded, expected) in cases {
            let headers = [("Host", "localhost"), ("X-Forwarded-For", forwarded)];
            let found = peer(from, &headers, &["127.0.0.1"]);
            assert_eq!(found.address.to_string(), expected, "{from} {forwarded}");
            assert!(!found.is_local && !found.is_here, "{from} {forwarded}");
        }
        // Two trusted proxies; the first passes on what the client wrote.
        let chain = [("X-Forwarded-For", "127.0.0.1, 192.0.2.7, 10.0.0.9")];
        let found = peer(LOOPBACK, &chain, &["127.0.0.1", "10.0.0.9"]);
        assert_eq!(found.address.to_string(), "192.0.2.7");
        let found = peer(LOOPBACK, &chain, &["127.0.0.1"]);
        assert_eq!(found.address.to_string(), "10.0.0.9");
        let odd = [("X-Forwarded-For", "192.0.2.7, unknown, 10.0.0.9")];
        let found = peer(LOOPBACK, &odd, &["127.0.0.1", "10.0.0.9"]);
        assert_eq!(found.address.to_string(), "10.0.0.9");
        let twice = [
            ("X-Forwarded-For", "192.0.2.7"),
            ("X-Forwarded-For", "192.0.2.8"),
        ];
        let found = peer(LOOPBACK, &twice, &["127.0.0.1"]);
        assert_eq!(found.address.to_string(), "192.0.2.8");
        assert!(!peer(LOOPBACK, &[("Host", "localhost")], &["127.0.0.1"]).is_local);
    }

    #[test]
    fn what_a_client_says_hides_nothing_of_what_a_proxy_adds() {
        let says = |name, value: &'static [u8]| peer(LOOPBACK, &[(name, value)], &["127.0.0.1"]);
        for value in [
            &b"\xff, 192.0.2.7"[..],
            b"10.0.0.1, \xc3\x28,192.0.2.7",
            "«ñ», 192.0.2.7".as_bytes(),
        ] {
            let found = says("X-Forwarded-For", value).address;
            assert_eq!(found.to_string(), "192.0.2.7", "{value:?}");
        }
        // An entry that is not an address: the proxy counts as the client.
        let found = says("X-Forwarded-For", b"192.0.2.7, \xff");
        assert_eq!(found.address.to_string(), "127.0.0.1");
        assert!(!found.is_local && !found.is_here);
        assert!(says("X-Forwarded-Proto", b"\xff, https").is_secure);
    }
}
