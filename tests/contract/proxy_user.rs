//! People whom a reverse proxy has signed in: `--user-header` and `--admin-users`.

use serde_json::{Value, json};

use crate::common::{Launch, Server, array, text, wait_until};
use crate::people::{FAR, Person, behind_a_proxy, pin};

/// A server whose proxy names users in `Remote-User`.
fn office() -> Launch {
    behind_a_proxy().with(&["--user-header", "Remote-User", "--admin-users", "Ana, eva"])
}

fn user(name: &str) -> Person {
    Person::at(FAR).with("Remote-User", name)
}

fn session(server: &Server, who: &Person) -> Value {
    who.get(server, "/api/session").expect(200).json()
}

#[test]
fn a_proxy_says_who_somebody_is_and_the_flag_who_is_an_admin() {
    let server = office().start();
    for (name, role) in [("luis", "staff"), ("ana", "admin"), ("Eva", "admin")] {
        let found = session(&server, &user(name));
        assert_eq!(found["role"], role, "{name}");
        assert_eq!(found["name"], name);
        assert_eq!(found["session"], false);
    }
    // Whoever it does not name is public, and so is an empty name.
    for who in [Person::at(FAR), user(""), user(" ")] {
        let found = session(&server, &who);
        assert_eq!(found["role"], "public");
        assert_eq!(found["name"], Value::Null);
        who.post(&server, "/api/tickets").expect(201);
    }
    user("luis")
        .get(&server, "/api/audit")
        .problem(403, "not-allowed");
    // An admin can make somebody an admin among the people as well.
    let people = user("ana").get(&server, "/api/people").expect(200).json();
    let luis = array(&people).iter().find(|one| one["name"] == "luis");
    let path = format!("/api/people/{}", text(luis.unwrap(), "id"));
    user("ana")
        .put(&server, &path, &json!({"role": "admin"}))
        .expect(200);
    user("luis").get(&server, "/api/audit").expect(200);
}

#[test]
fn a_user_is_one_person_in_both_forms_of_unicode() {
    let (one, two) = ("Jos\u{e9}", "Jose\u{301}");
    let admins = format!("--admin-users={two}");
    let server = behind_a_proxy()
        .with(&["--user-header=Remote-User", &admins])
        .start();
    for name in [two, one] {
        let found = session(&server, &user(name));
        assert_eq!((text(&found, "name"), text(&found, "role")), (one, "admin"));
    }
    let people = user(one).get(&server, "/api/people").expect(200).json();
    assert_eq!(array(&people).len(), 1, "{people}");
}

#[test]
fn a_sign_out_through_the_proxy_ends_the_session_of_an_older_cookie() {
    let server = office().start();
    let signed_in = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    assert_eq!(session(&server, &signed_in)["role"], "admin");
    let through = signed_in.clone().with("Remote-User", "luis");
    assert_eq!(session(&server, &through)["role"], "staff");
    through
        .send(&server, "DELETE", "/api/session", "")
        .expect(204);
    // Whoever uses the device next without the proxy's user finds nobody signed in.
    assert_eq!(session(&server, &signed_in)["role"], "public");
}

#[test]
fn the_header_of_anybody_else_means_nothing() {
    let found = |launch: &Launch, who: &Person| {
        let server = launch.start();
        let found = session(&server, who);
        let people = Person::here().get(&server, "/api/people");
        (
            text(&found, "role").to_owned(),
            found["name"].clone(),
            people.status,
        )
    };
    let public = |launch: &Launch, who: &Person| {
        let (role, name, _) = found(launch, who);
        assert_eq!((role.as_str(), &name), ("public", &Value::Null), "{who:?}");
    };
    // Another machine is the proxy; this one passes itself off as it.
    let elsewhere = Launch::new().with(&[
        "--trusted-proxy=192.0.2.1",
        "--user-header=Remote-User",
        "--admin-users=ana",
    ]);
    public(&elsewhere, &user("ana"));
    public(
        &elsewhere,
        &user("ana").with("X-Forwarded-For", "192.0.2.1"),
    );
    // A proxy without the flag, and another header.
    public(&behind_a_proxy(), &user("ana"));
    public(&office(), &Person::at(FAR).with("X-Remote-User", "ana"));
    public(&office(), &Person::at(FAR).with("Remote_User", "ana"));
    // On this machine the header gives no name.
    let here = Person::here().with("Remote-User", "ana");
    let (role, name, _) = found(&elsewhere, &here);
    assert_eq!((role.as_str(), name), ("admin", Value::Null));
}

