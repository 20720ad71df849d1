//! Flags in, exit code out; who starts and who joins whom.

use std::error::Error;
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use turnero::config::{Config, Wish};
use turnero::logging;
use turnero::presentation::Office;
use turnero::presentation::server::Server;
use turnero::presentation::services::{Options, RECENT_EVENTS, TicketService, WssService};
use turnero::storage::{Journal, SqliteJournal};

fn main() -> ExitCode {
    let (why, code) = match Config::read() {
        Ok(Wish::Serve(config)) => match serve(*config) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(why) => (why.to_string(), 1),
        },
        Ok(Wish::Print(text)) => {
            println!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(why) => (why, 2),
    };
    eprintln!("turnero: {why}");
    ExitCode::from(code)
}

/// Runs until SIGINT or SIGTERM. `Err` is one line that says why it could not start.
fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    logging::start()?;
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    // With a handler, a limit on the size of files fails the write and does not end the program.
    signal_hook::flag::register(SIGXFSZ, Arc::default())?;

    let listener = TcpListener::bind(config.listen)
        .map_err(|error| format!("{} cannot be listened on: {error}.", config.listen))?;
    let mut journal = SqliteJournal::open(&config.data)?;
    let unusable = |why| {
        format!(
            "The data file {} cannot be used: {why}.",
            config.data.display()
        )
    };
    let (mut queue, events) = journal.load(RECENT_EVENTS as u64).map_err(unusable)?;
    let snapshot_seq = journal.newest_snapshot()?;
    let wss = WssService::init(Options::from(&config.limits), &mut queue, &events)?;
    let tickets = TicketService::start(queue, snapshot_seq, Box::new(journal), wss)?;
    let server = Server::start(listener, Office::new(config, tickets, wss))?;

    signals.forever().next();
    server.stop();
    Ok(())
}
