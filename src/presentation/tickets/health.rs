//! `/api/health`: whether the server works.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ticket::phone_base;
use crate::calendar;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::RETRY_AFTER_SECONDS;
use crate::presentation::office::Office;
use crate::presentation::route::{Context, Handled};
use crate::presentation::services::PrinterState;

const PURGE_IS_PAUSED: &str = "The clock says that more than 31 days have passed since the last event, so nothing that \
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
    /// The reason that nothing can be stored, and what to do; omitted if storage works.
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_problem: Option<String>,
    /// The reason that nothing expired is deleted; omitted if it is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    purge_problem: Option<&'static str>,
    /// The reason that times and the beginning of the day may be wrong; omitted if the office's time zone is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone_problem: Option<&'static str>,
    /// The reason that printed tickets have no QR code, and what to do; omitted if there are no printers, or if
    /// phones can use the address of this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url_problem: Option<&'static str>,
    /// Whether the last backup failed; omitted if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    backup_problem: Option<&'static str>,
    /// Why devices refuse the certificate of HTTPS, or soon will; omitted if they accept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_problem: Option<String>,
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
    database: Database,
}

/// Where the office is stored, and the part of this server among those that share it.
#[derive(Serialize)]
struct Database {
    kind: &'static str,
    /// Omitted if no other server can share the office.
    #[serde(flatten)]
    part: Option<Part>,
}

#[derive(Serialize)]
struct Part {
    role: &'static str,
    /// How many events of others this server does not show yet; null while nothing can be stored.
    lag: Option<u64>,
    /// Seen in the last 10 s.
    servers: usize,
}

/// What a server is among those of an office. One leads: it purges and sends to webhooks.
pub fn role(leads: bool) -> &'static str {
    if leads { "leader" } else { "follower" }
}

/// The kind of database that holds the office.
pub fn database_kind(office: &Office) -> &'static str {
    match office.config.data.file() {
        Some(_) => "sqlite",
        None => "postgresql",
    }
}

/// `GET /api/health`
pub fn health(context: &Context<'_>) -> Handled {
    let office = context.office;
    let (seq, waiting, day_rule) = office
        .tickets
        .read_queue(|queue| (queue.seq(), queue.waiting(), queue.settings().day_rule()));
    let storage_problem = office.tickets.storage_problem();
    let failing = storage_problem.is_some();
    let shared = office.tickets.shared();
    let part = shared.servers().map(|servers| Part {
        role: role(shared.is_leader()),
        lag: shared.lag(),
        servers,
    });
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
        purge_problem: office.tickets.purge_is_paused().then_some(PURGE_IS_PAUSED),
        time_zone_problem: calendar::zone_problem(&day_rule),
        backup_problem: office.backups.has_failed().then_some(BACKUP_FAILED),
        certificate_problem: office
            .certificate
            .as_ref()
            .and_then(|certificate| certificate.problem()),
        webhook_problem: office.webhooks.has_stopped_one().then_some(WEBHOOK_STOPPED),
        uptime_seconds: office.started.elapsed().as_secs(),
        public_url_problem: (printer.is_some() && phone_base(context).is_none())
            .then_some(NO_PUBLIC_URL),
        printer: printer.map(|printer| printer.state),
        printer_problem: printer
            .filter(PrinterState::is_failing)
            .and_then(|printer| printer.detail),
        printers: printers.into_iter().collect(),
        database: Database {
            kind: database_kind(office),
            part,
        },
    };
    if failing {
        return Ok(
            Answer::json(503, &health).with_header("Retry-After", RETRY_AFTER_SECONDS.to_string())
        );
    }
    Ok(Answer::json(200, &health))
}
