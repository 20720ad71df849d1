//! Webhooks: setting them up, and the messages that a receiver gets.

use serde_json::{Value, json};

use crate::common::{
    Launch, Message, Receiver, Reply, Response, Server, array, is_time, names, number, text,
    wait_until,
};

/// Every type but that of tickets that approach.
const EVENTS: [&str; 15] = [
    "ticket-created",
    "ticket-called",
    "ticket-recalled",
    "ticket-finished",
    "ticket-no-show",
    "ticket-held",
    "ticket-returned",
    "ticket-transferred",
    "ticket-cancelled",
    "step-undone",
    "desk-changed",
    "services-changed",
    "settings-changed",
    "day-started",
    "office-imported",
];

fn make(server: &Server, fields: &Value) -> Value {
    let made = server.post_json("/api/webhooks", fields);
    made.expect(201).json()
}

fn webhook(server: &Server, receiver: &Receiver, types: &[&str]) -> Value {
    make(server, &json!({"url": receiver.url(), "types": types}))
}

fn path(webhook: &Value) -> String {
    format!("/api/webhooks/{}", text(webhook, "id"))
}

fn patch(server: &Server, path: &str, fields: &Value) -> Response {
    server.client().send_json("PATCH", path, fields)
}

#[test]
fn a_webhook_is_made_set_up_and_deleted() {
    let (one, two) = (Receiver::new(), Receiver::new());
    let server = Server::new();
    assert_eq!(server.json("/api/webhooks"), json!([]));
    let made = webhook(&server, &one, &["ticket-called"]);
    assert!(text(&made, "secret").starts_with("whsec_"));
    let address = path(&made);
    let shown = server.json(&address);
    assert_eq!(shown.get("secret"), None, "a secret is shown once");
    assert_eq!(server.json("/api/webhooks"), json!([shown]));
    assert_eq!(
        (&shown["on"], &shown["approachingAhead"]),
        (&json!(true), &json!(3))
    );
    assert!(is_time(&shown["createdAt"]));
    let changed =
        json!({"url": two.url(), "types": ["ticket-created"], "on": false, "approachingAhead": 5});
    patch(&server, &address, &changed).expect(200);
    server.ticket();
    let server = server.restart();
    let shown = server.json(&address);
    for (name, value) in changed.as_object().unwrap() {
        assert_eq!(shown[name], *value, "{name}");
    }
    assert_eq!(shown["eventsBehind"], 1);
    wait_until("its wait is counted", || {
        number(&server.json(&address), "behindSeconds") >= 1
    });
    // Switched on, it goes on where it stood.
    patch(&server, &address, &json!({"on": true})).expect(200);
    assert_eq!(two.wait_for(1)[0].seq(), 1);
    assert!(two.messages()[0].is_signed_with(text(&made, "secret")));
    wait_until("nothing waits", || {
        server.json(&address)["eventsBehind"] == 0
    });
    let deliveries = &server.json(&address)["deliveries"];
    assert_eq!(array(deliveries).len(), 1);
    assert_eq!(deliveries[0]["delivered"], true);
    assert_eq!(deliveries[0]["status"], 204);
    server.send("DELETE", &address).expect(204);
    for method in ["GET", "DELETE"] {
        server.send(method, &address).problem(404, "not-found");
    }
    let server = server.restart();
    assert_eq!(server.json("/api/webhooks"), json!([]));
    let audit = server.json("/api/audit");
    let kinds: Vec<&str> = array(&audit)
        .iter()
        .map(|entry| text(entry, "kind"))
        .collect();
    let expected = [
        "webhook-deleted",
        "webhook-changed",
        "ticket-created",
        "webhook-changed",
        "webhook-made",
    ];
    assert_eq!(kinds[..5], expected);
}

