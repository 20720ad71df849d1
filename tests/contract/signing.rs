//! PINs, sessions and tokens.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};
use std::sync::Barrier;
use std::thread;

use serde_json::json;

use crate::common::{Folder, Launch, Server, array, is_time, text, wait_for};
use crate::people::{FAR, Person, behind_a_proxy, pin};

/// What someone is, as the server says.
pub fn role(server: &Server, who: &Person) -> String {
    let session = who.get(server, "/api/session").expect(200).json();
    text(&session, "role").to_owned()
}

/// Runs `turnero pin ROLE` on a data file, with that on its standard input.
fn set_pin(launch: &Launch, role: &str, input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_turnero"))
        .args(["pin", role, "--data"])
        .arg(launch.data())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that cannot use the file ends without reading.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    let both = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(both).unwrap()
}

#[test]
fn pins_are_made_once_and_said_once_and_only_their_hashes_are_kept() {
    let server = behind_a_proxy().start();
    let (staff, admin) = (pin(&server, "staff"), pin(&server, "admin"));
    assert!(staff.len() == 8 && admin.len() == 8 && staff != admin);
    assert!(
        server.log().contains("turnero pin staff"),
        "how to change it"
    );
    // The file is for nobody else's eyes.
    let mode = |file: &std::path::Path| {
        let rights = std::fs::metadata(file).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::mode(&rights) & 0o777
    };
    let data = server.launch().data().to_owned();
    assert_eq!(mode(&data), 0o600);
    let mut beside = data.into_os_string();
    beside.push("-wal");
    assert_eq!(mode(std::path::Path::new(&beside)), 0o600);
    // And they are said even where the log is to say nothing.
    let folder = Folder::new();
    let mut quiet = Command::new(env!("CARGO_BIN_EXE_turnero"))
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(folder.join("quiet.db"))
        .env("RUST_LOG", "off")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(quiet.stderr.take().unwrap()).lines();
    let said: Vec<String> = lines.take(2).map(Result::unwrap).collect();
    quiet.kill().unwrap();
    quiet.wait().unwrap();
    let said = said.join("\n");
    for role in ["staff", "admin"] {
        assert!(said.contains(&format!("The PIN of {role}, ")), "{said}");
    }
    let server = server.restart();
    assert!(!server.log().contains("The PIN of"), "{}", server.log());
    assert_eq!(
        role(&server, &Person::at(FAR).signed_in(&server, &staff)),
        "staff"
    );
    assert_eq!(
        role(&server, &Person::at(FAR).signed_in(&server, &admin)),
        "admin"
    );
    let launch = server.stop();
    let file = std::fs::read(launch.data()).unwrap();
    for pin in [&staff, &admin] {
        let found = file.windows(pin.len()).any(|part| part == pin.as_bytes());
        assert!(!found, "the PIN is in the file");
    }
}

#[test]
fn a_session_is_a_cookie_that_scripts_and_other_sites_cannot_use() {
    let server = behind_a_proxy().start();
    let far = Person::at(FAR);
    let answer = far.sign_in(&server, &pin(&server, "staff")).expect(200);
    let expected = json!({ "role": "staff", "open": false, "session": true, "local": false });
    assert_eq!(answer.json(), expected);
    let cookie = answer.header("Set-Cookie").unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(
            cookie.split("; ").any(|other| other == part),
            "{part}: {cookie}"
        );
    }
    assert!(
        !cookie.contains("Secure"),
        "it would be lost over HTTP: {cookie}"
    );
    let device = answer.headers("Set-Cookie").nth(1).unwrap();
    assert!(device.starts_with("turnero-device="), "{device}");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(device.split("; ").any(|other| other == part), "{device}");
    }
    let value = cookie.split(['=', ';']).nth(1).unwrap();
    assert!(value.len() >= 22, "128 bits at least: {value}");
    let secure = far.clone().with("X-Forwarded-Proto", "https");
    let answer = secure.sign_in(&server, &pin(&server, "staff")).expect(200);
    assert!(answer.header("Set-Cookie").unwrap().ends_with("; Secure"));
}

