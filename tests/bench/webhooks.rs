//! The time that a ticket takes while its event is sent to other programs: to one that refuses connections, and to
//! one that takes them and never answers.

use std::net::{SocketAddr, TcpListener};

use serde_json::json;

use crate::Failure;
use crate::http::Connection;
use crate::options::Options;
use crate::readers::slowest_hundredth_ms;
use crate::report::{Better, Report, Row, median};
use crate::server::{Bench, Stack};

pub fn measure(bench: &Bench, options: &Options, report: &mut Report) -> Result<(), Failure> {
    // The kernel takes connections for it, and nobody reads them.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let refusing = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let receivers = [silent.local_addr()?, refusing];
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 1..=options.rounds() {
        let server = bench.start(Stack::Turnero)?;
        alone.push(slowest_hundredth_ms(server.address)?);
        for receiver in receivers {
            make_webhook(server.address, receiver)?;
        }
        beside.push(slowest_hundredth_ms(server.address)?);
        server.stop()?;
        eprintln!("webhooks, round {round}");
    }
    let mut add = |what: &str, values: &mut Vec<f64>| {
        let row = Row::new(what, Better::Less).decimals(2);
        report.add(row.ours(median(values)));
    };
    add("99 of 100 tickets, without a webhook, ms", &mut alone);
    add("the same beside two dead receivers, ms", &mut beside);
    Ok(())
}

fn make_webhook(server: SocketAddr, receiver: SocketAddr) -> Result<(), Failure> {
    let webhook = json!({ "url": format!("http://{receiver}/"), "types": ["ticket-created"] });
    let body = webhook.to_string();
    let head = format!(
        "POST /api/webhooks HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let (status, answer) = Connection::open(server)?.ask((head + &body).as_bytes())?;
    match status {
        201 => Ok(()),
        _ => Err(format!("a webhook was answered with {status}: {answer}").into()),
    }
}
