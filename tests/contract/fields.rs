//! The fields of a request: where they go, and what is said of one that cannot be taken.

use serde_json::json;

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
