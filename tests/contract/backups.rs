//! Backups: each day's, on request, and back in the place of the data file.

use std::fs;
use std::path::PathBuf;
use std::process::Output;
use std::thread;

use serde_json::Value;

use crate::common::{
    Folder, Launch, Server, codes, database, number, run_to_end, text, wait_for, wait_until,
};

/// A server with a folder for backups.
fn start(folder: &Folder, more: &[&str]) -> Server {
    let launch = Launch::new()
        .in_file()
        .with(&["--backup-dir", folder.path().to_str().unwrap()]);
    launch.with(more).start()
}

fn turnero(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = run_to_end(folder.path(), arguments, &[]);
    let said = [stdout, stderr].concat();
    (status.code(), String::from_utf8_lossy(&said).into_owned())
}

/// Asks for a backup on the command line. Returns its file.
fn back_up(server: &Server, folder: &Folder) -> PathBuf {
    let address = server.address().to_string();
    let (code, said) = turnero(folder, &["backup", "--listen", &address]);
    assert_eq!(code, Some(0), "{said}");
    let path = said.strip_prefix("The backup is ").unwrap().trim_end();
    PathBuf::from(path.strip_suffix('.').unwrap())
}

fn files(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("turnero-")).collect();
    names.sort_unstable();
    names
}

fn is_of_a_day(name: &str) -> bool {
    name.len() == "turnero-2026-11-30.db".len()
}

fn wait_for_the_day(folder: &Folder) -> String {
    wait_for("the backup of the day", || {
        files(folder).into_iter().find(|name| name.ends_with(".db"))
    })
}

#[test]
fn each_day_and_each_request_leave_a_backup_and_the_oldest_go() {
    let folder = Folder::new();
    for old in ["turnero-2001-01-01.db", "turnero-2001-01-02.db", "mine.db"] {
        folder.write(old, "old");
    }
    folder.write("turnero-2001-01-03.db.partial", "cut short");
    let server = start(&folder, &["--backup-keep", "2"]);
    wait_until("a new one is there", || {
        server.json("/api/backups")["finished"] == 1
    });
    let kept = files(&folder);
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert_eq!(kept[0], "turnero-2001-01-02.db");
    assert!(is_of_a_day(&kept[1]) && folder.join("mine.db").exists());
    for _ in 0..3 {
        server.ticket();
        back_up(&server, &folder);
    }
    let list = server.json("/api/backups");
    let listed = list["backups"].as_array().unwrap();
    let names: Vec<&str> = listed.iter().map(|backup| text(backup, "name")).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert_eq!(names.iter().filter(|name| is_of_a_day(name)).count(), 2);
    assert_eq!(list.get("problem"), None);
    // The newest comes first, and is the file that is downloaded.
    let newest = folder.join(names[0]);
    let answer = server
        .get(&format!("/api/backups/{}", names[0]))
        .expect(200);
    assert_eq!(answer.body, fs::read(&newest).unwrap());
    let rights = fs::metadata(&newest).unwrap().permissions();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&rights) & 0o777,
        0o600
    );
    for other in ["mine.db", "turnero-2001-01-09.db", "..%2Foffice.db"] {
        server
            .get(&format!("/api/backups/{other}"))
            .problem(404, "not-found");
    }
    wait_until("the download is in the audit log", || {
        server.json("/api/audit")[0]["kind"] == "exported"
    });
    // The day's backup is made once, across restarts.
    let server = server.restart();
    let list = server.json("/api/backups");
    assert_eq!(
        (&list["finished"], &list["running"]),
        (&0.into(), &false.into())
    );
}

#[test]
fn the_backup_just_made_stays_whatever_the_dates_of_the_others_say() {
    let folder = Folder::new();
    // A start with a clock far ahead left them.
    let ahead = [
        "turnero-2099-01-01.db",
        "turnero-2099-01-01-09-30-01-123.db",
    ];
    for name in ahead {
        folder.write(name, "ahead");
    }
    let server = start(&folder, &["--backup-keep", "1"]);
    wait_until("the backup of the day is made", || {
        server.json("/api/backups")["finished"] == 1
    });
    let asked_for = back_up(&server, &folder);
    assert!(asked_for.exists(), "{:?}", files(&folder));
    let kept = files(&folder);
    assert!(kept.iter().any(|name| is_of_a_day(name)), "{kept:?}");
    assert!(
        kept.len() == 2 && !kept.iter().any(|name| ahead.contains(&name.as_str())),
        "{kept:?}"
    );
}

