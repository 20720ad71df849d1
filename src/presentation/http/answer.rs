//! HTTP answers, and how they are sent: rendered into one buffer, sent with one write.

use std::borrow::Cow;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};

use serde::Serialize;
use tiny_http::{HTTPVersion, Header, Response, StatusCode};

use super::slots::Slot;
use super::stream::Stream;
use super::wire::Wire;
use crate::storage::{RequestHash, StoredAnswer};

/// Files are sent in steps of this size.
const FILE_STEP_BYTES: usize = 64 * 1024;

/// A longer body is sent with a write of its own.
const LONG_BODY_BYTES: usize = 64 * 1024;

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    Bytes(Cow<'static, [u8]>),
    /// A file, and its length in bytes.
    File(File, u64),
    /// Of unknown length, written while it is sent.
    Stream(Stream),
}

/// How an answer is written on its connection; the request decides it.
#[derive(Clone, Copy, Debug)]
pub struct Framing {
    /// The request was a HEAD: the answer has no body.
    pub head_only: bool,
    /// The peer speaks HTTP/1.0.
    pub http_1_0: bool,
    /// The connection stays open after the answer.
    pub keep_alive: bool,
}

impl Framing {
    /// The answer to something that could not be read as a request; the connection then ends.
    pub const LAST: Self = Self {
        head_only: false,
        http_1_0: false,
        keep_alive: false,
    };
}

/// An answer to a request.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    pub body: Body,
    /// Taken until the answer is sent.
    slot: Option<Slot>,
}

impl Answer {
    /// An answer with a body of this type.
    pub fn new(
        status: u16,
        content_type: &'static str,
        body: impl Into<Cow<'static, [u8]>>,
    ) -> Self {
        Self {
            status,
            headers: vec![("Content-Type".into(), content_type.into())],
            body: Body::Bytes(body.into()),
            slot: None,
        }
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Bytes(Cow::Borrowed(b"")),
            slot: None,
        }
    }

    /// A JSON answer. It describes the current state, so caches must not store it.
    pub fn json(status: u16, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("our own structs are always JSON");
        Self::new(status, "application/json", body).with_header("Cache-Control", "no-store")
    }

    /// An answer in plain text.
    pub fn text(status: u16, text: String) -> Self {
        Self::new(status, "text/plain; charset=utf-8", text.into_bytes())
            .with_header("Cache-Control", "no-store")
    }

    /// A JSON answer whose body is written while it is sent.
    pub fn json_stream(
        write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Self {
        Self::stream("application/json", write)
    }

    /// An answer of this type whose body is written while it is sent.
    pub fn stream(
        content_type: &'static str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let mut answer =
            Self::new(200, content_type, &b""[..]).with_header("Cache-Control", "no-store");
        answer.body = Body::Stream(Stream::new(write));
        answer
    }

    /// Whether the end of the connection is the end of the body.
    pub fn ends_connection(&self, http_1_0: bool) -> bool {
        http_1_0 && matches!(self.body, Body::Stream(_))
    }

    /// The value of the header with this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_ref())
    }

    /// Sets a header, and replaces others of that name.
    pub fn with_header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds a header, beside others of that name.
    pub fn with_another_header(
        mut self,
        name: &'static str,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Keeps the slot taken until the answer is sent.
    pub fn with_slot(mut self, slot: Slot) -> Self {
        self.slot = Some(slot);
        self
    }

    /// The answer as it is stored under an `Idempotency-Key`.
    pub fn kept(self, key: String, request: RequestHash) -> StoredAnswer {
        let headers = self.headers.into_iter();
        StoredAnswer {
            key,
            request,
            status: self.status,
            headers: headers
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
            body: match self.body {
                Body::Bytes(bytes) => bytes.into_owned(),
                // No command answers with a file or with a stream.
                Body::File(..) | Body::Stream(_) => Vec::new(),
            },
        }
    }

    /// Sends the answer on `wire`, in the form that `framing` describes.
    pub fn send(mut self, wire: &Wire, framing: Framing) -> io::Result<()> {
        let head = self.render(framing)?;
        if let Body::Stream(stream) = self.body {
            if framing.head_only {
                return wire.write_all(&head);
            }
            let Some(body) = stream.send(wire, head, !framing.http_1_0)? else {
                return Ok(());
            };
            self.body = Body::Bytes(body.into());
            return self.send(wire, framing);
        }
        wire.write_all(&head)?;
        match self.body {
            Body::File(file, length) if !framing.head_only => send_file(wire, file, length),
            Body::Bytes(bytes) if is_long(&bytes) && !framing.head_only => wire.write_all(&bytes),
            _ => Ok(()),
        }
    }

    /// The head, with the body if that is short. A long body is not copied: the copies for many slow
    /// readers would add up.
    fn render(&self, framing: Framing) -> io::Result<Vec<u8>> {
        let (body, length): (&[u8], _) = match &self.body {
            Body::Bytes(bytes) => (bytes, Some(bytes.len())),
            Body::File(_, length) => (&[], Some(usize::try_from(*length).unwrap_or(usize::MAX))),
            Body::Stream(_) => (&[], None),
        };
        let is_head = framing.head_only || is_long(body) || !matches!(self.body, Body::Bytes(_));
        let headers = self.headers.iter();
        let headers = headers.filter_map(|(name, value)| checked_header(name, value));
        let status = StatusCode(self.status);
        let mut response = Response::new(status, headers.collect(), body, length, None)
            .with_chunked_threshold(usize::MAX);
        response.add_header(header("Server", "turnero"));
        response.add_header(header("X-Content-Type-Options", "nosniff"));
        let mut names = self.headers.iter().map(|(name, _)| name);
        if !names.any(|name| name.eq_ignore_ascii_case("Referrer-Policy")) {
            // Addresses contain ticket ids, which other sites must not see.
            response.add_header(header("Referrer-Policy", "no-referrer"));
        }
        let mut rendered = Vec::with_capacity(512 + if is_head { 0 } else { body.len() });
        let version = HTTPVersion(1, u8::from(!framing.http_1_0));
        response.raw_print(&mut rendered, version, &[], is_head, None)?;
        set_connection(&mut rendered, framing, self.status);
        // A stream without chunks ends with the connection.
        if matches!(self.status, 204 | 304) || length.is_none() {
            remove_length(&mut rendered);
        }
        Ok(rendered)
    }
}

