//! Random steps of everything that a desk, a kiosk, a phone and who sets up can do, with `kill -9`
//! right after an answer, or before it: what was answered is there, word for word, what was not is
//! done whole or not at all, and no number comes twice.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::{Client, Launch, Response, Server, array, event_kinds, number, text};

const SEEDS: [u64; 3] = [1, 2, 3];
const KILLS: usize = 6;
const STEPS_BETWEEN: u64 = 40;

/// SplitMix64: the same steps at each run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

/// One step, which may be refused. The numbers of new tickets go to `given`.
fn step(server: &Server, random: &mut Random, ids: &mut Vec<String>, given: &mut HashSet<String>) {
    let desk = random.of(&["1", "2", "3"]);
    let at_desk = |step: &str| format!("/api/desks/{desk}/{step}");
    let (path, body) = match random.below(14) {
        12 => return set_up(server, random),
        0..4 => {
            let service = random.of(&["A", "B"]);
            let priority = random.of(&["normal", "urgent"]);
            let body = json!({"service": service, "priority": priority, "note": "ñ"});
            let made = server.post_json("/api/tickets", &body).expect(201).json();
            assert!(given.insert(number_of(&made)), "a number twice: {made}");
            ids.push(text(&made, "id").to_owned());
            return;
        }
        4..6 => (at_desk("next"), json!({})),
        6 => {
            let step = random.of(&["recall", "finish", "no-show", "hold", "undo"]);
            (at_desk(step), json!({}))
        }
        7 => {
            let position = random.of(&["arrival", "front", "back"]);
            let to = random.of(&["service", "desk"]);
            let target = if to == "desk" { "2" } else { "B" };
            (
                at_desk("transfer"),
                json!({to: target, "position": position}),
            )
        }
        8 if !ids.is_empty() => {
            let index = usize::try_from(random.below(ids.len() as u64)).unwrap();
            (at_desk("call"), json!({"ticket": ids[index]}))
        }
        9 | 10 if !ids.is_empty() => {
            let index = usize::try_from(random.below(ids.len() as u64)).unwrap();
            let step = random.of(&["return", "cancel"]);
            (format!("/api/tickets/{}/{step}", ids[index]), json!({}))
        }
        _ => (at_desk("hold"), json!({})),
    };
    let status = server.post_json(&path, &body).status;
    assert!(matches!(status, 200 | 409), "{path} {body}: {status}");
}

/// A new ticket's number in its service, however many digits it is written with.
fn number_of(ticket: &Value) -> String {
    format!("{}{}", text(ticket, "service"), ticket["number"])
}

/// Changes by an admin meanwhile.
fn set_up(server: &Server, random: &mut Random) {
    let desk = random.of(&["/api/desks/1", "/api/desks/2", "/api/desks/3"]);
    let (path, body) = match random.below(5) {
        0 => (
            "/api/services/A",
            json!({"digits": 1 + random.below(3), "last": 5}),
        ),
        1 => {
            let service = random.of(&["B", "C"]);
            (desk, json!({"services": [service, "A"]}))
        }
        2 => (desk, json!({"services": [], "open": random.below(2) == 0})),
        3 => (
            "/api/settings",
            json!({"name": format!("Clínica {}", random.below(9)), "mostPriorityInARow": 1}),
        ),
        _ => ("/api/services/C", json!({"name": "Third"})),
    };
    let status = server.put_json(path, &body).status;
    // The third service may not be there yet.
    assert!(matches!(status, 200 | 201 | 422), "{path} {body}: {status}");
}

/// A step whose answer the kill may come before.
fn keyed(client: &mut Client, path: &str, key: &str) {
    client.request("POST", path, &[("Idempotency-Key", key)], b"");
}

