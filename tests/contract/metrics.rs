//! `/metrics`: numbers for Prometheus.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::common::{Launch, Server, text, wait_until};

/// The value of a sample, named with its labels as in the answer.
fn value(metrics: &str, sample: &str) -> Option<f64> {
    let mut lines = metrics.lines();
    let value = lines.find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    value.map(|value| value.parse().expect("a number"))
}

fn metrics(server: &Server) -> String {
    let answer = server.get("/metrics").expect(200);
    let content_type = answer.header("Content-Type").expect("a type");
    assert!(content_type.starts_with("application/openmetrics-text; version=1.0.0"));
    let text = answer.text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    text
}

/// A1 is served, A2 is called twice and is at its desk, B1 waits.
fn some_tickets() -> Server {
    let server = Launch::new().with(&["--printer", "127.0.0.1:9"]).start();
    let caja = json!({"name": "Caja"});
    server.put_json("/api/services/B", &caja).expect(201);
    for service in ["A", "A", "B"] {
        let body = json!({ "service": service });
        server.post_json("/api/tickets", &body).expect(201);
    }
    for path in ["1/next", "1/next", "1/recall"] {
        server.post(&format!("/api/desks/{path}")).expect(200);
    }
    server
}

#[test]
fn metrics_count_what_happens_in_the_office() {
    let server = some_tickets();
    let metrics = metrics(&server);
    for (sample, expected) in [
        (r#"turnero_tickets{service="A",state="done"}"#, 1.0),
        (r#"turnero_tickets{service="A",state="serving"}"#, 1.0),
        (r#"turnero_tickets{service="A",state="waiting"}"#, 0.0),
        (r#"turnero_tickets{service="B",state="waiting"}"#, 1.0),
        (r#"turnero_tickets{service="B",state="no-show"}"#, 0.0),
        (r#"turnero_tickets_created_total{service="A"}"#, 2.0),
        (r#"turnero_calls_total{kind="call"}"#, 2.0),
        (r#"turnero_calls_total{kind="recall"}"#, 1.0),
        (r#"turnero_wait_seconds_count{service="A"}"#, 1.0),
        (r#"turnero_wait_seconds_bucket{le="60.0",service="A"}"#, 1.0),
        (r#"turnero_handling_seconds_count{service="A"}"#, 1.0),
        (
            r#"turnero_http_requests_total{route="/api/tickets",method="POST",status="201"}"#,
            3.0,
        ),
        (
            r#"turnero_http_requests_total{route="/api/desks/*/next",method="POST",status="200"}"#,
            2.0,
        ),
        ("turnero_commit_failures_total", 0.0),
        ("turnero_storage_failed", 0.0),
        ("turnero_backup_failed", 0.0),
        ("turnero_screens", 0.0),
        ("turnero_connections_limit", 4096.0),
        (
            concat!(
                r#"turnero_build_info{version=""#,
                env!("CARGO_PKG_VERSION"),
                r#""}"#
            ),
            1.0,
        ),
    ] {
        assert_eq!(value(&metrics, sample), Some(expected), "{sample}");
    }
    // A notification of the database may just wait there.
    let waits = || value(&self::metrics(&server), "turnero_ledger_queue_length");
    wait_until("nothing waits", || waits() == Some(0.0));
    let commits = value(&metrics, "turnero_commit_seconds_count").expect("commits");
    assert!((3.0..=20.0).contains(&commits), "{commits}");
    let connections = value(&metrics, "turnero_connections").expect("connections");
    assert!(connections >= 1.0, "{connections}");
    let memory = value(&metrics, "process_resident_memory_bytes").expect("memory");
    assert!((1e6..1e9).contains(&memory), "{memory}");
}

#[test]
fn a_screen_that_closes_is_not_dropped_and_one_that_breaks_is() {
    let server = Server::new();
    let dropped = || value(&metrics(&server), "turnero_screens_dropped_total");
    let screens = || value(&metrics(&server), "turnero_screens");
    let mut leaves = server.screen("");
    leaves.expect("state");
    wait_until("a screen is counted", || screens() == Some(1.0));
    leaves.socket().close(None).expect("a close frame");
    leaves.closed();
    wait_until("it has left", || screens() == Some(0.0));
    assert_eq!(dropped(), Some(0.0));
    let mut breaks = server.screen("");
    breaks.expect("state");
    drop(breaks);
    wait_until("it was dropped", || dropped() == Some(1.0));
    let connected = value(&metrics(&server), "turnero_screens_connected_total");
    assert_eq!(connected, Some(2.0));
}

#[test]
fn metrics_name_no_id_of_a_ticket_and_no_path_that_somebody_made_up() {
    let server = Server::new();
    let ticket = server.ticket();
    let id = text(&ticket, "id").to_owned();
    server.get(&format!("/api/tickets/{id}")).expect(200);
    server.get(&format!("/ws?ticket={id}")).expect(426);
    server.get("/api/made-up").expect(404);
    server.get("/made-up").expect(404);
    server.send("BREW", "/made-up").expect(405);
    let metrics = metrics(&server);
    assert!(!metrics.contains(&id), "{metrics}");
    assert!(!metrics.contains("made-up"), "{metrics}");
    assert!(!metrics.contains("BREW"), "{metrics}");
    for (sample, count) in [
        (r#"route="/api/tickets/*",method="GET",status="200""#, 1.0),
        (r#"route="/ws",method="GET",status="426""#, 1.0),
        (r#"route="none",method="GET",status="404""#, 1.0),
        (r#"route="pages",method="GET",status="404""#, 1.0),
        (r#"route="none",method="other",status="405""#, 1.0),
    ] {
        let sample = format!("turnero_http_requests_total{{{sample}}}");
        assert_eq!(value(&metrics, &sample), Some(count), "{metrics}");
    }
}

#[test]
fn a_proxy_on_this_machine_gets_no_metrics_for_others() {
    let server = Server::new();
    server.get("/metrics").expect(200);
    for header in ["X-Forwarded-For", "Forwarded", "Via"] {
        let mut client = server.client();
        client.request("GET", "/metrics", &[(header, "192.0.2.7")], b"");
        client.answer().problem(401, "pin-needed");
    }
}

/// A name that is not there would leave a picture empty, and an alert silent.
#[test]
fn every_metric_of_the_dashboard_and_the_alerts_exists() {
    let server = some_tickets();
    // What is not switched on sends nothing.
    let webhook = json!({"url": "http://127.0.0.1:9/", "types": ["day-started"], "on": false});
    server.post_json("/api/webhooks", &webhook).expect(201);
    let metrics = metrics(&server);
    assert_eq!(
        value(&metrics, r#"turnero_webhook_failed{webhook="1"}"#),
        Some(0.0)
    );
    let samples = metrics.lines().filter(|line| !line.starts_with('#'));
    let known: BTreeSet<&str> = samples
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/deploy");
    for (file, least) in [("grafana.json", 20), ("alerts.yml", 10)] {
        let text = fs::read_to_string(folder.join(file)).expect("a file");
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let named: BTreeSet<&str> = words
            .filter(|word| word.starts_with("turnero_") || word.starts_with("process_"))
            .collect();
        assert!(named.len() >= least, "{file} names {named:?}");
        let missing: Vec<_> = named.difference(&known).collect();
        assert!(missing.is_empty(), "{file}: {missing:?} of {known:?}");
    }
}
