//! The time that a ticket takes while the server copies a large data file.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Failure;
use crate::http::{Connection, request};
use crate::options::Options;
use crate::readers::{create_until, slowest_hundredth_ms};
use crate::report::{Better, Report, Row, median};
use crate::server::Bench;

const DEADLINE: Duration = Duration::from_secs(300);

/// Between two questions whether the copy is made, in tickets.
const TICKETS_BETWEEN: usize = 20;

/// Backups follow each other until so many tickets are taken.
const TICKETS: usize = 1_000;

/// Measures with copies of the data file `whole`.
pub fn measure(
    bench: &Bench,
    options: &Options,
    whole: &Path,
    report: &mut Report,
) -> Result<(), Failure> {
    let folder = bench.scratch().join("backups");
    let (mut alone, mut during) = (Vec::new(), Vec::new());
    let (mut slowest, mut seconds) = (Vec::new(), Vec::new());
    for round in 1..=options.rounds() {
        fs::copy(whole, bench.data_file())?;
        fs::create_dir_all(&folder)?;
        let server = bench.start_with_backups(&folder)?;
        let mut client = Connection::open(server.address)?;
        // That of the day, which a server makes at its start.
        let deadline = Instant::now() + DEADLINE;
        while finished(&mut client)? == 0 {
            if Instant::now() > deadline {
                return Err("the backup of the day does not end".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        alone.push(slowest_hundredth_ms(server.address)?);
        // Another one, because a connection that is idle for long is closed.
        let mut client = Connection::open(server.address)?;
        let (mut begun, mut run) = (Instant::now(), begin(&mut client)?);
        let took = create_until(server.address, |created| {
            if created % TICKETS_BETWEEN != 0 || finished(&mut client)? < run {
                return Ok(false);
            }
            seconds.push(begun.elapsed().as_secs_f64());
            if created >= TICKETS {
                return Ok(true);
            }
            (begun, run) = (Instant::now(), begin(&mut client)?);
            Ok(false)
        })?;
        let most = took[took.len() - 1];
        during.push(took[took.len() * 99 / 100]);
        slowest.push(most);
        eprintln!(
            "backup, round {round}: {} tickets, the slowest {most:.1} ms",
            took.len()
        );
        server.stop()?;
        fs::remove_dir_all(&folder)?;
    }
    for (what, values) in [
        ("99 of 100 tickets, that file, ms", &mut alone),
        ("the same during backups, ms", &mut during),
        ("the slowest ticket during backups, ms", &mut slowest),
        ("a backup, s", &mut seconds),
    ] {
        let row = Row::new(what, Better::Less).decimals(1);
        report.add(row.ours(median(values)));
    }
    Ok(())
}

/// Asks for a backup. Returns how many are made once it is.
fn begin(client: &mut Connection) -> Result<u64, Failure> {
    let (status, asked) = client.ask(&request("POST", "/api/backups"))?;
    let run = asked["run"].as_u64();
    Ok(run.ok_or_else(|| format!("no backup: {status} {asked}"))?)
}

/// How many backups the server has made. A backup that failed is an error.
fn finished(client: &mut Connection) -> Result<u64, Failure> {
    let (_, list) = client.ask(&request("GET", "/api/backups"))?;
    if let Value::String(problem) = &list["problem"] {
        return Err(format!("the backup failed: {problem}").into());
    }
    Ok(list["finished"].as_u64().unwrap_or(0))
}
