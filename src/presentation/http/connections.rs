//! The open connections: their limits, and which one is closed to make room for a new one.

use std::cell::Cell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::client_key::ClientKey;
use super::places::{Full, Place, Places};
use super::wire::Wire;

/// Open files that are not connections: the database, its log, the pollers and pages, with some to
/// spare.
const RESERVED_FILES: u64 = 32;

/// A connection that has waited for less than this may be between two requests and is not closed.
const SHORT_WAIT: Duration = Duration::from_millis(100);

/// How long a new connection waits for room, and how often it checks. The acceptor waits with it.
/// Longer than [`SHORT_WAIT`], so that an idle connection becomes old enough to be closed.
const ROOM_PATIENCE: Duration = Duration::from_millis(150);
const ROOM_PAUSE: Duration = Duration::from_millis(2);

/// Raises the open-file limit as far as needed and possible, and returns how many of the `wanted`
/// connections fit into it. `files_each` is the number of files that one connection may have open.
pub fn allowed_connections(wanted: usize, files_each: u64) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(u64::MAX);
    let needed = wanted as u64 * files_each + RESERVED_FILES;
    let possible = needed.min(limit.maximum.unwrap_or(u64::MAX));
    let mut files = current;
    if current < possible {
        let raised = Rlimit {
            current: Some(possible),
            maximum: limit.maximum,
        };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            files = possible;
        }
    }
    let room =
        usize::try_from(files.saturating_sub(RESERVED_FILES) / files_each).unwrap_or(usize::MAX);
    let most = wanted.min(room).max(1);
    if most < wanted {
        log::warn!("The open-file limit of {files} allows only {most} connections");
    }
    most
}

/// The open connections.
pub struct Connections {
    most: usize,
    most_of_address: usize,
    places: Arc<Places>,
    open: Mutex<Open>,
    none_left: Condvar,
    started: Instant,
}

/// The open connections by number, and their count for each address and network.
#[derive(Default)]
struct Open {
    all: HashMap<u64, Arc<Connection>>,
    of: HashMap<ClientKey, usize>,
}

impl Open {
    fn insert(&mut self, number: u64, connection: Arc<Connection>) {
        for key in connection.keys() {
            *self.of.entry(key).or_default() += 1;
        }
        self.all.insert(number, connection);
    }

    fn remove(&mut self, number: u64) -> Option<Arc<Connection>> {
        let removed = self.all.remove(&number)?;
        for key in removed.keys() {
            if let Some(count) = self.of.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    self.of.remove(&key);
                }
            }
        }
        Some(removed)
    }
}

/// One open connection.
struct Connection {
    wire: Arc<Wire>,
    /// The address whose limit it counts for; `None` if the address is exempt.
    address: Option<IpAddr>,
    activity: Mutex<Activity>,
}

/// The state of a connection's thread.
#[derive(Clone, Copy, Debug)]
enum Activity {
    /// It waits for a complete request, for an event (long polling), or until the peer has received the
    /// last answer. Such a connection gives way to a new one.
    Waits { since: Instant },
    /// It sends an answer to a public caller. It gives way, too.
    Sends { since: Instant },
    /// It answers a request.
    Works,
    /// It gets the updates over a WebSocket.
    Subscriber,
}

impl Connection {
    fn keys(&self) -> impl Iterator<Item = ClientKey> {
        self.address.into_iter().flat_map(ClientKey::all)
    }

    fn set(&self, activity: Activity) {
        *self.activity() = activity;
    }

    fn activity(&self) -> MutexGuard<'_, Activity> {
        self.activity.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time since which the connection has been ready to give way.
    fn gives_way_since(&self) -> Option<Instant> {
        match *self.activity() {
            Activity::Waits { since } | Activity::Sends { since } => Some(since),
            Activity::Works | Activity::Subscriber => None,
        }
    }

    /// Ends the connection. A request that has arrived is still read and answered.
    fn give_way(&self) {
        match *self.activity() {
            Activity::Sends { .. } => self.wire.cut(),
            _ => self.wire.end_reading(),
        }
    }
}

impl Connections {
    /// Limits of `most` connections in all and `most_of_address` for one address.
    pub fn new(most: usize, most_of_address: u32) -> Self {
        let most_of_address = usize::try_from(most_of_address).unwrap_or(usize::MAX);
        Self {
            most,
            most_of_address,
            places: Arc::new(Places::new(most, most_of_address)),
            open: Mutex::default(),
            none_left: Condvar::new(),
            started: Instant::now(),
        }
    }

