//! The one thread that changes the queue. It takes all waiting commands, up to a bound, decides
//! them on a copy of its own, makes what comes of them durable in one commit, and only then lets
//! the queue, the asker and the screens know.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::request::{IdempotentRequest, LedgerRequest, Render, Reply};
use super::screens::update::Update;
use super::screens::wss::WssService;
use super::shared::SharedState;
use crate::access::Actor;
use crate::calendar::{business_day, now};
use crate::domain::{Command, Event, Queue, Settings, Stamped, TicketId, Timestamp, apply, decide};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::json::SettingsJson;
use crate::presentation::printing::{Awaited, Paper, Printer};
use crate::storage::{Batch, Journal};

/// Commands in one commit. More would make the first one wait for the last; by then the cost of
/// the commit is spread thin enough.
const BATCH_COMMANDS: usize = 256;

/// Events between two snapshots, at least: a start replays this many and the recent ones, which
/// takes some 20 ms.
const SNAPSHOT_EVENTS: u64 = 4_096;

/// How often storage that fails is tried again when nobody asks for anything.
const PROBE_EVERY: Duration = Duration::from_secs(2);

/// How often the calendar is looked at when nobody asks for anything: a new day is on the screens
/// this much after it began.
const CALENDAR_EVERY: Duration = Duration::from_secs(20);

/// How long the answer to an `Idempotency-Key` is kept at least: longer than any client goes on
/// repeating.
const ANSWERS_KEPT: Duration = Duration::from_secs(48 * 60 * 60);

/// How often it is looked for what has become too old to keep, and the pause between two steps
/// where there is much of it.
const PURGE_EVERY: Duration = Duration::from_secs(60 * 60);
const PURGE_PAUSE: Duration = Duration::from_millis(200);

/// Why the ledger's thread goes on.
enum Wake {
    Request(LedgerRequest),
    Idle,
    End,
}

/// Who is told of what has become durable.
pub struct Told {
    pub wss: &'static WssService,
    /// Each new ticket goes to it, where there is one.
    pub printer: Option<Arc<Printer>>,
}

/// The owner of the journal.
pub(super) struct Ledger {
    /// The queue with what is decided and not yet durable.
    working: Queue,
    journal: Box<dyn Journal>,
    shared: Arc<SharedState>,
    told: Told,
    requests: Receiver<LedgerRequest>,
    snapshot_seq: u64,
    /// For how long it is kept who caused an event.
    trace_kept: Duration,
    /// When to look again for what is older.
    purge_at: Instant,
    /// All before this is forgotten, however new, in milliseconds since 1970.
    purge_before: i64,
    failing: bool,
    stopping: bool,
}

/// Commands that are decided and wait for their commit.
#[derive(Default)]
struct Pending {
    batch: Batch,
    replies: Vec<(Sender<Reply>, Reply)>,
    kept: Vec<Sender<bool>>,
    /// Tickets that are to be printed again.
    reprints: Vec<TicketId>,
}

impl Ledger {
    pub(super) fn new(
        queue: Queue,
        journal: Box<dyn Journal>,
        shared: Arc<SharedState>,
        told: Told,
        requests: Receiver<LedgerRequest>,
        snapshot_seq: u64,
        trace_kept: Duration,
    ) -> Self {
        Self {
            snapshot_seq,
            trace_kept,
            purge_at: Instant::now(),
            purge_before: 0,
            working: queue,
            journal,
            shared,
            told,
            requests,
            failing: false,
            stopping: false,
        }
    }

    /// Works until it is told to stop, and then off what is waiting.
    pub(super) fn run(mut self) {
        // A day may have begun while the server was away.
        self.turn(None);
        loop {
            match self.wait() {
                Wake::Request(request) => self.turn(Some(request)),
                Wake::Idle => self.turn(None),
                Wake::End => return,
            }
        }
    }

    /// Carries out an order and those that wait behind it, in one commit.
    fn turn(&mut self, first: Option<LedgerRequest>) {
        let mut pending = Pending::default();
        pending.batch.at = now().as_millis();
        self.keep_day(&mut pending.batch);
        if let Some(first) = first {
            self.take(first, &mut pending);
        }
        while pending.replies.len() + pending.kept.len() < BATCH_COMMANDS
            && let Ok(request) = self.requests.try_recv()
        {
            self.take(request, &mut pending);
        }
        self.commit(pending);
        self.snapshot_if_due();
        self.purge_if_due();
    }

