//! Three servers of an office with many screens at each: every screen hears every event once and in order, and soon.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use serde_json::Value;
use tungstenite::Error;

use crate::common::{Launch, PATIENCE, Screen, Server, database, kind, number};
use crate::soak::screens::{allow_many_files, kind_and_seq};

const SERVERS: usize = 3;
const CREATORS: usize = 8;
const DESKS: usize = 12;

/// Between two tickets of a creator, and two calls of a desk.
const BETWEEN_TICKETS: Duration = Duration::from_millis(500);
const BETWEEN_CALLS: Duration = Duration::from_millis(1_000);

/// From a POST at one server to the last screen of another, in 99 of 100 cases.
const MOST_TIME: Duration = Duration::from_millis(250);

/// The events that one crowd heard, by their numbers.
type Heard = BTreeMap<u64, HeardEvent>;

struct HeardEvent {
    message: String,
    /// How many screens heard it, and when the last of them did.
    screens: usize,
    last: Instant,
}

/// Many screens of one server, in one thread.
struct Crowd {
    epoll: rustix::fd::OwnedFd,
    screens: Vec<(Screen, u64)>,
    heard: Heard,
}

impl Crowd {
    fn gather(server: &Server, size: usize) -> Self {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        let screens = (0..size).map(|index| {
            let mut screen = server.screen("");
            let state = screen.expect("state");
            screen.stream().set_nonblocking(true).unwrap();
            let key = epoll::EventData::new_u64(index as u64);
            epoll::add(&epoll, screen.stream(), key, epoll::EventFlags::IN).unwrap();
            (screen, number(&state, "seq"))
        });
        let screens = screens.collect();
        Self {
            epoll,
            screens,
            heard: Heard::new(),
        }
    }

    /// Listens until all have heard the event `last`, whose number comes later.
    fn listen(mut self, last: &AtomicU64) -> Heard {
        let mut ready = Vec::with_capacity(512);
        let mut heard_at = Instant::now();
        loop {
            let last = self.heard.get(&last.load(Ordering::SeqCst));
            if last.is_some_and(|last| last.screens == self.screens.len()) {
                return self.heard;
            }
            assert!(heard_at.elapsed() < PATIENCE, "a screen waits for an event");
            let wait = Timespec::try_from(Duration::from_millis(20)).unwrap();
            ready.clear();
            let room = rustix::buffer::spare_capacity(&mut ready);
            let _ = epoll::wait(&self.epoll, room, Some(&wait));
            for event in &ready {
                let index = usize::try_from(event.data.u64()).unwrap();
                while self.hear(index) {
                    heard_at = Instant::now();
                }
            }
        }
    }

    /// Reads one message of a screen. Returns whether there was one.
    fn hear(&mut self, index: usize) -> bool {
        let (screen, seq) = &mut self.screens[index];
        let message = match screen.try_text() {
            Ok(message) => message,
            Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                return false;
            }
            Err(error) => panic!("a screen lost its connection: {error}"),
        };
        let (kind, found) = kind_and_seq(&message);
        if kind == "tick" {
            return true;
        }
        assert_eq!(found, *seq + 1, "a gap, or an event twice: {message}");
        *seq = found;
        let heard = self.heard.entry(found);
        let heard = heard.or_insert_with(|| HeardEvent {
            message: message.clone(),
            screens: 0,
            last: Instant::now(),
        });
        assert_eq!(heard.message, message, "two screens heard different things");
        heard.screens += 1;
        heard.last = Instant::now();
        true
    }
}

/// A request that was answered with a ticket.
struct Done {
    server: usize,
    sent: Instant,
    kind: &'static str,
    number: u64,
}

