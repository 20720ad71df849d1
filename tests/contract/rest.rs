//! Tickets, desks, state, events and health over REST.

use serde_json::{Value, json};

use crate::common::{
    Launch, Screen, Server, array, codes, event_kinds, is_time, names, number, seq, text,
    wait_until,
};

const PRIVATE_TICKET: [&str; 15] = [
    "ahead",
    "calls",
    "code",
    "createdAt",
    "done",
    "doneAt",
    "estimateSeconds",
    "handleAt",
    "handleAtDesk",
    "id",
    "note",
    "number",
    "priority",
    "service",
    "state",
];

fn form(server: &Server, path: &str, body: &str) -> crate::common::Response {
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    server
        .client()
        .send("POST", path, &headers, body.as_bytes())
}

/// Makes that many tickets and gives them back.
fn tickets(server: &Server, count: usize) -> Vec<Value> {
    let mut client = server.client();
    let tickets = (0..count).map(|_| client.post("/api/tickets").expect(201).json());
    tickets.collect()
}

fn show(server: &Server, ticket: &Value) -> Value {
    server.json(&format!("/api/tickets/{}", text(ticket, "id")))
}

#[test]
fn a_new_ticket_is_201_with_its_location_and_every_field() {
    let server = Server::new();
    let answer = server.post("/api/tickets").expect(201);
    let ticket = answer.json();
    let id = text(&ticket, "id");
    assert_eq!(
        answer.header("Location"),
        Some(format!("/api/tickets/{id}").as_str())
    );
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    assert_eq!(names(&ticket), PRIVATE_TICKET);
    assert!(is_time(&ticket["createdAt"]), "{ticket}");
    let expected = json!({
        "id": id, "number": 1, "code": "A1", "service": "A", "priority": "normal",
        "state": "waiting", "done": false, "createdAt": ticket["createdAt"],
        "handleAtDesk": null, "handleAt": null, "doneAt": null, "calls": 0,
        "ahead": 0, "estimateSeconds": null, "note": null,
    });
    assert_eq!(ticket, expected);
    assert_eq!(show(&server, &ticket), ticket);
}

#[test]
fn who_asks_for_plain_text_gets_the_code_and_a_newline() {
    let server = Server::new();
    let headers = [("Accept", "text/plain")];
    let answer = server
        .client()
        .send("POST", "/api/tickets", &headers, b"")
        .expect(201);
    assert_eq!(answer.text(), "A1\n");
    assert!(
        answer
            .header("Content-Type")
            .unwrap()
            .starts_with("text/plain")
    );
    assert!(
        answer
            .header("Location")
            .unwrap()
            .starts_with("/api/tickets/")
    );
}

#[test]
fn numbers_grow_by_one_and_ids_cannot_be_told_from_each_other() {
    let server = Server::new();
    let tickets = tickets(&server, 12);
    let numbers: Vec<u64> = tickets.iter().map(|t| number(t, "number")).collect();
    assert_eq!(numbers, (1..=12).collect::<Vec<u64>>());
    let ahead: Vec<u64> = tickets.iter().map(|t| number(t, "ahead")).collect();
    assert_eq!(ahead, (0..12).collect::<Vec<u64>>());
    // Ids that counted, or shared a beginning, could be guessed from one's own.
    let mut beginnings: Vec<&str> = tickets.iter().map(|t| &text(t, "id")[..8]).collect();
    beginnings.sort_unstable();
    beginnings.dedup();
    assert_eq!(beginnings.len(), 12);
}

#[test]
fn a_ticket_takes_json_a_form_and_no_body_alike() {
    let server = Server::new();
    let body = json!({"service": "A", "priority": "normal", "note": "con carrito"});
    let ticket = server.post_json("/api/tickets", &body).expect(201).json();
    assert_eq!(ticket["note"], "con carrito");
    assert_eq!(ticket["service"], "A");
    let body = "service=A&priority=normal&note=ma%C3%B1ana+%26+tarde";
    let ticket = form(&server, "/api/tickets", body).expect(201).json();
    assert_eq!(ticket["note"], "mañana & tarde");
    let none = json!({"service": null, "priority": null, "note": null});
    let ticket = server.post_json("/api/tickets", &none).expect(201).json();
    assert_eq!(ticket["note"], Value::Null);
    let ticket = server
        .post_json("/api/tickets", &json!({}))
        .expect(201)
        .json();
    assert_eq!(ticket["code"], "A4");
}

