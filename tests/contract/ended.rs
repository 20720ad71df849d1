//! The end of a session or a token also ends everything that was opened with it.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tungstenite::protocol::frame::coding::CloseCode;

use crate::common::{Screen, text};
use crate::people::{FAR, Person, behind_a_proxy, pin};
use crate::signing::role;

/// Both dialects of WebSockets.
const DIALECTS: [Option<&str>; 2] = [Some("turnero.v1"), None];

/// Sooner than a screen's next tick, and than a poll's end.
const AT_ONCE: Duration = Duration::from_secs(4);

#[test]
fn the_socket_of_a_session_or_token_that_has_ended_is_closed_at_once_and_no_other() {
    let server = behind_a_proxy().start();
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    let staff = Person::at(FAR).signed_in(&server, &pin(&server, "staff"));
    let leaves = Person::at(FAR).signed_in(&server, &pin(&server, "staff"));
    let secret = admin.make_token(&server, "agenda", "staff");
    let program = Person::at(FAR).with_token(&secret);
    let screens = |who: &Person| DIALECTS.map(|dialect| who.watch(&server, "", dialect));
    let (kept, anyone) = (screens(&admin), screens(&Person::at(FAR)));
    let (left, revoked, changed) = (screens(&leaves), screens(&program), screens(&staff));
    let all_close = |screens: [Screen; 2], since: Instant| {
        for (mut screen, dialect) in screens.into_iter().zip(DIALECTS) {
            assert_eq!(screen.closed(), Some(CloseCode::Policy), "{dialect:?}");
            assert!(since.elapsed() < AT_ONCE, "{:?}", since.elapsed());
        }
    };
    let new = json!({ "pin": "Tres-Tristes" });
    let now = Instant::now();
    leaves
        .send(&server, "DELETE", "/api/session", "")
        .expect(204);
    all_close(left, now);
    let now = Instant::now();
    admin.put(&server, "/api/pins/staff", &new).expect(204);
    all_close(changed, now);
    let listed = admin.get(&server, "/api/tokens").expect(200).json();
    let path = format!("/api/tokens/{}", text(&listed[0], "id"));
    let now = Instant::now();
    admin.send(&server, "DELETE", &path, "").expect(204);
    // Another one of the same name is another one, and has another number.
    admin.make_token(&server, "agenda", "staff");
    all_close(revoked, now);
    admin
        .send(&server, "DELETE", &path, "")
        .problem(404, "not-found");
    server.ticket();
    for mut screen in kept.into_iter().chain(anyone) {
        let heard = screen.event();
        let kinds = [
            "ticket-created",
            "on-ticket-count-changed",
            "on-working-changed",
        ];
        assert!(kinds.contains(&text(&heard, "type")), "{heard}");
    }
}

#[test]
fn a_socket_ends_with_the_hours_of_its_session() {
    let server = behind_a_proxy().in_file().start();
    let staff = Person::at(FAR).signed_in(&server, &pin(&server, "staff"));
    let launch = server.stop();
    let file = rusqlite::Connection::open(launch.data()).unwrap();
    let ends = "UPDATE sessions SET expires_at = (unixepoch() + 4) * 1000";
    assert_eq!(file.execute(ends, []).unwrap(), 1);
    drop(file);
    let server = launch.start();
    for mut screen in DIALECTS.map(|dialect| staff.watch(&server, "", dialect)) {
        assert_eq!(screen.closed(), Some(CloseCode::Policy));
    }
    assert_eq!(role(&server, &staff), "public");
}

#[test]
fn who_signs_out_is_no_longer_at_a_desk_however_it_listens() {
    let server = behind_a_proxy().start();
    let staff_pin = pin(&server, "staff");
    let other = Person::at(FAR).signed_in(&server, &staff_pin);
    other.put(&server, "/api/desks/1", &json!({})).expect(201);
    let claim = |who: &Person, screen: &str| {
        let body = json!({ "screen": screen }).to_string();
        who.send(&server, "POST", "/api/desks/1/claim", &body)
    };
    let (mine, theirs) = ("1".repeat(32), "2".repeat(32));
    let place = format!("?desk=1&screen={mine}");
    for dialect in DIALECTS {
        let staff = Person::at(FAR).signed_in(&server, &staff_pin);
        let mut screen = staff.watch(&server, &place, dialect);
        claim(&staff, &mine).expect(200);
        claim(&other, &theirs).problem(409, "desk-in-use");
        let path = "/api/session";
        staff.send(&server, "DELETE", path, "").expect(204);
        screen.closed();
        claim(&other, &theirs).expect(200);
    }
    let staff = Person::at(FAR).signed_in(&server, &staff_pin);
    claim(&staff, &mine).expect(200);
    let seq = server.json("/api/health")["seq"].clone();
    let path = format!("/api/events{place}&since={seq}&wait=");
    // One poll has been answered, and the next one waits.
    staff.get(&server, &format!("{path}0")).expect(200);
    thread::scope(|scope| {
        let asked = Instant::now();
        let poll = scope.spawn(|| staff.get(&server, &format!("{path}25")).expect(200));
        claim(&other, &theirs).problem(409, "desk-in-use");
        thread::sleep(Duration::from_millis(300));
        staff
            .send(&server, "DELETE", "/api/session", "")
            .expect(204);
        assert_eq!(poll.join().unwrap().json(), json!([]));
        assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
    });
    claim(&other, &theirs).expect(200);
}

#[test]
fn a_sign_out_ends_every_session_that_the_browser_shows() {
    let server = behind_a_proxy().start();
    let cookie = |role: &str| {
        let answer = Person::at(FAR).sign_in(&server, &pin(&server, role));
        let answer = answer.expect(200);
        let cookie = answer.header("Set-Cookie").unwrap().split(';').next();
        cookie.unwrap().to_owned()
    };
    let (one, two) = (cookie("staff"), cookie("admin"));
    let both = Person::at(FAR).with("Cookie", &format!("{one}; {two}"));
    assert_eq!(role(&server, &both), "admin");
    both.send(&server, "DELETE", "/api/session", "").expect(204);
    for cookie in [one, two] {
        let alone = Person::at(FAR).with("Cookie", &cookie);
        assert_eq!(role(&server, &alone), "public");
    }
}
