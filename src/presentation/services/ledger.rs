//! The ledger: the only thread that changes the queue. It takes a batch of waiting requests, decides
//! their commands on its working copy, and stores the events in one commit. Only then it applies them
//! to the shared queue, publishes them to the listeners, and replies.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::changed_fields::changed_fields;
use super::listeners::{Listeners, PrintOrder, Publication};
use super::request::{AnswerSource, IdempotentRequest, LedgerRequest, Render, Reply};
use super::screens::Update;
use super::shared::SharedState;
use super::wall_clock::{ClockStep, WallClock};
use crate::access::Actor;
use crate::calendar::{business_day, now};
use crate::config::Retention;
use crate::domain::{
    Command, Event, Queue, Stamped, Subject, Ticket, Timestamp, apply, changed_rows, decide,
};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::{Problem, storage_advice};
use crate::presentation::json::OutcomeView;
use crate::storage::{AuditEntry, AuditKind, Batch, Journal, StorageError};

/// Limit of requests in one commit. A larger batch would make the first request wait for the last, and
/// save little: the cost of the commit is already shared by many.
const BATCH_REQUESTS: usize = 256;

/// Smallest number of events between two snapshots. A start replays so many and the recent ones, which
/// takes about 20 ms.
const SNAPSHOT_EVENTS: u64 = 4_096;

/// Interval between looks whether the data file is still there.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Interval between probes of failing storage.
const PROBE_INTERVAL: Duration = Duration::from_secs(2);

/// Retention of the answers to an `Idempotency-Key`: longer than any client repeats a request.
const ANSWER_RETENTION: Duration = Duration::from_secs(48 * 60 * 60);

/// Interval between purges of expired data.
const PURGE_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// If more time has passed since the last event, the clock may be wrong, and for a day nothing is purged:
/// one start with a clock far ahead would delete everything.
const LONGEST_SILENCE_MS: i64 = 31 * DAY_MS;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Pause between two steps of one purge.
const PURGE_PAUSE: Duration = Duration::from_millis(200);

/// Why the ledger's thread woke up.
enum Wake {
    Request(LedgerRequest),
    Idle,
    End,
}

/// The owner of the journal.
pub(super) struct Ledger {
    /// The durable queue and the events that are decided and not yet durable.
    working: Queue,
    /// The screens' updates of these events. Their estimates are costly, so they are computed on the
    /// working copy and not under the lock of the shared queue.
    updates: Vec<Arc<Update>>,
    journal: Box<dyn Journal>,
    shared: Arc<SharedState>,
    listeners: Listeners,
    requests: Receiver<LedgerRequest>,
    snapshot_seq: u64,
    retention: Retention,
    /// Time of the next purge.
    purge_at: Instant,
    /// Time of the next check of the data file, or of the next probe if storage fails.
    check_at: Instant,
    clock: WallClock,
    failing: bool,
    stopping: bool,
}

/// Requests that are decided and wait for their commit.
#[derive(Default)]
struct Pending {
    batch: Batch,
    replies: Vec<(Sender<Reply>, Reply)>,
    /// Replies that only say whether the batch is durable.
    confirmations: Vec<Sender<bool>>,
    /// Tickets to put on paper.
    prints: Vec<(Ticket, PrintOrder)>,
}

impl Ledger {
    pub(super) fn new(
        journal: Box<dyn Journal>,
        shared: Arc<SharedState>,
        listeners: Listeners,
        requests: Receiver<LedgerRequest>,
        snapshot_seq: u64,
        retention: Retention,
    ) -> Self {
        Self {
            snapshot_seq,
            retention,
            purge_at: Instant::now(),
            check_at: Instant::now(),
            working: shared.read_queue(Queue::clone),
            journal,
            shared,
            listeners,
            requests,
            updates: Vec::new(),
            clock: WallClock::new(now().as_millis()),
            failing: false,
            stopping: false,
        }
    }

    /// The body of the thread. It ends after `Stop`, when no request waits any more.
    pub(super) fn run(mut self) {
        loop {
            match self.wait() {
                Wake::Request(request) => self.process(Some(request)),
                Wake::Idle => self.process(None),
                Wake::End => break,
            }
        }
        if let Some(wal) = self.journal.close() {
            log::warn!(
                "The newest tickets are in {}, because they could not be moved into the data file: keep both \
                 files together",
                wal.display()
            );
        }
    }

