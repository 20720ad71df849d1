//! A fake receiver of webhooks: it records what it is sent, and can have faults. Signatures are checked with
//! OpenSSL, not with the program's own code.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;

use super::{wait_for, wait_until};

/// How it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// With this status and a short body.
    Status(u16),
    /// 302, to this address.
    Redirect(String),
    /// Bytes that are no HTTP.
    Garbage,
    /// Nothing, and the connection stays open.
    Nothing,
    /// 200 and a body without end.
    Endless,
}

/// A message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// Whether it was answered with 2xx.
    pub accepted: bool,
}

impl Message {
    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(other, _)| other.eq_ignore_ascii_case(name));
        &found.unwrap_or_else(|| panic!("no {name} in {self:?}")).1
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    pub fn seq(&self) -> u64 {
        self.json()["data"]["seq"].as_u64().unwrap()
    }

    /// Whether one of its signatures is that of `secret`, as OpenSSL computes it.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = BASE64
            .decode(secret.strip_prefix("whsec_").unwrap().as_bytes())
            .unwrap();
        let (id, time) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let seconds: u64 = time.parse().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        assert!(
            now.as_secs().abs_diff(seconds) < 300,
            "{time} is not the time"
        );
        let content = format!("{id}.{time}.{}", self.body);
        let signature = format!("v1,{}", BASE64.encode(&openssl_hmac(&key, &content)));
        let sent = self.header("webhook-signature");
        sent.split(' ').any(|one| one == signature)
    }
}

/// HMAC-SHA256 by OpenSSL.
fn openssl_hmac(key: &[u8], content: &str) -> Vec<u8> {
    let key = format!("hexkey:{}", HEXLOWER.encode(key));
    let mut openssl = Command::new("openssl")
        .args([
            "dgst", "-sha256", "-mac", "HMAC", "-macopt", &key, "-binary",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl is installed");
    let mut input = openssl.stdin.take().unwrap();
    input.write_all(content.as_bytes()).unwrap();
    drop(input);
    let output = openssl.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

struct Shared {
    reply: Mutex<Reply>,
    messages: Mutex<Vec<Message>>,
    /// Connections that get no answer.
    held: Mutex<Vec<TcpStream>>,
}

/// A receiver on a port of its own.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Receiver {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            reply: Mutex::new(Reply::Status(204)),
            messages: Mutex::default(),
            held: Mutex::default(),
        });
        let for_thread = shared.clone();
        // It lives as long as the test's process.
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let shared = for_thread.clone();
                std::thread::spawn(move || serve(connection, &shared));
            }
        });
        Self { address, shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}/turnero", self.address)
    }

    pub fn reply(&self, reply: Reply) {
        *self.shared.reply.lock().unwrap() = reply;
    }

    /// Every message so far, in the order of arrival; repeated ones too.
    pub fn messages(&self) -> Vec<Message> {
        self.shared.messages.lock().unwrap().clone()
    }

    /// The messages that it accepted.
    pub fn accepted(&self) -> Vec<Message> {
        let messages = self.messages().into_iter();
        messages.filter(|message| message.accepted).collect()
    }

    /// Waits until it has accepted so many messages.
    pub fn wait_for(&self, number: usize) -> Vec<Message> {
        wait_for(&format!("{number} messages are accepted"), || {
            Some(self.accepted()).filter(|accepted| accepted.len() >= number)
        })
    }

    /// Waits until another message has come, accepted or not.
    pub fn wait_for_another(&self) {
        let before = self.messages().len();
        wait_until("another message comes", || self.messages().len() > before);
    }
}

fn serve(mut connection: TcpStream, shared: &Shared) -> Option<()> {
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    loop {
        let mut headers = Vec::new();
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        assert_eq!(line, "POST /turnero HTTP/1.1\r\n");
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let is_length = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("content-length");
        let length = headers.iter().find(is_length).expect("a length").1.parse();
        let mut body = vec![0; length.unwrap()];
        reader.read_exact(&mut body).ok()?;
        let reply = shared.reply.lock().unwrap().clone();
        shared.messages.lock().unwrap().push(Message {
            headers,
            body: String::from_utf8(body).unwrap(),
            accepted: matches!(reply, Reply::Status(200..=299) | Reply::Endless),
        });
        match reply {
            Reply::Status(204) => connection.write_all(b"HTTP/1.1 204 OK\r\n\r\n").ok()?,
            Reply::Status(status) => {
                let answer = format!("HTTP/1.1 {status} So\r\nContent-Length: 2\r\n\r\nno");
                connection.write_all(answer.as_bytes()).ok()?;
            }
            Reply::Redirect(to) => {
                let answer =
                    format!("HTTP/1.1 302 There\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
                connection.write_all(answer.as_bytes()).ok()?;
            }
            Reply::Garbage => {
                connection.write_all(&[0xff; 4096]).ok()?;
                return None;
            }
            Reply::Nothing => {
                shared.held.lock().unwrap().push(connection);
                return None;
            }
            Reply::Endless => {
                let head = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n";
                connection.write_all(head).ok()?;
                while connection.write_all(&[b'x'; 1024]).is_ok() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                return None;
            }
        }
    }
}
