//! Reads one HTTP request, safely: under limits, within deadlines, and refusing what two readers
//! could understand differently (RFC 9112, sections 6 and 11).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use httparse::Status;
use tiny_http::Method;

use super::problem::Problem;
use super::wire::Wire;
use crate::config::Limits;

/// What the reading buffer grows by; most requests fit in one step.
const STEP_BYTES: usize = 2 * 1024;

/// The longest line that says a chunk's size, with its extensions.
const CHUNK_LINE_BYTES: usize = 256;

/// One request, read whole.
pub struct Request {
    pub method: Method,
    /// The path as it was sent, percent-encoded.
    pub path: String,
    /// What follows the `?`, as it was sent.
    pub query: String,
    pub body: Vec<u8>,
    pub peer: SocketAddr,
    /// The address in its first line names another host than its `Host` header does.
    pub is_for_another: bool,
    /// Whether the connection may stay open after the answer.
    pub keep_alive: bool,
    /// Whether the peer speaks HTTP/1.0.
    pub http_1_0: bool,
    head: Vec<u8>,
    headers: Vec<(Range<usize>, Range<usize>)>,
}

impl Request {
    /// The value of a header, the first where there are several. One that is not text is as absent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// All headers whose values are text.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().filter_map(|(name, value)| {
            let name = std::str::from_utf8(&self.head[name.clone()]).ok()?;
            let value = std::str::from_utf8(&self.head[value.clone()]).ok()?;
            Some((name, value))
        })
    }

    /// The values of a header, as they were sent.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.headers
            .iter()
            .filter(move |(other, _)| {
                self.head[other.clone()].eq_ignore_ascii_case(name.as_bytes())
            })
            .map(|(_, value)| &self.head[value.clone()])
    }

    /// The names of all headers, as they were sent.
    pub fn header_names(&self) -> impl Iterator<Item = &[u8]> {
        self.headers
            .iter()
            .map(|(name, _)| &self.head[name.clone()])
    }

    /// Whether it asks for its connection to become a WebSocket.
    pub fn wants_upgrade(&self) -> bool {
        self.header("Upgrade").is_some()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An id is a secret of whoever holds the ticket.
        write!(f, "{} ", self.method)?;
        for (number, part) in self.path.split('/').enumerate() {
            let is_id = part.len() >= 32;
            let part = if is_id { "…" } else { part };
            write!(f, "{}{part}", if number > 0 { "/" } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
impl Request {
    /// A request as tests make it.
    pub fn example<V: AsRef<[u8]>>(
        method: &str,
        path: &str,
        peer: SocketAddr,
        headers: &[(&str, V)],
    ) -> Self {
        let mut head = Vec::new();
        let mut put = |bytes: &[u8]| {
            let begin = head.len();
            head.extend_from_slice(bytes);
            begin..head.len()
        };
        let headers = headers
            .iter()
            .map(|(name, value)| (put(name.as_bytes()), put(value.as_ref())))
            .collect();
        Self {
            method: method.parse().expect("a method"),
            path: path.to_owned(),
            query: String::new(),
            body: Vec::new(),
            peer,
            is_for_another: false,
            keep_alive: true,
            http_1_0: false,
            head,
            headers,
        }
    }
}

/// Reads the requests of one connection, one after the other.
pub struct RequestReader<'a> {
    wire: &'a Wire,
    limits: &'a Limits,
    /// Bytes that were read and not yet used; the next request may begin here.
    buffer: Vec<u8>,
}

/// What the head says about the body.
#[derive(Debug, PartialEq, Eq)]
enum Body {
    Length(usize),
    Chunked,
}

struct Head {
    request: Request,
    body: Body,
    expects_continue: bool,
}

impl<'a> RequestReader<'a> {
    /// Reads from `wire`, from its thread only.
    pub fn new(wire: &'a Wire, limits: &'a Limits) -> Self {
        Self {
            wire,
            limits,
            buffer: Vec::new(),
        }
    }

    /// The next request; `None` when the peer has ended or stayed silent. After an `Err` the
    /// connection must end: where the next request would begin is not known.
    pub fn read_next(&mut self) -> Result<Option<Request>, Problem> {
        if self.buffer.is_empty() && self.fill(self.limits.idle_timeout).unwrap_or(0) == 0 {
            return Ok(None);
        }
        let deadline = Instant::now() + self.limits.head_timeout;
        let head = loop {
            if let Some(head) = self.head()? {
                break head;
            }
            if self.buffer.len() > self.limits.head_bytes {
                return Err(self.head_too_large());
            }
            if !self.fill_before(deadline, "head")? {
                return Ok(None);
            }
        };
        let mut request = head.request;
        if head.expects_continue && self.buffer.is_empty() {
            let told = self.wire.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
            told.map_err(|_| Problem::unreadable("the connection broke"))?;
        }
        let deadline = Instant::now() + self.limits.body_timeout;
        request.body = match head.body {
            Body::Length(length) => self.sized_body(length, deadline)?,
            Body::Chunked => self.chunked_body(deadline)?,
        };
        if self.buffer.is_empty() {
            // A long body's room is not kept for the next request.
            self.buffer = Vec::new();
        }
        Ok(Some(request))
    }

    /// The bytes that came after the last request: a WebSocket's first frames, for instance.
    pub fn into_leftover(self) -> Vec<u8> {
        self.buffer
    }

    /// Reads once; `Ok(0)` is the end of the stream.
    fn fill(&mut self, timeout: Duration) -> io::Result<usize> {
        let filled = self.buffer.len();
        self.buffer.resize(filled + STEP_BYTES, 0);
        let result = self.wire.read_within(&mut self.buffer[filled..], timeout);
        let read = *result.as_ref().unwrap_or(&0);
        self.buffer.truncate(filled + read);
        result
    }

    /// Reads more of what has begun. `Ok(false)` when the peer has gone; `part` is named where
    /// time is up.
    fn fill_before(&mut self, deadline: Instant, part: &str) -> Result<bool, Problem> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Problem::too_slow(part));
        }
        match self.fill(left) {
            Ok(read) => Ok(read > 0),
            Err(error) if is_timeout(&error) => Err(Problem::too_slow(part)),
            Err(_) => Ok(false),
        }
    }

    /// Parses the head, where it is there whole, and takes it out of the buffer.
    fn head(&mut self) -> Result<Option<Head>, Problem> {
        let mut slots = vec![httparse::EMPTY_HEADER; self.limits.headers];
        let mut parsed = httparse::Request::new(&mut slots);
        let length = match parsed.parse(&self.buffer) {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => {
                return Err(Problem::head_too_large(format!(
                    "A request has {} headers at most.",
                    self.limits.headers
                )));
            }
            Err(error) => return Err(Problem::unreadable(&error.to_string())),
        };
        if length > self.limits.head_bytes {
            return Err(self.head_too_large());
        }
        let start = self.buffer.as_ptr() as usize;
        let within = |part: &[u8]| {
            let begin = part.as_ptr() as usize - start;
            begin..begin + part.len()
        };
        let headers: Vec<_> = parsed
            .headers
            .iter()
            .map(|header| (within(header.name.as_bytes()), within(header.value)))
            .collect();
        let http_1_0 = parsed.version == Some(0);
        let method = parsed.method.unwrap_or_default();
        let method: Method = method
            .parse()
            .map_err(|()| Problem::unreadable("the method is not ASCII"))?;
        let target = parsed.path.unwrap_or_default();
        let named = authority(target).map(str::to_owned);
        let (path, query) = self::target(target)?;
        let rest = self.buffer.split_off(length);
        let head = std::mem::replace(&mut self.buffer, rest);
        let mut request = Request {
            method,
            path,
            query,
            body: Vec::new(),
            peer: self.wire.peer(),
            is_for_another: false,
            keep_alive: false,
            http_1_0,
            head,
            headers,
        };
        let body = body_of(&request, self.limits)?;
        request.is_for_another = names_another(&request, named.as_deref())?;
        request.keep_alive = keeps_alive(&request);
        let expects_continue = expects_continue(&request)?;
        Ok(Some(Head {
            request,
            body,
            expects_continue,
        }))
    }

    fn head_too_large(&self) -> Problem {
        let most = self.limits.head_bytes;
        if self.buffer.contains(&b'\n') {
            Problem::head_too_large(format!("A request's head has {most} bytes at most."))
        } else {
            Problem::address_too_long(format!("A request's address has {most} bytes at most."))
        }
    }

    fn sized_body(&mut self, length: usize, deadline: Instant) -> Result<Vec<u8>, Problem> {
        self.need(length, deadline)?;
        Ok(self.take(length))
    }

    fn chunked_body(&mut self, deadline: Instant) -> Result<Vec<u8>, Problem> {
        let mut body = Vec::new();
        loop {
            let size = match httparse::parse_chunk_size(&self.buffer) {
                Ok(Status::Complete((length, size))) => {
                    let line = self.take(length);
                    let digit = line.first().is_some_and(u8::is_ascii_hexdigit);
                    if !digit || line[..length.saturating_sub(2)].contains(&b'\n') {
                        return Err(Problem::unreadable("a chunk's size cannot be read"));
                    }
                    usize::try_from(size).unwrap_or(usize::MAX)
                }
                Ok(Status::Partial) if self.buffer.len() <= CHUNK_LINE_BYTES => {
                    self.need(self.buffer.len() + 1, deadline)?;
                    continue;
                }
                _ => return Err(Problem::unreadable("a chunk's size cannot be read")),
            };
            if size == 0 {
                self.skip_trailers(deadline)?;
                return Ok(body);
            }
            if size > self.limits.body_bytes - body.len() {
                return Err(Problem::body_too_large(self.limits.body_bytes));
            }
            self.need(size + 2, deadline)?;
            body.extend(self.take(size));
            if self.take(2) != b"\r\n" {
                return Err(Problem::unreadable("a chunk is longer than it says"));
            }
        }
    }

    fn skip_trailers(&mut self, deadline: Instant) -> Result<(), Problem> {
        let mut skipped = 0;
        loop {
            let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') else {
                if skipped + self.buffer.len() > self.limits.head_bytes {
                    let most = self.limits.head_bytes;
                    let detail = format!("The fields after a body have {most} bytes at most.");
                    return Err(Problem::head_too_large(detail));
                }
                self.need(self.buffer.len() + 1, deadline)?;
                continue;
            };
            let line = self.take(end + 1);
            skipped += line.len();
            if line == b"\r\n" {
                return Ok(());
            }
            if !line.ends_with(b"\r\n") || !line.contains(&b':') {
                return Err(Problem::unreadable("a field after the body is none"));
            }
        }
    }

    /// Reads until `length` bytes are in the buffer.
    fn need(&mut self, length: usize, deadline: Instant) -> Result<(), Problem> {
        while self.buffer.len() < length {
            if !self.fill_before(deadline, "body")? {
                return Err(Problem::unreadable("the body ended early"));
            }
        }
        Ok(())
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(length);
        std::mem::replace(&mut self.buffer, rest)
    }
}

