//! Offices in a database of PostgreSQL. These tests run beside the one of `tests/with-postgres`; without it they do
//! nothing, and say so.

use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{
    Folder, Launch, Receiver, Response, Server, codes, database, number, office_of, run_to_end,
    seq, sql, sql_in, text, try_sql, wait_until,
};
use crate::people::{FAR, Person, behind_a_proxy, pin};

/// The address of the database; `None` skips the test.
pub fn database_or_skip() -> Option<String> {
    let found = database();
    if found.is_none() {
        eprintln!("not run: tests/with-postgres gives these tests a database");
    }
    found
}

/// Runs the program with these words on the storage of an office.
fn turnero(folder: &Folder, words: &[&str], launch: &Launch) -> Output {
    Command::new(env!("CARGO_BIN_EXE_turnero"))
        .current_dir(folder.path())
        .args(words)
        .args(launch.storage())
        .env_remove("PORT")
        .output()
        .unwrap()
}

#[test]
fn an_office_moves_from_a_file_to_a_database_and_back() {
    if database_or_skip().is_none() {
        return;
    }
    let folder = Folder::new();
    let server = Launch::new().in_file().start();
    server
        .put_json("/api/services/B", &json!({ "name": "Quejas" }))
        .expect(201);
    let ids: Vec<String> = (0..3)
        .map(|_| text(&server.ticket(), "id").to_owned())
        .collect();
    let mut launch = server.stop();
    for (n, to) in [Launch::new(), Launch::new().in_file()].iter().enumerate() {
        let file = format!("{n}.json");
        let exported = turnero(&folder, &["export", &file], &launch);
        assert!(exported.status.success(), "{exported:?}");
        let imported = turnero(&folder, &["import", &file], to);
        assert!(imported.status.success(), "{imported:?}");
        // As it was before it came: its events begin later.
        let until = turnero(
            &folder,
            &["export", &format!("{n}-until.json"), "--until", "1"],
            to,
        );
        assert!(until.status.success(), "{until:?}");
        let server = to.start();
        assert_eq!(codes(&server.json("/api/tickets")), ["A1", "A2", "A3"]);
        assert_eq!(server.json("/api/services")[1]["name"], "Quejas");
        for id in &ids {
            server.get(&format!("/api/tickets/{id}")).expect(200);
        }
        launch = server.stop();
    }
}

#[test]
fn offices_of_one_database_know_nothing_of_each_other() {
    if database_or_skip().is_none() {
        return;
    }
    let (one, other) = (Launch::new().start(), Launch::new().start());
    let made = one.ticket();
    one.post("/api/desks/1/next").expect(200);
    assert_eq!(codes(&other.json("/api/tickets")), [""; 0]);
    assert_eq!(other.json("/api/health")["seq"], 0);
    other
        .get(&format!("/api/tickets/{}", text(&made, "id")))
        .problem(404, "not-found");
    assert_eq!(other.ticket()["code"], "A1");
    let kinds = |server: &Server| server.json("/api/audit").to_string();
    assert!(kinds(&one).contains("ticket-called") && !kinds(&other).contains("ticket-called"));
    assert_eq!(codes(&other.restart().json("/api/tickets")), ["A1"]);
}

#[test]
fn a_password_in_the_address_is_shown_nowhere() {
    let Some(address) = database_or_skip() else {
        return;
    };
    let secret = "s3cret-pa55";
    let address = address.replace("postgres:///", &format!("postgres://turnero:{secret}@/"));
    let folder = Folder::new();
    let launch = Launch::new().with(&["--data", &address, "--office", "with a password"]);
    let server = launch.with_variable("RUST_LOG", "trace").start();
    server.ticket();
    assert!(!server.log().contains(secret), "{}", server.log());
    drop(server);
    let wrong = address.replace("host=", "host=/no/such/folder");
    let worse = format!("postgres://turnero:{secret}@host:{secret}/db");
    for (words, address) in [
        (vec!["--check-config"], &address),
        (vec![], &wrong),
        (vec![], &worse),
        (vec!["export"], &wrong),
    ] {
        let words = [words, vec!["--data", address]].concat();
        let output = run_to_end(folder.path(), &words, &[]);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!said.contains(secret), "{said}");
    }
}

