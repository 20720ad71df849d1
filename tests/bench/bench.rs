//! `make bench`: what the release binary does on this machine, beside the course's stack (Express and
//! ws, everything in memory) in the same run.
//!
//! This room reads the flags and puts the measurements in order. A speed never makes it fail: the exit
//! code tells whether everything worked, the table tells how fast.

mod backup;
mod control;
mod course;
mod crowd;
mod fanout;
mod flood;
mod frames;
mod history;
mod http;
mod machine;
mod memory;
mod message;
mod options;
mod phones;
mod plot;
mod postgres;
mod readers;
mod report;
mod server;
mod start;
// The tests use more of it, and let a test fail where it unwraps.
#[allow(dead_code, clippy::unwrap_used)]
#[path = "../common/stream.rs"]
mod stream;
mod tls;
mod webhooks;

use std::process::ExitCode;
use std::time::Duration;

use options::{Measurement, Options};
use report::Report;
use server::Bench;

/// For a handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// Anything that did not work, in words for the person who ran the benchmark.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let options = match Options::from_args(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<Report, Failure> {
    machine::raise_open_file_limit()?;
    let bench = Bench::prepare()?;
    let mut report = Report::new(machine::describe(bench.scratch())?, bench.course_missing());
    let load = machine::Load::begin()?;
    for measurement in options.measurements() {
        match measurement {
            Measurement::Tickets => flood::measure(&bench, options, &mut report)?,
            Measurement::Tls => tls::measure(&bench, options, &mut report)?,
            Measurement::Postgres => postgres::measure(&bench, options, &mut report)?,
            Measurement::Screens => fanout::measure(&bench, options, &mut report)?,
            Measurement::Phones => phones::measure(&bench, options, &mut report)?,
            Measurement::Readers => readers::measure(&bench, options, &mut report)?,
            Measurement::Webhooks => webhooks::measure(&bench, options, &mut report)?,
            Measurement::Memory => memory::measure(&bench, options, &mut report)?,
            Measurement::History => history::measure(&bench, options, &mut report)?,
            Measurement::Start => start::measure(&bench, options, &mut report)?,
        }
    }
    report.note(load.describe()?);
    Ok(report)
}
