//! The rules of an office: no-show, hold, return, transfer; services; settings; business days.

use serde_json::{Value, json};

use crate::common::{Launch, Server, array, codes, event_kinds, seq, text, wait_until};

/// Makes tickets of those services, in order.
fn tickets(server: &Server, services: &[&str]) -> Vec<Value> {
    let new = |service: &&str| {
        let body = json!({ "service": service });
        server.post_json("/api/tickets", &body).expect(201).json()
    };
    services.iter().map(new).collect()
}

fn next(server: &Server, desk: &str) -> String {
    let answer = server.post(&format!("/api/desks/{desk}/next")).expect(200);
    text(&answer.json(), "code").to_owned()
}

fn waiting(server: &Server) -> Vec<String> {
    let list = server.json("/api/ticket/pending");
    codes(&list).iter().map(ToString::to_string).collect()
}

fn is_served_nowhere(server: &Server) -> bool {
    let desks = server.json("/api/desks");
    array(&desks).iter().all(|desk| desk["ticket"].is_null())
}

/// An hour, in seconds.
const HOUR: i64 = 3_600;

#[test]
fn who_does_not_come_can_be_returned_and_keeps_the_place() {
    let server = Server::new();
    tickets(&server, &["A", "A"]);
    assert_eq!(next(&server, "1"), "A1");
    let gone = server.post("/api/desks/1/no-show").expect(200).json();
    assert_eq!(gone["state"], "no-show");
    assert_eq!(
        (&gone["done"], &gone["doneAt"]),
        (&json!(false), &Value::Null)
    );
    assert!(is_served_nowhere(&server));
    server
        .post("/api/desks/1/no-show")
        .problem(409, "nobody-attended");
    let path = format!("/api/tickets/{}/return", text(&gone, "id"));
    let back = server.post(&path).expect(200).json();
    assert_eq!(
        (&back["state"], &back["ahead"]),
        (&json!("waiting"), &json!(0))
    );
    server.post(&path).problem(409, "wrong-state");
    assert_eq!(next(&server, "1"), "A1");
}

#[test]
fn who_is_at_a_desk_can_go_back_to_where_they_waited() {
    let server = Server::new();
    let made = tickets(&server, &["A", "A"]);
    assert_eq!(next(&server, "1"), "A1");
    let path = format!("/api/tickets/{}/return", text(&made[0], "id"));
    let back = server.post(&path).expect(200).json();
    assert_eq!(
        (&back["state"], &back["ahead"]),
        (&json!("waiting"), &json!(0))
    );
    assert!(is_served_nowhere(&server));
    server.post(&path).problem(409, "wrong-state");
    server.post("/api/desks/1/undo").expect(200);
    assert_eq!(server.json("/api/desks/1")["ticket"]["code"], "A1");
    // Nobody would call it at a desk that is closed.
    server
        .put_json("/api/desks/2", &json!({"open": false}))
        .expect(201);
    let to_two = server.post_json("/api/desks/1/transfer", &json!({"desk": "2"}));
    assert!(
        to_two
            .problem(409, "desk-closed")
            .contains("Desk 2 is closed")
    );
}

#[test]
fn several_can_be_put_aside_and_called_again_by_any_desk() {
    let server = Server::new();
    let made = tickets(&server, &["A", "A", "A"]);
    for code in ["A1", "A2"] {
        assert_eq!(next(&server, "1"), code);
        let held = server.post("/api/desks/1/hold").expect(200).json();
        assert_eq!(
            (&held["state"], &held["handleAtDesk"]),
            (&json!("held"), &json!("1"))
        );
    }
    let server = server.restart();
    assert_eq!(codes(&server.json("/api/tickets?state=held")), ["A1", "A2"]);
    let call = |desk: &str, ticket: &str| {
        let path = format!("/api/desks/{desk}/call");
        server.post_json(&path, &json!({ "ticket": ticket }))
    };
    call("2", "a2").expect(200);
    call("1", text(&made[0], "id")).expect(200);
    call("1", "A2").problem(409, "wrong-state");
    assert_eq!(waiting(&server), ["A3"]);
}

