//! Callers for tests: people at this machine or elsewhere, with cookies and tokens.

use std::net::TcpStream;

use serde_json::Value;

use crate::common::{Launch, Response, Screen, Server, text};

/// An address of another machine, which no network uses (RFC 5737).
pub const FAR: &str = "192.0.2.7";

/// A server that trusts this machine as a proxy, so that tests can send requests from any address.
pub fn behind_a_proxy() -> Launch {
    Launch::new().with(&["--trusted-proxy", "127.0.0.1"])
}

/// A person or program that sends requests.
#[derive(Clone, Debug, Default)]
pub struct Person {
    headers: Vec<(String, String)>,
}

impl Person {
    /// A person at this machine.
    pub fn here() -> Self {
        Self::default()
    }

    /// A person at this address, for a server behind a proxy.
    pub fn at(address: &str) -> Self {
        Self::here().with("X-Forwarded-For", address)
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn pairs(&self) -> Vec<(&str, &str)> {
        let headers = self.headers.iter();
        headers
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }

    pub fn with_token(self, token: &str) -> Self {
        self.with("Authorization", &format!("Bearer {token}"))
    }

    /// The person after signing in, with all cookies.
    pub fn signed_in(self, server: &Server, pin: &str) -> Self {
        let answer = self.sign_in(server, pin).expect(200);
        self.with("Cookie", &cookies(&answer).join("; "))
    }

    /// The person after signing in and out, with the device cookie only.
    pub fn known_device(self, server: &Server, pin: &str) -> Self {
        let answer = self.sign_in(server, pin).expect(200);
        let cookies = cookies(&answer);
        let device = cookies.iter().find(|c| c.starts_with("turnero-device="));
        self.with("Cookie", device.expect("a device cookie"))
    }

    pub fn sign_in(&self, server: &Server, pin: &str) -> Response {
        let body = serde_json::json!({ "pin": pin });
        self.send(server, "POST", "/api/session", &body.to_string())
    }

    /// Sends one request; a body is JSON.
    pub fn send(&self, server: &Server, method: &str, path: &str, body: &str) -> Response {
        let mut headers = self.pairs();
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        server
            .client()
            .send(method, path, &headers, body.as_bytes())
    }

    /// Opens a screen and reads the first message, which describes the current state.
    pub fn watch(&self, server: &Server, query: &str, subprotocol: Option<&str>) -> Screen {
        let headers = self.pairs();
        let stream = TcpStream::connect(server.address()).unwrap();
        let opened = Screen::try_over(stream, query, subprotocol, &headers);
        let mut screen = opened.unwrap_or_else(|(status, body)| panic!("{status} {body}"));
        screen.expect(subprotocol.map_or("on-ticket-count-changed", |_| "state"));
        screen
    }

    /// The status that answers a WebSocket handshake.
    pub fn handshake_status(&self, server: &Server) -> u16 {
        let stream = TcpStream::connect(server.address()).unwrap();
        let opened = Screen::try_over(stream, "", Some("turnero.v1"), &self.pairs());
        opened.map_or_else(|(status, _)| status, |_| 101)
    }

    pub fn get(&self, server: &Server, path: &str) -> Response {
        self.send(server, "GET", path, "")
    }

    pub fn post(&self, server: &Server, path: &str) -> Response {
        self.send(server, "POST", path, "")
    }

    pub fn put(&self, server: &Server, path: &str, body: &Value) -> Response {
        self.send(server, "PUT", path, &body.to_string())
    }

    /// Makes a token, as an admin.
    pub fn make_token(&self, server: &Server, name: &str, role: &str) -> String {
        let body = serde_json::json!({ "name": name, "role": role });
        let made = self.send(server, "POST", "/api/tokens", &body.to_string());
        text(&made.expect(201).json(), "token").to_owned()
    }
}

/// The cookies that an answer sets, as a browser sends them back.
pub fn cookies(answer: &Response) -> Vec<String> {
    let set = answer.headers("Set-Cookie");
    set.map(|cookie| cookie.split(';').next().unwrap().to_owned())
        .collect()
}

/// The PIN in the log of the first start.
pub fn pin(server: &Server, role: &str) -> String {
    let start = format!("The PIN of {role}, ");
    crate::common::wait_for("the log says the PIN", || {
        let log = server.log();
        let line = log.lines().find(|line| line.contains(&start))?;
        let pin = line.rsplit_once("device: ")?.1.split('.').next()?;
        Some(pin.to_owned())
    })
}