#[test]
fn a_header_that_names_nobody_clearly_is_refused() {
    let server = office().start();
    let long = "a".repeat(61);
    for (name, why) in [
        ("a/b", "cannot contain"),
        (long.as_str(), "at most 60"),
        ("a\u{202e}b", "invisible"),
    ] {
        let detail = user(name)
            .get(&server, "/api/session")
            .problem(422, "invalid");
        assert!(
            detail.contains("Remote-User") && detail.contains(why),
            "{detail}"
        );
    }
    let twice = user("ana").with("Remote-User", "luis");
    let detail = twice.get(&server, "/api/session").problem(422, "invalid");
    assert!(detail.contains("twice"), "{detail}");
}

#[test]
fn a_user_who_only_looks_like_an_admin_is_none() {
    let server = behind_a_proxy()
        .with(&["--user-header=Remote-User", "--admin-users=Karl,ana"])
        .start();
    assert_eq!(session(&server, &user("kARL"))["role"], "admin");
    // With the sign for kelvin.
    let other = session(&server, &user("\u{212a}arl"));
    assert_eq!(
        (&other["role"], &other["name"]),
        (&json!("staff"), &Value::Null)
    );
}

#[test]
fn a_user_for_whom_there_is_no_place_among_the_people_has_their_role_without_a_name() {
    let server = office().start();
    for n in 0..300 {
        session(&server, &user(&format!("user {n}")));
    }
    for (name, role) in [("ana", "admin"), ("luis", "staff")] {
        let found = session(&server, &user(name));
        assert_eq!(
            (&found["role"], &found["name"]),
            (&json!(role), &Value::Null)
        );
        user(name).get(&server, "/public.html").expect(200);
        user(name).post(&server, "/api/tickets").expect(201);
    }
    wait_until("the log says it", || {
        server.log().contains("\"luis\" of the proxy is not added")
    });
}

#[test]
fn the_proxy_decides_alone_and_a_cookie_adds_nothing() {
    let server = office().start();
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    assert_eq!(session(&server, &admin)["role"], "admin");
    let both = admin.clone().with("Remote-User", "luis");
    let found = session(&server, &both);
    assert_eq!(
        (text(&found, "role"), text(&found, "name")),
        ("staff", "luis")
    );
    both.get(&server, "/api/audit").problem(403, "not-allowed");
    // A PIN changes nothing, and the person reads why.
    let refused = user("luis").sign_in(&server, &pin(&server, "admin"));
    let detail = refused.problem(409, "signed-in-elsewhere");
    assert!(detail.contains("organisation"), "{detail}");
    // A token is a program's, whoever has opened it.
    let token = admin.make_token(&server, "agenda", "staff");
    let program = user("ana").with_token(&token);
    assert_eq!(session(&server, &program)["role"], "staff");
    // Pages of other sites cannot use it.
    let foreign = user("ana").with("Origin", "https://evil.example");
    foreign.post(&server, "/api/day").problem(403, "cross-site");
}

#[test]
fn the_audit_log_and_the_statistics_carry_the_name() {
    let server = office().start();
    let (ana, luis) = (user("ana"), user("luis"));
    ana.put(
        &server,
        "/api/settings",
        &json!({"statisticsByPerson": true}),
    )
    .expect(200);
    ana.post(&server, "/api/tickets").expect(201);
    luis.post(&server, "/api/desks/1/next").expect(200);
    let audit = ana.get(&server, "/api/audit").expect(200).json();
    let called = array(&audit)
        .iter()
        .find(|entry| entry["kind"] == "ticket-called");
    assert_eq!(called.expect("a call")["person"], "luis", "{audit}");
    let csv = ana.get(&server, "/api/tickets.csv").expect(200).text();
    assert!(csv.lines().any(|line| line.contains("luis")), "{csv}");
    // The same person after a restart, and not a second one.
    let server = server.restart();
    luis.post(&server, "/api/desks/1/finish").expect(200);
    let people = ana.get(&server, "/api/people").expect(200).json();
    let names: Vec<&str> = array(&people).iter().map(|one| text(one, "name")).collect();
    assert_eq!(names, ["ana", "luis"]);
}

#[test]
fn a_new_user_who_asks_often_at_once_is_one_person() {
    let server = office().start();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(session(&server, &user("luis"))["name"], "luis"));
        }
    });
    let people = user("luis")
        .get(&server, "/api/people")
        .problem(403, "not-allowed");
    assert!(!people.is_empty());
    let people = user("ana").get(&server, "/api/people").expect(200).json();
    assert_eq!(array(&people).len(), 2);
    // A screen with a desk needs staff.
    let screen = user("luis").watch(
        &server,
        "?desk=1&screen=00000000000000000000000000000001",
        Some("turnero.v1"),
    );
    drop(screen);
}
