//! A screen: a WebSocket client in either dialect.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;
use tungstenite::client::client_with_config;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{ClientRequestBuilder, Error, Message, WebSocket};

use super::{PATIENCE, Stream};

pub struct Screen {
    socket: WebSocket<Steady>,
}

/// A connection whose reads and writes go on after a signal: tungstenite takes `Interrupted`
/// during a handshake for the end.
pub struct Steady(Stream);

impl Read for Steady {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl Write for Steady {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // All or an error: who sends a frame has sent it whole.
        self.0.write_all(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Screen {
    /// One that speaks `turnero.v1`; `query` begins with `?` or is empty.
    pub fn v1(address: SocketAddr, query: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        Self::over(stream, query, Some("turnero.v1"))
    }

    /// One that speaks the course's two messages.
    pub fn course(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        Self::over(stream, "", None)
    }

    /// Over a connection that is there.
    pub fn over(stream: impl Into<Stream>, query: &str, subprotocol: Option<&str>) -> Self {
        let screen = Self::try_over(stream, query, subprotocol, &[]);
        screen.unwrap_or_else(|(status, body)| panic!("the handshake was refused: {status} {body}"))
    }

    /// The same, with headers; a refusal is a status and a body, and a lost connection the status 0 and why.
    pub fn try_over(
        stream: impl Into<Stream>,
        query: &str,
        subprotocol: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Result<Self, (u16, String)> {
        let stream = stream.into();
        let tcp = stream.tcp();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        tcp.set_write_timeout(Some(PATIENCE)).unwrap();
        tcp.set_nodelay(true).unwrap();
        let address = tcp.peer_addr().unwrap();
        let uri = format!("ws://{address}/ws{query}").parse().unwrap();
        let mut request = ClientRequestBuilder::new(uri);
        if let Some(name) = subprotocol {
            request = request.with_sub_protocol(name);
        }
        for (name, value) in headers {
            request = request.with_header(*name, *value);
        }
        // tungstenite clears its whole buffer before each read, 128 KiB by default.
        let config = WebSocketConfig::default().read_buffer_size(4_096);
        match client_with_config(request, Steady(stream), Some(config)) {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(tungstenite::HandshakeError::Failure(Error::Http(response))) => {
                let body = response.body().clone().unwrap_or_default();
                let body = String::from_utf8_lossy(&body).into_owned();
                Err((response.status().as_u16(), body))
            }
            Err(error) => Err((0, format!("the handshake failed: {error}"))),
        }
    }

    pub fn stream(&self) -> &TcpStream {
        self.socket.get_ref().0.tcp()
    }

    /// The WebSocket itself, to send what a screen does not.
    pub fn socket(&mut self) -> &mut WebSocket<Steady> {
        &mut self.socket
    }

    /// The next text message.
    pub fn text(&mut self) -> String {
        match self.try_text() {
            Ok(text) => text,
            Err(error) => panic!("no message came: {error}"),
        }
    }

    /// The next text message, or why there is none.
    pub fn try_text(&mut self) -> Result<String, Error> {
        loop {
            match self.socket.read()? {
                Message::Text(text) => return Ok(text.to_string()),
                Message::Close(frame) => {
                    let code = frame.map_or(1005, |frame| u16::from(frame.code));
                    let closed = io::Error::new(io::ErrorKind::UnexpectedEof, format!("{code}"));
                    return Err(Error::Io(closed));
                }
                _ => {}
            }
        }
    }

    /// The next message.
    pub fn message(&mut self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in «{text}»"))
    }

    /// The next message that is no `tick`. Ticks alone do not count as a sign of life.
    pub fn event(&mut self) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let message = self.message();
            if message["type"] != "tick" {
                return message;
            }
            assert!(Instant::now() < deadline, "ticks alone for {PATIENCE:?}");
        }
    }

    /// The next message, which must be of that type.
    #[track_caller]
    pub fn expect(&mut self, kind: &str) -> Value {
        let message = self.event();
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// Messages up to the event of that number, which is the last one.
    pub fn until(&mut self, last: u64) -> Vec<Value> {
        let mut messages = Vec::new();
        loop {
            let message = self.event();
            let reached = message["seq"].as_u64().unwrap() >= last;
            messages.push(message);
            if reached {
                return messages;
            }
        }
    }

    /// Whether a message comes within that time; it must be no `tick`.
    pub fn hears_within(&mut self, time: Duration) -> Option<Value> {
        let deadline = Instant::now() + time;
        let heard = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break None;
            }
            self.stream().set_read_timeout(Some(left)).unwrap();
            match self.try_text() {
                Ok(text) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] != "tick" {
                        break Some(message);
                    }
                }
                Err(Error::Io(error))
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    ) => {}
                Err(error) => panic!("the connection broke: {error}"),
            }
        };
        self.stream().set_read_timeout(Some(PATIENCE)).unwrap();
        heard
    }

    /// Reads until the server closes; the code that it gives, `None` where it just ends.
    pub fn closed(&mut self) -> Option<CloseCode> {
        let mut code = None;
        loop {
            match self.socket.read() {
                Ok(Message::Close(frame)) => code = frame.map(|frame| frame.code),
                Ok(_) => {}
                Err(Error::Io(error))
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    ) =>
                {
                    panic!("the server does not close the connection");
                }
                Err(_) => return code,
            }
        }
    }
}

/// A message's `seq`.
#[track_caller]
pub fn seq(message: &Value) -> u64 {
    let seq = message["seq"].as_u64();
    seq.unwrap_or_else(|| panic!("without a seq: {message}"))
}

/// A message's `type`.
#[track_caller]
pub fn kind(message: &Value) -> &str {
    let kind = message["type"].as_str();
    kind.unwrap_or_else(|| panic!("without a type: {message}"))
}

/// The types of messages, in order.
pub fn event_kinds(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(kind).collect()
}
