//! Several servers of one office: which there are, and what a change on one does on the others. These tests run beside
//! the database of `tests/with-postgres`; without it they do nothing, and say so.

use serde_json::{Value, json};

use crate::common::{Launch, Server, array, text, wait_until};
use crate::postgres::{database_or_skip, servers};

const ONE: &str = "11111111111111111111111111111111";
const TWO: &str = "22222222222222222222222222222222";
const CLAIM: &str = "/api/desks/3/claim";

fn part(server: &Server) -> Value {
    server.json("/api/health")["database"].clone()
}

/// Waits until each of the servers knows all.
fn wait_until_acquainted(servers: &[Server]) {
    for server in servers {
        wait_until("the servers know each other", || {
            array(&server.json("/api/servers")).len() == servers.len()
        });
    }
}

#[test]
fn each_server_says_where_the_office_is_and_which_servers_it_has_and_one_leads() {
    if database_or_skip().is_none() {
        return;
    }
    let mut servers = servers(2);
    wait_until_acquainted(&servers);
    let expected = |role| json!({"kind": "postgresql", "role": role, "lag": 0, "servers": 2});
    assert_eq!(part(&servers[0]), expected("leader"));
    assert_eq!(part(&servers[1]), expected("follower"));
    let metrics = servers[1].get("/metrics").expect(200).text();
    for line in [
        "turnero_servers 2",
        "turnero_leader 0",
        "turnero_lag_events 0",
        r#"turnero_database_info{kind="postgresql"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    for (n, server) in servers.iter().enumerate() {
        let list = server.json("/api/servers");
        let with = |name: &str, value: Value| -> Vec<&Value> {
            let list = array(&list).iter();
            list.filter(|one| one[name] == value).collect()
        };
        let this = with("isThis", json!(true));
        assert_eq!(this.len(), 1, "{list}");
        let name = text(this[0], "name");
        assert!(
            name.ends_with(&format!(":{}", server.address().port())),
            "{name}"
        );
        let leaders = with("role", json!("leader"));
        assert_eq!(leaders.len(), 1, "{list}");
        assert_eq!(leaders[0]["isThis"] == true, n == 0, "{list}");
        let version = json!(env!("CARGO_PKG_VERSION"));
        assert_eq!(with("version", version).len(), 2, "{list}");
        assert_eq!(with("lag", json!(0)).len(), 2, "{list}");
    }
    servers.remove(0).kill();
    wait_until("the other one leads", || {
        part(&servers[0])["role"] == "leader"
    });
    wait_until("the lost one is no longer counted", || {
        part(&servers[0])["servers"] == 1 && array(&servers[0].json("/api/servers")).len() == 1
    });
}

#[test]
fn an_office_in_a_data_file_has_no_list_of_servers() {
    let server = Launch::new().in_file().start();
    assert_eq!(part(&server), json!({"kind": "sqlite"}));
    assert_eq!(server.json("/api/servers"), json!([]));
    let metrics = server.get("/metrics").expect(200).text();
    assert!(
        metrics.contains(r#"turnero_database_info{kind="sqlite"} 1"#),
        "{metrics}"
    );
    assert!(
        metrics.contains("turnero_servers 1") && metrics.contains("turnero_leader 1"),
        "{metrics}"
    );
}

#[test]
fn a_desk_that_is_open_on_one_server_is_asked_for_on_another() {
    if database_or_skip().is_none() {
        return;
    }
    let mut servers = servers(2);
    wait_until_acquainted(&servers);
    servers[0].put_json("/api/desks/3", &json!({})).expect(201);
    let claims = |server: &Server, screen: &str, take_over: bool| {
        server.post_json(CLAIM, &json!({"screen": screen, "takeOver": take_over}))
    };
    let page = |server: &Server, screen: &str| {
        let mut page = server.screen(&format!("?desk=3&screen={screen}"));
        page.expect("state");
        page
    };
    let has_desk = |server: &Server| server.get("/api/desks/3").status == 200;
    wait_until("the desk is known", || has_desk(&servers[1]));
    let mut first = page(&servers[0], ONE);
    let mine = claims(&servers[0], ONE, false).expect(200).json();
    let mut second = page(&servers[1], TWO);
    wait_until("the claim is known", || {
        servers[1].json("/api/desks/3")["screen"] == mine["screen"]
    });
    wait_until("the second server asks before it takes the desk", || {
        let answer = claims(&servers[1], TWO, false);
        // Before the screen was told of, it was taken: it is given back.
        let asks = answer.status == 409;
        if asks {
            answer.problem(409, "desk-in-use");
        } else {
            claims(&servers[0], ONE, true).expect(200);
        }
        asks
    });
    // The same browser through the other server is no other screen.
    claims(&servers[1], ONE, false).expect(200);
    let taken = claims(&servers[1], TWO, true).expect(200).json();
    for page in [&mut first, &mut second] {
        loop {
            let told = page.expect("desk-changed");
            if told["payload"]["desk"]["screen"] == taken["screen"] {
                break;
            }
        }
    }
    wait_until("the first server asks, too", || {
        claims(&servers[0], ONE, false).status == 409
    });
    // A screen that has gone leaves its desk, and so does one whose server has gone.
    drop(second);
    wait_until("the desk is free", || {
        claims(&servers[0], ONE, false).status == 200
    });
    servers.remove(0).kill();
    drop(first);
    wait_until("the desk is free", || {
        claims(&servers[0], TWO, false).status == 200
    });
}

#[test]
fn what_is_set_on_one_server_is_on_the_screens_and_pages_of_another() {
    if database_or_skip().is_none() {
        return;
    }
    let servers = servers(2);
    let mut screen = servers[1].screen("");
    screen.expect("state");
    let settings = json!({"name": "Clínica", "language": "pt"});
    servers[0].put_json("/api/settings", &settings).expect(200);
    let heard = screen.expect("settings-changed");
    assert_eq!(heard["payload"]["office"]["name"], "Clínica");
    let ticket = servers[0].ticket();
    screen.expect("ticket-created");
    servers[0].post("/api/desks/1/next").expect(200);
    screen.expect("desk-changed");
    screen.expect("ticket-called");
    servers[0].post("/api/desks/1/finish").expect(200);
    screen.expect("ticket-finished");
    // What is not sent to screens is read from the database, or known some 10 ms later.
    let statistics = |server: &Server| server.json("/api/statistics?by=desk");
    assert_eq!(statistics(&servers[1]), statistics(&servers[0]));
    assert_eq!(
        servers[1].json("/api/audit"),
        servers[0].json("/api/audit"),
        "of {ticket}"
    );
    let webhook = json!({"url": "http://127.0.0.1:9/", "types": ["ticket-created"]});
    servers[0].post_json("/api/webhooks", &webhook).expect(201);
    wait_until("the webhook is known", || {
        array(&servers[1].json("/api/webhooks")).len() == 1
    });
}
