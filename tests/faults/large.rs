//! Answers that are large: long lists and exports.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{AddressFamily, SocketType, connect, socket};

use crate::common::{Client, Launch, Screen, Server, array, text, wait_until};

/// More tickets than one piece of a list has, and than sockets hold.
const TICKETS: usize = 2_500;

const LIST: &str = "/api/tickets?limit=100000";

fn busy_office(flags: &[&str]) -> Server {
    let server = Launch::new().with(flags).start();
    let mut client = server.client();
    for _ in 0..TICKETS {
        client.post("/api/tickets").expect(201);
    }
    server
}

/// A connection with a very small receive buffer.
fn narrow(address: SocketAddr) -> TcpStream {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    set_socket_recv_buffer_size(&socket, 2_048).unwrap();
    connect(&socket, &address).unwrap();
    TcpStream::from(socket)
}

#[test]
fn a_long_list_comes_whole_in_pieces_and_the_connection_stays() {
    let server = busy_office(&[]);
    let mut client = server.client();
    for path in [LIST, "/api/ticket", "/api/ticket/pending"] {
        let answer = client.get(path).expect(200);
        assert_eq!(answer.header("Transfer-Encoding"), Some("chunked"));
        assert_eq!(answer.header("Content-Length"), None);
        let list = answer.json();
        let codes = array(&list)
            .iter()
            .map(|ticket| text(ticket, "code").to_owned());
        let expected = (1..=TICKETS).map(|n| format!("A{n}"));
        assert!(codes.eq(expected), "{path}");
    }
    let head = client.send("HEAD", LIST, &[], b"").expect(200);
    assert_eq!(head.header("Content-Length"), None);
    // A short list has a length.
    let short = client.get("/api/tickets?limit=1000").expect(200);
    assert!(short.header("Content-Length").is_some());
    assert_eq!(array(&short.json()).len(), 1_000);
    // HTTP/1.0 has no pieces: the list ends with the connection.
    let mut old = server.client();
    old.raw(format!(
        "GET {LIST} HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"
    ));
    let all = String::from_utf8(old.drain()).unwrap();
    let (head, body) = all.split_once("\r\n\r\n").unwrap();
    assert!(
        !head.contains("Content-Length") && head.contains("Connection: close"),
        "{head}"
    );
    let list: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(array(&list).len(), TICKETS);
}

#[test]
fn only_some_large_answers_are_sent_at_a_time_and_tickets_do_not_wait_for_them() {
    let server = busy_office(&[]);
    let before = server.memory_kb("VmRSS");
    let mut slow = Vec::new();
    for n in 0..40 {
        let path = if n % 2 == 0 { LIST } else { "/api/export" };
        let mut client = Client::over(narrow(server.address()));
        client.request("GET", path, &[], b"");
        slow.push(client);
    }
    let mut client = server.client();
    wait_until("all places are taken", || client.get(LIST).status == 503);
    for path in [LIST, "/api/export", "/api/ticket", "/api/ticket/pending"] {
        client.get(path).problem(503, "busy");
    }
    client.get("/api/tickets?limit=1000").expect(200);
    client.post("/api/tickets").expect(201);
    let grown = server.memory_kb("VmRSS") - before;
    // Each of the lists has more than 1 MB.
    assert!(grown < 24 * 1024, "{grown} kB for 40 slow readers");
    drop(slow);
    wait_until("there is room again", || client.get(LIST).status == 200);
    let export = client.get("/api/export").expect(200).json();
    assert_eq!(array(&export["office"]["tickets"]).len(), TICKETS + 1);
}

#[test]
fn slow_readers_of_lists_of_a_thousand_take_little_memory_and_short_lists_go_on() {
    const PATHS: [&str; 2] = ["/api/tickets?limit=1000", "/api/audit?limit=1000"];
    // Readers that take nothing stay for as long as the test is.
    let server = busy_office(&["--send-seconds=60"]);
    let mut client = server.client();
    for path in PATHS {
        client.get(path).expect(200);
    }
    let before = server.memory_kb("VmRSS");
    let mut slow = Vec::new();
    for n in 0..200 {
        let mut client = Client::over(narrow(server.address()));
        client.request("GET", PATHS[n % 2], &[], b"");
        slow.push(client);
    }
    for path in PATHS {
        wait_until("all places are taken", || client.get(path).status == 503);
        client.get(path).problem(503, "busy");
    }
    let grown = server.memory_kb("VmRSS").saturating_sub(before);
    // Each list has some 400 kB.
    assert!(grown < 64 * 1024, "{grown} kB for 200 slow readers");
    client.get("/api/tickets?limit=100").expect(200);
    client.get("/api/audit").expect(200);
    client.post("/api/tickets").expect(201);
    drop(slow);
    for path in PATHS {
        wait_until("there is room again", || client.get(path).status == 200);
    }
}

#[test]
fn readers_that_take_some_bytes_now_and_then_do_not_keep_the_places_of_large_answers() {
    let server = busy_office(&["--send-seconds=3"]);
    let mut client = server.client();
    let comes_back = AtomicBool::new(true);
    let read_slowly = || {
        let mut slow = narrow(server.address());
        let request =
            format!("GET {LIST} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        slow.write_all(request.as_bytes()).unwrap();
        // Some 10 kB a second: the list would take minutes.
        let mut some = [0; 512];
        while slow.read(&mut some).is_ok_and(|read| read > 0) {
            thread::sleep(Duration::from_millis(50));
        }
    };
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while comes_back.load(Ordering::Relaxed) {
                    read_slowly();
                }
            });
        }
        // Without the list, which takes a place itself for a while.
        let mut status = || client.send("HEAD", LIST, &[], b"").status;
        wait_until("all places are taken", || status() == 503);
        comes_back.store(false, Ordering::Relaxed);
        wait_until("there is room again", || status() == 200);
    });
}

#[test]
fn whoever_missed_many_events_and_reads_slowly_takes_little_memory() {
    const EVENTS: u64 = 1_000;
    let server = Server::new();
    let mut client = server.client();
    // Each event has all services.
    for prefix in ('B'..='Z').flat_map(|letter| [format!("{letter}"), format!("{letter}X")]) {
        let path = format!("/api/services/{prefix}");
        client.send("PUT", &path, &[], b"").expect(201);
    }
    let before = client.get("/api/state").json()["seq"].as_u64().unwrap();
    for _ in 0..EVENTS {
        client.post("/api/tickets").expect(201);
    }
    let path = format!("/api/events?since={before}");
    client.get(&path).expect(200);
    let memory = server.memory_kb("VmRSS");
    let (mut polls, mut screens) = (Vec::new(), Vec::new());
    for _ in 0..40 {
        let mut poll = Client::over(narrow(server.address()));
        poll.request("GET", &path, &[], b"");
        polls.push(poll);
        let query = format!("?since={before}");
        screens.push(Screen::over(
            narrow(server.address()),
            &query,
            Some("turnero.v1"),
        ));
    }
    client.post("/api/tickets").expect(201);
    let grown = server.memory_kb("VmRSS").saturating_sub(memory);
    // The events have more than 2 MB together.
    assert!(grown < 40 * 1024, "{grown} kB for 80 slow readers");
    drop((polls, screens));

    let polled = client.get(&path).expect(200);
    assert_eq!(polled.header("Transfer-Encoding"), Some("chunked"));
    let last = before + EVENTS + 1;
    let mut screen = Screen::v1(server.address(), &format!("?since={before}"));
    assert_eq!(array(&polled.json()), screen.until(last));
}
