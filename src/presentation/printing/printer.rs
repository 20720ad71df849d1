//! The office's ticket printer, as the rest of the program uses it. Tickets wait for its thread in a
//! short list: a printer that is jammed for an hour then prints the last ones, and not an hour's worth.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use serde::Serialize;

use super::device::{Device, Trouble};
use super::worker::{Awaited, Worker};
use crate::presentation::http::address::Base;
use crate::presentation::services::WssService;
use crate::threads;

/// Tickets that may wait for the printer. Past it the oldest is left out: its person has gone on
/// without it.
pub(super) const MOST_WAITING: usize = 64;

/// How long a stop waits for the thread: a name that cannot be looked up can hold it for longer.
const STOP_WAITING: Duration = Duration::from_millis(2_500);

/// How the printer is, as screens are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PrinterState {
    /// `ok` or `failing`.
    pub state: &'static str,
    /// What is wrong, by a stable name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<&'static str>,
    /// What is wrong, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'static str>,
}

impl From<Option<Trouble>> for PrinterState {
    fn from(trouble: Option<Trouble>) -> Self {
        Self {
            state: if trouble.is_some() { "failing" } else { "ok" },
            problem: trouble.map(Trouble::code),
            detail: trouble.map(Trouble::detail),
        }
    }
}

/// The office's ticket printer.
pub struct Printer {
    list: Sender<Awaited>,
    /// The same list's other end, to take the oldest out.
    oldest: Receiver<Awaited>,
    shared: Arc<Shared>,
    /// Dropped to end the thread.
    stop: Mutex<Option<Sender<()>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Ends when the thread does.
    ended: Receiver<()>,
}

/// What the printer's thread shares with all others.
pub(super) struct Shared {
    trouble: Mutex<Option<Trouble>>,
    stopping: AtomicBool,
    wss: &'static WssService,
}

impl Shared {
    /// What is wrong with the printer.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        *lock(&self.trouble)
    }

    /// Whether the program ends.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Notes how the printer is, and tells the screens where that is news.
    pub(super) fn note(&self, trouble: Option<Trouble>) {
        let before = std::mem::replace(&mut *lock(&self.trouble), trouble);
        if before == trouble {
            return;
        }
        match trouble {
            Some(trouble) => log::warn!("{}", trouble.detail()),
            None => log::info!("The ticket printer works again"),
        }
        self.wss.tell_printer(trouble.into());
    }
}

impl Printer {
    /// Starts the thread `printer`, for a printer at `target` (`HOST:PORT`). `listen` is where this
    /// server listens: phones that read a ticket's code are to come there.
    pub fn start(
        target: &str,
        listen: SocketAddr,
        wss: &'static WssService,
    ) -> io::Result<Arc<Self>> {
        let (list, waiting) = bounded(MOST_WAITING);
        let (stop, stopped) = bounded(0);
        let (running, ended) = bounded(0);
        let shared = Arc::new(Shared {
            trouble: Mutex::new(None),
            stopping: AtomicBool::new(false),
            wss,
        });
        wss.tell_printer(None.into());
        let worker = Worker {
            device: Device::new(target),
            base: Base::of_machine(listen),
            waiting: waiting.clone(),
            first: VecDeque::new(),
            unsure: VecDeque::new(),
            stopped,
            shared: shared.clone(),
            started: Instant::now(),
        };
        let thread = threads::spawn_vital("printer", move || {
            let _running: Sender<()> = running;
            worker.run();
        })?;
        Ok(Arc::new(Self {
            list,
            oldest: waiting,
            shared,
            stop: Mutex::new(Some(stop)),
            thread: Mutex::new(Some(thread)),
            ended,
        }))
    }

    /// Gives it a ticket to print, without waiting.
    pub fn print(&self, ticket: Awaited) {
        let mut ticket = ticket;
        while let Err(TrySendError::Full(back)) = self.list.try_send(ticket) {
            ticket = back;
            if let Ok(oldest) = self.oldest.try_recv() {
                log::warn!("Ticket {} is not printed: too many wait", oldest.code);
                self.shared.note(Some(Trouble::Behind));
            }
        }
    }

    /// How it is.
    pub fn state(&self) -> PrinterState {
        self.shared.trouble().into()
    }

    /// Begins to end the thread: what waits is printed where the printer takes it at once.
    pub fn close(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        drop(lock(&self.stop).take());
    }

    /// Waits until the thread has ended.
    pub fn stop(&self) {
        self.close();
        let Some(thread) = lock(&self.thread).take() else {
            return;
        };
        if self.ended.recv_timeout(STOP_WAITING) == Err(RecvTimeoutError::Timeout) {
            log::debug!("The printer's thread waits for a name to be looked up, and is left");
        } else if thread.join().is_err() {
            log::error!("The printer's thread has failed");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
