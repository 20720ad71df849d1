//! Whether a page that asks for something is ours: a browser says in `Origin` whose it is
//! (RFC 6454), and other sites' pages must neither change anything here nor listen.

use super::problem::Problem;
use super::request::Request;

/// Refuses a request from another site's page. Programs send no `Origin`, and may.
pub fn check(request: &Request, allowed: &[String]) -> Result<(), Problem> {
    let Some(origin) = request.header("Origin") else {
        // A picture or a link of another site's page has no `Origin`, and newer browsers tell.
        return match request.header("Sec-Fetch-Site") {
            Some("cross-site") => Err(Problem::cross_site("another site")),
            _ => Ok(()),
        };
    };
    let host = request.header("Host").unwrap_or_default();
    if allowed_origin(request, allowed).is_some() || is_this_host(origin, host) {
        return Ok(());
    }
    Err(Problem::cross_site(origin))
}

/// The request's `Origin`, where it is one that the office allows.
pub fn allowed_origin<'a>(request: &'a Request, allowed: &[String]) -> Option<&'a str> {
    let origin = request.header("Origin")?;
    let is_allowed = |other: &String| other.eq_ignore_ascii_case(origin);
    allowed.iter().any(is_allowed).then_some(origin)
}

fn is_this_host(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let bare = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.strip_suffix(default_port)
            .map_or(name.clone(), str::to_owned)
    };
    !authority.is_empty() && bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::is_this_host;

    #[test]
    fn an_origin_is_this_host_when_name_and_port_are_the_same() {
        let cases = [
            ("http://office:3000", "office:3000", true),
            ("http://Office:3000", "oFFice:3000", true),
            ("https://office", "office", true),
            ("https://office", "office:443", true),
            ("http://office:80", "office", true),
            ("http://office", "office:3000", false),
            ("http://office:3000", "office:3001", false),
            ("http://office.evil.example", "office", false),
            ("http://[::1]:3000", "[::1]:3000", true),
            ("null", "office", false),
            ("file://", "", false),
            ("http://", "", false),
        ];
        for (origin, host, expected) in cases {
            assert_eq!(is_this_host(origin, host), expected, "{origin} at {host}");
        }
    }
}
