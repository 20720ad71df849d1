//! `/api/health`: whether the server works.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::RETRY_AFTER_SECONDS;
use crate::presentation::http::route::{Context, Handled};
use crate::presentation::services::PrinterState;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    status: &'static str,
    version: &'static str,
    seq: u64,
    waiting: usize,
    uptime_seconds: u64,
    /// Why nothing can be stored, and what to do; omitted if storage works.
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_problem: Option<String>,
    /// State of the first printer that fails, or of any; omitted without printers.
    #[serde(skip_serializing_if = "Option::is_none")]
    printer: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    printer_problem: Option<&'static str>,
    /// State of each printer, by name; omitted without printers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    printers: BTreeMap<String, PrinterState>,
}

/// `GET /api/health`
pub fn health(context: &Context<'_>) -> Handled {
    let office = context.office;
    let (seq, waiting) = office
        .tickets
        .read_queue(|queue| (queue.seq(), queue.waiting()));
    let storage_problem = office.tickets.storage_problem();
    let failing = storage_problem.is_some();
    let printers = office.wss.printers();
    let fails = |printer: &&PrinterState| printer.detail.is_some();
    let first_failing = printers.values().find(fails);
    let printer = first_failing.or(printers.values().next()).copied();
    let health = Health {
        status: if failing { "storage-unavailable" } else { "ok" },
        version: env!("CARGO_PKG_VERSION"),
        seq,
        waiting,
        storage_problem,
        uptime_seconds: office.started.elapsed().as_secs(),
        printer: printer.map(|printer| printer.state),
        printer_problem: printer.and_then(|printer| printer.detail),
        printers,
    };
    if failing {
        return Ok(
            Answer::json(503, &health).with_header("Retry-After", RETRY_AFTER_SECONDS.to_string())
        );
    }
    Ok(Answer::json(200, &health))
}
