//! Limits on requests: sizes, times, connections, and invalid HTTP.

use std::time::{Duration, Instant};

use crate::common::{Client, Launch, PATIENCE, Server, wait_until};

const HOST: &str = "Host: localhost\r\n";

/// Sends bytes on a new connection, and returns the connection.
fn sent(server: &Server, bytes: impl AsRef<[u8]>) -> Client {
    let mut client = server.client();
    client.raw(bytes);
    client
}

/// A request with these header lines; the rest of it is valid.
fn post(headers: &str, body: &str) -> String {
    format!("POST /api/tickets HTTP/1.1\r\n{HOST}{headers}\r\n{body}")
}

fn count(server: &Server) -> u64 {
    server.json("/api/health")["seq"].as_u64().unwrap()
}

#[test]
fn a_head_has_16_kib_at_most() {
    let server = Server::new();
    let head = |length: usize| {
        let begin = format!("GET /api/health HTTP/1.1\r\n{HOST}X: ");
        let filler = "x".repeat(length - begin.len() - 4);
        format!("{begin}{filler}\r\n\r\n")
    };
    assert_eq!(head(16_384).len(), 16_384);
    sent(&server, head(16_384)).answer().expect(200);
    let mut client = sent(&server, head(16_385));
    let detail = client.answer().problem(431, "head-too-large");
    assert!(detail.contains("16384"), "{detail}");
    client.expect_end();
}

#[test]
fn an_address_that_is_too_long_is_414() {
    let server = Server::new();
    let address = "x".repeat(17_000);
    let mut client = sent(&server, format!("GET /{address} HTTP/1.1\r\n{HOST}\r\n"));
    let answer = client.answer();
    // The status depends on how much of the head has arrived at the limit.
    assert!([414, 431].contains(&answer.status), "{}", answer.status);
    answer.problem(answer.status, "head-too-large");
    let mut client = sent(&server, format!("GET /{address}"));
    let detail = client.answer().problem(414, "head-too-large");
    assert!(detail.contains("16384"), "{detail}");
}

#[test]
fn a_request_has_64_headers_at_most() {
    let server = Server::new();
    let with = |count: usize| {
        let headers: String = (1..count).map(|n| format!("X-{n}: x\r\n")).collect();
        format!("GET /api/health HTTP/1.1\r\n{HOST}{headers}\r\n")
    };
    sent(&server, with(64)).answer().expect(200);
    let mut client = sent(&server, with(65));
    let detail = client.answer().problem(431, "head-too-large");
    assert!(detail.contains("64"), "{detail}");
    client.expect_end();
}

#[test]
fn a_body_has_64_kib_at_most_sized_or_chunked() {
    let server = Server::new();
    let body = |length: usize| format!("{{{}}}", " ".repeat(length - 2));
    let sized = |length: usize| post(&format!("Content-Length: {length}\r\n"), &body(length));
    sent(&server, sized(65_536)).answer().expect(201);
    let mut client = sent(&server, sized(65_537));
    let detail = client.answer().problem(413, "body-too-large");
    assert!(detail.contains("65536"), "{detail}");
    client.expect_end();
    let chunked = |length: usize| {
        let whole = body(length);
        let chunks = whole.as_bytes().chunks(1_000);
        let chunks: String = chunks
            .map(|c| format!("{:x}\r\n{}\r\n", c.len(), std::str::from_utf8(c).unwrap()))
            .collect();
        post(
            "Transfer-Encoding: chunked\r\n",
            &format!("{chunks}0\r\n\r\n"),
        )
    };
    sent(&server, chunked(65_536)).answer().expect(201);
    sent(&server, chunked(65_537))
        .answer()
        .problem(413, "body-too-large");
    let huge = post("Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n");
    sent(&server, huge).answer().problem(413, "body-too-large");
    assert_eq!(count(&server), 2);
}

