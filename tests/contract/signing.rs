//! Signing in: PINs, sessions, tokens, and the limits on guessing.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};
use std::sync::Barrier;
use std::thread;

use serde_json::json;

use crate::common::{Folder, Launch, Server, array, is_time, text, wait_for, wait_until};
use crate::people::{FAR, Person, behind_a_proxy, pin};

/// The role that `GET /api/session` shows.
pub fn role(server: &Server, who: &Person) -> String {
    let session = who.get(server, "/api/session").expect(200).json();
    text(&session, "role").to_owned()
}

/// Runs `turnero pin ROLE` on a data file, with `input` as its standard input.
fn set_pin(launch: &Launch, role: &str, input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_turnero"))
        .args(["pin", role])
        .args(launch.storage())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // If it cannot use the file, it exits without reading.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text_of(output: &Output) -> String {
    let both = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(both).unwrap()
}

#[test]
fn pins_are_made_and_shown_once_and_stored_as_hashes() {
    let server = behind_a_proxy().in_file().start();
    let (staff, admin) = (pin(&server, "staff"), pin(&server, "admin"));
    assert!(staff.len() == 8 && admin.len() == 8 && staff != admin);
    assert!(
        server.log().contains("turnero pin staff"),
        "how to change it"
    );
    // Only the owner may read the file.
    let mode = |file: &std::path::Path| {
        let rights = std::fs::metadata(file).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::mode(&rights) & 0o777
    };
    let data = server.launch().data().to_owned();
    assert_eq!(mode(&data), 0o600);
    let mut beside = data.into_os_string();
    beside.push("-wal");
    assert_eq!(mode(std::path::Path::new(&beside)), 0o600);
    // The PINs are shown even if the log is off.
    let folder = Folder::new();
    let mut quiet = Command::new(env!("CARGO_BIN_EXE_turnero"))
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(folder.join("quiet.db"))
        .env("RUST_LOG", "off")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(quiet.stderr.take().unwrap()).lines();
    let shown: Vec<String> = lines.take(2).map(Result::unwrap).collect();
    quiet.kill().unwrap();
    quiet.wait().unwrap();
    let shown = shown.join("\n");
    for role in ["staff", "admin"] {
        assert!(shown.contains(&format!("The PIN of {role}, ")), "{shown}");
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
fn a_session_survives_a_restart_and_ends_with_the_sign_out() {
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
    // Signing in again ends the earlier session of the browser.
    let again = other.clone().signed_in(&server, &admin_pin);
    assert_eq!(role(&server, &other), "public");
    assert_eq!(role(&server, &again), "admin");
    let other = again;
    let server = server.restart();
    assert_eq!(role(&server, &staff), "public");
    assert_eq!(role(&server, &other), "admin", "each session is its own");
}

#[test]
fn a_new_pin_ends_only_the_sessions_of_its_role() {
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
    let server = behind_a_proxy().in_file().start();
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    let output = set_pin(server.launch(), "admin", "73510284\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text_of(&output).contains("settings screen"),
        "{}",
        text_of(&output)
    );
    let launch = server.stop();
    let output = set_pin(&launch, "admin", "73510284\n");
    assert_eq!(output.status.code(), Some(0), "{}", text_of(&output));
    assert!(
        !text_of(&output).contains("73510284"),
        "{}",
        text_of(&output)
    );
    let output = set_pin(&launch, "staff", "\n");
    let made: String = text_of(&output).split(" is ").nth(1).unwrap()[..8].to_owned();
    for bad in ["123\n", "73510284\n", "111111\n"] {
        let output = set_pin(&launch, "staff", bad);
        assert_eq!(output.status.code(), Some(1), "{bad}");
        assert_eq!(text_of(&output).lines().count(), 1, "{}", text_of(&output));
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
fn a_repeated_request_for_a_token_gets_the_same_token_which_is_not_stored() {
    let server = behind_a_proxy().in_file().start();
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
    // A deleted token does not come back.
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
fn guessing_is_limited_per_address_and_in_all() {
    let server = behind_a_proxy().start();
    let right = pin(&server, "staff");
    let wrong = |address: &str| Person::at(address).sign_in(&server, "00000000");
    for _ in 0..5 {
        wrong("192.0.2.1").problem(401, "wrong-pin");
    }
    let detail = wrong("192.0.2.1").problem(429, "too-many-requests");
    assert!(detail.contains(" s."), "it says how long to wait: {detail}");
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
    wait_until("the log says it", || {
        server.log().contains("Wrong PIN from 192.0.2.1")
    });
    assert!(!server.log().contains("00000000"), "{}", server.log());
}

#[test]
fn invalid_utf8_in_a_forwarding_header_does_not_hide_the_client() {
    let server = behind_a_proxy().start();
    // A proxy appends the address to what the client sent.
    let head: &[u8] = b"POST /api/tickets HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: \xff, ";
    let mut client = server.client();
    client.raw([head, FAR.as_bytes(), b"\r\n\r\n"].concat());
    client.answer().expect(201);
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    let audit = admin.get(&server, "/api/audit").expect(200).json();
    let mut made = array(&audit).iter();
    let made = made.find(|one| one["kind"] == "ticket-created").unwrap();
    assert_eq!(made["address"], FAR);
}

#[test]
fn twenty_sign_ins_at_once_all_succeed_and_count_as_no_wrong_pins() {
    let server = behind_a_proxy().start();
    let right = pin(&server, "staff");
    // From twenty addresses, and from one.
    for address in [|n: usize| format!("192.0.2.{n}"), |_| FAR.to_owned()] {
        let together = Barrier::new(20);
        thread::scope(|scope| {
            for n in 1..=20 {
                let (server, right, together) = (&server, &right, &together);
                scope.spawn(move || {
                    let person = Person::at(&address(n));
                    together.wait();
                    wait_for("the sign-in succeeds", || {
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
fn guessing_from_many_addresses_does_not_lock_out_a_known_device() {
    let server = behind_a_proxy().start();
    let right = pin(&server, "staff");
    let desk = Person::at("192.0.2.1").known_device(&server, &right);
    let attack = |server: &Server| {
        let from = (1..=60).map(|n| Person::at(&format!("198.51.100.{n}")));
        let answers = from.map(|one| one.sign_in(server, "00000000").status);
        let last: Vec<u16> = answers.collect();
        assert_eq!(last.last(), Some(&429), "guessing is limited: {last:?}");
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
fn a_new_pin_makes_its_roles_device_cookies_invalid() {
    let server = behind_a_proxy().start();
    let old = pin(&server, "staff");
    let desk = Person::at("192.0.2.1").known_device(&server, &old);
    let new = serde_json::json!({ "pin": "Tres-Tristes" });
    let admin = Person::at(FAR).signed_in(&server, &pin(&server, "admin"));
    admin.put(&server, "/api/pins/staff", &new).expect(204);
    for _ in 0..5 {
        desk.sign_in(&server, &old).problem(401, "wrong-pin");
    }
    // A known device could use the tokens of its address now.
    desk.sign_in(&server, &old)
        .problem(429, "too-many-requests");
}

#[test]
fn cookies_of_others_do_not_hide_the_session() {
    let server = behind_a_proxy().start();
    let session = |cookies: &str| {
        let far = Person::at(FAR).with("Cookie", cookies);
        far.get(&server, "/api/session").expect(200).json()
    };
    let answer = Person::at(FAR)
        .sign_in(&server, &pin(&server, "staff"))
        .expect(200);
    let mine = answer
        .header("Set-Cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let junk = "turnero-session=junk; ".repeat(40);
    assert_eq!(session(&format!("{junk}{mine}"))["role"], "staff");
    assert_eq!(session(&junk)["role"], "public");
}