/// Host and port in a request's target, where it has the absolute form.
fn authority(raw: &str) -> Option<&str> {
    let (_, rest) = raw.split_once("://").filter(|_| !raw.starts_with('/'))?;
    rest.split(['/', '?', '#']).next()
}

/// Whether a target names another host than the `Host` header, which only a proxy would send. Refused
/// where that is no text.
fn names_another(request: &Request, named: Option<&str>) -> Result<bool, Problem> {
    let mut names = request.header_names();
    let is_there = names.any(|name| name.eq_ignore_ascii_case(b"Host"));
    let host = request.header("Host");
    if is_there && host.is_none() {
        return Err(Problem::unreadable("the Host header is no text"));
    }
    let bare = |host: &str| host.trim().trim_end_matches(":80").to_ascii_lowercase();
    Ok(named.is_some_and(|named| host.is_none_or(|host| bare(named) != bare(host))))
}

/// Path and query of a request's target, in the origin form or, as proxies send it, the absolute.
fn target(raw: &str) -> Result<(String, String), Problem> {
    let local = match raw.split_once("://") {
        Some((_, rest)) if !raw.starts_with('/') => {
            rest.find('/').map_or("/", |begin| &rest[begin..])
        }
        _ => raw,
    };
    if !local.starts_with('/') {
        return Err(Problem::unreadable("the address does not begin with /"));
    }
    let local = local.split('#').next().unwrap_or_default();
    let (path, query) = local.split_once('?').unwrap_or((local, ""));
    Ok((path.to_owned(), query.to_owned()))
}

