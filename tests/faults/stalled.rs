//! Screens and clients that stop reading.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{AddressFamily, SocketType, connect, socket};
use rustix::process::Signal;

use crate::common::{Certificate, Client, Folder, Launch, Screen, Server, Stream, seq, wait_until};

/// Number of events: fewer than the server remembers, and far more than sockets hold.
const EVENTS: u64 = 950;

/// A connection with a very small receive buffer.
fn narrow(address: SocketAddr) -> TcpStream {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    // It must be set before the connection is made, which agrees on the window.
    set_socket_recv_buffer_size(&socket, 2_048).unwrap();
    connect(&socket, &address).unwrap();
    TcpStream::from(socket)
}

/// A screen that has read the state and reads nothing more, over HTTPS if there is a certificate.
fn stalled(server: &Server, certificate: Option<&Certificate>) -> Screen {
    let stream: Stream = match certificate {
        Some(certificate) => certificate.over(narrow(server.tls_address())),
        None => narrow(server.address()).into(),
    };
    let mut screen = Screen::over(stream, "", Some("turnero.v1"));
    assert_eq!(seq(&screen.expect("state")), 0);
    screen
}

/// Makes events of the largest size, up to that number.
fn make_events(server: &Server, last: u64) {
    // A name of 160 bytes, four times in each message.
    let desk = "%F0%9F%AA%91".repeat(40);
    server.ticket();
    let mut client = server.client();
    client.post(&format!("/api/desks/{desk}/next")).expect(200);
    for _ in 3..last {
        client
            .post(&format!("/api/desks/{desk}/recall"))
            .expect(200);
    }
    assert_eq!(server.json("/api/health")["seq"], last);
}

#[test]
fn a_screen_that_stops_reading_delays_nobody() {
    // It is never dropped here: a thread that waited for it would wait for ever.
    let certificate = Certificate::new();
    let flags = ["--send-seconds=3600"];
    let mut server = certificate.launch().with(&flags).start();
    let plain_and_tls = [None, Some(&certificate)].into_iter().cycle();
    let asleep: Vec<Screen> = plain_and_tls
        .take(4)
        .map(|of| stalled(&server, of))
        .collect();
    let mut awake = [
        server.screen(""),
        server.course_screen(),
        certificate.screen(&server),
    ];
    for screen in &mut awake {
        screen.message();
    }
    make_events(&server, EVENTS);
    for number in [0, 2] {
        let heard = awake[number].until(EVENTS);
        let numbers: Vec<u64> = heard.iter().map(seq).collect();
        assert_eq!(numbers, (1..=EVENTS).collect::<Vec<u64>>());
    }
    // New screens connect and tickets are made as usual.
    server.screen("").expect("state");
    server.ticket();
    let bound = 48 * 1024;
    let most = server.memory_kb("VmHWM");
    assert!(most < bound, "{most} kB for screens that do not read");
    assert!(!server.log().contains("panicked"));
    server.signal(Signal::TERM);
    let status = server.ends_within(Duration::from_secs(5));
    assert_eq!(status.expect("it ends").code(), Some(0), "{}", server.log());
    drop(asleep);
}

#[test]
fn a_screen_that_reads_nothing_is_dropped_and_misses_nothing_after_it_reconnects() {
    let certificate = Certificate::new();
    for of in [None, Some(&certificate)] {
        is_dropped_and_misses_nothing(&certificate.launch(), of);
    }
}

fn is_dropped_and_misses_nothing(launch: &Launch, certificate: Option<&Certificate>) {
    let server = launch.clone().with(&["--send-seconds=3"]).start();
    let mut asleep = stalled(&server, certificate);
    let mut awake = server.screen("");
    awake.expect("state");
    std::thread::scope(|scope| {
        // It reads all the time: a screen that reads only afterwards may be dropped as well.
        let heard = scope.spawn(|| awake.until(EVENTS).len() as u64);
        make_events(&server, EVENTS);
        assert_eq!(heard.join().unwrap(), EVENTS);
    });
    wait_until("the sleeping screen is dropped", || {
        server.log().contains("Client disconnected")
    });
    // Bytes in the sockets may still arrive; then the connection is over.
    let mut last = 0;
    while let Ok(message) = asleep.try_text() {
        let message: serde_json::Value = serde_json::from_str(&message).unwrap();
        if message["type"] != "tick" {
            assert_eq!(seq(&message), last + 1);
            last += 1;
        }
    }
    assert!(last < EVENTS, "it had read everything, so nothing stalled");
    let mut back = server.screen(&format!("?since={last}"));
    let missed: Vec<u64> = back.until(EVENTS).iter().map(seq).collect();
    assert_eq!(missed, (last + 1..=EVENTS).collect::<Vec<u64>>());
    // The other screen is unaffected.
    server.ticket();
    assert_eq!(seq(&awake.event()), EVENTS + 1);
    assert_eq!(server.log().matches("Client disconnected").count(), 1);
}

#[test]
fn a_download_that_stalls_ends_after_the_time_that_the_flag_says() {
    let media = Folder::new();
    media.write("long.mp4", &"x".repeat(8_000_000));
    let server = Launch::new().with(&["--send-seconds=2", "--media"]);
    let server = server.with(&[media.path()]).start();
    let files = server.open_files();
    let mut client = Client::over(narrow(server.address()));
    let begun = Instant::now();
    client.request("GET", "/media/long.mp4", &[], b"");
    wait_until("it has begun", || server.open_files() > files);
    wait_until("it has ended", || server.open_files() <= files);
    // Once, not once for each part that the socket still took.
    assert!(
        begun.elapsed() < Duration::from_millis(3_800),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a_client_that_does_not_read_its_answers_is_dropped() {
    let server = Launch::new().with(&["--send-seconds=1"]).start();
    let mut client = server.client();
    for _ in 0..1_000 {
        client.post("/api/tickets").expect(201);
    }
    let files = server.open_files();
    let mut greedy = Client::over(narrow(server.address()));
    // 40 lists of 300 kB each, and none of them read.
    for _ in 0..40 {
        greedy.request("GET", "/api/tickets", &[], b"");
    }
    wait_until("it is dropped", || {
        client.get("/api/health").expect(200);
        server.open_files() <= files && greedy.try_raw(b"G").is_err()
    });
}
