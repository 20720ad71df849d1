//! The files of `docs/deploy/` for two servers in front of one pair of databases: the real proxies, if they are installed.

use std::process::Command;
use std::time::Duration;

use super::clients::Round;
use super::people::People;
use crate::common::{Launch, Pair, Prepare, Proxy, Server, deploy_file, nginx};

/// The longest time until a proxy leaves a server alone that is gone, and the servers use the other database, on a busy machine.
const MOST_TIME: Duration = Duration::from_secs(15);

/// The proxies: a name, the file, and how it is used.
const PROXIES: [(&str, &str, Prepare); 2] = [
    (
        "nginx",
        "nginx-two-servers.conf",
        |folder, text, address| {
            nginx(
                folder,
                &text.replace("listen 80;", &format!("listen {address};")),
            )
        },
    ),
    ("haproxy", "haproxy.cfg", |folder, text, address| {
        let text = text.replace("bind :80", &format!("bind {address}"));
        let mut command = Command::new("haproxy");
        command
            .arg("-db")
            .arg("-f")
            .arg(folder.write("haproxy.cfg", &text));
        command
    }),
];

/// A server behind the proxy.
fn launch(pair: &Pair, office: &str) -> Launch {
    // Clients behind a proxy are not on the server's own machine.
    Launch::new()
        .with(&["--data", &pair.address(), "--office", office, "--open"])
        .with(&["--trusted-proxy", "127.0.0.1", "--tickets-per-10s", "10000"])
}

#[test]
fn behind_a_proxy_nobody_notices_that_a_server_or_the_primary_is_lost() {
    let Some(mut pair) = Pair::new() else {
        return;
    };
    for (name, file, prepare) in PROXIES {
        let mut servers: [Option<Server>; 2] = [0, 1].map(|_| Some(launch(&pair, name).start()));
        let addresses = servers
            .each_ref()
            .map(|server| server.as_ref().unwrap().address());
        let mut text = deploy_file(file);
        for (given, address) in ["192.168.1.11:3000", "192.168.1.12:3000"]
            .iter()
            .zip(addresses)
        {
            assert!(text.contains(given), "{file} has {given}");
            text = text.replace(given, &address.to_string());
        }
        let Some(proxy) = Proxy::start(name, &text, prepare) else {
            continue;
        };
        let port = proxy.address().port();
        let mut people = People::default();
        let own = |server: &Server| server.log().contains("Client connected");
        let time = people.go_through(&Round::at([port, port]), || {
            // A client stays with one server. That one is killed.
            let lost = servers
                .iter_mut()
                .find(|server| server.as_ref().is_some_and(own));
            lost.unwrap().take().unwrap().kill();
        });
        assert!(time < MOST_TIME, "{time:?} with {name}");
        let round = &Round::at([port, port]);
        let time = people.go_through(round, || {
            pair.kill_primary();
            pair.promote();
        });
        assert!(time < MOST_TIME, "{time:?} with {name}");
        pair.follow();
    }
}
