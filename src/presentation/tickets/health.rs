//! `/api/health`: whether the server works.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ticket::phone_base;
use crate::calendar;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::RETRY_AFTER_SECONDS;
use crate::presentation::http::route::{Context, Handled};
use crate::presentation::services::PrinterState;

const PURGE_IS_HELD: &str = "The clock says that more than 31 days have passed since the last event, so nothing that \
     has expired is deleted for a day. Check the computer's clock.";

const NO_PUBLIC_URL: &str = "Phones cannot reach this server at the address of this request, so tickets that are printed \
     over it have no QR code. Set the public address in the settings, «Printing».";

const WEBHOOK_STOPPED: &str = "A webhook is switched off, because its receiver failed for three days or wants no more messages. \
     See the settings, «Webhooks».";

const BACKUP_FAILED: &str = "The last backup failed: the log says why, and what to do.";

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
    /// Why nothing that has expired is deleted; omitted if it is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    purge_problem: Option<&'static str>,
    /// Why times and the beginning of the day may be wrong; omitted if the office's time zone is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone_problem: Option<&'static str>,
    /// Why printed tickets have no QR code, and what to do; omitted if there are no printers, or if
    /// phones can use the address of this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url_problem: Option<&'static str>,
    /// Whether the last backup failed; omitted if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup_problem: Option<&'static str>,
    /// Whether the server has switched a webhook off; omitted if not.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_problem: Option<&'static str>,
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
    let (seq, waiting, day_rule) = office
        .tickets
        .read_queue(|queue| (queue.seq(), queue.waiting(), queue.settings().day_rule()));
    let storage_problem = office.tickets.storage_problem();
    let failing = storage_problem.is_some();
    let printers = office.wss.printers();
    let mut states = printers.iter().map(|(_, state)| *state);
    let first = states.clone().next();
    let printer = states.find(PrinterState::is_failing).or(first);
    let health = Health {
        status: if failing { "storage-unavailable" } else { "ok" },
        version: env!("CARGO_PKG_VERSION"),
        seq,
        waiting,
        storage_problem,
        purge_problem: office.tickets.purge_is_held().then_some(PURGE_IS_HELD),
        time_zone_problem: calendar::zone_problem(&day_rule),
        backup_problem: office.backups.has_failed().then_some(BACKUP_FAILED),
        webhook_problem: office.webhooks.has_stopped_one().then_some(WEBHOOK_STOPPED),
        uptime_seconds: office.started.elapsed().as_secs(),
        public_url_problem: (printer.is_some() && phone_base(context).is_none())
            .then_some(NO_PUBLIC_URL),
        printer: printer.map(|printer| printer.state),
        printer_problem: printer
            .filter(PrinterState::is_failing)
            .and_then(|printer| printer.detail),
        printers: printers.into_iter().collect(),
    };
    if failing {
        return Ok(
            Answer::json(503, &health).with_header("Retry-After", RETRY_AFTER_SECONDS.to_string())
        );
    }
    Ok(Answer::json(200, &health))
}
