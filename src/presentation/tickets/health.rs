//! Whether the program is well.

use serde::Serialize;

use crate::presentation::answer::Answer;
use crate::presentation::problem::RETRY_AFTER_SECONDS;
use crate::presentation::router::{Context, Handled};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    status: &'static str,
    version: &'static str,
    seq: u64,
    waiting: usize,
    uptime_seconds: u64,
}

/// `GET /api/health`
pub fn health(context: &Context<'_>) -> Handled {
    let office = context.office;
    let (seq, waiting) = office.tickets.look(|queue| (queue.seq(), queue.waiting()));
    let failing = office.tickets.is_failing();
    let health = Health {
        status: if failing { "storage-unavailable" } else { "ok" },
        version: env!("CARGO_PKG_VERSION"),
        seq,
        waiting,
        uptime_seconds: office.started.elapsed().as_secs(),
    };
    if failing {
        return Ok(Answer::json(503, &health).with_header("Retry-After", RETRY_AFTER_SECONDS));
    }
    Ok(Answer::json(200, &health))
}
