//! How a phone reaches this server: the address that a QR code leads to.
//!
//! The page that shows the code knows best, since only it sees the `https` and the path of a proxy
//! in between; without its word the request's `Host` says it. An address that only this machine can
//! reach, such as `localhost` on the kiosk itself, is exchanged for the machine's own in its network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use super::problem::Problem;
use crate::digits;

/// The longest address that a page may give, in bytes: a code of more is too fine for a phone that
/// is held before a screen.
const LONGEST_BASE: usize = 200;

/// Addresses for documentation (RFC 5737, RFC 3849), which no machine has.
const FAR_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const FAR_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));

/// Where a page's address begins: scheme, host and port, and perhaps a path; no `/` at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base(String);

impl Base {
    /// As the page says in `base`, or as the request has it: its `Host`, and whether it came over
    /// HTTPS. `listen` is where the server listens.
    pub fn of(
        (host, is_secure): (Option<&str>, bool),
        base: Option<&str>,
        listen: SocketAddr,
    ) -> Result<Self, Problem> {
        let (said_by, base) = match base {
            Some(base) => ("base", base.to_owned()),
            None => {
                let scheme = if is_secure { "https" } else { "http" };
                ("Host", format!("{scheme}://{}", host.unwrap_or_default()))
            }
        };
        let parts = Parts::of(&base).map_err(|why| Problem::invalid(said_by, why))?;
        Ok(parts.reachable(|| lan_address(listen)))
    }

    /// Without a request: where this machine's network finds a server that listens there; `None`
    /// where only the machine itself does.
    pub fn of_machine(listen: SocketAddr) -> Option<Self> {
        let ip = lan_address(listen)?;
        let port = listen.port();
        Some(Self(format!("http://{}", SocketAddr::new(ip, port))))
    }

    /// The address of a page.
    pub fn page(&self, path: &str) -> String {
        format!("{}/{path}", self.0)
    }
}

/// An absolute address of http or https.
struct Parts<'a> {
    scheme: &'a str,
    host: &'a str,
    /// With its colon; empty where there is none.
    port: &'a str,
    path: &'a str,
}

impl<'a> Parts<'a> {
    /// `Err` says what is wrong with it.
    fn of(base: &'a str) -> Result<Self, String> {
        if base.len() > LONGEST_BASE {
            return Err(format!("an address has {LONGEST_BASE} bytes at most here"));
        }
        let parts = Self::split(base);
        parts.ok_or_else(|| format!("«{base}» is no address like http://office:3000/tickets"))
    }

    fn split(base: &'a str) -> Option<Self> {
        let (scheme, rest) = base.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        // An address of IPv6 has colons of its own, and brackets around them.
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

    /// The same where others can reach it.
    fn reachable(&self, lan: impl FnOnce() -> Option<IpAddr>) -> Base {
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
        Base(format!("{scheme}://{host}{port}{path}"))
    }
}

/// What stands in for a host that means the machine itself.
fn lan_instead_of(host: &str, lan: impl FnOnce() -> Option<IpAddr>) -> Option<IpAddr> {
    let bare = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let named = bare == "localhost" || bare.ends_with(".localhost");
    let numbered = bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    if named || numbered { lan() } else { None }
}

/// The address at which the machine's network finds a server that listens there; `None` where it
/// listens to the machine alone, or there is no network.
fn lan_address(listen: SocketAddr) -> Option<IpAddr> {
    let candidates: &[IpAddr] = match listen.ip() {
        ip if ip.is_loopback() => return None,
        ip if !ip.is_unspecified() => return Some(ip),
        IpAddr::V4(_) => &[FAR_V4],
        // Linux lets it take IPv4 too.
        IpAddr::V6(_) => &[FAR_V4, FAR_V6],
    };
    candidates.iter().find_map(|far| address_towards(*far))
}

/// Which of its addresses the machine would use to reach a far one. Nothing is sent: to connect a
/// UDP socket is to choose a route.
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

    fn reached(base: &str, lan: Option<&str>) -> Result<String, String> {
        let lan = lan.map(|ip| ip.parse().expect("an address"));
        Parts::of(base).map(|parts| parts.reachable(|| lan).page("t/1"))
    }

    #[test]
    fn a_page_is_found_where_the_browser_found_its_own() {
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
    fn this_machine_is_exchanged_for_its_address_in_the_network() {
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
    fn what_is_no_address_is_refused() {
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
    fn a_server_that_listens_to_its_machine_alone_has_no_other_address() {
        for (listen, lan) in [
            ("127.0.0.1:3000", None),
            ("[::1]:3000", None),
            ("192.168.1.5:3000", Some("192.168.1.5")),
        ] {
            let lan = lan.map(|ip: &str| ip.parse().expect("an address"));
            assert_eq!(lan_address(listen.parse().expect("an address")), lan);
        }
        // Whatever networks this machine has, the answer is one that others could use.
        for listen in ["0.0.0.0:3000", "[::]:3000"] {
            let listen = listen.parse().expect("an address");
            let lan = lan_address(listen);
            assert!(lan.is_none_or(|ip| !ip.is_loopback() && !ip.is_unspecified()));
            let host = lan.map_or("localhost".to_owned(), |ip| match ip {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            });
            let shown = |asked, base| Base::of(asked, base, listen).map(|base| base.page("t/1"));
            let expected = Ok(format!("http://{host}:3000/t/1"));
            assert_eq!(shown((Some("localhost:3000"), false), None), expected);
            let base = Some("http://localhost:3000/");
            assert_eq!(shown((None, true), base), expected);
            let secure = shown((Some("office.example"), true), None);
            assert_eq!(secure, Ok("https://office.example/t/1".to_owned()));
            let machine = Base::of_machine(listen).map(|base| base.page("t/1"));
            assert_eq!(machine, lan.and(expected.ok()));
        }
    }
}
