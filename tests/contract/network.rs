//! From a second network: a machine that is really another one, for the server.
//!
//! The kernel's network namespaces make it, where the system allows that.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::json;

use crate::common::{Client, Launch, PATIENCE, Response, Server, array, wait_for, wait_until};
use crate::people::pin;

/// A network with one machine beside this one; gone with the test.
struct Network {
    name: String,
    /// This machine in it, and the other one.
    here: Ipv4Addr,
    there: Ipv4Addr,
}

impl Network {
    /// `None` where the system does not allow it, which is said.
    fn make(number: u8) -> Option<Self> {
        let id = std::process::id();
        let name = format!("turnero-{id}-{number}");
        let (near, far) = (format!("tn{id}{number}a"), format!("tn{id}{number}b"));
        // A block for tests between networks (RFC 2544), so that no real one is hidden.
        let third = u8::try_from(id % 250).unwrap();
        let address = |last| Ipv4Addr::new(198, 18, third, number * 4 + last);
        let network = Self {
            here: address(1),
            there: address(2),
            name: name.clone(),
        };
        let inside = ["netns", "exec", &name, "ip"];
        let within = |rest: &[&str]| ip(&[&inside[..], rest].concat());
        let made = ip(&["netns", "add", &name])
            && ip(&["link", "add", &near, "type", "veth", "peer", "name", &far])
            && ip(&["link", "set", &far, "netns", &name])
            && ip(&["addr", "add", &format!("{}/30", network.here), "dev", &near])
            && ip(&["link", "set", &near, "up"])
            && within(&["addr", "add", &format!("{}/30", network.there), "dev", &far])
            && within(&["link", "set", &far, "up"]);
        if !made {
            eprintln!(
                "SKIPPED: no network namespaces here; it takes the command ip (Debian: iproute2) and root"
            );
        }
        made.then_some(network)
    }

    /// A connection from the other machine.
    fn connect(&self, server: &Server) -> TcpStream {
        let to = SocketAddr::from((self.here, server.address().port()));
        let path = format!("/run/netns/{}", self.name);
        // The thread stays in that network, so it is one of its own.
        let connecting = thread::spawn(move || {
            let network = File::open(path).unwrap();
            move_into_link_name_space(
                std::os::fd::AsFd::as_fd(&network),
                Some(LinkNameSpaceType::Network),
            )
            .unwrap();
            TcpStream::connect_timeout(&to, PATIENCE).unwrap()
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
        // The two ends of the cable go with it.
        ip(&["netns", "del", &self.name]);
    }
}

fn ip(arguments: &[&str]) -> bool {
    let status = Command::new("ip").args(arguments).status();
    status.is_ok_and(|status| status.success())
}

fn everywhere() -> Launch {
    Launch::new().with(&["--listen", "0.0.0.0:0"])
}

#[test]
fn another_machine_is_nobody_until_it_signs_in_whatever_it_says() {
    let Some(network) = Network::make(0) else {
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
    // With PINs any name will do: the office may have given it one.
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

    let trace = server.json("/api/trace");
    let there = network.there.to_string();
    let known = array(&trace).iter().filter(|one| one["address"] == there);
    assert!(known.count() >= 2, "{trace}");
}

#[test]
fn an_address_has_as_many_connections_as_it_may_and_others_go_on() {
    let Some(network) = Network::make(1) else {
        return;
    };
    let server = everywhere()
        .with(&["--max-connections-per-address", "8"])
        .start();
    let mut screens = Vec::new();
    for _ in 0..8 {
        let stream = network.connect(&server);
        screens.push(crate::common::Screen::over(stream, "", Some("turnero.v1")));
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
    // The machine itself is not counted.
    let here: Vec<_> = (0..20).map(|_| server.client()).collect();
    server.ticket();
    drop(here);
    for screen in &mut screens {
        screen.expect("ticket-created");
    }
    // Who goes makes room.
    screens.pop();
    wait_for("there is room again", || {
        let mut client = Client::over(network.connect(&server));
        let asked = client.try_send("GET", "/api/health");
        asked.ok().filter(|answer| answer.status == 200)
    });
    // One that only waits gives way to the next of the same address.
    let idle = Client::over(network.connect(&server));
    wait_for("the idle one gives way", || {
        let mut client = Client::over(network.connect(&server));
        let asked = client.try_send("GET", "/api/health");
        asked.ok().filter(|answer| answer.status == 200)
    });
    drop(idle);
}
