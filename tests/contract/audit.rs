//! The audit log: who did what, when and from where.

use serde_json::{Value, json};

use crate::common::{Folder, Launch, array, is_time, run_to_end, text, wait_until};
use crate::people::{FAR, Person, behind_a_proxy, pin};

fn ids(audit: &Value) -> Vec<u64> {
    let ids = array(audit).iter().map(|one| text(one, "id"));
    ids.map(|id| id.parse().unwrap()).collect()
}

#[test]
fn each_event_has_who_caused_it_and_from_where() {
    let server = behind_a_proxy().start();
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    let token = admin.make_token(&server, "counter", "staff");
    let staff = Person::at("192.0.2.8").signed_in(&server, &pin(&server, "staff"));
    Person::at("192.0.2.9")
        .post(&server, "/api/tickets")
        .expect(201);
    staff.post(&server, "/api/desks/3/next").expect(200);
    let program = Person::at("192.0.2.10").with_token(&token);
    program.post(&server, "/api/desks/3/finish").expect(200);
    let audit = admin.get(&server, "/api/audit").expect(200).json();
    let of = |kind: &str| {
        let mut events = array(&audit).iter();
        let found = events.find(|one| one["kind"] == kind);
        found
            .unwrap_or_else(|| panic!("no {kind} in {audit}"))
            .clone()
    };
    let who = |kind: &str| {
        let one = of(kind);
        json!([
            one["role"],
            one["token"],
            one["address"],
            one["subject"],
            one["desk"]
        ])
    };
    let created = json!(["public", null, "192.0.2.9", "A1", null]);
    assert_eq!(who("ticket-created"), created);
    let called = json!(["staff", null, "192.0.2.8", "A1", "3"]);
    assert_eq!(who("ticket-called"), called);
    let finished = json!(["staff", "counter", "192.0.2.10", "A1", "3"]);
    assert_eq!(who("ticket-finished"), finished);
    assert!(is_time(&of("ticket-called")["at"]));
    // Newest first, in parts.
    let all = ids(&audit);
    assert!(all.windows(2).all(|two| two[0] == two[1] + 1), "{all:?}");
    let path = format!("/api/audit?limit=2&before={}", all[0]);
    let part = admin.get(&server, &path).expect(200).json();
    assert_eq!(ids(&part), all[1..3]);
    admin
        .get(&server, "/api/audit?before=soon")
        .problem(422, "invalid");
    assert!(admin.get(&server, "/api/audit?limit=0").expect(200).json() == json!([]));
    // It is as durable as the events.
    let server = server.restart();
    let again = admin.get(&server, "/api/audit").expect(200).json();
    assert_eq!(again, audit);
}

#[test]
fn entries_past_their_retention_are_purged_and_tickets_stay() {
    let server = behind_a_proxy()
        .in_file()
        .with(&["--keep-days", "7"])
        .start();
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    for _ in 0..3 {
        Person::at(FAR).post(&server, "/api/tickets").expect(201);
    }
    let launch = server.stop();
    let file = rusqlite::Connection::open(launch.data()).unwrap();
    let week: i64 = 7 * 24 * 60 * 60 * 1_000;
    let older = "UPDATE audit SET at = at - ?1 WHERE id < (SELECT max(id) FROM audit)";
    file.execute(older, [week + 1_000]).unwrap();
    drop(file);
    let server = launch.start();
    let audit = || admin.get(&server, "/api/audit").expect(200).json();
    wait_until("the old ones are purged", || array(&audit()).len() == 2);
    let audit = audit();
    assert_eq!(audit[0]["kind"], "audit-purged");
    assert!(audit[0]["count"].as_u64() >= Some(4), "{audit}");
    assert_eq!(audit[1]["subject"], "A3");
    let tickets = admin.get(&server, "/api/tickets").json();
    assert_eq!(array(&tickets).len(), 3);
}