impl From<StoredAnswer> for Answer {
    fn from(kept: StoredAnswer) -> Self {
        let headers = kept.headers.into_iter();
        Self {
            status: kept.status,
            headers: headers
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            body: Body::Bytes(kept.body.into()),
            slot: None,
        }
    }
}

/// A header, unless a reader could take its value for more than one. Values are constants or checked,
/// so this is a mistake of the program.
fn checked_header(name: &str, value: &str) -> Option<Header> {
    let is_visible = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain && value.bytes().all(is_visible) {
        return Header::from_bytes(name.as_bytes(), value.as_bytes()).ok();
    }
    log::error!("A header {name:?} is not sent, because of its value {value:?}");
    None
}

fn is_long(body: &[u8]) -> bool {
    body.len() > LONG_BODY_BYTES
}

/// Inserts `Connection` after the status line, because tiny_http does not let us set it.
fn set_connection(rendered: &mut Vec<u8>, framing: Framing, status: u16) {
    let line: &[u8] = match (framing.keep_alive, framing.http_1_0) {
        _ if status == 426 => b"Connection: Upgrade, close\r\nUpgrade: websocket\r\n",
        (false, _) => b"Connection: close\r\n",
        (true, true) => b"Connection: keep-alive\r\n",
        (true, false) => return,
    };
    let status_line = rendered.windows(2).position(|two| two == b"\r\n");
    let after = status_line.expect("an answer begins with a status line") + 2;
    rendered.splice(after..after, line.iter().copied());
}

/// Removes `Content-Length`: answers without a body must not have it (RFC 9110, section 8.6).
fn remove_length(rendered: &mut Vec<u8>) {
    const LINE: &[u8] = b"Content-Length: 0\r\n";
    if let Some(at) = rendered.windows(LINE.len()).position(|part| part == LINE) {
        rendered.drain(at..at + LINE.len());
    }
}

/// A hash that tells versions of some content apart, for ETags and addresses.
pub fn tag(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

fn send_file(wire: &Wire, file: File, length: u64) -> io::Result<()> {
    let mut step = vec![0; FILE_STEP_BYTES];
    let mut file = file.take(length);
    let mut left = length;
    while left > 0 {
        let read = file.read(&mut step)?;
        if read == 0 {
            // The file became shorter. Its length is sent already, so the connection must end.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        wire.write_all(&step[..read])?;
        left -= read as u64;
    }
    Ok(())
}

fn header(name: &'static str, value: &'static str) -> Header {
    Header::from_bytes(name.as_bytes(), value.as_bytes()).expect("our own headers are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_value_cannot_begin_another_line() {
        for bad in [
            "a\r\nSet-Cookie: b=c",
            "a\nb",
            "a\rb",
            "a\0b",
            "ñ",
            "\u{7f}",
        ] {
            let answer = Answer::text(200, "x".to_owned()).with_header("Location", bad.to_owned());
            let framing = Framing {
                keep_alive: true,
                ..Framing::LAST
            };
            let rendered = answer.render(framing).expect("rendered");
            let rendered = String::from_utf8(rendered).expect("a head");
            assert!(!rendered.contains("Location") && !rendered.contains("Set-Cookie"));
            assert!(rendered.ends_with("\r\n\r\nx"), "{rendered}");
        }
    }
}