    /// Processes a request and those that wait behind it, in one commit.
    pub(super) fn process(&mut self, first: Option<LedgerRequest>) {
        self.check_storage_if_due();
        let mut pending = Pending::default();
        pending.batch.at = now().as_millis();
        let clock = self.clock;
        let is_day_due = self.is_day_due(&pending.batch);
        let has_stepped = self.adjust_clock(&mut pending.batch);
        // If people wait or are served while the clock is set, their business day goes on.
        if is_day_due && !(has_stepped && self.working.is_busy()) {
            self.start_day(&mut pending.batch);
        }
        if let Some(first) = first {
            self.handle_request(first, &mut pending);
        }
        while pending.replies.len() + pending.confirmations.len() < BATCH_REQUESTS
            && let Ok(request) = self.requests.try_recv()
        {
            self.handle_request(request, &mut pending);
        }
        if !self.commit(pending) {
            // The commit failed: keep the old clock, so that the step is detected again.
            self.clock = clock;
        }
        self.snapshot_if_due();
        self.purge_if_due();
    }

    /// Waits for the next request, or until the calendar or failing storage must be checked.
    fn wait(&mut self) -> Wake {
        if self.stopping {
            return self.requests.try_recv().map_or(Wake::End, Wake::Request);
        }
        // The calendar is looked at as often.
        let due = self.purge_at.min(self.check_at);
        match self.requests.recv_deadline(due) {
            Ok(request) => Wake::Request(request),
            Err(RecvTimeoutError::Disconnected) => Wake::End,
            Err(RecvTimeoutError::Timeout) => Wake::Idle,
        }
    }

    /// Whether the calendar says that another business day has begun.
    fn is_day_due(&self, batch: &Batch) -> bool {
        let rule = self.working.settings().day_rule();
        let day_at = |moment: Timestamp| business_day(&rule, moment.as_millis());
        self.working
            .is_day_over(Timestamp::from_millis(batch.at), day_at)
    }

    /// Starts a business day, before anything else of that day happens.
    fn start_day(&mut self, batch: &mut Batch) {
        let at = Timestamp::from_millis(batch.at);
        let decision = decide(&self.working, &Command::StartDay, at);
        self.record(decision.events, None, batch);
    }

    /// Records a step of the clock since the last look at it, so that waiting times stay true, and says whether there
    /// was one.
    fn adjust_clock(&mut self, batch: &mut Batch) -> bool {
        let Some(ClockStep { by, since }) = self.clock.step(batch.at) else {
            return false;
        };
        log::warn!("The computer's clock was changed by {} s", by / 1_000);
        let at = Timestamp::from_millis(batch.at);
        let decision = decide(&self.working, &Command::AdjustClock { by, since }, at);
        self.record(decision.events, None, batch);
        true
    }

    /// Applies events to the working copy, stamped with the batch's time: the business day was checked
    /// for that time.
    fn record(&mut self, events: Vec<Event>, actor: Option<&Actor>, batch: &mut Batch) {
        let at = Timestamp::from_millis(batch.at);
        let person = actor.and_then(|actor| actor.person_id);
        for event in events {
            let event = event.by(person);
            let stamped = Stamped {
                seq: event.seq_after(self.working.seq()),
                at,
                event,
            };
            let fields = changed_fields(&self.working, &stamped.event);
            let update = Update::apply(&mut self.working, &stamped);
            changed_rows(&self.working, &stamped.event, &mut batch.rows);
            self.updates.push(Arc::new(update));
            let entry = AuditEntry::of_event(&self.working, &stamped, actor);
            batch.audit.push(AuditEntry { fields, ..entry });
            batch.events.push(stamped);
        }
    }

