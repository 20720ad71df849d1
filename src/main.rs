//! Flags in, exit code out; who starts and who joins whom.

use std::error::Error;
use std::net::TcpListener;
use std::process::ExitCode;

use crossbeam_channel::bounded;
use log::LevelFilter;
use simple_logger::SimpleLogger;
use turnero::config::{Config, Wish};
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
    let logger = SimpleLogger::new().with_level(LevelFilter::Info).env();
    logger.with_utc_timestamps().init()?;
    let (signals, signalled) = bounded(1);
    // A second signal finds the channel full, and the program ending already.
    ctrlc::set_handler(move || signals.try_send(()).unwrap_or_default())?;

    let mut journal = SqliteJournal::open(&config.data)?;
    let listener = TcpListener::bind(config.listen)
        .map_err(|error| format!("{} cannot be listened on: {error}.", config.listen))?;
    let mut queue = journal.load_snapshot(RECENT_EVENTS as u64)?;
    let snapshot_seq = queue.seq();
    let events = journal.read_after(snapshot_seq)?;
    let wss = WssService::init(Options::from(&config.limits), &mut queue, &events)?;
    let tickets = TicketService::start(queue, snapshot_seq, Box::new(journal), wss)?;
    let server = Server::start(listener, Office::new(config, tickets, wss))?;
    log::info!("Listening on http://{}", server.address());

    signalled.recv()?;
    log::info!("Ending");
    server.stop();
    Ok(())
}