#[test]
fn each_size_limit_is_a_flag() {
    let flags = [
        "--max-head-bytes=2048",
        "--max-headers=8",
        "--max-body-bytes=1024",
        "--max-message-bytes=200",
    ];
    let server = Launch::new().with(&flags).start();
    let long = "x".repeat(2_048);
    let head = format!("GET / HTTP/1.1\r\n{HOST}X: {long}\r\n\r\n");
    let detail = sent(&server, head).answer().problem(431, "head-too-large");
    assert!(detail.contains("2048"), "{detail}");
    let headers = "X: x\r\n".repeat(8);
    let head = format!("GET / HTTP/1.1\r\n{HOST}{headers}\r\n");
    sent(&server, head).answer().problem(431, "head-too-large");
    let body = post("Content-Length: 1025\r\n", "");
    let detail = sent(&server, body).answer().problem(413, "body-too-large");
    assert!(detail.contains("1024"), "{detail}");
    let mut screen = server.screen("");
    screen.expect("state");
    screen.socket().send("x".repeat(201).into()).unwrap();
    assert_eq!(screen.closed().map(u16::from), Some(1009));
}

#[test]
fn a_head_a_body_and_an_idle_connection_time_out() {
    let flags = ["--head-seconds=1", "--body-seconds=1", "--idle-seconds=1"];
    let server = Launch::new().with(&flags).start();
    let mut silent = server.client();
    let mut half_head = sent(&server, "GET /api/hea");
    let mut half_body = sent(&server, post("Content-Length: 10\r\n", "{"));
    let mut half_chunk = sent(&server, post("Transfer-Encoding: chunked\r\n", "5\r\n{"));
    half_head.answer().problem(408, "request-timeout");
    half_head.expect_end();
    half_body.answer().problem(408, "request-timeout");
    half_body.expect_end();
    half_chunk.answer().problem(408, "request-timeout");
    silent.expect_end();
    let mut kept = server.client();
    kept.get("/api/health").expect(200);
    kept.expect_end();
    assert_eq!(count(&server), 0);
}

#[test]
fn slow_bytes_do_not_extend_a_deadline() {
    let flags = ["--head-seconds=1", "--body-seconds=1"];
    let server = Launch::new().with(&flags).start();
    let mut head = sent(&server, format!("GET / HTTP/1.1\r\n{HOST}X: "));
    let mut body = sent(&server, post("Content-Length: 60000\r\n", "{"));
    for client in [&mut head, &mut body] {
        // Each byte comes long before a time-out for one byte would.
        let deadline = Instant::now() + PATIENCE;
        client.set_patience(Duration::from_millis(50));
        while client.stream().peek(&mut [0]).is_err() {
            assert!(Instant::now() < deadline, "it goes on for ever");
            if client.try_raw(b" ").is_err() {
                break;
            }
        }
        client.set_patience(PATIENCE);
        client.answer().problem(408, "request-timeout");
    }
}

#[test]
fn if_screens_use_all_connections_new_ones_are_refused_until_one_ends() {
    let server = Launch::new().with(&["--max-connections=3"]).start();
    let mut screens = vec![server.screen(""), server.screen(""), server.course_screen()];
    for screen in &mut screens {
        screen.message();
    }
    for _ in 0..3 {
        let mut refused = server.client();
        let detail = refused.answer().problem(503, "too-many-connections");
        assert!(detail.contains('3'), "{detail}");
        refused.expect_end();
    }
    screens.pop();
    wait_until("there is room again", || {
        // A reset can overtake the answer if the request came late.
        server
            .client()
            .try_send("GET", "/api/health")
            .is_ok_and(|answer| answer.status == 200)
    });
    wait_until("and for a ticket", || {
        server
            .client()
            .try_send("POST", "/api/tickets")
            .is_ok_and(|answer| answer.status == 201)
    });
    for screen in &mut screens {
        screen.expect("ticket-created");
    }
}

