//! The WebSocket service of the process: its subscribers join here, and the ledger publishes here.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};
use thiserror::Error;

use super::printers::{PrinterState, PrinterStates};
use super::publisher::{self, Publication};
use super::readiness::Readiness;
use super::recent::{RECENT_EVENTS, RecentUpdates, Since};
use super::subscriber::Subscriber;
use super::update::Update;
use crate::config::Limits;
use crate::domain::{Event, Queue, Stamped, apply};
use crate::presentation::http::wire::Wire;
use crate::threads;

/// Limit of messages that wait for the thread `publish`. It takes all of them at once, so the channel
/// is full only if one pass over all subscribers takes longer than this many commits; then the ledger
/// waits.
const PUBLICATIONS_WAITING: usize = 1_024;

static INSTANCE: OnceLock<WssService> = OnceLock::new();

/// The error of `WssService::instance()` before `WssService::init()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("WssService is not initialized")]
pub struct NotInitialized;

/// The options of the service.
#[derive(Debug)]
pub struct Options {
    /// The path that WebSockets connect to.
    pub path: &'static str,
    /// Limit of a message from a subscriber, in bytes.
    pub message_bytes: usize,
}

impl From<&Limits> for Options {
    fn from(limits: &Limits) -> Self {
        Self {
            message_bytes: limits.message_bytes,
            ..Self::default()
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            path: "/ws",
            message_bytes: 4 * 1024,
        }
    }
}

/// The service.
pub struct WssService {
    options: Options,
    publications: Sender<Publication>,
    recent: RecentUpdates,
    readiness: Arc<Readiness<Arc<Subscriber>>>,
    next_number: AtomicUsize,
    /// Subscribers that are connected.
    connected: AtomicUsize,
    /// Subscribers since the start: all, and those that were dropped.
    joined: AtomicU64,
    dropped: AtomicU64,
    closing: AtomicBool,
    printers: PrinterStates,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl WssService {
    /// Initializes the service, once in the process, and starts its threads `publish` and `readable`.
    /// `queue` and `events` come from storage: the events are applied to the queue, and the last
    /// ones are remembered for subscribers that reconnect.
    ///
    /// # Panics
    /// If it is called twice.
    pub fn init(
        options: Options,
        queue: &mut Queue,
        events: &[Stamped],
    ) -> io::Result<&'static Self> {
        let recent = replay(queue, events);
        let (publications, waiting) = bounded(PUBLICATIONS_WAITING);
        let notify: fn(&Arc<Subscriber>) = |subscriber| subscriber.notify_readable();
        let readiness = Arc::new(Readiness::new(notify)?);
        let watcher = readiness.clone();
        let threads = vec![
            threads::spawn_vital("publish", move || publisher::run(&waiting))?,
            threads::spawn_vital("readable", move || watcher.run())?,
        ];
        let service = Self {
            options,
            publications,
            recent,
            readiness,
            next_number: AtomicUsize::new(0),
            connected: AtomicUsize::new(0),
            joined: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            closing: AtomicBool::new(false),
            printers: PrinterStates::default(),
            threads: Mutex::new(threads),
        };
        assert!(INSTANCE.set(service).is_ok(), "initialized once");
        Ok(Self::instance().expect("it was set just now"))
    }

