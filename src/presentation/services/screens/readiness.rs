//! Knows which screens have sent something. A thread that sleeps until it is told cannot also
//! sleep in `read`, so one small thread waits for all sockets at once and tells theirs.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use polling::{Event, Events, Poller};

use super::screen::Screen;

/// Watches the screens' sockets.
pub struct Readiness {
    poller: Poller,
    /// The watched screens. What is in here keeps its socket open: see `watch`.
    watched: Mutex<HashMap<usize, Arc<Screen>>>,
    stopping: AtomicBool,
}

impl Readiness {
    /// Fails where the operating system gives no poller.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            poller: Poller::new()?,
            watched: Mutex::new(HashMap::new()),
            stopping: AtomicBool::new(false),
        })
    }

    /// Tells the screen once when there is something to read.
    pub fn watch(&self, screen: &Arc<Screen>) -> io::Result<()> {
        self.lock().insert(screen.number(), screen.clone());
        let event = Event::readable(screen.number());
        // SAFETY: a source must be deleted from the poller before it is closed. `watched` holds
        // the screen, which owns the socket; `forget` deletes it from the poller first, and the
        // poller, declared first, is dropped before `watched`.
        #[allow(unsafe_code)]
        let added = unsafe { self.poller.add(screen.wire(), event) };
        if added.is_err() {
            self.lock().remove(&screen.number());
        }
        added
    }

    /// Tells it once more, after what was there has been read.
    pub fn watch_again(&self, screen: &Screen) -> io::Result<()> {
        let event = Event::readable(screen.number());
        self.poller.modify(screen.wire(), event)
    }

    /// Ends watching.
    pub fn forget(&self, screen: &Screen) {
        if let Err(error) = self.poller.delete(screen.wire()) {
            log::debug!("Screen {} was not watched: {error}", screen.number());
        }
        self.lock().remove(&screen.number());
    }

    /// The watched screens.
    pub fn screens(&self) -> Vec<Arc<Screen>> {
        self.lock().values().cloned().collect()
    }

    /// The body of the thread `readable`.
    pub fn run(&self) {
        let mut events = Events::new();
        while !self.stopping.load(Ordering::Acquire) {
            events.clear();
            if let Err(error) = self.poller.wait(&mut events, None) {
                assert!(
                    error.kind() == io::ErrorKind::Interrupted,
                    "waiting for screens fails: {error}"
                );
                continue;
            }
            for event in events.iter() {
                let screen = self.lock().get(&event.key).cloned();
                if let Some(screen) = screen {
                    screen.tell_readable();
                }
            }
        }
    }

    /// Ends the thread.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        if let Err(error) = self.poller.notify() {
            log::error!("The thread «readable» cannot be woken: {error}");
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, Arc<Screen>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
