//! Requests from another machine, which a network namespace of the kernel plays. Skipped, with a
//! message, if the system does not allow network namespaces.

use std::fs::File;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::process::Command;
use std::thread;

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::json;

use crate::common::{Client, Launch, Response, Screen, Server, array, wait_for, wait_until};
use crate::people::pin;

/// A network with one other machine. Removed when dropped.
struct Network {
    name: String,
    /// The address of this machine, and the addresses of the other one.
    here: IpAddr,
    there: Vec<IpAddr>,
}

impl Network {
    /// An IPv4 network in which the other machine has `machines` addresses.
    fn v4(number: u8, machines: u8) -> Option<Self> {
        let third = u8::try_from(std::process::id() % 250).unwrap();
        // A block for tests (RFC 2544), so that no real network is hidden.
        let address = |n: u8| Ipv4Addr::new(198, 18, third, number * 8 + n).into();
        Self::make(number, 29, address, machines)
    }

    /// An IPv6 network; all addresses are in one /64, as in an office.
    fn v6(number: u8, machines: u8) -> Option<Self> {
        let id = u16::try_from(std::process::id() % 60_000).unwrap();
        let address = |n: u8| {
            Ipv6Addr::new(0xfd00, 0x7457, id, u16::from(number), 0, 0, 0, u16::from(n)).into()
        };
        Self::make(number, 64, address, machines)
    }

    /// `None`, after a message, if the system does not allow it.
    fn make(number: u8, length: u8, address: impl Fn(u8) -> IpAddr, machines: u8) -> Option<Self> {
        let id = std::process::id();
        let name = format!("turnero-{id}-{number}");
        let (near, far) = (format!("tn{id}{number}a"), format!("tn{id}{number}b"));
        let network = Self {
            here: address(1),
            there: (2..2 + machines).map(&address).collect(),
            name: name.clone(),
        };
        // `nodad`: no wait for the detection of duplicate addresses.
        let at_once = if length == 64 { " nodad" } else { "" };
        let made = ip(&format!("netns add {name}"))
            && ip(&format!("link add {near} type veth peer name {far}"))
            && ip(&format!("link set {far} netns {name}"))
            && ip(&format!(
                "addr add {}/{length} dev {near}{at_once}",
                network.here
            ))
            && ip(&format!("link set {near} up"))
            && network.there.iter().all(|there| {
                ip(&format!(
                    "-n {name} addr add {there}/{length} dev {far}{at_once}"
                ))
            })
            && ip(&format!("-n {name} link set {far} up"));
        if !made {
            // Directly, because the test harness hides the output of tests that pass.
            let why = "it takes the command ip (Debian: iproute2), root, and for some IPv6";
            let said = format!("\nSKIPPED: no network namespaces here; {why}\n");
            std::io::stderr().write_all(said.as_bytes()).unwrap();
        }
        made.then_some(network)
    }

    /// A connection from the other machine's first address to the server.
    fn connect(&self, server: &Server) -> TcpStream {
        self.connect_from(0, server)
    }

    /// A connection from one address of the other machine to the server.
    fn connect_from(&self, machine: usize, server: &Server) -> TcpStream {
        let from = SocketAddr::new(self.there[machine], 0);
        let to = SocketAddr::new(self.here, server.address().port());
        let path = format!("/run/netns/{}", self.name);
        // In a thread of its own, because the thread stays in that namespace.
        let connecting = thread::spawn(move || {
            let network = File::open(path).unwrap();
            let kind = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(network.as_fd(), kind).unwrap();
            let family = if to.is_ipv4() {
                AddressFamily::INET
            } else {
                AddressFamily::INET6
            };
            let socket = socket(family, SocketType::STREAM, None).unwrap();
            bind(&socket, &from).unwrap();
            connect(&socket, &to).unwrap();
            TcpStream::from(socket)
        });
        connecting.join().unwrap()
    }

    fn send(
        &self,
        server: &Server,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Response {
        let mut client = Client::over(self.connect(server));
        client.send(method, path, headers, b"")
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Removing the namespace removes both ends of the cable.
        ip(&format!("netns del {}", self.name));
    }
}

fn ip(words: &str) -> bool {
    let status = Command::new("ip").args(words.split(' ')).status();
    status.is_ok_and(|status| status.success())
}

fn everywhere() -> Launch {
    Launch::new().with(&["--listen", "0.0.0.0:0"])
}

#[test]
fn a_skipped_network_test_prints_a_message() {
    let mut tests = Command::new(std::env::current_exe().unwrap());
    let tests = tests.args(["network::another", "network::over"]);
    let output = tests.env("PATH", "/nonexistent").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.matches("SKIPPED: no network").count(), 2, "{output:?}");
}