    /// Waits for the next order, or for the time to look at the calendar or at failing storage.
    fn wait(&mut self) -> Wake {
        if self.stopping {
            return self.requests.try_recv().map_or(Wake::End, Wake::Request);
        }
        let patience = if self.failing {
            PROBE_EVERY
        } else {
            CALENDAR_EVERY
        };
        match self.requests.recv_timeout(patience) {
            Ok(request) => Wake::Request(request),
            Err(RecvTimeoutError::Disconnected) => Wake::End,
            Err(RecvTimeoutError::Timeout) => {
                if self.failing {
                    let works = self.journal.probe().is_ok();
                    self.note_storage(works);
                }
                Wake::Idle
            }
        }
    }

    /// Begins a business day when the calendar says so, before anything else of that day happens.
    fn keep_day(&mut self, batch: &mut Batch) {
        let queue = &self.working;
        let rule = queue.settings().day_rule();
        let before = queue.rule_before();
        let in_course = before.unwrap_or(&rule);
        let first = queue.first_at().map(Timestamp::as_millis);
        let command = Command::KeepDay {
            day: business_day(&rule, batch.at),
            before: before.map(|rule| business_day(rule, batch.at)),
            first: first.map(|at| business_day(in_course, at)),
        };
        let decision = decide(&self.working, &command, now());
        self.record(decision.events, None, batch);
    }

    /// Lets events happen on the working copy.
    fn record(&mut self, events: Vec<Event>, actor: Option<&Actor>, batch: &mut Batch) {
        let at = now();
        for event in events {
            let stamped = Stamped {
                seq: self.working.seq() + 1,
                at,
                event,
            };
            if let Event::SettingsChanged { settings } = &stamped.event {
                let fields = changed_fields(self.working.settings(), settings);
                batch.fields.push((stamped.seq, fields));
            }
            apply(&mut self.working, &stamped);
            if let Some(actor) = actor {
                batch.actors.push((stamped.seq, actor.clone()));
            }
            batch.events.push(stamped);
        }
    }

    fn take(&mut self, request: LedgerRequest, pending: &mut Pending) {
        match request {
            LedgerRequest::Stop => self.stopping = true,
            LedgerRequest::Execute {
                command,
                actor,
                idempotent,
                render,
                reply,
            } => {
                let answer = self.execute(&command, actor.as_ref(), idempotent, render, pending);
                pending.replies.push((reply, answer));
            }
            LedgerRequest::AnswerAgain {
                repeated,
                problem,
                reply,
            } => {
                let answer = self.stored_answer(&repeated, &pending.batch);
                let answer = answer.and_then(|stored| stored.ok_or(problem));
                pending.replies.push((reply, answer));
            }
            LedgerRequest::StoreAccess {
                changes,
                entry,
                reply,
            } => {
                pending.batch.access.extend(changes);
                let after = self.working.seq();
                pending
                    .batch
                    .notes
                    .extend(entry.map(|entry| (after, entry)));
                pending.kept.extend(reply);
            }
            LedgerRequest::PurgeAudit { entry, reply } => {
                self.purge_before = now().as_millis();
                self.purge_at = Instant::now();
                pending.batch.notes.push((self.working.seq(), entry));
                pending.kept.push(reply);
            }
            LedgerRequest::ReadAudit {
                before,
                limit,
                reply,
            } => {
                let traced = self.journal.trace(before, limit);
                let traced = traced.map_err(|error| log::error!("Nothing can be read: {error}"));
                let _ = reply.send(traced.ok());
            }
        }
    }

    /// Executes one command on the working copy and renders its answer.
    fn execute(
        &mut self,
        command: &Command,
        actor: Option<&Actor>,
        idempotent: Option<IdempotentRequest>,
        render: Render,
        pending: &mut Pending,
    ) -> Reply {
        let batch = &mut pending.batch;
        if let Some(repeated) = &idempotent
            && let Some(answer) = self.stored_answer(repeated, batch)?
        {
            return Ok(answer);
        }
        let decision = decide(&self.working, command, now());
        self.record(decision.events, actor, batch);
        if let (Command::Reprint { ticket }, Ok(_)) = (command, &decision.outcome) {
            pending.reprints.push(*ticket);
        }
        let answer = render(&self.working, &decision.outcome);
        let Some(idempotent) = idempotent else {
            return Ok(answer);
        };
        let stored = answer.kept(idempotent.key, idempotent.request);
        batch.answers.push(stored.clone());
        Ok(stored.into())
    }

    /// The answer that the same request got under its key, whether it is durable or in this batch.
    /// Refuses another request under the same key.
    fn stored_answer(
        &mut self,
        repeated: &IdempotentRequest,
        batch: &Batch,
    ) -> Result<Option<Answer>, Problem> {
        let key = &repeated.key;
        let stored = match batch.answers.iter().find(|stored| stored.key == *key) {
            Some(stored) => Some(stored.clone()),
            None => self.journal.answer(key).map_err(|error| {
                log::error!("The stored answer cannot be read: {error}");
                Problem::storage_unavailable()
            })?,
        };
        match stored {
            Some(stored) if stored.request == repeated.request => Ok(Some(stored.into())),
            Some(_) => Err(Problem::key_reused()),
            None => Ok(None),
        }
    }

