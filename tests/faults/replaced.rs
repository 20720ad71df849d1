//! The data file is deleted or replaced while a server uses it: what it would store is gone with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::common::{Server, run_to_end, text, wait_until};

fn beside(data: &Path, suffix: &str) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Without a request that stores something, and with one.
fn refuses_changes(server: &Server) {
    let begun = Instant::now();
    wait_until("health says it", || server.get("/api/health").status == 503);
    assert!(begun.elapsed() < Duration::from_secs(2));
    let health = server.get("/api/health").json();
    let problem = text(&health, "storageProblem");
    assert!(problem.contains("deleted or replaced") && problem.contains("export"));
    let detail = server
        .post("/api/tickets")
        .problem(503, "storage-unavailable");
    assert!(detail.contains("deleted or replaced"), "{detail}");
    assert!(server.log().contains("deleted or replaced"));
}

#[test]
fn a_deleted_data_file_is_noticed_within_two_seconds() {
    for suffix in ["", "-wal"] {
        let server = Server::new();
        server.ticket();
        fs::remove_file(beside(server.launch().data(), suffix)).unwrap();
        let first = server.post("/api/tickets");
        first.problem(503, "storage-unavailable");
        refuses_changes(&server);
        // The office can still be exported.
        let export = server.get("/api/export").expect(200).text();
        assert!(export.contains("\"number\":1"), "{export}");
        if suffix == "-wal" {
            // A stop moves the commits of the open file into the data file.
            assert_eq!(server.restart().ticket()["code"], "A2");
        }
    }
}

#[test]
fn a_data_file_that_comes_back_is_used_again() {
    let server = Server::new();
    server.ticket();
    let data = server.launch().data().to_owned();
    let aside = beside(&data, ".aside");
    fs::rename(&data, &aside).unwrap();
    fs::copy(&aside, &data).unwrap();
    refuses_changes(&server);
    fs::rename(&aside, &data).unwrap();
    wait_until("health is well again", || {
        server.get("/api/health").status == 200
    });
    assert_eq!(server.ticket()["code"], "A2");
    assert_eq!(server.kill().start().ticket()["code"], "A3");
}

#[test]
fn a_second_server_is_refused_after_the_data_file_was_deleted() {
    let server = Server::new();
    let data = server.launch().data().to_owned();
    fs::remove_file(&data).unwrap();
    let arguments = ["--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let second = run_to_end(data.parent().unwrap(), &arguments, &[]);
    assert_eq!(second.status.code(), Some(1));
    let why = String::from_utf8_lossy(&second.stderr);
    assert!(
        why.contains("another turnero") && why.contains("deleted"),
        "{why}"
    );
    assert!(!data.exists(), "a new office was made");
}

/// SQLite deletes its `-wal` file by name when it closes.
#[test]
fn a_stop_leaves_the_files_that_took_the_place_of_its_own() {
    let server = Server::new();
    server.ticket();
    let data = server.launch().data().to_owned();
    let wal = beside(&data, "-wal");
    for file in [&data, &wal] {
        fs::remove_file(file).unwrap();
        fs::write(file, "another one").unwrap();
    }
    let _folder = server.stop();
    for file in [&data, &wal] {
        assert_eq!(fs::read_to_string(file).unwrap(), "another one");
    }
}
