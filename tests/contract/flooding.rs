//! Limits on what everybody may change.

use serde_json::json;

use crate::common::{Server, text};
use crate::people::{FAR, Person, behind_a_proxy, pin};

/// Takes tickets until one is refused. Returns how many it got.
fn takes(server: &Server, who: &Person, most: usize) -> usize {
    for n in 0..most {
        let path = if n % 2 == 0 {
            "/api/tickets"
        } else {
            "/api/ticket"
        };
        let answer = who.post(server, path);
        if answer.status == 429 {
            let detail = answer.problem(429, "too-many-requests");
            assert!(detail.contains("Too many tickets"), "{detail}");
            return n;
        }
        answer.expect(201);
    }
    most
}

#[test]
fn an_address_takes_20_tickets_in_10_s_and_staff_and_this_machine_more() {
    let server = behind_a_proxy().start();
    assert_eq!(takes(&server, &Person::at(FAR), 30), 20);
    assert_eq!(
        takes(&server, &Person::at("192.0.2.8"), 5),
        5,
        "another address"
    );
    // An IPv6 network has four times the limit of an address.
    let neighbour = |n: usize| Person::at(&format!("2001:db8:1:2::{n}"));
    for n in 1..=4 {
        assert_eq!(takes(&server, &neighbour(n), 30), 20, "neighbour {n}");
    }
    assert_eq!(takes(&server, &neighbour(5), 5), 0, "all of the network");
    assert_eq!(takes(&server, &Person::at("2001:db8:1:3::1"), 5), 5);
    let staff = Person::at(FAR).signed_in(&server, &pin(&server, "staff"));
    assert_eq!(takes(&server, &staff, 30), 30);
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    let token = admin.make_token(&server, "kiosk", "staff");
    assert_eq!(takes(&server, &Person::at(FAR).with_token(&token), 30), 30);
    // Other requests are still answered.
    Person::at(FAR).get(&server, "/api/state").expect(200);
    let here = Server::new();
    assert_eq!(takes(&here, &Person::here(), 40), 40);
}

#[test]
fn the_ticket_limit_is_a_flag_and_a_refusal_says_how_long_to_wait() {
    let server = behind_a_proxy().with(&["--tickets-per-10s", "2"]).start();
    let far = Person::at(FAR);
    assert_eq!(takes(&server, &far, 3), 2);
    let refused = far.post(&server, "/api/tickets");
    refused.problem(429, "too-many-requests");
    let after: u64 = refused.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=10).contains(&after), "{after}");
}

#[test]
fn an_address_cancels_20_tickets_in_10_s_whatever_key_each_request_has() {
    let server = behind_a_proxy().start();
    let cancel = |who: &Person, n: usize| {
        // Each ticket is another visitor's.
        let visitor = Person::at(&format!("198.51.100.{n}"));
        let ticket = visitor.post(&server, "/api/tickets").expect(201).json();
        let ticket = text(&ticket, "id");
        let who = who
            .clone()
            .with("Idempotency-Key", &format!("a-key-of-this-request-{n}"));
        who.post(&server, &format!("/api/tickets/{ticket}/cancel"))
    };
    let far = Person::at(FAR);
    for n in 0..20 {
        cancel(&far, n).expect(200);
    }
    let detail = cancel(&far, 20).problem(429, "too-many-requests");
    assert!(detail.contains("Too many changes"), "{detail}");
    // So is a ticket that does not exist.
    let none = format!("/api/tickets/{:032}/cancel", 0);
    far.post(&server, &none).problem(429, "too-many-requests");
    // Another address, a new ticket, and the answer to a repeated request.
    cancel(&Person::at("192.0.2.8"), 21).expect(200);
    far.post(&server, "/api/tickets").expect(201);
    let staff = far.signed_in(&server, &pin(&server, "staff"));
    cancel(&staff, 22).expect(200);
}

#[test]
fn a_full_office_refuses_tickets() {
    let server = Server::new();
    let set = |most| {
        let settings = json!({ "mostWaiting": most });
        Person::here()
            .put(&server, "/api/settings", &settings)
            .expect(200);
    };
    set(json!(2));
    server.ticket();
    server.ticket();
    let detail = server.post("/api/tickets").problem(409, "queue-full");
    assert!(detail.contains("2 people are waiting"), "{detail}");
    server.post("/api/ticket").problem(409, "queue-full");
    server.post("/api/desks/1/next").expect(200);
    server.ticket();
    server.post("/api/tickets").problem(409, "queue-full");
    set(json!(null));
    server.ticket();
}
