//! The one WebSocket service of the process: any part of the program can publish through it.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use thiserror::Error;

use super::follower::{self, POSITIONS_AT_ONCE};
use super::readiness::Readiness;
use super::recent::{RECENT_EVENTS, Recent, Since};
use super::screen::Screen;
use super::update::{Run, Update};
use crate::config::Limits;
use crate::domain::{Event, Queue, Stamped, apply};
use crate::presentation::json::Message;
use crate::presentation::printing::PrinterState;
use crate::threads;

/// What may wait for the publishing thread. It takes all of it at each turn, so this fills only
/// where one turn through all screens takes longer than this many commits; then those wait.
const PUBLICATIONS_WAITING: usize = 1_024;

static INSTANCE: OnceLock<WssService> = OnceLock::new();

/// `WssService::instance()` before `WssService::init()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("WssService is not initialized")]
pub struct NotInitialized;

/// How the service is set up.
#[derive(Debug)]
pub struct Options {
    /// Where WebSockets connect to.
    pub path: &'static str,
    /// The longest message that a screen may send, in bytes.
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

/// What the publishing thread is told.
enum Publication {
    Join(Arc<Screen>),
    Leave(Arc<Screen>),
    Updates(Vec<Arc<Update>>),
    Stop,
}

/// The service.
pub struct WssService {
    options: Options,
    publications: Sender<Publication>,
    recent: Recent,
    readiness: Arc<Readiness>,
    next_number: AtomicUsize,
    closing: AtomicBool,
    /// How the ticket printer is, where there is one.
    printer: Mutex<Option<PrinterState>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl WssService {
    /// Sets it up, once in the process, and starts its threads `publish` and `readable`. `queue`
    /// and `events` are what a start loads: it replays the events, and remembers the last ones for
    /// screens that were away.
    ///
    /// # Panics
    /// When it is called twice.
    pub fn init(
        options: Options,
        queue: &mut Queue,
        events: &[Stamped],
    ) -> io::Result<&'static Self> {
        // Whoever knew this office on another machine, or another office here, is told the state.
        let import = |stamped: &Stamped| matches!(stamped.event, Event::OfficeImported { .. });
        let imported = events.iter().rposition(import).map_or(0, |last| last + 1);
        let forgotten = events.len().saturating_sub(RECENT_EVENTS).max(imported);
        let mut updates = Vec::new();
        for stamped in &events[..forgotten] {
            apply(queue, stamped);
        }
        for stamped in &events[forgotten..] {
            updates.push(Arc::new(Update::apply(queue, stamped)));
        }
        let (publications, waiting) = bounded(PUBLICATIONS_WAITING);
        let readiness = Arc::new(Readiness::new()?);
        let watcher = readiness.clone();
        let threads = vec![
            threads::spawn_vital("publish", move || publish(&waiting))?,
            threads::spawn_vital("readable", move || watcher.run())?,
        ];
        let service = Self {
            options,
            publications,
            recent: Recent::new(updates, queue.seq()),
            readiness,
            next_number: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
            printer: Mutex::new(None),
            threads: Mutex::new(threads),
        };
        assert!(INSTANCE.set(service).is_ok(), "initialised once");
        Ok(Self::instance().expect("it was set just now"))
    }

    /// The service, from anywhere, once it is set up.
    pub fn instance() -> Result<&'static Self, NotInitialized> {
        INSTANCE.get().ok_or(NotInitialized)
    }

