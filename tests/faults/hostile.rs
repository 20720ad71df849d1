//! Peers that take what they can: after each, the next honest request is answered, and memory
//! stays where it was.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Resource;

use crate::common::{Client, Launch, PATIENCE, Server, wait_until};

/// Resident memory that a new server of a debug build stays under, in kB.
const BASE_KB: u64 = 32 * 1024;

/// An honest request is answered.
#[track_caller]
fn honest(server: &Server) {
    server.post("/api/tickets").expect(201);
    server.get("/api/health").expect(200);
}

/// The most memory that there ever was is under that.
#[track_caller]
fn flat(server: &Server, bound_kb: u64) {
    let most = server.memory_kb("VmHWM");
    assert!(
        most < bound_kb,
        "{most} kB were in use, more than {bound_kb}"
    );
}

#[test]
fn a_body_of_a_tebibyte_is_refused_by_its_head() {
    let server = Server::new();
    for length in [
        "1099511627776",
        "18446744073709551616",
        "99999999999999999999999999",
    ] {
        for (method, path) in [("POST", "/api/tickets"), ("GET", "/"), ("POST", "/ws")] {
            let mut client = server.client();
            let head = format!(
                "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
            );
            client.raw(head);
            client.answer().problem(413, "body-too-large");
            // It goes on sending, for as long as it is let.
            let mut sent = 0;
            while sent < 16 * 1024 * 1024 && client.try_raw([b'x'; 65_536]).is_ok() {
                sent += 65_536;
            }
            assert!(sent < 16 * 1024 * 1024, "the server takes everything");
            honest(&server);
        }
    }
    flat(&server, BASE_KB);
}

#[test]
fn a_head_of_a_million_bytes_is_refused() {
    let server = Server::new();
    let heads = [
        format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\nX: {}",
            "x".repeat(1_000_000)
        ),
        format!("GET / HTTP/1.1\r\n{}", "X: y\r\n".repeat(166_667)),
        format!("GET /{}", "x".repeat(1_000_000)),
        "x".repeat(1_000_000),
        "\r\n".repeat(500_000),
        "\0".repeat(1_000_000),
    ];
    for head in heads {
        let mut client = server.client();
        // The server may have ended it before all is sent.
        let _ = client.try_raw(&head);
        let status = client.answer().status;
        assert!([400, 414, 431].contains(&status), "{status}");
        honest(&server);
    }
    flat(&server, BASE_KB);
}

