//! The ticket service: the queue, as other threads use it. They send commands, which the ledger's
//! thread executes, and read copies of the durable queue.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::ledger::Ledger;
use super::listeners::{Listeners, PrintOrder};
use super::request::{AnswerRenderer, AnswerSource, IdempotentRequest, LedgerRequest, Reply};
use super::shared::SharedState;
use crate::access::{AccessChange, Actor};
use crate::config::Retention;
use crate::domain::{Command, Queue, TicketRow};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::storage::{AuditEntry, AuditRecord, HistoryQuery, Journal, SteadyFile, TicketHistory};
use crate::threads;
use crate::webhook::WebhookChange;

/// Limit of requests that wait for the ledger. Each one blocks a connection's thread, so there are
/// rarely more; if the channel is full, the next sender waits.
const REQUESTS_WAITING: usize = 1_024;

/// How long a backup waits until nobody reads the history, and how often it looks. Statistics of years take a few
/// seconds to read.
const READER_PATIENCE: Duration = Duration::from_secs(60);
const READER_PAUSE: Duration = Duration::from_millis(50);

/// How long a screen waits for what it has heard of from another server, and how often it looks. Usually that takes 10 ms.
const CATCH_UP_PATIENCE: Duration = Duration::from_secs(1);
const CATCH_UP_PAUSE: Duration = Duration::from_millis(5);

thread_local! {
    /// The channel for replies to this thread, which sends one request at a time.
    static ANSWERS: (Sender<Reply>, Receiver<Reply>) = bounded(1);
}

/// The shared queue, and the channel to the ledger that changes it.
pub struct TicketService {
    requests: Sender<LedgerRequest>,
    shared: Arc<SharedState>,
    history: Arc<dyn TicketHistory>,
    ledger: Mutex<Option<JoinHandle<()>>>,
}

impl TicketService {
    /// Starts the thread `ledger`, which takes over the journal. `shared` holds the queue as it is in
    /// the journal, and `snapshot_seq` is the last event of the newest snapshot.
    pub fn start(
        shared: Arc<SharedState>,
        snapshot_seq: u64,
        journal: Box<dyn Journal>,
        listeners: Listeners,
        retention: Retention,
    ) -> io::Result<Self> {
        let (requests, waiting) = bounded(REQUESTS_WAITING);
        let history = journal.history().into();
        let mut ledger = Ledger::new(
            journal,
            shared.clone(),
            listeners,
            waiting,
            snapshot_seq,
            retention,
        );
        // A business day may have begun while the server was stopped: no client sees the one before.
        ledger.process(None);
        let handle = threads::spawn_vital("ledger", move || ledger.run())?;
        Ok(Self {
            requests,
            shared,
            history,
            ledger: Mutex::new(Some(handle)),
        })
    }

    /// Executes a command and returns its answer, as `render` makes it, once its events are durable.
    /// `actor` is who sent the command; `None` if the program itself did. `print` puts the command's
    /// ticket on paper. An `idempotent` request is executed once; a repetition gets the stored answer.
    /// Called from any thread but the ledger's.
    pub fn execute(
        &self,
        command: Command,
        actor: Option<Actor>,
        print: Option<PrintOrder>,
        idempotent: Option<IdempotentRequest>,
        render: AnswerRenderer,
    ) -> Result<Answer, Problem> {
        let reply = self.ask(|reply| LedgerRequest::Execute {
            command: Box::new(command),
            actor,
            print: print.map(Box::new),
            idempotent,
            render,
            reply,
        });
        reply.map(AnswerSource::answer)
    }

    /// Answers a refused request: with the stored answer of its key, or with `problem`.
    pub fn replay_or_refuse(
        &self,
        repeated: IdempotentRequest,
        problem: Problem,
    ) -> Result<Answer, Problem> {
        let reply = self.ask(|reply| LedgerRequest::ReplayOrRefuse {
            repeated,
            problem,
            reply,
        });
        reply.map(AnswerSource::answer)
    }

