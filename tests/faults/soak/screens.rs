//! Two thousand screens through restarts: each hears every event once, in order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use tungstenite::Error;

use super::soak;
use crate::common::{Launch, PATIENCE, Screen, Server, number};

const SCREENS: usize = 2_000;
const LISTENERS: usize = 4;

/// Pause between two tickets: slow enough that a screen finds what it missed among the last thousand
/// events, however slow the machine is.
const PAUSE: Duration = Duration::from_millis(30);

/// A screen and the last event that it heard of.
struct Listener {
    screen: Option<Screen>,
    seq: u64,
}

impl Listener {
    /// Connects, and again after a restart: from then on the screen gets what it missed.
    fn connect(&mut self, server: &Server) {
        let is_new = self.seq == 0;
        let query = match is_new {
            true => String::new(),
            false => format!("?since={}", self.seq),
        };
        let mut screen = server.screen(&query);
        if is_new {
            let state = screen.text();
            let (kind, seq) = kind_and_seq(&state);
            assert_eq!(kind, "state");
            self.seq = seq;
        }
        self.screen = Some(screen);
    }

    /// Listens until the event of that number.
    fn listen_until(&mut self, last: u64) {
        while self.seq < last {
            let heard = self.screen.as_mut().expect("it is connected").try_text();
            self.hear(&heard.unwrap_or_else(|error| panic!("no message: {error}")));
        }
    }

    /// Listens until the server is gone.
    fn listen_to_the_end(&mut self) {
        let Some(mut screen) = self.screen.take() else {
            return;
        };
        loop {
            match screen.try_text() {
                Ok(message) => self.hear(&message),
                Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("the server is gone, and the connection stays for {PATIENCE:?}")
                }
                Err(_) => return,
            }
        }
    }

    fn hear(&mut self, message: &str) {
        let (kind, seq) = kind_and_seq(message);
        if kind == "tick" {
            return;
        }
        assert_eq!(seq, self.seq + 1, "a gap, or an event twice: {message}");
        self.seq = seq;
    }
}

/// The first two members of a message; reading all of each would take most of the test's time.
pub(crate) fn kind_and_seq(message: &str) -> (&str, u64) {
    let rest = message.strip_prefix("{\"type\":\"").expect("a type");
    let (kind, rest) = rest.split_once("\",\"seq\":").expect("a seq");
    let (seq, _) = rest.split_once(',').expect("a payload");
    (kind, seq.parse().expect("a number"))
}

/// Makes and calls tickets until it is told to stop or the server is gone.
fn work(server: &Server, is_over: &AtomicBool) {
    let Ok(mut client) = server.try_client() else {
        return;
    };
    while !is_over.load(Ordering::Relaxed) {
        for path in ["/api/tickets", "/api/desks/1/next"] {
            if client.try_send("POST", path).is_err() {
                return;
            }
        }
        thread::sleep(PAUSE);
    }
}

/// Runs `part` for all listeners, a few at a time, while tickets are made and called.
fn meanwhile(server: &Server, listeners: &mut [Listener], part: impl Fn(&mut Listener) + Sync) {
    let is_over = AtomicBool::new(false);
    let each = listeners.len().div_ceil(LISTENERS);
    thread::scope(|scope| {
        scope.spawn(|| work(server, &is_over));
        let parts: Vec<_> = listeners
            .chunks_mut(each)
            .map(|some| scope.spawn(|| some.iter_mut().for_each(&part)))
            .collect();
        let ended: Vec<_> = parts.into_iter().map(|part| part.join()).collect();
        is_over.store(true, Ordering::Relaxed);
        ended.into_iter().for_each(|ended| ended.unwrap());
    });
}

fn last_event(server: &Server) -> u64 {
    number(&server.json("/api/health"), "seq")
}

fn through_restarts(_seed: u64) {
    allow_many_files();
    let first = Launch::new().start();
    // The screens find it again at the same address.
    let launch = first.launch().clone();
    let launch = launch.with(&["--listen".to_owned(), first.address().to_string()]);
    let mut server = first;
    server.ticket();
    let mut listeners: Vec<Listener> = (0..SCREENS)
        .map(|_| Listener {
            screen: None,
            seq: 0,
        })
        .collect();
    for signal in [Some(Signal::TERM), Some(Signal::KILL), None] {
        meanwhile(&server, &mut listeners, |listener| {
            listener.connect(&server);
        });
        let last = last_event(&server);
        meanwhile(&server, &mut listeners, |listener| {
            listener.listen_until(last);
        });
        let Some(signal) = signal else { break };
        server.signal(signal);
        meanwhile(&server, &mut listeners, Listener::listen_to_the_end);
        server.ends_within(PATIENCE).expect("it ends");
        server = launch.start();
        // Events that no screen is there for.
        for _ in 0..50 {
            server.ticket();
        }
    }
    let last = last_event(&server);
    for listener in &mut listeners {
        listener.listen_until(last);
        assert_eq!(listener.seq, last);
    }
}

/// Lets this process, and the servers that it starts, open as many files as it may.
pub(crate) fn allow_many_files() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let current = maximum;
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
}

#[test]
fn two_thousand_screens_hear_every_event_once_through_two_restarts() {
    soak(through_restarts);
}