    /// Adds a connection. If a limit is reached, closes the connection that has waited longest for a
    /// complete request: an idle one, a long poll, or one that sends a byte now and then to stay. Fails if
    /// all are subscribers or answering requests, and stay so for a moment. `address` is the address whose limit
    /// the connection counts for, if any; the wait applies to the overall limit only.
    pub fn enter(
        self: &Arc<Self>,
        number: u64,
        wire: &Arc<Wire>,
        address: Option<IpAddr>,
    ) -> Result<Entered, Full> {
        let deadline = Instant::now() + ROOM_PATIENCE;
        let mut open = self.lock();
        for key in address.into_iter().flat_map(ClientKey::all) {
            let most = key.limit(self.most_of_address);
            let has = open.of.get(&key).copied().unwrap_or_default();
            if has >= most && self.evict(&mut open, Some(key)).is_none() {
                return Err(Full::Of(key, most));
            }
        }
        while open.all.len() >= self.most && self.evict(&mut open, None).is_none() {
            drop(open);
            if Instant::now() >= deadline {
                return Err(Full::All(self.most));
            }
            thread::sleep(ROOM_PAUSE);
            open = self.lock();
        }
        let connection = Arc::new(Connection {
            wire: wire.clone(),
            address,
            activity: Mutex::new(Activity::Waits {
                since: Instant::now(),
            }),
        });
        open.insert(number, connection.clone());
        Ok(Entered {
            number,
            connection,
            connections: self.clone(),
            is_public: Cell::new(true),
        })
    }

    /// Closes the connection that has waited longest. `None` if none has waited for long.
    pub fn make_room(&self) -> Option<()> {
        self.evict(&mut self.lock(), None)
    }

    /// Closes the connection that has waited longest, among those of a client if `of` is given.
    fn evict(&self, open: &mut Open, of: Option<ClientKey>) -> Option<()> {
        let waiting = open.all.iter().filter_map(|(number, connection)| {
            if of.is_some_and(|of| connection.keys().all(|other| other != of)) {
                return None;
            }
            let since = connection.gives_way_since()?;
            (since.elapsed() >= SHORT_WAIT).then_some((since, *number))
        });
        let (_, longest) = waiting.min()?;
        open.remove(longest)?.give_way();
        Some(())
    }

    /// Ends the reading of requests: waiting connections end now, working ones after their answer.
    pub fn end_requests(&self) {
        for connection in self.all() {
            if !matches!(*connection.activity(), Activity::Subscriber) {
                connection.wire.end_reading();
            }
        }
    }

    /// Closes all connections at once.
    pub fn cut_all(&self) {
        for connection in self.all() {
            connection.wire.cut();
        }
    }

    fn all(&self) -> Vec<Arc<Connection>> {
        self.lock().all.values().cloned().collect()
    }

    /// Waits until no connection is open, at most for `timeout`. Returns whether none is.
    pub fn wait_until_none(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut open = self.lock();
        while !open.all.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let woken = self.none_left.wait_timeout(open, left);
            open = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The membership of a connection in [`Connections`]. Dropping it removes the connection.
pub struct Entered {
    number: u64,
    connection: Arc<Connection>,
    connections: Arc<Connections>,
    /// The caller of the request in progress is public.
    is_public: Cell<bool>,
}

impl Entered {
    pub fn wire(&self) -> &Wire {
        &self.connection.wire
    }

    /// Tells whether the caller of the request in progress is public: without a role, on
    /// another machine.
    pub fn set_public(&self, is_public: bool) {
        self.is_public.set(is_public);
    }

    /// How many connections are open, this one among them, and how many may be.
    pub fn all_connections(&self) -> (usize, usize) {
        let connections = &self.connections;
        (connections.lock().all.len(), connections.most)
    }

    /// Takes a place that the caller at `address` may hold for long. `None` if the caller needs none,
    /// because it is not public.
    pub fn take_place(&self, address: IpAddr) -> Result<Option<Place>, Full> {
        if self.is_public.get() {
            Place::take(&self.connections.places, address).map(Some)
        } else {
            Ok(None)
        }
    }

    /// From now on the thread waits for a request or for an event.
    pub fn waits(&self) {
        let since = Instant::now();
        self.connection.set(Activity::Waits { since });
    }

    /// From now on the thread answers a request.
    pub fn works(&self) {
        self.connection.set(Activity::Works);
    }

    /// From now on the thread sends an answer.
    pub fn sends(&self) {
        if self.is_public.get() {
            let since = Instant::now();
            self.connection.set(Activity::Sends { since });
        }
    }

    /// The last answer is sent, and the connection stays open only until the peer has received it. It
    /// is the first to be closed for others.
    pub fn lingers(&self) {
        let since = self.connections.started;
        self.connection.set(Activity::Waits { since });
    }

    /// From now on the connection is a subscriber.
    pub fn becomes_subscriber(&self) {
        self.connection.set(Activity::Subscriber);
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        open.remove(self.number);
        if open.all.is_empty() {
            self.connections.none_left.notify_all();
        }
    }
}
