//! People who sign in by name: their PINs, roles and sessions, and what carries their names.

use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::common::{Response, Server, array, text};
use crate::people::{FAR, Person, behind_a_proxy, cookies, pin};
use crate::signing::role;

const ANA: &str = "ana-4711";
const BEA: &str = "bea-0815";

fn admin(server: &Server) -> Person {
    Person::at(FAR).signed_in(server, &pin(server, "admin"))
}

fn add(server: &Server, admin: &Person, name: &str, role: &str, pin: &str) -> Response {
    let body = json!({ "name": name, "role": role, "pin": pin }).to_string();
    admin.send(server, "POST", "/api/people", &body)
}

/// The path of a person who is added.
fn added(server: &Server, admin: &Person, name: &str, role: &str, pin: &str) -> String {
    let person = add(server, admin, name, role, pin).expect(201).json();
    format!("/api/people/{}", text(&person, "id"))
}

fn try_name(server: &Server, who: &Person, name: &str, pin: &str) -> Response {
    let body = json!({ "name": name, "pin": pin }).to_string();
    who.send(server, "POST", "/api/session", &body)
}

fn by_name(server: &Server, who: Person, name: &str, pin: &str) -> Person {
    let answer = try_name(server, &who, name, pin).expect(200);
    who.with("Cookie", &cookies(&answer).join("; "))
}

fn session(server: &Server, who: &Person) -> Value {
    who.get(server, "/api/session").expect(200).json()
}

#[test]
fn a_person_is_one_in_both_forms_of_unicode() {
    let server = behind_a_proxy().in_file().start();
    let admin = admin(&server);
    let (one, two) = ("Jos\u{e9}", "Jose\u{301}");
    added(&server, &admin, two, "staff", ANA);
    let refused = add(&server, &admin, one, "staff", BEA);
    refused.problem(422, "invalid");
    for name in [one, two, "JOSE\u{301}"] {
        let person = by_name(&server, Person::at(FAR), name, ANA);
        assert_eq!(text(&session(&server, &person), "name"), one);
    }
}

#[test]
fn a_key_adds_one_person_however_often_it_is_sent_and_no_other() {
    let server = behind_a_proxy().in_file().start();
    let admin = admin(&server).with("Idempotency-Key", "k-1");
    let ana = add(&server, &admin, "Ana", "staff", ANA).expect(201).json();
    assert_eq!(
        add(&server, &admin, "Ana", "staff", ANA).expect(201).json(),
        ana
    );
    add(&server, &admin, "Bea", "staff", BEA).problem(422, "invalid");
    let people = admin.get(&server, "/api/people").expect(200).json();
    assert_eq!(array(&people).len(), 1, "{people}");
}

#[test]
fn people_sign_in_by_name_and_the_audit_log_says_who_did_what() {
    let server = behind_a_proxy().in_file().start();
    let admin = admin(&server);
    let stranger = Person::at("192.0.2.20");
    assert!(session(&server, &stranger).get("names").is_none());
    let ana = added(&server, &admin, "Ana Peña", "staff", ANA);
    assert_eq!(session(&server, &stranger)["names"], "optional");
    let people = admin.get(&server, "/api/people").expect(200).json();
    assert_eq!(array(&people).len(), 1, "{people}");
    let person = &people[0];
    assert_eq!(format!("/api/people/{}", text(person, "id")), ana);
    assert_eq!(
        (text(person, "name"), text(person, "role")),
        ("Ana Peña", "staff")
    );
    assert!(!people.to_string().contains(ANA), "{people}");
    // In small letters and with a blank, as a tablet's keyboard writes it.
    let desk = by_name(&server, stranger.clone(), "ana peña ", ANA);
    let signed_in = session(&server, &desk);
    assert_eq!(
        (text(&signed_in, "role"), text(&signed_in, "name")),
        ("staff", "Ana Peña")
    );
    stranger.post(&server, "/api/tickets").expect(201);
    desk.post(&server, "/api/desks/3/next").expect(200);
    // The shared PINs stay good, without a name.
    let shared = stranger.clone().signed_in(&server, &pin(&server, "staff"));
    assert_eq!(role(&server, &shared), "staff");
    assert!(session(&server, &shared).get("name").is_none());
    shared.post(&server, "/api/desks/3/recall").expect(200);
    desk.send(&server, "DELETE", "/api/session", "").expect(204);
    assert_eq!(role(&server, &desk), "public");
    let server = server.restart();
    let audit = admin.get(&server, "/api/audit").expect(200).json();
    let who = |kind: &str| {
        let mut entries = array(&audit).iter();
        let entry = entries.find(|entry| entry["kind"] == kind);
        let entry = entry.unwrap_or_else(|| panic!("no {kind} in {audit}"));
        json!([entry["role"], entry["person"], entry["subject"]])
    };
    assert_eq!(who("person-added"), json!(["admin", null, "Ana Peña"]));
    assert_eq!(who("ticket-called"), json!(["staff", "Ana Peña", "A1"]));
    assert_eq!(who("ticket-recalled"), json!(["staff", null, "A1"]));
    assert_eq!(who("signed-out"), json!(["staff", "Ana Peña", null]));
    assert_eq!(who("ticket-created"), json!(["public", null, "A1"]));
    let file = std::fs::read(server.stop().data()).unwrap();
    let stored = file.windows(ANA.len()).any(|part| part == ANA.as_bytes());
    assert!(!stored, "the PIN is in the file");
}

