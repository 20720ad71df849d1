//! Many events and many restarts: a start replays few of them and finds all.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use crate::common::{Launch, Server, array};

const MAKERS: usize = 16;

/// Makes that many tickets, over many connections.
fn make_many(server: &Server, count: usize) {
    let made = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..MAKERS {
            scope.spawn(|| {
                let mut client = server.client();
                while made.fetch_add(1, Ordering::Relaxed) < count {
                    client.post("/api/tickets").expect(201);
                }
            });
        }
    });
}

#[test]
fn many_events_later_a_killed_server_has_the_tickets_and_the_last_thousand_events() {
    let mut server = Server::new();
    let mut count = 0;
    // One start is shortly before, and one shortly after, each periodic task of a server.
    for more in [3_900, 400, 400, 400] {
        make_many(&server, more);
        count += more;
        let list = server.get("/api/tickets?limit=100000").expect(200).text();
        let path = format!("/api/events?since={}", count - 1_000);
        let events = server.json(&path);
        assert_eq!(array(&events).len(), 1_000);
        if count < 4_000 {
            continue;
        }
        server = server.kill().start();
        let again = server.get("/api/tickets?limit=100000").expect(200).text();
        assert!(again == list, "the list is another one after the start");
        assert!(server.json(&path) == events, "the events are others");
    }
    assert_eq!(server.ticket()["number"], count + 1);
    assert_eq!(server.json("/api/ticket/last"), json!(count + 1));
}

#[test]
fn a_start_replays_few_events_however_often_it_was_restarted() {
    let mut launch = Launch::new();
    let mut list = String::new();
    for count in [4_100, 300, 300, 300, 300, 300] {
        let server = launch.start();
        if !list.is_empty() {
            let again = server.get("/api/tickets?limit=100000").expect(200).text();
            assert!(again == list, "the list is another one after the start");
        }
        make_many(&server, count);
        list = server.get("/api/tickets?limit=100000").expect(200).text();
        launch = server.stop();
    }
    let file = rusqlite::Connection::open(launch.data()).unwrap();
    let replayed: i64 = file
        .query_row(
            "SELECT count(*) FROM events WHERE seq > (
                 SELECT coalesce(max(seq), 0) FROM snapshots
                 WHERE seq <= (SELECT max(seq) FROM events) - 1024)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(
        (1_024..=1_600).contains(&replayed),
        "a start replays {replayed} events of 5,600"
    );
    drop(file);
    let server = launch.start();
    let again = server.get("/api/tickets?limit=100000").expect(200).text();
    assert!(
        again == list,
        "a snapshot and what followed make the same list"
    );
}