#[test]
fn a_session_outlives_a_restart_and_ends_with_a_sign_out() {
    let server = behind_a_proxy().start();
    let admin_pin = pin(&server, "admin");
    let staff = Person::at(FAR).signed_in(&server, &pin(&server, "staff"));
    let other = Person::at(FAR).signed_in(&server, &pin(&server, "staff"));
    let server = server.restart();
    assert_eq!(role(&server, &staff), "staff");
    let out = staff
        .send(&server, "DELETE", "/api/session", "")
        .expect(204);
    assert!(out.header("Set-Cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(role(&server, &staff), "public");
    staff.get(&server, "/api/desks").problem(401, "pin-needed");
    // Whoever signs in again leaves no session behind that nobody can end.
    let again = other.clone().signed_in(&server, &admin_pin);
    assert_eq!(role(&server, &other), "public");
    assert_eq!(role(&server, &again), "admin");
    let other = again;
    let server = server.restart();
    assert_eq!(role(&server, &staff), "public");
    assert_eq!(role(&server, &other), "admin", "each session is its own");
}

#[test]
fn a_changed_pin_ends_the_sessions_of_its_role_and_no_others() {
    let server = behind_a_proxy().start();
    let (old, admin_pin) = (pin(&server, "staff"), pin(&server, "admin"));
    let staff = Person::at(FAR).signed_in(&server, &old);
    let admin = Person::at(FAR).signed_in(&server, &admin_pin);
    let put = |body| admin.put(&server, "/api/pins/staff", &body);
    for bad in ["12345", "111111", "12345678", &admin_pin, ""] {
        put(json!({ "pin": bad })).problem(422, "invalid");
    }
    assert_eq!(role(&server, &staff), "staff");
    put(json!({ "pin": "Tres-Tristes" })).expect(204);
    admin
        .put(&server, "/api/pins/guest", &json!({ "pin": "735102" }))
        .problem(404, "not-found");
    assert_eq!(role(&server, &staff), "public");
    assert_eq!(role(&server, &admin), "admin");
    let server = server.restart();
    assert_eq!(role(&server, &staff), "public");
    Person::at(FAR)
        .sign_in(&server, &old)
        .problem(401, "wrong-pin");
    Person::at(FAR).sign_in(&server, "Tres-Tristes").expect(200);
}

#[test]
fn the_command_line_sets_a_pin_while_no_server_runs() {
    let server = behind_a_proxy().start();
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    let output = set_pin(server.launch(), "admin", "73510284\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("settings screen"),
        "{}",
        said(&output)
    );
    let launch = server.stop();
    let output = set_pin(&launch, "admin", "73510284\n");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(!said(&output).contains("73510284"), "{}", said(&output));
    let output = set_pin(&launch, "staff", "\n");
    let made: String = said(&output).split(" is ").nth(1).unwrap()[..8].to_owned();
    for bad in ["123\n", "73510284\n", "111111\n"] {
        let output = set_pin(&launch, "staff", bad);
        assert_eq!(output.status.code(), Some(1), "{bad}");
        assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
    }
    let server = launch.start();
    assert_eq!(role(&server, &admin), "public", "its session has ended");
    let sign_in = |pin| Person::at(FAR).signed_in(&server, pin);
    assert_eq!(role(&server, &sign_in("73510284")), "admin");
    assert_eq!(role(&server, &sign_in(&made)), "staff");
}

#[test]
fn a_token_is_shown_once_listed_with_its_last_use_and_revoked() {
    let server = behind_a_proxy().start();
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    let body = json!({ "name": "kiosk", "role": "staff" }).to_string();
    let made = admin.send(&server, "POST", "/api/tokens", &body);
    let made = made.expect(201).json();
    assert!(text(&made, "token").len() >= 22, "{made}");
    let program = Person::at(FAR).with_token(text(&made, "token"));
    admin
        .send(&server, "POST", "/api/tokens", &body)
        .problem(422, "invalid");
    for bad in [json!({}), json!({ "name": "x", "role": "king" })] {
        let answer = admin.send(&server, "POST", "/api/tokens", &bad.to_string());
        answer.problem(422, "invalid");
    }
    let listed = || admin.get(&server, "/api/tokens").expect(200).json();
    assert_eq!(listed()[0]["lastUsedAt"], json!(null));
    assert!(listed()[0].get("token").is_none());
    program.get(&server, "/api/desks").expect(200);
    assert!(is_time(&listed()[0]["lastUsedAt"]), "{}", listed());
    assert!(is_time(&listed()[0]["createdAt"]));
    let server = server.restart();
    let listed = || admin.get(&server, "/api/tokens").expect(200).json();
    assert!(is_time(&listed()[0]["lastUsedAt"]), "{}", listed());
    assert_eq!(role(&server, &program), "staff");
    let path = format!("/api/tokens/{}", text(&listed()[0], "id"));
    admin.send(&server, "DELETE", &path, "").expect(204);
    admin
        .send(&server, "DELETE", &path, "")
        .problem(404, "not-found");
    program
        .get(&server, "/api/desks")
        .problem(401, "pin-needed");
    let server = server.restart();
    program
        .get(&server, "/api/state")
        .problem(401, "pin-needed");
    let listed = admin.get(&server, "/api/tokens").expect(200).json();
    assert!(array(&listed).is_empty(), "{listed}");
}

#[test]
fn a_token_that_is_asked_for_again_with_its_key_is_the_same_and_kept_nowhere() {
    let server = behind_a_proxy().start();
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    let keyed = admin.clone().with("Idempotency-Key", "k-1");
    let ask = |server: &Server, name: &str| {
        let body = json!({ "name": name, "role": "staff" }).to_string();
        keyed.send(server, "POST", "/api/tokens", &body)
    };
    let first = ask(&server, "kiosk").expect(201).json();
    assert_eq!(ask(&server, "kiosk").expect(201).json(), first);
    assert_eq!(array(&admin.get(&server, "/api/tokens").json()).len(), 1);
    let detail = ask(&server, "other").problem(422, "invalid");
    assert!(detail.contains("Idempotency-Key"), "{detail}");
    let other = admin.make_token(&server, "other", "staff");
    assert_ne!(first["token"], json!(other));
    let path = format!("/api/tokens/{}", text(&first, "id"));
    admin.send(&server, "DELETE", &path, "").expect(204);
    // What was taken away does not come back.
    ask(&server, "kiosk").problem(422, "invalid");
    let program = Person::at(FAR).with_token(text(&first, "token"));
    program
        .get(&server, "/api/state")
        .problem(401, "pin-needed");
    let launch = server.stop();
    let file = std::fs::read(launch.data()).unwrap();
    let secret = text(&first, "token").as_bytes();
    assert!(!file.windows(secret.len()).any(|part| part == secret));
}

#[test]
fn guessing_is_slowed_for_an_address_and_as_a_whole() {
    let server = behind_a_proxy().start();
    let right = pin(&server, "staff");
    let wrong = |address: &str| Person::at(address).sign_in(&server, "00000000");
    for _ in 0..5 {
        wrong("192.0.2.1").problem(401, "wrong-pin");
    }
    let detail = wrong("192.0.2.1").problem(429, "too-many-requests");
    assert!(detail.contains(" s."), "how long to wait: {detail}");
    let answer = Person::at("192.0.2.1").sign_in(&server, &right);
    answer.problem(429, "too-many-requests");
    Person::at("192.0.2.2").sign_in(&server, &right).expect(200);
    // From many addresses at once.
    let mut refused = 0;
    for n in 0..40 {
        let answer = wrong(&format!("198.51.100.{}", n % 8));
        refused += usize::from(answer.status == 429);
    }
    // 15 are left of the 20 that all addresses share; a few more come back with time.
    assert!(refused >= 20, "{refused} of 40 guesses were refused");
    assert!(server.log().contains("Wrong PIN from 192.0.2.1"));
    assert!(!server.log().contains("00000000"), "{}", server.log());
}

#[test]
fn nobody_hides_their_address_behind_what_is_no_text() {
    let server = behind_a_proxy().start();
    // As a proxy adds it to what the client has said.
    let head: &[u8] = b"POST /api/tickets HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: \xff, ";
    let mut client = server.client();
    client.raw([head, FAR.as_bytes(), b"\r\n\r\n"].concat());
    client.answer().expect(201);
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    let trace = admin.get(&server, "/api/trace").expect(200).json();
    let mut made = array(&trace).iter();
    let made = made.find(|one| one["type"] == "ticket-created").unwrap();
    assert_eq!(made["address"], FAR);
}

#[test]
fn twenty_who_sign_in_at_once_all_get_in_and_it_costs_none_of_them_a_guess() {
    let server = behind_a_proxy().start();
    let right = pin(&server, "staff");
    // Each from an address of its own, and all from one.
    for address in [|n: usize| format!("192.0.2.{n}"), |_| FAR.to_owned()] {
        let together = Barrier::new(20);
        thread::scope(|scope| {
            for n in 1..=20 {
                let (server, right, together) = (&server, &right, &together);
                scope.spawn(move || {
                    let person = Person::at(&address(n));
                    together.wait();
                    wait_for("it is let in", || {
                        let answer = person.sign_in(server, right);
                        if answer.status == 200 {
                            return Some(());
                        }
                        assert_eq!(answer.header("Retry-After"), Some("1"));
                        let detail = answer.problem(503, "busy");
                        assert!(detail.contains("Many people are signing in"), "{detail}");
                        None
                    });
                });
            }
        });
    }
    let wrong = || Person::at(FAR).sign_in(&server, "00000000");
    for _ in 0..5 {
        wrong().problem(401, "wrong-pin");
    }
    wrong().problem(429, "too-many-requests");
}

#[test]
fn an_ipv6_network_counts_as_one_address_for_wrong_pins() {
    let server = behind_a_proxy().start();
    let wrong = |n: u32| Person::at(&format!("2001:db8:1:2::{n}")).sign_in(&server, "00000000");
    for n in 1..=5 {
        wrong(n).problem(401, "wrong-pin");
    }
    wrong(6).problem(429, "too-many-requests");
    let other = Person::at("2001:db8:1:3::1");
    other.sign_in(&server, &pin(&server, "staff")).expect(200);
}

#[test]
fn whoever_guesses_from_many_addresses_does_not_lock_out_a_device_that_signed_in_before() {
    let server = behind_a_proxy().start();
    let right = pin(&server, "staff");
    let desk = Person::at("192.0.2.1").known_device(&server, &right);
    let attack = |server: &Server| {
        let from = (1..=60).map(|n| Person::at(&format!("198.51.100.{n}")));
        let answers = from.map(|one| one.sign_in(server, "00000000").status);
        let last: Vec<u16> = answers.collect();
        assert_eq!(last.last(), Some(&429), "it is slowed down: {last:?}");
    };
    let expect_only_desk_signs_in = |server: &Server| {
        attack(server);
        let stranger = Person::at("192.0.2.1").sign_in(server, &right);
        stranger.problem(429, "too-many-requests");
        desk.sign_in(server, "00000000").problem(401, "wrong-pin");
        desk.sign_in(server, &right).expect(200);
    };
    expect_only_desk_signs_in(&server);
    let server = server.restart();
    expect_only_desk_signs_in(&server);
}

#[test]
fn a_new_pin_makes_the_device_cookies_of_its_role_void() {
    let server = behind_a_proxy().start();
    let old = pin(&server, "staff");
    let desk = Person::at("192.0.2.1").known_device(&server, &old);
    let new = serde_json::json!({ "pin": "Tres-Tristes" });
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    admin.put(&server, "/api/pins/staff", &new).expect(204);
    for _ in 0..5 {
        desk.sign_in(&server, &old).problem(401, "wrong-pin");
    }
    // A known device would have another bucket left, that of its address.
    desk.sign_in(&server, &old)
        .problem(429, "too-many-requests");
}