#[test]
fn an_unknown_name_gets_the_answer_of_a_wrong_pin_and_takes_as_long() {
    let server = behind_a_proxy().start();
    added(&server, &admin(&server), "Ana", "staff", ANA);
    // The shortest of some attempts, since other tests take processors away.
    let attempts = |name: &str, address: &str| {
        let who = Person::at(address);
        let attempts = (0..5).map(|_| {
            let begun = Instant::now();
            let detail = try_name(&server, &who, name, "00000000").problem(401, "wrong-pin");
            (begun.elapsed(), detail)
        });
        attempts.min().unwrap()
    };
    let (known, wrong_pin) = attempts("Ana", "192.0.2.30");
    let (unknown, wrong_name) = attempts("Eva", "192.0.2.31");
    assert_eq!(wrong_pin, wrong_name);
    let (short, long) = (known.min(unknown), known.max(unknown));
    assert!(long < short * 3, "{known:?} and {unknown:?}");
    // Names and shared PINs take from the same limit.
    for who in ["192.0.2.30", "192.0.2.31"].map(Person::at) {
        try_name(&server, &who, "Ana", ANA).problem(429, "too-many-requests");
        who.sign_in(&server, &pin(&server, "staff"))
            .problem(429, "too-many-requests");
    }
    let audit = admin(&server).get(&server, "/api/audit").json();
    assert!(!audit.to_string().contains("Eva"), "it may be a PIN");
    assert!(!server.log().contains("Eva"), "{}", server.log());
    // A PIN is good for its own name alone.
    let who = Person::at("192.0.2.32");
    try_name(&server, &who, "Ana", &pin(&server, "staff")).problem(401, "wrong-pin");
    who.sign_in(&server, ANA).problem(401, "wrong-pin");
}

#[test]
fn a_new_pin_a_new_role_and_a_removal_end_the_persons_sessions_and_no_others() {
    let server = behind_a_proxy().start();
    let admin = admin(&server);
    let ana = added(&server, &admin, "Ana", "staff", ANA);
    added(&server, &admin, "Bea", "staff", BEA);
    let sign_in = |server: &Server, pin: &str| by_name(server, Person::at(FAR), "Ana", pin);
    let bea = by_name(&server, Person::at(FAR), "Bea", BEA);
    let first = sign_in(&server, ANA);
    // Another name is the same person.
    admin
        .put(&server, &ana, &json!({ "name": "Anna" }))
        .expect(200);
    assert_eq!(session(&server, &first)["name"], "Anna");
    admin
        .put(&server, &ana, &json!({ "name": "Ana" }))
        .expect(200);
    admin
        .put(&server, &ana, &json!({ "pin": "ana-new-1" }))
        .expect(200);
    assert_eq!(role(&server, &first), "public");
    try_name(&server, &Person::at(FAR), "Ana", ANA).problem(401, "wrong-pin");
    let second = sign_in(&server, "ana-new-1");
    admin
        .put(&server, &ana, &json!({ "role": "admin" }))
        .expect(200);
    assert_eq!(role(&server, &second), "public");
    let third = sign_in(&server, "ana-new-1");
    assert_eq!(role(&server, &third), "admin");
    // The shared PIN of a role ends its own sessions only.
    let new = json!({ "pin": "shared-77x" });
    third.put(&server, "/api/pins/admin", &new).expect(204);
    assert_eq!(role(&server, &admin), "public");
    assert_eq!(role(&server, &third), "admin");
    let server = server.restart();
    assert_eq!(role(&server, &first), "public");
    assert_eq!(role(&server, &second), "public");
    let admin = Person::at(FAR).signed_in(&server, "shared-77x");
    admin.send(&server, "DELETE", &ana, "").expect(204);
    assert_eq!(role(&server, &third), "public");
    admin
        .send(&server, "DELETE", &ana, "")
        .problem(404, "not-found");
    admin
        .put(&server, &ana, &json!({}))
        .problem(404, "not-found");
    assert_eq!(session(&server, &bea)["name"], "Bea");
    // An id is never another person's, not even after a restart.
    let server = server.restart();
    let eva = added(&server, &admin, "Eva", "staff", ANA);
    admin.send(&server, "DELETE", &eva, "").expect(204);
    let server = server.restart();
    let ida = added(&server, &admin, "Ida", "staff", ANA);
    assert!(ida != ana && ida != eva, "{ana} {eva} {ida}");
    let audit = admin.get(&server, "/api/audit").json();
    let changes: Vec<Value> = array(&audit)
        .iter()
        .filter(|entry| entry["kind"] == "person-changed")
        .map(|entry| json!([entry["subject"], entry["fields"]]))
        .collect();
    let expected = json!([
        ["Ana", ["role"]],
        ["Ana", ["pin"]],
        ["Anna → Ana", ["name"]],
        ["Ana → Anna", ["name"]],
    ]);
    assert_eq!(json!(changes), expected);
}