    fn handle_request(&mut self, request: LedgerRequest, pending: &mut Pending) {
        match request {
            LedgerRequest::Stop => self.stopping = true,
            LedgerRequest::Execute {
                command,
                actor,
                print,
                idempotent,
                render,
                reply,
            } => {
                let request = (print, idempotent, render);
                let answer = self.execute(&command, actor.as_ref(), request, pending);
                pending.replies.push((reply, answer));
            }
            LedgerRequest::ReplayOrRefuse {
                repeated,
                problem,
                reply,
            } => {
                let answer = self.stored_answer(&repeated, &pending.batch);
                let answer = answer.and_then(|stored| stored.ok_or(problem));
                pending
                    .replies
                    .push((reply, answer.map(AnswerSource::Stored)));
            }
            LedgerRequest::StoreAccess {
                changes,
                entry,
                reply,
            } => {
                pending.batch.access.extend(changes);
                if let Some(entry) = entry {
                    if entry.kind == AuditKind::AuditErased {
                        self.purge_at = Instant::now();
                    }
                    pending.batch.audit.push(*entry);
                }
                // Without a reply channel, nobody waits for the confirmation.
                pending.confirmations.extend(reply);
            }
            LedgerRequest::StoreWebhooks {
                changes,
                entry,
                reply,
            } => {
                pending.batch.webhooks.extend(changes);
                pending.batch.audit.extend(entry.map(|entry| *entry));
                pending.confirmations.extend(reply);
            }
            LedgerRequest::ReadAudit {
                before,
                limit,
                reply,
            } => {
                let records = self.journal.audit(before, limit);
                let records =
                    records.map_err(|error| log::error!("The audit log cannot be read: {error}"));
                let _ = reply.send(records.ok());
            }
            LedgerRequest::MakeSteady { reply } => {
                let steady = self.journal.steady_file();
                let _ = reply.send(steady.map_err(|error| error.to_string()));
            }
        }
    }

