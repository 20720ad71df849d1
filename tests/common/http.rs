//! A small HTTP client that can also misbehave.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::{PATIENCE, Stream};

/// How a connection can end; a reset is what a server sends that has ended it before it read all.
const ENDS: [io::ErrorKind; 3] = [
    io::ErrorKind::UnexpectedEof,
    io::ErrorKind::ConnectionReset,
    io::ErrorKind::BrokenPipe,
];

/// A kept-alive connection.
pub struct Client {
    stream: Stream,
    /// Bytes that came after the last answer.
    buffer: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    pub version: String,
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap())
    }

    /// Over a connection that is there.
    pub fn over(stream: impl Into<Stream>) -> Self {
        let stream = stream.into();
        stream.tcp().set_read_timeout(Some(PATIENCE)).unwrap();
        stream.tcp().set_write_timeout(Some(PATIENCE)).unwrap();
        stream.tcp().set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    pub fn stream(&self) -> &TcpStream {
        self.stream.tcp()
    }

    /// How long a read may wait.
    pub fn set_patience(&self, time: Duration) {
        self.stream().set_read_timeout(Some(time)).unwrap();
    }

    /// Sends bytes as they are.
    pub fn raw(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self
    }

    /// The same where the server may have ended the connection already.
    pub fn try_raw(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Says that no more will be sent.
    pub fn end_sending(&mut self) {
        self.stream().shutdown(Shutdown::Write).unwrap();
    }

    /// Sends a request, with a `Content-Length` where there is a body.
    pub fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        let bytes = self.rendered(method, path, headers, body);
        self.raw(bytes);
    }

    /// Sends a request and takes its answer.
    pub fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        self.request(method, path, headers, body);
        self.answer_to(method)
    }

    /// The same without headers, where the server may be killed meanwhile.
    pub fn try_send(&mut self, method: &str, path: &str) -> io::Result<Response> {
        self.try_send_with(method, path, &[])
    }

    /// The same with headers.
    pub fn try_send_with(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> io::Result<Response> {
        let bytes = self.rendered(method, path, headers, b"");
        self.stream.write_all(&bytes)?;
        self.try_answer(method == "HEAD")
    }

    pub fn send_json(&mut self, method: &str, path: &str, body: &Value) -> Response {
        let headers = [("Content-Type", "application/json")];
        self.send(method, path, &headers, body.to_string().as_bytes())
    }

    pub fn get(&mut self, path: &str) -> Response {
        self.send("GET", path, &[], b"")
    }

    pub fn post(&mut self, path: &str) -> Response {
        self.send("POST", path, &[], b"")
    }

    /// The next answer.
    pub fn answer(&mut self) -> Response {
        self.answer_to("GET")
    }

    /// The next answer, to a request of that method.
    pub fn answer_to(&mut self, method: &str) -> Response {
        let answer = self.try_answer(method == "HEAD");
        answer.unwrap_or_else(|error| panic!("no answer to {method}: {error}"))
    }

    /// The next answer, where the server may have ended.
    pub fn try_receive(&mut self) -> io::Result<Response> {
        self.try_answer(false)
    }

    fn try_answer(&mut self, head_only: bool) -> io::Result<Response> {
        let head_end = loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            self.fill()?;
        };
        let rest = self.buffer.split_off(head_end + 4);
        let head = String::from_utf8(std::mem::replace(&mut self.buffer, rest)).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let mut status_line = lines.next().unwrap().splitn(3, ' ');
        let mut response = Response {
            version: status_line.next().unwrap().to_owned(),
            status: status_line.next().unwrap().parse().unwrap(),
            headers: lines
                .map(|line| {
                    let (name, value) = line.split_once(':').unwrap();
                    (name.to_owned(), value.trim().to_owned())
                })
                .collect(),
            body: Vec::new(),
        };
        let bodiless = head_only || matches!(response.status, 100..=199 | 204 | 304);
        if bodiless {
            return Ok(response);
        }
        if response.header("Transfer-Encoding") == Some("chunked") {
            response.body = self.chunks()?;
            return Ok(response);
        }
        let length = response.header("Content-Length");
        let length: usize = length.expect("a body has a length").parse().unwrap();
        response.body = self.take(length)?;
        Ok(response)
    }

    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < length {
            self.fill()?;
        }
        let rest = self.buffer.split_off(length);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                if let Some(end) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                    break end;
                }
                self.fill()?;
            };
            let line = String::from_utf8(self.take(end + 2)?).unwrap();
            let size = usize::from_str_radix(line.trim(), 16).unwrap();
            body.extend(self.take(size)?);
            assert_eq!(self.take(2)?, b"\r\n");
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut step = [0; 16 * 1024];
        let read = loop {
            match self.stream.read(&mut step) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.buffer.extend_from_slice(&step[..read]);
        Ok(())
    }

    /// Waits until the server ends the connection, which must bring nothing more.
    pub fn expect_end(&mut self) {
        assert!(
            self.buffer.is_empty(),
            "more came: {}",
            String::from_utf8_lossy(&self.buffer)
        );
        match self.fill() {
            Ok(()) => panic!("more came where the connection should end"),
            Err(error) if ENDS.contains(&error.kind()) => {}
            Err(error) => panic!("the connection does not end: {error}"),
        }
    }

    /// Reads until the server ends the connection; what came, however it ended.
    pub fn drain(&mut self) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.buffer);
        match self.stream.read_to_end(&mut all) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Err(error) => panic!("the connection does not end: {error}"),
        }
        all
    }

    fn rendered(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        let host = self.stream().peer_addr().unwrap();
        let mut bytes = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n");
        for (name, value) in headers {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            bytes.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        bytes.push_str("\r\n");
        let mut bytes = bytes.into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }
}

impl Response {
    /// A header's value, the first where there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// All values of a header.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let headers = self.headers.iter();
        headers
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("the answer is UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in «{}»", String::from_utf8_lossy(&self.body)))
    }

    /// The answer, which must have that status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }

    /// The `detail` of a problem, which must be of that status and code and as RFC 9457 has it.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> String {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{body}");
        assert_eq!(
            self.header("Content-Type"),
            Some("application/problem+json")
        );
        let problem = self.json();
        assert_eq!(problem["code"], code, "{body}");
        assert_eq!(problem["status"], status, "{body}");
        assert_eq!(problem["type"], "about:blank", "{body}");
        assert!(problem["title"].is_string(), "{body}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(!detail.is_empty(), "{body}");
        if matches!(status, 429 | 503) {
            let after = self
                .header("Retry-After")
                .expect("it says when to come back");
            assert!(after.parse::<u32>().is_ok_and(|s| s > 0), "{after}");
        }
        detail.to_owned()
    }
}
