//! A disk of its own that gets full while nobody writes.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::common::{Folder, Launch, Own, Server, has_its_own, run_to_end, text, wait_until};
use crate::io_faults::IoFaults;
use crate::purge::{DAY, copies};

/// Makes a folder a disk of so many MB.
fn mount(folder: &Folder, size: u32) {
    let size = format!("size={size}m");
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]);
    let mounted = mount.arg(folder.path()).status().unwrap();
    assert!(mounted.success());
}

/// Fills what is left of the disk with a file, byte by byte in the end.
fn fill(file: &Path) {
    let mut file = File::create(file).unwrap();
    for size in [4096, 1] {
        while file.write_all(&vec![7; size]).is_ok() {}
    }
}

#[test]
fn health_says_that_the_disk_is_full_before_anybody_is_refused() {
    let name = "full_disk::health_says_that_the_disk_is_full_before_anybody_is_refused";
    if !has_its_own(Own::Mounts, name) {
        return;
    }
    let folder = Folder::new();
    mount(&folder, 16);
    let data = folder.join("office.db");
    let server = Launch::new()
        .with(&["--data", data.to_str().unwrap()])
        .start();
    server.ticket();
    server.get("/api/health").expect(200);
    let filler = folder.join("filler");
    fill(&filler);
    wait_until("health says that the disk is full", || {
        let health = server.get("/api/health");
        health.status == 503 && text(&health.json(), "storageProblem").contains("full")
    });
    fs::remove_file(&filler).unwrap();
    wait_until("health is well again", || {
        server.get("/api/health").status == 200
    });
    server.ticket();
}

#[test]
fn the_audit_log_is_erased_on_a_full_disk() {
    let name = "full_disk::the_audit_log_is_erased_on_a_full_disk";
    if !has_its_own(Own::Mounts, name) {
        return;
    }
    let folder = Folder::new();
    mount(&folder, 40);
    let data = folder.join("office.db");
    let server = Launch::new()
        .with(&["--data", data.to_str().unwrap()])
        .start();
    for _ in 0..100 {
        server.ticket();
    }
    let reserve = folder.join("office.db-reserve");
    wait_until("room is reserved", || reserve.exists());
    fill(&folder.join("filler"));
    // The commits go into the `-wal` file, which has some room of its own.
    let mut client = server.client();
    wait_until("the disk is full", || {
        client.post("/api/tickets").status == 503
    });
    client.send("DELETE", "/api/audit", &[], b"").expect(204);
    let entries = server.json("/api/audit");
    assert_eq!(entries[0]["kind"], "audit-erased", "{entries}");
    assert_eq!(entries.as_array().map(Vec::len), Some(1), "{entries}");
}

#[test]
fn an_export_that_finds_no_room_says_so_and_leaves_no_part_of_itself() {
    let name = "full_disk::an_export_that_finds_no_room_says_so_and_leaves_no_part_of_itself";
    if !has_its_own(Own::Mounts, name) {
        return;
    }
    let folder = Folder::new();
    mount(&folder, 1);
    fill(&folder.join("filler"));
    let server = Server::new();
    server.ticket();
    let launch = server.stop();
    let to = folder.join("office.json");
    let arguments = [
        "export",
        to.to_str().unwrap(),
        "--data",
        launch.data().to_str().unwrap(),
    ];
    let ended = run_to_end(folder.path(), &arguments, &[]);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(
        said.contains("cannot be written") && said.contains("nothing is left"),
        "{said}"
    );
    assert!(!to.exists());
}

#[test]
fn personal_data_expires_on_a_full_disk_and_tickets_go_on() {
    const OPENS: i64 = (20_780 * 24 + 9) * 60 * 60 * 1_000;
    if !has_its_own(
        Own::Mounts,
        "full_disk::personal_data_expires_on_a_full_disk_and_tickets_go_on",
    ) {
        return;
    }
    let folder = Folder::new();
    mount(&folder, 40);
    let data = folder.join("office.db");
    let launch = Launch::new().with(&["--data", data.to_str().unwrap(), "--keep-days", "4"]);
    let (launch, faults) = IoFaults::of(launch.with_variable("TZ", "UTC"));
    faults.set_clock(OPENS);
    let server = launch.start();
    for n in 0..300 {
        let body = json!({"note": format!("secret-note {n}")});
        server.post_json("/api/tickets", &body).expect(201);
    }
    let launch = server.stop();
    for day in 1..=2 {
        // Each start begins a day: then the first day has left the memory.
        faults.set_clock(OPENS + day * DAY);
        let server = launch.start();
        server.ticket();
        server.stop();
    }
    assert!(copies(&data) >= 300, "too early");
    let server = launch.start();
    // The newest tickets are in the `-wal` file, and the data file has no room for them.
    let mut client = server.client();
    for _ in 0..300 {
        client.post("/api/tickets").expect(201);
    }
    faults.set_clock(OPENS + 6 * DAY);
    client.post("/api/tickets").expect(201);
    let filler = folder.join("filler");
    fill(&filler);
    wait_until("no byte of a note is left", || copies(&data) == 0);
    wait_until("tickets go on", || {
        client.post("/api/tickets").status == 201
    });
    server.stop();
    // With room again, the next start is ready for the next full disk.
    fs::remove_file(&filler).unwrap();
    let server = launch.start();
    let reserve = folder.join("office.db-reserve");
    wait_until("room is reserved", || reserve.exists());
    server.ticket();
}
