//! An office moves to another machine: `turnero export`, `turnero import`, `GET /api/export`, `POST /api/import`.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::common::{Folder, Launch, Server, array, codes, number, run_to_end, seq, text};
use crate::people::{FAR, behind_a_proxy};

fn put(server: &Server, path: &str, body: &Value) {
    let answer = server.put_json(path, body);
    assert!(answer.status < 300, "{path}: {}", answer.text());
}

/// An office in the middle of its day. The tickets as they were made.
fn a_busy_office() -> (Server, Vec<Value>) {
    let server = Launch::new().in_file().start();
    let priorities = json!([{"name": "normal", "weight": 1}, {"name": "urgent", "weight": 5}]);
    let settings = json!({
        "name": "Clínica", "language": "en", "timeZone": "Europe/Madrid", "accent": "#0b5348",
        "priorities": priorities, "mostWaiting": 90, "message": "Closed on Friday",
    });
    put(&server, "/api/settings", &settings);
    let service = json!({"name": "Blood", "first": 100, "last": 199, "digits": 3, "open": true});
    put(&server, "/api/services/B", &service);
    put(&server, "/api/desks/1", &json!({"services": ["B", "A"]}));
    put(&server, "/api/desks/2", &json!({}));
    let mut made = Vec::new();
    for body in [
        json!({}),
        json!({"priority": "urgent"}),
        json!({"note": "wheelchair «ñ»"}),
        json!({"service": "B"}),
        json!({"service": "B"}),
        json!({}),
        json!({}),
    ] {
        let answer = server.post_json("/api/tickets", &body);
        made.push(answer.expect(201).json());
    }
    let post = |path: &str, body: Value| {
        server.post_json(path, &body).expect(200);
    };
    // B100 is done, A1 did not come, A3 was put aside, B101 is sent to desk 2 alone, A4 is withdrawn
    // and A2 is served at desk 1.
    post("/api/desks/1/next", json!({}));
    post("/api/desks/1/finish", json!({}));
    post("/api/desks/2/call", json!({"ticket": "A1"}));
    post("/api/desks/2/no-show", json!({}));
    post("/api/desks/2/call", json!({"ticket": "A3"}));
    post("/api/desks/2/hold", json!({}));
    post("/api/desks/2/call", json!({"ticket": "B101"}));
    post("/api/desks/2/transfer", json!({"desk": "2"}));
    let withdrawn = format!("/api/tickets/{}/cancel", text(&made[5], "id"));
    post(&withdrawn, json!({}));
    post("/api/desks/1/call", json!({"ticket": "A2"}));
    (server, made)
}

fn turnero(folder: &Folder, arguments: &[&str]) -> Output {
    run_to_end(folder.path(), arguments, &[])
}

#[track_caller]
fn expect(output: &Output, code: i32, parts: &[&str]) {
    let said = String::from_utf8_lossy(if code == 0 {
        &output.stdout
    } else {
        &output.stderr
    });
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    for part in parts {
        assert!(said.contains(part), "«{said}» does not say «{part}»");
    }
    if code != 0 {
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    }
}

/// The office as screens and staff see it, without the parts that are not exported: past calls, and
/// numbers of events.
fn seen(server: &Server) -> Value {
    let mut state = server.json("/api/state")["payload"].clone();
    state.as_object_mut().unwrap().remove("calls");
    let open = server.json("/api/tickets?state=waiting,serving,held,no-show");
    json!({
        "state": state,
        "open": open,
        "settings": server.json("/api/settings"),
        "services": server.json("/api/services"),
        "desks": server.json("/api/desks"),
    })
}