#[test]
fn a_transfer_goes_where_it_is_sent_and_keeps_the_code() {
    let server = Server::new();
    server
        .put_json("/api/services/B", &json!({"name": "Cash"}))
        .expect(201);
    tickets(&server, &["A", "B", "B"]);
    let transfer = |body: Value| server.post_json("/api/desks/1/transfer", &body);
    assert_eq!(next(&server, "1"), "A1");
    let sent = transfer(json!({"service": "B"})).expect(200).json();
    assert_eq!(
        (&sent["code"], &sent["service"]),
        (&json!("A1"), &json!("B"))
    );
    assert_eq!(sent["ahead"], 0, "it came before B1");
    assert_eq!(next(&server, "1"), "A1");
    let sent = transfer(json!({"service": "B", "position": "back"}))
        .expect(200)
        .json();
    assert_eq!(sent["ahead"], 2);
    assert_eq!(next(&server, "1"), "B1");
    assert_eq!(next(&server, "1"), "B2");
    transfer(json!({"position": "front"})).expect(200);
    assert_eq!(waiting(&server), ["B2", "A1"]);
    server.put_json("/api/desks/2", &json!({})).expect(201);
    assert_eq!(next(&server, "1"), "B2");
    let sent = transfer(json!({"desk": "2"})).expect(200).json();
    assert_eq!(sent["ahead"], 0);
    let desk = server.json("/api/desks/2");
    assert_eq!(desk["waiting"], 1);
    assert_eq!(next(&server, "1"), "A1", "B2 waits for desk 2 alone");
    server
        .send("DELETE", "/api/desks/2")
        .problem(409, "desk-in-use");
    assert_eq!(next(&server, "2"), "B2");
    for (body, code) in [
        (json!({"service": "Z"}), "unknown-service"),
        (json!({"service": "B", "desk": "2"}), "invalid"),
        (json!({"position": "middle"}), "invalid"),
        (json!({"to": "B"}), "invalid"),
    ] {
        transfer(body).problem(422, code);
    }
    transfer(json!({"desk": "9"})).problem(404, "not-found");
    transfer(json!({"current": "B1"})).problem(409, "desk-moved-on");
}

#[test]
fn the_screens_hear_each_of_these_steps() {
    let server = Server::new();
    let made = tickets(&server, &["A"]);
    let mut screen = server.screen("");
    let begin = seq(&screen.expect("state"));
    next(&server, "1");
    server.post("/api/desks/1/hold").expect(200);
    let id = text(&made[0], "id");
    server
        .post(&format!("/api/tickets/{id}/return"))
        .expect(200);
    next(&server, "1");
    server.post("/api/desks/1/transfer").expect(200);
    next(&server, "1");
    server.post("/api/desks/1/no-show").expect(200);
    server
        .put_json("/api/services/B", &json!({"name": "Cash"}))
        .expect(201);
    server
        .put_json("/api/settings", &json!({"name": "Clinic"}))
        .expect(200);
    let heard = screen.until(begin + 10);
    let kinds = event_kinds(&heard);
    assert_eq!(
        kinds,
        [
            "desk-changed",
            "ticket-called",
            "ticket-held",
            "ticket-returned",
            "ticket-called",
            "ticket-transferred",
            "ticket-called",
            "ticket-no-show",
            "services-changed",
            "settings-changed",
        ]
    );
    assert_eq!(heard[9]["payload"]["office"]["name"], "Clinic");
    assert_eq!(heard[8]["payload"]["services"][1]["prefix"], "B");
    assert!(!heard.iter().any(|message| message.to_string().contains(id)));
}

