//! An office is set up while people wait: every effect on them is reported.

use serde_json::json;

use crate::common::{Folder, Launch, Server, run_to_end, text};

#[test]
fn a_priority_that_somebody_has_neither_goes_nor_changes_its_name() {
    let server = Server::new();
    let with =
        |name: &str| json!({"priorities": [{"name": "normal"}, {"name": name, "weight": 5}]});
    server
        .put_json("/api/settings", &with("urgent"))
        .expect(200);
    let urgent = json!({"priority": "urgent"});
    let first = server.post_json("/api/tickets", &urgent).expect(201).json();
    server.post_json("/api/tickets", &urgent).expect(201);
    let settings = server.json("/api/settings");
    for body in [
        with("pressing"),
        json!({"priorities": [{"name": "normal"}]}),
    ] {
        let detail = server
            .put_json("/api/settings", &body)
            .problem(409, "priority-in-use");
        assert!(
            detail.contains("urgent cannot be removed: 2 tickets have it"),
            "{detail}"
        );
        assert_eq!(server.json("/api/settings"), settings, "nothing was set");
    }
    let named = json!({"priorities": [
        {"name": "normal"}, {"name": "urgent", "weight": 9, "names": {"en": "Pressing"}},
    ]});
    server.put_json("/api/settings", &named).expect(200);
    for _ in 0..2 {
        server.post("/api/desks/1/next").expect(200);
    }
    let path = format!("/api/tickets/{}", text(&first, "id"));
    assert_eq!(server.json(&path)["state"], "done");
    server
        .put_json("/api/settings", &with("pressing"))
        .problem(409, "priority-in-use");
    server.post("/api/desks/1/finish").expect(200);
    server
        .put_json("/api/settings", &with("pressing"))
        .expect(200);
}

/// A time zone in which it is between noon and one now.
fn at_noon() -> String {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let hour = since_epoch.unwrap().as_secs() / 3_600 % 24;
    // Named the other way round: Etc/GMT-3 is three hours ahead.
    format!("Etc/GMT{:+}", i64::try_from(hour).unwrap() - 12)
}

#[test]
fn another_hour_or_zone_does_not_end_the_day_that_goes_on() {
    // On the first day of an office, and on a later one.
    for later in [false, true] {
        let server = Launch::new().in_file().start();
        let set = |server: &Server, hour: u8, zone: &str| {
            let body = json!({"timeZone": zone, "dayBeginsHour": hour});
            server.put_json("/api/settings", &body).expect(200);
        };
        let zone = at_noon();
        set(&server, 15, &zone);
        server.ticket();
        let mut server = server;
        if later {
            server = server.restart_after(24 * 60 * 60);
            assert_eq!(server.json("/api/state")["payload"]["waiting"], 0);
        }
        let given = |server: &Server| text(&server.ticket(), "code").to_owned();
        let first = if later { 1 } else { 2 };
        assert_eq!(given(&server), format!("A{first}"));
        let waiting = server.json("/api/state")["payload"]["waiting"].clone();
        // A new day has begun by each of these.
        set(&server, 0, &zone);
        assert_eq!(given(&server), format!("A{}", first + 1), "later: {later}");
        set(&server, 15, "Pacific/Kiritimati");
        set(&server, 11, &zone);
        server = server.restart();
        assert_eq!(given(&server), format!("A{}", first + 2), "later: {later}");
        let now = server.json("/api/state")["payload"]["waiting"].clone();
        assert_eq!(
            now.as_u64(),
            waiting.as_u64().map(|n| n + 2),
            "nobody is sent away"
        );
        // Nor where the office moves meanwhile.
        let launch = server.stop();
        let moved = Launch::new().in_file();
        let folder = Folder::new();
        for words in [
            [
                "export",
                "office.json",
                "--data",
                launch.data().to_str().unwrap(),
            ],
            [
                "import",
                "office.json",
                "--data",
                moved.data().to_str().unwrap(),
            ],
        ] {
            let output = run_to_end(folder.path(), &words, &[]);
            assert!(output.status.success(), "{output:?}");
        }
        server = moved.start();
        assert_eq!(given(&server), format!("A{}", first + 3), "later: {later}");
    }
}