#[test]
fn a_new_connection_replaces_the_one_that_has_waited_longest() {
    // The idle time-out is an hour, so that nothing else ends the waiting connection.
    let flags = ["--max-connections=3", "--idle-seconds=3600"];
    let server = Launch::new().with(&flags).start();
    let mut screen = server.screen("");
    screen.expect("state");
    let mut idle = server.client();
    idle.get("/api/health").expect(200);
    // After some time, two more connections come than the limit allows.
    server.json("/api/events?since=0&wait=1");
    let mut newer = server.client();
    newer.get("/api/health").expect(200);
    server.get("/api/health").expect(200);
    idle.expect_end();
    server.ticket();
    screen.expect("ticket-created");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Server::new();
    let request = |path: &str| format!("POST {path} HTTP/1.1\r\n{HOST}\r\n");
    let mut all = request("/api/tickets").repeat(3);
    all.push_str(&request("/api/desks/1/next"));
    all.push_str(&format!("HEAD /api/state HTTP/1.1\r\n{HOST}\r\n"));
    all.push_str(&post("Content-Length: 2\r\n", "{}"));
    all.push_str(&post(
        "Transfer-Encoding: chunked\r\n",
        "2;x=y\r\n{}\r\n0\r\nT: t\r\n\r\n",
    ));
    let mut client = sent(&server, all);
    for code in ["A1", "A2", "A3"] {
        assert_eq!(client.answer().expect(201).json()["code"], code);
    }
    assert_eq!(client.answer().expect(200).json()["code"], "A1");
    client.answer_to("HEAD").expect(200);
    assert_eq!(client.answer().expect(201).json()["code"], "A4");
    assert_eq!(client.answer().expect(201).json()["code"], "A5");
    assert_eq!(client.get("/api/health").expect(200).json()["waiting"], 4);
}

