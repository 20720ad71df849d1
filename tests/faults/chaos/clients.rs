//! Those who ask, each again and again until they are answered, and the screens that listen.

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tungstenite::Error;

use crate::common::{Client, PATIENCE, Response, Screen, number, seq, wait_for};

/// Pause between two requests of a client, and after a failure: slow enough that a screen finds what it missed among the
/// last thousand events.
const PAUSE: Duration = Duration::from_millis(10);

/// What all threads of a round share.
#[derive(Default)]
pub struct Round {
    /// Where the two servers listen.
    pub ports: [AtomicU16; 2],
    answers: AtomicUsize,
    has_returned: AtomicBool,
    is_over: AtomicBool,
    /// The last event, or 0 until everybody is answered.
    last: AtomicU64,
    has_failed: AtomicBool,
}

/// Ends a round whose test fails, so that no thread is waited for.
pub struct EndOnPanic<'a>(pub &'a Round);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        self.0
            .has_failed
            .store(thread::panicking(), Ordering::SeqCst);
    }
}

impl Round {
    pub fn at(ports: [u16; 2]) -> Self {
        Self {
            ports: ports.map(AtomicU16::new),
            ..Self::default()
        }
    }

    pub fn wait_for_answers(&self, count: usize) {
        let before = self.answers.load(Ordering::SeqCst);
        wait_for("answers", || {
            (self.answers.load(Ordering::SeqCst) >= before + count).then_some(())
        });
    }

    /// Says that the fault is over: from now on, each client asks at least once more.
    pub fn set_returned(&self) {
        self.has_returned.store(true, Ordering::SeqCst);
    }

    pub fn stop_asking(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    /// Lets the screens listen until the last event, now that there will be no more.
    pub fn stop_listening(&self) {
        let ends = [0, 1].map(|place| {
            // It may still say that nothing can be stored.
            let health = Client::connect(self.address(place)).get("/api/health");
            number(&health.json(), "seq")
        });
        self.last.store(ends[0].max(ends[1]), Ordering::SeqCst);
    }

    fn address(&self, place: usize) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.ports[place].load(Ordering::SeqCst)))
    }
}

/// An answer that a client got.
pub struct Answer {
    pub ticket: Value,
    pub at: Instant,
}

/// A client that makes tickets, or a desk that calls them. It repeats each request, with its key, at the one and the
/// other server until it is answered.
pub struct Asker {
    name: String,
    path: String,
    asked: usize,
    place: usize,
    client: Option<Client>,
    pub answers: Vec<Answer>,
}

impl Asker {
    pub fn new(name: String, path: String, place: usize) -> Self {
        Self {
            name,
            path,
            asked: 0,
            place,
            client: None,
            answers: Vec::new(),
        }
    }

    pub fn ask_until_over(&mut self, round: &Round) {
        loop {
            let is_last =
                round.has_returned.load(Ordering::SeqCst) && round.is_over.load(Ordering::SeqCst);
            let answer = self.ask(round);
            if answer.status == 409 {
                answer.problem(409, "queue-empty");
            } else {
                let expected = if self.path.ends_with("next") {
                    200
                } else {
                    201
                };
                let ticket = answer.expect(expected).json();
                let at = Instant::now();
                self.answers.push(Answer { ticket, at });
                round.answers.fetch_add(1, Ordering::SeqCst);
            }
            if is_last {
                break;
            }
            thread::sleep(PAUSE);
        }
    }

    fn ask(&mut self, round: &Round) -> Response {
        let key = format!("{}-{}", self.name, self.asked);
        self.asked += 1;
        let headers = [("Idempotency-Key", &*key)];
        wait_for("an answer", || {
            if self.client.is_none() {
                let stream = TcpStream::connect(round.address(self.place));
                self.client = stream.ok().map(Client::over);
            }
            let asked = self.client.as_mut().and_then(|client| {
                let asked = client.try_send_with("POST", &self.path, &headers);
                // A proxy says 502 for a server that was lost.
                asked.ok().filter(|answer| answer.status < 500)
            });
            if asked.is_none() {
                self.client = None;
                self.place = 1 - self.place;
                thread::sleep(PAUSE);
            }
            asked
        })
    }
}

/// A screen that goes to the other server if its own one is gone.
pub struct Listener {
    home: usize,
    seq: u64,
    pub events: Vec<(Value, Instant)>,
}

impl Listener {
    pub fn new(home: usize) -> Self {
        Self {
            home,
            seq: 0,
            events: Vec::new(),
        }
    }

    pub fn listen_until_over(&mut self, round: &Round) {
        let mut place = self.home;
        let mut screen = None;
        let mut heard_at = Instant::now();
        loop {
            let last = round.last.load(Ordering::SeqCst);
            let is_whole = last > 0 && self.seq >= last;
            if is_whole || round.has_failed.load(Ordering::SeqCst) {
                break;
            }
            assert!(
                heard_at.elapsed() < PATIENCE,
                "nothing comes after event {}",
                self.seq
            );
            screen = screen.or_else(|| self.connect(round.address(place)));
            match screen.as_mut().map(Screen::try_text) {
                Some(Ok(text)) => {
                    heard_at = Instant::now();
                    self.hear(&text);
                }
                Some(Err(Error::Io(error))) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                _ => {
                    screen = None;
                    place = 1 - place;
                    thread::sleep(PAUSE);
                }
            }
        }
    }

    fn connect(&self, address: SocketAddr) -> Option<Screen> {
        let stream = TcpStream::connect(address).ok()?;
        let query = format!("?since={}", self.seq);
        let screen = Screen::try_over(stream, &query, Some("turnero.v1"), &[]).ok()?;
        let patience = Some(Duration::from_millis(50));
        screen.stream().set_read_timeout(patience).unwrap();
        Some(screen)
    }

    fn hear(&mut self, text: &str) {
        let message: Value = serde_json::from_str(text).unwrap();
        if message["type"] == "tick" {
            return;
        }
        assert_eq!(
            seq(&message),
            self.seq + 1,
            "a gap, or an event twice: {message}"
        );
        self.seq += 1;
        self.events.push((message, Instant::now()));
    }
}