#[test]
fn access_and_exports_are_in_the_log_without_any_secret() {
    let server = behind_a_proxy().start();
    let (staff_pin, admin_pin) = (pin(&server, "staff"), pin(&server, "admin"));
    let admin = Person::at(FAR).signed_in(&server, &admin_pin);
    for _ in 0..3 {
        Person::at("192.0.2.66")
            .sign_in(&server, "guessed-1")
            .problem(401, "wrong-pin");
    }
    let staff = Person::at("192.0.2.8").signed_in(&server, &staff_pin);
    let token = admin.make_token(&server, "kiosk", "staff");
    staff
        .send(&server, "DELETE", "/api/session", "")
        .expect(204);
    admin
        .put(
            &server,
            "/api/pins/staff",
            &json!({ "pin": "Tres-Tristes" }),
        )
        .expect(204);
    Person::at(FAR).post(&server, "/api/tickets").expect(201);
    let listed = admin.get(&server, "/api/tokens").expect(200).json();
    let path = format!("/api/tokens/{}", text(&listed[0], "id"));
    admin.send(&server, "DELETE", &path, "").expect(204);
    admin.get(&server, "/api/export").expect(200);
    let audit = || admin.get(&server, "/api/audit").expect(200).json();
    wait_until("the export is in it", || audit()[0]["kind"] == "exported");
    let audit = audit();
    let said: Vec<Value> = array(&audit)
        .iter()
        .filter(|one| one["kind"] != "day-started")
        .map(|one| {
            json!([
                one["kind"],
                one["role"],
                one["address"],
                one["subject"],
                one["count"]
            ])
        })
        .collect();
    let expected = json!([
        ["exported", "admin", FAR, null, 1],
        ["token-revoked", "admin", FAR, "kiosk", 1],
        ["ticket-created", "public", FAR, "A1", 1],
        ["pin-changed", "admin", FAR, "staff", 1],
        ["signed-out", "staff", "192.0.2.8", null, 1],
        ["token-made", "admin", FAR, "kiosk", 1],
        ["signed-in", "staff", "192.0.2.8", null, 1],
        ["sign-in-refused", "public", "192.0.2.66", null, 3],
        ["signed-in", "admin", FAR, null, 1],
        ["pin-changed", "admin", "127.0.0.1", "admin", 1],
        ["pin-changed", "admin", "127.0.0.1", "staff", 1],
    ]);
    assert_eq!(json!(said), expected);
    for secret in [&token, &staff_pin, &admin_pin, "guessed-1", "Tres-Tristes"] {
        assert!(!audit.to_string().contains(secret), "{secret}");
    }
    // In parts, and after a restart, it is the same.
    let server = server.restart();
    let get = |path: &str| admin.get(&server, path).expect(200).json();
    assert_eq!(get("/api/audit"), audit);
    let mut parts = Vec::new();
    let mut path = "/api/audit?limit=2".to_owned();
    loop {
        let part = get(&path);
        let Some(last) = ids(&part).last().copied() else {
            break;
        };
        parts.extend(ids(&part));
        path = format!("/api/audit?limit=2&before={last}");
    }
    assert_eq!(parts, ids(&audit));
    // The file of the office has the same.
    let file = get("/api/export");
    assert_eq!(file["audit"], audit);
}

#[test]
fn each_change_says_what_it_was_about() {
    let server = behind_a_proxy().start();
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    let settings = json!({ "name": "Clinic", "mostWaiting": 50, "language": "es" });
    admin.put(&server, "/api/settings", &settings).expect(200);
    admin.put(&server, "/api/desks/4", &json!({})).expect(201);
    admin.post(&server, "/api/tickets").expect(201);
    admin.post(&server, "/api/desks/3/next").expect(200);
    let body = json!({ "desk": "4" }).to_string();
    admin
        .send(&server, "POST", "/api/desks/3/transfer", &body)
        .expect(200);
    admin.post(&server, "/api/desks/3/undo").expect(200);
    let both = json!({ "open": false, "services": ["A"] });
    admin.put(&server, "/api/desks/4", &both).expect(200);
    let open = json!({ "open": true });
    admin.put(&server, "/api/desks/4", &open).expect(200);
    let service = |body: Value| admin.put(&server, "/api/services/B", &body);
    service(json!({ "name": "Caja" })).expect(201);
    service(json!({ "first": 100, "open": false })).expect(200);
    let server = server.restart();
    let audit = admin.get(&server, "/api/audit").expect(200).json();
    let of = |kind: &str| {
        let found = array(&audit).iter().find(|one| one["kind"] == kind);
        found
            .unwrap_or_else(|| panic!("no {kind}: {audit}"))
            .clone()
    };
    assert_eq!(
        of("settings-changed")["fields"],
        json!(["mostWaiting", "name"])
    );
    let fields = |kind: &str| -> Vec<Value> {
        let of = array(&audit).iter().filter(|one| one["kind"] == kind);
        of.map(|one| one["fields"].clone()).collect()
    };
    // Newest first: closed and set up at once, made by its first call, made.
    assert_eq!(
        fields("desk-changed"),
        [
            json!(["opened"]),
            json!(["closed", "services"]),
            json!(["created"]),
            json!(["created"])
        ]
    );
    assert_eq!(
        fields("service-changed"),
        [json!(["first", "closed"]), json!(["created"])]
    );
    let sent = of("ticket-transferred");
    assert_eq!((&sent["desk"], &sent["toDesk"]), (&json!("3"), &json!("4")));
    assert_eq!(of("step-undone")["subject"], "A1");
}

