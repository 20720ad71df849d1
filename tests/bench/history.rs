//! A history of a million tickets over three years: how fast statistics are, and what an export of a year
//! costs those who take tickets meanwhile.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection as Database, params};

use crate::Failure;
use crate::backup;
use crate::flood;
use crate::http::{Connection, request};
use crate::machine::resident_kb;
use crate::options::Options;
use crate::report::{Aim, Better, Report, Row, median, thousands};
use crate::server::{Bench, Server, Stack};

const TICKETS: i64 = 1_000_000;
const DAYS: i64 = 3 * 365;
const HOUR_MS: i64 = 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * HOUR_MS;

const TICKETS_A_DAY: i64 = TICKETS / DAYS;

const LOOKS: usize = 15;
const AIMED_MONTH_MS: f64 = 200.0;
const AIMED_TODAY_MS: f64 = 20.0;
const AIMED_EXPORT_MB: f64 = 8.0;

pub fn measure(bench: &Bench, options: &Options, report: &mut Report) -> Result<(), Failure> {
    let window = options.flood_window();
    let mut empty = Vec::new();
    for _ in 0..options.rounds() {
        let server = bench.start(Stack::Turnero)?;
        empty.push(flood::a_second(server.address, window)?);
        server.stop()?;
    }
    let today = days_since_epoch()?;
    make_file(bench, today)?;
    let whole = bench.scratch().join("whole.db");
    fs::copy(bench.data_file(), &whole)?;
    let server = bench.start_again(Stack::Turnero)?;
    measure_statistics(&server, today, report)?;
    let path = format!(
        "/api/tickets.csv?from={}&to={}",
        date(today - 365),
        date(today)
    );
    measure_export(&server, &path, report)?;
    server.stop()?;
    // Each flood leaves people who wait, so each begins with the same file.
    let again = || {
        fs::copy(&whole, bench.data_file())?;
        bench.start_again(Stack::Turnero)
    };
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds() {
        let server = again()?;
        alone.push(flood::a_second(server.address, window)?);
        server.stop()?;
        let server = again()?;
        beside.push(beside_exports(server.address, &path, window)?);
        server.stop()?;
    }
    for (what, values) in [
        ("tickets a second, empty file", &mut empty),
        ("tickets a second, that file", &mut alone),
        ("tickets a second, beside exports of a year", &mut beside),
    ] {
        report.add(Row::new(what, Better::More).ours(median(values)));
    }
    backup::measure(bench, options, &whole, report)
}

fn measure_statistics(server: &Server, today: i64, report: &mut Report) -> Result<(), Failure> {
    let many = thousands(TICKETS as f64);
    let (month, day) = (date(today - 30), date(today));
    let month = format!("from={month}&to={day}");
    for (what, query, aim) in [
        ("month by day", format!("{month}&by=day"), AIMED_MONTH_MS),
        (
            "month by weekday and hour",
            format!("{month}&by=weekday,hour"),
            AIMED_MONTH_MS,
        ),
        (
            "month by service",
            format!("{month}&by=service"),
            AIMED_MONTH_MS,
        ),
        (
            "today by hour",
            format!("from={day}&by=hour"),
            AIMED_TODAY_MS,
        ),
    ] {
        let row = Row::new(&format!("{many} tickets, {what}, ms"), Better::Less);
        let mut times = look(server, &query)?;
        report.add(
            row.decimals(1)
                .ours(median(&mut times))
                .aim(Aim::Below(aim)),
        );
    }
    Ok(())
}

/// Times some looks at statistics.
fn look(server: &Server, query: &str) -> Result<Vec<f64>, Failure> {
    let mut connection = Connection::open(server.address)?;
    let request = request("GET", &format!("/api/statistics?{query}"));
    let mut times = Vec::new();
    for _ in 0..LOOKS {
        let begun = Instant::now();
        let (status, statistics) = connection.ask(&request)?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        let arrived = statistics["all"]["arrived"].as_i64().unwrap_or(0);
        if status != 200 || arrived < TICKETS_A_DAY / 2 {
            return Err(format!("statistics of {query}: {status}, {arrived} tickets").into());
        }
    }
    Ok(times)
}

/// How long an export of a year takes, and the server's memory meanwhile.
fn measure_export(server: &Server, path: &str, report: &mut Report) -> Result<(), Failure> {
    let idle_kb = resident_kb(server.pid())?;
    let begun = Instant::now();
    let mut most_kb = idle_kb;
    let rows = export(server.address, path, || {
        most_kb = most_kb.max(resident_kb(server.pid())?);
        Ok(())
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    if rows < TICKETS_A_DAY * 300 {
        return Err(format!("the export has {rows} rows").into());
    }
    let year = thousands(rows as f64);
    report.add(
        Row::new(
            &format!("export of a year, {year} tickets, s"),
            Better::Less,
        )
        .decimals(1)
        .ours(seconds),
    );
    report.add(
        Row::new("memory that it adds, MB", Better::Less)
            .decimals(1)
            .ours((most_kb - idle_kb) / 1024.0)
            .aim(Aim::Below(AIMED_EXPORT_MB)),
    );
    Ok(())
}

/// Tickets a second while exports follow each other.
fn beside_exports(address: SocketAddr, path: &str, window: Duration) -> Result<f64, Failure> {
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        let exports = scope.spawn(|| {
            while !ends.load(Ordering::Relaxed) {
                export(address, path, || Ok(()))?;
            }
            Ok::<(), Failure>(())
        });
        let flooded = flood::a_second(address, window);
        ends.store(true, Ordering::Relaxed);
        let exported = exports.join();
        exported.unwrap_or_else(|_| Err("an export panicked".into()))?;
        flooded
    })
}