    /// Sends a request to the ledger and waits for its reply.
    fn ask(&self, request: impl FnOnce(Sender<Reply>) -> LedgerRequest) -> Reply {
        refuse_if_storage_stalls(&self.shared)?;
        ANSWERS.with(|(sender, answers)| {
            let request = request(sender.clone());
            if self.requests.send(request).is_err() {
                return Err(Problem::storage_unavailable());
            }
            // A panic in the ledger's thread ends the process, so an answer always comes.
            answers.recv().expect("this thread holds a sender, too")
        })
    }

    /// Stores changes of PINs, sessions and tokens with their audit entry, and returns when they are
    /// durable.
    pub fn store_access(
        &self,
        changes: Vec<AccessChange>,
        entry: Option<AuditEntry>,
    ) -> Result<(), Problem> {
        refuse_if_storage_stalls(&self.shared)?;
        let (sender, confirmation) = bounded(1);
        let sent = self.requests.send(LedgerRequest::StoreAccess {
            changes,
            entry: entry.map(Box::new),
            reply: Some(sender),
        });
        match sent.map(|()| confirmation.recv()) {
            Ok(Ok(stored)) => stored,
            _ => Err(Problem::storage_unavailable()),
        }
    }

    /// Like `store_access`, but returns at once. If the ledger has too many requests, nothing is stored:
    /// visitors who wait come first.
    pub fn try_store_access(&self, changes: Vec<AccessChange>, entry: Option<AuditEntry>) {
        let _ = self.requests.try_send(LedgerRequest::StoreAccess {
            changes,
            entry: entry.map(Box::new),
            reply: None,
        });
    }

    /// Lets the ledger publish the events that other servers of the office have stored.
    pub fn catch_up(&self) {
        let _ = self.requests.send(LedgerRequest::CatchUp);
    }

    /// Waits until this server has the event `seq`, which somebody has heard of from another server of the office: not long,
    /// because it may be another office's.
    pub fn catch_up_to(&self, seq: u64) {
        let is_behind = || self.shared.read_queue(Queue::seq) < seq;
        if !is_behind() || self.shared.servers().is_none() {
            return;
        }
        self.catch_up();
        let deadline = Instant::now() + CATCH_UP_PATIENCE;
        while is_behind() && Instant::now() < deadline {
            thread::sleep(CATCH_UP_PAUSE);
        }
    }

    /// The store of webhooks, for other threads.
    pub fn webhook_store(&self) -> WebhookStore {
        WebhookStore {
            requests: self.requests.clone(),
            shared: self.shared.clone(),
        }
    }

    /// Reads a page of the audit log: at most `limit` entries before the id `before`, newest first.
    pub fn read_audit(&self, before: u64, limit: u64) -> Result<Vec<AuditRecord>, Problem> {
        refuse_if_storage_stalls(&self.shared)?;
        read_audit(&self.requests, before, limit)
    }

