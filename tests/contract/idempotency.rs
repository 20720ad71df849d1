//! `Idempotency-Key`: the same request, again, gets the first answer and does nothing.

use std::sync::Barrier;
use std::thread;

use serde_json::json;

use crate::common::{Client, Launch, Response, Server, number, text};
use crate::people::{FAR, Person, behind_a_proxy};

fn post(client: &mut Client, path: &str, key: &str, body: &str) -> Response {
    let headers = [
        ("Idempotency-Key", key),
        ("Content-Type", "application/json"),
    ];
    client.send("POST", path, &headers, body.as_bytes())
}

fn same(one: &Response, other: &Response) {
    assert_eq!(one.status, other.status);
    assert_eq!(one.text(), other.text());
    assert_eq!(one.header("Location"), other.header("Location"));
    assert_eq!(one.header("Content-Type"), other.header("Content-Type"));
}

#[test]
fn the_same_key_makes_one_ticket_after_a_restart_too() {
    let server = Server::new();
    let first = post(&mut server.client(), "/api/tickets", "k-1", "{}");
    assert_eq!(first.status, 201);
    same(
        &post(&mut server.client(), "/api/tickets", "k-1", "{}"),
        &first,
    );
    let server = server.restart();
    same(
        &post(&mut server.client(), "/api/tickets", "k-1", "{}"),
        &first,
    );
    let server = server.kill().start();
    same(
        &post(&mut server.client(), "/api/tickets", "k-1", "{}"),
        &first,
    );
    let health = server.json("/api/health");
    assert_eq!((number(&health, "waiting"), number(&health, "seq")), (1, 1));
    let other = post(&mut server.client(), "/api/tickets", "k-2", "{}");
    assert_eq!(other.expect(201).json()["code"], "A2");
}

#[test]
fn a_key_that_others_may_choose_too_shows_nobody_anothers_ticket() {
    let server = behind_a_proxy().start();
    let post = |address: &str, key: &str| {
        let person = Person::at(address).with("Idempotency-Key", key);
        person.post(&server, "/api/tickets").expect(201).json()
    };
    let one = post("192.0.2.1", "1");
    assert_eq!(post("192.0.2.1", "1"), one);
    assert_ne!(post("192.0.2.2", "1")["id"], one["id"]);
    // A phone may change its network between two attempts.
    let long = "0123456789abcdef0123456789abcdef";
    let one = post("192.0.2.1", long);
    assert_eq!(post("198.51.100.1", long), one);
}

