//! Whether a page that asks for something is ours: a browser says in `Origin` whose it is
//! (RFC 6454), and other sites' pages must neither change anything here nor listen.

use super::problem::Problem;
use super::request::Request;
use crate::presentation::access::Caller;

/// Refuses a request from another site's page that would change something, or listen. Programs
/// send nothing of what is looked at here, and may.
pub fn check(request: &Request, caller: &Caller, allowed: &[String]) -> Result<(), Problem> {
    let host = request.header("Host").unwrap_or_default();
    for name in ["Origin", "Sec-Fetch-Site", "Referer"] {
        // No browser sends one twice, or one that is no text; it must not count as none.
        let there = request.header_names();
        let there = there.filter(|other| other.eq_ignore_ascii_case(name.as_bytes()));
        let read = request.headers();
        let read = read.filter(|(other, _)| other.eq_ignore_ascii_case(name));
        if there.count() != usize::from(read.count() > 0) {
            return Err(Problem::cross_site("an unknown site"));
        }
    }
    let Some(origin) = request.header("Origin") else {
        return check_without_origin(request, caller, host);
    };
    if allowed_origin(request, allowed).is_some() {
        return Ok(());
    }
    // The same name may have another site behind HTTPS or HTTP: a browser that says so is believed,
    // and so is a proxy that says how it was reached.
    let is_page_of_ours = matches!(
        request.header("Sec-Fetch-Site"),
        None | Some("same-origin" | "none")
    );
    let is_scheme_of_ours = !caller.is_secure || origin.starts_with("https://");
    if is_this_host(origin, host) && is_page_of_ours && is_scheme_of_ours {
        return Ok(());
    }
    Err(Problem::cross_site(origin))
}

/// A picture or a link of another site's page has no `Origin`. Newer browsers tell with
/// `Sec-Fetch-Site` where it is from, to HTTPS and to this machine's own addresses; older ones, and
/// all to an office's plain addresses, may tell with `Referer`.
fn check_without_origin(request: &Request, caller: &Caller, host: &str) -> Result<(), Problem> {
    match request.header("Sec-Fetch-Site") {
        Some("same-origin" | "none") => return Ok(()),
        Some(_) => return Err(Problem::cross_site("another site")),
        None => {}
    }
    match request.header("Referer") {
        Some(referer) if is_this_host(site_of(referer), host) => return Ok(()),
        Some(referer) => return Err(Problem::cross_site(site_of(referer))),
        None => {}
    }
    // A picture's address can be asked for, and in older browsers a form sent, without any of them.
    // A cookie proves nothing: another port of this very host is the same site for it. A token does,
    // since no page can have it sent along; and a browser always says whose a WebSocket is.
    let is_page = |name: &str| name.starts_with("Mozilla/");
    if !request.wants_upgrade()
        && caller.token.is_none()
        && request.header("User-Agent").is_some_and(is_page)
    {
        return Err(Problem::cross_site("an unknown site"));
    }
    Ok(())
}

/// Scheme, host and port of an address.
fn site_of(address: &str) -> &str {
    let begin = address.find("://").map_or(0, |at| at + 3);
    let length = address[begin..].find(['/', '?', '#']);
    length.map_or(address, |length| &address[..begin + length])
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
    use crate::presentation::http::origin::is_this_host;

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
