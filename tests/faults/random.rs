//! Random steps of everything that a desk, a kiosk and a phone can do, with `kill -9` right after an
//! answer: what was answered is there, word for word, and no number comes twice.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::common::{Launch, Server, array, text};

const SEEDS: [u64; 3] = [1, 2, 3];
const KILLS: usize = 6;
const STEPS_BETWEEN: u64 = 40;

/// SplitMix64: the same steps at each run.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

/// One step; what is refused is a step as well. Codes of new tickets go to `given`.
fn step(server: &Server, random: &mut Random, ids: &mut Vec<String>, given: &mut HashSet<String>) {
    let desk = random.of(&["1", "2", "3"]);
    let at_desk = |step: &str| format!("/api/desks/{desk}/{step}");
    let (path, body) = match random.below(12) {
        0..4 => {
            let service = random.of(&["A", "B"]);
            let priority = random.of(&["normal", "urgent"]);
            let body = json!({"service": service, "priority": priority, "note": "ñ"});
            let made = server.post_json("/api/tickets", &body).expect(201).json();
            let code = text(&made, "code").to_owned();
            assert!(given.insert(code), "a number twice: {made}");
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

/// No ticket is at two desks, and as many wait as are counted.
fn check(server: &Server) {
    let tickets = server.json("/api/tickets?limit=100000");
    let waiting = array(&tickets).iter().filter(|t| t["state"] == "waiting");
    assert_eq!(
        server.json("/api/health")["waiting"],
        json!(waiting.count())
    );
    let mut attended = HashSet::new();
    for desk in array(&server.json("/api/desks")) {
        if let Some(id) = desk["ticket"]["id"].as_str() {
            assert!(attended.insert(id.to_owned()), "at two desks: {desk}");
        }
    }
    let serving = array(&tickets).iter().filter(|t| t["state"] == "serving");
    let serving: HashSet<String> = serving.map(|t| text(t, "id").to_owned()).collect();
    assert_eq!(serving, attended);
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
        let (mut ids, mut given) = (Vec::new(), HashSet::new());
        for _ in 0..KILLS {
            for _ in 0..=random.below(STEPS_BETWEEN) {
                step(&server, &mut random, &mut ids, &mut given);
            }
            let before = office(&server);
            server = server.kill().start();
            assert_eq!(office(&server), before, "seed {seed}");
            check(&server);
        }
    }
}