#[test]
fn twenty_at_once_with_one_key_make_one_ticket() {
    let server = Server::new();
    for round in 1..=5 {
        let together = Barrier::new(20);
        let key = format!("round-{round}");
        let answers: Vec<Response> = thread::scope(|scope| {
            let threads: Vec<_> = (0..20)
                .map(|_| {
                    scope.spawn(|| {
                        let mut client = server.client();
                        together.wait();
                        post(&mut client, "/api/tickets", &key, "")
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(answers[0].status, 201);
        for answer in &answers {
            same(answer, &answers[0]);
        }
        assert_eq!(server.json("/api/health")["waiting"], round);
    }
}

#[test]
fn the_same_key_with_another_request_is_invalid_and_does_nothing() {
    let server = Server::new();
    post(&mut server.client(), "/api/tickets", "k", r#"{"note":"a"}"#).expect(201);
    for (path, body) in [
        ("/api/tickets", r#"{"note":"b"}"#),
        ("/api/tickets", ""),
        ("/api/desks/1/next", ""),
        ("/api/ticket", r#"{"note":"a"}"#),
    ] {
        let answer = post(&mut server.client(), path, "k", body);
        let detail = answer.problem(422, "invalid");
        assert!(detail.contains("Idempotency-Key"), "{detail}");
    }
    assert_eq!(server.json("/api/health")["seq"], 1);
}

#[test]
fn every_post_can_carry_a_key() {
    let server = Server::new();
    let mut client = server.client();
    let made: Vec<_> = (0..6)
        .map(|_| client.post("/api/tickets").expect(201).json())
        .collect();
    let cancel = format!("/api/tickets/{}/cancel", text(&made[5], "id"));
    let calls = [
        ("/api/desks/1/next", ""),
        ("/api/desks/1/next", r#"{"current":"A1"}"#),
        ("/api/desks/1/recall", ""),
        ("/api/desks/1/call", r#"{"ticket":"A5"}"#),
        ("/api/desks/1/finish", ""),
        ("/api/ticket/draw/2", ""),
        ("/api/ticket", ""),
        (cancel.as_str(), ""),
    ];
    for (number, (path, body)) in calls.into_iter().enumerate() {
        let key = format!("call-{number}");
        let first = post(&mut client, path, &key, body);
        assert!(first.status < 300, "{path}: {}", first.text());
        let before = server.json("/api/state");
        same(&post(&mut client, path, &key, body), &first);
        assert_eq!(server.json("/api/state"), before, "{path}");
    }
}

#[test]
fn a_refusal_is_the_first_answer_too() {
    let server = Server::new();
    let mut client = server.client();
    post(&mut client, "/api/desks/1/next", "k", "").problem(409, "queue-empty");
    server.ticket();
    post(&mut client, "/api/desks/1/next", "k", "").problem(409, "queue-empty");
    assert_eq!(server.json("/api/health")["waiting"], 1);
    post(&mut client, "/api/desks/1/next", "l", "").expect(200);
}

/// The rows of a table of the data file, which no server uses.
fn rows(launch: &Launch, query: &str) -> i64 {
    let file = rusqlite::Connection::open(launch.data()).unwrap();
    file.query_row(query, [], |row| row.get(0)).unwrap()
}

/// From the public, each refusal would stay for two days, and nobody could stop it.
#[test]
fn a_refusal_of_somebody_without_a_role_is_not_stored() {
    let server = behind_a_proxy().in_file().start();
    let cancel = format!("/api/tickets/{}/cancel", "0".repeat(32));
    for n in 0..5 {
        let far = Person::at(FAR).with("Idempotency-Key", &format!("key-{n}"));
        far.post(&server, &cancel).problem(404, "not-found");
    }
    let taken = Person::at(FAR).with("Idempotency-Key", "mine");
    taken.post(&server, "/api/tickets").expect(201);
    assert_eq!(rows(&server.stop(), "SELECT count(*) FROM answers"), 1);
}

#[test]
fn a_request_is_not_stored_with_its_answer() {
    let server = Launch::new().in_file().start();
    let mut client = server.client();
    let body = format!("{{{}}}", " ".repeat(60_000));
    for n in 0..20 {
        post(&mut client, "/api/tickets", &format!("key-{n}"), &body).expect(201);
    }
    drop(client);
    let size = std::fs::metadata(server.stop().data()).unwrap().len();
    assert!(size < 300_000, "the data file has {size} bytes");
}

#[test]
fn a_key_must_be_one_that_can_be_kept() {
    let server = Server::new();
    let longest = "k".repeat(255);
    let too_long = "k".repeat(256);
    for key in ["", "two words", "ñ", too_long.as_str()] {
        let detail = post(&mut server.client(), "/api/tickets", key, "").problem(422, "invalid");
        assert!(detail.contains("Idempotency-Key"), "{detail}");
    }
    let mut client = server.client();
    for lines in [
        &b"Idempotency-Key: \xff\xfe"[..],
        b"Idempotency-Key: k\xf1-1",
        b"Idempotency-Key: one\r\nIdempotency-Key: two",
        b"Idempotency-Key: one\r\nidempotency-key: one",
        b"Idempotency-Key: one\r\nIdempotency-Key: \xff",
    ] {
        client.raw("POST /api/tickets HTTP/1.1\r\nHost: localhost\r\n");
        client.raw(lines).raw("\r\n\r\n");
        let detail = client.answer().problem(422, "invalid");
        assert!(detail.contains("Idempotency-Key"), "{detail}");
    }
    assert_eq!(server.json("/api/tickets"), json!([]));
    post(&mut server.client(), "/api/tickets", &longest, "").expect(201);
}

#[test]
fn a_key_that_cannot_be_kept_is_refused_by_every_route() {
    let server = Server::new();
    for (method, path) in [
        ("POST", "/api/session"),
        ("DELETE", "/api/session"),
        ("POST", "/api/backups"),
        ("POST", "/api/tokens"),
        ("POST", "/api/webhooks"),
        ("PUT", "/api/desks/1"),
        ("GET", "/api/tickets"),
    ] {
        for headers in [
            &[("Idempotency-Key", "one"), ("Idempotency-Key", "two")][..],
            &[("Idempotency-Key", "two words")],
        ] {
            let answer = server.client().send(method, path, headers, b"");
            let detail = answer.problem(422, "invalid");
            assert!(
                detail.contains("Idempotency-Key"),
                "{method} {path}: {detail}"
            );
        }
    }
}

#[test]
fn a_repeated_request_gets_its_first_answer_when_the_rate_limit_is_reached() {
    let server = behind_a_proxy().with(&["--tickets-per-10s", "2"]).start();
    let far = Person::at(FAR);
    let ask = |path: &str, key: &str| {
        let person = far.clone().with("Idempotency-Key", key);
        person.post(&server, path)
    };
    let paths = ["/api/tickets", "/api/ticket"];
    let first = paths.map(|path| ask(path, path).expect(201));
    far.post(&server, paths[0])
        .problem(429, "too-many-requests");
    for (path, first) in paths.iter().zip(&first) {
        for _ in 0..3 {
            same(&ask(path, path), first);
        }
        ask(path, "new").problem(429, "too-many-requests");
    }
    ask(paths[0], paths[1]).problem(422, "invalid");
    let health = server.json("/api/health");
    assert_eq!(number(&health, "waiting"), 2);
}
