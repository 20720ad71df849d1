//! Servers whose connection to PostgreSQL is cut at any byte, or away for a while, through a proxy that breaks it.
//! Without the database of `tests/with-postgres` they do nothing, and say so.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{DatabaseProxy, Launch, SOCKET, Server, codes, database, number, wait_until};

/// A proxy in front of the database of the tests; `None` skips the test.
fn proxy() -> Option<DatabaseProxy> {
    let Some(address) = database() else {
        eprintln!("not run: tests/with-postgres gives these tests a database");
        return None;
    };
    let (_, folder) = address.split_once("host=").unwrap();
    let folder = Path::new(folder.split('&').next().unwrap());
    Some(DatabaseProxy::new(folder.join(SOCKET)))
}

/// A server of that office whose connections go through the proxy.
fn server(proxy: &DatabaseProxy, office: &str) -> Server {
    Launch::new()
        .with(&["--data", &proxy.address(), "--office", office])
        .start()
}

#[test]
fn wherever_the_connection_is_cut_each_answered_ticket_is_stored_once_and_no_refused_one() {
    let Some(proxy) = proxy() else {
        return;
    };
    let office = proxy.office();
    let server = server(&proxy, &office);
    let mut answered = Vec::new();
    // A ticket takes some 2,500 bytes to the database, and some 500 from it; the last of these is the commit's answer.
    for (direction, step, most) in [(0, 61, 3_000), (1, 13, 700)] {
        let mut bytes = 0;
        while bytes < most {
            // The connection is there again.
            wait_until("a ticket", || {
                let answer = server.post("/api/tickets");
                let is_made = answer.status == 201;
                if is_made {
                    answered.push(number(&answer.json(), "number"));
                }
                is_made
            });
            proxy.cut_after(direction, bytes);
            let answer = server.post("/api/tickets");
            proxy.mend();
            if answer.status == 201 {
                answered.push(number(&answer.json(), "number"));
            } else {
                let detail = answer.problem(503, "storage-unavailable");
                assert!(detail.contains("Nothing was changed"), "{detail}");
            }
            bytes += step;
        }
    }
    let all: Vec<u64> = (1..=answered.len() as u64).collect();
    assert_eq!(answered, all, "each once, in order");
    let log = server.log();
    let is_settled = log.contains("The answer of a commit was lost");
    assert!(is_settled, "{log}");
    let stored = server.restart().json("/api/tickets?limit=100000");
    assert_eq!(codes(&stored).len(), answered.len());
}

#[test]
fn while_the_database_is_away_changes_get_503_and_screens_hear_all_once_it_is_back() {
    let Some(proxy) = proxy() else {
        return;
    };
    let launch = Launch::new();
    let office = launch.storage()[3].to_string_lossy().into_owned();
    let (near, far) = (launch.start(), server(&proxy, &office));
    near.ticket();
    wait_until("both are there", || far.json("/api/health")["seq"] == 1);
    let mut screen = far.screen("");
    screen.expect("state");
    proxy.go_away();
    far.post("/api/tickets").problem(503, "storage-unavailable");
    wait_until("it says so", || far.get("/api/health").status == 503);
    for _ in 0..5 {
        near.ticket();
    }
    assert_eq!(far.json("/api/state")["payload"]["waiting"], 1, "as it was");
    proxy.mend();
    let begun = Instant::now();
    let heard: Vec<_> = (0..5)
        .map(|_| number(&screen.expect("ticket-created"), "seq"))
        .collect();
    assert_eq!(heard, [2, 3, 4, 5, 6]);
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    wait_until("it works again", || far.post("/api/tickets").status == 201);
    wait_until("it is well", || far.get("/api/health").status == 200);
}

#[test]
fn a_killed_server_loses_nothing_that_it_answered_and_another_goes_on() {
    if database().is_none() {
        return;
    }
    let launch = Launch::new();
    let other = launch.start();
    let mut answered = 0;
    for _ in 0..5 {
        let server = launch.start();
        let mut client = server.client();
        let killer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            server.kill();
        });
        while let Ok(answer) = client.try_send("POST", "/api/tickets") {
            answer.expect(201);
            answered += 1;
        }
        killer.join().unwrap();
    }
    // The last one of each may be stored, though its answer was lost.
    let made = number(&other.ticket(), "number");
    assert!(
        (answered + 1..=answered + 6).contains(&made),
        "{answered} {made}"
    );
    let stored = other.json("/api/tickets?limit=100000");
    assert_eq!(codes(&stored).len() as u64, made, "no number is left out");
}
