//! The time that a ticket takes while others read large answers: slow readers of the list of all tickets, and
//! exports as fast as they come.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::flood;
use crate::http::{Connection, request};
use crate::machine::resident_kb;
use crate::options::Options;
use crate::report::{Better, Report, Row, median, thousands};
use crate::server::{Bench, Server, Stack};

const SLOW_READERS: usize = 200;
const EXPORTS: usize = 20;
/// Of a slow reader, after each piece.
const PAUSE: Duration = Duration::from_millis(20);
/// Before a refused reader asks again.
const RETRY: Duration = Duration::from_millis(500);
const PIECE: usize = 16 * 1024;
const TICKETS: usize = 1_000;
const INTERVAL: Duration = Duration::from_millis(5);

pub fn measure(bench: &Bench, options: &Options, report: &mut Report) -> Result<(), Failure> {
    let waiting = options.full_file_tickets() / 2;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let (mut before, mut during) = (Vec::new(), Vec::new());
    for round in 1..=options.rounds() {
        let server = bench.start(Stack::Turnero)?;
        flood::create(server.address, Stack::Turnero.tickets_path(), waiting)?;
        alone.push(slowest_hundredth_ms(server.address)?);
        before.push(resident_kb(server.pid())? / 1024.0);
        let (ms, mb) = beside_readers(&server)?;
        beside.push(ms);
        during.push(mb);
        eprintln!("readers, round {round}: {ms:.1} ms, {mb:.0} MB");
        server.stop()?;
    }
    let mut add = |what: String, values: &mut Vec<f64>| {
        let row = Row::new(&what, Better::Less).decimals(1);
        report.add(row.ours(median(values)));
    };
    let readers = format!("{SLOW_READERS} slow readers and {EXPORTS} exports");
    let waiting = thousands(waiting as f64);
    add(
        format!("99 of 100 tickets, {waiting} waiting, ms"),
        &mut alone,
    );
    add(format!("the same beside {readers}, ms"), &mut beside);
    add(
        format!("resident memory, {waiting} waiting, MB"),
        &mut before,
    );
    add(format!("the same beside {readers}, MB"), &mut during);
    Ok(())
}

/// The 99th percentile beside the readers, in milliseconds, and the memory after it, in MB.
fn beside_readers(server: &Server) -> Result<(f64, f64), Failure> {
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..SLOW_READERS {
            scope.spawn(|| read_until(&ended, server.address, "/api/tickets?limit=100000", PAUSE));
        }
        for _ in 0..EXPORTS {
            scope.spawn(|| read_until(&ended, server.address, "/api/export", Duration::ZERO));
        }
        let ms = slowest_hundredth_ms(server.address);
        let kb = resident_kb(server.pid());
        ended.store(true, Ordering::Relaxed);
        Ok((ms?, kb? / 1024.0))
    })
}

/// Asks for `path` again and again. Most readers are refused, as many answers are large; that is no failure.
fn read_until(ended: &AtomicBool, address: SocketAddr, path: &str, pause: Duration) {
    let mut piece = vec![0; PIECE];
    while !ended.load(Ordering::Relaxed) {
        let answer = TcpStream::connect(address).and_then(|mut stream| {
            stream.set_read_timeout(Some(RETRY))?;
            stream.write_all(&request("GET", path))?;
            let mut last = [0; 5];
            let mut is_refused = false;
            let mut is_first = true;
            // The last piece of a chunked answer; a refusal is short.
            while !ended.load(Ordering::Relaxed) && last != *b"0\r\n\r\n" && !is_refused {
                let read = stream.read(&mut piece)?;
                if read == 0 {
                    break;
                }
                is_refused = is_first && piece.starts_with(b"HTTP/1.1 503");
                is_first = false;
                if let Some(end) = piece[..read].last_chunk() {
                    last = *end;
                }
                thread::sleep(pause);
            }
            Ok(is_refused)
        });
        if !matches!(answer, Ok(false)) {
            thread::sleep(RETRY);
        }
    }
}

/// Creates tickets at a steady pace; 99 of 100 took at most so many milliseconds.
pub fn slowest_hundredth_ms(address: SocketAddr) -> Result<f64, Failure> {
    let took = create_until(address, |created| Ok(created == TICKETS))?;
    Ok(took[took.len() * 99 / 100])
}

/// Creates tickets at a steady pace until `is_over`, which gets their number. Returns how many milliseconds they
/// took, the fastest first.
pub fn create_until(
    address: SocketAddr,
    mut is_over: impl FnMut(usize) -> Result<bool, Failure>,
) -> Result<Vec<f64>, Failure> {
    let mut connection = Connection::open(address)?;
    let create = request("POST", Stack::Turnero.tickets_path());
    let mut took = Vec::with_capacity(TICKETS);
    while took.is_empty() || !is_over(took.len())? {
        let begun = Instant::now();
        let (status, body) = connection.ask(&create)?;
        if status != 201 {
            return Err(format!("a ticket was answered with {status}: {body}").into());
        }
        took.push(begun.elapsed().as_secs_f64() * 1e3);
        thread::sleep(INTERVAL);
    }
    took.sort_by(f64::total_cmp);
    Ok(took)
}