#[test]
fn a_service_is_made_set_up_closed_and_deleted() {
    let server = Server::new();
    let body = json!({
        "name": "Caja", "names": {"en": "Cash desk"}, "first": 100, "last": 101, "digits": 4,
    });
    let made = server.put_json("/api/services/b", &body).expect(201).json();
    assert_eq!(made["prefix"], "B");
    let given = tickets(&server, &["B", "B", "B"]);
    let given: Vec<&str> = given.iter().map(|ticket| text(ticket, "code")).collect();
    assert_eq!(given, ["B0100", "B0101", "B0102"]);
    let services = server.json("/api/services");
    assert_eq!(services[1]["pastRange"], true);
    // Every desk warns of it; before that the state has no ranges.
    let shown = &server.json("/api/state")["payload"]["services"];
    assert_eq!(shown[1]["pastRange"], true);
    assert_eq!(shown[1]["last"], 101);
    assert_eq!(shown[0].get("pastRange"), None);
    assert_eq!(services[1]["names"]["en"], "Cash desk");
    // A code may be typed without its zeros.
    let call = json!({"ticket": "b101"});
    server.post_json("/api/desks/1/call", &call).expect(200);
    let server = server.restart();
    let messages = json!({"es": "Hasta las diez."});
    let closed = json!({"open": false, "message": "Until ten.", "messages": messages});
    let closed = server
        .put_json("/api/services/B", &closed)
        .expect(200)
        .json();
    assert_eq!(
        (&closed["first"], &closed["open"]),
        (&json!(100), &json!(false))
    );
    let server = server.restart();
    let shown = &server.json("/api/state")["payload"]["services"];
    assert_eq!(
        (&shown[1]["message"], &shown[1]["messages"]),
        (&json!("Until ten."), &messages)
    );
    // As it is not used, it is left out of what all screens are sent.
    assert_eq!(shown[0].get("messages"), None);
    let refused = server.post_json("/api/tickets", &json!({"service": "B"}));
    let detail = refused.problem(409, "service-closed");
    assert!(detail.contains("Until ten."), "{detail}");
    let delete = |prefix: &str| server.send("DELETE", &format!("/api/services/{prefix}"));
    delete("B").problem(409, "service-in-use");
    for _ in 0..3 {
        server.post("/api/desks/1/next");
    }
    delete("B").expect(204);
    delete("B").problem(422, "unknown-service");
    delete("A").problem(409, "service-in-use");
    for (prefix, body, field) in [
        ("B2", json!({}), "prefix"),
        ("LONGER", json!({}), "prefix"),
        // Six letters as capitals.
        ("%C3%9F%C3%9F%C3%9F", json!({}), "prefix"),
        ("C", json!({"first": 0}), "first"),
        ("C", json!({"first": 5, "last": 4}), "last"),
        ("A", json!({"last": 0}), "last"),
        ("C", json!({"digits": 7}), "digits"),
        ("C", json!({"digits": 0}), "digits"),
        ("C", json!({"name": "n".repeat(61)}), "name"),
        ("C", json!({"name": ""}), "name"),
        ("C", json!({"message": "m".repeat(81)}), "message"),
        ("C", json!({"messages": {"xx": "m"}}), "messages.xx"),
        (
            "C",
            json!({"messages": {"en": "m".repeat(81)}}),
            "messages.en",
        ),
        ("C", json!({"names": "Caja"}), "names"),
        ("C", json!({"names": {"xx": "Caja"}}), "names.xx"),
        ("C", json!({"names": {"en": "n".repeat(61)}}), "names.en"),
        ("C", json!({"open": 1}), "open"),
        ("C", json!({"colour": "red"}), "colour"),
    ] {
        let answer = server.put_json(&format!("/api/services/{prefix}"), &body);
        let detail = answer.problem(422, "invalid");
        assert!(detail.starts_with(&format!("{field}: ")), "{detail}");
    }
    assert_eq!(array(&server.json("/api/services")).len(), 1);
}

#[test]
fn a_desk_calls_its_services_in_its_own_order_or_all_by_arrival() {
    let server = Server::new();
    for prefix in ["B", "C"] {
        server
            .put_json(&format!("/api/services/{prefix}"), &json!({}))
            .expect(201);
    }
    tickets(&server, &["A", "B", "C", "B", "A"]);
    let order = json!({"services": ["C", "B", "C"]});
    let made = server.put_json("/api/desks/1", &order).expect(201).json();
    assert_eq!(made["services"], json!(["C", "B"]), "each once");
    let called: Vec<String> = (0..3).map(|_| next(&server, "1")).collect();
    assert_eq!(called, ["C1", "B1", "B2"]);
    server.post("/api/desks/1/next").problem(409, "queue-empty");
    assert_eq!(next(&server, "2"), "A1");
    assert_eq!(next(&server, "2"), "A2");
}

