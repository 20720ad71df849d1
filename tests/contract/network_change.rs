//! The address that phones use follows the network of the server's computer, which may change while it runs.

use std::net::Ipv4Addr;
use std::process::Command;

use crate::common::{Launch, Own, Printer, Server, WELL, has_its_own, text};
use serde_json::json;

fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status();
    assert!(status.unwrap().success(), "ip {arguments}");
}

/// Puts the computer into a network in which it has this address.
fn join(address: Ipv4Addr) {
    ip(&format!("address add {address}/24 dev lo"));
    ip(&format!("route replace default dev lo src {address}"));
}

fn leave(address: Ipv4Addr) {
    ip("route delete default");
    ip(&format!("address delete {address}/24 dev lo"));
}

fn told_address(server: &Server) -> String {
    text(&server.json("/api/address"), "address").to_owned()
}

#[test]
fn the_address_in_the_printed_code_is_found_anew_after_the_network_has_changed() {
    let name = "network_change::the_address_in_the_printed_code_is_found_anew_after_the_network_has_changed";
    if !has_its_own(Own::Network, name) {
        return;
    }
    ip("link set lo up");
    let (morning, noon) = (Ipv4Addr::new(10, 9, 8, 7), Ipv4Addr::new(10, 20, 30, 40));
    let printer = Printer::new(WELL);
    let server = Launch::new().with(&["--listen", "0.0.0.0:0"]).start();
    let port = server.address().port();
    let list = json!({"printers": [{"name": "hall", "address": printer.target()}]});
    server.put_json("/api/settings", &list).expect(200);
    let print = |count: usize| {
        let body = json!({"printer": "hall"});
        let ticket = server.post_json("/api/tickets", &body).expect(201).json();
        let paper = printer.wait_for(count).pop().unwrap();
        (
            text(&ticket, "id").to_owned(),
            String::from_utf8_lossy(&paper).into_owned(),
        )
    };
    let has_problem = || server.json("/api/health").get("publicUrlProblem").is_some();
    // Without a network there is no address for a phone, and health says so.
    assert!(has_problem());
    assert!(!print(1).1.contains("http://"));
    for (count, address) in [(2, morning), (3, noon)] {
        join(address);
        assert_eq!(told_address(&server), format!("http://{address}:{port}/"));
        assert!(!has_problem());
        let (id, paper) = print(count);
        let expected = format!("http://{address}:{port}/t/{id}");
        assert!(
            paper.contains(&expected),
            "{expected} is on the paper: {paper:?}"
        );
        leave(address);
    }
    assert!(has_problem());
}
