//! Tickets a second over HTTPS, beside plain connections to the same server.

use std::net::TcpListener;
use std::process::Command;

use crate::Failure;
use crate::flood;
use crate::http::Connection;
use crate::options::Options;
use crate::report::{Better, Report, Row, median};
use crate::server::Bench;
use crate::stream::Trust;

pub fn measure(bench: &Bench, options: &Options, report: &mut Report) -> Result<(), Failure> {
    let window = options.flood_window();
    let (mut plain, mut encrypted) = (Vec::new(), Vec::new());
    for round in 1..=options.rounds() {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let server = bench.start_with(|folder| {
            let made = Command::new(bench.binary())
                .args(["tls", "self-signed", "--data"])
                .arg(bench.data_file())
                .output()?;
            if !made.status.success() {
                let why = String::from_utf8_lossy(&made.stderr);
                return Err(format!("no certificate: {why}").into());
            }
            let file = |name: &str| folder.join("tls").join(name);
            Ok(vec![
                format!("--tls-listen={address}").into(),
                "--tls-cert".into(),
                file("server.crt").into(),
                "--tls-key".into(),
                file("server.key").into(),
            ])
        })?;
        plain.push(flood::a_second(server.address, window)?);
        let trust = Trust::of(&bench.scratch().join("tls/ca.crt"), &["http/1.1"]);
        let open = || Connection::open_tls(address, &trust);
        encrypted.push(flood::a_second_over(&open, window)?);
        server.stop()?;
        eprintln!("tls, round {round}");
    }
    for (what, values) in [
        ("tickets a second, plain", &mut plain),
        ("tickets a second, HTTPS", &mut encrypted),
    ] {
        report.add(Row::new(what, Better::More).ours(median(values)));
    }
    Ok(())
}
