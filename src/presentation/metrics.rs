//! Metrics: what the server has counted and timed since its start, for Prometheus.
//!
//! Not here: numbers that are read when somebody asks (`tickets/metrics.rs`).

use std::fmt::{self, Write};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::domain::{Event, Prefix, Queue, Stamped, State, TicketRow};

/// Upper ends of the buckets, in seconds.
const WAIT_BUCKETS: [f64; 10] = [
    60.0, 120.0, 300.0, 600.0, 900.0, 1_200.0, 1_800.0, 2_700.0, 3_600.0, 7_200.0,
];
const HANDLING_BUCKETS: [f64; 8] = [30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0];
const COMMIT_BUCKETS: [f64; 11] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];

/// The label of a metric of each service: its prefix.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ServiceLabel {
    pub service: Prefix,
}

impl EncodeLabelValue for Prefix {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(self.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    /// A pattern, so that no id of a ticket becomes a label.
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabel {
    kind: &'static str,
}

type HistogramOfService = Family<ServiceLabel, Histogram, fn() -> Histogram>;

/// Counters and histograms. Any thread may add to them.
#[derive(Debug)]
pub struct Metrics {
    created: Family<ServiceLabel, Counter>,
    calls: Family<CallLabel, Counter>,
    waits: HistogramOfService,
    handling: HistogramOfService,
    requests: Family<RequestLabels, Counter>,
    commits: Histogram,
    failed_commits: Counter,
    refused_connections: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            created: Family::default(),
            calls: Family::default(),
            waits: Family::new_with_constructor(|| Histogram::new(WAIT_BUCKETS)),
            handling: Family::new_with_constructor(|| Histogram::new(HANDLING_BUCKETS)),
            requests: Family::default(),
            commits: Histogram::new(COMMIT_BUCKETS),
            failed_commits: Counter::default(),
            refused_connections: Counter::default(),
        }
    }
}

impl Metrics {
    /// Counts durable events. `queue` is the queue after the last of them.
    pub fn count_events(&self, events: &[Stamped], queue: &Queue) {
        for stamped in events {
            match &stamped.event {
                Event::TicketCreated { service, .. } => {
                    let label = ServiceLabel {
                        service: service.clone(),
                    };
                    self.created.get_or_create(&label).inc();
                }
                Event::TicketCalled { .. } => self.count_call("call"),
                Event::TicketRecalled { .. } => self.count_call("recall"),
                Event::TicketFinished { ticket, .. } => {
                    let ticket = queue.ticket(*ticket);
                    // An undo may have followed.
                    if let Some(ticket) = ticket.filter(|ticket| ticket.state == State::Done) {
                        self.observe_served(&TicketRow::from(ticket));
                    }
                }
                _ => {}
            }
        }
    }

    fn count_call(&self, kind: &'static str) {
        self.calls.get_or_create(&CallLabel { kind }).inc();
    }

    fn observe_served(&self, row: &TicketRow) {
        let label = ServiceLabel {
            service: row.service.clone(),
        };
        let lengths = [
            (&self.waits, row.waited_ms),
            (&self.handling, row.served_ms),
        ];
        for (histogram, millis) in lengths {
            // Unknown, or negative, after a step of the clock.
            if let Some(millis) = millis.filter(|millis| *millis >= 0) {
                histogram
                    .get_or_create(&label)
                    .observe(millis as f64 / 1_000.0);
            }
        }
    }

    /// Counts an answered request. `route` is the pattern of its route.
    pub fn count_request(&self, route: &'static str, method: &'static str, status: u16) {
        let labels = RequestLabels {
            route,
            method,
            status,
        };
        self.requests.get_or_create(&labels).inc();
    }

    /// Counts a commit that took so long, or failed.
    pub fn count_commit(&self, took: Duration, is_durable: bool) {
        if is_durable {
            self.commits.observe(took.as_secs_f64());
        } else {
            self.failed_commits.inc();
        }
    }

    /// Counts a connection that was refused because there are too many.
    pub fn count_refused_connection(&self) {
        self.refused_connections.inc();
    }

    /// Adds all of them to a registry. Names get their unit and `_total` from it.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "turnero_tickets_created",
            "Tickets taken, by service",
            self.created.clone(),
        );
        registry.register(
            "turnero_calls",
            "Tickets called, by kind: call or recall",
            self.calls.clone(),
        );
        registry.register_with_unit(
            "turnero_wait",
            "Time in queues, of each ticket that was served, by service",
            Unit::Seconds,
            self.waits.clone(),
        );
        registry.register_with_unit(
            "turnero_handling",
            "Time at desks, of each ticket that was served, by service",
            Unit::Seconds,
            self.handling.clone(),
        );
        registry.register(
            "turnero_http_requests",
            "Answered requests, by route, method and status",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "turnero_commit",
            "Time to make a batch of changes durable",
            Unit::Seconds,
            self.commits.clone(),
        );
        registry.register(
            "turnero_commit_failures",
            "Batches of changes that could not be stored",
            self.failed_commits.clone(),
        );
        registry.register(
            "turnero_connections_refused",
            "Connections refused because there were too many",
            self.refused_connections.clone(),
        );
    }
}
