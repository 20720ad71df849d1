//! Data files of earlier releases open, with all that they hold. `releases/` has one of each release from 0.2.0 on:
//! a small office, whose staff PIN is 246810, after a stop.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::{Folder, Launch, run_to_end, text};

fn releases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract/releases");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort_unstable();
    files
}

fn turnero(arguments: &[&str]) -> String {
    let folder = Folder::new();
    let output = run_to_end(folder.path(), arguments, &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    said
}

fn export(data: &Path) -> Value {
    let office = turnero(&["export", "--data", data.to_str().unwrap()]);
    serde_json::from_str(&office).unwrap()
}

fn tables(file: &Path) -> String {
    let said = turnero(&["check", file.to_str().unwrap()]);
    assert!(said.contains("is sound"), "{said}");
    let (_, version) = said.rsplit_once("version ").unwrap();
    version.split(' ').next().unwrap().to_owned()
}

#[test]
fn a_file_of_each_release_opens_and_is_migrated_after_a_copy_of_it() {
    let new = tables(Launch::new().in_file().start().stop().data());
    let files = releases();
    assert!(files[0].ends_with("0.2.0.db"));
    for file in files {
        let launch = Launch::new().in_file();
        let data = launch.data();
        fs::copy(&file, data).unwrap();
        // Reading alone changes nothing.
        let old = tables(data);
        let before = export(data);
        assert_eq!(before["office"]["tickets"].as_array().unwrap().len(), 5);
        assert_eq!(fs::read(data).unwrap(), fs::read(&file).unwrap());
        let server = launch.start();
        let settings = server.json("/api/settings");
        assert_eq!(settings["name"], before["office"]["settings"]["name"]);
        let services = server.json("/api/services");
        let names = services.as_array().unwrap().iter();
        let names: Vec<&str> = names.map(|service| text(service, "prefix")).collect();
        assert_eq!(names, ["A", "B"]);
        assert_eq!(server.json("/api/desks").as_array().unwrap().len(), 2);
        server
            .post_json("/api/session", &json!({"pin": "246810"}))
            .expect(200);
        assert_eq!(server.json("/api/tokens")[0]["name"], "pantalla");
        let audit = server.json("/api/audit");
        assert!(audit.as_array().unwrap().len() > 10);
        let person = json!({"name": "Ana", "pin": "ana-4711"});
        server.post_json("/api/people", &person).expect(201);
        server
            .post_json("/api/session", &json!({"name": "Ana", "pin": "ana-4711"}))
            .expect(200);
        server.ticket();
        let launch = server.stop();
        assert_eq!(tables(launch.data()), new, "{}", file.display());
        // The copy is there if there was something to migrate, and is as the file was.
        let beside = fs::read_dir(launch.data().parent().unwrap()).unwrap();
        let beside = beside.map(|entry| entry.unwrap().path());
        let copies: Vec<PathBuf> = beside
            .filter(|path| path.to_string_lossy().contains(".before-version-"))
            .collect();
        assert_eq!(copies.len(), usize::from(old != new), "{copies:?}");
        for copy in copies {
            assert_eq!(tables(&copy), old);
            assert_eq!(export(&copy)["office"], before["office"]);
        }
    }
}

#[test]
fn a_migration_without_room_for_the_copy_changes_nothing() {
    let launch = Launch::new().in_file();
    fs::copy(&releases()[0], launch.data()).unwrap();
    let before = fs::read(launch.data()).unwrap();
    // No file may grow beyond 20 kB.
    let limited = launch.clone().after("ulimit -S -f 20");
    let server = limited.start();
    server
        .post("/api/tickets")
        .problem(503, "storage-unavailable");
    assert_eq!(server.json("/api/settings")["name"], "Oficina 0.2.0");
    drop(server);
    assert_eq!(fs::read(launch.data()).unwrap(), before);
    let names = fs::read_dir(launch.data().parent().unwrap()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let copies: Vec<String> = names
        .filter(|name| name.contains("before-version"))
        .collect();
    assert!(copies.is_empty(), "{copies:?}");
    // With room it goes on.
    launch.start().ticket();
}