#[test]
fn what_a_ticket_cannot_take_is_refused_by_name_and_makes_none() {
    let server = Server::new();
    let refusals = [
        (json!({"service": "Z"}), "unknown-service", "Z"),
        (json!({"priority": "royal"}), "unknown-priority", "royal"),
        (json!({"servise": "A"}), "invalid", "servise"),
        (json!({"note": 7}), "invalid", "note"),
        (json!({"service": ["A"]}), "invalid", "service"),
        (json!({"note": "x".repeat(10_000)}), "invalid", "note"),
    ];
    for (body, code, named) in refusals {
        let detail = server.post_json("/api/tickets", &body).problem(422, code);
        assert!(detail.contains(named), "{body}: {detail}");
    }
    let detail = form(&server, "/api/tickets", "notes=x").problem(422, "invalid");
    assert!(detail.contains("notes"), "{detail}");
    assert_eq!(server.json("/api/tickets"), json!([]));
    assert_eq!(server.ticket()["code"], "A1");
}

#[test]
fn a_body_that_is_no_json_object_is_bad_json() {
    let server = Server::new();
    for body in [
        "{",
        "[]",
        "7",
        "\"A\"",
        "null",
        "{\"note\": \"x\"} more",
        "{'note':1}",
    ] {
        let headers = [("Content-Type", "application/json")];
        let mut client = server.client();
        let answer = client.send("POST", "/api/tickets", &headers, body.as_bytes());
        answer.problem(400, "bad-json");
    }
    let headers = [("Content-Type", "application/json")];
    let deep = "[".repeat(30_000);
    let answer = server
        .client()
        .send("POST", "/api/tickets", &headers, deep.as_bytes());
    answer.problem(400, "bad-json");
    let answer = server
        .client()
        .send("POST", "/api/tickets", &headers, b"{\"note\":\"\xff\"}");
    answer.problem(400, "bad-json");
    assert_eq!(server.json("/api/tickets"), json!([]));
}

#[test]
fn a_body_of_another_type_is_unsupported() {
    let server = Server::new();
    let headers = [("Content-Type", "application/xml")];
    let answer = server
        .client()
        .send("POST", "/api/tickets", &headers, b"<ticket/>");
    answer.problem(415, "unsupported-media-type");
    let headers = [("Content-Type", "Application/JSON; charset=utf-8")];
    let answer = server
        .client()
        .send("POST", "/api/tickets", &headers, b"{}");
    answer.expect(201);
}

#[test]
fn the_list_is_oldest_first_and_filtered_by_state_service_limit_and_after() {
    let server = Server::new();
    let made = tickets(&server, 5);
    server.post("/api/desks/1/next").expect(200);
    server.post("/api/desks/1/next").expect(200);
    let cancelled = format!("/api/tickets/{}/cancel", text(&made[4], "id"));
    server.post(&cancelled).expect(200);
    let list = |query: &str| server.json(&format!("/api/tickets{query}"));
    assert_eq!(codes(&list("")), ["A1", "A2", "A3", "A4", "A5"]);
    assert_eq!(codes(&list("?state=waiting")), ["A3", "A4"]);
    assert_eq!(codes(&list("?state=done,serving")), ["A1", "A2"]);
    assert_eq!(codes(&list("?state=cancelled")), ["A5"]);
    assert_eq!(codes(&list("?service=A&state=waiting")), ["A3", "A4"]);
    assert_eq!(codes(&list("?limit=2")), ["A1", "A2"]);
    let after = format!("?limit=2&after={}", text(&made[1], "id"));
    assert_eq!(codes(&list(&after)), ["A3", "A4"]);
    let after_last = format!("?after={}", text(&made[4], "id"));
    assert_eq!(list(&after_last), json!([]));
    for one in array(&list("")) {
        assert_eq!(show(&server, one), *one);
    }
}

#[test]
fn a_list_that_cannot_be_made_says_which_part_is_wrong() {
    let server = Server::new();
    for (query, code, named) in [
        ("?state=sleeping", "invalid", "state"),
        ("?limit=100001", "invalid", "limit"),
        ("?limit=-1", "invalid", "limit"),
        ("?limit=many", "invalid", "limit"),
        ("?after=A1", "invalid", "after"),
        ("?service=Z", "unknown-service", "Z"),
        ("?status=waiting", "invalid", "status"),
    ] {
        let answer = server.get(&format!("/api/tickets{query}"));
        let detail = answer.problem(422, code);
        assert!(detail.contains(named), "{query}: {detail}");
    }
    assert_eq!(server.json("/api/tickets?limit=100000"), json!([]));
}

#[test]
fn a_list_has_1000_tickets_unless_told() {
    let server = Server::new();
    tickets(&server, 1_001);
    assert_eq!(array(&server.json("/api/tickets")).len(), 1_000);
    assert_eq!(array(&server.json("/api/tickets?limit=1001")).len(), 1_001);
}

