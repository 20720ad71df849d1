//! Names that people read or that stand in an address.

use std::fs;

use serde_json::{Value, json};

use crate::common::{Folder, Launch, Server, run_to_end};

/// A name as it stands in an address.
fn encoded(name: &str) -> String {
    name.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Every request that makes or changes a name.
fn requests(name: &str) -> Vec<(&'static str, String, Value)> {
    let desk = format!("/api/desks/{}", encoded(name));
    let screen = "0".repeat(32);
    vec![
        ("PUT", desk.clone(), json!({})),
        ("POST", format!("{desk}/claim"), json!({ "screen": screen })),
        ("POST", format!("{desk}/next"), json!({})),
        ("PUT", "/api/settings".to_owned(), json!({ "name": name })),
        (
            "PUT",
            "/api/settings".to_owned(),
            json!({ "priorities": [{ "name": name }] }),
        ),
        (
            "PUT",
            "/api/settings".to_owned(),
            json!({ "priorities": [{ "name": "a", "names": { "es": name } }] }),
        ),
        ("PUT", "/api/services/B".to_owned(), json!({ "name": name })),
        (
            "PUT",
            "/api/services/B".to_owned(),
            json!({ "names": { "es": name } }),
        ),
        ("POST", "/api/tokens".to_owned(), json!({ "name": name })),
    ]
}

/// The word before a desk's number is read as a part of its name, and shorter than a name.
fn desk_word(word: &str) -> (&'static str, String, Value) {
    let body = json!({ "deskWords": { "es": word } });
    ("PUT", "/api/settings".to_owned(), body)
}

#[test]
fn names_have_no_slash_and_only_characters_that_people_see() {
    let server = Server::new();
    let bad = [
        '/',
        '\\',
        '\u{0}',
        '\u{1f}',
        '\u{85}',
        '\u{ad}',
        '\u{34f}',
        '\u{61c}',
        '\u{180e}',
        '\u{200b}',
        '\u{200d}',
        '\u{200f}',
        '\u{2028}',
        '\u{202e}',
        '\u{2800}',
        '\u{3164}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{ffa0}',
        '\u{e0041}',
    ];
    let mut client = server.client();
    for c in bad {
        let name = format!("Caja{c}1");
        for (method, path, body) in requests(&name).into_iter().chain([desk_word(&name)]) {
            let detail = client
                .send_json(method, &path, &body)
                .problem(422, "invalid");
            let named = format!("U+{:04X}", u32::from(c));
            let says = detail.contains(&named) || detail.contains(&format!("«{c}»"));
            assert!(says, "{method} {path} {c:?}: {detail}");
        }
    }
    for longer in ["x".repeat(61), "ñ".repeat(61)] {
        for (method, path, body) in requests(&longer) {
            client
                .send_json(method, &path, &body)
                .problem(422, "invalid");
        }
    }
    for good in ["Caja 1-2", "«Ñ» nº 3 · 窓", "x".repeat(60).as_str()] {
        for (method, path, body) in requests(good) {
            let answer = client.send_json(method, &path, &body);
            assert!(
                [200, 201].contains(&answer.status) || answer.json()["code"] == "queue-empty",
                "{path}: {}",
                answer.text()
            );
        }
    }
    // A prefix is letters, and this letter is not seen.
    let hidden = format!("/api/services/{}", encoded("A\u{3164}"));
    client
        .send_json("PUT", &hidden, &json!({}))
        .problem(422, "invalid");
}

#[test]
fn a_name_typed_in_two_forms_of_unicode_is_one_name() {
    let server = Server::new();
    // «José» and «Peña» as a keyboard gives them, and as some files and devices do.
    let (one, two) = ("Jos\u{e9} Pe\u{f1}a", "Jose\u{301} Pen\u{303}a");
    let mut client = server.client();
    for name in [one, two] {
        for (method, path, body) in requests(name) {
            let answer = client.send_json(method, &path, &body);
            let is_known = answer.status == 409 || answer.text().contains("another token");
            assert!(
                [200, 201].contains(&answer.status) || is_known,
                "{method} {path}: {}",
                answer.text()
            );
        }
    }
    let desks = server.json("/api/desks");
    assert_eq!(desks.as_array().map(Vec::len), Some(1), "{desks}");
    assert_eq!(desks[0]["name"], one);
    assert_eq!(server.json("/api/settings")["name"], one);
    let service = server.json("/api/services")[1].clone();
    assert_eq!(
        (&service["name"], &service["names"]["es"]),
        (&json!(one), &json!(one))
    );
    // Twice in one list.
    let both = json!([{ "name": one }, { "name": two }]);
    let detail = client
        .send_json("PUT", "/api/settings", &json!({ "priorities": both }))
        .problem(422, "invalid");
    assert!(detail.contains("appears twice"), "{detail}");
    // What refers to a name finds it in both forms.
    let priorities = json!([{ "name": "normal" }, { "name": two }]);
    server
        .put_json("/api/settings", &json!({ "priorities": priorities }))
        .expect(200);
    for name in [one, two] {
        let ticket = server.post_json("/api/tickets", &json!({ "priority": name }));
        assert_eq!(ticket.expect(201).json()["priority"], one);
    }
}

/// A server with an office that earlier versions could make: names with slashes and fillers.
fn old_office() -> Server {
    let server = Launch::new().in_file().start();
    let priorities = json!([{"name": "normal"}, {"name": "Embarazo"}]);
    let settings = json!({ "priorities": priorities, "deskWords": { "es": "Mesa" } });
    server.put_json("/api/settings", &settings).expect(200);
    server
        .put_json("/api/services/B", &json!({ "name": "Quejas" }))
        .expect(201);
    server.put_json("/api/desks/Caja", &json!({})).expect(201);
    server
        .post_json("/api/tickets", &json!({ "priority": "Embarazo" }))
        .expect(201);
    let export = server.get("/api/export").expect(200).text();
    let old = export
        .replace("Embarazo", "Embarazo / bebé")
        .replace("Quejas", "Quejas/reclamos")
        .replace("\"Mesa\"", "\"Mesa/Caja\"")
        .replace("\"Caja\"", "\"Caja 1/2\u{3164}\"");
    let folder = Folder::new();
    fs::write(folder.join("office.json"), old).unwrap();
    let launch = Launch::new().in_file();
    let data = launch.data().to_str().unwrap();
    let moved = run_to_end(
        folder.path(),
        &["import", "office.json", "--data", data],
        &[],
    );
    assert!(moved.status.success(), "{moved:?}");
    // It says what is kept of what a new office could not have.
    let said = String::from_utf8(moved.stdout).unwrap();
    let kept = [
        "«Embarazo / bebé» stays as it is",
        "«Quejas/reclamos» stays as it is",
        "«Mesa/Caja» stays as it is",
        "«Caja 1/2\u{3164}» stays as it is",
    ];
    assert_eq!(said.lines().count(), 1 + kept.len(), "{said}");
    for part in kept {
        assert!(said.contains(part), "no «{part}» in {said}");
    }
    launch.start()
}

#[test]
fn a_stored_office_with_such_names_still_opens_and_works() {
    let server = old_office().restart();
    let desk = format!("/api/desks/{}", encoded("Caja 1/2\u{3164}"));
    let called = server.post(&format!("{desk}/next")).expect(200).json();
    assert_eq!(called["priority"], "Embarazo / bebé");
    let settings = server.json("/api/settings");
    assert_eq!(settings["deskWords"]["es"], "Mesa/Caja");
    for field in ["priorities", "deskWords"] {
        let kept = json!({ field: settings[field] });
        server.put_json("/api/settings", &kept).expect(200);
    }
    let more = json!({ "priorities": [{"name": "Embarazo / bebé"}, {"name": "a/b"}] });
    server
        .put_json("/api/settings", &more)
        .problem(422, "invalid");
    server
        .put_json("/api/services/B", &json!({ "name": "Quejas/reclamos" }))
        .expect(200);
    server
        .put_json("/api/services/B", &json!({ "name": "Quejas/otros" }))
        .problem(422, "invalid");
    server.post(&format!("{desk}/finish")).expect(200);
    server.send("DELETE", &desk).expect(204);
    server.post(&format!("{desk}/next")).problem(422, "invalid");
    assert_eq!(server.restart().json("/api/desks"), json!([]));
}
