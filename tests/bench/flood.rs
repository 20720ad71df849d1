//! Tickets a second: sixteen kept-alive connections create tickets as fast as they are answered.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::control::Control;
use crate::http::{Connection, request};
use crate::options::Options;
use crate::report::{Aim, Better, Report, Row, median};
use crate::server::{Bench, Server, Stack};

const CONNECTIONS: usize = 16;
/// Long enough for Node to have compiled what runs hot.
const WARM_UP: Duration = Duration::from_millis(1_000);
const AIMED_RATIO: f64 = 5.0;

pub fn measure(bench: &Bench, options: &Options, report: &mut Report) -> Result<(), Failure> {
    let control = Control::start()?;
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    let mut barest = Vec::new();
    for round in 1..=options.floods() {
        for stack in bench.stacks() {
            let server = bench.start(stack)?;
            let path = stack.tickets_path();
            let open = to(server.address);
            let flood = flood(&open, path, CONNECTIONS, options.flood_window())?;
            check_all_are_there(&server, flood.acknowledged)?;
            server.stop()?;
            eprintln!(
                "tickets, round {round}, {}: {:.0}/s",
                stack.name(),
                flood.a_second
            );
            match stack {
                Stack::Turnero => ours.push(flood.a_second),
                Stack::Course => theirs.push(flood.a_second),
            }
        }
        let open = to(control.address);
        let flood = flood(&open, "/api/tickets", CONNECTIONS, options.flood_window())?;
        eprintln!(
            "tickets, round {round}, barest server: {:.0}/s",
            flood.a_second
        );
        barest.push(flood.a_second);
    }
    report.add(
        Row::new("tickets a second, 16 connections", Better::More)
            .ours(median(&mut ours))
            .theirs(&mut theirs)
            .barest(median(&mut barest))
            .aim(Aim::TimesTheirs(AIMED_RATIO)),
    );
    Ok(())
}

/// Opens a connection.
pub type Open<'a> = dyn Fn() -> Result<Connection, Failure> + Sync + 'a;

fn to(address: SocketAddr) -> impl Fn() -> Result<Connection, Failure> + Sync {
    move || Connection::open(address)
}

pub struct Flood {
    pub a_second: f64,
    /// Every ticket that was answered with 201, those of the warm-up too.
    pub acknowledged: u64,
}

fn flood(
    open: &Open<'_>,
    path: &str,
    connections: usize,
    window: Duration,
) -> Result<Flood, Failure> {
    let counted_from = Instant::now() + WARM_UP;
    let until = counted_from + window;
    let counts = on_each_connection(open, path, connections, |creator| {
        let mut acknowledged = 0;
        let mut counted = 0;
        loop {
            creator.create()?;
            acknowledged += 1;
            let now = Instant::now();
            if now >= until {
                return Ok((acknowledged, counted));
            }
            counted += u64::from(now >= counted_from);
        }
    })?;
    let counted: u64 = counts.iter().map(|(_, counted)| counted).sum();
    Ok(Flood {
        a_second: counted as f64 / window.as_secs_f64(),
        acknowledged: counts.iter().map(|(acknowledged, _)| acknowledged).sum(),
    })
}

/// New tickets a second, of a server that may have others.
pub fn a_second(address: SocketAddr, window: Duration) -> Result<f64, Failure> {
    a_second_over(&to(address), window)
}

/// New tickets a second on connections that `open` makes.
pub fn a_second_over(open: &Open<'_>, window: Duration) -> Result<f64, Failure> {
    let flood = flood(open, Stack::Turnero.tickets_path(), CONNECTIONS, window)?;
    Ok(flood.a_second)
}

/// A flood of new tickets on so many connections, which take turns to go to the servers.
pub fn of_servers(
    servers: &[SocketAddr],
    connections: usize,
    window: Duration,
) -> Result<Flood, Failure> {
    let opened = AtomicUsize::new(0);
    let open = || Connection::open(servers[opened.fetch_add(1, Ordering::Relaxed) % servers.len()]);
    flood(&open, Stack::Turnero.tickets_path(), connections, window)
}

/// Creates exactly so many tickets, as fast as they are answered.
pub fn create(address: SocketAddr, path: &str, tickets: u64) -> Result<(), Failure> {
    let taken = AtomicU64::new(0);
    on_each_connection(&to(address), path, CONNECTIONS, |creator| {
        while taken.fetch_add(1, Ordering::Relaxed) < tickets {
            creator.create()?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Both servers answer this with a bare number; a new server has given none before.
pub fn check_all_are_there(server: &Server, acknowledged: u64) -> Result<(), Failure> {
    let (_, last) = Connection::open(server.address)?.ask(&request("GET", "/api/ticket/last"))?;
    if last.as_u64() == Some(acknowledged) {
        return Ok(());
    }
    let name = server.stack().name();
    Err(format!("{name} acknowledged {acknowledged} tickets, and its last number is {last}").into())
}

struct Creator {
    connection: Connection,
    request: Vec<u8>,
}

impl Creator {
    fn create(&mut self) -> Result<(), Failure> {
        self.connection.send(&self.request)?;
        match self.connection.receive()? {
            (201, _) => Ok(()),
            (status, body) => {
                let body = String::from_utf8_lossy(body);
                Err(format!("a ticket was answered with {status}: {body}").into())
            }
        }
    }
}

fn on_each_connection<T: Send>(
    open: &Open<'_>,
    path: &str,
    connections: usize,
    work: impl Fn(&mut Creator) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..connections)
            .map(|_| {
                scope.spawn(move || {
                    work(&mut Creator {
                        connection: open()?,
                        request: request("POST", path),
                    })
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err("a client panicked".into()))
            })
            .collect()
    })
}