/// Kills the server with a step under way, and takes the step again as its client would: it happens
/// once, whether it was stored before the kill or not.
fn kill_meanwhile(
    server: Server,
    random: &mut Random,
    key: &str,
    given: &mut HashSet<String>,
) -> Server {
    let before = office(&server);
    let seq = number(&server.json("/api/health"), "seq");
    let path = random.of(&["/api/tickets", "/api/desks/1/next", "/api/desks/2/next"]);
    keyed(&mut server.client(), path, key);
    thread::sleep(Duration::from_micros(random.below(5_000)));
    let server = server.kill().start();
    let stored = number(&server.json("/api/health"), "seq") > seq;
    if !stored {
        same(&office(&server), &before);
    }
    let again = || -> Response {
        let mut client = server.client();
        keyed(&mut client, path, key);
        client.answer()
    };
    let answer = again();
    let after = office(&server);
    assert_eq!(again().body, answer.body, "the same answer");
    same(&office(&server), &after);
    let events = server.json(&format!("/api/events?since={seq}"));
    let mut kinds = event_kinds(array(&events));
    if path == "/api/tickets" {
        assert_eq!(kinds, ["ticket-created"]);
        let made = answer.expect(201).json();
        assert!(given.insert(number_of(&made)), "a number twice: {made}");
    } else {
        kinds.retain(|kind| *kind != "desk-changed");
        let once: [&[&str]; 4] = [
            &[],
            &["ticket-finished"],
            &["ticket-called"],
            &["ticket-finished", "ticket-called"],
        ];
        assert!(once.contains(&kinds.as_slice()), "{kinds:?}");
        assert!(matches!(answer.status, 200 | 409), "{}", answer.status);
    }
    server
}

/// All that can be asked for, but for how long people will still wait: that is of the moment.
fn office(server: &Server) -> Vec<Value> {
    let paths = [
        "/api/tickets?limit=100000",
        "/api/desks",
        "/api/services",
        "/api/state",
        "/api/settings",
        "/api/events?since=0",
        "/api/desks/1/queue?limit=100",
    ];
    paths.map(|path| timeless(server.json(path))).to_vec()
}

fn timeless(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.remove("estimateSeconds");
            fields
                .values_mut()
                .for_each(|field| *field = timeless(field.take()));
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|one| *one = timeless(one.take())),
        _ => {}
    }
    value
}

/// Compares them thing by thing, so that a difference can be read.
fn same(now: &[Value], before: &[Value]) {
    for (now, before) in now.iter().zip(before) {
        if let (Some(now), Some(before)) = (now.as_array(), before.as_array()) {
            for (now, before) in now.iter().zip(before) {
                assert_eq!(now, before);
            }
        }
        assert_eq!(now, before);
    }
}

/// No ticket is at two desks, and as many wait as are counted.
fn check(server: &Server) {
    let tickets = server.json("/api/tickets?limit=100000");
    let waiting = array(&tickets).iter().filter(|t| t["state"] == "waiting");
    assert_eq!(
        server.json("/api/health")["waiting"],
        json!(waiting.count())
    );
    let mut served = HashSet::new();
    for desk in array(&server.json("/api/desks")) {
        if let Some(id) = desk["ticket"]["id"].as_str() {
            assert!(served.insert(id.to_owned()), "at two desks: {desk}");
        }
    }
    let serving = array(&tickets).iter().filter(|t| t["state"] == "serving");
    let serving: HashSet<String> = serving.map(|t| text(t, "id").to_owned()).collect();
    assert_eq!(serving, served);
}

#[test]
fn whatever_was_answered_is_there_after_a_kill() {
    for seed in SEEDS {
        println!("seed {seed}");
        let mut random = Random(seed);
        let mut server = Launch::new().start();
        let priorities = json!([{"name": "normal"}, {"name": "urgent", "weight": 4}]);
        // Strict, since by weights the order changes with the time alone.
        let rules = json!({"priorities": priorities, "rule": "strict", "mostPriorityInARow": 2});
        server.put_json("/api/settings", &rules).expect(200);
        server
            .put_json("/api/services/B", &json!({"name": "Second"}))
            .expect(201);
        for desk in ["1", "2", "3"] {
            let path = format!("/api/desks/{desk}");
            server.put_json(&path, &json!({})).expect(201);
        }
        let (mut ids, mut given) = (Vec::new(), HashSet::new());
        for kill in 0..KILLS {
            for _ in 0..=random.below(STEPS_BETWEEN) {
                step(&server, &mut random, &mut ids, &mut given);
            }
            let before = office(&server);
            server = server.kill().start();
            same(&office(&server), &before);
            check(&server);
            let key = format!("kill-{kill}");
            server = kill_meanwhile(server, &mut random, &key, &mut given);
            check(&server);
        }
    }
}
