//! One HTTP request: its method, path, headers and body.

use std::fmt;
use std::net::SocketAddr;
use std::ops::Range;

use tiny_http::Method;

/// From this length on, a part of a path is a ticket's id, which the log must not show.
const ID_LENGTH: usize = 32;

/// A complete request.
pub struct Request {
    pub method: Method,
    /// The path as it was sent, percent-encoded.
    pub path: String,
    /// The part after `?`, as it was sent.
    pub query: String,
    pub body: Vec<u8>,
    /// The address at the other end of the connection.
    pub peer: SocketAddr,
    /// The request line names a scheme and a host, so a proxy passed the request on.
    pub is_absolute: bool,
    /// The connection is encrypted.
    pub is_tls: bool,
    /// The connection may stay open after the answer.
    pub keep_alive: bool,
    /// The peer speaks HTTP/1.0.
    pub http_1_0: bool,
    pub(super) headers: Headers,
}

/// The headers of a request: the bytes of its head, and where each name and value is.
#[derive(Default)]
pub(super) struct Headers {
    pub(super) head: Vec<u8>,
    pub(super) positions: Vec<(Range<usize>, Range<usize>)>,
}

impl Request {
    /// The first value of a header. A value that is not UTF-8 counts as absent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// All headers whose values are UTF-8.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.raw_headers().filter_map(|(name, value)| {
            let name = std::str::from_utf8(name).ok()?;
            Some((name, std::str::from_utf8(value).ok()?))
        })
    }

    /// The values of a header as bytes.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.raw_headers()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// The names of all headers as bytes.
    pub fn header_names(&self) -> impl Iterator<Item = &[u8]> {
        self.raw_headers().map(|(name, _)| name)
    }

    fn raw_headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let Headers { head, positions } = &self.headers;
        positions
            .iter()
            .map(|(name, value)| (&head[name.clone()], &head[value.clone()]))
    }

    /// Whether the request asks to switch to another protocol, such as WebSocket.
    pub fn wants_upgrade(&self) -> bool {
        self.header("Upgrade").is_some()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.method)?;
        for (number, part) in self.path.split('/').enumerate() {
            // A client that knows a ticket's id can cancel the ticket.
            let part = if part.len() >= ID_LENGTH { "…" } else { part };
            write!(f, "{}{part}", if number > 0 { "/" } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
impl Request {
    /// A request for tests.
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
        let positions = headers
            .iter()
            .map(|(name, value)| (put(name.as_bytes()), put(value.as_ref())))
            .collect();
        Self {
            method: method.parse().expect("a method"),
            path: path.to_owned(),
            query: String::new(),
            body: Vec::new(),
            peer,
            is_absolute: false,
            is_tls: false,
            keep_alive: true,
            http_1_0: false,
            headers: Headers { head, positions },
        }
    }
}