#[test]
fn an_office_goes_on_at_another_machine() {
    let (server, made) = a_busy_office();
    let folder = Folder::new();
    let before = seen(&server);
    let last_seq = number(&server.json("/api/health"), "seq");
    let answer = server.get("/api/export").expect(200);
    let attached = answer.header("Content-Disposition").unwrap();
    assert!(
        attached.starts_with("attachment; filename=\"turnero-20"),
        "{attached}"
    );
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    let file: Value = answer.json();
    assert_eq!(
        (&file["format"], &file["version"]),
        (&json!("turnero-office"), &json!(2))
    );
    assert_eq!(file["audit"][0]["kind"], "ticket-called");
    assert_eq!(file["audit"][0]["subject"], "A2");
    // While the server runs, its file is not read beside it.
    let data = server.launch().data().to_str().unwrap().to_owned();
    let refused = turnero(&folder, &["export", "--data", &data]);
    expect(
        &refused,
        1,
        &["another turnero is using it", "GET /api/export"],
    );
    let launch = server.stop();
    let data = launch.data().to_str().unwrap();
    let done = turnero(&folder, &["export", "office.json", "--data", data]);
    expect(&done, 0, &["office.json"]);
    // It holds notes and ids, so it is for nobody else's eyes, as the data file is.
    let rights = fs::metadata(folder.join("office.json"))
        .unwrap()
        .permissions();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&rights) & 0o777,
        0o600
    );
    let written: Value =
        serde_json::from_slice(&fs::read(folder.join("office.json")).unwrap()).unwrap();
    let but_time = |mut file: Value| {
        file["exportedAt"] = Value::Null;
        // Each export is in the audit log of the next.
        let audit = file["audit"].as_array_mut().unwrap();
        audit.retain(|one| one["kind"] != "exported");
        file
    };
    assert_eq!(written["audit"][0]["kind"], "exported");
    assert_eq!(but_time(written), but_time(file.clone()));
    // To standard output where no file is named; over an existing file never.
    let shown = turnero(&folder, &["export", "--data", data]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(but_time(shown), but_time(file));
    let refused = turnero(&folder, &["export", "office.json", "--data", data]);
    expect(&refused, 1, &["office.json is there already"]);

    let other = Launch::new().in_file();
    let new_data = other.data().to_str().unwrap();
    let done = turnero(&folder, &["import", "office.json", "--data", new_data]);
    expect(&done, 0, &["office.json", "5 open tickets", "PINs"]);
    let server = other.start();
    assert_eq!(seen(&server), before);
    let audit = server.json("/api/audit");
    let mut arrived = array(&audit).iter();
    let arrived = arrived
        .find(|one| one["kind"] == "office-imported")
        .unwrap();
    assert_eq!(arrived["role"], "admin");
    assert_eq!(arrived["address"], "127.0.0.1", "at the machine: {audit}");
    goes_on(&server, &made, last_seq);
    // All of it is in the events: the same after a restart, and after a crash.
    let after = seen(&server);
    let server = server.restart();
    assert_eq!(seen(&server), after);
    let server = server.kill().start();
    assert_eq!(seen(&server), after);
}

/// Numbers, phones, desks and screens go on where they were.
fn goes_on(server: &Server, made: &[Value], last_seq: u64) {
    // A screen of the old machine gets the state, after any event that it saw there.
    for since in [1, last_seq, last_seq + 50] {
        let mut screen = server.screen(&format!("?since={since}"));
        let first = screen.event();
        assert_eq!(first["type"], "state", "{first}");
        assert!(seq(&first) > last_seq + 50, "{first}");
    }
    let mut screen = server.screen("");
    let state = screen.expect("state");
    // Every number is a new one, also after those of tickets that stayed behind.
    let next = |service: &str| {
        let answer = server.post_json("/api/tickets", &json!({"service": service}));
        text(&answer.expect(201).json(), "code").to_owned()
    };
    assert_eq!([next("A"), next("B"), next("A")], ["A6", "B102", "A7"]);
    assert_eq!(seq(&screen.expect("ticket-created")), seq(&state) + 1);
    // A ticket's id works here, too; ended tickets were not exported.
    for (index, found) in [
        (0, 200),
        (1, 200),
        (2, 200),
        (3, 404),
        (4, 200),
        (5, 404),
        (6, 200),
    ] {
        let path = format!("/api/tickets/{}", text(&made[index], "id"));
        assert_eq!(server.get(&path).status, found, "{}", made[index]["code"]);
    }
    let mut phone = server.screen(&format!("?ticket={}", text(&made[6], "id")));
    phone.expect("state");
    assert_eq!(phone.expect("ticket-position")["payload"]["ahead"], 0);
    // The desk still serves its ticket, one that was put aside is called, one that did not come
    // comes back, and one for a desk alone waits for it alone.
    let serves = json!({"current": "A2"});
    server.post_json("/api/desks/1/recall", &serves).expect(200);
    server
        .post_json("/api/desks/3/call", &json!({"ticket": "A3"}))
        .expect(200);
    let note = server.json(&format!("/api/tickets/{}", text(&made[2], "id")))["note"].clone();
    assert_eq!(note, "wheelchair «ñ»");
    let back = format!("/api/tickets/{}/return", text(&made[0], "id"));
    server.post(&back).expect(200);
    let called = server.post("/api/desks/2/next").expect(200).json();
    assert_eq!(called["code"], "A1");
    let called = server.post("/api/desks/2/next").expect(200).json();
    assert_eq!(called["code"], "B101");
    assert_eq!(
        codes(&server.json("/api/tickets?state=waiting")),
        ["A5", "A6", "B102", "A7"]
    );
}