/// Asks for tickets, or for the next one at a desk, until it is over.
fn ask(
    (server, address): (usize, &Server),
    (path, kind): (&str, &'static str),
    (first, between): (Duration, Duration),
    is_over: &AtomicBool,
) -> Vec<Done> {
    let mut client = address.client();
    let mut done = Vec::new();
    let mut due = Instant::now() + first;
    thread::sleep(first);
    while !is_over.load(Ordering::SeqCst) {
        let sent = Instant::now();
        let answer = client.post(path);
        if answer.status == 409 {
            answer.problem(409, "queue-empty");
        } else {
            let number = number(&answer.json(), "number");
            done.push(Done {
                server,
                sent,
                kind,
                number,
            });
        }
        due += between;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    done
}

/// When one of several begins, and how often it asks: people do not ask all in the same instant.
fn spread(index: usize, count: usize, between: Duration) -> (Duration, Duration) {
    let part = u32::try_from(index).unwrap() * between / u32::try_from(count).unwrap();
    (part, between)
}

/// Runs the office for that long, with so many screens at each server. Returns how long it took from each POST to the last
/// screen of each other server, the shortest first.
fn run(screens: usize, time: Duration) -> Vec<Duration> {
    allow_many_files();
    let launch = Launch::new();
    let servers: Vec<Server> = (0..SERVERS).map(|_| launch.start()).collect();
    let crowds: Vec<Crowd> = servers
        .iter()
        .map(|server| Crowd::gather(server, screens))
        .collect();
    let (is_over, last) = (&AtomicBool::new(false), &AtomicU64::new(0));
    let (done, heard) = thread::scope(|scope| {
        let listening: Vec<_> = crowds
            .into_iter()
            .map(|crowd| scope.spawn(|| crowd.listen(last)))
            .collect();
        let at = |index: usize| (index % SERVERS, &servers[index % SERVERS]);
        let creators = (0..CREATORS).map(|index| {
            let what = ("/api/tickets", "ticket-created");
            scope.spawn(move || {
                ask(
                    at(index),
                    what,
                    spread(index, CREATORS, BETWEEN_TICKETS),
                    is_over,
                )
            })
        });
        let creators: Vec<_> = creators.collect();
        let desks = (0..DESKS).map(|index| {
            scope.spawn(move || {
                let path = format!("/api/desks/{index}/next");
                ask(
                    at(index),
                    (&path, "ticket-called"),
                    spread(index, DESKS, BETWEEN_CALLS),
                    is_over,
                )
            })
        });
        let desks: Vec<_> = desks.collect();
        thread::sleep(time);
        is_over.store(true, Ordering::SeqCst);
        let done = creators.into_iter().chain(desks);
        let done: Vec<Done> = done.flat_map(|asking| asking.join().unwrap()).collect();
        let ends = servers
            .iter()
            .map(|server| number(&server.json("/api/health"), "seq"));
        last.store(ends.max().unwrap(), Ordering::SeqCst);
        let heard = listening.into_iter().map(|crowd| crowd.join().unwrap());
        (done, heard.collect::<Vec<Heard>>())
    });
    check(&done, &heard)
}

fn check(done: &[Done], heard: &[Heard]) -> Vec<Duration> {
    let mut seqs = BTreeMap::new();
    for (seq, event) in &heard[0] {
        for other in heard {
            assert_eq!(
                other[seq].message, event.message,
                "two servers say different things"
            );
        }
        let event: Value = serde_json::from_str(&event.message).unwrap();
        if let kind @ ("ticket-created" | "ticket-called") = kind(&event) {
            let number = number(&event["payload"]["ticket"], "number");
            let before = seqs.insert((kind.to_owned(), number), *seq);
            assert_eq!(before, None, "made or called twice: {event}");
        }
    }
    assert_eq!(seqs.len(), done.len(), "each is acknowledged once");
    let mut times = Vec::new();
    for Done {
        server,
        sent,
        kind,
        number,
    } in done
    {
        let seq = seqs[&((*kind).to_owned(), *number)];
        let others = heard
            .iter()
            .enumerate()
            .filter(|(other, _)| other != server);
        times.extend(others.map(|(_, heard)| heard[&seq].last.saturating_duration_since(*sent)));
    }
    times.sort_unstable();
    times
}

#[test]
fn every_screen_of_three_servers_hears_every_event_once_and_in_order() {
    if database().is_none() {
        eprintln!("NOT TESTED: tests/with-postgres gives this test a database");
        return;
    }
    let Ok(seconds) = std::env::var("CROWD_SECONDS") else {
        run(200, Duration::from_secs(5));
        return;
    };
    let seconds = seconds.parse().expect("CROWD_SECONDS is a number");
    let times = run(1_000, Duration::from_secs(seconds));
    let part = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!(
        "From a POST to the last of 1,000 screens of another server, {} times: median {:?}, p99 {:?}, longest {:?}",
        times.len(),
        part(50),
        part(99),
        part(100),
    );
    assert!(part(99) < MOST_TIME, "p99 {:?}", part(99));
}