#[test]
fn ambiguous_requests_are_refused_and_end_the_connection() {
    let server = Server::new();
    let hidden = post("", "");
    let with = |headers: &str, body: &str| post(headers, &format!("{body}{hidden}"));
    let length = "Content-Length: 2\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    let cases = [
        with(&format!("{length}Content-Length: 0\r\n"), "{}"),
        with("Content-Length: 2, 2\r\n", "{}"),
        with("Content-Length: +2\r\n", "{}"),
        with("Content-Length: -2\r\n", "{}"),
        with("Content-Length: 0x2\r\n", "{}"),
        with("Content-Length: 2 2\r\n", "{}"),
        with("Content-Length: \r\n", "{}"),
        with("Content-Length: two\r\n", "{}"),
        with(&format!("{length}{chunked}"), "2\r\n{}\r\n0\r\n\r\n"),
        with(&format!("{chunked}{length}"), "2\r\n{}\r\n0\r\n\r\n"),
        with(&format!("{chunked}{chunked}"), "0\r\n\r\n"),
        with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        with("Transfer-Encoding: identity\r\n", ""),
        with("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
        with("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
        with("Content-Length : 2\r\n", "{}"),
        with("X: a\r\n folded\r\n", ""),
        with("X: a\0b\r\n", ""),
        with("X: a\rb\r\n", ""),
        with("no colon\r\n", ""),
        with("Host: other\r\n", ""),
        with(chunked, "2\r\n{}x\r\n0\r\n\r\n"),
        with(chunked, "x\r\n{}\r\n0\r\n\r\n"),
        with(chunked, "-2\r\n{}\r\n0\r\n\r\n"),
        with(chunked, "\r\n\r\n"),
        with(chunked, ";x\r\n\r\n"),
        with(chunked, "2;\nxx\r\n{}\r\n0\r\n\r\n"),
        with(chunked, "2\r\n{}\r\n0\r\nno field\r\n\r\n"),
        with(chunked, "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        with("Expect: miracles\r\n", ""),
        format!("POST /api/tickets HTTP/1.1\r\n\r\n{hidden}"),
        format!("POST /api/tickets HTTP/1.0\r\n{chunked}\r\n0\r\n\r\n{hidden}"),
        format!("POST /api/tickets HTTP/2.0\r\n{HOST}\r\n{hidden}"),
        format!("POST  /api/tickets HTTP/1.1\r\n{HOST}\r\n{hidden}"),
        format!("POST /api/tickets\r\n\r\n{hidden}"),
        format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{hidden}"),
        format!("POST api/tickets HTTP/1.1\r\n{HOST}\r\n{hidden}"),
        format!("\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n{hidden}"),
    ];
    for case in cases {
        let mut client = sent(&server, &case);
        let answer = client.answer();
        // A chunk that is too large to count may be refused for its size.
        if answer.status != 413 {
            answer.problem(400, "bad-request");
        }
        assert_eq!(answer.header("Connection"), Some("close"), "{case:?}");
        client.expect_end();
        assert_eq!(count(&server), 0, "something ran: {case:?}");
    }
}

#[test]
fn a_repeated_content_length_is_refused() {
    let server = Server::new();
    let hidden = post("", "");
    let twice = post(
        &format!(
            "Content-Length: {0}\r\nContent-Length: {0}\r\n",
            hidden.len()
        ),
        &hidden,
    );
    let mut client = sent(&server, twice);
    client.answer().problem(400, "bad-request");
    assert_eq!(count(&server), 0);
}

#[test]
fn an_http_1_0_connection_ends_unless_it_asks_for_keep_alive() {
    let server = Server::new();
    let mut client = sent(&server, "GET /api/health HTTP/1.0\r\n\r\n");
    let answer = client.answer().expect(200);
    assert_eq!(answer.header("Connection"), Some("close"));
    client.expect_end();
    let stay = "GET /api/health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    let mut client = sent(&server, stay);
    let answer = client.answer().expect(200);
    assert_eq!(answer.header("Connection"), Some("keep-alive"));
    client.raw("POST /api/tickets HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}");
    client.answer().expect(201);
    client.expect_end();
}

#[test]
fn a_connection_stays_open_until_the_peer_asks_to_close_it() {
    let server = Server::new();
    let mut client = server.client();
    for _ in 0..50 {
        client.get("/api/health").expect(200);
    }
    // An error does not end it, because the request was read completely.
    client.get("/nothing").problem(404, "not-found");
    client.get("/api/health").expect(200);
    let close = format!("GET /api/health HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n");
    client.raw(close);
    let answer = client.answer().expect(200);
    assert_eq!(answer.header("Connection"), Some("close"));
    client.expect_end();
}

#[test]
fn a_peer_that_has_ended_writing_gets_its_answer() {
    let server = Server::new();
    let mut client = sent(&server, post("", ""));
    client.end_sending();
    assert_eq!(client.answer().expect(201).json()["code"], "A1");
    client.expect_end();
}

#[test]
fn head_answers_like_get_without_a_body() {
    let server = Server::new();
    server.ticket();
    let mut client = server.client();
    for path in [
        "/api/state",
        "/api/tickets",
        "/api/services",
        "/api/ticket/last",
    ] {
        let get = client.get(path).expect(200);
        let head = client.send("HEAD", path, &[], b"").expect(200);
        assert!(head.body.is_empty());
        assert_eq!(
            head.header("Content-Length"),
            get.header("Content-Length"),
            "{path}"
        );
        assert_eq!(
            head.header("Content-Type"),
            get.header("Content-Type"),
            "{path}"
        );
    }
    assert_eq!(client.send("HEAD", "/nothing", &[], b"").status, 404);
    client.get("/api/health").expect(200);
}

#[test]
fn expect_100_continue_is_answered() {
    let server = Server::new();
    let expecting = post("Expect: 100-continue\r\nContent-Length: 2\r\n", "");
    let mut client = sent(&server, expecting);
    assert_eq!(client.answer().status, 100);
    client.raw("{}");
    assert_eq!(client.answer().expect(201).json()["code"], "A1");
    // A body that is too large is refused before it is sent.
    let huge = post("Expect: 100-continue\r\nContent-Length: 70000\r\n", "");
    sent(&server, huge).answer().problem(413, "body-too-large");
}

#[test]
fn absolute_targets_odd_spaces_and_leading_empty_lines_are_accepted() {
    let server = Server::new();
    let absolute = format!("GET http://office/api/events?since=0#y HTTP/1.1\r\n{HOST}\r\n");
    sent(&server, absolute).answer().expect(200);
    let names = format!("get /api/health HTTP/1.1\r\n{HOST}\r\n");
    // A method's name is case-sensitive (RFC 9110, section 9.1).
    assert_eq!(sent(&server, names).answer().status, 405);
    let spaces =
        "POST /api/tickets HTTP/1.1\r\nhOST:\t localhost \r\ncontent-LENGTH:  2 \r\n\r\n{}";
    sent(&server, spaces).answer().expect(201);
    // An empty line before a request is skipped (RFC 9112, section 2.2).
    let late = format!("\r\n\r\n{}", post("", ""));
    sent(&server, late).answer().expect(201);
}

#[test]
fn a_request_may_arrive_byte_by_byte() {
    let server = Server::new();
    let mut client = server.client();
    let whole = post(
        "Transfer-Encoding: chunked\r\n",
        "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
    );
    for byte in whole.as_bytes() {
        client.raw([*byte]);
    }
    assert_eq!(client.answer().expect(201).json()["code"], "A1");
}