fn body_of(request: &Request, limits: &Limits) -> Result<Body, Problem> {
    let mut length: Option<&str> = None;
    let mut chunked = false;
    let mut hosts = 0;
    for (name, value) in &request.headers {
        let name = &request.head[name.clone()];
        let value = std::str::from_utf8(&request.head[value.clone()]);
        if name.eq_ignore_ascii_case(b"Host") {
            hosts += 1;
        } else if name.eq_ignore_ascii_case(b"Content-Length") {
            let value = value.map_err(|_| Problem::unreadable("Content-Length is no number"))?;
            if length.is_some_and(|other| other != value) {
                return Err(Problem::unreadable("two different Content-Length"));
            }
            length = Some(value);
        } else if name.eq_ignore_ascii_case(b"Transfer-Encoding") {
            if chunked || !value.is_ok_and(|v| v.eq_ignore_ascii_case("chunked")) {
                return Err(Problem::unreadable("the only Transfer-Encoding is chunked"));
            }
            chunked = true;
        }
    }
    if hosts > 1 || (hosts == 0 && !request.http_1_0) {
        return Err(Problem::unreadable("a request has exactly one Host header"));
    }
    if chunked {
        if length.is_some() || request.http_1_0 {
            return Err(Problem::unreadable(
                "Transfer-Encoding goes with neither Content-Length nor HTTP/1.0",
            ));
        }
        return Ok(Body::Chunked);
    }
    let length = length.unwrap_or("0");
    if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::unreadable("Content-Length is no number"));
    }
    // A number too long for the machine is too large, too.
    match length.parse() {
        Ok(length) if length <= limits.body_bytes => Ok(Body::Length(length)),
        _ => Err(Problem::body_too_large(limits.body_bytes)),
    }
}

fn keeps_alive(request: &Request) -> bool {
    let says = |word: &str| {
        let connection = request.header("Connection").unwrap_or_default();
        connection
            .split(',')
            .any(|option| option.trim().eq_ignore_ascii_case(word))
    };
    if request.http_1_0 {
        says("keep-alive")
    } else {
        !says("close")
    }
}

fn expects_continue(request: &Request) -> Result<bool, Problem> {
    match request.header("Expect") {
        None => Ok(false),
        Some(what) if what.eq_ignore_ascii_case("100-continue") => Ok(!request.http_1_0),
        Some(_) => Err(Problem::unreadable("the only Expect is 100-continue")),
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