#[test]
fn an_erased_log_says_who_erased_it_and_nothing_from_before() {
    let server = behind_a_proxy().in_file().start();
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    let staff = Person::at("192.0.2.99").signed_in(&server, &pin(&server, "staff"));
    staff.post(&server, "/api/tickets").expect(201);
    let audit = || admin.get(&server, "/api/audit").expect(200).json();
    assert!(audit().to_string().contains("192.0.2.99"));
    staff
        .send(&server, "DELETE", "/api/audit", "")
        .problem(403, "not-allowed");
    admin.send(&server, "DELETE", "/api/audit", "").expect(204);
    let left = audit();
    assert_eq!(array(&left).len(), 1, "{left}");
    let erased = json!([left[0]["kind"], left[0]["role"], left[0]["address"]]);
    assert_eq!(erased, json!(["audit-erased", "admin", FAR]));
    let tickets = admin.get(&server, "/api/tickets").json();
    assert_eq!(array(&tickets).len(), 1, "they stay");
    // Later entries are there as before, and so it is after a restart.
    staff.post(&server, "/api/tickets").expect(201);
    let after = audit();
    assert_eq!(after[0]["address"], "192.0.2.99");
    assert_eq!(after[1], left[0]);
    let server = server.restart();
    let again = admin.get(&server, "/api/audit").expect(200).json();
    assert_eq!(again, after);
    let file = server.stop();
    let file = rusqlite::Connection::open(file.data()).unwrap();
    let count = "SELECT count(*) FROM audit WHERE id < ?1";
    let erased: i64 = file
        .query_row(count, [ids(&left)[0] as i64], |row| row.get(0))
        .unwrap();
    assert_eq!(erased, 0, "the rows are gone");
}

/// The numbers of events jump at an import; the age of the entries from before must count all the
/// same.
#[test]
fn entries_from_before_and_after_an_import_are_purged_and_erased() {
    let folder = Folder::new();
    let office = Launch::new().in_file().start();
    office.ticket();
    let file = office.get("/api/export").expect(200).body;
    std::fs::write(folder.join("office.json"), file).unwrap();
    let moved = Launch::new().in_file().start();
    moved
        .put_json("/api/settings", &json!({"name": "Clinic"}))
        .expect(200);
    let launch = moved.stop();
    let data = launch.data().to_str().unwrap().to_owned();
    let import = ["import", "office.json", "--replace", "--data", &data];
    let done = run_to_end(folder.path(), &import, &[]);
    assert!(done.status.success(), "{done:?}");
    let server = launch.start();
    server.ticket();
    let before = server.json("/api/audit");
    let kinds: Vec<&str> = array(&before).iter().map(|one| text(one, "kind")).collect();
    assert_eq!(
        kinds[..3],
        ["ticket-created", "office-imported", "settings-changed"]
    );
    let launch = server.stop();
    let file = rusqlite::Connection::open(&data).unwrap();
    let long: i64 = 91 * 24 * 60 * 60 * 1_000;
    let older = "UPDATE audit SET at = at - ?1 WHERE kind <> 'settings-changed'";
    file.execute(older, [long]).unwrap();
    drop(file);
    let server = launch.start();
    let kinds = || -> Vec<String> {
        let audit = server.json("/api/audit");
        let kinds = array(&audit).iter().map(|one| text(one, "kind").to_owned());
        kinds.collect()
    };
    wait_until("they are purged", || {
        kinds() == ["audit-purged", "settings-changed"]
    });
    server.ticket();
    server.send("DELETE", "/api/audit").expect(204);
    assert_eq!(kinds(), ["audit-erased"]);
}
