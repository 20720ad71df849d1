//! `kill -9` while tickets are made and called: what was acknowledged is there, as it was
//! acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::{Launch, Server, array, number, seq, text};

const ROUNDS: usize = 20;
const MAKERS: usize = 16;
const DESKS: usize = 8;

/// What is known for certain of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    code: String,
    number: u64,
    created_at: String,
    state: String,
    desk: Option<String>,
}

impl Known {
    fn of(ticket: &Value) -> Self {
        Self {
            code: text(ticket, "code").to_owned(),
            number: number(ticket, "number"),
            created_at: text(ticket, "createdAt").to_owned(),
            state: text(ticket, "state").to_owned(),
            desk: ticket["handleAtDesk"].as_str().map(str::to_owned),
        }
    }
}

/// The office as far as it was acknowledged.
#[derive(Debug, Default)]
struct Office {
    tickets: BTreeMap<String, Known>,
    /// Which ticket each desk attends.
    desks: BTreeMap<String, Option<String>>,
    seq: u64,
}

/// What one desk was told in one round, in order: a ticket, or that nobody waits.
type Told = Vec<Option<Value>>;

/// Makes tickets until the server is gone. Whoever gets the ticket that is `enough` kills the server
/// at once: an acknowledgement that came before its ticket was durable is then a lie.
fn make(server: &Server, made: &AtomicUsize, called: &AtomicUsize, enough: usize) -> Vec<Value> {
    let mut client = server.client();
    let mut acknowledged = Vec::new();
    while let Ok(answer) = client.try_send("POST", "/api/tickets") {
        let count = made.fetch_add(1, Ordering::Relaxed) + 1;
        if count >= enough && called.load(Ordering::Relaxed) >= enough / 4 {
            // Another one may have been faster; a process that waits to be reaped takes it too.
            server.signal(Signal::KILL);
        }
        acknowledged.push(answer.expect(201).json());
    }
    acknowledged
}

/// Calls tickets until the server is gone.
fn call(server: &Server, desk: &str, called: &AtomicUsize) -> Told {
    let mut client = server.client();
    let mut told = Vec::new();
    while let Ok(answer) = client.try_send("POST", &format!("/api/desks/{desk}/next")) {
        if answer.status == 409 {
            answer.problem(409, "queue-empty");
            told.push(None);
        } else {
            told.push(Some(answer.expect(200).json()));
            called.fetch_add(1, Ordering::Relaxed);
        }
    }
    told
}

impl Office {
    /// Adds what one round's desks and makers were told.
    fn acknowledge(&mut self, made: &[Value], told: &BTreeMap<String, Told>) {
        for ticket in made {
            let known = Known::of(ticket);
            assert_eq!(known.state, "waiting");
            let id = text(ticket, "id").to_owned();
            let before = self.tickets.insert(id, known);
            assert!(before.is_none(), "an id was given twice: {ticket}");
        }
        for (desk, told) in told {
            for answer in told {
                if let Some(before) = self.desks.insert(desk.clone(), None).flatten() {
                    let ticket = self.tickets.get_mut(&before).unwrap();
                    ticket.state = "done".to_owned();
                }
                let Some(ticket) = answer else { continue };
                let called = Known::of(ticket);
                assert_eq!(called.state, "serving");
                assert_eq!(called.desk.as_ref(), Some(desk));
                let id = text(ticket, "id").to_owned();
                // One that was made and called, and whose maker was not told any more.
                let waiting = Known {
                    state: "waiting".to_owned(),
                    desk: None,
                    ..called.clone()
                };
                let known = self.tickets.entry(id.clone()).or_insert(waiting.clone());
                assert_eq!(*known, waiting, "it was not waiting when it was called");
                *known = called;
                self.desks.insert(desk.clone(), Some(id));
            }
        }
    }