    /// Where WebSockets connect to.
    pub fn path(&self) -> &'static str {
        self.options.path
    }

    /// The longest message that a screen may send, in bytes.
    pub fn message_bytes(&self) -> usize {
        self.options.message_bytes
    }

    /// Tells all screens. What is published must be durable; called by the ledger's thread alone,
    /// in the order of the events.
    pub fn publish(&self, updates: Vec<Arc<Update>>) {
        if updates.is_empty() {
            return;
        }
        self.recent.push(&updates);
        self.tell(Publication::Updates(updates));
    }

    /// What came after event `seq`.
    pub fn since(&self, seq: u64) -> Since {
        self.recent.since(seq)
    }

    /// The same, waiting no longer than `timeout` for the first, nor than whoever waits may, for
    /// which `remaining_lifetime` is asked.
    pub fn wait_since(
        &self,
        seq: u64,
        timeout: Duration,
        remaining_lifetime: &dyn Fn() -> Option<Duration>,
    ) -> Since {
        self.recent.wait_since(seq, timeout, remaining_lifetime)
    }

    /// A session or a token has ended: every screen and everyone who waits for news asks whether it
    /// was theirs.
    pub fn recheck_access(&self) {
        self.recent.ask_again();
        for screen in self.readiness.screens() {
            screen.recheck_access();
        }
    }

    /// Tells all screens how the ticket printer is: those that are there now and those that come.
    pub fn tell_printer(&self, state: PrinterState) {
        *self.printer.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
        for screen in self.readiness.screens() {
            screen.tell_printer();
        }
    }

    /// The message that says how the ticket printer is, to a screen that knows event `seq`; `None`
    /// where there is no printer.
    pub fn printer_message(&self, seq: Option<u64>) -> Option<String> {
        let printer = *self.printer.lock().unwrap_or_else(PoisonError::into_inner);
        let message = Message {
            kind: "printer",
            seq,
            payload: printer?,
        };
        Some(message.text())
    }

    /// A number for a new screen, unique in the process.
    pub(super) fn next_number(&self) -> usize {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }

    /// From now on the screen is told what is published and when its socket is readable.
    pub(super) fn join(&self, screen: &Arc<Screen>) -> io::Result<()> {
        self.readiness.watch(screen)?;
        self.tell(Publication::Join(screen.clone()));
        if self.closing.load(Ordering::Acquire) {
            screen.tell_closing();
        }
        log::info!("Client connected");
        Ok(())
    }

    /// Watches the screen's socket again.
    pub(super) fn watch_again(&self, screen: &Screen) -> io::Result<()> {
        self.readiness.watch_again(screen)
    }

    /// The screen has gone.
    pub(super) fn leave(&self, screen: &Arc<Screen>) {
        self.readiness.forget(screen);
        self.tell(Publication::Leave(screen.clone()));
        log::info!("Client disconnected");
    }

    /// Tells every screen and everyone who waits for news that the server ends.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.recent.close();
        for screen in self.readiness.screens() {
            screen.tell_closing();
        }
    }

    /// Ends the service's threads, once its screens have gone.
    pub fn stop(&self) {
        self.readiness.stop();
        self.tell(Publication::Stop);
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                log::error!("A thread of the WebSocket service has failed");
            }
        }
    }

    fn tell(&self, publication: Publication) {
        // The publishing thread ends last of all; what is said after that reaches nobody.
        let _ = self.publications.send(publication);
    }
}

/// The body of the thread `publish`: the only one that knows all screens. It takes everything that
/// is waiting, so that screens get what happened in the same instant in one piece.
fn publish(publications: &Receiver<Publication>) {
    let mut screens: Vec<Arc<Screen>> = Vec::new();
    // Phones, each with one reader: they are told when the rooms have been.
    let mut followers: Vec<Arc<Screen>> = Vec::new();
    while let Ok(first) = publications.recv() {
        let mut updates = Vec::new();
        for publication in std::iter::once(first).chain(publications.try_iter()) {
            match publication {
                Publication::Join(screen) if screen.follower().is_some() => {
                    followers.push(screen);
                }
                Publication::Join(screen) => screens.push(screen),
                Publication::Leave(screen) => {
                    let list = if screen.follower().is_some() {
                        &mut followers
                    } else {
                        &mut screens
                    };
                    list.retain(|other| other.number() != screen.number());
                }
                Publication::Updates(more) => updates.extend(more),
                Publication::Stop => return,
            }
        }
        if let Some(run) = Run::new(updates) {
            let run = Arc::new(run);
            for screen in &screens {
                screen.offer(&run, None);
            }
            for some in followers.chunks(POSITIONS_AT_ONCE) {
                let follow: Vec<_> = some.iter().filter_map(|one| one.follower()).collect();
                for (screen, position) in some.iter().zip(follower::positions(&follow)) {
                    screen.offer(&run, position);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::presentation::services::screens::wss::WssService;

    #[test]
    fn before_it_is_initialised_there_is_no_instance() {
        let error = WssService::instance().err().expect("none was made here");
        assert_eq!(error.to_string(), "WssService is not initialized");
    }
}
