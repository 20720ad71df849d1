//! The cost of a thousand phones that follow a ticket each, beside a thousand public screens. This is
//! the worst case: all wait for one service, so each call moves every one of them.

use std::net::SocketAddr;

use crate::Failure;
use crate::crowd::Crowd;
use crate::fanout::{Figures, WARM_UP_CALLS, make_calls};
use crate::flood;
use crate::http::{Connection, request};
use crate::message::Dialect;
use crate::options::Options;
use crate::report::{Better, Report, Row, median, thousands};
use crate::server::{Bench, Stack};

const PHONES: usize = 1_000;

pub fn measure(bench: &Bench, options: &Options, report: &mut Report) -> Result<(), Failure> {
    let [mut phones, mut screens] = [Figures::default(), Figures::default()];
    for round in 1..=options.rounds() {
        for (follow, figures, who) in [
            (true, &mut phones, "phones"),
            (false, &mut screens, "screens"),
        ] {
            let mut latest = one_round(bench, follow, options.calls())?;
            eprintln!(
                "{PHONES} {who}, round {round}: last {:.2} ms, server {:.1} µs each",
                median(&mut latest.last_ms),
                median(&mut latest.server_us),
            );
            figures.last_ms.append(&mut latest.last_ms);
            figures.server_us.append(&mut latest.server_us);
        }
    }
    let size = thousands(PHONES as f64);
    for (figures, who) in [
        (&mut phones, "phones that follow"),
        (&mut screens, "screens"),
    ] {
        for (what, decimals, values) in [
            ("call to the last, ms", 2, &mut figures.last_ms),
            ("server's CPU each, µs", 1, &mut figures.server_us),
        ] {
            let row = Row::new(&format!("{size} {who}: {what}"), Better::Less);
            report.add(row.decimals(decimals).ours(median(values)));
        }
    }
    Ok(())
}

fn one_round(bench: &Bench, follow: bool, calls: usize) -> Result<Figures, Failure> {
    let server = bench.start(Stack::Turnero)?;
    let before = (WARM_UP_CALLS + calls) as u64;
    flood::create(server.address, Stack::Turnero.tickets_path(), before)?;
    // Both crowds have the same line, so that only what they are told differs.
    let mut paths = take_tickets(server.address)?;
    if !follow {
        paths.fill("/ws".to_owned());
    }
    let crowd = Crowd::gather_at(server.address, &paths, Dialect::TurneroV1)?;
    let pid = Some(server.pid());
    let figures = make_calls(crowd, server.address, pid, Dialect::TurneroV1, calls)?;
    server.stop()?;
    Ok(figures)
}

/// One ticket for each phone, and where it is followed.
fn take_tickets(address: SocketAddr) -> Result<Vec<String>, Failure> {
    let mut kiosk = Connection::open(address)?;
    let request = request("POST", "/api/tickets");
    let mut paths = Vec::with_capacity(PHONES);
    for _ in 0..PHONES {
        let (status, ticket) = kiosk.ask(&request)?;
        let id = ticket["id"].as_str().filter(|_| status == 201);
        paths.push(format!("/ws?ticket={}", id.ok_or("no ticket was given")?));
    }
    Ok(paths)
}