#[test]
fn settings_are_checked_kept_and_shown() {
    let server = Server::new();
    let before = server.json("/api/settings");
    let expected = json!({
        "name": "Turnero", "language": "es", "timeZone": null, "dayBeginsHour": 0,
        "keepWaiting": false, "priorities": [{"name": "normal", "weight": 1}],
        "rule": "weighted", "mostPriorityInARow": null, "mostWaiting": null,
        "languages": [], "message": null, "accent": null, "logo": null,
        "printTickets": false, "frameAncestors": [], "adminsChooseServices": false, "deskWords": {}, "keepDays": null,
        "statisticsByPerson": false,
        "printers": [],
        "chime": true, "voice": true, "volume": 100, "voiceSpeed": 100, "voices": {},
        "printers": [], "paperWidth": 80, "paperQr": true, "paperText": {}, "paperLogo": null, "publicUrl": null,
    });
    assert_eq!(before, expected);
    for (body, field) in [
        (
            json!({"name": "n".repeat(61)}),
            "name: a name has at most 60 characters; this one has 61",
        ),
        (json!({"name": " "}), "name: it cannot be empty"),
        (
            json!({"name": "a\u{7}b"}),
            "name: a name cannot contain the invisible character U+0007",
        ),
        (json!({"language": "tlh"}), "language"),
        (json!({"timeZone": "Europe/Atlantis"}), "timeZone"),
        (json!({"dayBeginsHour": 24}), "dayBeginsHour"),
        (json!({"dayBeginsHour": "4"}), "dayBeginsHour"),
        (json!({"keepWaiting": "yes"}), "keepWaiting"),
        (json!({"adminsChooseServices": 1}), "adminsChooseServices"),
        (json!({"statisticsByPerson": "yes"}), "statisticsByPerson"),
        (json!({"keepDays": 0}), "keepDays"),
        (json!({"keepDays": 36_501}), "keepDays"),
        (json!({"deskWords": {"tlh": "raS"}}), "deskWords.tlh: "),
        (
            json!({"deskWords": {"es": "m".repeat(21)}}),
            "deskWords.es: ",
        ),
        (json!({"priorities": []}), "priorities"),
        (json!({"priorities": "a"}), "priorities: "),
        (
            json!({"priorities": [{"name": "a"}, {"name": "a"}]}),
            "priorities[1].name: ",
        ),
        (
            json!({"priorities": [{"name": "a"}, {"weight": 2}]}),
            "priorities[1].name: ",
        ),
        (
            json!({"priorities": [{"name": "n".repeat(61)}]}),
            "priorities[0].name: ",
        ),
        (
            json!({"priorities": [{"name": "a"}, {"name": "b", "weight": 0}]}),
            "priorities[1].weight: ",
        ),
        (
            json!({"priorities": [{"name": "a"}, {"name": "b", "weight": "2"}]}),
            "priorities[1].weight: ",
        ),
        (
            json!({"priorities": [{"name": "a", "names": {"tlh": "nuq"}}]}),
            "priorities[0].names.tlh: ",
        ),
        (
            json!({"priorities": [{"name": "a", "names": {"en": 1}}]}),
            "priorities[0].names.en: ",
        ),
        (
            json!({"priorities": [{"name": "a", "colour": 1}]}),
            "priorities[0].colour: ",
        ),
        (json!({"mostPriorityInARow": 0}), "mostPriorityInARow: "),
        (json!({"mostWaiting": 0}), "mostWaiting: "),
        (json!({"rule": "fair"}), "rule"),
        (json!({"mostPriorityInARow": -1}), "mostPriorityInARow"),
        (json!({"colour": "red"}), "colour"),
    ] {
        let detail = server
            .put_json("/api/settings", &body)
            .problem(422, "invalid");
        assert!(detail.starts_with(field), "{detail}");
    }
    assert_eq!(server.json("/api/settings"), before);
    let after = json!({
        "name": "Clínica", "language": "en", "timeZone": "Europe/Madrid", "dayBeginsHour": 4,
        "keepWaiting": true, "mostPriorityInARow": 2, "rule": "strict", "adminsChooseServices": true,
        "priorities": [
            {"name": "normal", "weight": 1},
            {"name": "urgent", "weight": 5, "names": {"es": "Urgente"}},
        ],
        "mostWaiting": 300, "languages": ["es"], "message": "Hola", "accent": "#0b5348",
        "logo": "data:image/png;base64,AAAA", "printTickets": true,
        "frameAncestors": ["https://intranet.example"], "deskWords": {"es": "Mesa", "en": "Counter"},
        "keepDays": 30, "statisticsByPerson": true,
        "printers": [],
        "chime": true, "voice": false, "volume": 60, "voiceSpeed": 80, "voices": {"es": "Helena"},
        "printers": [
            {"name": "hall", "address": "127.0.0.1:9", "maker": "star", "width": 58, "qr": "picture"},
        ],
        "paperWidth": 58, "paperQr": false, "paperText": {"es": "Gracias"},
        "paperLogo": {"width": 8, "dots": "gAE="},
        "publicUrl": "https://turnos.example",
    });
    assert_eq!(
        server.put_json("/api/settings", &after).expect(200).json(),
        after
    );
    let server = server.restart();
    assert_eq!(server.json("/api/settings"), after);
    let office = &server.json("/api/state")["payload"]["office"];
    assert_eq!(office["name"], "Clínica");
    assert_eq!(office["priorities"], after["priorities"]);
    let machine = server
        .put_json("/api/settings", &json!({"timeZone": null}))
        .expect(200);
    assert_eq!(machine.json()["timeZone"], Value::Null);
}

