//! Every state against every step, over REST: what the contract does not list is refused with its
//! code, and the ticket stays what it was.

use serde_json::{Value, json};

use crate::common::{Server, text};

const STATES: [&str; 6] = ["waiting", "serving", "held", "no-show", "done", "cancelled"];

/// A step of desk 1, of the free desk 2 with the ticket, or on the ticket itself, with its body, and
/// from which states to which it leads.
type Step = (
    &'static str,
    fn(&str) -> Value,
    &'static [(&'static str, &'static str)],
);

const STEPS: [Step; 19] = [
    (
        "desks/2/call",
        |id| json!({ "ticket": id }),
        &[
            ("waiting", "serving"),
            ("held", "serving"),
            ("no-show", "serving"),
            ("done", "serving"),
        ],
    ),
    (
        "tickets/ID/cancel",
        nothing,
        &[("waiting", "cancelled"), ("held", "cancelled")],
    ),
    (
        "tickets/ID/return",
        nothing,
        &[
            ("serving", "waiting"),
            ("held", "waiting"),
            ("no-show", "waiting"),
        ],
    ),
    ("desks/1/recall", nothing, &[("serving", "serving")]),
    ("desks/1/finish", nothing, &[("serving", "done")]),
    ("desks/1/no-show", nothing, &[("serving", "no-show")]),
    ("desks/1/hold", nothing, &[("serving", "held")]),
    (
        "desks/1/transfer",
        |_| json!({"service": "B"}),
        &[("serving", "waiting")],
    ),
    (
        "desks/1/transfer",
        |_| json!({"desk": "2"}),
        &[("serving", "waiting")],
    ),
    (
        "desks/1/transfer",
        |_| json!({"service": "A", "position": "front"}),
        &[("serving", "waiting")],
    ),
    (
        "desks/1/transfer",
        |_| json!({"desk": "2", "position": "back"}),
        &[("serving", "waiting")],
    ),
    (
        "desks/1/call",
        |id| json!({ "ticket": id }),
        &[
            ("waiting", "serving"),
            ("held", "serving"),
            ("no-show", "serving"),
            ("done", "serving"),
        ],
    ),
    (
        "desks/1/undo",
        nothing,
        &[
            ("serving", "waiting"),
            ("held", "serving"),
            ("no-show", "serving"),
            ("done", "serving"),
        ],
    ),
    ("desks/2/next", nothing, &[("waiting", "serving")]),
    // A desk cannot act on another desk's ticket.
    ("desks/2/recall", nothing, &[]),
    ("desks/2/finish", nothing, &[]),
    ("desks/2/no-show", nothing, &[]),
    ("desks/2/hold", nothing, &[]),
    ("desks/2/transfer", nothing, &[]),
];

/// How a step is refused.
fn code(step: &str) -> &'static str {
    match step.rsplit('/').next() {
        Some("call" | "cancel" | "return") => "wrong-state",
        Some("next") => "queue-empty",
        Some("undo") => "nothing-to-undo",
        _ => "nobody-attended",
    }
}

fn nothing(_: &str) -> Value {
    json!({})
}

/// Makes a ticket and brings it into a state; returns its id.
fn ticket_in(server: &Server, state: &str) -> String {
    let made = server.post("/api/tickets").expect(201).json();
    let id = text(&made, "id").to_owned();
    let call = json!({ "ticket": id });
    let at_desk: &[&str] = match state {
        "waiting" => return id,
        "cancelled" => {
            server
                .post(&format!("/api/tickets/{id}/cancel"))
                .expect(200);
            return id;
        }
        "serving" => &[],
        "held" => &["hold"],
        "no-show" => &["no-show"],
        "done" => &["finish"],
        other => panic!("no state {other}"),
    };
    server.post_json("/api/desks/1/call", &call).expect(200);
    for step in at_desk {
        server.post(&format!("/api/desks/1/{step}")).expect(200);
    }
    id
}

#[test]
fn a_step_that_the_contract_does_not_list_is_refused_and_changes_nothing() {
    let server = Server::new();
    server
        .put_json("/api/services/B", &json!({"name": "Second"}))
        .expect(201);
    for (step, body, ways) in STEPS {
        for state in STATES {
            let desks = ["/api/desks/1", "/api/desks/2"];
            for desk in desks {
                server.put_json(desk, &json!({})).expect(201);
            }
            let id = ticket_in(&server, state);
            let ticket = || server.json(&format!("/api/tickets/{id}"));
            assert_eq!(ticket()["state"], state);
            let before = ticket();
            let path = format!("/api/{}", step.replace("ID", &id));
            let answer = server.post_json(&path, &body(&id));
            let case = format!("{step} while {state}");
            if let Some((_, to)) = ways.iter().find(|(from, _)| *from == state) {
                answer.expect(200);
                assert_eq!(ticket()["state"], *to, "{case}");
            } else {
                let code = code(step);
                let detail = answer.problem(409, code);
                assert!(
                    code != "wrong-state" || detail.contains(state),
                    "{case}: {detail}"
                );
                assert_eq!(ticket(), before, "{case}");
            }
            // The desks of the next case are new ones, that have nothing to undo.
            for desk in desks {
                while server.post(&format!("{desk}/next")).status == 200 {}
            }
            for desk in desks {
                server.send("DELETE", desk).expect(204);
            }
        }
    }
}