#[test]
fn what_makes_no_sense_is_refused_and_says_which_field() {
    let server = Server::new();
    let receiver = Receiver::new();
    let url = receiver.url();
    let made = webhook(&server, &receiver, &["ticket-called"]);
    for (fields, wrong) in [
        (json!({}), "url"),
        (json!({"url": "ftp://a", "types": ["ticket-called"]}), "url"),
        (
            json!({"url": "http://a:b@c", "types": ["ticket-called"]}),
            "url",
        ),
        (
            json!({"url": url, "types": ["ticket-called"]}),
            "url: another",
        ),
        (json!({"url": "http://a"}), "types"),
        (json!({"url": "http://a", "types": []}), "types"),
        (
            json!({"url": "http://a", "types": ["call"]}),
            "types: «call»",
        ),
        (
            json!({"url": "http://a", "types": ["day-started", "day-started"]}),
            "types",
        ),
        (
            json!({"url": "http://a", "types": ["day-started"], "approachingAhead": 21}),
            "approachingAhead",
        ),
        (
            json!({"url": "http://a", "types": ["day-started"], "secret": "whsec_"}),
            "secret",
        ),
    ] {
        let refused = server.post_json("/api/webhooks", &fields);
        let detail = refused.problem(422, "invalid");
        assert!(detail.starts_with(wrong), "{fields}: {detail}");
    }
    patch(&server, &path(&made), &json!({"types": []})).problem(422, "invalid");
    patch(&server, "/api/webhooks/x", &json!({})).problem(404, "not-found");
    for n in 1..10 {
        make(
            &server,
            &json!({"url": format!("http://127.0.0.1:1/{n}"), "types": ["day-started"]}),
        );
    }
    let one_more = json!({"url": "http://127.0.0.1:1/10", "types": ["day-started"]});
    server
        .post_json("/api/webhooks", &one_more)
        .problem(422, "invalid");
}

#[test]
fn messages_say_what_happened_in_order_and_never_hold_a_note() {
    let receiver = Receiver::new();
    let server = Server::new();
    webhook(&server, &receiver, &EVENTS);
    let secret_note = json!({"note": "Phone 600 123 456", "language": "fr"});
    let first = server
        .post_json("/api/tickets", &secret_note)
        .expect(201)
        .json();
    server
        .put_json("/api/services/B", &json!({"name": "Cards"}))
        .expect(201);
    server
        .put_json("/api/settings", &json!({"name": "Town hall"}))
        .expect(200);
    for step in ["next", "recall", "hold"] {
        server.post(&format!("/api/desks/1/{step}")).expect(200);
    }
    server
        .post(&format!("/api/tickets/{}/return", text(&first, "id")))
        .expect(200);
    server.post("/api/desks/1/next").expect(200);
    server
        .post_json("/api/desks/1/transfer", &json!({"service": "B"}))
        .expect(200);
    server.post("/api/desks/1/undo").expect(200);
    server.post("/api/desks/1/no-show").expect(200);
    server.post("/api/desks/1/undo").expect(200);
    server
        .post_json("/api/desks/1/transfer", &json!({"desk": "1"}))
        .expect(200);
    server.post("/api/desks/1/next").expect(200);
    server.post("/api/desks/1/finish").expect(200);
    let second = server.ticket();
    server
        .post(&format!("/api/tickets/{}/cancel", text(&second, "id")))
        .expect(200);
    server.send("DELETE", "/api/services/B").expect(204);
    server.post("/api/day").expect(204);
    let office = server.get("/api/export").expect(200).json();
    server.post_json("/api/import", &office).expect(200);
    wait_until("the last event is accepted", || {
        let accepted = receiver.accepted();
        accepted
            .last()
            .is_some_and(|message| message.kind() == "office-imported")
    });
    let messages = receiver.accepted();
    let seqs: Vec<u64> = messages.iter().map(Message::seq).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    for kind in EVENTS {
        assert!(
            messages.iter().any(|message| message.kind() == kind),
            "{kind}"
        );
    }
    for message in &messages {
        assert!(!message.body.contains("Phone 600"), "{message:?}");
        assert!(is_time(&message.json()["timestamp"]));
        assert_eq!(message.header("Content-Type"), "application/json");
    }
    let data = |kind: &str| {
        let mut of_kind = messages.iter().filter(|message| message.kind() == kind);
        of_kind.next().unwrap().json()["data"].clone()
    };
    let created = data("ticket-created");
    let ticket = json!({
        "id": first["id"], "code": "A1", "service": "A", "priority": "normal", "createdAt": first["createdAt"],
        "language": "fr"
    });
    assert_eq!(created, json!({"seq": 1, "ticket": ticket}));
    let called = data("ticket-called");
    assert_eq!(
        (&called["ticket"]["code"], &called["desk"]),
        (&json!("A1"), &json!("1"))
    );
    assert_eq!(data("ticket-transferred")["toService"], "B");
    assert_eq!(array(&data("step-undone")["tickets"]).len(), 1);
    assert_eq!(names(&data("day-started")), ["seq"]);
    assert_eq!(names(&data("settings-changed")), ["seq"]);
}

