//! The requests that other threads send to the ledger.

use crossbeam_channel::Sender;

use super::listeners::PrintOrder;
use crate::access::{AccessChange, Actor};
use crate::domain::Command;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::json::OutcomeView;
use crate::storage::{AuditEntry, AuditRecord, RequestHash, SteadyFile};
use crate::webhook::WebhookChange;

/// Renders the outcome of a command as an answer. The ledger's thread calls it for an answer that it
/// stores under an `Idempotency-Key`; otherwise the caller's thread does, so that the ledger has less
/// to do.
pub type AnswerRenderer = fn(&OutcomeView) -> Answer;

/// The source of an answer: an outcome that is still to be rendered, or the stored answer.
pub(super) enum AnswerSource {
    /// Boxed, so that the ledger's replies stay small.
    Outcome(Box<OutcomeView>, AnswerRenderer),
    Stored(Answer),
}

impl AnswerSource {
    pub(super) fn answer(self) -> Answer {
        match self {
            Self::Outcome(outcome, render) => render(&outcome),
            Self::Stored(answer) => answer,
        }
    }
}

/// The reply to a command: the source of its answer, or why it could not be executed.
pub(super) type Reply = Result<AnswerSource, Problem>;

/// A request that must not be executed twice.
pub struct IdempotentRequest {
    pub key: String,
    /// To recognize a repetition.
    pub request: RequestHash,
    /// Whether a refusal is stored, too. It is not if anyone may cause one for nothing.
    pub keep_refusal: bool,
}

/// A request to the ledger. `reply` is answered once the result is durable.
pub(super) enum LedgerRequest {
    /// Execute a command.
    Execute {
        /// Boxed, so that the channel's slots stay small.
        command: Box<Command>,
        /// The sender of the command; `None` for the program itself.
        actor: Option<Actor>,
        /// Whether the ticket is put on paper, and where.
        print: Option<Box<PrintOrder>>,
        idempotent: Option<IdempotentRequest>,
        render: AnswerRenderer,
        reply: Sender<Reply>,
    },
    /// Answer a refused request: with the stored answer of its key, or with this problem.
    ReplayOrRefuse {
        repeated: IdempotentRequest,
        problem: Problem,
        reply: Sender<Reply>,
    },
    /// Store changes of PINs, sessions and tokens with their audit entry. The reply says whether
    /// they are durable, or why not.
    StoreAccess {
        changes: Vec<AccessChange>,
        /// Boxed, so that the channel's slots stay small.
        entry: Option<Box<AuditEntry>>,
        reply: Option<Sender<Result<(), Problem>>>,
    },
    /// The same for webhooks.
    StoreWebhooks {
        changes: Vec<WebhookChange>,
        entry: Option<Box<AuditEntry>>,
        reply: Option<Sender<Result<(), Problem>>>,
    },
    /// Read a page of the audit log; `None` if it cannot be read.
    ReadAudit {
        before: u64,
        limit: u64,
        reply: Sender<Option<Vec<AuditRecord>>>,
    },
    /// Make the data file steady for a backup. `Err` says why that cannot be.
    MakeSteady {
        reply: Sender<Result<Option<SteadyFile>, String>>,
    },
    /// Publish the events that other servers of the office have stored.
    CatchUp,
    /// Execute what waits, then end.
    Stop,
}
