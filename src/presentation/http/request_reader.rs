//! Reads the requests of one connection, one after another, within limits and deadlines.

use std::io;
use std::time::{Duration, Instant};

use httparse::Status;

use super::problem::Problem;
use super::request::Request;
use super::request_head::{BodyLength, Head};
use super::wire::Wire;
use crate::config::Limits;

/// The step in which the buffer grows; most requests fit into one step.
const STEP_BYTES: usize = 2 * 1024;

/// The longest line with the size of a chunk, including its extensions.
const CHUNK_LINE_BYTES: usize = 256;

/// The largest body of a request in bytes, by its head; `Err` refuses it before its body is read.
pub type BodyLimit<'a> = &'a dyn Fn(&Request) -> Result<usize, Problem>;

/// Reads requests from a connection. Only the thread of the connection uses it.
pub struct RequestReader<'a> {
    wire: &'a Wire,
    limits: &'a Limits,
    /// Bytes that have arrived and are not used yet; the next request may begin here.
    buffer: Vec<u8>,
}

impl<'a> RequestReader<'a> {
    /// A reader at the start of a connection.
    pub fn new(wire: &'a Wire, limits: &'a Limits) -> Self {
        Self {
            wire,
            limits,
            buffer: Vec::new(),
        }
    }

    /// The next request; `None` if the peer has closed the connection or stayed silent. `body_limit` gets the
    /// request without its body and says how many bytes are read of that, or refuses it. After an error the
    /// connection must end, because nobody knows where the next request begins.
    pub fn read_next(&mut self, body_limit: BodyLimit<'_>) -> Result<Option<Request>, Problem> {
        if self.buffer.is_empty() && self.fill(self.limits.idle_timeout).unwrap_or(0) == 0 {
            return Ok(None);
        }
        let deadline = Instant::now() + self.limits.head_timeout;
        let mut head = loop {
            let peer = self.wire.peer();
            if let Some(head) = Head::take_from(&mut self.buffer, peer, self.limits)? {
                break head;
            }
            if !self.fill_before(deadline, "head")? {
                return Ok(None);
            }
        };
        head.request.is_tls = self.wire.is_tls();
        let most = body_limit(&head.request)?;
        if let BodyLength::Bytes(length) = head.body
            && length > most
        {
            return Err(Problem::body_too_large(most));
        }
        if head.expects_continue && self.buffer.is_empty() {
            let sent = self.wire.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
            sent.map_err(|_| Problem::unreadable("the connection broke"))?;
        }
        let deadline = Instant::now() + self.limits.body_timeout;
        let body = match head.body {
            BodyLength::Bytes(length) => self.sized_body(length, deadline)?,
            BodyLength::Chunked => self.chunked_body(most, deadline)?,
        };
        if self.buffer.is_empty() {
            // Releases the memory of a long body.
            self.buffer = Vec::new();
        }
        Ok(Some(Request {
            body,
            ..head.request
        }))
    }

    /// The bytes after the last request, such as the first frames of a WebSocket.
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

    /// Reads more of a request that has begun. `Ok(false)` if the peer has closed the connection.
    /// The error of a timeout names `part`.
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

    fn sized_body(&mut self, length: usize, deadline: Instant) -> Result<Vec<u8>, Problem> {
        self.need(length, deadline)?;
        Ok(self.take(length))
    }

    fn chunked_body(&mut self, most: usize, deadline: Instant) -> Result<Vec<u8>, Problem> {
        let mut body = Vec::new();
        loop {
            let size = self.chunk_size(deadline)?;
            if size == 0 {
                self.skip_trailers(deadline)?;
                return Ok(body);
            }
            if size > most - body.len() {
                return Err(Problem::body_too_large(most));
            }
            self.need(size + 2, deadline)?;
            body.extend(self.take(size));
            if self.take(2) != b"\r\n" {
                return Err(Problem::unreadable("a chunk is longer than its size"));
            }
        }
    }

    fn chunk_size(&mut self, deadline: Instant) -> Result<usize, Problem> {
        let unreadable = || Problem::unreadable("the size of a chunk is not valid");
        loop {
            match httparse::parse_chunk_size(&self.buffer) {
                Ok(Status::Complete((length, size))) => {
                    // httparse accepts a line without digits, and a line feed in an extension.
                    let line = self.take(length);
                    let has_digit = line.first().is_some_and(u8::is_ascii_hexdigit);
                    if !has_digit || line[..length.saturating_sub(2)].contains(&b'\n') {
                        return Err(unreadable());
                    }
                    return Ok(usize::try_from(size).unwrap_or(usize::MAX));
                }
                Ok(Status::Partial) if self.buffer.len() <= CHUNK_LINE_BYTES => {
                    self.need(self.buffer.len() + 1, deadline)?;
                }
                _ => return Err(unreadable()),
            }
        }
    }

    /// Skips the fields after a chunked body, and the empty line that ends them.
    fn skip_trailers(&mut self, deadline: Instant) -> Result<(), Problem> {
        let mut skipped = 0;
        loop {
            let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') else {
                if skipped + self.buffer.len() > self.limits.head_bytes {
                    let limit = self.limits.head_bytes;
                    return Err(Problem::head_too_large("The trailer", limit, "bytes"));
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
                return Err(Problem::unreadable("a field after the body is not valid"));
            }
        }
    }

    /// Reads until the buffer has `length` bytes.
    fn need(&mut self, length: usize, deadline: Instant) -> Result<(), Problem> {
        while self.buffer.len() < length {
            if !self.fill_before(deadline, "body")? {
                return Err(Problem::unreadable("the body ended early"));
            }
        }
        Ok(())
    }

    /// Removes the first `length` bytes of the buffer.
    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(length);
        std::mem::replace(&mut self.buffer, rest)
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
