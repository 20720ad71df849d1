//! Protection against requests that a browser sends for pages of other sites (CSRF). Such pages must
//! not change anything here, and must not open WebSockets. Browsers name the page's site in `Origin`
//! (RFC 6454).

use super::caller::Caller;
use crate::presentation::http::problem::Problem;
use crate::presentation::http::request::Request;

/// Refuses a request from a page of another site. Call it for requests that change something and for
/// WebSockets. Programs send none of these headers and are allowed.
pub fn check(request: &Request, caller: &Caller, allowed: &[String]) -> Result<(), Problem> {
    let host = request.header("Host").unwrap_or_default();
    for name in ["Origin", "Sec-Fetch-Site", "Referer"] {
        // No browser sends one twice or not in UTF-8. Such a header must not count as absent.
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
    // HTTP and HTTPS of one name may be two sites. The browser tells in `Sec-Fetch-Site`, a proxy in
    // `X-Forwarded-Proto`.
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

/// Checks a request without `Origin`, such as a picture or a link. Newer browsers send
/// `Sec-Fetch-Site`, but only to HTTPS and loopback addresses; all may send `Referer`.
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
    // A browser can load a picture, and older ones can send a form, with none of these headers. A
    // cookie proves nothing, because another port of this host shares it. A token is proof: no page
    // can make the browser send it. For a WebSocket, browsers always send `Origin`.
    let is_page = |name: &str| name.starts_with("Mozilla/");
    if !request.wants_upgrade()
        && caller.token.is_none()
        && request.header("User-Agent").is_some_and(is_page)
    {
        return Err(Problem::cross_site("an unknown site"));
    }
    Ok(())
}

/// The scheme, host and port of an address.
fn site_of(address: &str) -> &str {
    let begin = address.find("://").map_or(0, |at| at + 3);
    let length = address[begin..].find(['/', '?', '#']);
    length.map_or(address, |length| &address[..begin + length])
}

/// The request's `Origin`, if `allowed` contains it.
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
    use super::*;

    #[test]
    fn an_origin_is_this_host_if_name_and_port_are_the_same() {
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
