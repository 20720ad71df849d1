//! The start of a connection on the port of HTTPS: the TLS handshake, and what a request without TLS gets.

use std::io;
use std::time::Instant;

use tiny_http::Method;

use super::address::is_origin;
use super::answer::Answer;
use super::certificate::Certificate;
use super::problem::Problem;
use super::request::Request;
use super::wire::Wire;

/// Does the handshake, at most until `deadline`. Returns `false` if the peer speaks HTTP without TLS; nothing
/// has been read then.
pub fn start_tls(wire: &Wire, certificate: &Certificate, deadline: Instant) -> io::Result<bool> {
    // A method begins with a capital letter, and no TLS record begins so (RFC 8446, section 5.1).
    let first = wire.first_byte(deadline)?;
    if first.is_some_and(|byte| byte.is_ascii_uppercase()) {
        return Ok(false);
    }
    wire.start_tls(certificate.config(), deadline)?;
    Ok(true)
}

/// The answer to a request without TLS: a browser goes on with HTTPS, everybody else gets the reason.
pub fn refusal(request: &Request) -> Answer {
    let host = request.header("Host").unwrap_or_default();
    let origin = format!("https://{host}");
    let reads = [Method::Get, Method::Head].contains(&request.method);
    if !reads || request.wants_upgrade() || !is_origin(&origin) {
        return Problem::tls_needed().answer();
    }
    let query = if request.query.is_empty() { "" } else { "?" };
    let address = format!("{origin}{}{query}{}", request.path, request.query);
    Answer::empty(307)
        .with_header("Location", address)
        .with_header("Cache-Control", "no-store")
}
