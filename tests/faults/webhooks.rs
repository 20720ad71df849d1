//! Receivers of webhooks that have faults.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::common::{Folder, Launch, Message, Receiver, Reply, Server, number, text, wait_until};

/// Limit of a stop of the server.
const STOP: Duration = Duration::from_secs(5);

const TICKETS: [&str; 3] = ["ticket-created", "ticket-called", "ticket-finished"];

fn webhook(server: &Server, receiver: &Receiver, types: &[&str]) -> Value {
    let fields = json!({"url": receiver.url(), "types": types});
    server
        .post_json("/api/webhooks", &fields)
        .expect(201)
        .json()
}

fn tickets(server: &Server, count: usize) {
    for _ in 0..count {
        server.ticket();
    }
}

/// The threads of webhooks.
fn threads(server: &Server) -> usize {
    let tasks = format!("/proc/{}/task", server.pid().as_raw_nonzero());
    let names = fs::read_dir(tasks).unwrap().map(|task| {
        let name = task.unwrap().path().join("comm");
        fs::read_to_string(name).unwrap_or_default()
    });
    names.filter(|name| name.trim() == "webhook").count()
}

/// The accepted messages without repetitions, which must be equal to the first ones.
fn without_repetitions(messages: &[Message]) -> Vec<Message> {
    let mut bodies = HashMap::new();
    let mut first = Vec::new();
    for message in messages {
        let id = message.header("webhook-id").to_owned();
        match bodies.get(&id) {
            None => {
                bodies.insert(id, message.body.clone());
                first.push(message.clone());
            }
            Some(body) => assert_eq!(*body, message.body, "a repeated message is the same"),
        }
    }
    first
}

#[test]
fn every_event_arrives_in_order_and_signed_whatever_the_receiver_does() {
    let (receiver, elsewhere) = (Receiver::new(), Receiver::new());
    let server = Server::new();
    let made = webhook(&server, &receiver, &TICKETS);
    let secret = text(&made, "secret").to_owned();
    let faults = [
        Reply::Status(500),
        Reply::Redirect(elsewhere.url()),
        Reply::Garbage,
        Reply::Status(404),
    ];
    for (round, fault) in faults.into_iter().enumerate() {
        receiver.reply(fault);
        tickets(&server, 2);
        receiver.wait_for_another();
        receiver.wait_for_another();
        assert_eq!(threads(&server), 1);
        receiver.reply(Reply::Status(200));
        receiver.wait_for(2 * (round + 1));
    }
    // It is stopped while the receiver stalls.
    receiver.reply(Reply::Nothing);
    tickets(&server, 2);
    receiver.wait_for_another();
    let begun = Instant::now();
    let launch = server.stop();
    assert!(begun.elapsed() < STOP, "a stop took {:?}", begun.elapsed());
    receiver.reply(Reply::Status(200));
    let server = launch.start();
    receiver.wait_for(10);
    // It is killed while messages are delivered.
    tickets(&server, 20);
    let server = server.kill().start();
    server.post("/api/desks/1/next").expect(200);
    server.post("/api/desks/1/next").expect(200);
    let last = number(&server.json("/api/health"), "seq");
    wait_until("the last event is accepted", || {
        let accepted = receiver.accepted();
        accepted.last().is_some_and(|last_of| last_of.seq() == last)
    });
    let accepted = without_repetitions(&receiver.accepted());
    let seqs: Vec<u64> = accepted.iter().map(Message::seq).collect();
    // Every event of this office is of a type that it wants, but that of the new desk.
    let wanted: Vec<u64> = (1..=last).collect();
    let missing: Vec<_> = wanted.iter().filter(|seq| !seqs.contains(seq)).collect();
    assert!(seqs.is_sorted(), "{seqs:?}");
    assert!(missing.len() <= 1, "{missing:?} of {seqs:?}");
    for message in &accepted {
        assert!(message.is_signed_with(&secret), "{message:?}");
    }
    assert!(elsewhere.messages().is_empty(), "a redirect was followed");
    assert_eq!(threads(&server), 1);
}

#[test]
fn a_receiver_that_stalls_delays_no_other_and_no_ticket() {
    let (stalls, endless, works) = (Receiver::new(), Receiver::new(), Receiver::new());
    stalls.reply(Reply::Nothing);
    endless.reply(Reply::Endless);
    let server = Server::new();
    for receiver in [&stalls, &endless, &works] {
        webhook(&server, receiver, &TICKETS);
    }
    tickets(&server, 1);
    stalls.wait_for_another();
    let begun = Instant::now();
    tickets(&server, 50);
    works.wait_for(51);
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "it took {:?}, as long as the receiver that stalls",
        begun.elapsed()
    );
    // The body that has no end is not waited for.
    endless.wait_for(2);
    assert_eq!(threads(&server), 3);
    // The stalled message comes again after its time.
    stalls.reply(Reply::Status(200));
    stalls.wait_for(51);
    let webhooks = server.json("/api/webhooks");
    assert_eq!(webhooks[0]["lastFailure"]["reason"], "timeout");
    assert_eq!(webhooks[0]["on"], true);
    assert_eq!(threads(&server), 3);
}

