//! Protection against DNS rebinding: another site can point its own name at this server, so that a
//! browser treats that site's pages as this server's. Requests that need no PIN are answered only under names
//! that no other site can have.

use std::net::IpAddr;

use crate::presentation::http::problem::Problem;
use crate::presentation::http::request::Request;

/// The value of a `Host` header without its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host<'a> {
    Address(IpAddr),
    Name(&'a str),
}

impl<'a> Host<'a> {
    /// Parses a `Host` header.
    pub fn of(header: &'a str) -> Self {
        let header = header.trim();
        let (bare, port) = match header.strip_prefix('[') {
            Some(rest) => rest.split_once(']').unwrap_or(("", rest)),
            None => header
                .find(':')
                .map_or((header, ""), |at| header.split_at(at)),
        };
        let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
        if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
            // Two readers could understand it differently, so no check accepts it.
            return Self::Name(header);
        }
        match bare.parse::<IpAddr>() {
            Ok(address) if address.is_ipv6() == header.starts_with('[') => {
                Self::Address(address.to_canonical())
            }
            _ if header.starts_with('[') => Self::Name(header),
            _ => Self::Name(bare.strip_suffix('.').unwrap_or(bare)),
        }
    }

    /// Whether the host always means the machine that resolves it.
    pub fn is_loopback(self) -> bool {
        match self {
            Self::Address(address) => address.is_loopback(),
            Self::Name(name) => name.eq_ignore_ascii_case("localhost"),
        }
    }
}

/// Refuses a `Host` name that another site may have pointed at this server. Call it for requests
/// that need no PIN. `allowed` are the names given with `--host`.
pub fn check(request: &Request, allowed: &[String]) -> Result<(), Problem> {
    // Browsers always send `Host`.
    let Some(header) = request.header("Host") else {
        return Ok(());
    };
    match Host::of(header) {
        Host::Address(_) => Ok(()),
        host if host.is_loopback() => Ok(()),
        Host::Name(name) if allowed.iter().any(|a| a.eq_ignore_ascii_case(name)) => Ok(()),
        Host::Name(name) => Err(Problem::host_not_allowed(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presentation::http::error_code::ErrorCode;

    #[test]
    fn a_host_is_an_address_or_a_name_without_its_port() {
        let address = |text: &str| Host::Address(text.parse().expect("an address"));
        let cases = [
            ("192.0.2.1:3000", address("192.0.2.1")),
            ("192.0.2.1", address("192.0.2.1")),
            ("[::1]:3000", address("::1")),
            ("[::ffff:127.0.0.1]", address("127.0.0.1")),
            ("localhost:3000", Host::Name("localhost")),
            ("turnero.lan.", Host::Name("turnero.lan")),
            (
                "127.0.0.1.evil.example",
                Host::Name("127.0.0.1.evil.example"),
            ),
            ("127.1", Host::Name("127.1")),
            ("", Host::Name("")),
            ("localhost:", Host::Name("localhost")),
            ("[::1].evil", Host::Name("[::1].evil")),
            ("[::1]:3000.evil", Host::Name("[::1]:3000.evil")),
            ("[::1", Host::Name("[::1")),
            ("[localhost]", Host::Name("[localhost]")),
            ("[127.0.0.1]", Host::Name("[127.0.0.1]")),
            ("localhost:evil.com", Host::Name("localhost:evil.com")),
            ("127.0.0.1:80@evil", Host::Name("127.0.0.1:80@evil")),
            ("::1", Host::Name("::1")),
        ];
        for (header, expected) in cases {
            assert_eq!(Host::of(header), expected, "{header}");
        }
    }

    #[test]
    fn only_names_that_no_other_site_can_have_are_answered() {
        let check = |host: &str| {
            let from = "127.0.0.1:5".parse().expect("an address");
            let request = Request::example("GET", "/", from, &[("Host", host)]);
            super::check(&request, &["turnero.lan".to_owned()])
        };
        for safe in [
            "localhost:3000",
            "127.0.0.1",
            "192.0.2.1:80",
            "[::1]",
            "Turnero.LAN:3000",
        ] {
            assert_eq!(check(safe), Ok(()), "{safe}");
        }
        for other in ["evil.example:3000", "localhost.evil.example", "", "turnero"] {
            let problem = check(other).expect_err(other);
            assert_eq!(problem.code, ErrorCode::HostNotAllowed);
            assert!(problem.detail.contains("--host"), "{}", problem.detail);
        }
    }
}