    /// Holds the office against what a new start has. At the kill each maker had one request
    /// under way, and each desk one: those alone may have been carried out, or not.
    fn check(&mut self, server: &Server) {
        let list = server.json("/api/tickets?limit=100000");
        let mut found = BTreeMap::new();
        let mut numbers = BTreeSet::new();
        for ticket in array(&list) {
            let known = Known::of(ticket);
            assert!(numbers.insert(known.number), "{} twice", known.code);
            let before = found.insert(text(ticket, "id").to_owned(), known);
            assert!(before.is_none(), "an id twice: {ticket}");
        }
        let unknown = found
            .keys()
            .filter(|id| !self.tickets.contains_key(*id))
            .count();
        assert!(unknown <= MAKERS, "{unknown} tickets that nobody asked for");
        let last = numbers.last().copied().unwrap_or(0);
        assert_eq!(last, numbers.len() as u64, "numbers were skipped");

        let mut desks = BTreeMap::new();
        let mut called_meanwhile = BTreeSet::new();
        let mut finished_meanwhile = BTreeSet::new();
        for desk in array(&server.json("/api/desks")) {
            let name = text(desk, "name").to_owned();
            let attends = desk["ticket"]["id"].as_str().map(str::to_owned);
            let before = self.desks.get(&name).cloned().flatten();
            if attends != before {
                // The one `next` under way was carried out: it finished and called.
                finished_meanwhile.extend(before);
                if let Some(id) = &attends {
                    let twice = !called_meanwhile.insert(id.clone());
                    assert!(!twice, "two desks attend {id}");
                }
            }
            desks.insert(name, attends);
        }
        for (id, known) in &self.tickets {
            let now = found.get(id);
            let now = now.unwrap_or_else(|| panic!("{known:?} was acknowledged and is lost"));
            let mut expected = known.clone();
            if finished_meanwhile.contains(id) {
                expected.state = "done".to_owned();
            } else if called_meanwhile.contains(id) {
                assert_eq!(known.state, "waiting", "{known:?} was called again");
                expected.state = "serving".to_owned();
                expected.desk = now.desk.clone();
            }
            assert_eq!(*now, expected);
        }
        for (id, now) in &found {
            let attended: Vec<&String> = desks
                .iter()
                .filter(|(_, attends)| attends.as_ref() == Some(id))
                .map(|(name, _)| name)
                .collect();
            if now.state == "serving" {
                assert_eq!(attended, [now.desk.as_ref().unwrap()], "{now:?}");
            } else {
                assert!(attended.is_empty(), "{now:?} is attended at {attended:?}");
            }
            if !self.tickets.contains_key(id) {
                let allowed = now.state == "waiting" || called_meanwhile.contains(id);
                assert!(allowed, "nobody can have attended {now:?}");
            }
        }
        let health = server.json("/api/health");
        let seq_now = number(&health, "seq");
        assert!(
            seq_now >= self.seq,
            "seq went back from {} to {seq_now}",
            self.seq
        );
        let waiting = found
            .values()
            .filter(|known| known.state == "waiting")
            .count();
        assert_eq!(number(&health, "waiting"), waiting as u64);
        self.tickets = found;
        self.desks = desks;
        self.seq = seq_now;
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9_twenty_times_in_a_row() {
    let mut office = Office::default();
    let mut launch = Launch::new();
    let mut heard: Vec<Value> = Vec::new();
    for round in 0..ROUNDS {
        let server = launch.start();
        office.check(&server);
        // What a screen was shown was durable, and comes back word for word.
        if let Some(last) = heard.last() {
            assert!(
                seq(last) <= office.seq,
                "event {} was shown and is lost",
                seq(last)
            );
            let since = seq(&heard[heard.len().saturating_sub(500)]);
            let again = server.json(&format!("/api/events?since={}", since - 1));
            let shown = heard.iter().filter(|event| seq(event) >= since);
            for (shown, again) in shown.zip(array(&again)) {
                assert_eq!(shown, again);
            }
        }
        let mut screen = server.screen(&format!("?since={}", office.seq));
        let made_count = AtomicUsize::new(0);
        let called_count = AtomicUsize::new(0);
        let mut made = Vec::new();
        let mut told = BTreeMap::new();
        // Each round is cut at another point, so that over time every step is hit.
        let enough = 20 + round * 7;
        thread::scope(|scope| {
            let makers: Vec<_> = (0..MAKERS)
                .map(|_| scope.spawn(|| make(&server, &made_count, &called_count, enough)))
                .collect();
            let desks: Vec<_> = (0..DESKS)
                .map(|desk| {
                    let (server, count) = (&server, &called_count);
                    scope.spawn(move || {
                        let name = format!("D{desk}");
                        let told = call(server, &name, count);
                        (name, told)
                    })
                })
                .collect();
            let listener = scope.spawn(|| {
                let mut events = Vec::new();
                while let Ok(message) = screen.try_text() {
                    let message: Value = serde_json::from_str(&message).unwrap();
                    if message["type"] != "tick" {
                        events.push(message);
                    }
                }
                events
            });
            for maker in makers {
                made.extend(maker.join().unwrap());
            }
            told.extend(desks.into_iter().map(|desk| desk.join().unwrap()));
            heard = listener.join().unwrap();
        });
        assert!(!made.is_empty());
        let after = office.seq;
        for (event, expected) in heard.iter().zip(after + 1..) {
            assert_eq!(seq(event), expected, "seq has a gap");
        }
        office.acknowledge(&made, &told);
        launch = server.kill();
    }
    let server = launch.start();
    office.check(&server);
    // And it goes on: nothing is stuck.
    let next = server.ticket();
    assert_eq!(number(&next, "number"), office.tickets.len() as u64 + 1);
}

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
    // One start is shortly before, and one shortly after, whatever a server does now and then.
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
