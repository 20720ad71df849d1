//! Starts the parts of a server, and stops them in order.

use std::error::Error;
use std::net::TcpListener;
use std::sync::Arc;

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::config::Config;
use crate::presentation::access::Access;
use crate::presentation::office::Office;
use crate::presentation::printing::start_printers;
use crate::presentation::server::Server;
use crate::presentation::services::{
    Listeners, Options, RECENT_EVENTS, SharedState, TicketService, WssService,
};
use crate::presentation::webhooks::{EventSignal, Webhooks};
use crate::service_manager::ServiceManager;
use crate::{calendar, logging, storage, threads};

/// Runs a server until SIGINT or SIGTERM. The error is one line that says why it cannot start.
pub fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    logging::start(config.log_format)?;
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    // With a handler, a limit on the size of files fails the write and does not end the program.
    signal_hook::flag::register(SIGXFSZ, Arc::default())?;

    let listener = TcpListener::bind(config.listen)
        .map_err(|error| format!("{} cannot be used to listen: {error}.", config.listen))?;
    let mut journal = storage::open(&config.data)?;
    let file = config.data.display();
    let unusable = |why| format!("The data file {file} cannot be used: {why}.");
    let loaded = journal
        .load(RECENT_EVENTS as u64, u64::MAX)
        .map_err(unusable)?;
    for damage in &loaded.damage {
        log::warn!(
            "{damage}: the office is rebuilt from the snapshot before it, if there is one, and all later events"
        );
    }
    let (mut queue, events) = (loaded.queue, loaded.events);
    let wss = WssService::init(Options::from(&config.limits), &mut queue, &events)?;
    let shared = Arc::new(SharedState::new(queue));
    let printers = start_printers(&config, &shared, wss)?;
    let mut listeners = Listeners::default();
    listeners.add(wss);
    listeners.add(printers.clone());
    let signal = EventSignal::default();
    listeners.add(signal.clone());
    let (access, announcement) = Access::open(&config, &mut *journal, wss)?;
    let kept = config.retention();
    let (stored, event_log) = (journal.webhooks()?, journal.event_log());
    let newest = loaded.newest_snapshot;
    let tickets = TicketService::start(shared.clone(), newest, journal, listeners, kept)?;
    let store = tickets.webhook_store();
    let webhooks = Webhooks::start(stored, event_log, shared, store, signal);
    let office = Office::new(config, access, tickets, wss, printers, webhooks);
    if office.config.backup_dir.is_some() {
        let office = office.clone();
        threads::spawn_vital("backup", move || office.backups.run(&office.tickets))?;
    }
    let server = Server::start(listener, office.clone())?;

    announcement.say(&office.tickets);
    let day_rule = office
        .tickets
        .read_queue(|queue| queue.settings().day_rule());
    if let Some(problem) = calendar::zone_problem(&day_rule) {
        log::warn!("{problem}");
    }
    let manager = ServiceManager::from_environment();
    if let Some(manager) = &manager {
        manager.ready(&office)?;
    }
    signals.forever().next();
    if let Some(manager) = &manager {
        manager.stopping();
    }
    server.stop();
    Ok(())
}
