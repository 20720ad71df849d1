//! Storage that fails: nothing is lost, nothing is shown that is not stored, and it works again.
//!
//! The failure is a limit on the size of files: with the signal for it ignored, every write to the
//! database fails as on a full disk, and lifting the limit is making room.

use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Resource, Signal};
use serde_json::{Value, json};

use crate::common::{Client, Launch, Response, Server, run_to_end, seq, text, wait_until};
use crate::io_faults::IoFaults;

fn start() -> Server {
    Launch::new().after("trap '' XFSZ").start()
}

fn full(server: &Server) {
    server.limit(Resource::Fsize, Some(0));
}

fn room(server: &Server) {
    server.limit(Resource::Fsize, None);
}

fn with_key(client: &mut Client, key: &str) -> Response {
    client.send("POST", "/api/tickets", &[("Idempotency-Key", key)], b"")
}

#[test]
fn a_full_disk_refuses_and_loses_nothing_and_works_again() {
    let server = start();
    let mut screen = server.screen("");
    screen.expect("state");
    let kept = server.ticket();
    server.ticket();
    server.post("/api/desks/1/next").expect(200);
    assert_eq!(screen.until(4).len(), 4);
    let paths = [
        "/api/tickets",
        "/api/desks",
        "/api/state",
        "/api/events?since=0",
    ];
    let look = |server: &Server| paths.map(|path| server.get(path).expect(200).text());
    let before = look(&server);

    full(&server);
    let mut client = server.client();
    for _ in 0..3 {
        client
            .post("/api/tickets")
            .problem(503, "storage-unavailable");
        client
            .post("/api/desks/1/next")
            .problem(503, "storage-unavailable");
        client
            .post("/api/desks/1/finish")
            .problem(503, "storage-unavailable");
        client
            .post("/api/ticket")
            .problem(503, "storage-unavailable");
        with_key(&mut client, "k").problem(503, "storage-unavailable");
    }
    let path = format!("/api/tickets/{}/cancel", text(&kept, "id"));
    // It is being served, so this is refused on any disk.
    client.post(&path).problem(409, "wrong-state");
    let health = client.get("/api/health").expect(503).json();
    assert_ne!(health["status"], "ok");
    assert_eq!(health["seq"], 4);
    // The state before can be read, and nothing new is shown.
    assert_eq!(look(&server), before);
    assert_eq!(
        screen.hears_within(Duration::from_millis(500)),
        None::<Value>
    );

    room(&server);
    wait_until("health is well again by itself", || {
        client.get("/api/health").status == 200
    });
    assert_eq!(look(&server), before);
    // The refusal was not kept as the key's answer.
    assert_eq!(with_key(&mut client, "k").expect(201).json()["code"], "A3");
    assert_eq!(client.post("/api/tickets").expect(201).json()["code"], "A4");
    assert_eq!(
        client.post("/api/desks/1/next").expect(200).json()["code"],
        "A2"
    );
    let numbers: Vec<u64> = screen.until(8).iter().map(seq).collect();
    assert_eq!(numbers, [5, 6, 7, 8]);
    let after = look(&server);
    let launch = server.kill();
    assert_eq!(look(&launch.start()), after);
}

#[test]
fn a_step_of_the_clock_while_storage_fails_is_logged_once() {
    let (launch, faults) = IoFaults::of(Launch::new());
    let server = launch.after("trap '' XFSZ").start();
    server.ticket();
    full(&server);
    server.post("/api/tickets").expect(503);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    faults.set_clock(i64::try_from(now.as_millis()).unwrap() + 60_000);
    for _ in 0..5 {
        server.post("/api/tickets").expect(503);
    }
    room(&server);
    let steps = || server.log().matches("clock was changed").count();
    wait_until("the step is logged", || steps() > 0);
    server.ticket();
    assert_eq!(steps(), 1, "{}", server.log());
}

