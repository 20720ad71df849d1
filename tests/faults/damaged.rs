//! A damaged data file: the start is refused with the parts that are still sound.

use std::path::Path;

use serde_json::Value;

use crate::common::{Launch, Server, codes, run_to_end};

/// An office with three tickets, whose second one is damaged.
fn a_damaged_office() -> Launch {
    let server = Server::new();
    for _ in 0..3 {
        server.ticket();
    }
    let launch = server.stop();
    let file = rusqlite::Connection::open(launch.data()).unwrap();
    let damage =
        "UPDATE events SET body = replace(body, '\"number\":2', '\"number\":8') WHERE seq = 2";
    assert_eq!(file.execute(damage, []).unwrap(), 1);
    launch
}

/// Runs the program on the data file of `launch`, in its folder. Returns whether it succeeds, and what it
/// says.
fn run(launch: &Launch, arguments: &[&str]) -> (bool, String) {
    let data = launch.data();
    let folder = data.parent().unwrap();
    let all = [arguments, &["--data", data.to_str().unwrap()]].concat();
    let output = run_to_end(folder, &all, &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said)
}

fn read_json(file: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn a_damaged_event_refuses_the_start_and_what_was_before_it_can_be_moved() {
    let launch = a_damaged_office();
    for arguments in [&["--listen", "127.0.0.1:0"][..], &["export", "all.json"]] {
        let (success, said) = run(&launch, arguments);
        assert!(!success);
        assert!(
            said.contains("event 2 cannot be read") && said.contains("--until 1"),
            "{said}"
        );
    }
    let (success, said) = run(&launch, &["export", "before.json", "--until", "1"]);
    assert!(success, "{said}");
    let export = launch.data().with_file_name("before.json");
    let office = read_json(&export);
    assert_eq!(office["office"]["tickets"].as_array().unwrap().len(), 1);
    let moved = Launch::new();
    let (success, said) = run(&moved, &["import", export.to_str().unwrap()]);
    assert!(success, "{said}");
    let server = moved.start();
    assert_eq!(codes(&server.json("/api/tickets")), ["A1"]);
    assert_eq!(server.ticket()["code"], "A2");
}

#[test]
fn a_damaged_snapshot_is_named_and_the_events_are_used() {
    let server = Server::new();
    server.ticket();
    let launch = server.stop();
    let file = rusqlite::Connection::open(launch.data()).unwrap();
    file.execute("INSERT INTO snapshots (seq, body) VALUES (1, x'7b7d')", [])
        .unwrap();
    drop(file);
    let (success, said) = run(&launch, &["export", "office.json"]);
    assert!(success, "{said}");
    assert!(
        said.contains("The snapshot after event 1 is damaged"),
        "{said}"
    );
    let office = read_json(&launch.data().with_file_name("office.json"));
    assert_eq!(office["office"]["tickets"][0]["number"], 1);
}
