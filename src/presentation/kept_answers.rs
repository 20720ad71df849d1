//! The answers to requests with an `Idempotency-Key` that make a webhook, a secret or a person, in memory only: they may have
//! a secret. After a restart, and at another server, a repeated request is refused, because its address or name is in use.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::presentation::http::problem::Problem;
use crate::presentation::services::IdempotentRequest;
use crate::storage::RequestHash;

/// The most answers; the oldest one goes first.
const MOST_ANSWERS: usize = 100;

struct KeptAnswer {
    key: String,
    request: RequestHash,
    status: u16,
    body: Value,
}

/// The answers, oldest first.
#[derive(Default)]
pub struct KeptAnswers(Mutex<VecDeque<KeptAnswer>>);

impl KeptAnswers {
    /// The answer to the same request under the same key before, or else the answer that `answer` makes.
    pub fn once(
        &self,
        request: Option<IdempotentRequest>,
        answer: impl FnOnce() -> Result<(u16, Value), Problem>,
    ) -> Result<(u16, Value), Problem> {
        let Some(request) = request else {
            return answer();
        };
        // Held meanwhile, so that the same request at the same time waits for this one.
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = answers.iter().find(|kept| kept.key == request.key) {
            if kept.request != request.request {
                return Err(Problem::key_reused());
            }
            return Ok((kept.status, kept.body.clone()));
        }
        let (status, body) = answer()?;
        if answers.len() >= MOST_ANSWERS {
            answers.pop_front();
        }
        answers.push_back(KeptAnswer {
            key: request.key,
            request: request.request,
            status,
            body: body.clone(),
        });
        Ok((status, body))
    }
}