#[test]
fn shared_pins_can_go_but_an_admin_can_always_sign_in() {
    let server = behind_a_proxy().start();
    let admin = admin(&server);
    let remove = |server: &Server, who: &Person, path: &str| who.send(server, "DELETE", path, "");
    for role in ["staff", "admin"] {
        let path = format!("/api/pins/{role}");
        remove(&server, &admin, &path).problem(409, "last-way-in");
    }
    let ana = added(&server, &admin, "Ana", "staff", ANA);
    remove(&server, &admin, "/api/pins/admin").problem(409, "last-way-in");
    let bea = added(&server, &admin, "Bea", "admin", BEA);
    let staff = Person::at(FAR).signed_in(&server, &pin(&server, "staff"));
    for role in ["staff", "admin"] {
        let path = format!("/api/pins/{role}");
        let bea = by_name(&server, Person::at(FAR), "Bea", BEA);
        remove(&server, &bea, &path).expect(204);
        remove(&server, &bea, &path).problem(404, "not-found");
    }
    let stranger = Person::at("192.0.2.40");
    assert_eq!(session(&server, &stranger)["names"], "required");
    for who in [&staff, &admin] {
        assert_eq!(role(&server, who), "public", "its session has ended");
    }
    let boss = by_name(&server, stranger.clone(), "Bea", BEA);
    assert_eq!(boss.get(&server, "/api/pins").expect(200).json(), json!([]));
    remove(&server, &boss, &bea).problem(409, "last-way-in");
    boss.put(&server, &bea, &json!({ "role": "staff" }))
        .problem(409, "last-way-in");
    remove(&server, &boss, &ana).expect(204);
    let old = pin(&server, "admin");
    stranger.sign_in(&server, &old).problem(401, "wrong-pin");
    // A start makes no PIN that was removed.
    let server = server.restart();
    assert!(!server.log().contains("The PIN of"), "{}", server.log());
    assert_eq!(role(&server, &boss), "admin");
    // The server's own machine has a way in for a forgotten PIN, as ever.
    let launch = server.stop();
    let mut child = Command::new(env!("CARGO_BIN_EXE_turnero"))
        .args(["pin", "admin"])
        .args(launch.storage())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut { input }, b"73510284\n").unwrap();
    assert!(child.wait().unwrap().success());
    let server = launch.start();
    assert_eq!(session(&server, &stranger)["names"], "optional");
    let admin = stranger.signed_in(&server, "73510284");
    assert_eq!(role(&server, &admin), "admin");
    remove(&server, &admin, &bea).problem(409, "last-way-in");
    let new = json!({ "pin": "staff-77x" });
    admin.put(&server, "/api/pins/staff", &new).expect(204);
    remove(&server, &admin, &bea).expect(204);
    assert!(session(&server, &admin).get("names").is_none());
}

