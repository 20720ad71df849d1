//! Taking back a desk's last step, and what the screens hear of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{Server, array, codes, event_kinds, kind, seq, text};

fn step(server: &Server, desk: &str, what: &str) -> Value {
    let path = format!("/api/desks/{desk}/{what}");
    server.post(&path).expect(200).json()
}

fn states(server: &Server) -> Vec<String> {
    let tickets = server.json("/api/tickets");
    let word = |t: &Value| format!("{} {}", text(t, "code"), text(t, "state"));
    array(&tickets).iter().map(word).collect()
}

#[test]
fn next_is_taken_back_whole_and_the_screens_show_it() {
    let server = Server::new();
    server.ticket();
    server.ticket();
    step(&server, "1", "next");
    let before = server.json("/api/tickets");
    let calls = server.json("/api/state")["payload"]["calls"].clone();
    let mut screen = server.screen("");
    let begin = seq(&screen.expect("state"));
    step(&server, "1", "next");
    step(&server, "1", "recall");
    assert_eq!(states(&server), ["A1 done", "A2 serving"]);

    let desk = step(&server, "1", "undo");
    assert_eq!(desk["name"], "1");
    assert_eq!(desk["ticket"]["code"], "A1");
    assert_eq!(desk["ticket"]["id"], before[0]["id"]);
    let after = server.json("/api/tickets");
    assert_eq!(after, before, "times and counters as well");

    let heard = screen.until(begin + 4);
    assert_eq!(
        event_kinds(&heard),
        [
            "ticket-finished",
            "ticket-called",
            "ticket-recalled",
            "step-undone"
        ]
    );
    let payload = &heard[3]["payload"];
    assert_eq!(codes(&payload["tickets"]), ["A1", "A2"]);
    assert_eq!(payload["tickets"][1]["state"], "waiting");
    assert_eq!(payload["desk"]["ticket"]["code"], "A1");
    assert_eq!(
        (&payload["waiting"], &payload["services"][0]["waiting"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(payload["calls"], calls);
    assert!(!payload.to_string().contains(text(&before[0], "id")));
    assert_eq!(server.json("/api/state")["payload"]["calls"], calls);
}

#[test]
fn each_step_is_taken_back_and_no_step_twice() {
    let server = Server::new();
    server.ticket();
    server.ticket();
    let refused = |desk: &str| {
        let path = format!("/api/desks/{desk}/undo");
        server.post(&path).problem(409, "nothing-to-undo")
    };
    assert!(refused("1").contains("no longer exists"));
    let desk = server.put_json("/api/desks/1", &json!({}));
    desk.expect(201);
    assert!(refused("1").contains("15 seconds"));
    step(&server, "1", "next");
    for what in ["finish", "no-show", "hold", "transfer"] {
        step(&server, "1", what);
        step(&server, "1", "undo");
        assert_eq!(states(&server), ["A1 serving", "A2 waiting"], "{what}");
        refused("1");
    }
    let call = json!({"ticket": "A2"});
    server.post_json("/api/desks/1/call", &call).expect(200);
    let stale = json!({"current": "A1"});
    let answer = server.post_json("/api/desks/1/undo", &stale);
    answer.problem(409, "desk-moved-on");
    let current = json!({"current": "A2"});
    server.post_json("/api/desks/1/undo", &current).expect(200);
    assert_eq!(states(&server), ["A1 serving", "A2 waiting"]);
    // Another desk has called the ticket that this one put aside.
    step(&server, "1", "hold");
    let call = json!({"ticket": "A1"});
    server.post_json("/api/desks/2/call", &call).expect(200);
    assert!(refused("1").contains("A1"));
    assert_eq!(states(&server), ["A1 serving", "A2 waiting"]);
    let answer = server.post_json("/api/desks/2/undo", &json!({"redo": true}));
    answer.problem(422, "invalid");
}

#[test]
fn a_step_can_be_taken_back_after_a_restart_and_not_after_15_seconds() {
    let server = Server::new();
    server.ticket();
    step(&server, "1", "next");
    step(&server, "1", "finish");
    let server = server.restart();
    step(&server, "1", "undo");
    assert_eq!(states(&server), ["A1 serving"]);
    step(&server, "1", "finish");
    let server = server.restart_after(16);
    server
        .post("/api/desks/1/undo")
        .problem(409, "nothing-to-undo");
    assert_eq!(states(&server), ["A1 done"]);
}

#[test]
fn screens_get_a_desks_own_list_whichever_desk_changes_it() {
    let server = Server::new();
    for _ in 0..3 {
        server.ticket();
    }
    let put = |name: &str| server.put_json(name, &json!({}));
    put("/api/desks/2").expect(201);
    step(&server, "1", "next");
    let mut screen = server.screen("");
    let begin = seq(&screen.expect("state"));
    let to_two = json!({"desk": "2"});
    server
        .post_json("/api/desks/1/transfer", &to_two)
        .expect(200);
    step(&server, "1", "undo");
    let sent = server.post_json("/api/desks/1/transfer", &to_two);
    let sent = sent.expect(200).json();
    let call = json!({"ticket": "A1"});
    server.post_json("/api/desks/3/call", &call).expect(200);
    step(&server, "3", "undo");
    server
        .post(&format!("/api/tickets/{}/cancel", text(&sent, "id")))
        .expect(200);
    let heard = screen.until(begin + 7);
    let told: Vec<(&str, Value, Value)> = heard
        .iter()
        .map(|m| {
            let line = &m["payload"]["lineDesk"];
            (kind(m), line["name"].clone(), line["waiting"].clone())
        })
        .collect();
    let none = Value::Null;
    let two = |waiting: Value| (json!("2"), waiting);
    let expected = [
        ("ticket-transferred", two(json!(1))),
        // None at all is left out, as everywhere.
        ("step-undone", two(none.clone())),
        ("ticket-transferred", two(json!(1))),
        ("desk-changed", (none.clone(), none.clone())),
        ("ticket-called", two(none.clone())),
        ("step-undone", two(json!(1))),
        ("ticket-cancelled", two(none)),
    ];
    let expected: Vec<_> = expected.into_iter().map(|(k, (n, w))| (k, n, w)).collect();
    assert_eq!(told, expected);
}

#[test]
fn the_courses_pages_and_a_follower_hear_of_it_as_well() {
    let server = Server::new();
    let first = server.ticket();
    server.ticket();
    let mut course = server.course_screen();
    let both = |course: &mut crate::common::Screen| {
        let mut two = [course.message(), course.message()];
        two.sort_by_key(|message| kind(message).to_owned());
        let [count, working] = two;
        (
            count["payload"].clone(),
            codes(&working["payload"]).join(" "),
        )
    };
    assert_eq!(both(&mut course), (json!(2), String::new()));
    let mut follower = server.screen(&format!("?ticket={}", text(&first, "id")));
    follower.expect("state");
    let position = follower.expect("ticket-position");
    assert_eq!(position["payload"]["ahead"], 0);
    step(&server, "1", "next");
    assert_eq!(both(&mut course), (json!(1), "A1".to_owned()));
    step(&server, "1", "undo");
    assert_eq!(both(&mut course), (json!(2), String::new()));
    loop {
        let message = follower.event();
        let payload = &message["payload"];
        if kind(&message) == "ticket-position" && payload["state"] == "waiting" {
            assert_eq!(
                (&payload["ahead"], &payload["desk"]),
                (&json!(0), &Value::Null)
            );
            break;
        }
    }
    // One that was put aside changes neither the number nor the list.
    step(&server, "1", "next");
    both(&mut course);
    step(&server, "1", "hold");
    step(&server, "1", "undo");
    assert_eq!(course.hears_within(Duration::from_millis(300)), None);
}

#[test]
fn a_desk_takes_back_its_cancel_and_nobody_takes_back_the_persons_own() {
    let server = Server::new();
    for _ in 0..3 {
        server.ticket();
    }
    step(&server, "1", "next");
    step(&server, "1", "hold");
    step(&server, "1", "next");
    let tickets = server.json("/api/tickets");
    let cancel = |n: usize, body: &Value| {
        let path = format!("/api/tickets/{}/cancel", text(&tickets[n], "id"));
        server.post_json(&path, body)
    };
    let at = json!({"desk": "1"});
    cancel(2, &json!({"desk": "9"})).problem(404, "not-found");
    cancel(2, &json!({"counter": "1"})).problem(422, "invalid");
    cancel(1, &at).problem(409, "wrong-state");
    for (n, code) in [(0, "A1"), (2, "A3")] {
        let mut screen = server.screen("");
        let begin = seq(&screen.expect("state"));
        assert_eq!(cancel(n, &at).expect(200).json()["state"], "cancelled");
        let desk = step(&server, "1", "undo");
        assert_eq!(desk["ticket"]["code"], "A2", "whom it serves stays");
        assert_eq!(server.json("/api/tickets"), tickets, "{code} is as it was");
        let heard = screen.until(begin + 2);
        assert_eq!(event_kinds(&heard), ["ticket-cancelled", "step-undone"]);
        assert_eq!(codes(&heard[1]["payload"]["tickets"]), [code]);
    }
    cancel(0, &at).expect(200);
    let audit = server.json("/api/audit?limit=1");
    assert_eq!(
        (&audit[0]["desk"], &audit[0]["subject"]),
        (&json!("1"), &json!("A1"))
    );
    let server = server.restart();
    step(&server, "1", "undo");
    assert_eq!(server.json("/api/tickets"), tickets);
    // A desk may name it by its code; who is no desk has to know its id.
    server
        .post("/api/tickets/a003/cancel")
        .problem(404, "not-found");
    let by_code = |code: &str| server.post_json(&format!("/api/tickets/{code}/cancel"), &at);
    by_code("A99").problem(404, "not-found");
    by_code("A2").problem(409, "wrong-state");
    assert_eq!(by_code("a003").expect(200).json()["code"], "A3");
    step(&server, "1", "undo");
    assert_eq!(server.json("/api/tickets"), tickets);
    // The person gives it up: that is theirs.
    let path = format!("/api/tickets/{}/cancel", text(&tickets[2], "id"));
    server.post(&path).expect(200);
    server
        .post("/api/desks/1/undo")
        .problem(409, "nothing-to-undo");
    assert_eq!(states(&server), ["A1 held", "A2 serving", "A3 cancelled"]);
}

#[test]
fn a_desk_takes_back_its_return_and_a_stale_return_takes_nobody_from_another_desk() {
    let server = Server::new();
    for _ in 0..4 {
        server.ticket();
    }
    for action in ["next", "hold", "next", "no-show", "next"] {
        step(&server, "1", action);
    }
    let tickets = server.json("/api/tickets");
    let give_back = |n: usize, body: &Value| {
        let path = format!("/api/tickets/{}/return", text(&tickets[n], "id"));
        server.post_json(&path, body)
    };
    for (n, state) in [(0, "held"), (1, "no-show")] {
        let body = json!({"desk": "1", "state": state});
        assert_eq!(give_back(n, &body).expect(200).json()["state"], "waiting");
        let desk = step(&server, "1", "undo");
        assert_eq!(desk["ticket"]["code"], "A3", "whom it serves stays");
        assert_eq!(server.json("/api/tickets"), tickets);
    }
    // It is returned, called elsewhere, and can no longer be put aside again.
    give_back(1, &json!({"desk": "1"})).expect(200);
    server
        .post_json("/api/desks/2/call", &json!({"ticket": "A2"}))
        .expect(200);
    server
        .post("/api/desks/1/undo")
        .problem(409, "nothing-to-undo");
    // Desk 1 still shows A1 as held when desk 2 has called it.
    server
        .post_json("/api/desks/2/call", &json!({"ticket": "A1"}))
        .expect(200);
    let stale = give_back(0, &json!({"desk": "1", "state": "held"}));
    let detail = stale.problem(409, "wrong-state");
    assert!(detail.contains("serving"), "{detail}");
    assert_eq!(server.json("/api/desks/2")["ticket"]["code"], "A1");
    let unknown = give_back(0, &json!({"state": "lost"}));
    assert!(unknown.problem(422, "invalid").starts_with("state: "));
    give_back(0, &json!({"desk": "9"})).problem(404, "not-found");
}
