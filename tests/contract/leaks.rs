//! No public answer and no line of the log holds a secret.

use rustix::process::Signal;
use serde_json::{Value, json};
use turnero::access::Role;
use turnero::presentation::tickets::ROUTES;

use crate::common::{Client, Screen, Server, array, text};
use crate::people::{FAR, Person, behind_a_proxy, pin};

/// Secrets that must not be found, each with its name.
struct Secrets(Vec<(String, String)>);

impl Secrets {
    fn add(&mut self, what: &str, secret: &str) {
        assert!(secret.len() >= 6, "too short to be looked for: {secret}");
        self.0.push((what.to_owned(), secret.to_owned()));
    }

    #[track_caller]
    fn must_not_be_in(&self, place: &str, text: &str) {
        for (what, secret) in &self.0 {
            assert!(!text.contains(secret.as_str()), "{what} in {place}: {text}");
        }
    }
}

/// A day with some of everything; gives back the last event's number.
fn busy_day(server: &Server, staff: &Person, admin: &Person, secrets: &mut Secrets) -> u64 {
    let call = |path: &str, body: Value| {
        let answer = staff.send(server, "POST", path, &body.to_string());
        assert!(answer.status < 300, "{path}: {}", answer.text());
    };
    admin.put(server, "/api/services/B", &json!({})).expect(201);
    let mut ids = Vec::new();
    for n in 0..12 {
        let note = format!("secret-note-{n}");
        let body = json!({ "note": note, "service": if n % 3 == 0 { "B" } else { "A" } });
        let taken = Person::at(&format!("198.51.100.{n}"));
        let made = taken.send(server, "POST", "/api/tickets", &body.to_string());
        let id = text(&made.expect(201).json(), "id").to_owned();
        secrets.add("an id", &id);
        secrets.add("a note", &note);
        ids.push(id);
    }
    secrets.add("an address", "198.51.100.");
    secrets.add("an address", FAR);
    for desk in ["1", "2", "3"] {
        call(&format!("/api/desks/{desk}/next"), json!({}));
        call(&format!("/api/desks/{desk}/recall"), json!({}));
    }
    call("/api/desks/1/hold", json!({}));
    call("/api/desks/2/no-show", json!({}));
    call("/api/desks/3/transfer", json!({ "desk": "1" }));
    call("/api/desks/1/next", json!({}));
    call("/api/desks/2/call", json!({ "ticket": ids[10] }));
    call("/api/desks/2/finish", json!({}));
    call("/api/desks/3/next", json!({}));
    let cancel = format!("/api/tickets/{}/cancel", ids[11]);
    Person::at(FAR).post(server, &cancel).expect(200);
    admin
        .put(server, "/api/settings", &json!({ "name": "Clínica" }))
        .expect(200);
    let health = Person::at(FAR).get(server, "/api/health").expect(200);
    health.json()["seq"].as_u64().unwrap()
}

