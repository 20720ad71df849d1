//! The queue, as the rest of the program uses it: commands in, answers out, and copies to look at.
//!
//! The shared queue holds only what is durable. Every lock here is held for a copy and no longer.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::ledger::{Keyed, Ledger, Order, Told};
use super::shared::SharedState;
use crate::access::{AccessChange, Actor};
use crate::domain::{Command, Queue, Refusal, Settings};
use crate::presentation::http::problem::Problem;
use crate::presentation::json::{DeskView, ServiceView, TicketView};
use crate::storage::{Journal, KeptAnswer, Note, Place, Traced};
use crate::threads;

/// Commands that may wait for the ledger. Each waiting one holds a connection's thread, so there
/// can hardly be more; a full channel makes the next one wait, too.
const ORDERS_WAITING: usize = 1_024;

/// What a command came to.
pub type Outcome = Result<Granted, Refusal>;

/// A wish that was granted, with a copy of what it was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Granted {
    Ticket(TicketView),
    Desk {
        desk: DeskView,
        made: bool,
    },
    /// What was asked to go is gone.
    Deleted,
    Service {
        service: ServiceView,
        made: bool,
    },
    /// The office, as it is set up now.
    Office(Settings),
}

/// What the ledger answers.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "a copy in the one place that a thread's answer has costs less than an allocation"
)]
pub enum Reply {
    Outcome(Outcome),
    /// The kept answer to this very request: rendered now, or when it came for the first time.
    Kept(KeptAnswer),
    /// The key was used with another request.
    KeyReused,
    /// Nothing could be stored, and nothing was done.
    StorageUnavailable,
}

thread_local! {
    /// A connection's thread asks one thing at a time, so one channel for its answers is enough.
    static ANSWERS: (Sender<Reply>, Receiver<Reply>) = bounded(1);
}

/// The shared queue and the way to change it.
pub struct TicketService {
    orders: Sender<Order>,
    shared: Arc<SharedState>,
    ledger: Mutex<Option<JoinHandle<()>>>,
}

impl TicketService {
    /// Takes over a queue that is as the journal has it, and starts the thread `ledger`.
    /// `snapshot_seq` is the last event of the newest snapshot that is kept; `trace_kept` is for how
    /// long it is kept who caused an event.
    pub fn start(
        queue: Queue,
        snapshot_seq: u64,
        journal: Box<dyn Journal>,
        told: Told,
        trace_kept: Duration,
    ) -> io::Result<Self> {
        let (orders, waiting) = bounded(ORDERS_WAITING);
        let shared = Arc::new(SharedState::new(queue.clone()));
        let ledger = Ledger::new(
            queue,
            journal,
            shared.clone(),
            told,
            waiting,
            snapshot_seq,
            trace_kept,
        );
        let handle = threads::spawn_vital("ledger", move || ledger.run())?;
        Ok(Self {
            orders,
            shared,
            ledger: Mutex::new(Some(handle)),
        })
    }

    /// Runs a command, and returns when what came of it is durable. `actor` is who wants it; `None`
    /// where it happens by itself. From any thread but the ledger's.
    pub fn run(&self, command: Command, actor: Option<Actor>, keyed: Option<Keyed>) -> Reply {
        ANSWERS.with(|(sender, answers)| {
            let order = Order::Run {
                command: Box::new(command),
                actor,
                keyed,
                reply: sender.clone(),
            };
            if self.orders.send(order).is_err() {
                return Reply::StorageUnavailable;
            }
            // A ledger that fails ends the process, so this waits for nobody who has gone.
            answers.recv().expect("this thread holds a sender, too")
        })
    }

    /// Stores changes of who may do what and what the trace says of them, and returns when both are
    /// durable.
    pub fn keep(&self, changes: Vec<AccessChange>, note: Option<Note>) -> Result<(), Problem> {
        let (sender, kept) = bounded(1);
        let sent = self.orders.send(Order::Keep {
            changes,
            note,
            reply: Some(sender),
        });
        match sent.map(|()| kept.recv()) {
            Ok(Ok(true)) => Ok(()),
            _ => Err(Problem::storage_unavailable()),
        }
    }

    /// Has something stored that nobody needs to wait for.
    pub fn note(&self, changes: Vec<AccessChange>, note: Option<Note>) {
        let order = Order::Keep {
            changes,
            note,
            reply: None,
        };
        // Where the ledger has that much to do, people who wait come first.
        let _ = self.orders.try_send(order);
    }

    /// Has it forgotten who caused what until now, and returns when the note of that is durable; the
    /// rest follows in steps.
    pub fn purge(&self, note: Note) -> Result<(), Problem> {
        let (reply, kept) = bounded(1);
        match self
            .orders
            .send(Order::Purge { note, reply })
            .map(|()| kept.recv())
        {
            Ok(Ok(true)) => Ok(()),
            _ => Err(Problem::storage_unavailable()),
        }
    }

    /// What the trace shows before that place, newest first and `limit` at most.
    pub fn trace(&self, before: Place, limit: u64) -> Result<Vec<Traced>, Problem> {
        let (reply, traced) = bounded(1);
        let order = Order::Trace {
            before,
            limit,
            reply,
        };
        match self.orders.send(order).map(|()| traced.recv()) {
            Ok(Ok(Some(traced))) => Ok(traced),
            _ => Err(Problem::storage_unavailable()),
        }
    }

    /// Copies what `look` wants of the queue; under its lock, so it must neither wait nor write.
    pub fn look<T>(&self, look: impl FnOnce(&Queue) -> T) -> T {
        self.shared.read_queue(look)
    }

    /// The state that this service shares with screens.
    pub(super) fn shared(&self) -> Arc<SharedState> {
        self.shared.clone()
    }

    /// Whether the last attempt to store something failed.
    pub fn is_failing(&self) -> bool {
        self.shared.storage_fails()
    }

    /// Carries out what is waiting, closes the journal, and ends the ledger's thread.
    pub fn stop(&self) {
        let handle = self
            .ledger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(handle) = handle
            && self.orders.send(Order::Stop).is_ok()
            && handle.join().is_err()
        {
            log::error!("The ledger's thread has failed");
        }
    }
}