    /// Reads pages of the audit log, as `read_audit` does, for those who read them later.
    pub fn audit_reader(
        &self,
    ) -> impl FnMut(u64, u64) -> Result<Vec<AuditRecord>, Problem> + Send + 'static {
        let requests = self.requests.clone();
        move |before, limit| read_audit(&requests, before, limit)
    }

    /// The data file, steady for a backup, once nobody reads the history. `Err` says why there is none.
    pub fn steady_file(&self) -> Result<SteadyFile, String> {
        let deadline = Instant::now() + READER_PATIENCE;
        loop {
            let (reply, steady) = bounded(1);
            let sent = self.requests.send(LedgerRequest::MakeSteady { reply });
            let answer = sent.ok().and_then(|()| steady.recv().ok());
            match answer.unwrap_or_else(|| Err("the server stops".to_owned()))? {
                Some(steady) => return Ok(steady),
                None if Instant::now() >= deadline => {
                    return Err("the history is being read all the time".to_owned());
                }
                None => thread::sleep(READER_PAUSE),
            }
        }
    }

    /// Reads tickets of the history, beside the ledger and without the queue's lock.
    pub fn read_history(
        &self,
        query: &HistoryQuery,
        each: &mut dyn FnMut(TicketRow),
    ) -> Result<(), Problem> {
        self.history.read(query, each).map_err(|error| {
            log::error!("The history of tickets cannot be read: {error}");
            Problem::storage_failed(&error)
        })
    }

    /// The history of tickets, for those who read it later.
    pub fn history(&self) -> &Arc<dyn TicketHistory> {
        &self.history
    }

    /// Reads the durable queue under its lock. `read` must copy what it needs and neither wait nor
    /// write.
    pub fn read_queue<T>(&self, read: impl FnOnce(&Queue) -> T) -> T {
        self.shared.read_queue(read)
    }

    /// The shared queue, for those who read it later.
    pub fn shared(&self) -> &Arc<SharedState> {
        &self.shared
    }

    /// Requests that wait for the ledger.
    pub fn queue_length(&self) -> usize {
        self.requests.len()
    }

    /// Whether the ledger's thread works: it answers in that time, or waits for storage, which a restart would not mend.
    pub fn is_alive(&self, patience: Duration) -> bool {
        let (reply, answer) = bounded(1);
        let request = LedgerRequest::ReadAudit {
            before: 0,
            limit: 0,
            reply,
        };
        let sent = self.requests.try_send(request);
        let answers = sent.is_ok() && answer.recv_timeout(patience).is_ok();
        answers || self.shared.is_waiting_for_storage()
    }

    /// The reason that nothing can be stored, and what to do; `None` if storage works.
    pub fn storage_problem(&self) -> Option<String> {
        self.shared.storage_problem()
    }

    /// Whether nothing that has expired is deleted, because the clock may be wrong.
    pub fn purge_is_paused(&self) -> bool {
        self.shared.purge_is_paused()
    }

    /// Executes the requests that wait, closes the journal, and ends the ledger's thread.
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

/// Stores webhooks through the ledger's thread.
#[derive(Clone)]
pub struct WebhookStore {
    requests: Sender<LedgerRequest>,
    shared: Arc<SharedState>,
}

impl WebhookStore {
    /// Stores changes with their audit entry, and returns when they are durable.
    pub fn store(
        &self,
        changes: Vec<WebhookChange>,
        entry: Option<AuditEntry>,
    ) -> Result<(), Problem> {
        refuse_if_storage_stalls(&self.shared)?;
        let (sender, confirmation) = bounded(1);
        let sent = self.requests.send(LedgerRequest::StoreWebhooks {
            changes,
            entry: entry.map(Box::new),
            reply: Some(sender),
        });
        match sent.map(|()| confirmation.recv()) {
            Ok(Ok(stored)) => stored,
            _ => Err(Problem::storage_unavailable()),
        }
    }

    /// Stores a change without waiting. Returns whether the ledger took it: visitors who wait come first.
    pub fn try_store(&self, change: WebhookChange) -> bool {
        let request = LedgerRequest::StoreWebhooks {
            changes: vec![change],
            entry: None,
            reply: None,
        };
        self.requests.try_send(request).is_ok()
    }
}

/// Refuses a request that would wait behind one that storage does not confirm.
fn refuse_if_storage_stalls(shared: &SharedState) -> Result<(), Problem> {
    match shared.storage_stalls() {
        true => Err(Problem::storage_unavailable()),
        false => Ok(()),
    }
}

fn read_audit(
    requests: &Sender<LedgerRequest>,
    before: u64,
    limit: u64,
) -> Result<Vec<AuditRecord>, Problem> {
    let (reply, page) = bounded(1);
    let request = LedgerRequest::ReadAudit {
        before,
        limit,
        reply,
    };
    match requests.send(request).map(|()| page.recv()) {
        Ok(Ok(Some(entries))) => Ok(entries),
        _ => Err(Problem::storage_unavailable()),
    }
}