#[test]
fn an_office_moves_only_into_one_without_tickets_of_today() {
    let (server, _) = a_busy_office();
    let folder = Folder::new();
    fs::write(
        folder.join("office.json"),
        server.get("/api/export").expect(200).body,
    )
    .unwrap();
    let import = |data: &Path| {
        let data = data.to_str().unwrap();
        turnero(&folder, &["import", "office.json", "--data", data])
    };
    let replace = |data: &Path| {
        let data = data.to_str().unwrap();
        let words = ["import", "office.json", "--replace", "--data", data];
        turnero(&folder, &words)
    };
    // Into itself, while it runs and when it rests; and where one ticket was given today.
    expect(
        &import(server.launch().data()),
        1,
        &["another turnero is using it", "Stop"],
    );
    let launch = server.stop();
    expect(
        &import(launch.data()),
        1,
        &["has tickets of today", "--data"],
    );
    let once = Launch::new().in_file().start();
    let ticket = once.ticket();
    let cancel = format!("/api/tickets/{}/cancel", text(&ticket, "id"));
    once.post(&cancel).expect(200);
    let launch = once.stop();
    expect(&import(launch.data()), 1, &["has tickets of today"]);
    assert_eq!(
        codes(&launch.start().json("/api/tickets")),
        ["A1"],
        "nothing was done to it"
    );
    expect(&replace(launch.data()), 1, &["has tickets of today"]);
    // One that was only set up is replaced whole, once, and where that is said.
    let set_up = Launch::new().in_file().start();
    put(&set_up, "/api/settings", &json!({"name": "Clinic"}));
    put(&set_up, "/api/services/Z", &json!({"name": "Zeta"}));
    put(&set_up, "/api/desks/9", &json!({}));
    // A screen that was opened at a desk to look at it has given no ticket.
    let screen = json!({"screen": "0123456789abcdef0123456789abcdef"});
    let claim = set_up.post_json("/api/desks/9/claim", &screen);
    claim.expect(200);
    let launch = set_up.stop();
    expect(&import(launch.data()), 1, &["«Clinic»", "--replace"]);
    expect(&replace(launch.data()), 0, &["5 open tickets"]);
    expect(&import(launch.data()), 1, &["has tickets of today"]);
    // A screen that was only looked at is no set-up.
    let looked_at = Launch::new().in_file().start();
    put(&looked_at, "/api/desks/9", &json!({}));
    let empty = looked_at.stop();
    expect(&import(empty.data()), 0, &["5 open tickets"]);
    let moved = launch.start();
    let state = moved.json("/api/state")["payload"].clone();
    let names = |list: &Value, name: &str| -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|one| text(one, name).to_owned()).collect()
    };
    assert_eq!(names(&state["services"], "prefix"), ["A", "B"]);
    assert_eq!(names(&state["desks"], "name"), ["1", "2"]);
}

/// The numbers of events jump at an import, which says nothing of tickets.
#[test]
fn an_imported_office_without_tickets_can_be_replaced() {
    let server = Launch::new().in_file().start();
    put(&server, "/api/settings", &json!({"name": "Clinic"}));
    put(&server, "/api/desks/1", &json!({}));
    let folder = Folder::new();
    let file = server.get("/api/export").expect(200).body;
    fs::write(folder.join("office.json"), file).unwrap();
    let moved = Launch::new().in_file();
    let data = moved.data().to_str().unwrap();
    let import = ["import", "office.json", "--data", data];
    expect(&turnero(&folder, &import), 0, &["0 open tickets"]);
    let refused = turnero(&folder, &import);
    expect(&refused, 1, &["«Clinic»", "is set up already", "--replace"]);
    let replace = ["import", "office.json", "--replace", "--data", data];
    expect(&turnero(&folder, &replace), 0, &["0 open tickets"]);
    let server = moved.start();
    assert_eq!(server.json("/api/settings")["name"], "Clinic");
    server.ticket();
    let launch = server.stop();
    let data = launch.data().to_str().unwrap();
    let replace = ["import", "office.json", "--replace", "--data", data];
    expect(&turnero(&folder, &replace), 1, &["has tickets of today"]);
}