    /// The service, from anywhere, after `init`.
    pub fn instance() -> Result<&'static Self, NotInitialized> {
        INSTANCE.get().ok_or(NotInitialized)
    }

    /// The path that WebSockets connect to.
    pub fn path(&self) -> &'static str {
        self.options.path
    }

    /// Limit of a message from a subscriber, in bytes.
    pub fn message_bytes(&self) -> usize {
        self.options.message_bytes
    }

    /// Sends durable updates to all subscribers. Called by the ledger's thread alone, in the order of the
    /// events.
    pub fn publish(&self, updates: Arc<[Arc<Update>]>) {
        if updates.is_empty() {
            return;
        }
        self.recent.push(&updates);
        self.send(Publication::Updates(updates));
    }

    /// The updates after event `seq`.
    pub fn since(&self, seq: u64) -> Since {
        self.recent.since(seq)
    }

    /// Like `since`, but blocks until an update arrives, `timeout` passes, the caller's
    /// `remaining_lifetime` ends, or the caller ends its side of the connection `wire`.
    pub fn wait_since(
        &self,
        seq: u64,
        timeout: Duration,
        remaining_lifetime: &dyn Fn() -> Option<Duration>,
        wire: &Wire,
    ) -> Since {
        let recent = &self.recent;
        recent.wait_since(seq, timeout, remaining_lifetime, wire)
    }

    /// Makes every subscriber and every waiting poll check again whether its session or token is valid.
    pub fn recheck_access(&self) {
        self.recent.recheck_access();
        for subscriber in self.readiness.owners() {
            subscriber.notify_access_change();
        }
    }

    /// Sets which ticket printers there are, and tells all subscribers.
    pub fn set_printers(&self, names: Vec<String>) {
        self.printers.arrange(names);
        self.notify_printers();
    }

    /// Sets the state of the ticket printer `name` and sends it to all subscribers.
    pub fn set_printer_state(&self, name: &str, state: PrinterState) {
        self.printers.set(name, state);
        self.notify_printers();
    }

    fn notify_printers(&self) {
        for subscriber in self.readiness.owners() {
            subscriber.notify_printers();
        }
    }

    /// The name and state of each ticket printer. The first is used if nobody says which.
    pub fn printers(&self) -> Vec<(String, PrinterState)> {
        self.printers.all()
    }

    /// One message for each ticket printer, to a subscriber that has event `seq`.
    pub fn printer_messages(&self, seq: Option<u64>) -> Vec<String> {
        self.printers.messages(seq)
    }

    /// A number for a new subscriber, unique in the process.
    pub(super) fn next_number(&self) -> usize {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }

    /// The number of subscribers that are connected.
    pub fn subscribers(&self) -> usize {
        self.connected.load(Ordering::Relaxed)
    }

    /// How many subscribers have connected since the start, and how many of them were dropped.
    pub fn totals(&self) -> (u64, u64) {
        let joined = self.joined.load(Ordering::Relaxed);
        (joined, self.dropped.load(Ordering::Relaxed))
    }

    /// Counts a subscriber as dropped.
    pub(super) fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds a subscriber to those that get updates and whose sockets are watched.
    pub(super) fn join(&self, subscriber: &Arc<Subscriber>) -> io::Result<()> {
        let owner = subscriber.clone();
        self.readiness
            .watch(subscriber.number(), subscriber.wire(), owner)?;
        self.send(Publication::Join(subscriber.clone()));
        self.connected.fetch_add(1, Ordering::Relaxed);
        self.joined.fetch_add(1, Ordering::Relaxed);
        if self.closing.load(Ordering::Acquire) {
            subscriber.notify_closing();
        }
        log::info!("Client connected");
        Ok(())
    }

    /// Watches the subscriber's socket again.
    pub(super) fn watch_again(&self, subscriber: &Subscriber) -> io::Result<()> {
        self.readiness
            .watch_again(subscriber.number(), subscriber.wire())
    }

    /// Removes a subscriber.
    pub(super) fn leave(&self, subscriber: &Arc<Subscriber>) {
        self.readiness
            .forget(subscriber.number(), subscriber.wire());
        self.send(Publication::Leave(subscriber.clone()));
        self.connected.fetch_sub(1, Ordering::Relaxed);
        log::info!("Client disconnected");
    }

    /// Closes every subscriber and ends every waiting poll, because the server stops.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.recent.close();
        for subscriber in self.readiness.owners() {
            subscriber.notify_closing();
        }
    }

    /// Ends the service's threads, after its subscribers have gone.
    pub fn stop(&self) {
        self.readiness.stop();
        self.send(Publication::Stop);
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                log::error!("A thread of the WebSocket service has failed");
            }
        }
    }

    fn send(&self, publication: Publication) {
        // It fails only after the thread `publish` has ended, when no subscriber is left.
        let _ = self.publications.send(publication);
    }
}

/// Applies the stored events to the queue, and remembers the last ones. Subscribers that knew the office
/// before its import get the whole state instead of events.
fn replay(queue: &mut Queue, events: &[Stamped]) -> RecentUpdates {
    let is_import = |stamped: &Stamped| matches!(stamped.event, Event::OfficeImported { .. });
    let after_import = events
        .iter()
        .rposition(is_import)
        .map_or(0, |last| last + 1);
    let first = events.len().saturating_sub(RECENT_EVENTS).max(after_import);
    let (old, recent) = events.split_at(first);
    for stamped in old {
        apply(queue, stamped);
    }
    let updates: Vec<_> = recent
        .iter()
        .map(|stamped| Arc::new(Update::apply(queue, stamped)))
        .collect();
    RecentUpdates::new(updates, queue.seq())
}

#[cfg(test)]
mod tests {
    use crate::presentation::services::screens::wss::WssService;

    #[test]
    fn there_is_no_instance_before_init() {
        let error = WssService::instance().err().expect("none was made here");
        assert_eq!(error.to_string(), "WssService is not initialized");
    }
}