#[test]
fn both_secrets_sign_while_one_is_replaced() {
    let receiver = Receiver::new();
    let server = Launch::new().in_file().start();
    let made = webhook(&server, &receiver, &["ticket-created"]);
    let rotate = format!("{}/secret", path(&made));
    let rotated = server.post(&rotate).expect(200).json();
    let (old, new) = (text(&made, "secret"), text(&rotated, "secret"));
    assert_ne!(old, new);
    assert!(is_time(&rotated["oldSecretsUntil"]));
    let server = server.restart();
    server.ticket();
    let message = &receiver.wait_for(1)[0];
    assert!(message.is_signed_with(old) && message.is_signed_with(new));
    assert_eq!(message.header("webhook-signature").split(' ').count(), 2);
    // The old one ends.
    let launch = server.stop();
    let file = rusqlite::Connection::open(launch.data()).unwrap();
    let ended = "UPDATE webhook_secrets SET expires_at = 1 WHERE expires_at IS NOT NULL";
    assert_eq!(file.execute(ended, []).unwrap(), 1);
    drop(file);
    let server = launch.start();
    server.ticket();
    let message = &receiver.wait_for(2)[1];
    assert!(!message.is_signed_with(old) && message.is_signed_with(new));
}

#[test]
fn a_secret_that_still_signs_is_not_dropped_for_another() {
    let receiver = Receiver::new();
    let server = Server::new();
    let made = webhook(&server, &receiver, &["ticket-created"]);
    let rotate = format!("{}/secret", path(&made));
    let mut secrets = vec![text(&made, "secret").to_owned()];
    for _ in 0..3 {
        let rotated = server.post(&rotate).expect(200).json();
        secrets.push(text(&rotated, "secret").to_owned());
    }
    server.post(&rotate).problem(422, "invalid");
    server.ticket();
    let message = &receiver.wait_for(1)[0];
    for secret in &secrets {
        assert!(message.is_signed_with(secret));
    }
}

#[test]
fn a_test_is_sent_at_once_and_says_how_it_went() {
    let receiver = Receiver::new();
    let server = Server::new();
    let fields = json!({"url": receiver.url(), "types": ["ticket-created"], "on": false});
    let made = make(&server, &fields);
    let test = format!("{}/test", path(&made));
    for (reply, delivered, reason, status) in [
        (Reply::Status(200), true, Value::Null, json!(200)),
        (Reply::Status(401), false, json!("status"), json!(401)),
        (
            Reply::Redirect("/".to_owned()),
            false,
            json!("redirect"),
            json!(302),
        ),
        (Reply::Garbage, false, json!("not-http"), Value::Null),
    ] {
        receiver.reply(reply);
        let told = server.post(&test).expect(200).json();
        let expected = json!({
            "at": told["at"], "type": "webhook-test", "seq": null, "delivered": delivered, "reason": reason,
            "status": status
        });
        assert_eq!(told, expected);
    }
    let message = &receiver.messages()[0];
    assert!(message.is_signed_with(text(&made, "secret")));
    assert_eq!(message.json()["data"], json!({}));
    // Nobody listens there, and that name is nobody's.
    for (url, reason) in [
        ("http://127.0.0.1:1/", "no-connection"),
        ("http://nobody.invalid/", "unknown-host"),
    ] {
        patch(&server, &path(&made), &json!({"url": url})).expect(200);
        let told = server.post(&test).expect(200).json();
        assert_eq!(told["reason"], reason, "{told}");
    }
    // A test that arrives lets the messages that wait come at once.
    assert_eq!(server.json(&path(&made))["eventsBehind"], 0);
}