    /// Executes one command on the working copy. Only an answer to be stored is rendered here.
    fn execute(
        &mut self,
        command: &Command,
        actor: Option<&Actor>,
        (print, idempotent, render): (Option<Box<PrintOrder>>, Option<IdempotentRequest>, Render),
        pending: &mut Pending,
    ) -> Reply {
        let batch = &mut pending.batch;
        if let Some(repeated) = &idempotent
            && let Some(answer) = self.stored_answer(repeated, batch)?
        {
            return Ok(AnswerSource::Stored(answer));
        }
        let decision = decide(&self.working, command, Timestamp::from_millis(batch.at));
        self.record(decision.events, actor, batch);
        if let Command::ImportOffice { .. } = command {
            // The office may come from an earlier day, or from another time zone.
            if self.is_day_due(batch) {
                self.start_day(batch);
            }
        }
        if let (Some(print), Ok(Subject::Ticket(id))) = (print, &decision.outcome) {
            let ticket = self.working.ticket(*id).cloned();
            pending.prints.extend(ticket.map(|ticket| (ticket, *print)));
        }
        let is_kept =
            |repeated: &IdempotentRequest| decision.outcome.is_ok() || repeated.keep_refusal;
        let idempotent = idempotent.filter(is_kept);
        let outcome = OutcomeView::of(&self.working, decision.outcome);
        let Some(idempotent) = idempotent else {
            return Ok(AnswerSource::Outcome(Box::new(outcome), render));
        };
        let stored = render(&outcome).kept(idempotent.key, idempotent.request);
        batch.answers.push(stored.clone());
        Ok(AnswerSource::Stored(stored.into()))
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

    /// Stores the batch, then publishes it. The shared queue comes first, so that a client with an
    /// answer finds its ticket there; then the listeners; then the replies. Returns whether it is durable.
    fn commit(&mut self, pending: Pending) -> bool {
        let Pending {
            batch,
            replies,
            confirmations,
            prints,
        } = pending;
        let updates = std::mem::take(&mut self.updates).into();
        let stored = self.store(&batch);
        if stored.is_ok() {
            self.shared.with_queue(|queue| {
                for stamped in &batch.events {
                    apply(queue, stamped);
                }
            });
            self.listeners.publish(&Publication { updates, prints });
        }
        // A send fails only if the thread that waited for the reply has ended.
        for (reply, answer) in replies {
            let failed = |error| Err(Problem::storage_failed(error));
            let _ = reply.send(stored.as_ref().map_or_else(failed, |()| answer));
        }
        let is_durable = stored.is_ok();
        for reply in confirmations {
            let _ = reply.send(is_durable);
        }
        is_durable
    }

    /// Appends the batch to the journal. If that fails, the working copy goes back to the durable queue.
    fn store(&mut self, batch: &Batch) -> Result<(), StorageError> {
        let is_empty = batch.events.is_empty()
            && batch.answers.is_empty()
            && batch.access.is_empty()
            && batch.webhooks.is_empty()
            && batch.audit.is_empty();
        if is_empty {
            return Ok(());
        }
        let expected = self.shared.read_queue(Queue::seq);
        let begun = Instant::now();
        let stored = self.journal.append(expected, batch);
        let metrics = self.shared.metrics();
        metrics.count_commit(begun.elapsed(), stored.is_ok());
        match &stored {
            Ok(()) => metrics.count_events(&batch.events, &self.working),
            Err(error) => {
                self.set_failing(error);
                self.working = self.shared.read_queue(Queue::clone);
            }
        }
        stored
    }

    /// Looks whether the data file is still there, or whether storage that fails, or has little room, works. Only a
    /// probe says that it does: on a full disk a small batch may find room, and a larger one none.
    fn check_storage_if_due(&mut self) {
        if Instant::now() < self.check_at {
            return;
        }
        let (checked, interval) = if self.failing || !self.journal.has_room() {
            (self.journal.probe(), PROBE_INTERVAL)
        } else {
            (self.journal.check(), CHECK_INTERVAL)
        };
        self.check_at = Instant::now() + interval;
        match checked {
            Ok(()) if self.failing => {
                log::info!("Storage works again");
                self.failing = false;
                self.shared.set_storage_problem(None);
            }
            Ok(()) => {}
            Err(error) => self.set_failing(&error),
        }
    }

    fn set_failing(&mut self, error: &StorageError) {
        if self.failing {
            // Not once for each request until storage works again.
            log::debug!("Storage still fails: {error}");
        } else {
            log::error!("Storage fails, and changes are refused: {error}");
            // A purge of expired data makes room.
            self.purge_at = Instant::now();
            self.check_at = Instant::now() + PROBE_INTERVAL;
        }
        self.failing = true;
        self.shared.set_storage_problem(Some(storage_advice(error)));
    }

    /// Purges a bounded number of expired audit entries and stored answers, if a purge is due.
    fn purge_if_due(&mut self) {
        if Instant::now() < self.purge_at {
            return;
        }
        let at = now().as_millis();
        let purged = self.hold_purge(at).and_then(|held| match held {
            // Entries that an admin erased are deleted even then.
            true => self.journal.purge(i64::MIN, i64::MIN, at),
            false => self.purge_expired(at),
        });
        let pause = match purged {
            Ok(true) => PURGE_PAUSE,
            Ok(false) => PURGE_INTERVAL,
            Err(_) if self.failing => PROBE_INTERVAL,
            Err(error) => {
                log::warn!("Expired data could not be purged; it will be tried again: {error}");
                PURGE_INTERVAL
            }
        };
        self.purge_at = Instant::now() + pause;
    }

    /// Deletes expired audit entries and answers, then expired history, then erases the notes of tickets that are
    /// over, in steps. Returns whether there may be more.
    fn purge_expired(&mut self, at: i64) -> Result<bool, StorageError> {
        let set = self.working.settings().keep_days;
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let flag = millis(self.retention.personal);
        let retention = set.map_or(flag, |days| i64::from(days) * DAY_MS);
        // An answer may hold a note.
        let answers = retention.min(ANSWER_RETENTION.as_millis() as i64);
        let is_more = self.journal.purge(at - retention, at - answers, at)?;
        if is_more || self.failing {
            return Ok(is_more);
        }
        let history = at - millis(self.retention.history);
        if self.journal.purge_history(history)? {
            return Ok(true);
        }
        let queue = &self.working;
        let is_held = |ticket| queue.ticket(ticket).is_some();
        self.journal.erase_notes(at - retention, &is_held)
    }

    /// Whether purges are held at the time `at`, because no event of the 31 days before is
    /// stored. A restart within that day changes nothing.
    fn hold_purge(&mut self, at: i64) -> Result<bool, StorageError> {
        let newest = self.journal.newest_before(at - DAY_MS)?;
        let held = newest.is_some_and(|newest| at - newest > LONGEST_SILENCE_MS);
        if held && !self.shared.purge_is_held() {
            log::warn!(
                "The clock says that more than 31 days have passed since the last event, so nothing that has \
                 expired is deleted for a day: check the computer's clock"
            );
        }
        self.shared.set_purge_held(held);
        Ok(held)
    }

    /// Saves a snapshot if one is due. The larger the queue, the rarer the snapshots, so that their cost
    /// for each event stays the same.
    fn snapshot_if_due(&mut self) {
        let seq = self.working.seq();
        let due = SNAPSHOT_EVENTS.max(self.working.len() as u64);
        if self.failing || seq - self.snapshot_seq < due {
            return;
        }
        self.snapshot_seq = seq;
        if let Err(error) = self.journal.save_snapshot(&self.working) {
            log::warn!("No snapshot could be saved, so the next start takes longer: {error}");
        }
    }
}