    /// Makes the batch durable, and lets everyone know: the queue first, so that whoever has an
    /// answer finds it there; then the screens' list of recent events; then the askers.
    fn commit(&mut self, pending: Pending) {
        let Pending {
            batch,
            replies,
            kept,
            reprints,
        } = pending;
        let is_empty = batch.events.is_empty()
            && batch.answers.is_empty()
            && batch.access.is_empty()
            && batch.notes.is_empty();
        if !is_empty {
            let expected = self.shared.with_queue(|queue| queue.seq());
            if let Err(error) = self.journal.append(expected, &batch) {
                // Once, not for each request until it works again.
                if self.failing {
                    log::debug!("Still nothing can be stored: {error}");
                } else {
                    log::error!("Nothing can be stored: {error}");
                }
                self.note_storage(false);
                self.working = self.shared.with_queue(|queue| queue.clone());
                for (reply, _) in replies {
                    let _ = reply.send(Err(Problem::storage_unavailable()));
                }
                for reply in kept {
                    let _ = reply.send(false);
                }
                return;
            }
            self.note_storage(true);
        }
        let updates: Vec<Arc<Update>> = self.shared.with_queue(|queue| {
            let events = batch.events.iter();
            events
                .map(|stamped| Arc::new(Update::apply(queue, stamped)))
                .collect()
        });
        self.told.wss.publish(updates);
        for (reply, answer) in replies {
            // An asker waits until it is answered; a failed send is one whose thread has ended.
            let _ = reply.send(answer);
        }
        for reply in kept {
            let _ = reply.send(true);
        }
        self.print(&batch.events, reprints);
    }

    /// Puts new tickets on paper, and those that are asked for again. The printer's list is what
    /// waits, and not this thread.
    fn print(&self, events: &[Stamped], mut tickets: Vec<TicketId>) {
        let Some(printer) = &self.told.printer else {
            return;
        };
        let made = events.iter().filter_map(|stamped| match &stamped.event {
            Event::TicketCreated { ticket, .. } => Some(*ticket),
            _ => None,
        });
        tickets.extend(made);
        for id in tickets {
            let Some(ticket) = self.working.ticket(id) else {
                continue;
            };
            let shared = self.shared.clone();
            printer.print(Awaited::new(ticket.code(), move || {
                shared.with_queue(|queue| Paper::of(queue, queue.ticket(id)?))
            }));
        }
    }

    fn note_storage(&mut self, works: bool) {
        if self.failing && works {
            log::info!("Storage works again");
        }
        self.failing = !works;
        self.shared.set_storage_fails(self.failing);
    }

    /// Forgets who caused what, and which answers were given, past the time that each is kept; a step at
    /// a time.
    fn purge_if_due(&mut self) {
        if self.failing || Instant::now() < self.purge_at {
            return;
        }
        let kept = i64::try_from(self.trace_kept.as_millis()).unwrap_or(i64::MAX);
        let at = now().as_millis();
        let answers_before = at - ANSWERS_KEPT.as_millis() as i64;
        let before = (at - kept).max(self.purge_before);
        let is_more = match self.journal.purge(before, answers_before, at) {
            Ok(purged) => purged.is_more,
            Err(error) => {
                log::warn!("What is too old could not be purged, and is tried again: {error}");
                false
            }
        };
        let pause = if is_more { PURGE_PAUSE } else { PURGE_EVERY };
        self.purge_at = Instant::now() + pause;
    }

    /// Keeps a snapshot now and then: the larger the queue, the more rarely, so that its cost for
    /// each event stays the same.
    fn snapshot_if_due(&mut self) {
        let seq = self.working.seq();
        let due = SNAPSHOT_EVENTS.max(self.working.len() as u64);
        if self.failing || seq - self.snapshot_seq < due {
            return;
        }
        self.snapshot_seq = seq;
        if let Err(error) = self.journal.save_snapshot(&self.working) {
            log::warn!("No snapshot could be kept, so the next start takes longer: {error}");
        }
    }
}

/// The settings in which two offices differ, by the names that they have in JSON.
fn changed_fields(before: &Settings, after: &Settings) -> Vec<String> {
    let fields = |settings| match serde_json::to_value(SettingsJson::from(settings)) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let before = fields(before);
    let after = fields(after).into_iter();
    let changed = after.filter(|(name, value)| before.get(name) != Some(value));
    changed.map(|(name, _)| name).collect()
}