#[test]
fn a_ticket_that_comes_near_is_announced_once() {
    let receiver = Receiver::new();
    let server = Server::new();
    let fields =
        json!({"url": receiver.url(), "types": ["ticket-approaching"], "approachingAhead": 1});
    let made = make(&server, &fields);
    let tickets: Vec<Value> = (0..4).map(|_| server.ticket()).collect();
    let announced = |number: usize| -> Vec<(String, u64)> {
        let accepted = receiver.wait_for(number);
        assert_eq!(accepted.len(), number, "{accepted:?}");
        let data = accepted
            .iter()
            .map(|message| message.json()["data"].clone());
        data.map(|data| (text(&data["ticket"], "code").to_owned(), number_of(&data)))
            .collect()
    };
    let of = |code: &str, ahead| (code.to_owned(), ahead);
    assert_eq!(announced(2), [of("A1", 0), of("A2", 1)]);
    server.post("/api/desks/1/next").expect(200);
    assert_eq!(announced(3)[2], of("A3", 1));
    let message = receiver.accepted()[2].json();
    assert_eq!(message["data"]["ticket"]["id"], tickets[2]["id"]);
    assert_eq!(message["data"].get("seq"), None);
    // A ticket that is called while the receiver is away is not announced any more.
    receiver.reply(Reply::Status(500));
    server.post("/api/desks/1/next").expect(200);
    receiver.wait_for_another();
    server.post("/api/desks/2/next").expect(200);
    server.post("/api/desks/3/next").expect(200);
    receiver.reply(Reply::Status(200));
    // Put back in the queue, it is announced again.
    server
        .post_json("/api/desks/3/transfer", &json!({"service": "A"}))
        .expect(200);
    let last = announced(4)[3].clone();
    assert_eq!(last, of("A4", 0));
    assert!(server.json(&path(&made))["on"] == true);
}

fn number_of(data: &Value) -> u64 {
    number(data, "ahead")
}

#[test]
fn a_repeated_request_makes_one_webhook_and_gets_the_same_secret() {
    let receiver = Receiver::new();
    let server = Server::new();
    let body = json!({"url": receiver.url(), "types": ["ticket-called"]}).to_string();
    let ask = |path: &str, body: &str| {
        let headers = [
            ("Idempotency-Key", "k-1"),
            ("Content-Type", "application/json"),
        ];
        server
            .client()
            .send("POST", path, &headers, body.as_bytes())
    };
    let first = ask("/api/webhooks", &body).expect(201);
    assert_eq!(ask("/api/webhooks", &body).expect(201).body, first.body);
    assert_eq!(array(&server.json("/api/webhooks")).len(), 1);
    ask(
        "/api/webhooks",
        "{\"url\":\"http://127.0.0.1:1\",\"types\":[\"day-started\"]}",
    )
    .problem(422, "invalid");
}

#[test]
fn an_address_with_a_secret_is_shown_to_admins_alone() {
    let server = Server::new();
    let url = "http://127.0.0.1:1/turnero?key=hush";
    make(&server, &json!({"url": url, "types": ["ticket-created"]}));
    server.ticket();
    wait_until("an attempt has failed", || {
        server.json("/api/webhooks")[0]["lastFailure"]["reason"] == "no-connection"
    });
    for path in [
        "/api/audit",
        "/api/health",
        "/api/state",
        "/api/export",
        "/api/settings",
    ] {
        let answer = String::from_utf8(server.get(path).body).unwrap();
        assert!(!answer.contains("hush"), "{path}: {answer}");
    }
    assert!(!server.log().contains("hush"), "{}", server.log());
}