#[test]
fn a_machine_on_utc_with_an_office_without_a_zone_says_so_until_it_has_one() {
    let problem = |server: &Server| server.json("/api/health")["timeZoneProblem"].clone();
    for zone in ["UTC", "Etc/UTC", "Zulu"] {
        let server = Launch::new().with_variable("TZ", zone).start();
        let why = text(&server.json("/api/health"), "timeZoneProblem").to_owned();
        assert!(why.contains("UTC") && why.contains("settings"), "{why}");
        wait_until("the log says so", || {
            server.log().matches(&why).count() == 1
        });
        assert_eq!(
            server.json("/api/state")["payload"]["office"]["timeZone"],
            "UTC"
        );
        // An office that is where UTC is says so, and has no problem.
        let own = json!({"timeZone": "UTC"});
        server.put_json("/api/settings", &own).expect(200);
        assert_eq!(problem(&server), Value::Null);
    }
    for zone in ["Europe/Madrid", "Africa/Abidjan"] {
        let server = Launch::new().with_variable("TZ", zone).start();
        assert_eq!(problem(&server), Value::Null, "{zone}");
        assert!(!server.log().contains("time zone"), "{}", server.log());
    }
}

#[test]
fn numbers_restart_with_the_business_day_and_are_never_given_twice_on_one() {
    let server = Server::new();
    tickets(&server, &["A", "A", "A"]);
    assert_eq!(next(&server, "1"), "A1");
    let before = seq(&server.json("/api/state"));
    let server = server.restart_after(24 * HOUR);
    // Waiting tickets are withdrawn, and their owners see it; tickets at a desk stay, with their numbers.
    let events = server.json(&format!("/api/events?since={before}&wait=20"));
    let events = array(&events);
    let kinds = event_kinds(events);
    assert_eq!(
        kinds,
        ["ticket-cancelled", "ticket-cancelled", "day-started"]
    );
    assert_eq!(events[2]["payload"]["calls"], json!([]));
    assert_eq!(events[2]["payload"]["waiting"], 0);
    assert_eq!(server.json("/api/ticket/last"), 0);
    let given = tickets(&server, &["A"]);
    assert_eq!(text(&given[0], "code"), "A2", "A1 is still at a desk");
    assert_eq!(server.json("/api/desks/1")["ticket"]["code"], "A1");
    assert_eq!(codes(&server.json("/api/tickets")), ["A1", "A2"]);
    // Set back by a day or two, the clock gives no number again.
    let server = server.restart();
    let west = json!({"timeZone": "Etc/GMT+12"});
    server.put_json("/api/settings", &west).expect(200);
    let given = tickets(&server, &["A"]);
    assert_eq!(text(&given[0], "code"), "A3");
}

