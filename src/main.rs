//! Flags in, exit code out; who starts and who joins whom.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use std::{io, net::TcpListener};

use crossbeam_channel::bounded;
use log::LevelFilter;
use simple_logger::SimpleLogger;
use turnero::config::{Config, Wish};
use turnero::presentation::Office;
use turnero::presentation::pages::Pages;
use turnero::presentation::server::Server;
use turnero::presentation::services::{Options, RECENT_EVENTS, TicketService, WssService};
use turnero::storage::{Journal, SqliteJournal};

fn main() -> ExitCode {
    let config = match Config::read() {
        Ok(Wish::Serve(config)) => *config,
        Ok(Wish::Print(text)) => {
            println!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("turnero: {why}");
            return ExitCode::from(2);
        }
    };
    match serve(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("turnero: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until SIGINT or SIGTERM. `Err` is one line that says why it could not start.
fn serve(config: Config) -> Result<(), String> {
    let logger = SimpleLogger::new().with_level(LevelFilter::Info).env();
    logger
        .with_utc_timestamps()
        .init()
        .map_err(|error| error.to_string())?;
    let (signals, signalled) = bounded(1);
    // A second signal finds the channel full, and the program ending already.
    let handler = move || signals.try_send(()).unwrap_or_default();
    ctrlc::set_handler(handler).map_err(|error| error.to_string())?;

    let mut journal = SqliteJournal::open(&config.data).map_err(|e| e.to_string())?;
    let listener = TcpListener::bind(config.listen)
        .map_err(|error: io::Error| format!("{} cannot be listened on: {error}.", config.listen))?;
    let mut queue = journal
        .load_snapshot(RECENT_EVENTS as u64)
        .map_err(|e| e.to_string())?;
    let snapshot_seq = queue.seq();
    let events = journal.read_after(queue.seq()).map_err(|e| e.to_string())?;
    let options = Options {
        message_bytes: config.limits.message_bytes,
        ..Options::default()
    };
    let wss = WssService::init(options, &mut queue, &events).map_err(|e| e.to_string())?;
    let tickets = TicketService::start(queue, snapshot_seq, Box::new(journal), wss)
        .map_err(|e| e.to_string())?;
    let pages = Pages::new(config.html.clone());
    let office = Arc::new(Office {
        config,
        tickets,
        wss,
        pages,
        started: Instant::now(),
    });
    let server = Server::start(listener, office.clone()).map_err(|e| e.to_string())?;
    log::info!("Listening on http://{}", server.address());

    signalled.recv().map_err(|error| error.to_string())?;
    log::info!("Ending");
    server.stop();
    office.tickets.stop();
    wss.stop();
    Ok(())
}
