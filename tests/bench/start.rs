//! The binary's size, and the time from making the process to its first answer: with nothing in its file
//! and with a great many people waiting.

use std::fs;

use crate::Failure;
use crate::flood;
use crate::http::{Connection, request};
use crate::machine::resident_kb;
use crate::options::Options;
use crate::report::{Aim, Better, Report, Row, median, thousands};
use crate::server::{Bench, Server, Stack};

/// A start is short, so that each round has several.
const STARTS_A_ROUND: usize = 3;
const AIMED_BINARY_MB: f64 = 6.0;

pub fn measure(bench: &Bench, options: &Options, report: &mut Report) -> Result<(), Failure> {
    let bytes = fs::metadata(bench.binary())?.len();
    report.add(
        Row::new("size of the binary, MB", Better::Less)
            .decimals(1)
            .ours(bytes as f64 / 1e6)
            .aim(Aim::Below(AIMED_BINARY_MB)),
    );
    measure_empty(bench, options, report)?;
    measure_full(bench, options, report)
}

fn measure_empty(bench: &Bench, options: &Options, report: &mut Report) -> Result<(), Failure> {
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for _ in 0..options.rounds() * STARTS_A_ROUND {
        for stack in bench.stacks() {
            let server = bench.start(stack)?;
            let milliseconds = first_answer_ms(&server, 0)?;
            server.stop()?;
            match stack {
                Stack::Turnero => ours.push(milliseconds),
                Stack::Course => theirs.push(milliseconds),
            }
        }
    }
    report.add(
        Row::new("start to first answer, no data, ms", Better::Less)
            .decimals(1)
            .ours(median(&mut ours))
            .theirs(&mut theirs),
    );
    Ok(())
}

fn measure_full(bench: &Bench, options: &Options, report: &mut Report) -> Result<(), Failure> {
    let tickets = options.full_file_tickets();
    eprintln!("start: creating {tickets} tickets …");
    let server = bench.start(Stack::Turnero)?;
    flood::create(server.address, Stack::Turnero.tickets_path(), tickets)?;
    flood::check_all_are_there(&server, tickets)?;
    server.stop()?;
    let mut clean = Vec::new();
    let mut killed = Vec::new();
    let mut resident = Vec::new();
    for _ in 0..options.rounds() {
        let server = bench.start_again(Stack::Turnero)?;
        clean.push(first_answer_ms(&server, tickets)?);
        resident.push(resident_kb(server.pid())? / 1024.0);
        // Dropping it kills it.
        drop(server);
        let server = bench.start_again(Stack::Turnero)?;
        killed.push(first_answer_ms(&server, tickets)?);
        server.stop()?;
    }
    let waiting = thousands(tickets as f64);
    let row = |what: &str, values: &mut Vec<f64>| {
        Row::new(what, Better::Less)
            .decimals(1)
            .ours(median(values))
    };
    report.add(row(
        &format!("start, {waiting} people waiting, ms"),
        &mut clean,
    ));
    report.add(row(
        &format!("start after kill -9, {waiting} waiting, ms"),
        &mut killed,
    ));
    report.add(row("resident memory then, MB", &mut resident));
    Ok(())
}

/// Sends the first request as soon as the log names the address; the answer must count every ticket.
fn first_answer_ms(server: &Server, tickets: u64) -> Result<f64, Failure> {
    let (_, last) = Connection::open(server.address)?.ask(&request("GET", "/api/ticket/last"))?;
    let milliseconds = server.begun.elapsed().as_secs_f64() * 1e3;
    if last.as_u64() != Some(tickets) {
        return Err(format!("after a start the last number is {last}, not {tickets}").into());
    }
    Ok(milliseconds)
}