#[test]
fn an_admin_starts_a_day_at_once() {
    let server = Server::new();
    tickets(&server, &["A", "A", "A"]);
    assert_eq!(next(&server, "1"), "A1");
    let before = seq(&server.json("/api/state"));
    server.post("/api/day").expect(204);
    let events = server.json(&format!("/api/events?since={before}&wait=20"));
    assert_eq!(
        event_kinds(array(&events)),
        ["ticket-cancelled", "ticket-cancelled", "day-started"]
    );
    assert_eq!(
        text(&server.ticket(), "code"),
        "A2",
        "A1 is still at a desk"
    );
}

#[test]
fn an_office_that_keeps_who_waits_passes_over_their_numbers() {
    let server = Server::new();
    server
        .put_json("/api/settings", &json!({"keepWaiting": true}))
        .expect(200);
    tickets(&server, &["A", "A", "A"]);
    assert_eq!(next(&server, "1"), "A1");
    server.post("/api/desks/1/finish").expect(200);
    let server = server.restart_after(24 * HOUR);
    tickets(&server, &["A", "A"]);
    assert_eq!(waiting(&server), ["A2", "A3", "A1", "A4"]);
}

#[test]
fn a_no_show_can_be_returned_while_its_business_day_lasts() {
    let server = Server::new();
    tickets(&server, &["A"]);
    next(&server, "1");
    let gone = server.post("/api/desks/1/no-show").expect(200).json();
    let path = format!("/api/tickets/{}/return", text(&gone, "id"));
    let server = server.restart_after(24 * HOUR);
    server.ticket();
    server.post(&path).problem(409, "wrong-state");
}

#[test]
fn who_is_withdrawn_when_a_day_begins_is_told_so() {
    let server = Server::new();
    let made = tickets(&server, &["A", "A", "A", "A"]);
    next(&server, "1");
    server.post("/api/desks/1/no-show").expect(200);
    next(&server, "1");
    server.post("/api/desks/1/hold").expect(200);
    next(&server, "1");
    server.post("/api/desks/1/finish").expect(200);
    let server = server.restart_after(24 * HOUR).restart();
    // A1 did not come, A2 was put aside, A3 is done, A4 waited; there is another A1 today.
    assert_eq!(text(&server.ticket(), "code"), "A1");
    for (n, known) in [(0, true), (1, true), (2, false), (3, true)] {
        let path = format!("/api/tickets/{}", text(&made[n], "id"));
        if !known {
            server.get(&path).problem(404, "not-found");
            continue;
        }
        let ticket = server.json(&path);
        assert_eq!(
            (&ticket["state"], &ticket["done"], &ticket["ahead"]),
            (&json!("cancelled"), &json!(true), &Value::Null)
        );
        for step in ["cancel", "return"] {
            let path = format!("{path}/{step}");
            server.post(&path).problem(409, "wrong-state");
        }
        let call = json!({"ticket": made[n]["id"]});
        server
            .post_json("/api/desks/1/call", &call)
            .problem(409, "wrong-state");
    }
    assert_eq!(codes(&server.json("/api/tickets")), ["A1"], "today's alone");
    assert_eq!(next(&server, "1"), "A1");
}

#[test]
fn strict_priority_goes_first_and_at_most_so_many_in_a_row() {
    let server = Server::new();
    let priorities = json!([{"name": "normal"}, {"name": "urgent", "weight": 9}]);
    let rules = json!({"priorities": priorities, "rule": "strict", "mostPriorityInARow": 2});
    server.put_json("/api/settings", &rules).expect(200);
    for priority in ["normal", "normal", "urgent", "urgent", "urgent"] {
        let body = json!({ "priority": priority });
        let made = server.post_json("/api/tickets", &body).expect(201).json();
        assert_eq!(made["priority"], priority);
    }
    let ahead = server.json("/api/tickets?state=waiting");
    let ahead: Vec<&Value> = array(&ahead)
        .iter()
        .map(|ticket| &ticket["ahead"])
        .collect();
    assert_eq!(ahead, [2, 4, 0, 1, 3], "as they will be called");
    let server = server.restart();
    let called: Vec<String> = (0..5).map(|_| next(&server, "1")).collect();
    assert_eq!(called, ["A3", "A4", "A1", "A5", "A2"]);
    let vip = json!({"priority": "vip"});
    let refused = server.post_json("/api/tickets", &vip);
    assert!(
        refused
            .problem(422, "unknown-priority")
            .contains("normal, urgent")
    );
}

