//! The address at which a phone reaches this server, for QR codes.
//!
//! The page that shows the code knows the address best: only it sees the `https` and the path of a
//! proxy. Without the page's address, the request's `Host` is used. `localhost` and loopback addresses
//! are replaced by this machine's address in its network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use super::problem::Problem;
use crate::digits;

/// The longest base address in bytes. The QR code of a longer one is too dense for a phone in front
/// of a screen.
const LONGEST_BASE: usize = 200;

/// Documentation addresses (RFC 5737, RFC 3849): far away, and never in use.
const FAR_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const FAR_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));

/// The first part of a page's address: scheme, host, port and path, without a `/` at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// The base that a page gives, or else the base of its request: the `Host`, and whether the request
    /// came over HTTPS. `listen` is the address on which the server listens.
    pub fn of(
        (host, is_secure): (Option<&str>, bool),
        base: Option<&str>,
        listen: SocketAddr,
    ) -> Result<Self, Problem> {
        let (field, base) = match base {
            Some(base) => ("base", base.to_owned()),
            None => {
                let scheme = if is_secure { "https" } else { "http" };
                ("Host", format!("{scheme}://{}", host.unwrap_or_default()))
            }
        };
        let parts = Parts::of(&base).map_err(|why| Problem::invalid(field, why))?;
        Ok(parts.reachable(|| lan_address(listen)))
    }

    /// Reads a base. The error says why it is not valid.
    pub fn parse(base: &str) -> Result<Self, String> {
        Ok(Parts::of(base)?.reachable(|| None))
    }

    /// The base of a request, as other machines can reach it. `None` if only this machine can.
    pub fn for_others((host, is_secure): (Option<&str>, bool), listen: SocketAddr) -> Option<Self> {
        let scheme = if is_secure { "https" } else { "http" };
        let base = format!("{scheme}://{}", host?);
        let parts = Parts::of(&base).ok()?;
        if !means_this_machine(parts.host) {
            return Some(parts.reachable(|| None));
        }
        let lan = lan_address(listen)?;
        Some(parts.reachable(|| Some(lan)))
    }

    /// The same place over HTTPS, on the port of `listen`. `None` if nobody listens there: only a proxy
    /// knows what is behind a path.
    pub fn with_https(&self, listen: SocketAddr) -> Option<Self> {
        let parts = Parts::of(&self.0).ok()?;
        if parts.scheme == "https" {
            return Some(self.clone());
        }
        let is_reached = means_this_machine(parts.host) || !listen.ip().is_loopback();
        let is_direct = parts.path.is_empty();
        let address = format!("https://{}:{}", parts.host, listen.port());
        (is_reached && is_direct).then_some(Self(address))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of the page at `path`.
    pub fn page(&self, path: &str) -> String {
        format!("{}/{path}", self.0)
    }
}

/// Whether a text is the origin of a site: scheme, host and perhaps a port, without a path.
pub fn is_origin(text: &str) -> bool {
    Parts::of(text).is_ok_and(|parts| parts.path.is_empty())
}

/// The parts of an http or https address.
struct Parts<'a> {
    scheme: &'a str,
    host: &'a str,
    /// With its colon; empty if there is none.
    port: &'a str,
    path: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits a base address. The error says why it is not valid.
    fn of(base: &'a str) -> Result<Self, String> {
        if base.len() > LONGEST_BASE {
            return Err(format!("it has at most {LONGEST_BASE} bytes"));
        }
        let parts = Self::split(base);
        parts
            .ok_or_else(|| format!("«{base}» is not an address such as http://office:3000/tickets"))
    }

    fn split(base: &'a str) -> Option<Self> {
        let (scheme, rest) = base.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        // An IPv6 address has colons and is in brackets.
        let host_end = match authority.find(']') {
            Some(bracket) => bracket + 1,
            None => authority.find(':').unwrap_or(authority.len()),
        };
        let (host, port) = authority.split_at(host_end);
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let host_is_one = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
            Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.chars().all(plain),
        };
        let port_is_one = match port.strip_prefix(':') {
            Some(number) => digits::parse::<u16>(number).is_some(),
            None => port.is_empty(),
        };
        let path_is_one = path
            .chars()
            .all(|c| plain(c) || "/%!$&'()*+,;=:@".contains(c));
        let is_one =
            ["http", "https"].contains(&scheme) && host_is_one && port_is_one && path_is_one;
        is_one.then_some(Self {
            scheme,
            host,
            port,
            path,
        })
    }

    /// The base as other machines can reach it; `lan` gives the address of this machine.
    fn reachable(&self, lan: impl FnOnce() -> Option<IpAddr>) -> BaseUrl {
        let Self {
            scheme,
            host,
            port,
            path,
        } = self;
        let path = path.trim_end_matches('/');
        let host = match lan_instead_of(host, lan) {
            Some(IpAddr::V4(ip)) => ip.to_string(),
            Some(IpAddr::V6(ip)) => format!("[{ip}]"),
            None => (*host).to_owned(),
        };
        BaseUrl(format!("{scheme}://{host}{port}{path}"))
    }
}

/// The address that replaces a host, if the host means this machine.
fn lan_instead_of(host: &str, lan: impl FnOnce() -> Option<IpAddr>) -> Option<IpAddr> {
    if means_this_machine(host) {
        lan()
    } else {
        None
    }
}

/// Whether a host means the machine that asks.
fn means_this_machine(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let named = bare == "localhost" || bare.ends_with(".localhost");
    let numbered = bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    named || numbered
}