#[test]
fn what_is_not_there_is_not_found() {
    let server = Server::new();
    let id = "0".repeat(32);
    for (method, path) in [
        ("GET", format!("/api/tickets/{id}")),
        ("GET", "/api/tickets/A1".to_owned()),
        ("POST", format!("/api/tickets/{id}/cancel")),
        ("GET", "/api/desks/3".to_owned()),
        ("DELETE", "/api/desks/3".to_owned()),
        ("GET", "/api".to_owned()),
        ("GET", "/api/".to_owned()),
        ("GET", "/api/nothing".to_owned()),
        ("POST", "/api/tickets/".to_owned()),
        ("GET", "/nothing.html".to_owned()),
    ] {
        server.send(method, &path).problem(404, "not-found");
    }
}

#[test]
fn a_known_path_with_another_method_says_which_are_allowed() {
    let server = Server::new();
    for (path, wrong, allowed) in [
        ("/api/tickets", "DELETE", vec!["GET", "HEAD", "POST"]),
        ("/api/tickets/x", "POST", vec!["GET", "HEAD"]),
        ("/api/tickets/x/cancel", "GET", vec!["POST"]),
        ("/api/desks", "POST", vec!["GET", "HEAD"]),
        ("/api/desks/3", "POST", vec!["DELETE", "GET", "HEAD", "PUT"]),
        ("/api/desks/3/next", "GET", vec!["POST"]),
        ("/api/desks/3/call", "PUT", vec!["POST"]),
        ("/api/desks/3/recall", "GET", vec!["POST"]),
        ("/api/desks/3/finish", "HEAD", vec!["POST"]),
        ("/api/state", "POST", vec!["GET", "HEAD"]),
        ("/api/events", "PATCH", vec!["GET", "HEAD"]),
        ("/api/health", "POST", vec!["GET", "HEAD"]),
        ("/api/ticket/last", "POST", vec!["GET", "HEAD"]),
        ("/api/ticket/done/x", "GET", vec!["PUT"]),
        ("/", "POST", vec!["GET", "HEAD"]),
        ("/ws", "POST", vec!["GET"]),
    ] {
        let answer = server.send(wrong, path);
        assert_eq!(answer.status, 405, "{wrong} {path}");
        if wrong != "HEAD" {
            answer.problem(405, "method-not-allowed");
        }
        let named = answer
            .header("Allow")
            .expect("a 405 names the allowed ones");
        let mut named: Vec<&str> = named.split(',').map(str::trim).collect();
        named.sort_unstable();
        assert_eq!(named, allowed, "{wrong} {path}");
    }
}

#[test]
fn a_waiting_ticket_can_be_cancelled_once_and_the_others_move_up() {
    let server = Server::new();
    let made = tickets(&server, 3);
    let path = format!("/api/tickets/{}/cancel", text(&made[0], "id"));
    let cancelled = server.post(&path).expect(200).json();
    assert_eq!(cancelled["state"], "cancelled");
    assert_eq!(cancelled["done"], true);
    assert_eq!(cancelled["ahead"], Value::Null);
    assert!(is_time(&cancelled["doneAt"]), "{cancelled}");
    assert_eq!(show(&server, &cancelled), cancelled);
    assert_eq!(number(&show(&server, &made[2]), "ahead"), 1);
    server.post(&path).problem(409, "wrong-state");
    let called = server.post("/api/desks/1/next").expect(200).json();
    assert_eq!(called["code"], "A2");
    let serving = format!("/api/tickets/{}/cancel", text(&called, "id"));
    server.post(&serving).problem(409, "wrong-state");
    assert_eq!(show(&server, &called)["state"], "serving");
}

#[test]
fn next_calls_the_oldest_and_finishes_what_the_desk_attended() {
    let server = Server::new();
    tickets(&server, 3);
    let first = server.post("/api/desks/3/next").expect(200).json();
    assert_eq!(names(&first), PRIVATE_TICKET);
    assert_eq!(first["code"], "A1");
    assert_eq!(first["state"], "serving");
    assert_eq!(first["done"], false);
    assert_eq!(first["handleAtDesk"], "3");
    assert!(is_time(&first["handleAt"]), "{first}");
    assert_eq!(first["calls"], 1);
    assert_eq!(first["ahead"], Value::Null);
    let second = server.post("/api/desks/3/next").expect(200).json();
    assert_eq!(second["code"], "A2");
    let first = show(&server, &first);
    assert_eq!(first["state"], "done");
    assert_eq!(first["done"], true);
    assert_eq!(first["handleAtDesk"], "3");
    assert!(is_time(&first["doneAt"]), "{first}");
    let other = server.post("/api/desks/4/next").expect(200).json();
    assert_eq!(other["code"], "A3");
    assert_eq!(show(&server, &second)["state"], "serving");
}