#[test]
fn an_office_has_its_own_look_and_each_wrong_field_is_named() {
    let server = Server::new();
    let logo = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E";
    let look = json!({
        "languages": ["en", "es", "en"], "message": "Closed on Friday", "accent": "#7A1F5C",
        "logo": logo, "printTickets": true, "frameAncestors": ["https://intranet.example"],
        "mostWaiting": 200,
    });
    let set = server.put_json("/api/settings", &look).expect(200).json();
    assert_eq!(set["languages"], json!(["en", "es"]), "each once");
    assert_eq!(set["accent"], "#7a1f5c");
    let server = server.restart();
    assert_eq!(server.json("/api/settings"), set);
    let office = &server.json("/api/state")["payload"]["office"];
    assert_eq!(
        (
            &office["message"],
            &office["accent"],
            &office["printTickets"]
        ),
        (&set["message"], &set["accent"], &json!(true))
    );
    assert_eq!(office.get("frameAncestors"), None);
    let image = server
        .get(&format!("/{}", text(office, "logo")))
        .expect(200);
    assert_eq!(image.header("Content-Type"), Some("image/svg+xml"));
    assert!(image.text().starts_with("<svg"), "{}", image.text());
    for (field, value) in [
        ("languages", json!(["xx"])),
        ("language", json!("xx")),
        ("message", json!("x".repeat(201))),
        ("accent", json!("#808080")),
        ("logo", json!("https://elsewhere.example/logo.png")),
        ("printTickets", json!("yes")),
        ("frameAncestors", json!(["*"])),
        ("mostWaiting", json!(-1)),
    ] {
        let answer = server.put_json("/api/settings", &json!({ field: value }));
        let detail = answer.problem(422, "invalid");
        assert!(detail.starts_with(field), "{detail}");
    }
    let none = json!({ "message": null, "accent": null, "logo": null, "mostWaiting": null });
    server.put_json("/api/settings", &none).expect(200);
    server.get("/logo").problem(404, "not-found");
}

#[test]
fn many_who_set_up_at_once_lose_nothing_of_each_other() {
    let server = Server::new();
    let fields = [
        ("name", json!("Clinic")),
        ("message", json!("Closed on Friday")),
        ("accent", json!("#0b5348")),
        ("dayBeginsHour", json!(4)),
        ("keepWaiting", json!(true)),
        ("adminsChooseServices", json!(true)),
        ("mostWaiting", json!(300)),
        ("rule", json!("strict")),
        ("printTickets", json!(true)),
    ];
    let of_a_service = [
        ("name", json!("Caja")),
        ("names", json!({"en": "Cash desk"})),
        ("first", json!(100)),
        ("last", json!(900)),
        ("digits", json!(4)),
        ("open", json!(false)),
        ("message", json!("Until ten.")),
    ];
    std::thread::scope(|scope| {
        for (field, value) in &fields {
            let body = json!({ *field: value });
            let server = &server;
            scope.spawn(move || server.put_json("/api/settings", &body).expect(200));
        }
        for (field, value) in &of_a_service {
            let body = json!({ *field: value });
            let server = &server;
            scope.spawn(move || server.put_json("/api/services/A", &body).expect(200));
        }
    });
    let settings = server.json("/api/settings");
    for (field, value) in &fields {
        assert_eq!(settings[field], *value, "{field}");
    }
    let service = &server.json("/api/services")[0];
    for (field, value) in &of_a_service {
        assert_eq!(service[field], *value, "{field}");
    }
}
