//! `/ws`: both dialects, missed events, and the end of a socket.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, Frame, FrameHeader};
use tungstenite::{Bytes, Message};

use crate::common::{
    Client, Launch, Screen, Server, array, event_kinds, is_time, names, number, seq, text,
    wait_until,
};

const HANDSHAKE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A raw handshake's answer, with these headers as well.
fn handshake(server: &Server, path: &str, headers: &str) -> crate::common::Response {
    let mut client = server.client();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n",
        server.address()
    );
    client.raw(head).answer()
}

/// Makes events, `count` of them, over one connection.
fn make_events(server: &Server, count: usize) {
    let mut client = server.client();
    for _ in 0..count {
        client.post("/api/tickets").expect(201);
    }
}

/// Asserts that the numbers of messages follow `after` without a gap.
#[track_caller]
fn without_gaps(messages: &[Value], after: u64) {
    let numbers: Vec<u64> = messages.iter().map(seq).collect();
    let expected: Vec<u64> = (after + 1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn a_screen_is_told_the_state_and_then_every_change_in_order() {
    let server = Server::new();
    server.ticket();
    let mut screen = server.screen("");
    let state = screen.message();
    assert_eq!(state["type"], "state");
    assert_eq!(seq(&state), 1);
    let made = server.ticket();
    server.post("/api/desks/3/next").expect(200);
    server.post("/api/desks/3/recall").expect(200);
    server.post("/api/desks/3/next").expect(200);
    server.post("/api/desks/3/finish").expect(200);
    let last = server.ticket();
    let cancel = format!("/api/tickets/{}/cancel", text(&last, "id"));
    server.post(&cancel).expect(200);
    server
        .put_json("/api/desks/3", &json!({"open": false}))
        .expect(200);
    server.send("DELETE", "/api/desks/3").expect(204);
    let messages = screen.until(12);
    without_gaps(&messages, 1);
    assert_eq!(
        event_kinds(&messages),
        [
            "ticket-created",
            "desk-changed",
            "ticket-called",
            "ticket-recalled",
            "ticket-finished",
            "ticket-called",
            "ticket-finished",
            "ticket-created",
            "ticket-cancelled",
            "desk-changed",
            "desk-changed",
        ]
    );
    for message in &messages {
        assert_eq!(names(message), ["payload", "seq", "type"]);
    }
    let created = &messages[0]["payload"];
    let mut public = made;
    let object = public.as_object_mut().unwrap();
    object.remove("id");
    object.remove("note");
    assert_eq!(created["ticket"], public);
    assert_eq!(created["waiting"], 2);
    assert_eq!(
        created["services"],
        json!([{"prefix": "A", "name": "General", "waiting": 2}])
    );
    let called = &messages[2]["payload"];
    assert_eq!(called["ticket"]["code"], "A1");
    assert_eq!(called["ticket"]["state"], "serving");
    assert_eq!(called["desk"]["name"], "3");
    assert_eq!(called["desk"]["ticket"], called["ticket"]);
    assert_eq!(called["waiting"], 1);
    let call = &called["call"];
    assert!(is_time(&call["at"]), "{call}");
    let expected = json!({"seq": 4, "code": "A1", "service": "A", "desk": "3", "kind": "call", "at": call["at"]});
    assert_eq!(*call, expected);
    let recalled = &messages[3]["payload"];
    assert_eq!(recalled["call"]["kind"], "recall");
    assert_eq!(recalled["ticket"]["calls"], 2);
    let finished = &messages[4]["payload"];
    assert_eq!(finished["ticket"]["code"], "A1");
    assert_eq!(finished["ticket"]["state"], "done");
    assert_eq!(finished["desk"]["ticket"], Value::Null);
    let cancelled = &messages[8]["payload"];
    assert_eq!(cancelled["ticket"]["state"], "cancelled");
    assert_eq!(cancelled["waiting"], 0);
    assert_eq!(messages[9]["payload"]["desk"]["open"], false);
    assert_eq!(messages[10]["payload"]["deleted"], true);
    assert_eq!(messages[10]["payload"]["desk"]["name"], "3");
}

#[test]
fn every_screen_hears_the_same_in_the_same_order_however_many_act() {
    let server = Server::new();
    let mut screens: Vec<Screen> = (0..5).map(|_| server.screen("")).collect();
    for screen in &mut screens {
        screen.expect("state");
    }
    std::thread::scope(|scope| {
        for desk in 0..8 {
            let server = &server;
            scope.spawn(move || {
                let mut client = server.client();
                for _ in 0..20 {
                    client.post("/api/tickets").expect(201);
                    client.post(&format!("/api/desks/{desk}/next")).expect(200);
                }
            });
        }
    });
    let last = number(&server.json("/api/health"), "seq");
    let heard: Vec<Vec<Value>> = screens
        .iter_mut()
        .map(|screen| screen.until(last))
        .collect();
    without_gaps(&heard[0], 0);
    for other in &heard[1..] {
        assert_eq!(other, &heard[0]);
    }
}

#[test]
fn a_quiet_screen_hears_a_tick_before_it_thinks_itself_stale() {
    let server = Server::new();
    server.ticket();
    let mut screen = server.screen("");
    screen.expect("state");
    for _ in 0..2 {
        let since = Instant::now();
        let tick = screen.message();
        assert!(
            since.elapsed() < Duration::from_secs(10),
            "{:?}",
            since.elapsed()
        );
        assert_eq!(tick["type"], "tick");
        assert_eq!(seq(&tick), 1);
        assert!(is_time(&tick["payload"]["now"]), "{tick}");
    }
}

#[test]
fn a_screen_that_comes_back_hears_what_it_missed_and_nothing_else() {
    let server = Server::new();
    let mut screen = server.screen("");
    screen.expect("state");
    make_events(&server, 3);
    let heard = screen.until(3);
    drop(screen);
    make_events(&server, 2);
    server.post("/api/desks/1/next").expect(200);
    let mut back = server.screen("?since=3");
    let missed = back.until(7);
    assert_eq!(
        event_kinds(&missed),
        [
            "ticket-created",
            "ticket-created",
            "desk-changed",
            "ticket-called"
        ]
    );
    without_gaps(&missed, 3);
    // From the beginning it hears the same as the one that was there.
    assert_eq!(server.screen("?since=0").until(3), heard);
    // One that has missed nothing hears nothing, until something happens.
    let mut current = server.screen("?since=7");
    server.ticket();
    assert_eq!(seq(&current.event()), 8);
    assert_eq!(seq(&back.event()), 8);
}

#[test]
fn since_bridges_a_restart() {
    let server = Server::new();
    make_events(&server, 5);
    let mut screen = server.screen("?since=0");
    let heard = screen.until(5);
    let server = server.restart();
    assert_eq!(server.screen("?since=0").until(5), heard);
    let server = server.kill().start();
    assert_eq!(server.screen("?since=2").until(5), &heard[2..]);
    server.ticket();
    assert_eq!(seq(&server.screen("?since=5").event()), 6);
}

#[test]
fn what_is_too_old_or_unknown_is_answered_with_the_state() {
    let server = Server::new();
    // More than any server needs to keep, so that event 1 is gone for certain.
    make_events(&server, 3_000);
    let state = server.json("/api/state");
    for query in ["?since=1", "?since=3001", "?since=18446744073709551615"] {
        assert_eq!(server.screen(query).message(), state, "{query}");
    }
    let check_last_thousand = |server: &Server| {
        let missed = server.screen("?since=2000").until(3_000);
        without_gaps(&missed, 2_000);
        assert_eq!(missed.len(), 1_000);
        let polled = server.json("/api/events?since=2000");
        assert_eq!(array(&polled), missed);
    };
    check_last_thousand(&server);
    let server = server.kill().start();
    check_last_thousand(&server);
    assert_eq!(server.screen("?since=1").message(), state);
}

#[test]
fn a_since_that_is_no_number_is_refused() {
    let server = Server::new();
    for query in ["?since=x", "?since=-1", "?since="] {
        let answer = handshake(&server, &format!("/ws{query}"), HANDSHAKE);
        assert!(answer.problem(422, "invalid").contains("since"));
    }
    let unknown = format!("/ws?ticket={}", "0".repeat(32));
    handshake(&server, &unknown, HANDSHAKE).problem(404, "not-found");
}

#[test]
fn a_follower_hears_where_its_ticket_stands_whenever_that_changes() {
    let server = Server::new();
    make_events(&server, 2);
    let ticket = server.ticket();
    let query = format!("?ticket={}", text(&ticket, "id"));
    let mut screen = server.screen(&query);
    screen.expect("state");
    let position = |screen: &mut Screen| loop {
        let message = screen.event();
        if message["type"] == "ticket-position" {
            break message["payload"].clone();
        }
    };
    let first = position(&mut screen);
    assert_eq!(first["code"], "A3");
    assert_eq!(first["state"], "waiting");
    assert_eq!(first["ahead"], 2);
    assert_eq!(first["estimateSeconds"], Value::Null);
    server.post("/api/desks/7/next").expect(200);
    assert_eq!(position(&mut screen)["ahead"], 1);
    // Events that do not move it are not sent: the next message is the next change.
    server.ticket();
    server.post("/api/desks/7/next").expect(200);
    assert_eq!(position(&mut screen)["ahead"], 0);
    server.post("/api/desks/7/next").expect(200);
    let called = position(&mut screen);
    assert_eq!(called["state"], "serving");
    assert_eq!(called["desk"], "7");
    assert_eq!(called["ahead"], Value::Null);
    assert_eq!(called["calls"], 1);
    // A recall is news too: the phone rings again.
    server.post("/api/desks/7/recall").expect(200);
    let recalled = position(&mut screen);
    assert_eq!(
        (&recalled["state"], &recalled["desk"]),
        (&called["state"], &called["desk"])
    );
    assert_eq!(recalled["calls"], 2);
    server.post("/api/desks/7/finish").expect(200);
    assert_eq!(position(&mut screen)["state"], "done");
    // It comes back, with what it missed and its place.
    let mut back = server.screen(&format!("{query}&since=0"));
    let last = number(&server.json("/api/health"), "seq");
    without_gaps(&back.until(last), 0);
    assert_eq!(position(&mut back)["state"], "done");
}

#[test]
fn a_follower_hears_of_every_way_its_ticket_can_go() {
    let server = Server::new();
    let ticket = server.ticket();
    let id = text(&ticket, "id");
    let mut screen = server.screen(&format!("?ticket={id}"));
    screen.expect("state");
    let mut position = || loop {
        let message = screen.event();
        if message["type"] == "ticket-position" {
            break message["payload"].clone();
        }
    };
    assert_eq!(position()["ahead"], 0);
    let back = format!("/api/tickets/{id}/return");
    for (path, state, ahead) in [
        ("/api/desks/7/next", "serving", Value::Null),
        ("/api/desks/7/hold", "held", Value::Null),
        (&*back, "waiting", json!(0)),
        ("/api/desks/7/next", "serving", Value::Null),
        ("/api/desks/7/no-show", "no-show", Value::Null),
        (&*back, "waiting", json!(0)),
        ("/api/desks/7/next", "serving", Value::Null),
        ("/api/desks/7/transfer", "waiting", json!(0)),
        (
            &*format!("/api/tickets/{id}/cancel"),
            "cancelled",
            Value::Null,
        ),
    ] {
        server.post(path).expect(200);
        let told = position();
        assert_eq!(
            (&told["state"], &told["ahead"]),
            (&json!(state), &ahead),
            "{path}"
        );
        assert_eq!(told["desk"], "7", "{path}: where it was last");
    }
}

#[test]
fn a_follower_gets_no_position_for_a_change_in_another_list() {
    let server = Server::new();
    let mut client = server.client();
    client
        .send_json("PUT", "/api/services/B", &json!({"name": "Other"}))
        .expect(201);
    let ticket = server.ticket();
    let mut screen = server.screen(&format!("?ticket={}", text(&ticket, "id")));
    screen.expect("state");
    screen.expect("ticket-position");
    for _ in 0..3 {
        server
            .post_json("/api/tickets", &json!({"service": "B"}))
            .expect(201);
        assert_eq!(screen.event()["type"], "ticket-created");
    }
    server.post("/api/desks/7/next").expect(200);
    assert_eq!(screen.event()["type"], "desk-changed");
    assert_eq!(screen.event()["type"], "ticket-called");
    assert_eq!(screen.event()["type"], "ticket-position");
}

#[test]
fn a_follower_hears_every_event_too() {
    let server = Server::new();
    let ticket = server.ticket();
    let mut screen = server.screen(&format!("?ticket={}", text(&ticket, "id")));
    screen.expect("state");
    make_events(&server, 50);
    let mut heard = Vec::new();
    while heard.len() < 50 {
        let message = screen.event();
        if message["type"] != "ticket-position" {
            heard.push(message);
        }
    }
    without_gaps(&heard, 1);
}

#[test]
fn the_subprotocol_is_chosen_only_where_it_is_offered() {
    let server = Server::new();
    let chosen = |offered: &str| {
        let headers = format!("{HANDSHAKE}{offered}");
        let answer = handshake(&server, "/ws", &headers);
        assert_eq!(answer.status, 101, "{offered}");
        let accept = answer.header("Sec-WebSocket-Accept");
        assert_eq!(accept, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        answer.header("Sec-WebSocket-Protocol").map(str::to_owned)
    };
    let v1 = Some("turnero.v1".to_owned());
    assert_eq!(chosen(""), None);
    assert_eq!(chosen("Sec-WebSocket-Protocol: turnero.v1\r\n"), v1);
    assert_eq!(chosen("Sec-WebSocket-Protocol: other, turnero.v1\r\n"), v1);
    assert_eq!(chosen("Sec-WebSocket-Protocol: other\r\n"), None);
    assert_eq!(chosen("Sec-WebSocket-Protocol: turnero.v10\r\n"), None);
}

#[test]
fn a_request_without_upgrade_is_answered_426() {
    let server = Server::new();
    let without_key = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    let old = HANDSHAKE.replace("13", "8");
    for headers in [
        "",
        "Upgrade: h2c\r\nConnection: Upgrade\r\n",
        without_key,
        &old,
    ] {
        let answer = handshake(&server, "/ws", headers);
        answer.problem(426, "upgrade-required");
        assert_eq!(answer.header("Upgrade"), Some("websocket"));
        assert_eq!(answer.header("Sec-WebSocket-Version"), Some("13"));
    }
    handshake(&server, "/api/health", HANDSHAKE).expect(200);
}

#[test]
fn another_sites_page_may_not_listen() {
    let server = Launch::new()
        .with(&["--allow-origin", "https://intranet.example"])
        .start();
    let from = |origin: &str| {
        let stream = TcpStream::connect(server.address()).unwrap();
        Screen::try_over(stream, "", Some("turnero.v1"), &[("Origin", origin)])
    };
    for origin in [
        "https://evil.example",
        "null",
        "http://127.0.0.1:1",
        "http://127.0.0.1",
    ] {
        let Err((status, body)) = from(origin) else {
            panic!("{origin} may listen");
        };
        assert_eq!(status, 403);
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(problem["code"], "cross-site");
    }
    for origin in [
        &format!("http://{}", server.address()),
        "https://intranet.example",
    ] {
        let Ok(mut screen) = from(origin) else {
            panic!("{origin} may not listen");
        };
        screen.expect("state");
    }
}

#[test]
fn a_ping_is_answered_with_what_it_carries() {
    let server = Server::new();
    let mut screen = server.screen("");
    screen.expect("state");
    screen
        .socket()
        .send(Message::Ping(Bytes::from_static(b"hola")))
        .unwrap();
    loop {
        match screen.socket().read().unwrap() {
            Message::Pong(carried) => {
                assert_eq!(carried.as_ref(), b"hola");
                break;
            }
            Message::Text(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_a_screen_sends_is_not_needed_whole_or_in_fragments() {
    let server = Server::new();
    let mut screen = server.screen("");
    screen.expect("state");
    let part = |bytes: &'static [u8], code, last| {
        Message::Frame(Frame::message(bytes, OpCode::Data(code), last))
    };
    let socket = screen.socket();
    socket.send(Message::text("{\"type\":\"hello\"}")).unwrap();
    socket.send(Message::binary(vec![0, 255])).unwrap();
    socket.send(Message::text("x".repeat(4_096))).unwrap();
    socket.send(part(b"one ", Data::Text, false)).unwrap();
    // A ping may come between fragments (RFC 6455, section 5.4).
    socket.send(Message::Ping(Bytes::new())).unwrap();
    socket.send(part(b"two", Data::Continue, true)).unwrap();
    server.ticket();
    assert_eq!(seq(&screen.expect("ticket-created")), 1);
}

#[test]
fn too_large_a_message_closes_with_1009_whole_or_in_fragments() {
    let server = Server::new();
    let mut whole = server.screen("");
    whole.expect("state");
    whole
        .socket()
        .send(Message::text("x".repeat(4_097)))
        .unwrap();
    assert_eq!(whole.closed(), Some(CloseCode::Size));

    let mut fragments = server.screen("");
    fragments.expect("state");
    for (code, last) in [(Data::Text, false), (Data::Continue, true)] {
        let frame = Frame::message(vec![b'x'; 3_000], OpCode::Data(code), last);
        fragments.socket().send(Message::Frame(frame)).unwrap();
    }
    assert_eq!(fragments.closed(), Some(CloseCode::Size));

    // A frame that only says how large it is going to be.
    let mut endless = server.screen("");
    endless.expect("state");
    let head = [
        0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4,
    ];
    endless.stream().write_all(&head).unwrap();
    assert_eq!(endless.closed(), Some(CloseCode::Size));
    server.screen("").expect("state");
}

#[test]
fn what_breaks_the_protocol_closes_that_screen_alone() {
    let server = Server::new();
    let mut bystander = server.screen("");
    bystander.expect("state");
    let frames: [&[u8]; 4] = [
        // Not masked, as a client's must be (RFC 6455, section 5.1).
        &[0x81, 0x02, b'h', b'i'],
        // A reserved opcode.
        &[0x83, 0x80, 0, 0, 0, 0],
        // A continuation of nothing.
        &[0x80, 0x80, 0, 0, 0, 0],
        // Text that is not UTF-8.
        &[0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28],
    ];
    for frame in frames {
        let mut screen = server.screen("");
        screen.expect("state");
        screen.stream().write_all(frame).unwrap();
        let code = screen.closed().map(u16::from);
        assert!(matches!(code, Some(1002 | 1007)), "{frame:x?}: {code:?}");
    }
    server.ticket();
    assert_eq!(seq(&bystander.event()), 1);
}

#[test]
fn a_close_is_answered_with_a_close() {
    let server = Server::new();
    let mut screen = server.screen("");
    screen.expect("state");
    let frame = CloseFrame {
        code: CloseCode::Normal,
        reason: "bye".into(),
    };
    screen.socket().close(Some(frame)).unwrap();
    assert_eq!(screen.closed(), Some(CloseCode::Normal));
    wait_until("the log says that it has gone", || {
        server.log().contains("Client disconnected")
    });
}

#[test]
fn the_log_says_who_comes_and_goes() {
    let server = Server::new();
    let count = |words: &str| server.log().matches(words).count();
    let screens = [server.screen(""), server.course_screen()];
    wait_until("both have come", || count("Client connected") == 2);
    assert_eq!(count("Client disconnected"), 0);
    drop(screens);
    wait_until("both have gone", || count("Client disconnected") == 2);
}

#[test]
fn frames_that_come_with_the_handshake_are_read() {
    let server = Server::new();
    let mut client: Client = server.client();
    let mut bytes = format!(
        "GET /ws HTTP/1.1\r\nHost: {}\r\n{HANDSHAKE}\r\n",
        server.address()
    );
    bytes.push_str("\r\n");
    let mut bytes = bytes.trim_end().as_bytes().to_vec();
    bytes.extend_from_slice(b"\r\n\r\n");
    let ping = Frame::ping(Bytes::from_static(b"early"));
    let mut header: FrameHeader = ping.header().clone();
    header.mask = Some([0; 4]);
    header
        .format(ping.payload().len() as u64, &mut bytes)
        .unwrap();
    bytes.extend_from_slice(ping.payload());
    client.raw(&bytes);
    assert_eq!(client.answer().status, 101);
    client.end_sending();
    let rest = client.drain();
    let pong = b"\x8a\x05early";
    let found = rest.windows(pong.len()).any(|seven| seven == pong);
    assert!(found, "{}", String::from_utf8_lossy(&rest));
}

#[test]
fn a_stop_closes_every_screen_with_1001() {
    let mut server = Server::new();
    let ticket = server.ticket();
    let query = format!("?ticket={}", text(&ticket, "id"));
    let mut screens = [
        server.screen(""),
        server.course_screen(),
        server.screen(&query),
    ];
    for screen in &mut screens {
        screen.message();
    }
    server.signal(Signal::TERM);
    for screen in &mut screens {
        assert_eq!(screen.closed(), Some(CloseCode::Away));
    }
    let status = server.ends_within(Duration::from_secs(5)).expect("it ends");
    assert_eq!(status.code(), Some(0));
}