#[test]
fn next_with_nobody_waiting_finishes_the_current_one_all_the_same() {
    let server = Server::new();
    server.post("/api/desks/3/next").problem(409, "queue-empty");
    let ticket = server.ticket();
    server.post("/api/desks/3/next").expect(200);
    server.post("/api/desks/3/next").problem(409, "queue-empty");
    assert_eq!(show(&server, &ticket)["state"], "done");
    assert_eq!(server.json("/api/desks/3")["ticket"], Value::Null);
}

#[test]
fn call_takes_a_chosen_ticket_by_id_or_code() {
    let server = Server::new();
    let made = tickets(&server, 4);
    let by_code = server.post_json("/api/desks/1/call", &json!({"ticket": "A3"}));
    assert_eq!(by_code.expect(200).json()["code"], "A3");
    let by_id = json!({"ticket": made[1]["id"]});
    let called = server
        .post_json("/api/desks/1/call", &by_id)
        .expect(200)
        .json();
    assert_eq!(called["code"], "A2");
    assert_eq!(show(&server, &made[2])["state"], "done");
    let called = form(&server, "/api/desks/2/call", "ticket=A1")
        .expect(200)
        .json();
    assert_eq!(called["handleAtDesk"], "2");
    assert_eq!(
        server.post("/api/desks/3/next").expect(200).json()["code"],
        "A4"
    );
}

#[test]
fn call_refuses_what_another_desk_serves_and_leaves_the_desk_as_it_was() {
    let server = Server::new();
    let made = tickets(&server, 3);
    server.post("/api/desks/1/next").expect(200);
    let served = server.post("/api/desks/2/next").expect(200).json();
    let call = |body: &Value| server.post_json("/api/desks/2/call", body);
    call(&json!({"ticket": "A1"})).problem(409, "wrong-state");
    call(&json!({"ticket": made[0]["id"]})).problem(409, "wrong-state");
    call(&json!({"ticket": "A99"})).problem(404, "not-found");
    call(&json!({"ticket": "f".repeat(32)})).problem(404, "not-found");
    let detail = call(&json!({})).problem(422, "invalid");
    assert!(detail.contains("ticket"), "{detail}");
    let detail = call(&json!({"ticket": "A3", "tikcet": 1})).problem(422, "invalid");
    assert!(detail.contains("tikcet"), "{detail}");
    assert_eq!(server.json("/api/desks/2")["ticket"], served);
}

#[test]
fn recall_announces_again_and_finish_leaves_the_desk_free() {
    let server = Server::new();
    server
        .post("/api/desks/3/recall")
        .problem(409, "nobody-attended");
    server
        .post("/api/desks/3/finish")
        .problem(409, "nobody-attended");
    server.ticket();
    server.post("/api/desks/3/next").expect(200);
    let again = server.post("/api/desks/3/recall").expect(200).json();
    assert_eq!(again["calls"], 2);
    assert_eq!(again["state"], "serving");
    let done = server.post("/api/desks/3/finish").expect(200).json();
    assert_eq!(done["state"], "done");
    assert_eq!(done["handleAtDesk"], "3");
    assert!(is_time(&done["doneAt"]), "{done}");
    server
        .post("/api/desks/3/recall")
        .problem(409, "nobody-attended");
    server
        .post("/api/desks/3/finish")
        .problem(409, "nobody-attended");
    assert_eq!(server.json("/api/desks/3")["ticket"], Value::Null);
}

#[test]
fn current_guards_every_action_of_a_desk() {
    let server = Server::new();
    tickets(&server, 4);
    let act =
        |action: &str, body: &Value| server.post_json(&format!("/api/desks/3/{action}"), body);
    act("next", &json!({"current": "A1"})).problem(409, "desk-moved-on");
    assert_eq!(server.json("/api/state")["payload"]["waiting"], 4);
    act("next", &json!({"current": null})).expect(200);
    let before = server.json("/api/state");
    for action in ["next", "recall", "finish"] {
        for wrong in [json!(null), json!("A2")] {
            act(action, &json!({"current": wrong})).problem(409, "desk-moved-on");
        }
    }
    let body = json!({"ticket": "A2", "current": null});
    act("call", &body).problem(409, "desk-moved-on");
    assert_eq!(server.json("/api/state"), before);
    act("recall", &json!({"current": "A1"})).expect(200);
    let called = act("next", &json!({"current": "A1"})).expect(200).json();
    assert_eq!(called["code"], "A2");
    // The same click, a second time.
    act("next", &json!({"current": "A1"})).problem(409, "desk-moved-on");
    let body = json!({"ticket": "A4", "current": "A2"});
    assert_eq!(act("call", &body).expect(200).json()["code"], "A4");
    act("finish", &json!({"current": "A4"})).expect(200);
    // In a form an empty text stands for nobody.
    let called = form(&server, "/api/desks/3/next", "current=")
        .expect(200)
        .json();
    assert_eq!(called["code"], "A3");
    form(&server, "/api/desks/3/next", "current=").problem(409, "desk-moved-on");
}

