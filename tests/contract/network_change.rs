//! The address that phones use follows the network of the server's computer, which may change while it runs.

use std::io::Write;
use std::process::Command;
use std::{env, net::Ipv4Addr};

use crate::common::{Launch, Printer, Server, WELL, text};
use serde_json::json;

/// Set in the process that has a network of its own.
const INSIDE: &str = "TURNERO_TEST_IN_OWN_NETWORK";

/// Whether this process has a network of its own. If not, runs the test `name` in a process that has one, with `unshare`.
/// Where the system forbids that, the test is left out, and says so.
fn is_in_own_network(name: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net"]);
        command
    };
    let probe = unshare().args(["ip", "link", "set", "lo", "up"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        // Directly, because the test harness hides the output of tests that pass.
        let said = "\nSKIPPED: no network namespaces here; it takes the commands unshare and ip\n";
        std::io::stderr().write_all(said.as_bytes()).unwrap();
        return false;
    }
    let test = env::current_exe().unwrap();
    let mut inside = unshare();
    inside.arg(test).args([name, "--exact", "--nocapture"]);
    let status = inside.env(INSIDE, "1").status().unwrap();
    assert!(status.success(), "it failed in a network of its own");
    false
}

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
    if !is_in_own_network(name) {
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
