//! An office is set up while people are in it: nothing happens to them that nobody is told of.

use serde_json::{Value, json};

use crate::common::{Response, Server, text};

fn put(server: &Server, path: &str, body: &Value) -> Response {
    server.client().send_json("PUT", path, body)
}

#[test]
fn a_priority_that_somebody_has_neither_goes_nor_changes_its_name() {
    let server = Server::new();
    let with =
        |name: &str| json!({"priorities": [{"name": "normal"}, {"name": name, "weight": 5}]});
    put(&server, "/api/settings", &with("urgent")).expect(200);
    let urgent = json!({"priority": "urgent"});
    let first = server.post_json("/api/tickets", &urgent).expect(201).json();
    server.post_json("/api/tickets", &urgent).expect(201);
    let settings = server.json("/api/settings");
    for wish in [
        with("pressing"),
        json!({"priorities": [{"name": "normal"}]}),
    ] {
        let detail = put(&server, "/api/settings", &wish).problem(409, "priority-in-use");
        assert!(
            detail.contains("urgent is needed: 2 tickets have it"),
            "{detail}"
        );
        assert_eq!(server.json("/api/settings"), settings, "nothing was set");
    }
    let named = json!({"priorities": [
        {"name": "normal"}, {"name": "urgent", "weight": 9, "names": {"en": "Pressing"}},
    ]});
    put(&server, "/api/settings", &named).expect(200);
    for _ in 0..2 {
        server.post("/api/desks/1/next").expect(200);
    }
    let path = format!("/api/tickets/{}", text(&first, "id"));
    assert_eq!(server.json(&path)["state"], "done");
    put(&server, "/api/settings", &with("pressing")).problem(409, "priority-in-use");
    server.post("/api/desks/1/finish").expect(200);
    put(&server, "/api/settings", &with("pressing")).expect(200);
}
