//! Resident memory: idle, and with screens that have heard a few calls, which is when their buffers are
//! really there. Kernel memory (socket buffers, a thread's kernel stack) is not in it, for any server.

use std::thread;
use std::time::Duration;

use crate::Failure;
use crate::crowd::Crowd;
use crate::fanout;
use crate::flood;
use crate::http::{Connection, request};
use crate::machine::resident_kb;
use crate::message::Dialect;
use crate::options::Options;
use crate::report::{Aim, Better, Report, Row, median, thousands};
use crate::server::{Bench, Stack};

/// A server may still tidy up after its start, or after the last connection.
const SETTLE: Duration = Duration::from_millis(700);
const CALLS: usize = 3;
const AIMED_IDLE_MB: f64 = 8.0;
const AIMED_KB_A_SCREEN: f64 = 24.0;

#[derive(Default)]
struct Figures {
    idle_mb: Vec<f64>,
    /// For each size of crowd.
    crowded_mb: Vec<Vec<f64>>,
    kb_a_screen: Vec<Vec<f64>>,
}

pub fn measure(bench: &Bench, options: &Options, report: &mut Report) -> Result<(), Failure> {
    // A hundred screens are too few to divide by.
    let sizes: Vec<usize> = options
        .crowds()
        .iter()
        .copied()
        .filter(|size| *size >= 1_000)
        .collect();
    let empty = || Figures {
        crowded_mb: vec![Vec::new(); sizes.len()],
        kb_a_screen: vec![Vec::new(); sizes.len()],
        ..Figures::default()
    };
    let (mut ours, mut theirs) = (empty(), empty());
    for round in 1..=options.rounds() {
        for stack in bench.stacks() {
            let figures = match stack {
                Stack::Turnero => &mut ours,
                Stack::Course => &mut theirs,
            };
            for (place, size) in sizes.iter().enumerate() {
                let (idle, crowded) = one_crowd(bench, stack, *size)?;
                let kb_a_screen = (crowded - idle) / *size as f64;
                eprintln!(
                    "memory, round {round}, {}: idle {idle} kB, {size} screens {crowded} kB, {kb_a_screen:.1} kB each",
                    stack.name(),
                );
                figures.idle_mb.push(idle / 1024.0);
                figures.crowded_mb[place].push(crowded / 1024.0);
                figures.kb_a_screen[place].push(kb_a_screen);
            }
        }
    }
    report.add(
        Row::new("resident memory idle, MB", Better::Less)
            .decimals(1)
            .ours(median(&mut ours.idle_mb))
            .theirs(&mut theirs.idle_mb)
            .aim(Aim::Below(AIMED_IDLE_MB)),
    );
    for (place, size) in sizes.iter().enumerate() {
        let screens = thousands(*size as f64);
        report.add(
            Row::new(
                &format!("{screens} screens: resident memory, MB"),
                Better::Less,
            )
            .decimals(1)
            .ours(median(&mut ours.crowded_mb[place]))
            .theirs(&mut theirs.crowded_mb[place]),
        );
        report.add(
            Row::new(
                &format!("{screens} screens: memory a screen, kB"),
                Better::Less,
            )
            .decimals(1)
            .ours(median(&mut ours.kb_a_screen[place]))
            .theirs(&mut theirs.kb_a_screen[place])
            .aim(Aim::Below(AIMED_KB_A_SCREEN)),
        );
    }
    Ok(())
}

/// The resident memory in kB of a fresh server that answered once, and with a crowd.
fn one_crowd(bench: &Bench, stack: Stack, size: usize) -> Result<(f64, f64), Failure> {
    let dialect = match stack {
        Stack::Turnero => Dialect::TurneroV1,
        Stack::Course => Dialect::Course,
    };
    let server = bench.start(stack)?;
    Connection::open(server.address)?.ask(&request("GET", "/api/ticket/last"))?;
    thread::sleep(SETTLE);
    let idle = resident_kb(server.pid())?;
    flood::create(server.address, stack.tickets_path(), CALLS as u64)?;
    let mut crowd = Crowd::gather(server.address, size, dialect)?;
    fanout::call_often(&mut crowd, server.address, dialect, CALLS)?;
    thread::sleep(SETTLE);
    let crowded = resident_kb(server.pid())?;
    server.stop()?;
    Ok((idle, crowded))
}
