//! A server, and a pair of databases whose primary fails.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;

use rustix::process::{Signal, getuid, kill_process};

use crate::common::{Folder, Launch, Own, Pair, has_its_own, number, wait_until};

#[test]
fn an_old_primary_that_comes_back_beside_its_successor_is_refused_until_it_is_stopped() {
    let Some(mut pair) = Pair::new() else {
        return;
    };
    let server = Launch::new().with(&["--data", &pair.address()]).start();
    let mut last = number(&server.ticket(), "number");
    pair.kill_primary();
    pair.promote();
    let mut make = || {
        wait_until("a ticket", || {
            let answer = server.post("/api/tickets");
            let is_made = answer.status == 201;
            if is_made {
                last += 1;
                assert_eq!(number(&answer.json(), "number"), last);
            } else {
                answer.problem(503, "storage-unavailable");
            }
            is_made
        });
    };
    make();
    // Its address is the first of the two.
    pair.start_other();
    pair.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'turnero%'");
    server
        .post("/api/tickets")
        .problem(503, "storage-unavailable");
    wait_until("it says why", || {
        server.log().contains("does not have event 2")
    });
    wait_until("it is not well", || server.get("/api/health").status == 503);
    pair.stop_other();
    make();
    wait_until("it is well", || server.get("/api/health").status == 200);
}

#[test]
fn while_the_synchronous_standby_is_away_health_says_so_and_nobody_else_waits() {
    let Some(pair) = Pair::new() else {
        return;
    };
    let launch = Launch::new().with(&["--data", &pair.address()]);
    let servers = [launch.start(), launch.start()];
    assert_eq!(servers[0].ticket()["number"], 1);
    pair.stop_other();
    thread::scope(|scope| {
        // It waits for the standby, and the other server for it.
        let waiting = servers
            .each_ref()
            .map(|server| scope.spawn(move || server.post("/api/tickets")));
        for server in &servers {
            wait_until("health says so", || {
                let health = server.get("/api/health");
                health.status == 503 && health.text().contains("synchronous standby")
            });
            let refused = server.post("/api/tickets");
            refused.problem(503, "storage-unavailable");
            assert_eq!(server.json("/api/state")["payload"]["waiting"], 1);
        }
        pair.start_other();
        let mut made = waiting.map(|waiting| {
            let answer = waiting.join().unwrap().expect(201);
            number(&answer.json(), "number")
        });
        made.sort_unstable();
        assert_eq!(made, [2, 3], "who waited has a ticket");
    });
    for server in &servers {
        wait_until("it is well", || server.get("/api/health").status == 200);
    }
    assert_eq!(servers[1].ticket()["number"], 4);
}

#[test]
fn a_database_that_stops_answering_in_a_quiet_moment_shows_in_health() {
    let Some(pair) = Pair::new() else {
        return;
    };
    let server = Launch::new().with(&["--data", &pair.address()]).start();
    assert_eq!(server.ticket()["number"], 1);
    let frozen = pair.freeze_backends();
    wait_until("health says so", || server.get("/api/health").status == 503);
    let refused = server.post("/api/tickets");
    refused.problem(503, "storage-unavailable");
    for pid in frozen {
        kill_process(pid, Signal::CONT).unwrap();
    }
    wait_until("it is well", || server.get("/api/health").status == 200);
    assert_eq!(server.ticket()["number"], 2);
}

/// A server on a machine of its own. It ends with the test.
struct Machine(Child);

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs `ip` with these words.
fn ip(words: &str) {
    let status = Command::new("ip").args(words.split(' ')).status().unwrap();
    assert!(status.success(), "ip {words}");
}

#[test]
fn another_server_leads_once_the_machine_of_the_leader_is_silent() {
    let name = "failover::another_server_leads_once_the_machine_of_the_leader_is_silent";
    if !getuid().is_root() {
        eprintln!("NOT TESTED: only root can give PostgreSQL a network of its own");
        return;
    }
    if !has_its_own(Own::Network, name) {
        return;
    }
    let folder = Folder::new();
    let access = "local all all trust\nlocal replication all trust\nhost all all all trust\n";
    folder.write("pg_hba.conf", access);
    ip("link set lo up");
    ip("link add here type veth peer name there");
    ip("address add 192.0.2.1/30 dev here");
    ip("link set here up");
    let file = folder.join("pg_hba.conf");
    let settings = format!(
        "listen_addresses = '192.0.2.1'\nhba_file = '{}'",
        file.display()
    );
    let Some(pair) = Pair::with([&settings, ""]) else {
        return;
    };
    // Another machine: its end of the cable is there once it has a network.
    let begin =
        r#"read line; ip address add 192.0.2.2/30 dev there; ip link set there up; exec "$0" "$@""#;
    let leader = Command::new("unshare")
        .args(["--net", "sh", "-c", begin, env!("CARGO_BIN_EXE_turnero")])
        .args(["--data", "postgres://turnero@192.0.2.1/postgres"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .spawn();
    let mut leader = Machine(leader.unwrap());
    let is_unshared = || {
        let network = |id: &str| std::fs::read_link(format!("/proc/{id}/ns/net")).unwrap();
        network(&leader.0.id().to_string()) != network("self")
    };
    wait_until("the other machine is there", is_unshared);
    ip(&format!("link set there netns {}", leader.0.id()));
    let mut line = leader.0.stdin.take().unwrap();
    line.write_all(b"\n").unwrap();
    let connections = "SELECT count(*) FROM pg_stat_activity WHERE client_addr = '192.0.2.2'";
    wait_until("it works and leads", || pair.sql(connections).trim() == "2");
    let server = Launch::new().with(&["--data", &pair.address()]).start();
    let role = || server.json("/api/health")["database"]["role"].clone();
    assert_eq!(role(), "follower");
    ip("link set here down");
    wait_until("the one that is left leads", || role() == "leader");
    server.ticket();
}
