//! `kill -9` while tickets are made and called and the disk fails: what was acknowledged is there, as it
//! was acknowledged, and what was asked for again happened once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::soak;
use crate::common::{Launch, Server, array, number, seq, text};
use crate::io_faults::IoFaults;
use crate::random::Random;

const ROUNDS: usize = 15;
const MAKERS: usize = 16;
const DESKS: usize = 8;

/// 2026-11-23T10:00:00Z, far from the end of a day.
const MORNING: i64 = (20_780 * 24 + 10) * 60 * 60 * 1_000;

/// The acknowledged facts of a ticket.
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
    /// The tickets that a maker was given.
    given: BTreeSet<String>,
    /// The ticket that each desk serves.
    desks: BTreeMap<String, Option<String>>,
    seq: u64,
}

/// The answers to one desk in one round, in order: a ticket, or nobody.
type Told = Vec<Option<Value>>;

/// How far a round has come, and when it ends.
#[derive(Default)]
struct Progress {
    made: AtomicUsize,
    called: AtomicUsize,
    enough: usize,
}

impl Progress {
    fn is_enough(&self) -> bool {
        self.made.load(Ordering::Relaxed) >= self.enough
            && self.called.load(Ordering::Relaxed) >= self.enough / 4
    }
}

/// A client that makes tickets. It repeats each request, with its key, until it gets the ticket.
struct Maker {
    name: usize,
    given: usize,
}

impl Maker {
    fn key(&self) -> String {
        format!("maker-{}-{}", self.name, self.given)
    }

    /// Makes tickets until the server is gone. The client with the last ticket of a round kills the server
    /// at once: an acknowledgement that came before its ticket was durable is then a lie.
    fn make(&mut self, server: &Server, progress: &Progress) -> Vec<Value> {
        let mut acknowledged = Vec::new();
        let Ok(mut client) = server.try_client() else {
            return acknowledged;
        };
        loop {
            let key = self.key();
            let headers = [("Idempotency-Key", key.as_str())];
            let Ok(answer) = client.try_send_with("POST", "/api/tickets", &headers) else {
                return acknowledged;
            };
            if answer.status == 503 {
                answer.problem(503, "storage-unavailable");
                continue;
            }
            progress.made.fetch_add(1, Ordering::Relaxed);
            if progress.is_enough() {
                // Another one may have been faster; a process that waits to be reaped takes it too.
                server.signal(Signal::KILL);
            }
            self.given += 1;
            acknowledged.push(answer.expect(201).json());
        }
    }
}