#[test]
fn nothing_public_and_no_log_holds_an_id_a_note_a_pin_a_token_or_an_address() {
    let server = behind_a_proxy().with_variable("RUST_LOG", "debug").start();
    let far = Person::at(FAR);
    let mut v1 = server.screen("");
    let mut course = server.course_screen();
    let first_messages = [v1.text(), course.text(), course.text()];
    let (staff_pin, admin_pin) = (pin(&server, "staff"), pin(&server, "admin"));
    let admin = far.clone().signed_in(&server, &admin_pin);
    let token = admin.make_token(&server, "secret-token-name", "staff");
    let answer = far.sign_in(&server, &staff_pin).expect(200);
    let cookie = answer.header("Set-Cookie").unwrap();
    let cookie = cookie.split(['=', ';']).nth(1).unwrap();
    let staff = far.clone().with_token(&token);
    let mut secrets = Secrets(Vec::new());
    secrets.add("a token", &token);
    secrets.add("a cookie", cookie);
    secrets.add("the name of a token", "secret-token-name");
    let seq = busy_day(&server, &staff, &admin, &mut secrets);
    let log_secrets: Vec<(String, String)> = secrets
        .0
        .iter()
        .filter(|(what, _)| what != "an address")
        .cloned()
        .collect();
    secrets.add("a PIN", &staff_pin);
    secrets.add("a PIN", &admin_pin);

    // A member of that name would hold a secret of any value.
    let look = |place: &str, text: &str| {
        secrets.must_not_be_in(place, text);
        for name in [
            "\"id\":",
            "\"note\":",
            "\"address\":",
            "\"token\":",
            "\"pin\":",
        ] {
            assert!(!text.contains(name), "{name} in {place}: {text}");
        }
    };
    let mut looked_at = 0;
    for route in ROUTES {
        let is_ticket = route.path.starts_with("/api/tickets/*");
        // It names the members of others' answers.
        let is_description = route.path == "/api/openapi.json";
        let is_public = route.role == Role::Public && route.method.as_str() == "GET";
        if !is_public || is_ticket || is_description {
            continue;
        }
        for query in ["", "?since=0", "?limit=100"] {
            let path = format!("{}{query}", route.path.replace('*', "1"));
            look(&path, &far.get(&server, &path).text());
            looked_at += 1;
        }
    }
    assert!(looked_at >= 20, "{looked_at}");
    for page in [
        "/",
        "/public.html",
        "/new-ticket.html",
        "/desk.html",
        "/signin.html",
    ] {
        secrets.must_not_be_in(page, &far.get(&server, page).expect(200).text());
    }
    for message in first_messages {
        look("a screen's first message", &message);
    }
    for message in v1.until(seq) {
        look("turnero.v1", &message.to_string());
    }
    let mut again = server.screen("?since=0");
    for message in again.until(seq) {
        look("turnero.v1 after a time away", &message.to_string());
    }
    look("turnero.v1 at first", &server.screen("").text());
    drop(server.screen(""));
    let mut heard = 0;
    while let Some(message) = course.hears_within(std::time::Duration::from_millis(300)) {
        look("the course's messages", &message.to_string());
        heard += 1;
    }
    assert!(heard >= 10, "{heard}");
    // Refusals repeat nothing that they were not told.
    let refused = far.send(&server, "PUT", "/api/pins/staff", r#"{"pin":"735102"}"#);
    look("a refusal", &refused.text());

    server.signal(Signal::TERM);
    let mut server = server;
    server
        .ends_within(crate::common::PATIENCE)
        .expect("it ends");
    let log = server.log();
    assert!(
        log.contains("POST /api/tickets/…/cancel"),
        "the log is at debug"
    );
    Secrets(log_secrets).must_not_be_in("the log", &log);
    for pin in [staff_pin, admin_pin] {
        assert_eq!(
            log.matches(&pin).count(),
            1,
            "said once, at the first start"
        );
    }
}

#[test]
fn every_answer_forbids_guessing_its_type_and_telling_where_it_was() {
    let server = Server::new();
    let id = text(&server.ticket(), "id").to_owned();
    let ticket = format!("/api/tickets/{id}");
    let paths = [
        "/",
        "/public.html",
        "/api/state",
        "/no/such",
        &ticket,
        "/shared/tokens.css",
        "/logo",
    ];
    for path in paths {
        let answer = server.get(path);
        let header = |name| answer.header(name).unwrap_or_default().to_owned();
        assert_eq!(header("X-Content-Type-Options"), "nosniff", "{path}");
        // Our own requests say which page they are from, since that proves that it is ours.
        let is_page = answer.header("ETag").is_some();
        let policy = if is_page {
            "same-origin"
        } else {
            "no-referrer"
        };
        assert_eq!(header("Referrer-Policy"), policy, "{path}");
    }
    let raw = |bytes: &str| {
        let mut client = Client::connect(server.address());
        client.raw(bytes);
        client.answer()
    };
    let unreadable = raw("GET nonsense\r\n\r\n");
    assert_eq!(unreadable.header("X-Content-Type-Options"), Some("nosniff"));
}

#[test]
fn pages_may_be_shown_inside_the_sites_that_the_office_names_and_no_others() {
    let server = Server::new();
    let policy = |path: &str| {
        let answer = server.get(path).expect(200);
        let policy = answer.header("Content-Security-Policy").unwrap().to_owned();
        (policy, answer.header("X-Frame-Options").map(str::to_owned))
    };
    let (before, old) = policy("/public.html");
    assert!(before.contains("default-src 'self'"), "{before}");
    assert!(!before.contains("unsafe"), "{before}");
    assert!(before.ends_with("frame-ancestors 'self'"), "{before}");
    assert_eq!(old.as_deref(), Some("SAMEORIGIN"));
    let tag = |path: &str| server.get(path).header("ETag").unwrap().to_owned();
    let tag_before = tag("/public.html");
    let settings = json!({ "frameAncestors": ["https://intranet.example"] });
    let answer = Person::here().put(&server, "/api/settings", &settings);
    answer.expect(200);
    let (after, old) = policy("/public.html");
    let expected = "frame-ancestors 'self' https://intranet.example";
    assert!(after.ends_with(expected), "{after}");
    assert_eq!(old, None, "it would forbid what the office allows");
    assert_ne!(
        tag("/public.html"),
        tag_before,
        "a kept page has the old policy"
    );
}

#[test]
fn whoever_knows_the_id_may_follow_a_ticket_and_give_it_up() {
    let server = behind_a_proxy().start();
    let far = Person::at(FAR);
    let made = far.post(&server, "/api/tickets").expect(201).json();
    let path = format!("/api/tickets/{}", text(&made, "id"));
    let shown = far.get(&server, &path).expect(200).json();
    assert_eq!(shown["code"], made["code"]);
    let stream = std::net::TcpStream::connect(server.address()).unwrap();
    let query = format!("?ticket={}", text(&made, "id"));
    let mut screen = Screen::over(stream, &query, Some("turnero.v1"));
    screen.expect("state");
    screen.expect("ticket-position");
    far.post(&server, &format!("{path}/cancel")).expect(200);
    let lines = far.get(&server, "/api/services").expect(200).json();
    assert!(
        array(&lines)[0].get("first").is_none(),
        "the set-up is staff's: {lines}"
    );
}