#[test]
fn desk_actions_name_a_field_they_do_not_know() {
    let server = Server::new();
    server.ticket();
    for action in ["next", "recall", "finish"] {
        let path = format!("/api/desks/3/{action}");
        let detail = server
            .post_json(&path, &json!({"curent": "A1"}))
            .problem(422, "invalid");
        assert!(detail.contains("curent"), "{detail}");
    }
    let id = server.json("/api/tickets")[0]["id"].clone();
    let path = format!("/api/tickets/{}/cancel", id.as_str().unwrap());
    let detail = server
        .post_json(&path, &json!({"why": "x"}))
        .problem(422, "invalid");
    assert!(detail.contains("why"), "{detail}");
    let answer = server.put_json("/api/desks/3", &json!({"opne": true}));
    assert!(answer.problem(422, "invalid").contains("opne"));
    assert_eq!(server.json("/api/state")["payload"]["waiting"], 1);
}

#[test]
fn a_desk_is_made_changed_and_deleted() {
    let server = Server::new();
    let put = |body: &Value| server.put_json("/api/desks/3", body);
    let desk = put(&json!({})).expect(201).json();
    assert_eq!(
        desk,
        json!({"name": "3", "open": true, "services": [], "ticket": null})
    );
    let desk = put(&json!({"open": false, "services": ["A"]}))
        .expect(200)
        .json();
    assert_eq!(
        desk,
        json!({"name": "3", "open": false, "services": ["A"], "ticket": null})
    );
    // Fields that are not named keep their values.
    let desk = put(&json!({"open": true})).expect(200).json();
    assert_eq!(desk["services"], json!(["A"]));
    put(&json!({"services": ["Z"]})).problem(422, "unknown-service");
    put(&json!({"open": "perhaps"})).problem(422, "invalid");
    assert_eq!(server.json("/api/desks"), json!([desk]));
    assert_eq!(server.json("/api/desks/3"), desk);
    let ticket = server.ticket();
    server.post("/api/desks/3/next").expect(200);
    server
        .send("DELETE", "/api/desks/3")
        .problem(409, "desk-in-use");
    assert_eq!(server.json("/api/desks/3")["ticket"]["id"], ticket["id"]);
    server.post("/api/desks/3/finish").expect(200);
    let gone = server.send("DELETE", "/api/desks/3").expect(204);
    assert!(gone.body.is_empty());
    assert_eq!(server.json("/api/desks"), json!([]));
    server
        .send("DELETE", "/api/desks/3")
        .problem(404, "not-found");
}

#[test]
fn a_desk_exists_from_its_first_use_whatever_its_name() {
    let server = Server::new();
    tickets(&server, 3);
    let called = server
        .post("/api/desks/Caja%20%C3%B1%281%29/next")
        .expect(200)
        .json();
    assert_eq!(called["handleAtDesk"], "Caja ñ(1)");
    let desk = server.json("/api/desks/Caja%20%c3%b1%281%29");
    assert_eq!(desk["name"], "Caja ñ(1)");
    assert_eq!(desk["ticket"]["code"], "A1");
    assert_eq!(
        server.json("/api/state")["payload"]["desks"][0]["name"],
        "Caja ñ(1)"
    );
    let path = "/api/ticket/draw/%F0%9F%AA%91%3Cb%3E";
    assert_eq!(
        server.get(path).expect(200).json()["ticket"]["handleAtDesk"],
        "🪑<b>"
    );
    // Not UTF-8, blank, too long, with a control character.
    server.post("/api/desks/%ff/next").problem(404, "not-found");
    for name in ["%20", "x%0Ay", "%00", &"x".repeat(61)] {
        server
            .post(&format!("/api/desks/{name}/next"))
            .problem(422, "invalid");
    }
    let longest = "%C3%B1".repeat(60);
    server
        .post(&format!("/api/desks/{longest}/next"))
        .expect(200);
    assert_eq!(array(&server.json("/api/desks")).len(), 3);
}

