//! `/api/figures`: what has become of the people of this day.

use serde_json::json;

use crate::common::Server;

#[test]
fn a_days_figures_count_everybody_once_by_service_and_by_desk() {
    let server = Server::new();
    assert_eq!(server.json("/api/figures")["given"], 0);
    server
        .put_json("/api/services/B", &json!({"name": "Caja"}))
        .expect(201);
    for service in ["A", "A", "A", "A", "B", "A"] {
        let body = json!({ "service": service });
        server.post_json("/api/tickets", &body).expect(201);
    }
    // A1 is done, A2 does not come, A3 is put aside; B1 is done at another desk, A5 gives up.
    for path in ["1/next", "1/next", "1/no-show", "1/next", "1/hold"] {
        server.post(&format!("/api/desks/{path}")).expect(200);
    }
    server
        .post_json("/api/desks/2/call", &json!({"ticket": "B1"}))
        .expect(200);
    server.post("/api/desks/2/finish").expect(200);
    let cancel = json!({"desk": "1"});
    server
        .post_json("/api/tickets/A5/cancel", &cancel)
        .expect(200);
    let figures = server.json("/api/figures");
    let count = |of: &serde_json::Value| {
        ["given", "waiting", "attended", "noShows", "cancelled"]
            .map(|name| of[name].as_u64().expect(name))
    };
    assert_eq!(count(&figures), [6, 1, 2, 1, 1], "{figures}");
    assert_eq!(count(&figures["services"][0]), [5, 1, 1, 1, 1]);
    assert_eq!(count(&figures["services"][1]), [1, 0, 1, 0, 0]);
    assert_eq!(figures["services"][1]["name"], "Caja");
    let desk = json!({"name": "1", "attended": 1, "noShows": 1, "meanTurnSeconds": 0});
    assert_eq!(figures["desks"][0], desk);
    assert!(figures["meanWaitSeconds"].is_u64() && figures["longestWaitSeconds"].is_u64());
    // Nobody was called there: nothing is said of their waits.
    let quiet = Server::new();
    quiet.ticket();
    let figures = quiet.json("/api/figures");
    assert_eq!(figures["services"][0]["meanWaitSeconds"], json!(null));
    assert_eq!(figures["desks"], json!([]));
}
