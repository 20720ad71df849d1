//! The smallest HTTP client that does: one blocking socket, one request at a time, answers with a
//! Content-Length. What it leaves out costs every server the same nothing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::Failure;
use crate::stream::{Stream, Trust};

/// No honest answer takes as long.
const ANSWER_DEADLINE: Duration = Duration::from_secs(20);
const LARGEST_ANSWER: usize = 64 * 1024;

pub struct Connection {
    stream: Stream,
    buffer: Vec<u8>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_DEADLINE))?;
        stream.set_write_timeout(Some(ANSWER_DEADLINE))?;
        Ok(Self::on(stream.into()))
    }

    /// A connection with TLS.
    pub fn open_tls(address: SocketAddr, trust: &Trust) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self::on(trust.over(stream, address.ip())?))
    }

    fn on(stream: Stream) -> Self {
        Self {
            stream,
            buffer: vec![0; LARGEST_ANSWER],
        }
    }

    pub fn send(&mut self, request: &[u8]) -> Result<(), Failure> {
        Ok(self.stream.write_all(request)?)
    }

    /// Reads one answer: its status and its body.
    pub fn receive(&mut self) -> Result<(u16, &[u8]), Failure> {
        let mut filled = 0;
        let head_end = loop {
            filled += self.read_more(filled)?;
            if let Some(end) = find_head_end(&self.buffer[..filled]) {
                break end;
            }
        };
        let (status, length) = read_head(&self.buffer[..head_end])?;
        while filled < head_end + length {
            filled += self.read_more(filled)?;
        }
        if filled > head_end + length {
            return Err("more bytes than the answer announced".into());
        }
        Ok((status, &self.buffer[head_end..filled]))
    }

    /// Sends a request and reads the answer's JSON, with any status.
    pub fn ask(&mut self, request: &[u8]) -> Result<(u16, Value), Failure> {
        self.send(request)?;
        let (status, body) = self.receive()?;
        Ok((status, serde_json::from_slice(body)?))
    }

    fn read_more(&mut self, filled: usize) -> Result<usize, Failure> {
        match self.stream.read(&mut self.buffer[filled..])? {
            0 => Err("the server closed a connection, or its answer is too large".into()),
            read => Ok(read),
        }
    }
}

/// A request without a body, as curl would send it.
pub fn request(method: &str, path: &str) -> Vec<u8> {
    let length = if method == "POST" {
        "Content-Length: 0\r\n"
    } else {
        ""
    };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n{length}\r\n"
    )
    .into_bytes()
}

/// The place of the first byte after the head, once all of the head is there.
pub fn find_head_end(bytes: &[u8]) -> Option<usize> {
    let blank = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(blank + 4)
}

fn read_head(head: &[u8]) -> Result<(u16, usize), Failure> {
    let head = std::str::from_utf8(head)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, length) = length.ok_or("an answer without Content-Length")?;
    Ok((
        status.ok_or("an answer without a status")?.parse()?,
        length.trim().parse()?,
    ))
}