#[test]
fn the_services_are_listed_with_how_many_wait() {
    let server = Server::new();
    tickets(&server, 2);
    let services = server.json("/api/services");
    assert_eq!(
        services,
        json!([{
            "prefix": "A", "name": "General", "waiting": 2,
            "first": 1, "last": null, "digits": 1, "pastRange": false,
        }])
    );
}

#[test]
fn the_state_is_what_a_screen_is_told_first() {
    let server = Server::new();
    let settings = json!({"timeZone": "Europe/Madrid"});
    server.put_json("/api/settings", &settings).expect(200);
    let empty = server.json("/api/state");
    let expected = json!({
        "type": "state", "seq": 1,
        "payload": {
            "office": {"name": "Turnero", "language": "es", "timeZone": "Europe/Madrid"}, "waiting": 0,
            "services": [{"prefix": "A", "name": "General", "waiting": 0}],
            "desks": [], "calls": [],
        },
    });
    assert_eq!(empty, expected);
    tickets(&server, 4);
    server.post("/api/desks/3/next").expect(200);
    server.post("/api/desks/4/next").expect(200);
    server.post("/api/desks/3/recall").expect(200);
    server.post("/api/desks/4/finish").expect(200);
    let state = server.json("/api/state");
    assert_eq!(Screen::v1(server.address(), "").message(), state);
    let payload = &state["payload"];
    assert_eq!(payload["waiting"], 2);
    assert_eq!(payload["services"][0]["waiting"], 2);
    let desks = array(&payload["desks"]);
    assert_eq!(desks.len(), 2);
    assert_eq!(names(&desks[0]), ["name", "open", "services", "ticket"]);
    assert_eq!(desks[0]["ticket"]["code"], "A1");
    assert_eq!(desks[1]["ticket"], Value::Null);
    let calls = array(&payload["calls"]);
    let of = |call: &Value| {
        assert_eq!(
            names(call),
            ["at", "code", "desk", "kind", "seq", "service"]
        );
        assert!(is_time(&call["at"]), "{call}");
        let part = |name| text(call, name).to_owned();
        (part("code"), part("desk"), part("kind"))
    };
    let told: Vec<_> = calls.iter().map(of).collect();
    let expected = [
        ("A1", "3", "recall"),
        ("A2", "4", "call"),
        ("A1", "3", "call"),
    ];
    let expected = expected.map(|(c, d, k)| (c.to_owned(), d.to_owned(), k.to_owned()));
    assert_eq!(told, expected);
    assert!(seq(&calls[0]) > seq(&calls[1]) && seq(&calls[1]) > seq(&calls[2]));
}

#[test]
fn events_are_the_same_messages_as_the_screens_get() {
    let server = Server::new();
    let mut screen = server.screen("");
    assert_eq!(seq(&screen.expect("state")), 0);
    tickets(&server, 2);
    server.post("/api/desks/3/next").expect(200);
    server.post("/api/desks/3/next").expect(200);
    let heard = screen.until(6);
    let events = server.json("/api/events?since=0");
    assert_eq!(array(&events), heard);
    assert_eq!(
        event_kinds(&heard),
        [
            "ticket-created",
            "ticket-created",
            "desk-changed",
            "ticket-called",
            "ticket-finished",
            "ticket-called"
        ]
    );
    assert_eq!(array(&server.json("/api/events?since=4")), &heard[4..]);
    assert_eq!(server.json("/api/events?since=6"), json!([]));
    assert_eq!(
        server.json("/api/events"),
        json!([server.json("/api/state")])
    );
    let ahead = server.json("/api/events?since=700");
    assert_eq!(ahead, json!([server.json("/api/state")]));
    for (query, named) in [
        ("?since=x", "since"),
        ("?since=1&wait=x", "wait"),
        ("?sinse=1", "sinse"),
    ] {
        let answer = server.get(&format!("/api/events{query}"));
        assert!(answer.problem(422, "invalid").contains(named), "{query}");
    }
}

#[test]
fn a_long_poll_waits_for_the_first_event() {
    let server = Server::new();
    let mut poll = server.client();
    poll.request("GET", "/api/events?since=0&wait=25", &[], b"");
    // It waits: nothing has come, and the server answers others meanwhile.
    poll.set_patience(std::time::Duration::from_millis(300));
    assert_eq!(server.get("/api/health").status, 200);
    let early = poll.stream().peek(&mut [0]);
    assert!(early.is_err(), "it was answered before anything happened");
    poll.set_patience(crate::common::PATIENCE);
    server.ticket();
    let events = poll.answer().expect(200).json();
    assert_eq!(event_kinds(array(&events)), ["ticket-created"]);
    // Nothing happens: it ends by itself, empty.
    let started = std::time::Instant::now();
    assert_eq!(server.json("/api/events?since=1&wait=1"), json!([]));
    assert!(started.elapsed() >= std::time::Duration::from_secs(1));
}