/// Calls tickets until the server is gone.
fn call(server: &Server, desk: &str, progress: &Progress) -> Told {
    let mut told = Vec::new();
    let Ok(mut client) = server.try_client() else {
        return told;
    };
    while let Ok(answer) = client.try_send("POST", &format!("/api/desks/{desk}/next")) {
        match answer.status {
            503 => drop(answer.problem(503, "storage-unavailable")),
            409 => {
                answer.problem(409, "queue-empty");
                told.push(None);
            }
            _ => {
                told.push(Some(answer.expect(200).json()));
                progress.called.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    told
}

/// Lets the disk fail now and then until the round has come far enough, and sometimes ends the server
/// while the disk fails.
fn fail(faults: &IoFaults, server: &Server, progress: &Progress, random: &mut Random) {
    while !progress.is_enough() {
        faults.fail_one_in(random.of(&[1, 2, 5, 30]));
        thread::sleep(Duration::from_millis(random.below(50)));
        if random.below(12) == 0 {
            let signal = random.of(&[Signal::KILL, Signal::KILL, Signal::TERM]);
            server.signal(signal);
            // A stop takes 5 s at most; what waits is done or refused.
            return;
        }
        faults.fail_one_in(0);
        thread::sleep(Duration::from_millis(random.below(50)));
    }
}

impl Office {
    /// Adds what one round's desks and makers were told.
    fn acknowledge(&mut self, made: &[Value], told: &BTreeMap<String, Told>) {
        for ticket in made {
            let known = Known::of(ticket);
            assert_eq!(known.state, "waiting");
            let id = text(ticket, "id").to_owned();
            assert!(self.given.insert(id.clone()), "given twice: {ticket}");
            // It may be there from before a kill that the answer did not survive.
            let there = self.tickets.entry(id).or_insert_with(|| known.clone());
            let Known {
                code, created_at, ..
            } = there;
            assert_eq!((&known.code, &known.created_at), (&*code, &*created_at));
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

    /// Holds the office against what a new start has. Each maker and each desk may have had one request
    /// that was carried out and not acknowledged: the one under way at the kill, or one of the last
    /// commit that failed after all was written.
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
            let serves = desk["ticket"]["id"].as_str().map(str::to_owned);
            let before = self.desks.get(&name).cloned().flatten();
            if serves != before {
                // The one `next` under way was carried out: it finished and called.
                finished_meanwhile.extend(before);
                if let Some(id) = &serves {
                    let twice = !called_meanwhile.insert(id.clone());
                    assert!(!twice, "two desks serve {id}");
                }
            }
            desks.insert(name, serves);
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
            let served: Vec<&String> = desks
                .iter()
                .filter(|(_, serves)| serves.as_ref() == Some(id))
                .map(|(name, _)| name)
                .collect();
            if now.state == "serving" {
                assert_eq!(served, [now.desk.as_ref().unwrap()], "{now:?}");
            } else {
                assert!(served.is_empty(), "{now:?} is served at {served:?}");
            }
            if !self.tickets.contains_key(id) {
                let allowed = now.state == "waiting" || called_meanwhile.contains(id);
                assert!(allowed, "nobody can have served {now:?}");
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

/// Rounds of one office, each ended by a kill or, while the disk fails, sometimes by a stop.
fn rounds(seed: u64) {
    let random = &mut Random(seed);
    let (launch, faults) = IoFaults::of(Launch::new().with_variable("TZ", "UTC"));
    faults.set_clock(MORNING);
    let mut office = Office::default();
    let mut makers: Vec<Maker> = (0..MAKERS).map(|name| Maker { name, given: 0 }).collect();
    let mut heard: Vec<Value> = Vec::new();
    for round in 0..ROUNDS {
        let server = launch.start();
        office.check(&server);
        check_heard(&server, &heard, office.seq);
        let mut screen = server.screen(&format!("?since={}", office.seq));
        let progress = Progress {
            // Each round is cut at another point, so that over time every step is hit.
            enough: 20 + round * 5,
            ..Progress::default()
        };
        let mut made = Vec::new();
        let mut told = BTreeMap::new();
        thread::scope(|scope| {
            let (server, progress) = (&server, &progress);
            let making: Vec<_> = makers
                .iter_mut()
                .map(|maker| scope.spawn(|| maker.make(server, progress)))
                .collect();
            let calling: Vec<_> = (0..DESKS)
                .map(|desk| {
                    let name = format!("D{desk}");
                    scope.spawn(move || (name.clone(), call(server, &name, progress)))
                })
                .collect();
            let listening = scope.spawn(|| {
                let mut events = Vec::new();
                while let Ok(message) = screen.try_text() {
                    let message: Value = serde_json::from_str(&message).unwrap();
                    if message["type"] != "tick" {
                        events.push(message);
                    }
                }
                events
            });
            if round % 3 > 0 {
                fail(&faults, server, progress, random);
            }
            for making in making {
                made.extend(making.join().unwrap());
            }
            told.extend(calling.into_iter().map(|calling| calling.join().unwrap()));
            heard = listening.join().unwrap();
        });
        for (event, expected) in heard.iter().zip(office.seq + 1..) {
            assert_eq!(seq(event), expected, "seq has a gap");
        }
        office.acknowledge(&made, &told);
        server.kill();
        faults.fail_one_in(0);
    }
    assert!(faults.failures() > 0, "the disk never failed");
    let server = launch.start();
    office.check(&server);
    check_heard(&server, &heard, office.seq);
    // Each maker asks once more for what it was not given: no request made two tickets.
    for maker in &makers {
        let headers = [("Idempotency-Key", &*maker.key())];
        let answer = server.client().send("POST", "/api/tickets", &headers, b"");
        office.acknowledge(&[answer.expect(201).json()], &BTreeMap::new());
    }
    let tickets: BTreeSet<&String> = office.tickets.keys().collect();
    assert_eq!(
        tickets,
        office.given.iter().collect(),
        "made and never given"
    );
    let asked: usize = makers.iter().map(|maker| maker.given + 1).sum();
    assert_eq!(office.given.len(), asked);
    let last = number(&server.ticket(), "number");
    assert_eq!(last, office.tickets.len() as u64 + 1);
}

/// Checks that events shown on a screen were durable and come back word for word.
fn check_heard(server: &Server, heard: &[Value], last_seq: u64) {
    let Some(last) = heard.last() else { return };
    assert!(
        seq(last) <= last_seq,
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

#[test]
fn what_was_acknowledged_survives_kills_and_a_failing_disk() {
    soak(rounds);
}
