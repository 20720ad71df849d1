//! The fields of a request: accepted ones, and the error for each refused one.

use serde_json::{Value, json};
use turnero::presentation::tickets::ROUTES;

use crate::common::Server;

#[test]
fn a_field_in_the_address_of_a_request_that_changes_something_is_refused() {
    let server = Server::new();
    let id = crate::common::text(&server.ticket(), "id").to_owned();
    server.post("/api/desks/1/next").expect(200);
    let cancel = format!("/api/tickets/{id}/cancel");
    let rows = [
        ("POST", "/api/desks/1/finish", "current=WRONG", "current"),
        ("POST", "/api/desks/1/finish", "current=A1", "current"),
        ("POST", "/api/desks/1/next", "a=1&b=2", "a"),
        ("POST", "/api/desks/1/undo", "%63urrent", "current"),
        ("POST", "/api/tickets", "service=A", "service"),
        ("POST", &cancel, "desk=1", "desk"),
        ("PUT", "/api/desks/2", "open=false", "open"),
        ("PUT", "/api/settings", "name=Other", "name"),
        ("PUT", "/api/services/B", "first=5", "first"),
        ("DELETE", "/api/desks/1", "force=1", "force"),
    ];
    let before = server.json("/api/state");
    for (method, path, query, field) in rows {
        let detail = server
            .send(method, &format!("{path}?{query}"))
            .problem(422, "invalid");
        let said = format!("{field}: the fields of a {method} go in its body");
        assert!(
            detail.starts_with(&said),
            "{method} {path}?{query}: {detail}"
        );
    }
    assert_eq!(server.json("/api/state"), before, "nothing happened");
    // No field is no mistake, and the course's server never looked at what stood there.
    server.post("/api/desks/1/finish?").expect(200);
    server.post("/api/ticket?x=1").expect(201);
    let drawn = server.post("/api/ticket/draw/1?x=1").expect(200).json();
    assert_eq!(drawn["ticket"]["code"], json!("A2"));
}

#[test]
fn what_is_said_of_a_field_is_true_and_names_it() {
    let server = Server::new();
    let rows: &[(&str, Value, &str)] = &[
        (
            "services/B",
            json!({"first": 0}),
            "first: 0 is not a whole number from 1 to 999999.",
        ),
        (
            "services/B",
            json!({"last": 0}),
            "last: 0 is not a whole number from 1 to 999999.",
        ),
        (
            "services/B",
            json!({"digits": 0}),
            "digits: 0 is not a whole number from 1 to 6.",
        ),
        (
            "services/B",
            json!({"names": {"es": 3}}),
            "names.es: expected a text, not 3.",
        ),
        (
            "services/B",
            json!({"name": "Cash \u{202e}desk"}),
            "name: a name cannot contain the invisible character U+202E; type the name again \
             instead of pasting it.",
        ),
        (
            "services/B",
            json!({"message": "a\u{200b}b"}),
            "message: it must be one line of visible characters.",
        ),
        (
            "settings",
            json!({"mostWaiting": 0}),
            "mostWaiting: 0 is not a whole number from 1 to 1000000.",
        ),
        (
            "settings",
            json!({"mostPriorityInARow": 1.5}),
            "mostPriorityInARow: 1.5 is not a whole number from 1 to 100.",
        ),
        (
            "settings",
            json!({"priorities": [{"name": "normal", "weight": 0}]}),
            "priorities[0].weight: 0 is not a whole number from 1 to 1000.",
        ),
        (
            "settings",
            json!({"priorities": [{"name": "normal", "names": {"en": []}}]}),
            "priorities[0].names.en: expected a text, not [].",
        ),
    ];
    for (path, body, said) in rows {
        let answer = server.put_json(&format!("/api/{path}"), body);
        assert_eq!(answer.problem(422, "invalid"), *said, "{body}");
    }
    // Joiners that languages need within a word are allowed.
    let message = json!({"message": "\u{627}\u{644}\u{635}\u{200c}\u{62f}"});
    server.put_json("/api/services/B", &message).expect(201);
    server
        .put_json("/api/settings", &json!({"mostWaiting": 1}))
        .expect(200);
    server.ticket();
    let full = server.post("/api/tickets").problem(409, "queue-full");
    assert_eq!(
        full,
        "1 person is waiting, and no more tickets are given for now."
    );
}

#[test]
fn a_service_is_named_in_either_case() {
    let server = Server::new();
    let put = |path: &str, body: &Value| server.put_json(path, body).expect(201);
    put("/api/services/b", &json!({}));
    let made = server.post_json("/api/tickets", &json!({"service": "b"}));
    assert_eq!(made.expect(201).json()["code"], "B1");
    let desk = put("/api/desks/1", &json!({"services": ["b", "A"]})).json();
    assert_eq!(desk["services"], json!(["B", "A"]));
    server.post("/api/desks/1/next").expect(200);
    let sent = server.post_json("/api/desks/1/transfer", &json!({"service": "a"}));
    assert_eq!(sent.expect(200).json()["service"], "A");
    let listed = server.json("/api/tickets?service=a");
    assert_eq!(crate::common::codes(&listed), ["B1"]);
}

#[test]
fn a_number_is_digits_alone() {
    let server = Server::new();
    server.ticket();
    for path in [
        "/api/tickets?limit=%2B5",
        "/api/events?since=%2B0",
        "/api/audit?before=%2B5",
        "/api/audit?before=5.%2B0",
    ] {
        server.get(path).problem(422, "invalid");
    }
    for accent in ["#+00123", "#0B534", "#0b53480", "0b5348"] {
        let body = json!({ "accent": accent });
        let detail = server.put_json("/api/settings", &body);
        let detail = detail.problem(422, "invalid");
        assert!(detail.starts_with("accent: "), "{detail}");
    }
    let call = json!({"ticket": "A+1"});
    server
        .post_json("/api/desks/1/call", &call)
        .problem(404, "not-found");
    server
        .send("DELETE", "/api/tokens/+1")
        .problem(404, "not-found");
}

#[test]
fn every_route_but_the_courses_refuses_a_query_field_that_it_does_not_know() {
    let server = Server::new();
    let before = server.json("/api/state");
    let mut checked = 0;
    for route in ROUTES {
        let path = route.path.replace('*', "1");
        let is_course = path.starts_with("/api/ticket/") || path == "/api/ticket";
        if !path.starts_with("/api/") || is_course {
            continue;
        }
        let answer = server.send(route.method.as_str(), &format!("{path}?limitt=1"));
        let detail = answer.problem(422, "invalid");
        assert!(detail.starts_with("limitt: "), "{path}: {detail}");
        checked += 1;
    }
    assert!(checked > 35, "{checked}");
    assert_eq!(server.json("/api/state"), before, "nothing happened");
    for (path, names) in [
        ("/api/state?x=1", "there are no query fields here"),
        ("/api/health?x=1", "there are no query fields here"),
        (
            "/api/audit?since=1",
            "this call has the fields before, limit",
        ),
    ] {
        let detail = server.get(path).problem(422, "invalid");
        assert!(detail.contains(names), "{detail}");
    }
    for path in [
        "/api/ticket/last?x=1",
        "/api/state?",
        "/logo?v=1",
        "/index.html?x=1",
    ] {
        assert_ne!(server.get(path).status, 422, "{path}");
    }
}