#[test]
fn a_receiver_that_is_gone_gets_nothing_until_its_webhook_is_switched_on_again() {
    let receiver = Receiver::new();
    receiver.reply(Reply::Status(410));
    let server = Server::new();
    let made = webhook(&server, &receiver, &TICKETS);
    let path = format!("/api/webhooks/{}", text(&made, "id"));
    tickets(&server, 1);
    wait_until("it is off", || server.json(&path)["on"] == false);
    assert_eq!(server.json(&path)["offReason"], "gone");
    assert!(server.json("/api/health").get("webhookProblem").is_some());
    wait_until("the log says it", || server.log().contains("410"));
    wait_until("its thread has ended", || threads(&server) == 0);
    tickets(&server, 1);
    let server = server.restart();
    tickets(&server, 1);
    assert_eq!(server.json(&path)["offReason"], "gone");
    assert_eq!(receiver.messages().len(), 1);
    receiver.reply(Reply::Status(200));
    let on = json!({"on": true});
    let changed = server.client().send_json("PATCH", &path, &on);
    assert_eq!(changed.expect(200).json()["offReason"], Value::Null);
    let codes = receiver.wait_for(3);
    let codes: Vec<Value> = codes
        .iter()
        .map(|message| message.json()["data"]["ticket"]["code"].clone())
        .collect();
    assert_eq!(codes, ["A1", "A2", "A3"]);
    assert_eq!(server.json("/api/health").get("webhookProblem"), None);
}

#[test]
fn a_receiver_that_fails_for_three_days_is_given_up() {
    let receiver = Receiver::new();
    receiver.reply(Reply::Status(503));
    let server = Server::new();
    webhook(&server, &receiver, &TICKETS);
    tickets(&server, 1);
    receiver.wait_for_another();
    let launch = server.stop();
    let file = rusqlite::Connection::open(launch.data()).unwrap();
    let almost = 3 * 24 * 60 * 60 * 1_000 - 100;
    let changed = file.execute("UPDATE webhooks SET failing_ms = ?1", [almost]);
    assert_eq!(changed.unwrap(), 1);
    drop(file);
    let server = launch.start();
    wait_until("it is off", || {
        server.json("/api/webhooks")[0]["on"] == false
    });
    let webhooks = server.json("/api/webhooks");
    assert_eq!(webhooks[0]["offReason"], "failed");
    assert_eq!(webhooks[0]["lastFailure"]["status"], 503);
    assert_eq!(webhooks[0]["eventsBehind"], 1);
    wait_until("the log says it", || server.log().contains("three days"));
}

/// A receiver over TLS, with a certificate that `openssl` makes. It answers one request.
struct SecureReceiver {
    url: String,
    certificate: std::path::PathBuf,
    bodies: Arc<Mutex<Vec<String>>>,
}

fn secure_receiver(folder: &Folder) -> SecureReceiver {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
        ])
        .args([
            "-subj",
            "/CN=receiver",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output()
        .expect("openssl is installed");
    assert!(made.status.success(), "{made:?}");
    let chain = CertificateDer::pem_file_iter(&certificate).unwrap();
    let chain = chain.map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/turnero", listener.local_addr().unwrap());
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let for_thread = bodies.clone();
    std::thread::spawn(move || {
        for tcp in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, tcp);
            let mut received = Vec::new();
            let mut step = [0; 4096];
            // A handshake that the client ends is an error here.
            while let Ok(read @ 1..) = stream.read(&mut step) {
                received.extend_from_slice(&step[..read]);
                if received.ends_with(b"}}") {
                    let text = String::from_utf8_lossy(&received).into_owned();
                    for_thread.lock().unwrap().push(text);
                    let answer =
                        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
                    let _ = stream.write_all(answer);
                    break;
                }
            }
        }
    });
    SecureReceiver {
        url,
        certificate,
        bodies,
    }
}

#[test]
fn messages_go_over_tls_to_a_receiver_whose_certificate_the_machine_trusts_and_to_no_other() {
    let folder = Folder::new();
    let receiver = secure_receiver(&folder);
    let fields = json!({"url": receiver.url, "types": TICKETS});
    let trusting = Launch::new().with_variable("SSL_CERT_FILE", &receiver.certificate);
    for (launch, reason) in [(trusting, Value::Null), (Launch::new(), json!("tls"))] {
        let server = launch.start();
        let made = server
            .post_json("/api/webhooks", &fields)
            .expect(201)
            .json();
        let test = format!("/api/webhooks/{}/test", text(&made, "id"));
        let told = server.post(&test).expect(200).json();
        assert_eq!(told["reason"], reason, "{told}");
    }
    let bodies = receiver.bodies.lock().unwrap().clone();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert!(bodies[0].contains("webhook-test") && bodies[0].contains("webhook-signature: v1,"));
}