/// The address at which other machines reach a server that listens on `listen`. `None` if it listens
/// on loopback only, or if there is no network.
pub fn lan_address(listen: SocketAddr) -> Option<IpAddr> {
    let candidates: &[IpAddr] = match listen.ip() {
        ip if ip.is_loopback() => return None,
        ip if !ip.is_unspecified() => return Some(ip),
        IpAddr::V4(_) => &[FAR_V4],
        // On Linux it accepts IPv4 as well.
        IpAddr::V6(_) => &[FAR_V4, FAR_V6],
    };
    candidates.iter().find_map(|far| address_towards(*far))
}

/// The address that this machine would use to reach `far`. Sends nothing: connecting a UDP socket only
/// chooses a route.
fn address_towards(far: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = match far {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((far, 9)).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_loopback() && !own.is_unspecified()).then_some(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_has_the_same_host_and_a_port_of_its_own() {
        let cases = [
            (
                "http://192.168.1.5:3000",
                "0.0.0.0:3443",
                Some("https://192.168.1.5:3443"),
            ),
            (
                "http://[fd00::1]",
                "[::]:443",
                Some("https://[fd00::1]:443"),
            ),
            (
                "https://office.example/queue",
                "0.0.0.0:3443",
                Some("https://office.example/queue"),
            ),
            ("http://office.example/queue", "0.0.0.0:3443", None),
            ("http://192.168.1.5:3000", "127.0.0.1:3443", None),
            (
                "http://localhost:3000",
                "127.0.0.1:3443",
                Some("https://localhost:3443"),
            ),
        ];
        for (base, listen, expected) in cases {
            let listen = listen.parse().expect("an address");
            let found = BaseUrl::parse(base).expect("a base").with_https(listen);
            assert_eq!(
                found.as_ref().map(BaseUrl::as_str),
                expected,
                "{base} {listen}"
            );
        }
    }

    fn reached(base: &str, lan: Option<&str>) -> Result<String, String> {
        let lan = lan.map(|ip| ip.parse().expect("an address"));
        Parts::of(base).map(|parts| parts.reachable(|| lan).page("t/1"))
    }

    #[test]
    fn a_page_keeps_the_base_that_the_browser_used() {
        for (base, page) in [
            ("http://office:3000", "http://office:3000/t/1"),
            ("http://office:3000/", "http://office:3000/t/1"),
            ("https://a.example/queue/", "https://a.example/queue/t/1"),
            ("http://10.0.0.7", "http://10.0.0.7/t/1"),
            ("http://[fd00::1]:80/a", "http://[fd00::1]:80/a/t/1"),
        ] {
            assert_eq!(reached(base, Some("10.9.9.9")).as_deref(), Ok(page));
        }
    }

    #[test]
    fn loopback_hosts_become_the_address_in_the_network() {
        let lan = Some("192.168.1.5");
        for (base, page) in [
            ("http://localhost:3000", "http://192.168.1.5:3000/t/1"),
            ("http://LocalHost/a/", "http://192.168.1.5/a/t/1"),
            ("https://127.0.0.1:81", "https://192.168.1.5:81/t/1"),
            ("http://[::1]:3000", "http://192.168.1.5:3000/t/1"),
        ] {
            assert_eq!(reached(base, lan).as_deref(), Ok(page));
        }
        let v6 = reached("http://localhost:3000", Some("fd00::5"));
        assert_eq!(v6.as_deref(), Ok("http://[fd00::5]:3000/t/1"));
        let none = reached("http://localhost:3000", None);
        assert_eq!(none.as_deref(), Ok("http://localhost:3000/t/1"));
    }

    #[test]
    fn a_base_that_is_not_an_address_is_refused() {
        let long = format!("http://a/{}", "b".repeat(LONGEST_BASE));
        for base in [
            "",
            "office",
            "/t",
            "ftp://office",
            "javascript://office",
            "http://",
            "http:///t",
            "http://user@office",
            "http://office:port",
            "http://office:70000",
            "http://[::g]",
            "http://a b",
            "http://a/?b",
            "http://a/#b",
            "http://ñ",
            "http://a/\"><script>",
            &long,
        ] {
            assert!(reached(base, None).is_err(), "{base:.60}");
        }
    }

    #[test]
    fn a_server_that_listens_on_loopback_has_no_address_in_the_network() {
        for (listen, lan) in [
            ("127.0.0.1:3000", None),
            ("[::1]:3000", None),
            ("192.168.1.5:3000", Some("192.168.1.5")),
        ] {
            let lan = lan.map(|ip: &str| ip.parse().expect("an address"));
            assert_eq!(lan_address(listen.parse().expect("an address")), lan);
        }
        // The result depends on the networks of the machine that runs the test.
        for listen in ["0.0.0.0:3000", "[::]:3000"] {
            let listen = listen.parse().expect("an address");
            let lan = lan_address(listen);
            assert!(lan.is_none_or(|ip| !ip.is_loopback() && !ip.is_unspecified()));
            let host = lan.map_or("localhost".to_owned(), |ip| match ip {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            });
            let shown = |asked, base| BaseUrl::of(asked, base, listen).map(|base| base.page("t/1"));
            let expected = Ok(format!("http://{host}:3000/t/1"));
            assert_eq!(shown((Some("localhost:3000"), false), None), expected);
            let base = Some("http://localhost:3000/");
            assert_eq!(shown((None, true), base), expected);
            let secure = shown((Some("office.example"), true), None);
            assert_eq!(secure, Ok("https://office.example/t/1".to_owned()));
            let own = BaseUrl::for_others((Some("localhost:3000"), false), listen);
            let own = own.map(|base| base.page("t/1"));
            assert_eq!(own, lan.and(expected.ok()));
        }
    }
}