#[test]
fn backups_made_while_tickets_are_taken_are_sound_and_have_all_that_was_answered() {
    let folder = Folder::new();
    let server = start(&folder, &["--tickets-per-10s", "10000"]);
    wait_for_the_day(&folder);
    let mut made = Vec::new();
    thread::scope(|scope| {
        let taking = scope.spawn(|| {
            let mut client = server.client();
            for _ in 0..3_000 {
                client.send("POST", "/api/tickets", &[], b"").expect(201);
            }
        });
        while !taking.is_finished() {
            let before = number(&server.json("/api/health"), "seq");
            made.push((before, back_up(&server, &folder)));
        }
    });
    assert!(
        made.len() > 1,
        "only {} while tickets were taken",
        made.len()
    );
    let kept = made.iter().filter(|(_, file)| file.exists());
    let kept: Vec<_> = kept.collect();
    assert!(!kept.is_empty());
    for (before, file) in kept {
        let (code, said) = turnero(&folder, &["check", file.to_str().unwrap()]);
        assert_eq!(code, Some(0), "{said}");
        let Some((_, rest)) = said.split_once("up to number ") else {
            assert_eq!(*before, 0, "{said}");
            continue;
        };
        let last: u64 = rest.split_once(',').unwrap().0.parse().unwrap();
        assert!(
            last >= *before,
            "{last} events where {before} were answered"
        );
    }
    // Later changes are in the data file.
    let server = server.kill().start();
    assert_eq!(number(&server.json("/api/health"), "waiting"), 3_000);
}

#[test]
fn a_restore_puts_a_backup_in_place_and_keeps_what_was_there() {
    let folder = Folder::new();
    let server = start(&folder, &[]);
    wait_for_the_day(&folder);
    server.ticket();
    let backup = back_up(&server, &folder);
    server.ticket();
    let data = server.launch().data().to_str().unwrap().to_owned();
    let backup = backup.to_str().unwrap();
    let refused = |arguments: &[&str], why: &str| {
        let (code, said) = turnero(&folder, &[arguments, &["--data", &data]].concat());
        assert!(code == Some(1) && said.contains(why), "{said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    };
    refused(&["restore", backup], "another turnero is using it");
    let export = server.get("/api/export").expect(200).body;
    // After a kill, the newest tickets are beside the data file.
    let launch = server.kill();
    fs::write(folder.join("office.json"), export).unwrap();
    let mut damaged = fs::read(backup).unwrap();
    damaged.truncate(damaged.len() / 2);
    fs::write(folder.join("half.db"), damaged).unwrap();
    refused(&["restore", "office.json"], "use «turnero import");
    refused(&["restore", "half.db"], "because it is damaged");
    refused(&["restore", "none.db"], "none.db cannot be read");
    refused(&["restore", &data], "the data file itself");
    let (code, said) = turnero(&folder, &["restore", backup, "--data", &data]);
    assert_eq!(code, Some(0), "{said}");
    let restored = launch.start();
    assert_eq!(codes(&restored.json("/api/tickets")), ["A1"]);
    assert_eq!(restored.ticket()["code"], "A2");
    let launch = restored.stop();
    // Back again, with the ticket that was in the `-wal` file.
    let earlier = said
        .lines()
        .find_map(|line| line.strip_prefix("The file that was there is "));
    let earlier = earlier.unwrap().strip_suffix(" now.").unwrap();
    let (code, said) = turnero(&folder, &["restore", earlier, "--data", &data]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(codes(&launch.start().json("/api/tickets")), ["A1", "A2"]);
}

#[test]
fn a_backup_that_fails_says_why_and_the_server_goes_on() {
    let folder = Folder::new();
    let server = start(&folder, &[]);
    wait_for_the_day(&folder);
    fs::remove_dir_all(folder.path()).unwrap();
    let address = server.address().to_string();
    let elsewhere = Folder::new();
    let (code, said) = turnero(&elsewhere, &["backup", "--listen", &address]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("No such file"), "{said}");
    wait_until("health says so", || {
        let health: Value = server.json("/api/health");
        health["backupProblem"]
            .as_str()
            .is_some_and(|why| why.starts_with("The last backup failed"))
    });
    server.ticket();
    fs::create_dir_all(folder.path()).unwrap();
    back_up(&server, &folder);
    assert_eq!(server.json("/api/health").get("backupProblem"), None);
}

#[test]
fn a_damaged_office_leaves_the_older_backups() {
    let folder = Folder::new();
    let old = "turnero-2001-01-01.db";
    folder.write(old, "good");
    let server = Launch::new().in_file().start();
    server.ticket();
    let launch = server.stop();
    let file = rusqlite::Connection::open(launch.data()).unwrap();
    // A start does not read the whole audit log.
    file.execute("UPDATE audit SET kind = 'no-kind'", [])
        .unwrap();
    drop(file);
    let server = launch
        .with(&[
            "--backup-dir",
            folder.path().to_str().unwrap(),
            "--backup-keep",
            "1",
        ])
        .start();
    wait_until("the backup fails", || {
        let list = server.json("/api/backups");
        list["problem"]
            .as_str()
            .is_some_and(|why| why.contains("the data file is damaged"))
    });
    assert_eq!(files(&folder), [old]);
}

#[test]
fn without_a_folder_or_a_server_a_backup_is_refused_in_one_line() {
    let server = Server::new();
    server.post("/api/backups").problem(409, "no-backup-folder");
    assert_eq!(server.json("/api/backups").get("folder"), None);
    let folder = Folder::new();
    let address = server.address().to_string();
    let (code, said) = turnero(&folder, &["backup", "--listen", &address]);
    let way = database().map_or("--backup-dir", |_| "pg_dump");
    assert!(code == Some(1) && said.contains(way), "{said}");
    let _launch = server.stop();
    let (code, said) = turnero(&folder, &["backup", "--listen", &address]);
    assert!(
        code == Some(1) && said.contains("No server answers"),
        "{said}"
    );
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
}