#[test]
fn a_database_that_cannot_be_opened_is_named_without_advice_for_files() {
    let Some(address) = database_or_skip() else {
        return;
    };
    let folder = Folder::new();
    let wrong = address.replace("host=", "host=/no/such/folder");
    let absent = "accepting connections on that socket?";
    for (words, address, why) in [
        (["export", "o.json"], &address, "there is no such office."),
        (["export", "o.json"], &wrong, absent),
        (["pin", "staff"], &wrong, absent),
    ] {
        let words = [&words[..], &["--data", address, "--office", "nobody's"]].concat();
        let output = run_to_end(folder.path(), &words, &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.trim_end().ends_with(why), "{said}");
    }
}

/// The address of a new database; `None` skips the test.
fn own_database(name: &str, options: &str) -> Option<String> {
    let address = database_or_skip()?;
    let name = format!("{name}_{}", std::process::id());
    sql(&format!("CREATE DATABASE {name} {options}"));
    Some(address.replace("postgres:///postgres", &format!("postgres:///{name}")))
}

#[test]
fn what_the_database_refuses_is_known_not_to_be_stored() {
    let Some(address) = own_database("full", "") else {
        return;
    };
    let server = Launch::new().with(&["--data", &address]).start();
    server.ticket();
    // As a full disk does it.
    let full = |action: &str| {
        for table in ["events", "batches"] {
            sql_in(&address, &format!("ALTER TABLE {table} {action}"));
        }
    };
    full("ADD CONSTRAINT no_room CHECK (false) NOT VALID");
    let refused = server.post("/api/tickets");
    let detail = refused.problem(503, "storage-unavailable");
    assert!(detail.contains("Nothing was changed"), "{detail}");
    full("DROP CONSTRAINT no_room");
    wait_until("a ticket", || server.post("/api/tickets").status == 201);
    assert_eq!(codes(&server.json("/api/tickets")), ["A1", "A2"]);
}

#[test]
fn a_database_that_lacks_characters_is_refused_before_it_has_tables() {
    let options = "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0";
    let Some(address) = own_database("latin", options) else {
        return;
    };
    let folder = Folder::new();
    let output = run_to_end(folder.path(), &["--data", &address], &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("its encoding is not UTF8"), "{said}");
}

#[test]
fn the_name_of_an_office_is_one_in_all_its_forms() {
    if database_or_skip().is_none() {
        return;
    }
    let office = |form: &str| format!("{} {form}", std::process::id());
    let address = database().unwrap();
    let start = |name: &str| {
        let flags = ["--data", &address, "--office", &office(name)];
        Launch::new().with(&flags).start()
    };
    let server = start("Jos\u{e9}");
    server.ticket();
    assert_eq!(codes(&start("Jose\u{301}  ").json("/api/tickets")), ["A1"]);
    let folder = Folder::new();
    for (name, why) in [(" ", "cannot be empty"), ("a\u{200b}b", "U+200B")] {
        let output = run_to_end(folder.path(), &["--data", &address, "--office", name], &[]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("--office") && said.contains(why), "{said}");
    }
}

#[test]
fn tables_of_a_newer_version_are_refused_in_one_line() {
    let Some(address) = own_database("newer", "") else {
        return;
    };
    let launch = Launch::new().with(&["--data", &address]);
    let launch = launch.start().stop();
    sql_in(&address, "UPDATE version SET version = 999");
    drop(launch);
    let folder = Folder::new();
    let output = run_to_end(folder.path(), &["--data", &address], &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("newer turnero (version 999"), "{said}");
}

