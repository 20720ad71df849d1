//! A server, and a pair of databases whose primary fails.

use std::thread;

use rustix::process::{Signal, kill_process};

use crate::common::{Launch, Pair, number, wait_until};

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
