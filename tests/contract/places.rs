//! Long-lived connections: their limits, which of them give way, and the reserve of places.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{AddressFamily, SocketType, connect, socket};

use crate::common::{Client, Screen, Server, wait_until};
use crate::people::{FAR, Person, behind_a_proxy, pin};

const POLL: &str = "/api/events?since=0&wait=25";

/// Much less than a poll waits, and much more than a busy machine needs.
const SOON: Duration = Duration::from_secs(10);

/// A long poll of a public caller, which waits.
fn poll(server: &Server, address: &str) -> Client {
    let mut client = server.client();
    client.request("GET", POLL, &[("X-Forwarded-For", address)], b"");
    client
}

#[test]
fn a_poll_ends_when_its_client_has_gone_even_if_unread_bytes_wait() {
    let server = Server::new();
    let files = server.open_files();
    let begun = Instant::now();
    let mut gone: Vec<Client> = (0..40).map(|_| poll(&server, FAR)).collect();
    for client in &mut gone[20..] {
        client.raw("GET /api/health HTTP/1.1\r\n");
    }
    wait_until("they are there", || server.open_files() >= files + 40);
    drop(gone);
    // The pipe that polls wait for stays, and the connections to PostgreSQL may come late.
    wait_until("they have ended", || server.open_files() < files + 10);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[test]
fn a_client_that_only_ends_its_side_gets_the_answer_of_its_poll_at_once() {
    let server = Server::new();
    let begun = Instant::now();
    let mut client = poll(&server, FAR);
    client.end_sending();
    assert_eq!(client.answer().expect(200).text(), "[]");
    client.expect_end();
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[test]
fn polls_hear_of_an_event_at_once_and_give_way_to_new_connections() {
    let server = behind_a_proxy().with(&["--max-connections=4"]).start();
    let begun = Instant::now();
    let polls: Vec<Client> = (0..4).map(|_| poll(&server, FAR)).collect();
    Person::here().get(&server, "/api/health").expect(200);
    let ticket = Person::at("192.0.2.8").post(&server, "/api/tickets");
    ticket.expect(201);
    let answers = polls.into_iter().map(|mut poll| poll.answer().expect(200));
    let (given_way, heard): (Vec<_>, Vec<_>) = answers.partition(|answer| answer.text() == "[]");
    assert!((1..=2).contains(&given_way.len()), "{given_way:?}");
    for answer in heard {
        assert!(answer.text().contains("ticket-created"), "{answer:?}");
    }
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[test]
fn the_public_leaves_places_for_staff_health_checks_and_this_machine() {
    // Two of 16 are kept free.
    let server = behind_a_proxy().with(&["--max-connections=16"]).start();
    let staff = pin(&server, "staff");
    let stranger = |n: usize| Person::at(&format!("198.51.100.{n}"));
    let mut held: Vec<Screen> = Vec::new();
    for n in 0..14 {
        held.push(stranger(n).watch(&server, "", Some("turnero.v1")));
    }
    let begun = Instant::now();
    assert_eq!(stranger(14).handshake_status(&server), 503);
    let detail = stranger(14)
        .get(&server, POLL)
        .problem(503, "too-many-connections");
    assert!(detail.contains("14"), "{detail}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    // Others are answered, and what need not wait as well.
    stranger(14).get(&server, "/api/health").expect(200);
    stranger(14).get(&server, "/api/events?since=0").expect(200);
    let staff = stranger(15).signed_in(&server, &staff);
    let _desk = staff.watch(&server, "", Some("turnero.v1"));
    // A stranger who leaves makes room.
    held.pop();
    wait_until("there is room", || {
        stranger(14).handshake_status(&server) == 101
    });
}

#[test]
fn a_client_behind_a_proxy_has_its_share_of_screens_and_polls() {
    let flags = ["--max-connections-per-address=4"];
    let server = behind_a_proxy().with(&flags).start();
    let far = Person::at(FAR);
    let _screens: Vec<Screen> = (0..3)
        .map(|_| far.watch(&server, "", Some("turnero.v1")))
        .collect();
    let files = server.open_files();
    let waiting = poll(&server, FAR);
    // Its connection, and the two ends of the pipe that it waits for once it has its place.
    wait_until("the poll waits", || server.open_files() >= files + 3);
    assert_eq!(far.handshake_status(&server), 503);
    let detail = far.get(&server, POLL).problem(503, "too-many-connections");
    assert!(
        detail.contains("4 connections from this address"),
        "{detail}"
    );
    Person::at("192.0.2.8").watch(&server, "", Some("turnero.v1"));
    drop(waiting);
    wait_until("there is room", || far.handshake_status(&server) == 101);
}

/// A connection with a very small receive buffer.
fn narrow(address: SocketAddr) -> TcpStream {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    set_socket_recv_buffer_size(&socket, 2_048).unwrap();
    connect(&socket, &address).unwrap();
    TcpStream::from(socket)
}

#[test]
fn strangers_who_do_not_read_their_answers_give_way() {
    let flags = ["--max-connections=4", "--send-seconds=3600"];
    let server = behind_a_proxy().with(&flags).start();
    let page = format!("GET /lang/es.json HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {FAR}\r\n\r\n");
    let mut greedy = Vec::new();
    for _ in 0..4 {
        let mut client = Client::over(narrow(server.address()));
        client.raw(page.repeat(60));
        greedy.push(client);
    }
    for _ in 0..8 {
        wait_until("an honest request is answered", || {
            let answer = server.client().try_send("GET", "/api/health");
            answer.is_ok_and(|answer| answer.status == 200)
        });
    }
}