#[test]
fn a_lost_connection_to_the_database_is_made_again_and_nothing_is_lost() {
    if database_or_skip().is_none() {
        return;
    }
    let server = Launch::new().start();
    let mut screen = server.screen("");
    screen.expect("state");
    for n in 1..=5 {
        assert_eq!(server.ticket()["number"], n);
        let office = server.launch().storage()[3].to_string_lossy().into_owned();
        // As a restart of the database does. Other tests share it, so only those of this office.
        let cut = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = left('turnero {office}', 63)"
        );
        assert!(sql(&cut).contains('t'), "a connection was cut");
    }
    assert_eq!(server.ticket()["number"], 6);
    let heard =
        (1..=6).map(|_| screen.expect("ticket-created")["payload"]["ticket"]["number"].clone());
    assert_eq!(
        heard.collect::<Vec<_>>(),
        (1..=6).map(|n| json!(n)).collect::<Vec<_>>()
    );
    let server = server.kill().start();
    assert_eq!(codes(&server.json("/api/tickets")).len(), 6);
}

/// So many servers on one office.
pub fn servers(count: usize) -> Vec<Server> {
    let launch = Launch::new();
    (0..count).map(|_| launch.start()).collect()
}

#[test]
fn servers_of_one_office_give_no_number_and_call_no_ticket_twice_and_all_screens_hear_the_same() {
    if database_or_skip().is_none() {
        return;
    }
    const EACH: usize = 40;
    let servers = servers(3);
    let mut screens: Vec<_> = servers.iter().map(|server| server.screen("")).collect();
    for screen in &mut screens {
        screen.expect("state");
    }
    let (made, called) = thread::scope(|scope| {
        let makers: Vec<_> = servers
            .iter()
            .map(|server| {
                scope.spawn(|| {
                    (0..EACH)
                        .map(|_| number(&server.ticket(), "number"))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let callers: Vec<_> = (0..servers.len())
            .map(|n| {
                let server = &servers[n];
                scope.spawn(move || {
                    let mut called = Vec::new();
                    while called.len() < EACH {
                        let answer = server.post(&format!("/api/desks/{n}/next"));
                        if answer.status == 200 {
                            called.push(number(&answer.json(), "number"));
                        } else {
                            answer.problem(409, "queue-empty");
                        }
                    }
                    called
                })
            })
            .collect();
        let all = |threads: Vec<thread::ScopedJoinHandle<'_, Vec<u64>>>| {
            let mut all: Vec<u64> = threads
                .into_iter()
                .flat_map(|one| one.join().unwrap())
                .collect();
            all.sort_unstable();
            all
        };
        (all(makers), all(callers))
    });
    let each_once: Vec<u64> = (1..=(3 * EACH) as u64).collect();
    assert_eq!(made, each_once);
    assert_eq!(called, each_once);
    let last = number(&servers[0].json("/api/health"), "seq");
    let heard: Vec<_> = screens
        .iter_mut()
        .map(|screen| screen.until(last))
        .collect();
    let seqs: Vec<u64> = heard[0].iter().map(seq).collect();
    let expected: Vec<u64> = (last + 1 - seqs.len() as u64..=last).collect();
    assert_eq!(seqs, expected, "each event once, in order");
    assert!(
        heard.iter().all(|one| *one == heard[0]),
        "the same on each server"
    );
}

#[test]
fn what_one_server_does_another_shows_soon_and_a_screen_may_change_the_server() {
    if database_or_skip().is_none() {
        return;
    }
    let servers = servers(2);
    let mut screen = servers[1].screen("");
    screen.expect("state");
    let begun = Instant::now();
    servers[0].ticket();
    let heard = screen.expect("ticket-created");
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    servers[1].post("/api/desks/1/next").expect(200);
    // It comes back to the other server, and hears what it missed.
    let mut moved = servers[0].screen(&format!("?since={}", seq(&heard)));
    assert_eq!(screen.until(seq(&heard) + 2), moved.until(seq(&heard) + 2));
    // The desk serves somebody, whichever server is asked.
    let current = servers[0].post_json("/api/desks/1/next", &json!({"current": null}));
    current.problem(409, "desk-moved-on");
}

#[test]
fn a_repeated_request_gets_its_answer_from_any_server() {
    if database_or_skip().is_none() {
        return;
    }
    let servers = servers(2);
    for n in 0..10 {
        let key = format!("key-{n}");
        let ask = |server: &Server| {
            let headers = [("Idempotency-Key", key.as_str())];
            server.client().send("POST", "/api/tickets", &headers, b"")
        };
        // At the same time, so that both find no answer yet.
        let answers = thread::scope(|scope| {
            let threads: Vec<_> = servers
                .iter()
                .map(|server| scope.spawn(|| ask(server)))
                .collect();
            threads
                .into_iter()
                .map(|one| one.join().unwrap())
                .collect::<Vec<_>>()
        });
        let made: Vec<_> = answers
            .into_iter()
            .map(|one| one.expect(201).json())
            .collect();
        assert_eq!(made[0], made[1]);
    }
    assert_eq!(servers[0].json("/api/health")["waiting"], 10);
    // A refusal is no event, and is kept all the same.
    let client = |server: &Server| {
        let headers = [("Idempotency-Key", "none")];
        let path = "/api/tickets/00000000000000000000000000000000/cancel";
        server.client().send("POST", path, &headers, b"").status
    };
    assert_eq!(client(&servers[0]), client(&servers[1]));
}

#[test]
fn who_signs_in_on_one_server_is_signed_in_on_the_other_until_the_pin_changes() {
    if database_or_skip().is_none() {
        return;
    }
    let launch = behind_a_proxy();
    let one = launch.start();
    let pin = pin(&one, "staff");
    let other = launch.start();
    let staff = Person::at(FAR).signed_in(&one, &pin);
    let role = |server: &Server| {
        let session = staff.get(server, "/api/session").expect(200).json();
        text(&session, "role").to_owned()
    };
    wait_until("the session is there", || role(&other) == "staff");
    let set = turnero(&Folder::new(), &["pin", "staff"], &launch);
    assert!(set.status.success(), "{set:?}");
    wait_until("the session has ended", || {
        role(&other) == "public" && role(&one) == "public"
    });
}

#[test]
fn one_server_sends_to_a_webhook_and_another_takes_over() {
    if database_or_skip().is_none() {
        return;
    }
    let receiver = Receiver::new();
    let mut servers = servers(3);
    let made = json!({"url": receiver.url(), "types": ["ticket-created"]});
    servers[2].post_json("/api/webhooks", &made).expect(201);
    servers[1].ticket();
    receiver.wait_for(1);
    servers.remove(0).kill();
    for n in 2..=4 {
        servers[n % 2].ticket();
        let is_there = |seq| receiver.messages().iter().any(|one| one.seq() == seq);
        wait_until("another server sends", || is_there(n as u64));
    }
    // A message may come twice after a server was killed, and none is left out.
    let mut seqs: Vec<u64> = receiver.messages().iter().map(|one| one.seq()).collect();
    seqs.dedup();
    assert_eq!(seqs, [1, 2, 3, 4]);
}

/// Lets each of two servers decide a request before the other one's is stored. Returns the answers.
fn at_once(servers: &[Server], ask: impl Fn(usize, &Server) -> Response + Sync) -> Vec<Response> {
    let office = office_of(servers[0].launch().data());
    let holder = format!("holder of {office}");
    let count = |condition: &str| {
        let count = format!("SELECT count(*) FROM pg_stat_activity WHERE {condition}");
        sql(&count).trim().to_owned()
    };
    thread::scope(|scope| {
        let hold = format!(
            "SET application_name TO '{holder}'; BEGIN;
             SELECT FROM offices WHERE office = '{office}' FOR UPDATE; SELECT pg_sleep(60)"
        );
        let address = database().unwrap();
        scope.spawn(move || try_sql(&address, &hold));
        let is_held = format!("application_name = '{holder}' AND wait_event = 'PgSleep'");
        wait_until("the row is locked", || count(&is_held) == "1");
        let ask = &ask;
        let asking: Vec<_> = servers
            .iter()
            .enumerate()
            .map(|(n, server)| scope.spawn(move || ask(n, server)))
            .collect();
        let waits = format!("application_name = 'turnero {office}' AND wait_event_type = 'Lock'");
        wait_until("both wait for the row", || count(&waits) == "2");
        sql(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{holder}'"
        ));
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

/// Whether one of two answers says that the other one's change came first. Returns the status of the other one.
fn status_of_first(mut answers: Vec<Response>) -> u16 {
    answers.sort_by_key(|answer| answer.status);
    answers[1].problem(503, "busy");
    answers[0].status
}

#[test]
fn of_two_who_add_a_person_token_or_webhook_in_the_same_instant_one_is_refused_and_tickets_go_on() {
    if database_or_skip().is_none() {
        return;
    }
    let servers = servers(2);
    let receivers = [Receiver::new(), Receiver::new()];
    let person =
        |n, _: &str| json!({"name": format!("Ana {n}"), "role": "staff", "pin": "48151623"});
    for (path, make) in [
        ("/api/people", person as fn(usize, &str) -> Value),
        (
            "/api/tokens",
            |n, _| json!({"name": format!("token {n}"), "role": "staff"}),
        ),
        (
            "/api/webhooks",
            |_, url| json!({"url": url, "types": ["ticket-created"]}),
        ),
    ] {
        let answers = at_once(&servers, |n, server| {
            let added = server.post_json(path, &make(n, &receivers[n].url()));
            server.ticket();
            added
        });
        assert_eq!(status_of_first(answers), 201, "{path}");
        for server in &servers {
            server.get("/api/health").expect(200);
            wait_until("both list it", || {
                server.json(path).as_array().unwrap().len() == 1
            });
        }
    }
}

#[test]
fn of_two_who_change_pins_or_people_in_the_same_instant_one_is_refused() {
    if database_or_skip().is_none() {
        return;
    }
    let servers = servers(2);
    let ana = json!({"name": "Ana", "role": "admin", "pin": "48151623"});
    let ana = servers[0].post_json("/api/people", &ana).expect(201).json();
    let ana = format!("/api/people/{}", text(&ana, "id"));
    wait_until("both know her", || {
        servers[1].json("/api/people")[0]["name"] == "Ana"
    });
    // Neither change overwrites the other one.
    let answers = at_once(&servers, |n, server| {
        let change = [json!({"name": "Ana Peña"}), json!({"pin": "31415926"})];
        server.put_json(&ana, &change[n])
    });
    assert_eq!(status_of_first(answers), 200);
    // Staff and admin have different PINs.
    let answers = at_once(&servers, |n, server| {
        let path = ["/api/pins/staff", "/api/pins/admin"][n];
        server.put_json(path, &json!({"pin": "27182818"}))
    });
    assert_eq!(status_of_first(answers), 204);
    // An admin is left.
    let paths = ["/api/pins/admin", ana.as_str()];
    let remove = |n: usize, server: &Server| server.send("DELETE", paths[n]);
    assert_eq!(status_of_first(at_once(&servers, remove)), 204);
    wait_until("the last way in is known", || {
        servers.iter().enumerate().any(|(n, server)| {
            let answer = remove(n, server);
            answer.status == 409 && answer.problem(409, "last-way-in").contains("admin")
        })
    });
}

#[test]
fn a_screen_that_comes_from_another_server_is_not_taken_back() {
    if database_or_skip().is_none() {
        return;
    }
    let servers = servers(2);
    for event in (1..=60).step_by(2) {
        servers[0].ticket();
        // The other one has not heard of it yet.
        let mut screen = servers[1].screen(&format!("?since={event}"));
        servers[0].ticket();
        assert_eq!(seq(&screen.expect("ticket-created")), event + 1);
        let messages = servers[1].json(&format!("/api/events?since={}", event + 1));
        assert_eq!(messages, json!([]), "after event {}", event + 1);
    }
}
