//! Roles: every route with every kind of caller.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use turnero::presentation::tickets::ROUTES;

use crate::common::{Launch, Server, text};
use crate::people::{FAR, Person, behind_a_proxy, pin};

/// Method; path; its variable parts; body; and the statuses for a public caller, staff, an admin, and
/// a page of another site in an admin's browser.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    [u16; 4],
);

/// `WAITS` and `SERVED` are ids: desk 1 serves the second, and a third ticket is on hold.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    ("POST", "/api/tickets", "", "", [201, 201, 201, 403]),
    ("GET", "/api/tickets", "", "", [401, 200, 200, 200]),
    ("GET", "/api/tickets/*", "WAITS", "", [200, 200, 200, 200]),
    ("GET", "/api/tickets/*/qr.svg", "WAITS", "", [200, 200, 200, 200]),
    ("GET", "/api/tickets/*/paper", "WAITS", "", [200, 200, 200, 200]),
    ("POST", "/api/printers/*/test", "none", "", [401, 403, 404, 403]),
    ("POST", "/api/tickets/*/cancel", "WAITS", "", [200, 200, 200, 403]),
    ("POST", "/api/tickets/*/cancel", "WAITS", r#"{"desk":"1"}"#, [401, 200, 200, 403]),
    ("POST", "/api/tickets/*/return", "HELD", "", [401, 200, 200, 403]),
    ("POST", "/api/tickets/*/print", "WAITS", "", [401, 409, 409, 403]),
    ("GET", "/api/desks", "", "", [401, 200, 200, 200]),
    ("GET", "/api/desks/*", "1", "", [401, 200, 200, 200]),
    ("PUT", "/api/desks/*", "1", "{}", [401, 200, 200, 403]),
    ("DELETE", "/api/desks/*", "spare", "", [401, 403, 204, 403]),
    ("POST", "/api/desks/*/claim", "1", r#"{"screen":"00000000000000000000000000000001"}"#, [401, 200, 200, 403]),
    ("POST", "/api/desks/*/next", "1", "", [401, 200, 200, 403]),
    ("POST", "/api/desks/*/call", "1", r#"{"ticket":"WAITS"}"#, [401, 200, 200, 403]),
    ("POST", "/api/desks/*/recall", "1", "", [401, 200, 200, 403]),
    ("POST", "/api/desks/*/finish", "1", "", [401, 200, 200, 403]),
    ("POST", "/api/desks/*/no-show", "1", "", [401, 200, 200, 403]),
    ("POST", "/api/desks/*/hold", "1", "", [401, 200, 200, 403]),
    ("POST", "/api/desks/*/undo", "1", "", [401, 200, 200, 403]),
    ("GET", "/api/desks/*/queue", "1", "", [401, 200, 200, 200]),
    ("POST", "/api/desks/*/transfer", "1", "", [401, 200, 200, 403]),
    ("GET", "/api/settings", "", "", [401, 200, 200, 200]),
    ("PUT", "/api/settings", "", "{}", [401, 403, 200, 403]),
    ("GET", "/logo", "", "", [404, 404, 404, 404]),
    ("GET", "/ca.crt", "", "", [404, 404, 404, 404]),
    ("GET", "/api/media", "", "", [200, 200, 200, 200]),
    ("GET", "/media/*", "none.png", "", [404, 404, 404, 404]),
    ("GET", "/api/services", "", "", [200, 200, 200, 200]),
    ("PUT", "/api/services/*", "S", "{}", [401, 403, 200, 403]),
    ("DELETE", "/api/services/*", "S", "", [401, 403, 204, 403]),
    ("GET", "/api/tokens", "", "", [401, 403, 200, 200]),
    ("POST", "/api/tokens", "", r#"{"name":"FRESH"}"#, [401, 403, 201, 403]),
    ("DELETE", "/api/tokens/*", "TOKEN", "", [401, 403, 204, 403]),
    ("GET", "/api/webhooks", "", "", [401, 403, 200, 200]),
    ("POST", "/api/webhooks", "", "", [401, 403, 422, 403]),
    ("GET", "/api/webhooks/*", "0", "", [401, 403, 404, 404]),
    ("PATCH", "/api/webhooks/*", "0", "", [401, 403, 404, 403]),
    ("DELETE", "/api/webhooks/*", "0", "", [401, 403, 404, 403]),
    ("POST", "/api/webhooks/*/secret", "0", "", [401, 403, 404, 403]),
    ("POST", "/api/webhooks/*/test", "0", "", [401, 403, 404, 403]),
    ("GET", "/api/audit", "", "", [401, 403, 200, 200]),
    ("DELETE", "/api/audit", "", "", [401, 403, 204, 403]),
    ("POST", "/api/day", "", "", [401, 403, 204, 403]),
    ("GET", "/api/export", "", "", [401, 403, 200, 403]),
    ("POST", "/api/import", "", "", [401, 403, 422, 403]),
    ("GET", "/api/backups", "", "", [401, 403, 200, 200]),
    ("POST", "/api/backups", "", "", [401, 403, 409, 403]),
    ("GET", "/api/backups/*", "turnero-2026-11-30.db", "", [401, 403, 404, 403]),
    ("GET", "/metrics", "", "", [401, 403, 200, 200]),
    ("GET", "/api/openapi.json", "", "", [200, 200, 200, 200]),
    ("GET", "/api/state", "", "", [200, 200, 200, 200]),
    ("GET", "/api/events", "", "", [200, 200, 200, 200]),
    ("GET", "/api/statistics", "", "", [401, 200, 200, 200]),
    ("GET", "/api/tickets.csv", "", "", [401, 403, 200, 200]),
    ("GET", "/api/tickets.json", "", "", [401, 403, 200, 200]),
    ("GET", "/api/address", "", "", [401, 200, 200, 200]),
    ("GET", "/api/servers", "", "", [401, 403, 200, 200]),
    ("GET", "/api/health", "", "", [200, 200, 200, 200]),
    ("GET", "/api/ticket", "", "", [401, 200, 200, 200]),
    ("POST", "/api/ticket", "", "", [201, 201, 201, 403]),
    ("GET", "/api/ticket/pending", "", "", [401, 200, 200, 200]),
    ("GET", "/api/ticket/last", "", "", [200, 200, 200, 200]),
    ("GET", "/api/ticket/working-on", "", "", [200, 200, 200, 200]),
    ("GET", "/api/ticket/draw/*", "1", "", [401, 200, 200, 403]),
    ("POST", "/api/ticket/draw/*", "1", "", [401, 200, 200, 403]),
    ("PUT", "/api/ticket/done/*", "SERVED", "", [401, 200, 200, 403]),
    ("GET", "/api/session", "", "", [200, 200, 200, 200]),
    ("GET", "/api/pins", "", "", [401, 403, 200, 200]),
    ("DELETE", "/api/pins/*", "none", "", [401, 403, 404, 403]),
    ("GET", "/api/people", "", "", [401, 403, 200, 200]),
    ("POST", "/api/people", "", r#"{"name":"FRESH","pin":"735102-b"}"#, [401, 403, 201, 403]),
    ("PUT", "/api/people/*", "1", "{}", [401, 403, 200, 403]),
    ("DELETE", "/api/people/*", "0", "", [401, 403, 404, 403]),
    ("PUT", "/api/pins/*", "staff", r#"{"pin":"FRESH"}"#, [401, 403, 204, 403]),
    // The last two, because they end what the others need.
    ("POST", "/api/session", "", r#"{"pin":"ADMIN"}"#, [200, 200, 200, 403]),
    ("DELETE", "/api/session", "", "", [204, 204, 204, 403]),
];

/// An office that has one of everything before each request.
struct Scene<'a> {
    server: &'a Server,
    admin: Person,
    admin_pin: String,
    number: u32,
}

impl Scene<'_> {
    fn ticket(&self) -> String {
        let made = self.admin.post(self.server, "/api/tickets").expect(201);
        text(&made.json(), "id").to_owned()
    }

    fn call(&self, desk: &str, ticket: &str) {
        let body = json!({ "ticket": ticket }).to_string();
        let path = format!("/api/desks/{desk}/call");
        self.admin
            .send(self.server, "POST", &path, &body)
            .expect(200);
    }

    /// The status of one request.
    fn status(&mut self, who: &Person, row: &Row) -> u16 {
        let (method, pattern, part, body, _) = row;
        self.number += 1;
        let (held, waits, served) = (self.ticket(), self.ticket(), self.ticket());
        self.call("2", &held);
        self.admin
            .post(self.server, "/api/desks/2/hold")
            .expect(200);
        self.call("1", &served);
        for path in ["/api/desks/spare", "/api/services/S"] {
            self.admin.put(self.server, path, &json!({}));
        }
        let fresh = format!("fresh-{}", self.number);
        let token = json!({ "name": format!("for-{fresh}") }).to_string();
        let token = self.admin.send(self.server, "POST", "/api/tokens", &token);
        let token = text(&token.expect(201).json(), "id").to_owned();
        let fill = |text: &str| {
            text.replace("WAITS", &waits)
                .replace("HELD", &held)
                .replace("SERVED", &served)
                .replace("TOKEN", &token)
                .replace("FRESH", &fresh)
                .replace("ADMIN", &self.admin_pin)
        };
        let path = fill(&pattern.replace('*', part));
        let status = who.send(self.server, method, &path, &fill(body)).status;
        let path = format!("/api/tokens/{token}");
        self.admin.send(self.server, "DELETE", &path, "");
        status
    }
}

/// Addresses outside the table, with the same status for everyone: every page and all that it loads, a
/// ticket's page, and `/ws` without a handshake.
fn outside_the_table(ticket: &str) -> Vec<(String, u16)> {
    let mut all = vec![
        ("/".to_owned(), 200),
        (format!("/t/{ticket}"), 200),
        ("/ws".to_owned(), 426),
    ];
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let path = format!("{}/html/{folder}", env!("CARGO_MANIFEST_DIR"));
        for file in std::fs::read_dir(path).unwrap().map(Result::unwrap) {
            let name = file.file_name().into_string().unwrap();
            if file.file_type().unwrap().is_dir() {
                folders.push(format!("{folder}{name}/"));
            } else {
                all.push((format!("/{folder}{name}"), 200));
            }
        }
    }
    assert!(all.len() > 60, "{all:?}");
    all
}

/// Sends every request as each person. Returns the answers that are not as expected.
fn surprises(scene: &mut Scene<'_>, people: &[(&str, Person, usize)]) -> Vec<String> {
    let mut surprises = Vec::new();
    for (name, person, column) in people {
        // A WebSocket shows public data, but not to pages of other sites.
        let expected = [101, 101, 101, 403][*column];
        let status = person.handshake_status(scene.server);
        if status != expected {
            surprises.push(format!("a socket for {name}: {status}, not {expected}"));
        }
        for (path, expected) in outside_the_table(&scene.ticket()) {
            let status = person.get(scene.server, &path).status;
            if status != expected {
                surprises.push(format!("GET {path} as {name}: {status}, not {expected}"));
            }
        }
    }
    for row in TABLE {
        for (name, person, column) in people {
            let expected = row.4[*column];
            let status = scene.status(person, row);
            if status != expected {
                let (method, path, ..) = row;
                surprises.push(format!(
                    "{method} {path} as {name}: {status}, not {expected}"
                ));
            }
        }
    }
    surprises
}

#[test]
fn every_route_is_in_the_table() {
    let listed: BTreeSet<String> = TABLE
        .iter()
        .map(|row| format!("{} {}", row.0, row.1))
        .collect();
    let there: BTreeSet<String> = ROUTES
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let without: Vec<_> = there.difference(&listed).collect();
    assert!(
        without.is_empty(),
        "say in TABLE who may ask for {without:?}"
    );
    let gone: Vec<_> = listed.difference(&there).collect();
    assert!(gone.is_empty(), "there is no {gone:?}");
}

#[test]
fn from_another_machine_every_role_gets_the_statuses_of_the_table() {
    let server = behind_a_proxy().start();
    let far = || Person::at(FAR);
    let admin_pin = pin(&server, "admin");
    let admin = far().signed_in(&server, &admin_pin);
    let staff_token = admin.make_token(&server, "a desk's program", "staff");
    let admin_token = admin.make_token(&server, "a program", "admin");
    let people = [
        ("nobody", far(), 0),
        ("staff", far().signed_in(&server, &pin(&server, "staff")), 1),
        ("a staff token", far().with_token(&staff_token), 1),
        ("admin", admin.clone(), 2),
        ("an admin token", far().with_token(&admin_token), 2),
        (
            "another site",
            admin.with("Origin", "https://evil.example"),
            3,
        ),
        ("a forwarded loopback", Person::at("127.0.0.1"), 0),
        ("the proxy itself", Person::here(), 0),
        (
            "with a forged cookie",
            far().with("Cookie", "turnero-session=AAAA"),
            0,
        ),
    ];
    let mut scene = Scene {
        server: &server,
        admin: far().with_token(&admin_token),
        admin_pin,
        number: 0,
    };
    let surprises = surprises(&mut scene, &people);
    assert!(surprises.is_empty(), "{surprises:#?}");
}

#[test]
fn local_callers_are_admins_and_forwarded_ones_are_public() {
    let server = Server::new();
    let forwarded = |name: &str, value: &str| Person::here().with(name, value);
    let other_site = |name: &str, value: &str| (forwarded(name, value), 3);
    let people = [
        ("local", Person::here(), 2),
        (
            "a forwarded loopback",
            forwarded("X-Forwarded-For", "127.0.0.1"),
            0,
        ),
        ("passed on", forwarded("Forwarded", "for=127.0.0.1"), 0),
        (
            "another site",
            other_site("Origin", "https://evil.example").0,
            3,
        ),
        (
            "its picture",
            other_site("Referer", "https://evil.example/").0,
            3,
        ),
        ("its link", other_site("Sec-Fetch-Site", "cross-site").0, 3),
        (
            "another port",
            other_site("Sec-Fetch-Site", "same-site").0,
            3,
        ),
    ];
    let mut scene = Scene {
        server: &server,
        admin: Person::here(),
        admin_pin: pin(&server, "admin"),
        number: 0,
    };
    let surprises = surprises(&mut scene, &people);
    assert!(surprises.is_empty(), "{surprises:#?}");
}

#[test]
fn with_open_everyone_is_an_admin_and_the_log_and_the_session_say_so() {
    let server = behind_a_proxy().with(&["--open"]).start();
    let far = Person::at(FAR);
    let session = far.get(&server, "/api/session").expect(200).json();
    assert_eq!(
        session,
        json!({ "role": "admin", "open": true, "session": false, "local": false })
    );
    far.get(&server, "/api/audit").expect(200);
    let log = server.log();
    assert!(log.contains("There are no PINs (--open)"), "{log}");
    assert!(!log.contains("The PIN of"), "{log}");
    let server = Launch::new().start();
    let session = server.json("/api/session");
    assert_eq!(
        session,
        json!({ "role": "admin", "open": false, "session": false, "local": true })
    );
}

#[test]
fn with_open_only_local_callers_set_pins_and_tokens() {
    let open = |launch: Launch| launch.with(&["--open"]).start();
    let token = json!({ "name": "kiosk", "role": "admin" }).to_string();
    let server = open(behind_a_proxy());
    for far in [Person::at(FAR), Person::at("127.0.0.1"), Person::here()] {
        let new = json!({ "pin": "735102-b" });
        for answer in [
            far.send(&server, "POST", "/api/tokens", &token),
            far.put(&server, "/api/pins/admin", &new),
        ] {
            let detail = answer.problem(409, "no-pins");
            assert!(detail.contains("--open"), "{detail}");
        }
        let tokens = far.get(&server, "/api/tokens").expect(200).json();
        assert_eq!(tokens, json!([]));
    }
    let server = open(Launch::new());
    let here = Person::here();
    here.send(&server, "POST", "/api/tokens", &token)
        .expect(201);
    here.put(&server, "/api/pins/admin", &json!({ "pin": "735102-b" }))
        .expect(204);
}

#[test]
fn an_office_may_leave_the_choice_of_a_desks_services_to_admins() {
    let server = behind_a_proxy().start();
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    let staff = Person::at("192.0.2.99").signed_in(&server, &pin(&server, "staff"));
    let choice = json!({ "services": ["A"] });
    staff.put(&server, "/api/desks/1", &choice).expect(201);
    let office = || server.json("/api/state")["payload"]["office"]["adminsChooseServices"].clone();
    assert_eq!(office(), Value::Null);
    let only_admins = json!({ "adminsChooseServices": true });
    admin
        .put(&server, "/api/settings", &only_admins)
        .expect(200);
    assert_eq!(office(), true);
    let server = server.restart();
    let none = json!({ "services": [] });
    staff
        .put(&server, "/api/desks/1", &none)
        .problem(403, "not-allowed");
    let closed = json!({ "open": false });
    staff.put(&server, "/api/desks/1", &closed).expect(200);
    staff.put(&server, "/api/desks/2", &json!({})).expect(201);
    let desk = admin.get(&server, "/api/desks/1").expect(200).json();
    assert_eq!(desk["services"], json!(["A"]));
    admin.put(&server, "/api/desks/1", &none).expect(200);
}

#[test]
fn a_refused_role_says_how_to_get_it() {
    let server = behind_a_proxy().start();
    let far = Person::at(FAR);
    let answer = far.get(&server, "/api/tickets");
    assert!(answer.problem(401, "pin-needed").contains("Sign in"));
    assert_eq!(answer.header("WWW-Authenticate"), Some("Bearer"));
    let staff = far.clone().signed_in(&server, &pin(&server, "staff"));
    let detail = staff
        .get(&server, "/api/tokens")
        .problem(403, "not-allowed");
    assert!(detail.contains("admin"), "{detail}");
    let unknown = far.with_token("nonsense").get(&server, "/api/state");
    assert!(unknown.problem(401, "pin-needed").contains("token"));
}