#[test]
fn no_two_people_share_a_name_and_a_repeated_request_adds_nobody() {
    let server = behind_a_proxy().start();
    let admin = admin(&server);
    let first = add(&server, &admin, "Ana", "staff", ANA).expect(201).json();
    let again = add(&server, &admin, "Ana", "staff", ANA).expect(201).json();
    assert_eq!(first, again);
    for (name, role, pin) in [
        ("Ana", "staff", BEA),
        ("Ana", "admin", ANA),
        ("ANA", "staff", ANA),
    ] {
        let detail = add(&server, &admin, name, role, pin).problem(422, "invalid");
        assert!(detail.starts_with("name: "), "{detail}");
    }
    let bea = added(&server, &admin, "Bea", "staff", BEA);
    let detail = admin
        .put(&server, &bea, &json!({ "name": "ana" }))
        .problem(422, "invalid");
    assert!(detail.contains("«Ana»"), "{detail}");
    admin
        .put(&server, &bea, &json!({ "name": "BEA" }))
        .expect(200);
    for (body, field) in [
        (json!({ "pin": ANA }), "name"),
        (json!({ "name": "Eva" }), "pin"),
        (json!({ "name": "", "pin": ANA }), "name"),
        (json!({ "name": "E/va", "pin": ANA }), "name"),
        (json!({ "name": "n".repeat(61), "pin": ANA }), "name"),
        (json!({ "name": "Eva", "pin": "12345" }), "pin"),
        (json!({ "name": "Eva", "pin": "123456" }), "pin"),
        (
            json!({ "name": "Eva", "pin": ANA, "role": "public" }),
            "role",
        ),
        (json!({ "name": "Eva", "pin": ANA, "age": 3 }), "age"),
    ] {
        let answer = admin.send(&server, "POST", "/api/people", &body.to_string());
        let detail = answer.problem(422, "invalid");
        assert!(detail.starts_with(&format!("{field}: ")), "{detail}");
    }
    let people = admin.get(&server, "/api/people").json();
    assert_eq!(array(&people).len(), 2, "{people}");
    // With --open, a stranger could use a person after a start without it.
    let open = behind_a_proxy().with(&["--open"]).start();
    add(&open, &Person::at(FAR), "Eva", "admin", ANA).problem(409, "no-pins");
}

#[test]
fn statistics_and_files_say_who_served_only_if_an_admin_turned_it_on() {
    let server = behind_a_proxy().start();
    let admin = admin(&server);
    let ana = added(&server, &admin, "Ana", "staff", ANA);
    added(&server, &admin, "Bea", "staff", BEA);
    let people = [("Ana", ANA), ("Bea", BEA)];
    let [ana_here, bea_here] =
        people.map(|(name, pin)| by_name(&server, Person::at(FAR), name, pin));
    for _ in 0..5 {
        Person::here().post(&server, "/api/tickets").expect(201);
    }
    // A1 is called by Ana, and by Bea after Ana took the call back; A2 by Ana, A3 with the shared PIN.
    let desk = |who: &Person, path: &str| {
        let path = format!("/api/desks/{path}");
        who.post(&server, &path).expect(200);
    };
    desk(&ana_here, "1/next");
    desk(&ana_here, "1/undo");
    desk(&bea_here, "2/next");
    desk(&ana_here, "1/next");
    desk(&ana_here, "1/finish");
    desk(&admin, "3/next");
    let by_person = || admin.get(&server, "/api/statistics?by=person");
    let detail = by_person().problem(422, "invalid");
    assert!(detail.contains("an admin can turn them on"), "{detail}");
    let csv = || admin.get(&server, "/api/tickets.csv").expect(200);
    let csv = || String::from_utf8(csv().body).unwrap();
    assert!(!csv().contains("Ana") && !csv().contains("person"));
    let json_file = || admin.get(&server, "/api/tickets.json").expect(200).json();
    assert!(json_file()[0].get("person").is_none());
    let on = json!({ "statisticsByPerson": true });
    ana_here
        .put(&server, "/api/settings", &on)
        .problem(403, "not-allowed");
    admin.put(&server, "/api/settings", &on).expect(200);
    let counts = || -> Vec<Value> {
        let groups = by_person().expect(200).json()["groups"].clone();
        array(&groups)
            .iter()
            .map(|group| json!([group["person"], group["arrived"], group["served"]]))
            .collect()
    };
    assert_eq!(
        json!(counts()),
        json!([[null, 3, 0], ["Ana", 1, 1], ["Bea", 1, 0]])
    );
    let lines = csv();
    let lines: Vec<&str> = lines.lines().collect();
    assert!(lines[0].ends_with(",transfers,person"), "{}", lines[0]);
    assert!(lines[1].ends_with(",Bea"), "{}", lines[1]);
    assert!(lines[2].ends_with(",Ana"), "{}", lines[2]);
    assert!(lines[3].ends_with(','), "{}", lines[3]);
    let persons: Vec<Value> = array(&json_file())
        .iter()
        .map(|row| row["person"].clone())
        .collect();
    assert_eq!(json!(persons), json!(["Bea", "Ana", null, null, null]));
    // An office that moves takes nobody with it.
    let export = admin.get(&server, "/api/export").expect(200).json();
    let office = export["office"].to_string();
    assert!(!office.contains("person\""), "{office}");
    let secrets = export.to_string();
    assert!(!secrets.contains("argon") && !secrets.contains("salt"));
    // The name of who was removed is nowhere but in the audit log.
    admin.send(&server, "DELETE", &ana, "").expect(204);
    assert_eq!(json!(counts()), json!([[null, 4, 1], ["Bea", 1, 0]]));
    let server = server.restart();
    let groups = admin
        .get(&server, "/api/statistics?by=person,hour")
        .expect(200);
    assert_eq!(groups.json()["groups"][1]["person"], "Bea");
}