#[test]
fn five_hundred_that_send_a_byte_every_second_hold_nobody_up() {
    // The pace is the attack: the time for a head ends although every wait for a byte is short.
    let server = Launch::new().with(&["--head-seconds=2"]).start();
    let mut slow: Vec<Client> = (0..500).map(|_| server.client()).collect();
    honest(&server);
    let head = b"POST /api/tickets HTTP/1.1\r\n".iter();
    let started = Instant::now();
    for (turn, byte) in head.enumerate() {
        slow.retain_mut(|client| client.try_raw([*byte]).is_ok());
        honest(&server);
        if turn == 0 {
            assert_eq!(slow.len(), 500);
        }
        if turn == 2 {
            break;
        }
        while started.elapsed() < Duration::from_secs(1) * (turn as u32 + 1) {
            honest(&server);
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    for client in &mut slow {
        // Told so, or ended already when the last byte came.
        if let Ok(answer) = client.try_receive() {
            answer.problem(408, "request-timeout");
        }
    }
    honest(&server);
    // 500 threads, at less than 64 kB each.
    flat(&server, BASE_KB + 500 * 64);
}

#[test]
fn a_hundred_connections_at_once_are_all_answered_each_time() {
    let server = Server::new();
    let round = |server: &Server| {
        let mut clients: Vec<Client> = (0..100).map(|_| server.client()).collect();
        for client in &mut clients {
            client.request("GET", "/api/health", &[], b"");
        }
        for client in &mut clients {
            client.answer().expect(200);
        }
        honest(server);
        for client in clients.iter_mut().rev() {
            client.get("/api/state").expect(200);
        }
    };
    for _ in 0..5 {
        round(&server);
    }
    let after_five = server.memory_kb("VmRSS");
    for _ in 0..20 {
        round(&server);
    }
    let after_all = server.memory_kb("VmRSS");
    let most = after_five + 4 * 1024;
    assert!(
        after_all < most,
        "it grew from {after_five} kB to {after_all} kB"
    );
    flat(&server, BASE_KB + 100 * 64);
}

#[test]
fn more_connections_than_files_are_survived_again_and_again() {
    // Silence is allowed for an hour, so that nothing but giving way makes room.
    let launch = Launch::new().with(&["--idle-seconds=3600"]);
    let server = launch.after("ulimit -n 96").start();
    for _ in 0..3 {
        let idle: Vec<Client> = (0..300).map(|_| server.client()).collect();
        // Idle ones give way, so even now there is room for who asks.
        wait_until("an honest request is answered among 300 idle ones", || {
            let answer = server.client().try_send("GET", "/api/health");
            answer.is_ok_and(|answer| answer.status == 200)
        });
        drop(idle);
        wait_until("there is room again", || {
            let answer = server.client().try_send("POST", "/api/tickets");
            answer.is_ok_and(|answer| answer.status == 201)
        });
    }
    flat(&server, BASE_KB + 96 * 64);
}

#[test]
fn screens_that_fill_the_open_file_limit_leave_the_server_alive() {
    let server = Launch::new().after("ulimit -n 80").start();
    let mut screens = Vec::new();
    for _ in 0..200 {
        let stream = TcpStream::connect(server.address()).unwrap();
        let opened = std::panic::catch_unwind(|| {
            crate::common::Screen::try_over(stream, "", Some("turnero.v1"), &[])
        });
        match opened {
            Ok(Ok(screen)) => screens.push(screen),
            Ok(Err((status, _))) => assert_eq!(status, 503),
            // A reset overtook the refusal.
            Err(_) => {}
        }
    }
    assert!(
        !screens.is_empty() && screens.len() < 80,
        "{}",
        screens.len()
    );
    for screen in &mut screens {
        screen.expect("state");
    }
    screens.truncate(3);
    wait_until("there is room again", || {
        let answer = server.client().try_send("POST", "/api/tickets");
        answer.is_ok_and(|answer| answer.status == 201)
    });
    for screen in &mut screens {
        screen.expect("ticket-created");
    }
}

#[test]
fn running_out_of_files_does_not_end_accepting() {
    let server = Server::new();
    // The limit falls while the server runs, so that accepting fails and not the counting.
    let used = server.open_files() as u64;
    server.limit(Resource::Nofile, Some(used + 4));
    let waiting: Vec<Client> = (0..50).map(|_| server.client()).collect();
    wait_until("accepting fails", || {
        server.log().contains("could not be accepted")
    });
    // It fails 20 times a second, and says so every 10 s.
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(server.log().matches("could not be accepted").count(), 1);
    drop(waiting);
    wait_until("an honest request is answered", || {
        let answer = server.client().try_send("POST", "/api/tickets");
        answer.is_ok_and(|answer| answer.status == 201)
    });
    server.limit(Resource::Nofile, None);
    honest(&server);
    let started = Instant::now();
    let many: Vec<Client> = (0..100).map(|_| server.client()).collect();
    for mut client in many {
        client.get("/api/health").expect(200);
    }
    assert!(started.elapsed() < PATIENCE);
    flat(&server, BASE_KB + 100 * 64);
}

#[test]
fn malformed_input_closes_only_its_own_connection() {
    let server = Server::new();
    let mut screen = server.screen("");
    screen.expect("state");
    // Numbers that look random and are the same each time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let request = b"POST /api/tickets HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    for _ in 0..300 {
        let mut bytes = request.to_vec();
        for _ in 0..1 + random() % 4 {
            let place = random() as usize % bytes.len();
            bytes[place] = random() as u8;
        }
        let mut client = server.client();
        let _ = client.try_raw(&bytes);
        client.end_sending();
        client.drain();
    }
    honest(&server);
    assert!(!server.log().contains("panicked"), "{}", server.log());
    assert!(screen.event()["seq"].is_u64());
}
