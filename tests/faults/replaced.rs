//! The data file is deleted or replaced while a server uses it: what it would store is gone with it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::common::{Folder, Launch, Server, run_to_end, text, wait_until};

/// Time to notice it: the server looks once a second, and a busy machine takes longer.
const SOON: Duration = Duration::from_secs(10);

fn beside(data: &Path, suffix: &str) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Without a request that stores something, and with one.
fn refuses_changes(server: &Server) {
    let begun = Instant::now();
    wait_until("health says it", || server.get("/api/health").status == 503);
    assert!(begun.elapsed() < SOON);
    let health = server.get("/api/health").json();
    let problem = text(&health, "storageProblem");
    assert!(problem.contains("deleted or replaced") && problem.contains("export"));
    let detail = server
        .post("/api/tickets")
        .problem(503, "storage-unavailable");
    assert!(detail.contains("deleted or replaced"), "{detail}");
    wait_until("the log says it", || {
        server.log().contains("deleted or replaced")
    });
}

#[test]
fn a_deleted_data_file_is_noticed_soon() {
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
fn no_new_office_is_made_beside_the_newest_tickets_of_one() {
    let server = Server::new();
    server.ticket();
    let launch = server.launch().clone();
    let data = launch.data().to_owned();
    let (wal, aside) = (beside(&data, "-wal"), beside(&data, ".aside"));
    fs::rename(&data, &aside).unwrap();
    refuses_changes(&server);
    let _folder = server.stop();
    let tickets = fs::read(&wal).unwrap();
    assert!(!tickets.is_empty());
    let folder = data.parent().unwrap();
    let path = data.to_str().unwrap();
    fs::write(folder.join("office.json"), "{}").unwrap();
    let link = folder.join("link.db");
    symlink(&data, &link).unwrap();
    for path in [path, link.to_str().unwrap()] {
        let arguments = ["--listen", "127.0.0.1:0", "--data", path];
        let refused = run_to_end(folder, &arguments, &[]);
        let why = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{why}");
        assert_eq!(why.lines().count(), 1, "{why}");
        for part in [
            path,
            "-wal has the newest tickets",
            "turnero restore",
            "move",
        ] {
            assert!(why.contains(part), "no «{part}» in {why}");
        }
        assert!(!data.exists(), "a new office was made");
    }
    // An empty file is no office either.
    fs::write(&data, "").unwrap();
    let arguments = ["--listen", "127.0.0.1:0", "--data", path];
    assert_eq!(run_to_end(folder, &arguments, &[]).status.code(), Some(1));
    assert_eq!(fs::read(&wal).unwrap(), tickets);
    fs::rename(&aside, &data).unwrap();
    assert_eq!(launch.start().ticket()["code"], "A2");
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

#[test]
fn a_second_server_is_refused_by_a_link_to_a_data_file_that_was_deleted() {
    let folder = Folder::new();
    let (real, link) = (folder.join("real.db"), folder.join("link.db"));
    symlink("real.db", &link).unwrap();
    let server = Launch::new()
        .with(&["--data".as_ref(), link.as_os_str()])
        .start();
    server.ticket();
    fs::remove_file(&real).unwrap();
    for data in [&link, &real] {
        let arguments = ["--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
        let second = run_to_end(folder.path(), &arguments, &[]);
        assert_eq!(second.status.code(), Some(1));
        let why = String::from_utf8_lossy(&second.stderr);
        assert!(why.contains("another turnero"), "{why}");
        assert!(!real.exists(), "a new office was made");
    }
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
