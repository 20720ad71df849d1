//! An office moves with its history, between files and databases. Beside the database of `tests/with-postgres` it moves into
//! one and back; without it from file to file.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::common::{Folder, Launch, Server, text, wait_until};
use crate::io_faults::IoFaults;

const DAY_MS: i64 = 24 * 60 * 60_000;

/// Runs the program with these words on the storage of an office.
fn turnero(folder: &Folder, words: &[&str], launch: &Launch) {
    let output = Command::new(env!("CARGO_BIN_EXE_turnero"))
        .current_dir(folder.path())
        .args(words)
        .args(launch.storage())
        .env_remove("PORT")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Nine o'clock of the day so many days ago, in milliseconds since 1970.
fn days_ago(days: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_millis()).unwrap();
    (now.div_euclid(DAY_MS) - days) * DAY_MS + 9 * 60 * 60_000
}

/// A day with a ticket in each state.
fn work(server: &Server) {
    for service in ["A", "B", "B", "A", "A", "B"] {
        let body = json!({ "service": service });
        server.post_json("/api/tickets", &body).expect(201);
    }
    let step = |path: &str, body: Value| {
        let path = format!("/api/desks/{path}");
        server.post_json(&path, &body).expect(200).json()
    };
    step("1/next", json!({}));
    step("1/finish", json!({}));
    step("2/next", json!({}));
    step("2/no-show", json!({}));
    step("1/next", json!({}));
    step("1/transfer", json!({"service": "A"}));
    let held = step("2/next", json!({}));
    step("2/hold", json!({}));
    step("1/call", json!({"ticket": held["code"]}));
    step("2/next", json!({}));
}

/// What statistics and files say of these days.
fn history(server: &Server, (from, to): (&str, &str)) -> Vec<Value> {
    let mut all = Vec::new();
    for by in ["day", "hour", "service", "desk", "priority"] {
        let path = format!("/api/statistics?from={from}&to={to}&by={by}");
        let found = server.json(&path);
        all.push(json!([found["all"], found["groups"]]));
    }
    all.push(server.json(&format!("/api/tickets.json?from={from}&to={to}")));
    all
}

fn today(server: &Server) -> String {
    text(&server.json("/api/statistics"), "today").to_owned()
}

#[test]
fn statistics_of_past_days_are_the_same_after_each_move() {
    let launch = Launch::new().in_file().with_variable("TZ", "UTC");
    let (launch, clock) = IoFaults::of(launch);
    clock.set_clock(days_ago(4));
    let mut server = launch.start();
    server
        .put_json("/api/services/B", &json!({ "name": "Quejas" }))
        .expect(201);
    let first = today(&server);
    work(&server);
    for days in [3, 2] {
        let launch = server.stop();
        clock.set_clock(days_ago(days));
        server = launch.start();
        work(&server);
    }
    let last = today(&server);
    // The last of these days is over, too, and with it the tickets that waited.
    let launch = server.stop();
    clock.set_clock(days_ago(1));
    let server = launch.start();
    wait_until("the next day has begun", || {
        server.json("/api/tickets?state=waiting") == json!([])
    });
    let period = (&*first, &*last);
    let before = history(&server, period);
    assert_eq!(before[0][0]["arrived"], 18, "{before:?}");
    assert_eq!(before[5].as_array().unwrap().len(), 18, "{before:?}");
    let open = server.json("/api/tickets?state=waiting,serving,held,no-show");
    assert_ne!(open, json!([]));
    let folder = Folder::new();
    let mut launch = server.stop();
    let new = || Launch::new().with_variable("TZ", "UTC");
    for (n, to) in [new(), new().in_file()].into_iter().enumerate() {
        let file = format!("{n}.json");
        turnero(&folder, &["export", &file], &launch);
        turnero(&folder, &["import", &file], &to);
        let server = to.start();
        assert_eq!(history(&server, period), before, "after move {n}");
        launch = server.stop();
    }
    let data = launch.data().to_str().unwrap();
    let check = Command::new(env!("CARGO_BIN_EXE_turnero"))
        .args(["check", data])
        .output();
    let check = check.unwrap();
    assert!(check.status.success(), "{check:?}");
}
