//! Claims of desks: one screen has a desk open; another one sees that and may take it over.

use serde_json::{Value, json};

use crate::common::{Screen, Server, text, wait_until};

const ONE: &str = "11111111111111111111111111111111";
const TWO: &str = "22222222222222222222222222222222";
const CLAIM: &str = "/api/desks/3/claim";

fn claims(server: &Server, screen: &str) -> crate::common::Response {
    server.post_json(CLAIM, &json!({"screen": screen}))
}

fn takes_over(server: &Server, screen: &str) -> Value {
    let body = json!({"screen": screen, "takeOver": true});
    server.post_json(CLAIM, &body).expect(200).json()
}

/// An office with desk 3.
fn with_desk() -> Server {
    let server = Server::new();
    server.put_json("/api/desks/3", &json!({})).expect(201);
    server
}

/// The desk's page, as it is connected.
fn page(server: &Server, screen: &str) -> Screen {
    let mut page = server.screen(&format!("?desk=3&screen={screen}"));
    page.expect("state");
    page
}

/// Claims until it is granted: a connection that has ended is noticed a moment later.
#[track_caller]
fn granted_soon(server: &Server, screen: &str) -> Value {
    let mut granted = Value::Null;
    wait_until("the desk is free for another screen", || {
        let answer = claims(server, screen);
        let free = answer.status == 200;
        if free {
            granted = answer.json();
        }
        free
    });
    granted
}

#[test]
fn a_desk_that_another_screen_has_open_says_so_until_it_is_taken_over() {
    let server = with_desk();
    let mut first = page(&server, ONE);
    let mine = claims(&server, ONE).expect(200).json();
    assert_eq!(mine["name"], "3");
    let holder = text(&mine, "screen").to_owned();
    assert!(holder.len() == 8 && !ONE.contains(&holder), "{holder}");
    let claimed = first.expect("desk-changed");
    assert_eq!(claimed["payload"]["desk"]["screen"], holder.as_str());
    assert!(
        !claimed.to_string().contains(ONE),
        "the id is nobody else's"
    );

    // The same computer again, as after a reload or in a second tab: no event.
    assert_eq!(claims(&server, ONE).expect(200).json(), mine);

    let mut second = page(&server, TWO);
    let detail = claims(&server, TWO).problem(409, "desk-in-use");
    assert!(
        detail.contains("Desk 3 is open on another screen"),
        "{detail}"
    );

    let taken = takes_over(&server, TWO);
    assert_ne!(taken["screen"], holder.as_str());
    for page in [&mut first, &mut second] {
        let told = page.expect("desk-changed");
        assert_eq!(told["payload"]["desk"]["screen"], taken["screen"]);
    }
    claims(&server, ONE).problem(409, "desk-in-use");
    // It is undone the same way.
    assert_eq!(takes_over(&server, ONE)["screen"], holder.as_str());
}

#[test]
fn a_screen_that_has_gone_leaves_its_desk_to_the_next() {
    let server = with_desk();
    let first = page(&server, ONE);
    let other_tab = page(&server, ONE);
    claims(&server, ONE).expect(200);
    drop(first);
    let _second = page(&server, TWO);
    claims(&server, TWO).problem(409, "desk-in-use");
    drop(other_tab);
    let taken = granted_soon(&server, TWO);
    assert_ne!(taken["screen"], Value::Null);
}

#[test]
fn somebody_who_is_at_another_desk_is_not_at_this_one() {
    let server = with_desk();
    let _elsewhere = server.screen(&format!("?desk=4&screen={ONE}"));
    claims(&server, ONE).expect(200);
    claims(&server, TWO).expect(200);
}

#[test]
fn who_has_a_desk_survives_a_restart_and_a_kill() {
    let server = with_desk();
    let first = page(&server, ONE);
    let mine = claims(&server, ONE).expect(200).json();
    let server = server.kill().start();
    drop(first);
    let desk = server.json("/api/desks/3");
    assert_eq!(desk["screen"], mine["screen"]);
    // Its page is back: it has the desk still.
    let _first = page(&server, ONE);
    claims(&server, TWO).problem(409, "desk-in-use");
    assert_eq!(claims(&server, ONE).expect(200).json(), mine);
    // It never came back: the desk is free.
    let server = server.restart();
    let state = server.json("/api/state");
    assert_eq!(state["payload"]["desks"][0]["screen"], mine["screen"]);
    claims(&server, TWO).expect(200);
}

#[test]
fn a_screen_that_polls_is_connected_between_two_polls() {
    let server = with_desk();
    let poll = format!("/api/events?since=0&wait=0&desk=3&screen={ONE}");
    server.get(&poll).expect(200);
    claims(&server, ONE).expect(200);
    claims(&server, TWO).problem(409, "desk-in-use");
    // A waiting poll keeps the desk for as long as it waits (see `presence`).
    let waiting = std::thread::spawn({
        let mut client = server.client();
        let seq = server.json("/api/health")["seq"].clone();
        let path = format!("/api/events?since={seq}&wait=25&desk=3&screen={ONE}");
        move || client.get(&path)
    });
    claims(&server, TWO).problem(409, "desk-in-use");
    takes_over(&server, TWO);
    let told = waiting.join().unwrap().expect(200).json();
    assert_eq!(told[0]["type"], "desk-changed");
}

#[test]
fn scripts_need_no_claim_and_a_claim_changes_nothing_else() {
    let server = with_desk();
    let _page = page(&server, ONE);
    claims(&server, ONE).expect(200);
    server.ticket();
    server.ticket();
    for step in ["next", "recall", "hold", "next", "finish"] {
        server.post(&format!("/api/desks/3/{step}")).expect(200);
    }
    let body = json!({"open": false, "services": ["A"]});
    server.put_json("/api/desks/3", &body).expect(200);
    let before = server.json("/api/desks/3");
    assert!(before["screen"].is_string(), "set up, and held as before");
    let mut after = takes_over(&server, TWO);
    after["screen"] = before["screen"].clone();
    assert_eq!(after, before);
    server.send("DELETE", "/api/desks/3").expect(204);
    // A desk that is made again belongs to no screen.
    server.post("/api/desks/3/next").problem(409, "queue-empty");
    assert_eq!(server.json("/api/desks/3").get("screen"), None);
}

#[test]
fn what_is_no_screen_is_refused_by_name() {
    let server = Server::new();
    for body in [
        json!({}),
        json!({"screen": ""}),
        json!({"screen": "1"}),
        json!({"screen": ONE.replace('1', "G")}),
        json!({"screen": ONE.replace('1', "A")}),
    ] {
        let detail = server.post_json(CLAIM, &body).problem(422, "invalid");
        assert!(detail.starts_with("screen: "), "{detail}");
    }
    let body = json!({"screen": ONE, "takeOver": 1});
    let detail = server.post_json(CLAIM, &body).problem(422, "invalid");
    assert!(detail.starts_with("takeOver: "), "{detail}");
    let bad = server.get("/api/events?desk=3&screen=1");
    assert!(bad.problem(422, "invalid").starts_with("screen: "));
}

#[test]
fn looking_at_a_desk_that_is_not_there_makes_none() {
    let server = Server::new();
    let _page = page(&server, ONE);
    claims(&server, ONE).problem(404, "not-found");
    server
        .post_json(CLAIM, &json!({"screen": ONE, "takeOver": true}))
        .problem(404, "not-found");
    assert_eq!(server.json("/api/desks"), json!([]));
}
