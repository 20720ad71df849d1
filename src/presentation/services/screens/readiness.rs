//! Watches the sockets of all connections in one thread, and calls back when one is readable. A
//! screen's own thread sleeps until another thread wakes it, so it cannot sleep in `read` as well.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use polling::{Event, Events, Poller};

use crate::presentation::http::wire::Wire;

/// The watched sockets, each with an owner of type `T`.
pub struct Readiness<T> {
    poller: Poller,
    /// By key. An entry keeps its socket open: see `watch`.
    watched: Mutex<HashMap<usize, Watched<T>>>,
    /// Called in the thread `readable` for the owner of a readable socket.
    on_readable: fn(&T),
    stopping: AtomicBool,
}

struct Watched<T> {
    /// Only to keep the socket open.
    _wire: Arc<Wire>,
    owner: T,
}

impl<T: Clone> Readiness<T> {
    /// Fails if the operating system provides no poller.
    pub fn new(on_readable: fn(&T)) -> io::Result<Self> {
        Ok(Self {
            poller: Poller::new()?,
            watched: Mutex::new(HashMap::new()),
            on_readable,
            stopping: AtomicBool::new(false),
        })
    }

    /// Calls back once when the socket is readable. `key` is unique among the watched sockets.
    pub fn watch(&self, key: usize, wire: &Arc<Wire>, owner: T) -> io::Result<()> {
        let entry = Watched {
            _wire: wire.clone(),
            owner,
        };
        self.lock().insert(key, entry);
        // SAFETY: a source must be deleted from the poller before it is closed. `watched` holds the
        // wire, which owns the socket; `forget` deletes it from the poller first, and the poller,
        // declared first, is dropped before `watched`.
        #[allow(unsafe_code)]
        let added = unsafe { self.poller.add(&**wire, Event::readable(key)) };
        if added.is_err() {
            self.lock().remove(&key);
        }
        added
    }

    /// Calls back once more. To be called after the socket has been read until it would block.
    pub fn watch_again(&self, key: usize, wire: &Wire) -> io::Result<()> {
        self.poller.modify(wire, Event::readable(key))
    }

    /// Stops watching a socket.
    pub fn forget(&self, key: usize, wire: &Wire) {
        if let Err(error) = self.poller.delete(wire) {
            log::debug!("Screen {key} was not watched: {error}");
        }
        self.lock().remove(&key);
    }

    /// The owners of all watched sockets.
    pub fn owners(&self) -> Vec<T> {
        let watched = self.lock();
        watched.values().map(|entry| entry.owner.clone()).collect()
    }

    /// The body of the thread `readable`.
    pub fn run(&self) {
        let mut events = Events::new();
        while !self.stopping.load(Ordering::Acquire) {
            events.clear();
            if let Err(error) = self.poller.wait(&mut events, None) {
                assert!(
                    error.kind() == io::ErrorKind::Interrupted,
                    "waiting for sockets fails: {error}"
                );
                continue;
            }
            for event in events.iter() {
                let owner = self.lock().get(&event.key).map(|entry| entry.owner.clone());
                if let Some(owner) = owner {
                    (self.on_readable)(&owner);
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

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, Watched<T>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
