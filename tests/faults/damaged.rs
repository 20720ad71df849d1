//! A damaged data file: the start is refused with the parts that are still sound.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

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

/// Runs `turnero check` on a file. Returns its exit code, and all that it says.
fn check(file: &Path) -> (i32, String) {
    let output = run_to_end(
        file.parent().unwrap(),
        &["check", file.to_str().unwrap()],
        &[],
    );
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (output.status.code().unwrap(), said)
}

/// All files beside a data file, with their bytes.
fn files_beside(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(data.parent().unwrap()).unwrap();
    let read = |path: PathBuf| (path.clone(), fs::read(&path).unwrap());
    entries.map(|entry| read(entry.unwrap().path())).collect()
}

#[test]
fn check_says_that_a_file_is_sound_and_what_it_holds_and_changes_nothing() {
    let server = Server::new();
    server.ticket();
    server.ticket();
    let (code, said) = check(server.launch().data());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("another turnero is using it"), "{said}");
    let export = server.get("/api/export").expect(200).body;
    // After a kill, the tickets are in the file beside it.
    let launch = server.kill();
    let before = files_beside(launch.data());
    assert!(before.keys().any(|file| file.ends_with("office.db-wal")));
    let (code, said) = check(launch.data());
    assert_eq!(code, 0, "{said}");
    for part in [
        "is sound",
        "2 events",
        "1 services",
        "2 tickets that have not",
    ] {
        assert!(said.contains(part), "«{part}» is not in: {said}");
    }
    assert_eq!(files_beside(launch.data()), before);
    // The same of an export.
    let file = launch.data().with_file_name("office.json");
    fs::write(&file, &export).unwrap();
    let (code, said) = check(&file);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("2 tickets that have not ended"), "{said}");
    let wrong = String::from_utf8(export).unwrap().replace("\"A\"", "\"4\"");
    fs::write(&file, wrong).unwrap();
    let (code, said) = check(&file);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("is damaged: office."), "{said}");
    let (code, said) = check(&launch.data().with_file_name("none.db"));
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("none.db cannot be checked"), "{said}");
}

#[test]
fn check_names_each_kind_of_damage() {
    let server = Server::new();
    for _ in 0..3 {
        server.ticket();
    }
    let mut office = server.json("/api/export")["office"].clone();
    office["settings"]["name"] = "Another".into();
    let another = format!("INSERT INTO snapshots (seq, body) VALUES (3, CAST('{office}' AS BLOB))");
    let launch = server.stop();
    let whole = fs::read(launch.data()).unwrap();
    let file = launch.data().with_file_name("copy.db");
    let cases: [(&str, &str); 12] = [
        (
            "UPDATE events SET body = replace(body, ':2', ':8') WHERE seq = 2",
            "Event 2 is damaged (it is damaged: its checksum is another).",
        ),
        (
            "UPDATE events SET at = at + 1 WHERE seq = 1",
            "Restore a backup: turnero restore",
        ),
        (
            "DELETE FROM events WHERE seq = 2",
            "export office.json --until 1 ",
        ),
        (
            "DELETE FROM events WHERE seq = 3",
            "The events after 2 up to 3 are missing.",
        ),
        (
            "INSERT INTO snapshots (seq, body) VALUES (1, x'7b7d')",
            "Nothing is lost",
        ),
        (
            &another,
            "The snapshot after event 3 is not what the events give.",
        ),
        (
            "UPDATE tickets SET created_at = created_at + 1 WHERE seq = 2",
            "The history is not what the events give: ticket A2.",
        ),
        (
            "DELETE FROM tickets WHERE seq > 1",
            "not what the events give: 2 tickets, the first of them A2.",
        ),
        (
            "DELETE FROM ticket_hours",
            "The table of hours does not lead to all of the history: 3 tickets, the first of them A1.",
        ),
        (
            "INSERT INTO tickets (seq, code, service, priority, state, created_at, since)
             SELECT 99, 'Z9', service, priority, state, created_at, since FROM tickets WHERE seq = 3",
            "The history has what no event gives: ticket Z9.",
        ),
        (
            "INSERT INTO webhooks (id, url, types, approaching_ahead, is_on, created_at, position)
             VALUES (1, 'http://127.0.0.1/', '', -1, 1, 0, 0)",
            "The webhooks are damaged: a webhook cannot be read",
        ),
        ("DROP TABLE pins", "The PINs, sessions and tokens cannot be"),
    ];
    for (damage, named) in cases {
        fs::write(&file, &whole).unwrap();
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection.execute(damage, []).unwrap();
        drop(connection);
        let (code, said) = check(&file);
        assert_eq!(code, 3, "{damage}: {said}");
        assert!(
            said.contains("is damaged:") && said.contains(named),
            "{damage}: {said}"
        );
    }
    let mut flipped = whole.clone();
    flipped[4096..4196].fill(0x5a);
    let no_header = [b"nothing of SQLite ", &whole[18..]].concat();
    for (bytes, named) in [
        (&flipped[..], "The database is damaged"),
        (&whole[..whole.len() / 2], "cannot be read: it is damaged"),
        (&no_header, "it is not an SQLite database"),
    ] {
        fs::write(&file, bytes).unwrap();
        let (code, said) = check(&file);
        assert_eq!(code, 3, "{named}: {said}");
        assert!(said.contains(named), "«{named}» is not in: {said}");
    }
}

#[test]
fn check_says_that_an_office_starts_if_a_later_snapshot_is_whole() {
    let launch = Launch::new();
    let server = launch.with(&["--tickets-per-10s", "10000"]).start();
    let mut client = server.client();
    // Enough for a snapshot with a thousand events after it.
    for _ in 0..5_400 {
        client.post("/api/tickets").expect(201);
    }
    let launch = server.stop();
    let file = rusqlite::Connection::open(launch.data()).unwrap();
    let newest = "SELECT max(seq) FROM snapshots WHERE seq <= 5400 - 1024";
    let snapshot: i64 = file.query_row(newest, [], |row| row.get(0)).unwrap();
    let damage = "UPDATE events SET at = at + 1 WHERE seq = 100";
    assert_eq!(file.execute(damage, []).unwrap(), 1);
    drop(file);
    let (code, said) = check(launch.data());
    assert_eq!(code, 3, "{said}");
    let lost = format!(
        "Lost is event 100, and the office as it was after the events 100 to {}.",
        snapshot - 1
    );
    for part in [
        "Event 100 is damaged",
        "A server starts with the whole office as it is now",
        &lost,
        "5400 tickets that have not ended",
    ] {
        assert!(said.contains(part), "«{part}» is not in: {said}");
    }
    assert!(!said.contains("--until"), "{said}");
    let server = launch.start();
    assert_eq!(server.json("/api/health")["waiting"], 5_400);
    // The damage is in the events that a start needs.
    let launch = server.stop();
    let file = rusqlite::Connection::open(launch.data()).unwrap();
    let damage = "UPDATE events SET at = at + 1 WHERE seq = 5390";
    assert_eq!(file.execute(damage, []).unwrap(), 1);
    let undone = "UPDATE events SET at = at - 1 WHERE seq = 100";
    assert_eq!(file.execute(undone, []).unwrap(), 1);
    drop(file);
    let (code, said) = check(launch.data());
    assert_eq!(code, 3, "{said}");
    assert!(
        said.contains("Restore a backup") && said.contains("--until 5389 "),
        "{said}"
    );
}
