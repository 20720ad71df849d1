//! Flags in, exit code out; who starts and who joins whom.

use std::error::Error;
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use turnero::config::{Action, Config};
use turnero::logging;
use turnero::presentation::access::{Access, set_pin_of_file};
use turnero::presentation::office::Office;
use turnero::presentation::printing::start_printers;
use turnero::presentation::server::Server;
use turnero::presentation::services::{
    Listeners, Options, RECENT_EVENTS, SharedState, TicketService, WssService,
};
use turnero::presentation::tickets::transfer::{export_file, import_file};
use turnero::storage::{Journal, SqliteJournal};

fn main() -> ExitCode {
    let (done, code) = match Action::read() {
        Ok(Action::Serve(config)) => (serve(*config), 1),
        Ok(Action::SetPin(role, config)) => (set_pin_of_file(role, &config.data), 1),
        Ok(Action::Export(file, config)) => (export_file(&config.data, &file), 1),
        Ok(Action::Import {
            file,
            replace,
            config,
        }) => (import_file(&file, &config.data, replace), 1),
        Ok(Action::Print(text)) => {
            println!("{text}");
            (Ok(()), 0)
        }
        Err(why) => (Err(why.into()), 2),
    };
    let Err(why) = done else {
        return ExitCode::SUCCESS;
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
    let file = config.data.display();
    let unusable = |why| format!("The data file {file} cannot be used: {why}.");
    let (mut queue, events) = journal.load(RECENT_EVENTS as u64).map_err(unusable)?;
    let snapshot_seq = journal.newest_snapshot()?;
    let wss = WssService::init(Options::from(&config.limits), &mut queue, &events)?;
    let shared = Arc::new(SharedState::new(queue));
    let printers = start_printers(&config, listener.local_addr()?, &shared, wss)?;
    let mut listeners = Listeners::default();
    listeners.add(wss);
    printers
        .iter()
        .cloned()
        .for_each(|printer| listeners.add(printer));
    let (access, announcement) = Access::open(&config, &mut journal, wss)?;
    let kept = config.audit_retention();
    let tickets = TicketService::start(shared, snapshot_seq, Box::new(journal), listeners, kept)?;
    let office = Office::new(config, access, tickets, wss, printers);
    let server = Server::start(listener, office.clone())?;

    announcement.say(&office.tickets);
    signals.forever().next();
    server.stop();
    Ok(())
}
