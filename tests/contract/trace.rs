//! Who did what, when, from where.

use serde_json::{Value, json};

use crate::common::{array, is_time, text, wait_until};
use crate::people::{FAR, Person, behind_a_proxy, pin};

/// The numbers of the events in it; what is no event has a dot in its id.
fn seqs(trace: &Value) -> Vec<u64> {
    let ids = array(trace).iter().map(|one| text(one, "id"));
    ids.filter_map(|id| id.parse().ok()).collect()
}

fn ids(trace: &Value) -> Vec<&str> {
    array(trace).iter().map(|one| text(one, "id")).collect()
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
    let trace = admin.get(&server, "/api/trace").expect(200).json();
    let of = |kind: &str| {
        let mut events = array(&trace).iter();
        let found = events.find(|one| one["type"] == kind);
        found
            .unwrap_or_else(|| panic!("no {kind} in {trace}"))
            .clone()
    };
    let who = |kind: &str| {
        let one = of(kind);
        json!([
            one["role"],
            one["token"],
            one["address"],
            one["code"],
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
    let all = seqs(&trace);
    assert!(all.windows(2).all(|two| two[0] == two[1] + 1), "{all:?}");
    let path = format!("/api/trace?limit=2&before={}", all[0]);
    let part = admin.get(&server, &path).expect(200).json();
    assert_eq!(seqs(&part), all[1..3]);
    admin
        .get(&server, "/api/trace?before=soon")
        .problem(422, "invalid");
    assert!(admin.get(&server, "/api/trace?limit=0").expect(200).json() == json!([]));
    // It is as durable as the events.
    let server = server.restart();
    let again = admin.get(&server, "/api/trace").expect(200).json();
    assert_eq!(again, trace);
}

#[test]
fn what_is_older_than_it_is_kept_is_purged_and_the_events_stay() {
    let server = behind_a_proxy().with(&["--keep-days", "7"]).start();
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    for _ in 0..3 {
        Person::at(FAR).post(&server, "/api/tickets").expect(201);
    }
    let launch = server.stop();
    let file = rusqlite::Connection::open(launch.data()).unwrap();
    let week: i64 = 7 * 24 * 60 * 60 * 1_000;
    let older = "UPDATE events SET at = at - ?1 WHERE seq <= (SELECT max(seq) - 1 FROM events)";
    file.execute(older, [week + 1_000]).unwrap();
    file.execute("UPDATE notes SET at = at - ?1", [week + 1_000])
        .unwrap();
    drop(file);
    let server = launch.start();
    let trace = || admin.get(&server, "/api/trace").expect(200).json();
    wait_until("the old ones are purged", || {
        let trace = trace();
        let known = array(&trace).iter().filter(|one| !one["address"].is_null());
        known.count() == 1
    });
    let trace = trace();
    let purged = array(&trace)
        .iter()
        .find(|one| one["type"] == "trace-purged");
    assert!(
        purged.is_some_and(|one| one["count"].as_u64() >= Some(3)),
        "{trace}"
    );
    let newest = array(&trace).iter().find(|one| one["address"] == FAR);
    assert_eq!(text(newest.unwrap(), "code"), "A3");
    let created = array(&trace)
        .iter()
        .filter(|one| one["type"] == "ticket-created");
    assert_eq!(
        created.count(),
        3,
        "what happened is not forgotten: {trace}"
    );
}

#[test]
fn what_is_no_event_is_there_too_without_any_secret() {
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
    let trace = || admin.get(&server, "/api/trace").expect(200).json();
    wait_until("the copy is in it", || trace()[0]["type"] == "exported");
    let trace = trace();
    let said: Vec<Value> = array(&trace)
        .iter()
        .filter(|one| one["type"] != "day-started")
        .map(|one| {
            json!([
                one["type"],
                one["role"],
                one["address"],
                one["about"],
                one["count"]
            ])
        })
        .collect();
    let expected = json!([
        ["exported", "admin", FAR, null, 1],
        ["token-revoked", "admin", FAR, "kiosk", 1],
        ["ticket-created", "public", FAR, null, null],
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
        assert!(!trace.to_string().contains(secret), "{secret}");
    }
    // In parts, and after a restart, it is the same.
    let server = server.restart();
    let get = |path: &str| admin.get(&server, path).expect(200).json();
    assert_eq!(get("/api/trace"), trace);
    let mut parts = Vec::new();
    let mut path = "/api/trace?limit=2".to_owned();
    loop {
        let part = get(&path);
        let Some(last) = ids(&part).last().map(|id| (*id).to_owned()) else {
            break;
        };
        parts.extend(ids(&part).into_iter().map(str::to_owned));
        path = format!("/api/trace?limit=2&before={last}");
    }
    assert_eq!(parts, ids(&trace));
    // And so is what the file of the office says.
    let file = get("/api/export");
    assert_eq!(file["audit"], trace);
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
    let server = server.restart();
    let trace = admin.get(&server, "/api/trace").expect(200).json();
    let of = |kind: &str| {
        let found = array(&trace).iter().find(|one| one["type"] == kind);
        found
            .unwrap_or_else(|| panic!("no {kind}: {trace}"))
            .clone()
    };
    assert_eq!(
        of("settings-changed")["fields"],
        json!(["mostWaiting", "name"])
    );
    let sent = of("ticket-transferred");
    assert_eq!((&sent["desk"], &sent["toDesk"]), (&json!("3"), &json!("4")));
    assert_eq!(of("step-undone")["code"], "A1");
}

#[test]
fn an_admin_has_it_forgotten_who_did_what_and_that_alone_stays() {
    let server = behind_a_proxy().start();
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    let staff = Person::at("192.0.2.99").signed_in(&server, &pin(&server, "staff"));
    staff.post(&server, "/api/tickets").expect(201);
    let trace = || admin.get(&server, "/api/trace").expect(200).text();
    assert!(trace().contains("192.0.2.99"));
    staff
        .send(&server, "DELETE", "/api/trace", "")
        .problem(403, "not-allowed");
    admin.send(&server, "DELETE", "/api/trace", "").expect(204);
    wait_until("it is forgotten", || !trace().contains("192.0.2.99"));
    let left = admin.get(&server, "/api/trace").json();
    let asked = array(&left).iter().find(|one| one["type"] == "purge-asked");
    let asked = asked.unwrap_or_else(|| panic!("{left}"));
    assert_eq!(
        (&asked["role"], &asked["address"]),
        (&json!("admin"), &json!(FAR))
    );
    let tickets = admin.get(&server, "/api/tickets").json();
    assert_eq!(array(&tickets).len(), 1, "they stay");
    // What comes after it is there as before.
    staff.post(&server, "/api/tickets").expect(201);
    assert!(trace().contains("192.0.2.99"));
}