/// Reads an export to its end. Returns its lines without the head; calls `look` now and then.
fn export(
    address: SocketAddr,
    path: &str,
    mut look: impl FnMut() -> Result<(), Failure>,
) -> Result<i64, Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    // Without keep-alive the end of the connection is the end of the answer.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
    let mut piece = vec![0; 256 * 1024];
    let mut lines = 0;
    loop {
        let read = stream.read(&mut piece)?;
        if read == 0 {
            break;
        }
        lines += piece[..read].iter().filter(|byte| **byte == b'\n').count();
        look()?;
    }
    // Of the answer's head, and of the names of the columns.
    const OTHERS: i64 = 8;
    Ok(i64::try_from(lines)? - OTHERS)
}

/// Makes a file with a history that ends today. Its rows are written straight into the table, as a server writes
/// them: a million tickets would take an hour to live through.
fn make_file(bench: &Bench, today: i64) -> Result<(), Failure> {
    eprintln!("history: making {TICKETS} tickets …");
    let server = bench.start(Stack::Turnero)?;
    let mut connection = Connection::open(server.address)?;
    let (_, office) = connection.ask(&request("GET", "/api/export"))?;
    let body = office.to_string();
    let import = format!(
        "POST /api/import HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n\
         {body}",
        body.len()
    );
    // An import leaves room before the numbers of its events.
    let (status, answer) = connection.ask(import.as_bytes())?;
    if status != 200 {
        return Err(format!("the import was answered {status}: {answer}").into());
    }
    server.stop()?;
    let mut file = Database::open(bench.data_file())?;
    let first_event: i64 = file.query_row("SELECT max(seq) FROM events", [], |row| row.get(0))?;
    if first_event < TICKETS {
        return Err(format!("events begin at {first_event}").into());
    }
    let transaction = file.transaction()?;
    {
        let mut ticket = transaction.prepare(
            "INSERT INTO tickets (seq, code, service, priority, state, created_at, since, first_called_at, ended_at,
                 waited_ms, served_ms, desk, calls, transfers)
             VALUES (?1, ?2, ?3, 'normal', ?4, ?5, ?6, ?7, ?6, ?8, ?9, ?10, 1, 0)",
        )?;
        let mut hour =
            transaction.prepare("INSERT INTO ticket_hours (seq, hour) VALUES (?1, ?2)")?;
        let mut newest = i64::MIN;
        for n in 0..TICKETS {
            // From 7 to 17 h UTC, over all days.
            let (day, place) = (n * DAYS / TICKETS, n % TICKETS_A_DAY);
            let at = (today - DAYS + 1 + day) * DAY_MS
                + 7 * HOUR_MS
                + (n - (day * TICKETS).div_euclid(DAYS)).clamp(0, TICKETS_A_DAY) * 10 * HOUR_MS
                    / (TICKETS_A_DAY + 1);
            let (seq, waits, serves) = (n + 1, n * 7_919 % 2_400_000, n * 104_729 % 900_000);
            let state = match n % 20 {
                0 => "no-show",
                1 => "cancelled",
                _ => "done",
            };
            let service = ["A", "B", "C"][usize::try_from(n % 3)?];
            let called = (state != "cancelled").then_some(at + waits);
            ticket.execute(params![
                seq,
                format!("{service}{}", place % 999 + 1),
                service,
                state,
                at,
                at + waits + serves,
                called,
                called.map(|_| waits),
                called.map(|_| serves),
                called.map(|_| (n % 8 + 1).to_string()),
            ])?;
            if at.div_euclid(HOUR_MS) != newest {
                newest = at.div_euclid(HOUR_MS);
                hour.execute([seq, newest])?;
            }
        }
    }
    transaction.commit()?;
    let megabytes = fs::metadata(bench.data_file())?.len() as f64 / 1e6;
    eprintln!("history: the file has {megabytes:.0} MB");
    Ok(())
}

fn days_since_epoch() -> Result<i64, Failure> {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(i64::try_from(elapsed.as_millis())? / DAY_MS)
}

/// A day as `2026-11-23`.
fn date(day: i64) -> String {
    let at = jiff::Timestamp::from_second(day * 24 * 60 * 60);
    at.map_or(String::new(), |at| at.strftime("%Y-%m-%d").to_string())
}
