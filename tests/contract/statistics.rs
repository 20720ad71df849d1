//! `/api/statistics`, and the history of tickets as files.

use serde_json::{Value, json};

use crate::common::Server;

const STATES: [&str; 6] = ["waiting", "serving", "held", "served", "noShows", "left"];

/// Arrived, and the counts by state.
fn counts(of: &Value) -> [u64; 7] {
    let [waiting, serving, held, served, no_shows, left] =
        STATES.map(|name| of[name].as_u64().expect(name));
    let arrived = of["arrived"].as_u64().expect("arrived");
    [arrived, waiting, serving, held, served, no_shows, left]
}

/// A1 is done, A2 does not come, A3 is on hold; B1 is done at another desk; A4 is served after a recall, A5
/// gives up, A6 waits.
fn a_morning() -> Server {
    let server = Server::new();
    server
        .put_json("/api/services/B", &json!({"name": "Caja"}))
        .expect(201);
    for service in ["A", "A", "A", "A", "B", "A", "A"] {
        let body = json!({ "service": service });
        server.post_json("/api/tickets", &body).expect(201);
    }
    for path in ["1/next", "1/next", "1/no-show", "1/next", "1/hold"] {
        server.post(&format!("/api/desks/{path}")).expect(200);
    }
    for (desk, ticket) in [("2", "B1"), ("3", "A4")] {
        let path = format!("/api/desks/{desk}/call");
        server
            .post_json(&path, &json!({ "ticket": ticket }))
            .expect(200);
    }
    server.post("/api/desks/2/finish").expect(200);
    server.post("/api/desks/3/recall").expect(200);
    let cancel = json!({"desk": "1"});
    server
        .post_json("/api/tickets/A5/cancel", &cancel)
        .expect(200);
    server
}

#[test]
fn each_ticket_is_in_one_column_by_service_by_desk_and_in_all() {
    let server = a_morning();
    let statistics = server.json("/api/statistics?by=service");
    assert_eq!(counts(&statistics["all"]), [7, 1, 1, 1, 2, 1, 1]);
    let groups = statistics["groups"].as_array().expect("groups");
    assert_eq!(counts(&groups[0]), [6, 1, 1, 1, 1, 1, 1]);
    assert_eq!(counts(&groups[1]), [1, 0, 0, 0, 1, 0, 0]);
    assert_eq!(groups[1]["service"], "B");
    assert_eq!(groups[1]["name"], "Caja");
    // The wait of the one that was called again counts: two served, one being served, one on hold.
    assert_eq!(statistics["all"]["wait"]["count"], 4);
    assert_eq!(statistics["all"]["serviceLevel"], 1.0);
    assert_eq!(statistics["all"]["dropOff"], 0.2857);
    for by in [
        "day",
        "hour",
        "weekday",
        "service",
        "desk",
        "priority",
        "weekday,hour",
    ] {
        let statistics = server.json(&format!("/api/statistics?by={by}"));
        let groups = statistics["groups"].as_array().expect("groups");
        let mut sums = [0; 7];
        for group in groups {
            for name in by.split(',') {
                assert!(group.get(name).is_some(), "{group}");
            }
            let all = counts(group);
            assert_eq!(all[0], all[1..].iter().sum::<u64>(), "{group}");
            sums = std::array::from_fn(|n| sums[n] + all[n]);
        }
        assert_eq!(sums, counts(&statistics["all"]), "{by}");
    }
}

#[test]
fn a_quiet_day_says_nothing_of_waits() {
    let server = Server::new();
    server.ticket();
    let statistics = server.json("/api/statistics?by=desk");
    assert_eq!(statistics["all"]["wait"], json!(null));
    assert_eq!(statistics["all"]["serviceLevel"], json!(null));
    assert_eq!(statistics["groups"][0]["desk"], json!(null));
    assert_eq!(statistics["all"]["longestWaitingSeconds"], 0);
    let before = server.json("/api/statistics?from=2020-01-01&to=2020-12-31&by=day");
    assert_eq!(counts(&before["all"]), [0; 7]);
    assert_eq!(before["groups"], json!([]));
}

#[test]
fn a_wrong_field_of_statistics_is_named() {
    let server = Server::new();
    for (query, field) in [
        ("since=1", "since"),
        ("by=people", "by"),
        ("by=day,day", "by"),
        ("by=day,hour,desk", "by"),
        ("from=yesterday", "from"),
        ("to=2026-02-30", "to"),
        ("from=2026-02-02&to=2026-02-01", "to"),
    ] {
        for path in ["statistics", "tickets.csv", "tickets.json"] {
            let problem = server.get(&format!("/api/{path}?{query}"));
            let problem: Value = serde_json::from_str(&problem.expect(422).text()).expect("JSON");
            assert_eq!(problem["code"], "invalid");
            let detail = problem["detail"].as_str().expect("a text");
            let is_unknown = path != "statistics" && field == "by";
            assert!(
                detail.starts_with(field) || is_unknown,
                "{path} {query}: {detail}"
            );
        }
    }
}

#[test]
fn the_target_of_a_service_is_15_minutes_unless_it_says_otherwise() {
    let server = Server::new();
    let target = |services: Value| services[0]["targetMinutes"].clone();
    assert_eq!(target(server.json("/api/services")), json!(null));
    let set = json!({"targetMinutes": 5});
    server.put_json("/api/services/A", &set).expect(200);
    assert_eq!(target(server.json("/api/services")), 5);
    let server = server.restart();
    assert_eq!(target(server.json("/api/services")), 5);
    for wrong in [json!(0), json!(1441), json!("soon")] {
        let set = json!({ "targetMinutes": wrong });
        server.put_json("/api/services/A", &set).expect(422);
    }
    let set = json!({"targetMinutes": null});
    server.put_json("/api/services/A", &set).expect(200);
    assert_eq!(target(server.json("/api/services")), json!(null));
}

#[test]
fn the_history_is_a_file_for_spreadsheets_and_one_for_programs_after_a_restart_too() {
    let server = a_morning();
    let formula = json!({"services": []});
    server.put_json("/api/desks/=1+1", &formula).expect(201);
    server.post("/api/desks/=1+1/next").expect(200);
    let server = server.restart();
    let csv = server.get("/api/tickets.csv");
    let csv = csv.expect(200);
    let of_type = csv.header("Content-Type").expect("a type").to_owned();
    assert_eq!(of_type, "text/csv; charset=utf-8; header=present");
    let text = csv.text();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(
        lines[0],
        "code,service,priority,state,createdAt,firstCalledAt,endedAt,waitSeconds,handlingSeconds,desk,calls,transfers"
    );
    // Seven tickets, and the end of the last line.
    assert_eq!(lines.len(), 9, "{text}");
    assert!(lines[1].starts_with("A1,A,normal,done,"), "{text}");
    assert!(lines[7].ends_with(",'=1+1,1,0"), "{text}");
    let rows: Value =
        serde_json::from_str(&server.get("/api/tickets.json").expect(200).text()).expect("JSON");
    let rows = rows.as_array().expect("a list");
    assert_eq!(rows.len(), 7);
    assert_eq!(rows[3]["code"], "A4");
    assert_eq!(
        (&rows[3]["calls"], &rows[3]["state"]),
        (&json!(2), &json!("serving"))
    );
    assert_eq!(rows[6]["desk"], "=1+1");
    let none = server.get("/api/tickets.json?from=2020-01-01").expect(200);
    assert_eq!(none.text(), "[]");
}
