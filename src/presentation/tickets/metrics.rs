//! `/metrics`: the state of the office and of the server, for Prometheus (OpenMetrics 1.0).

use std::collections::BTreeMap;
use std::fs;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::health::database_kind;
use crate::calendar::now;
use crate::domain::{Prefix, State, Timestamp};
use crate::presentation::http::answer::Answer;
use crate::presentation::metrics::ServiceLabel;
use crate::presentation::office::Office;
use crate::presentation::route::{Context, Handled};

/// Tickets that are counted at once, so that the queue is locked for a short time only.
const PIECE: usize = 1_000;

const STATES: [State; 6] = [
    State::Waiting,
    State::Serving,
    State::Held,
    State::Done,
    State::NoShow,
    State::Cancelled,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TicketLabels {
    service: Prefix,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PrinterLabel {
    printer: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WebhookLabel {
    /// Its id: an address may hold a secret of the receiver.
    webhook: u64,
}

/// `GET /metrics`
pub fn show(context: &Context<'_>) -> Handled {
    let office = context.office;
    let mut registry = Registry::default();
    let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("turnero_build", "Version of the program", build);
    let database = Info::new([("kind", database_kind(office))]);
    registry.register("turnero_database", "Where the office is stored", database);
    count_tickets(office, &mut registry);
    office.tickets.shared().metrics().register(&mut registry);
    add_parts(context, &mut registry);
    add_process(office.started_at, &mut registry);
    let mut body = String::new();
    text::encode(&mut body, &registry).expect("a string takes all that is written to it");
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(Answer::new(200, content_type, body.into_bytes()).with_header("Cache-Control", "no-store"))
}

/// Adds the tickets in memory, those of the business day, by service and state.
fn count_tickets(office: &Office, registry: &mut Registry) {
    let mut counts: BTreeMap<Prefix, ([u64; STATES.len()], i64)> = BTreeMap::new();
    office.tickets.read_queue(|queue| {
        for service in queue.services() {
            counts.insert(service.prefix.clone(), Default::default());
        }
    });
    let at = now().as_millis();
    let mut after = None;
    while let Some(last) = office.tickets.read_queue(|queue| {
        let mut last = None;
        for ticket in queue.tickets_after(after).take(PIECE) {
            last = Some(ticket.arrival);
            // A service may have been deleted.
            let (states, longest) = counts.entry(ticket.service.clone()).or_default();
            let state = STATES.iter().position(|state| *state == ticket.state);
            states[state.expect("all states are there")] += 1;
            if ticket.state == State::Waiting {
                *longest = (*longest).max(at - ticket.waiting_since.as_millis());
            }
        }
        last
    }) {
        after = Some(last);
    }
    let tickets = Family::<TicketLabels, Gauge>::default();
    let longest = Family::<ServiceLabel, Gauge>::default();
    for (service, (states, millis)) in counts {
        for (state, count) in STATES.iter().zip(states) {
            let labels = TicketLabels {
                service: service.clone(),
                state: state.as_str(),
            };
            tickets.get_or_create(&labels).set(signed(count));
        }
        longest
            .get_or_create(&ServiceLabel { service })
            .set(millis / 1_000);
    }
    let help = "Tickets of the business day, by service and state";
    registry.register("turnero_tickets", help, tickets);
    let help = "How long whoever has waited longest waits, by service";
    registry.register_with_unit("turnero_longest_wait", help, Unit::Seconds, longest);
}

/// Adds the state of the server's parts.
fn add_parts(context: &Context<'_>, registry: &mut Registry) {
    let office = context.office;
    let mut gauge = |name: &str, help: &str, value: usize| {
        registry.register(name, help, ConstGauge::new(signed(value as u64)));
    };
    let (open, most) = context.connection.all_connections();
    gauge("turnero_connections", "Open connections", open);
    gauge(
        "turnero_connections_limit",
        "Most open connections that are allowed",
        most,
    );
    gauge(
        "turnero_ledger_queue_length",
        "Requests that wait for the thread that stores changes",
        office.tickets.queue_length(),
    );
    gauge(
        "turnero_screens",
        "Screens connected now",
        office.wss.subscribers(),
    );
    gauge(
        "turnero_storage_failed",
        "1 while nothing can be stored",
        office.tickets.storage_problem().is_some().into(),
    );
    gauge(
        "turnero_backup_failed",
        "1 if the last backup failed",
        office.backups.has_failed().into(),
    );
    let shared = office.tickets.shared();
    gauge(
        "turnero_servers",
        "Servers of the office in the last 10 seconds",
        shared.servers().unwrap_or(1),
    );
    gauge(
        "turnero_leader",
        "1 if this server purges and sends to webhooks for all of the office",
        shared.is_leader().into(),
    );
    gauge(
        "turnero_lag_events",
        "Events of other servers that this one does not show yet",
        usize::try_from(shared.lag().unwrap_or(0)).unwrap_or(usize::MAX),
    );
    let (connected, dropped) = office.wss.totals();
    let mut counter = |name: &str, help: &str, value: u64| {
        registry.register(name, help, ConstCounter::new(value));
    };
    counter(
        "turnero_screens_connected",
        "Screens that have connected",
        connected,
    );
    counter(
        "turnero_screens_dropped",
        "Screens whose connection broke, that took nothing for too long, or that broke the protocol",
        dropped,
    );
    let printers = Family::<PrinterLabel, Gauge>::default();
    for (printer, state) in office.wss.printers() {
        let label = PrinterLabel { printer };
        let failed = i64::from(state.is_failing());
        printers.get_or_create(&label).set(failed);
    }
    let help = "1 while a ticket printer does not print";
    registry.register("turnero_printer_failed", help, printers);
    let failed = Family::<WebhookLabel, Gauge>::default();
    let behind = Family::<WebhookLabel, Gauge>::default();
    for view in office.webhooks.list() {
        let label = WebhookLabel {
            webhook: view.setup.id,
        };
        let is_stopped = view.setup.off_reason.is_some();
        failed.get_or_create(&label).set(is_stopped.into());
        behind.get_or_create(&label).set(view.behind_ms / 1_000);
    }
    let help = "1 if the server has switched a webhook off, because its receiver failed for days or is gone";
    registry.register("turnero_webhook_failed", help, failed);
    let help = "How long the oldest message of a webhook has waited";
    registry.register_with_unit("turnero_webhook_behind", help, Unit::Seconds, behind);
}

/// Adds what each process has, under the names that Prometheus's libraries use.
fn add_process(started_at: Timestamp, registry: &mut Registry) {
    let mut gauge = |name: &str, help: &str, unit, value: i64| {
        registry.register_with_unit(name, help, unit, ConstGauge::new(value));
    };
    let help = "When the server started, since the Unix epoch";
    let seconds = started_at.as_millis() / 1_000;
    gauge("process_start_time", help, Unit::Seconds, seconds);
    if let Some(bytes) = resident_bytes() {
        let help = "Memory that the server uses";
        gauge("process_resident_memory", help, Unit::Bytes, signed(bytes));
    }
}

/// The memory of this process that is in use; `None` where the system does not say.
fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1_024)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
