//! Turns requests into a batch: decides their commands on the working copy of the queue.

use std::sync::Arc;
use std::time::Instant;

use super::{Ledger, Pending};
use crate::access::Actor;
use crate::calendar::{business_day, now};
use crate::domain::{Command, Event, Stamped, Subject, Timestamp, changed_rows, decide};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::json::OutcomeView;
use crate::presentation::services::changed_fields::changed_fields;
use crate::presentation::services::listeners::PrintOrder;
use crate::presentation::services::request::{
    AnswerRenderer, AnswerSource, IdempotentRequest, LedgerRequest, Reply,
};
use crate::presentation::services::screens::Update;
use crate::presentation::services::wall_clock::ClockStep;
use crate::storage::{AuditEntry, AuditKind, Batch};

impl Ledger {
    /// Begins a batch: a business day that is due, and a step of the clock, come before the requests.
    pub(super) fn begin(&mut self) -> Pending {
        let mut pending = Pending::default();
        pending.batch.at = now().as_millis();
        let is_day_due = self.is_day_due(&pending.batch);
        pending.stepped_by = self.step_clock(&mut pending.batch);
        // If visitors wait or are served while the clock is set, their business day goes on.
        if is_day_due && !(pending.stepped_by.is_some() && self.working.is_busy()) {
            self.start_day(&mut pending.batch);
        }
        pending
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

    /// Records a step of the clock since the last look at it, so that waiting times stay true, and says by how many
    /// milliseconds it was. If several servers share the office, it is not recorded.
    fn step_clock(&mut self, batch: &mut Batch) -> Option<i64> {
        let ClockStep { by, since } = self.clock.step(batch.at)?;
        if self.shared.servers().is_some_and(|servers| servers > 1) {
            // Most times in the queue come from the clocks of others.
            return Some(by);
        }
        let at = Timestamp::from_millis(batch.at);
        let decision = decide(&self.working, &Command::StepClock { by, since }, at);
        self.record(decision.events, None, batch);
        Some(by)
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

    /// Decides a request. After a conflict with another server it is decided again.
    pub(super) fn handle_request(&mut self, request: &LedgerRequest, pending: &mut Pending) {
        let reply = match request {
            LedgerRequest::Execute {
                command,
                actor,
                print,
                idempotent,
                render,
                ..
            } => {
                let options = (print.as_deref(), idempotent.as_ref(), *render);
                Some(self.execute(command, actor.as_ref(), options, pending))
            }
            LedgerRequest::ReplayOrRefuse {
                repeated, problem, ..
            } => {
                let answer = self.stored_answer(repeated, &pending.batch);
                let answer = answer.and_then(|stored| stored.ok_or_else(|| problem.clone()));
                Some(answer.map(AnswerSource::Stored))
            }
            LedgerRequest::StoreAccess { changes, entry, .. } => {
                pending.batch.access.extend_from_slice(changes);
                if let Some(entry) = entry {
                    if entry.kind == AuditKind::AuditErased {
                        self.purge_at = Instant::now();
                    }
                    pending.batch.audit.push((**entry).clone());
                }
                None
            }
            LedgerRequest::StoreWebhooks { changes, entry, .. } => {
                pending.batch.webhooks.extend_from_slice(changes);
                pending.batch.audit.extend(entry.as_deref().cloned());
                None
            }
            // They are handled at once.
            LedgerRequest::ReadAudit { .. }
            | LedgerRequest::MakeSteady { .. }
            | LedgerRequest::CatchUp
            | LedgerRequest::Stop => None,
        };
        pending.replies.push(reply);
    }

    /// Executes one command on the working copy. Only an answer to be stored is rendered here.
    fn execute(
        &mut self,
        command: &Command,
        actor: Option<&Actor>,
        (print, idempotent, render): (
            Option<&PrintOrder>,
            Option<&IdempotentRequest>,
            AnswerRenderer,
        ),
        pending: &mut Pending,
    ) -> Reply {
        let batch = &mut pending.batch;
        if let Some(repeated) = idempotent
            && let Some(answer) = self.stored_answer(repeated, batch)?
        {
            return Ok(AnswerSource::Stored(answer));
        }
        let decision = decide(&self.working, command, Timestamp::from_millis(batch.at));
        if let Command::ImportOffice { history, .. } = command
            && decision.outcome.is_ok()
        {
            let last = self.working.seq();
            batch.rows.extend(history.iter().map(|row| row.after(last)));
        }
        self.record(decision.events, actor, batch);
        if let Command::ImportOffice { .. } = command {
            // The office may come from an earlier day, or from another time zone.
            if self.is_day_due(batch) {
                self.start_day(batch);
            }
        }
        if let (Some(print), Ok(Subject::Ticket(id))) = (print, &decision.outcome) {
            let ticket = self.working.ticket(*id).cloned();
            pending
                .prints
                .extend(ticket.map(|ticket| (ticket, print.clone())));
        }
        let is_kept =
            |repeated: &&IdempotentRequest| decision.outcome.is_ok() || repeated.keep_refusal;
        let idempotent = idempotent.filter(is_kept);
        let outcome = OutcomeView::of(&self.working, decision.outcome);
        let Some(idempotent) = idempotent else {
            return Ok(AnswerSource::Outcome(Box::new(outcome), render));
        };
        let stored = render(&outcome).kept(idempotent.key.clone(), idempotent.request);
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
            None => self
                .storage(|journal| journal.answer(key))
                .map_err(|error| {
                    self.set_failing(&error);
                    Problem::storage_unavailable()
                })?,
        };
        match stored {
            Some(stored) if stored.request == repeated.request => Ok(Some(stored.into())),
            Some(_) => Err(Problem::key_reused()),
            None => Ok(None),
        }
    }
}