#[test]
fn another_machine_is_public_until_it_signs_in_whatever_headers_it_sends() {
    let Some(network) = Network::v4(0, 1) else {
        return;
    };
    let server = everywhere().start();
    let send =
        |method, path, headers: &[(&str, &str)]| network.send(&server, method, path, headers);
    send("GET", "/api/state", &[]).expect(200);
    send("POST", "/api/tickets", &[]).expect(201);
    for claim in [
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Real-IP", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1;host=localhost"),
        ("Cookie", "turnero-session=1"),
        ("Authorization", "Basic YWRtaW46YWRtaW4="),
    ] {
        send("GET", "/api/tickets", &[claim]).problem(401, "pin-needed");
    }
    let mut client = Client::over(network.connect(&server));
    client.raw("GET /api/tickets HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.answer().problem(401, "pin-needed");
    // With PINs any name is allowed.
    client.raw("GET /api/state HTTP/1.1\r\nHost: turnero.example\r\n\r\n");
    client.answer().expect(200);

    let body = json!({ "pin": pin(&server, "staff") }).to_string();
    let headers = [("Content-Type", "application/json")];
    let mut client = Client::over(network.connect(&server));
    let answer = client.send("POST", "/api/session", &headers, body.as_bytes());
    let answer = answer.expect(200);
    let cookie = answer
        .header("Set-Cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    send("POST", "/api/desks/1/next", &[("Cookie", cookie)]).expect(200);
    send("PUT", "/api/settings", &[("Cookie", cookie)]).problem(403, "not-allowed");

    let audit = server.json("/api/audit");
    let there = network.there[0].to_string();
    let known = array(&audit).iter().filter(|one| one["address"] == there);
    assert!(known.count() >= 2, "{audit}");
}

#[test]
fn the_connection_limit_of_an_address_does_not_affect_others() {
    let Some(network) = Network::v4(1, 1) else {
        return;
    };
    let server = everywhere()
        .with(&["--max-connections-per-address", "8"])
        .start();
    let mut screens = Vec::new();
    for _ in 0..8 {
        let stream = network.connect(&server);
        screens.push(Screen::over(stream, "", Some("turnero.v1")));
        screens.last_mut().unwrap().expect("state");
    }
    let mut client = Client::over(network.connect(&server));
    let detail = client.answer().problem(503, "too-many-connections");
    assert!(
        detail.contains("8 connections from this address"),
        "{detail}"
    );
    wait_until("the log says so", || {
        server.log().contains("has 8 connections open")
    });
    // The machine itself is exempt.
    let here: Vec<_> = (0..20).map(|_| server.client()).collect();
    server.ticket();
    drop(here);
    for screen in &mut screens {
        screen.expect("ticket-created");
    }
    // A connection that ends makes room.
    screens.pop();
    wait_for("there is room again", || {
        let mut client = Client::over(network.connect(&server));
        let asked = client.try_send("GET", "/api/health");
        asked.ok().filter(|answer| answer.status == 200)
    });
    // An idle connection is closed for the next one of its address.
    let idle = Client::over(network.connect(&server));
    wait_for("the idle one gives way", || {
        let mut client = Client::over(network.connect(&server));
        let asked = client.try_send("GET", "/api/health");
        asked.ok().filter(|answer| answer.status == 200)
    });
    drop(idle);
}

#[test]
fn over_ipv6_neighbours_share_the_limit_of_wrong_pins_but_not_of_tickets_and_connections() {
    let Some(network) = Network::v6(2, 5) else {
        return;
    };
    let listen = ["--listen", "[::]:0", "--max-connections-per-address", "8"];
    let server = Launch::new().with(&listen).start();
    let send = |machine, method, path, body: &str| {
        let mut client = Client::over(network.connect_from(machine, &server));
        let headers = [("Content-Type", "application/json")];
        client.send(method, path, &headers, body.as_bytes())
    };
    let sign_in = |machine, pin: &str| {
        let body = json!({ "pin": pin }).to_string();
        send(machine, "POST", "/api/session", &body)
    };
    send(0, "GET", "/api/state", "").expect(200);
    send(0, "GET", "/api/tickets", "").problem(401, "pin-needed");

    let right = pin(&server, "staff");
    (0..5).for_each(|_| drop(sign_in(0, "00000000").problem(401, "wrong-pin")));
    // Wrong PINs count for the network; a neighbour would need a device cookie.
    sign_in(0, &right).problem(429, "too-many-requests");
    sign_in(1, &right).problem(429, "too-many-requests");

    let takes = |machine| send(machine, "POST", "/api/tickets", "").status;
    let taken: Vec<u16> = (0..21).map(|_| takes(0)).collect();
    assert_eq!(taken[19..], [201, 429]);
    assert_eq!(takes(1), 201);

    // Another server, because connections that just ended can still count at this one.
    let idle = Launch::new().with(&listen).start();
    let fill = |machine| -> Vec<Screen> {
        let screen = |_| {
            let stream = network.connect_from(machine, &idle);
            let mut screen = Screen::over(stream, "", Some("turnero.v1"));
            screen.expect("state");
            screen
        };
        (0..8).map(screen).collect()
    };
    let refused = |machine| {
        let mut client = Client::over(network.connect_from(machine, &idle));
        client.answer().problem(503, "too-many-connections")
    };
    let mut screens = fill(0);
    assert!(refused(0).contains("from this address"));
    // The network has four times the limit.
    (1..4).for_each(|machine| screens.extend(fill(machine)));
    assert!(refused(4).contains("from this network"));
    screens.pop();
    wait_for("one has gone", || {
        let mut client = Client::over(network.connect_from(4, &idle));
        let asked = client.try_send("GET", "/api/health");
        asked.ok().filter(|answer| answer.status == 200)
    });
    let audit = server.json("/api/audit");
    let there = network.there[0].to_string();
    assert!(
        array(&audit).iter().any(|one| one["address"] == there),
        "{audit}"
    );
}
