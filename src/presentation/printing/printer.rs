//! The thread that prints. Tickets wait for it in a short list: a printer that is jammed for an hour
//! then prints the last ones, and not an hour's worth.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded, select};
use serde::Serialize;

use super::device::{Device, Trouble};
use super::paper::Paper;
use crate::presentation::address::Base;
use crate::presentation::services::WssService;
use crate::threads;

/// Tickets that may wait for the printer. Past it the oldest is left out: its person has gone on
/// without it.
const PAPERS_WAITING: usize = 64;

/// How soon a printer in trouble is tried again, at first and at last.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_LAST: Duration = Duration::from_secs(10);

/// How long a stop lets what waits be printed, and then how long it waits for the thread: a name
/// that cannot be looked up can hold it for longer.
const STOP_PRINTING: Duration = Duration::from_secs(1);
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
    papers: Sender<Paper>,
    /// The same list's other end, to take the oldest out.
    oldest: Receiver<Paper>,
    shared: Arc<Shared>,
    /// Dropped to end the thread.
    stop: Mutex<Option<Sender<()>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Ends when the thread does.
    ended: Receiver<()>,
}

struct Shared {
    trouble: Mutex<Option<Trouble>>,
    stopping: AtomicBool,
    wss: &'static WssService,
}

impl Shared {
    /// Notes how the printer is, and tells the screens where that is news.
    fn note(&self, trouble: Option<Trouble>) {
        let before = {
            let mut kept = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *kept, trouble)
        };
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
        let (papers, waiting) = bounded(PAPERS_WAITING);
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
            papers: waiting.clone(),
            stopped,
            shared: shared.clone(),
        };
        let thread = threads::spawn_vital("printer", move || {
            let _running: Sender<()> = running;
            worker.run();
        })?;
        Ok(Arc::new(Self {
            papers,
            oldest: waiting,
            shared,
            stop: Mutex::new(Some(stop)),
            thread: Mutex::new(Some(thread)),
            ended,
        }))
    }

    /// Gives it a ticket to print, without waiting.
    pub fn print(&self, paper: Paper) {
        let mut paper = paper;
        while let Err(TrySendError::Full(back)) = self.papers.try_send(paper) {
            paper = back;
            if let Ok(oldest) = self.oldest.try_recv() {
                log::warn!("Ticket {} is not printed: too many wait", oldest.code());
                self.shared.note(Some(Trouble::Behind));
            }
        }
    }

    /// How it is.
    pub fn state(&self) -> PrinterState {
        let trouble = self.shared.trouble.lock();
        (*trouble.unwrap_or_else(PoisonError::into_inner)).into()
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

/// What the thread works with.
struct Worker {
    device: Device,
    base: Option<Base>,
    papers: Receiver<Paper>,
    stopped: Receiver<()>,
    shared: Arc<Shared>,
}

impl Worker {
    fn run(mut self) {
        // Whether there is a printer at all is said before somebody needs it.
        self.hand_over(&[]);
        loop {
            let in_trouble = lock(&self.shared.trouble).is_some();
            if in_trouble && !self.recovers() {
                return;
            }
            select! {
                recv(self.papers) -> paper => match paper {
                    Ok(paper) => self.print(&paper),
                    Err(_) => return,
                },
                recv(self.stopped) -> _ => return self.finish(),
            }
        }
    }

    /// Prints one ticket; a printer that cannot is tried until it can.
    fn print(&mut self, paper: &Paper) {
        let bytes = paper.print(self.base.as_ref());
        let mut pause = RETRY_FIRST;
        while !self.hand_over(&bytes) {
            if self.ends_within(pause) {
                log::warn!("Ticket {} is not printed: the server ends", paper.code());
                return;
            }
            pause = (pause * 2).min(RETRY_LAST);
        }
    }

    /// Waits until a printer in trouble is well, or there is something to print that finds out.
    /// `false` where the program ends.
    fn recovers(&mut self) -> bool {
        let mut pause = RETRY_FIRST;
        while self.papers.is_empty() {
            if self.ends_within(pause) {
                return false;
            }
            if self.papers.is_empty() && self.hand_over(&[]) && self.is_well() {
                return true;
            }
            pause = (pause * 2).min(RETRY_LAST);
        }
        true
    }

    fn is_well(&self) -> bool {
        lock(&self.shared.trouble).is_none()
    }

    /// Hands bytes over, and notes how that went. `false` where they must go again.
    fn hand_over(&mut self, bytes: &[u8]) -> bool {
        let shared = &self.shared;
        let handed = self
            .device
            .hand_over(bytes, &|| shared.stopping.load(Ordering::Acquire));
        self.shared.note(handed.err());
        matches!(handed, Ok(()) | Err(Trouble::Silent))
    }

    /// Waits. `true` where the program ends meanwhile.
    fn ends_within(&self, time: Duration) -> bool {
        self.stopped.recv_timeout(time) != Err(RecvTimeoutError::Timeout)
    }

    /// Prints what waits, where that goes quickly.
    fn finish(mut self) {
        let deadline = Instant::now() + STOP_PRINTING;
        while Instant::now() < deadline
            && let Ok(paper) = self.papers.try_recv()
        {
            let bytes = paper.print(self.base.as_ref());
            if !self.hand_over(&bytes) {
                log::warn!("Ticket {} is not printed: the server ends", paper.code());
                return;
            }
        }
    }
}