/// A refusal stores nothing, so it cannot tell whether storage works.
#[test]
fn health_is_well_again_while_only_refusals_come() {
    let server = start();
    full(&server);
    let mut client = server.client();
    client
        .post("/api/tickets")
        .problem(503, "storage-unavailable");
    room(&server);
    wait_until("health is well again", || {
        client.post("/api/desks/1/next").problem(409, "queue-empty");
        client.get("/api/health").status == 200
    });
}

/// There is room for a page, and none for a batch.
#[test]
fn health_fails_as_long_as_there_is_no_room_for_a_batch() {
    let server = start();
    let mut wal = server.launch().data().to_owned().into_os_string();
    wal.push("-wal");
    let size = std::fs::metadata(wal).unwrap().len();
    server.limit(Resource::Fsize, Some(size + 6_000));
    let mut client = server.client();
    client
        .post("/api/tickets")
        .problem(503, "storage-unavailable");
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        client.get("/api/health").expect(503);
        std::thread::sleep(Duration::from_millis(20));
    }
    room(&server);
    wait_until("health is well again", || {
        client.get("/api/health").status == 200
    });
    client.post("/api/tickets").expect(201);
}

#[test]
fn what_was_refused_is_not_there_after_a_kill() {
    let server = start();
    server.ticket();
    full(&server);
    for _ in 0..5 {
        server
            .post("/api/tickets")
            .problem(503, "storage-unavailable");
    }
    let server = server.kill().start();
    assert_eq!(server.json("/api/health")["waiting"], 1);
    assert_eq!(server.ticket()["code"], "A2");
}

#[test]
fn a_disk_that_fills_while_many_are_at_it_gives_each_an_honest_answer() {
    let server = start();
    let answers: Vec<Response> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = server.client();
                    let mut answers = Vec::new();
                    for turn in 0..40 {
                        if turn == 10 {
                            full(&server);
                        }
                        if turn == 20 {
                            room(&server);
                        }
                        answers.push(client.post("/api/tickets"));
                    }
                    answers
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut acknowledged = Vec::new();
    for answer in &answers {
        if answer.status == 201 {
            acknowledged.push(answer.json()["id"].clone());
        } else {
            answer.problem(503, "storage-unavailable");
        }
    }
    assert!(acknowledged.len() < answers.len(), "nothing failed");
    let ids = |server: &Server| {
        let list = server.json("/api/tickets?limit=100000");
        let ids = list.as_array().unwrap().iter().map(|t| t["id"].clone());
        ids.collect::<Vec<Value>>()
    };
    let mut now = ids(&server);
    let server = server.kill().start();
    let mut then = ids(&server);
    for list in [&mut acknowledged, &mut now, &mut then] {
        list.sort_by_key(Value::to_string);
    }
    assert_eq!(now, acknowledged);
    assert_eq!(then, acknowledged);
}

#[test]
fn a_stop_while_the_disk_is_full_ends_cleanly() {
    let mut server = start();
    let ticket = server.ticket();
    full(&server);
    server
        .post("/api/tickets")
        .problem(503, "storage-unavailable");
    server.signal(Signal::TERM);
    let status = server.ends_within(Duration::from_secs(5)).expect("it ends");
    assert_eq!(status.code(), Some(0), "{}", server.log());
    let log = server.log();
    assert!(
        log.contains("newest tickets are in") && log.contains("office.db-wal"),
        "{log}"
    );
    let server = server.launch().clone().start();
    assert_eq!(server.json("/api/tickets"), json!([ticket]));
}

