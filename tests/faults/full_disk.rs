//! A disk of its own that gets full while nobody writes.

use std::fs::{self, File};
use std::io::Write;
use std::process::Command;
use std::{env, io};

use crate::common::{Folder, Launch, text, wait_until};

/// Set in the process that has mounts of its own.
const INSIDE: &str = "TURNERO_TEST_WITH_OWN_MOUNTS";

/// Whether this process has mounts of its own. If not, runs the test `name` in a process that has them, with
/// `unshare`. Where the system forbids that, the test is left out, and says so.
fn has_own_mounts(name: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount"]);
        command
    };
    let folder = Folder::new();
    let probe = unshare().args(mount(&folder)).status();
    if !probe.is_ok_and(|status| status.success()) {
        // Directly, because the test harness hides the output of tests that pass.
        let said = "\nSKIPPED: no mount namespaces here; it takes the commands unshare and mount\n";
        io::stderr().write_all(said.as_bytes()).unwrap();
        return false;
    }
    let mut inside = unshare();
    inside.arg(env::current_exe().unwrap());
    inside.args([name, "--exact", "--nocapture"]);
    let status = inside.env(INSIDE, "1").status().unwrap();
    assert!(status.success(), "it failed with mounts of its own");
    false
}

/// The command that makes a folder a disk of 16 MB.
fn mount(folder: &Folder) -> [&str; 7] {
    let path = folder.path().to_str().unwrap();
    ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", path]
}

#[test]
fn health_says_that_the_disk_is_full_before_anybody_is_refused() {
    if !has_own_mounts("full_disk::health_says_that_the_disk_is_full_before_anybody_is_refused") {
        return;
    }
    let folder = Folder::new();
    let [program, arguments @ ..] = mount(&folder);
    let mounted = Command::new(program).args(arguments).status().unwrap();
    assert!(mounted.success());
    let data = folder.join("office.db");
    let server = Launch::new()
        .with(&["--data", data.to_str().unwrap()])
        .start();
    server.ticket();
    server.get("/api/health").expect(200);
    let filler = folder.join("filler");
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[7; 4096]).is_ok() {}
    wait_until("health says that the disk is full", || {
        let health = server.get("/api/health");
        health.status == 503 && text(&health.json(), "storageProblem").contains("full")
    });
    fs::remove_file(&filler).unwrap();
    drop(file);
    wait_until("health is well again", || {
        server.get("/api/health").status == 200
    });
    server.ticket();
}
