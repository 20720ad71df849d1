//! Who did what, when, from where.

use serde_json::{Value, json};

use crate::common::{array, is_time, text, wait_until};
use crate::people::{FAR, Person, behind_a_proxy, pin};

fn seqs(trace: &Value) -> Vec<u64> {
    let events = array(trace).iter();
    events.map(|one| one["seq"].as_u64().unwrap()).collect()
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
    drop(file);
    let server = launch.start();
    let trace = || admin.get(&server, "/api/trace").expect(200).json();
    wait_until("the old ones are purged", || {
        let trace = trace();
        let known = array(&trace).iter().filter(|one| !one["address"].is_null());
        known.count() == 1
    });
    let trace = trace();
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