#[test]
fn health_gives_status_version_and_counts() {
    // On a machine whose time zone somebody has set.
    let server = Launch::new()
        .in_file()
        .with_variable("TZ", "Europe/Madrid")
        .start();
    tickets(&server, 3);
    let health = server.json("/api/health");
    assert_eq!(
        names(&health),
        [
            "database",
            "seq",
            "status",
            "uptimeSeconds",
            "version",
            "waiting"
        ]
    );
    assert_eq!(health["database"], json!({"kind": "sqlite"}));
    assert_eq!(health["status"], "ok");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(health["seq"], 3);
    assert_eq!(health["waiting"], 3);
    wait_until("the uptime grows", || {
        number(&server.json("/api/health"), "uptimeSeconds") > 0
    });
}

#[test]
fn after_a_stop_everything_is_as_it_was() {
    let server = Server::new();
    let body = json!({"note": "vuelve mañana"});
    server.post_json("/api/tickets", &body).expect(201);
    tickets(&server, 5);
    server.post("/api/desks/3/next").expect(200);
    server.post("/api/desks/4/next").expect(200);
    server.post("/api/desks/3/next").expect(200);
    server.post("/api/desks/4/recall").expect(200);
    server
        .put_json("/api/desks/5", &json!({"open": false}))
        .expect(201);
    let paths = [
        "/api/tickets",
        "/api/desks",
        "/api/services",
        "/api/state",
        "/api/events?since=0",
        "/api/ticket",
        "/api/ticket/pending",
        "/api/ticket/last",
        "/api/ticket/working-on",
    ];
    let look = |server: &Server| paths.map(|path| server.get(path).expect(200).text());
    let before = look(&server);
    let server = server.restart();
    assert_eq!(look(&server), before);
    let server = server.kill().start();
    assert_eq!(look(&server), before);
    assert_eq!(server.ticket()["code"], "A7");
    assert_eq!(
        server.post("/api/desks/4/next").expect(200).json()["code"],
        "A4"
    );
}

#[test]
fn other_sites_pages_change_nothing_and_this_ones_may() {
    let server = Launch::new()
        .with(&["--allow-origin", "https://intranet.example"])
        .start();
    server.ticket();
    let own = format!("http://{}", server.address());
    let other_port = "http://127.0.0.1:1".to_owned();
    let from = |origin: &str, method: &str, path: &str| {
        server
            .client()
            .send(method, path, &[("Origin", origin)], b"")
    };
    for origin in ["https://evil.example", "null", &other_port] {
        for (method, path) in [
            ("POST", "/api/tickets"),
            ("POST", "/api/desks/1/next"),
            ("PUT", "/api/desks/1"),
            ("GET", "/api/ticket/draw/1"),
            ("POST", "/api/ticket"),
        ] {
            from(origin, method, path).problem(403, "cross-site");
        }
    }
    assert_eq!(server.json("/api/health")["seq"], 1);
    from(&own, "POST", "/api/tickets").expect(201);
    from("https://intranet.example", "POST", "/api/tickets").expect(201);
}

#[test]
fn nothing_public_holds_an_id_or_a_note() {
    let server = Server::new();
    let mut screen = server.screen("");
    let mut course = server.course_screen();
    let mut public = vec![screen.text(), course.text(), course.text()];
    let note = "nota-secreta";
    let mut made = Vec::new();
    for _ in 0..3 {
        let ticket = server.post_json("/api/tickets", &json!({"note": note}));
        made.push(ticket.expect(201).json());
    }
    server.post("/api/desks/3/next").expect(200);
    server.post("/api/desks/3/recall").expect(200);
    server.post("/api/desks/3/next").expect(200);
    server.post("/api/desks/3/finish").expect(200);
    let cancel = format!("/api/tickets/{}/cancel", text(&made[2], "id"));
    server.post(&cancel).expect(200);
    server.send("DELETE", "/api/desks/3").expect(204);
    server.post("/api/desks/4/next").problem(409, "queue-empty");
    let last = number(&server.json("/api/health"), "seq");
    public.extend(screen.until(last).iter().map(Value::to_string));
    for kind in [
        "state",
        "ticket-created",
        "ticket-called",
        "ticket-recalled",
        "ticket-finished",
        "ticket-cancelled",
        "desk-changed",
    ] {
        assert!(
            public.iter().any(|m| m.contains(kind)),
            "no {kind} was heard"
        );
    }
    // Three tickets, two calls with a count and a list each, a cancellation.
    public.extend((0..8).map(|_| course.text()));
    for path in [
        "/api/state",
        "/api/events?since=0",
        "/api/ticket/working-on",
        "/api/services",
        "/api/health",
    ] {
        public.push(server.get(path).expect(200).text());
    }
    public.push(server.screen("").text());
    let follower = format!("?ticket={}", text(&made[0], "id"));
    let mut follower = server.screen(&follower);
    public.push(follower.text());
    public.push(follower.text());
    public.push(server.log());
    for message in &public {
        assert!(!message.contains(note), "a note is public: {message}");
        for ticket in &made {
            assert!(
                !message.contains(text(ticket, "id")),
                "an id is public: {message}"
            );
        }
    }
}

