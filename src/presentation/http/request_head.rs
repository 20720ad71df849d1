//! Parses the head of a request: the request line and the headers. Refuses everything that two
//! readers could understand differently (RFC 9112, sections 6 and 11).

use std::net::SocketAddr;

use httparse::Status;
use tiny_http::Method;

use super::problem::Problem;
use super::request::{Headers, Request};
use crate::config::Limits;

/// A head, and how the body follows it.
pub(super) struct Head {
    /// The request, without its body.
    pub(super) request: Request,
    pub(super) body: BodyLength,
    /// The peer waits for `100 Continue` before it sends the body.
    pub(super) expects_continue: bool,
}

/// The rule that ends the body of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyLength {
    Bytes(usize),
    Chunked,
}

impl Head {
    /// Parses a head at the start of `buffer` and removes it from there. `None` if it is not complete
    /// yet.
    pub(super) fn take_from(
        buffer: &mut Vec<u8>,
        peer: SocketAddr,
        limits: &Limits,
    ) -> Result<Option<Self>, Problem> {
        let mut slots = vec![httparse::EMPTY_HEADER; limits.headers];
        let mut parsed = httparse::Request::new(&mut slots);
        let length = match parsed.parse(buffer) {
            Ok(Status::Complete(length)) if length <= limits.head_bytes => length,
            Ok(Status::Partial) if buffer.len() <= limits.head_bytes => return Ok(None),
            Ok(_) => return Err(too_large(buffer, limits)),
            Err(httparse::Error::TooManyHeaders) => {
                return Err(Problem::head_too_large(
                    "The head",
                    limits.headers,
                    "headers",
                ));
            }
            Err(error) => return Err(Problem::unreadable(&error.to_string())),
        };
        let start = buffer.as_ptr() as usize;
        let position = |part: &[u8]| {
            let begin = part.as_ptr() as usize - start;
            begin..begin + part.len()
        };
        let positions = parsed
            .headers
            .iter()
            .map(|header| (position(header.name.as_bytes()), position(header.value)))
            .collect();
        let http_1_0 = parsed.version == Some(0);
        let method: Method = parsed
            .method
            .unwrap_or_default()
            .parse()
            .map_err(|()| Problem::unreadable("the method is not ASCII"))?;
        let target = Target::parse(parsed.path.unwrap_or_default())?;
        let rest = buffer.split_off(length);
        let head = std::mem::replace(buffer, rest);
        let mut request = Request {
            method,
            path: target.path,
            query: target.query,
            body: Vec::new(),
            peer,
            is_absolute: target.is_absolute,
            is_tls: false,
            keep_alive: false,
            http_1_0,
            headers: Headers { head, positions },
        };
        check_host(&request)?;
        request.keep_alive = keeps_alive(&request);
        Ok(Some(Self {
            body: body_length(&request)?,
            expects_continue: expects_continue(&request)?,
            request,
        }))
    }
}

fn too_large(buffer: &[u8], limits: &Limits) -> Problem {
    if buffer.contains(&b'\n') {
        Problem::head_too_large("The head", limits.head_bytes, "bytes")
    } else {
        Problem::address_too_long(limits.head_bytes)
    }
}

/// The target in the request line (RFC 9112, section 3.2).
struct Target {
    path: String,
    query: String,
    is_absolute: bool,
}

impl Target {
    /// Parses the origin form, or the absolute form that proxies send.
    fn parse(target: &str) -> Result<Self, Problem> {
        let authority = target
            .split_once("://")
            .filter(|_| !target.starts_with('/'))
            .map(|(_, rest)| rest);
        let local = match authority {
            Some(rest) => rest.find('/').map_or("/", |begin| &rest[begin..]),
            None => target,
        };
        if !local.starts_with('/') {
            return Err(Problem::unreadable("the address does not start with /"));
        }
        let local = local.split('#').next().unwrap_or_default();
        let (path, query) = local.split_once('?').unwrap_or((local, ""));
        Ok(Self {
            path: path.to_owned(),
            query: query.to_owned(),
            is_absolute: authority.is_some(),
        })
    }
}

/// HTTP/1.1 requires one `Host` (RFC 9112, section 3.2); the checks of names and origins rely on it.
fn check_host(request: &Request) -> Result<(), Problem> {
    let mut hosts = request.values("Host");
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if std::str::from_utf8(host).is_ok() => Ok(()),
        (Some(_), None) => Err(Problem::unreadable("the Host header is not UTF-8")),
        (None, _) if request.http_1_0 => Ok(()),
        _ => Err(Problem::unreadable("a request has exactly one Host header")),
    }
}

fn body_length(request: &Request) -> Result<BodyLength, Problem> {
    let mut encodings = request.values("Transfer-Encoding");
    let mut lengths = request.values("Content-Length");
    let (encoding, length) = (encodings.next(), lengths.next());
    if encodings.next().is_some() || lengths.next().is_some() {
        return Err(Problem::unreadable(
            "Transfer-Encoding or Content-Length appears twice",
        ));
    }
    match (encoding, length) {
        (None, None) => Ok(BodyLength::Bytes(0)),
        (Some(encoding), None) if !request.http_1_0 => {
            if encoding.eq_ignore_ascii_case(b"chunked") {
                return Ok(BodyLength::Chunked);
            }
            Err(Problem::unreadable(
                "only the Transfer-Encoding chunked is supported",
            ))
        }
        (Some(_), _) => Err(Problem::unreadable(
            "Transfer-Encoding is not allowed with Content-Length or HTTP/1.0",
        )),
        (None, Some(length)) => {
            let digits = std::str::from_utf8(length).unwrap_or_default();
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Problem::unreadable("Content-Length is not a number"));
            }
            // A number that does not fit into usize is too large as well.
            Ok(BodyLength::Bytes(digits.parse().unwrap_or(usize::MAX)))
        }
    }
}

fn keeps_alive(request: &Request) -> bool {
    let connection = request.header("Connection").unwrap_or_default();
    let has = |option: &str| {
        let mut options = connection.split(',').map(str::trim);
        options.any(|other| other.eq_ignore_ascii_case(option))
    };
    if request.http_1_0 {
        has("keep-alive")
    } else {
        !has("close")
    }
}

fn expects_continue(request: &Request) -> Result<bool, Problem> {
    match request.header("Expect") {
        None => Ok(false),
        Some(value) if value.eq_ignore_ascii_case("100-continue") => Ok(!request.http_1_0),
        Some(_) => Err(Problem::unreadable(
            "only Expect: 100-continue is supported",
        )),
    }
}