#[test]
fn an_office_is_restored_while_the_server_runs_and_its_screens_show_it() {
    let (server, made) = a_busy_office();
    let before = seen(&server);
    let last_seq = number(&server.json("/api/health"), "seq");
    let file = server.json("/api/export");
    let server = Server::new();
    put(&server, "/api/settings", &json!({"name": "Clinic"}));
    let mut screen = server.screen("");
    let mut course = server.course_screen();
    screen.expect("state");
    assert_eq!(course.message()["payload"], 0);
    course.message();
    let restored = server.post_json("/api/import", &file).expect(200).json();
    assert_eq!(restored["name"], "Clínica");
    assert_eq!(seen(&server), before);
    let state = screen.expect("state");
    assert_eq!(state["payload"], server.json("/api/state")["payload"]);
    assert_eq!(course.message()["payload"], state["payload"]["waiting"]);
    let entry = &server.json("/api/audit")[0];
    assert_eq!(
        (&entry["kind"], &entry["role"]),
        (&json!("office-imported"), &json!("admin"))
    );
    // Nobody's number is lost by a second one.
    let again = server.post_json("/api/import", &file);
    again.problem(409, "office-in-use");
    goes_on(&server, &made, last_seq);
    let after = seen(&server);
    let server = server.restart();
    assert_eq!(seen(&server), after);
    let server = server.kill().start();
    assert_eq!(seen(&server), after);
}

#[test]
fn a_poll_that_waits_gets_the_restored_office() {
    let (server, _) = a_busy_office();
    let file = server.json("/api/export");
    let server = Server::new();
    let path = format!(
        "/api/events?wait=20&since={}",
        seq(&server.json("/api/state"))
    );
    let mut poll = server.client();
    poll.request("GET", &path, &[], b"");
    server.post_json("/api/import", &file).expect(200);
    let messages = poll.answer().expect(200).json();
    assert_eq!(array(&messages).len(), 1, "{messages}");
    assert_eq!(messages[0]["type"], "state");
    assert_eq!(messages[0]["payload"]["office"]["name"], "Clínica");
}

#[test]
fn a_backup_may_be_larger_than_other_requests_and_a_stranger_sends_none() {
    let (server, _) = a_busy_office();
    let mut file = server.json("/api/export");
    let wrong = |server: &Server, file: &Value, field: &str| {
        let detail = server
            .post_json("/api/import", file)
            .problem(422, "invalid");
        assert!(detail.starts_with(field), "{detail}");
    };
    let open = Server::new();
    file["version"] = json!(3);
    wrong(&open, &file, "file: version: ");
    file["version"] = json!(1);
    file["office"]["desks"][0]["services"] = json!(["Z"]);
    wrong(&open, &file, "file: office.desks[0].services: ");
    file["office"]["desks"][0]["services"] = json!([]);
    // The audit log is ignored, and may be long.
    file["audit"] = json!(["x".repeat(1_000_000)]);
    let closed = behind_a_proxy().start();
    let length = file.to_string().len().to_string();
    let mut stranger = closed.client();
    // Refused by its head: nothing of the body is sent.
    stranger.raw(format!(
        "POST /api/import HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {FAR}\r\n\
         Content-Length: {length}\r\n\r\n"
    ));
    stranger.answer().problem(401, "pin-needed");
    let elsewhere = open.post_json("/api/tickets", &file);
    elsewhere.problem(413, "body-too-large");
    let mut client = open.client();
    client.raw("POST /api/import HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16777217\r\n\r\n");
    let detail = client.answer().problem(413, "body-too-large");
    assert!(detail.contains("16777216"), "{detail}");
    open.post_json("/api/import", &file).expect(200);
    assert_eq!(open.json("/api/settings")["name"], "Clínica");
}

#[test]
fn a_file_that_is_no_office_makes_nothing() {
    let folder = Folder::new();
    let import = |file: &str| turnero(&folder, &["import", file, "--data", "new.db"]);
    expect(&import("missing.json"), 1, &["missing.json cannot be read"]);
    fs::write(folder.join("list.json"), "a shopping list").unwrap();
    expect(
        &import("list.json"),
        1,
        &["list.json cannot be imported", "JSON"],
    );
    let server = Server::new();
    server.ticket();
    let mut office = server.json("/api/export");
    office["version"] = json!(3);
    fs::write(folder.join("newer.json"), office.to_string()).unwrap();
    expect(
        &import("newer.json"),
        1,
        &["newer.json", "version: this program reads 1 to 2"],
    );
    office["version"] = json!(1);
    office["office"]["tickets"][0]["state"] = json!("lost");
    fs::write(folder.join("odd.json"), office.to_string()).unwrap();
    expect(
        &import("odd.json"),
        1,
        &["odd.json", "office.tickets[0].state", "`lost`"],
    );
    assert!(!folder.join("new.db").exists(), "nothing was made");
    let missing = turnero(&folder, &["export", "--data", "none.db"]);
    expect(&missing, 1, &["There is no data file none.db"]);
    assert!(!folder.join("none.db").exists(), "nothing was made");
    let help = turnero(&folder, &["--help"]);
    expect(&help, 0, &["turnero export", "turnero import"]);
    let unknown = turnero(&folder, &["import"]);
    expect(&unknown, 2, &["import needs the name of a file"]);
}