#[test]
fn an_allowed_sites_pages_may_ask_and_read() {
    let server = Launch::new()
        .with(&["--allow-origin", "https://intranet.example"])
        .start();
    let ask = |origin: &str| {
        let headers = [
            ("Origin", origin),
            ("Access-Control-Request-Method", "POST"),
        ];
        let mut client = server.client();
        client.send("OPTIONS", "/api/tickets", &headers, b"")
    };
    let asked = ask("https://intranet.example").expect(204);
    let allowed = asked.header("Access-Control-Allow-Headers").unwrap();
    assert!(allowed.contains("Idempotency-Key"), "{allowed}");
    ask("https://other.example").problem(405, "method-not-allowed");
    let headers = [("Origin", "https://intranet.example")];
    let mut client = server.client();
    let made = client
        .send("POST", "/api/tickets", &headers, b"")
        .expect(201);
    let origin = made.header("Access-Control-Allow-Origin");
    assert_eq!(origin, Some("https://intranet.example"));
}

#[test]
fn a_picture_on_another_sites_page_calls_nobody() {
    let server = Server::new();
    server.ticket();
    let mut client = server.client();
    {
        let path = "/api/ticket/draw/3";
        let headers = [("Sec-Fetch-Site", "cross-site")];
        client
            .send("GET", path, &headers, b"")
            .problem(403, "cross-site");
    }
    assert_eq!(server.json("/api/health")["waiting"], 1);
    let headers = [("Sec-Fetch-Site", "same-origin")];
    client
        .send("GET", "/api/ticket/draw/3", &headers, b"")
        .expect(200);
    assert_eq!(server.json("/api/health")["waiting"], 0);
}

#[test]
fn who_was_finished_or_did_not_come_is_called_again_by_the_code_while_the_day_lasts() {
    let server = Server::new();
    tickets(&server, 2);
    for end in ["finish", "no-show"] {
        server.post("/api/desks/1/next").expect(200);
        server.post(&format!("/api/desks/1/{end}")).expect(200);
    }
    let call = |ticket: &str| server.post_json("/api/desks/2/call", &json!({ "ticket": ticket }));
    let where_is = |code: &str| server.json(&format!("/api/tickets?code={code}"));
    for (code, was) in [("A1", "done"), ("A2", "no-show")] {
        assert_eq!(where_is(code)[0]["state"], was);
        let called = call(code).expect(200).json();
        assert_eq!(
            (&called["state"], &called["calls"]),
            (&json!("serving"), &json!(2))
        );
        assert_eq!(
            (&called["done"], &called["doneAt"], &called["handleAtDesk"]),
            (&json!(false), &Value::Null, &json!("2"))
        );
    }
    // A call by mistake can be undone, after a restart, too.
    let server = server.restart();
    server.post("/api/desks/2/undo").expect(200);
    let states: Vec<Value> = ["a002", "A1"].map(where_is_in(&server)).into();
    assert_eq!(states, ["no-show", "serving"]);
    assert_eq!(where_is_in(&server)("A3"), Value::Null);
    server
        .post_json("/api/desks/2/call", &json!({ "ticket": "A3" }))
        .problem(404, "not-found");
}

/// The state of the ticket of a code, null where there is none.
fn where_is_in(server: &Server) -> impl Fn(&str) -> Value + '_ {
    |code| server.json(&format!("/api/tickets?code={code}"))[0]["state"].clone()
}

#[test]
fn a_withdrawn_ticket_is_not_called_again() {
    let server = Server::new();
    let ticket = server.ticket();
    let path = format!("/api/tickets/{}/cancel", text(&ticket, "id"));
    server.post(&path).expect(200);
    server
        .post_json("/api/desks/1/call", &json!({ "ticket": "A1" }))
        .problem(409, "wrong-state");
}
