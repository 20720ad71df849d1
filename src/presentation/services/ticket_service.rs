//! The queue, as the rest of the program uses it: commands in, answers out, and copies to look at.
//!
//! The shared queue holds only what is durable. Every lock here is held for a copy and no longer.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::ledger::{Ledger, Told};
use super::request::{IdempotentRequest, LedgerRequest, Render, Reply};
use super::shared::SharedState;
use crate::access::{AccessChange, Actor};
use crate::domain::{Command, Queue};
use crate::presentation::http::problem::Problem;
use crate::storage::{Journal, Note, Place, Traced};
use crate::threads;

/// Commands that may wait for the ledger. Each waiting one holds a connection's thread, so there
/// can hardly be more; a full channel makes the next one wait, too.
const REQUESTS_WAITING: usize = 1_024;

thread_local! {
    /// A connection's thread asks one thing at a time, so one channel for its answers is enough.
    static ANSWERS: (Sender<Reply>, Receiver<Reply>) = bounded(1);
}

/// The shared queue and the way to change it.
pub struct TicketService {
    requests: Sender<LedgerRequest>,
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
        let (requests, waiting) = bounded(REQUESTS_WAITING);
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
            requests,
            shared,
            ledger: Mutex::new(Some(handle)),
        })
    }

    /// Executes a command and returns its answer, as `render` makes it, once its events are durable.
    /// `actor` is who sent the command; `None` if the program itself did. An `idempotent` request is
    /// executed once; a repetition gets the stored answer. Called from any thread but the ledger's.
    pub fn execute(
        &self,
        command: Command,
        actor: Option<Actor>,
        idempotent: Option<IdempotentRequest>,
        render: Render,
    ) -> Reply {
        self.ask(|reply| LedgerRequest::Execute {
            command: Box::new(command),
            actor,
            idempotent,
            render,
            reply,
        })
    }

    /// Answers a request that is refused: as it was answered before under its key, or with `problem`.
    pub fn answer_again(&self, repeated: IdempotentRequest, problem: Problem) -> Reply {
        self.ask(|reply| LedgerRequest::AnswerAgain {
            repeated,
            problem,
            reply,
        })
    }

    /// Sends a request to the ledger and waits for its reply.
    fn ask(&self, request: impl FnOnce(Sender<Reply>) -> LedgerRequest) -> Reply {
        ANSWERS.with(|(sender, answers)| {
            let request = request(sender.clone());
            if self.requests.send(request).is_err() {
                return Err(Problem::storage_unavailable());
            }
            // A panic in the ledger's thread ends the process, so an answer always comes.
            answers.recv().expect("this thread holds a sender, too")
        })
    }

    /// Stores changes of who may do what and what the trace says of them, and returns when both are
    /// durable.
    pub fn keep(&self, changes: Vec<AccessChange>, entry: Option<Note>) -> Result<(), Problem> {
        let (sender, kept) = bounded(1);
        let sent = self.requests.send(LedgerRequest::StoreAccess {
            changes,
            entry,
            reply: Some(sender),
        });
        match sent.map(|()| kept.recv()) {
            Ok(Ok(true)) => Ok(()),
            _ => Err(Problem::storage_unavailable()),
        }
    }

    /// Has something stored that nobody needs to wait for.
    pub fn note(&self, changes: Vec<AccessChange>, entry: Option<Note>) {
        let request = LedgerRequest::StoreAccess {
            changes,
            entry,
            reply: None,
        };
        // Where the ledger has that much to do, people who wait come first.
        let _ = self.requests.try_send(request);
    }

    /// Has it forgotten who caused what until now, and returns when the note of that is durable; the
    /// rest follows in steps.
    pub fn purge(&self, entry: Note) -> Result<(), Problem> {
        let (reply, kept) = bounded(1);
        match self
            .requests
            .send(LedgerRequest::PurgeAudit { entry, reply })
            .map(|()| kept.recv())
        {
            Ok(Ok(true)) => Ok(()),
            _ => Err(Problem::storage_unavailable()),
        }
    }

    /// What the trace shows before that place, newest first and `limit` at most.
    pub fn trace(&self, before: Place, limit: u64) -> Result<Vec<Traced>, Problem> {
        let (reply, traced) = bounded(1);
        let request = LedgerRequest::ReadAudit {
            before,
            limit,
            reply,
        };
        match self.requests.send(request).map(|()| traced.recv()) {
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
            && self.requests.send(LedgerRequest::Stop).is_ok()
            && handle.join().is_err()
        {
            log::error!("The ledger's thread has failed");
        }
    }
}