/// A server that cannot write shows what there is, and refuses changes.
fn is_read_only(server: &Server, codes: &[&str]) {
    let tickets = server.json("/api/tickets");
    assert_eq!(crate::common::codes(&tickets), codes);
    let statistics = server.json("/api/statistics");
    assert_eq!(statistics["all"]["arrived"], codes.len(), "{statistics}");
    let table = server.get("/api/tickets.csv").expect(200).text();
    assert_eq!(table.lines().count(), codes.len() + 1, "{table}");
    let health = server.get("/api/health").expect(503).json();
    assert_eq!(health["status"], "storage-unavailable");
    let problem = text(&health, "storageProblem");
    assert!(problem.contains("cannot be written"), "{problem}");
    wait_until("the log says it", || {
        server.log().contains("changes are refused")
    });
    for path in ["/api/tickets", "/api/desks/1/next"] {
        server.post(path).problem(503, "storage-unavailable");
    }
}

fn works_again(server: &Server, code: &str) {
    wait_until("health is well", || server.get("/api/health").status == 200);
    assert_eq!(server.ticket()["code"], code);
}

#[test]
fn a_server_starts_on_a_full_disk_and_works_again_with_room() {
    let ended: [fn(Server) -> Launch; 2] = [Server::stop, Server::kill];
    for end in ended {
        let server = start();
        server.ticket();
        let launch = end(server).after("trap '' XFSZ; ulimit -S -f 0");
        let server = launch.start();
        is_read_only(&server, &["A1"]);
        room(&server);
        works_again(&server, "A2");
        let again = server.kill().after("true").start();
        assert_eq!(again.ticket()["code"], "A3");
    }
}

#[test]
fn a_server_starts_on_a_read_only_disk_and_works_again_when_it_can_write() {
    let ended: [fn(Server) -> Launch; 2] = [Server::stop, Server::kill];
    for end in ended {
        let server = Server::new();
        server.ticket();
        server.post("/api/desks/1/next").expect(200);
        let (launch, faults) = IoFaults::of(end(server));
        faults.begin("read-only");
        let server = launch.start();
        is_read_only(&server, &["A1"]);
        // It is the only one all the same.
        let data = launch.data().to_str().unwrap();
        let arguments = ["--listen", "127.0.0.1:0", "--data", data];
        let second = run_to_end(launch.data().parent().unwrap(), &arguments, &[]);
        assert_eq!(second.status.code(), Some(1));
        faults.end("read-only");
        works_again(&server, "A2");
        let again = server.kill().start();
        assert_eq!(again.ticket()["code"], "A3");
    }
}

#[test]
fn an_export_needs_no_room_on_the_disk() {
    let server = start();
    server.ticket();
    let launch = server.kill();
    let (_, faults) = IoFaults::of(Launch::new());
    faults.begin("read-only");
    for read_only in [false, true] {
        let mut command = Command::new("sh");
        let limit = if read_only {
            ""
        } else {
            "ulimit -S -f 0; trap '' XFSZ;"
        };
        command.arg("-c").arg(format!("{limit} exec \"$0\" \"$@\""));
        command.arg(env!("CARGO_BIN_EXE_turnero"));
        command.args(["export", "--data"]).arg(launch.data());
        if read_only {
            command.envs(faults.variables());
        }
        let output = command.output().unwrap();
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{why}");
        assert_eq!(why, "");
        let office: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(office["office"]["tickets"][0]["number"], 1);
    }
}

/// An fsync that fails leaves the ticket in the file, where a crash brings it to light.
#[test]
fn a_failed_fsync_is_not_known_and_the_repeated_request_gets_what_is_stored() {
    let (launch, faults) = IoFaults::of(Launch::new());
    // A new file's PINs are stored after the server listens; the fault must not hit them.
    let server = launch.start().restart();
    faults.begin("fsync");
    let detail = with_key(&mut server.client(), "k").problem(503, "storage-unavailable");
    assert!(detail.contains("not known"), "{detail}");
    let server = server.kill().start();
    let stored = server.json("/api/tickets");
    let again = with_key(&mut server.client(), "k").expect(201).json();
    let codes = crate::common::codes(&stored);
    assert!(codes.is_empty() || stored[0] == again, "{stored} {again}");
    assert_eq!(again["code"], "A1");
    assert_eq!(server.json("/api/tickets"), json!([again]));
}
