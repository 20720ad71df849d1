//! Starts the parts of a server, and stops them in order.

use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::config::Config;
use crate::presentation::access::Access;
use crate::presentation::http::certificate::Certificate;
use crate::presentation::office::Office;
use crate::presentation::other_servers;
use crate::presentation::printing::start_printers;
use crate::presentation::server::Server;
use crate::presentation::services::{
    Listeners, Options, RECENT_EVENTS, SharedState, TicketService, WssService,
};
use crate::presentation::webhooks::{EventSignal, Webhooks};
use crate::service_manager::ServiceManager;
use crate::{calendar, logging, storage, threads};

/// `turnero --check-config`: says whether a server could start with these settings.
pub fn check_config(config: &Config) -> Result<(), Box<dyn Error>> {
    let (listen, data) = (config.listen, &config.data);
    let certificate = open_certificate(config)?;
    let secure = match certificate {
        Some(_) => format!(", HTTPS on {}", config.tls_listen),
        None => String::new(),
    };
    println!("The configuration is right: listen on {listen}{secure}, data in {data}.");
    let notes = config.notes().into_iter().map(str::to_owned);
    for note in notes.chain(certificate.and_then(|certificate| certificate.problem())) {
        println!("{note}");
    }
    Ok(())
}

fn open_certificate(config: &Config) -> Result<Option<Certificate>, String> {
    let files = config.tls_files();
    files
        .map(|(certificate, key)| Certificate::open(certificate, key))
        .transpose()
}

fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(address);
    listener.map_err(|error| format!("{address} cannot be used to listen: {error}."))
}

/// Runs a server until SIGINT or SIGTERM. The error is one line that says why it cannot start.
pub fn serve(mut config: Config) -> Result<(), Box<dyn Error>> {
    logging::start(config.log_format)?;
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    // With a handler, a limit on the size of files fails the write and does not end the program.
    signal_hook::flag::register(SIGXFSZ, Arc::default())?;

    for note in config.notes() {
        log::warn!("{note}");
    }
    let certificate = open_certificate(&config)?.map(Arc::new);
    let listener = listen(config.listen)?;
    // Port 0 is another one now.
    config.listen = listener.local_addr()?;
    let secure = match certificate.clone() {
        Some(certificate) => {
            let listener = listen(config.tls_listen)?;
            // Port 0 is another one now.
            config.tls_listen = listener.local_addr()?;
            Some((listener, certificate))
        }
        None => None,
    };
    let mut journal = storage::open(&config.data)?;
    let data = &config.data;
    let unusable = |why| format!("The office in {data} cannot be used: {why}.");
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
    let (access, notice) = Access::open(&config, &mut *journal, wss)?;
    let kept = config.retention();
    let (stored, event_log) = (journal.webhooks().map_err(unusable)?, journal.event_log());
    let doorbell = journal.doorbell();
    let newest = loaded.newest_snapshot;
    let tickets = TicketService::start(shared.clone(), newest, journal, listeners, kept)?;
    let store = tickets.webhook_store();
    let webhooks = Webhooks::start(stored, event_log, shared, store, signal);
    let office = Office::new(
        config,
        certificate,
        access,
        tickets,
        wss,
        printers,
        webhooks,
    );
    if office.config.backup_dir.is_some() {
        let office = office.clone();
        threads::spawn_vital("backup", move || office.backups.run(&office.tickets))?;
    }
    if let Some(mut doorbell) = doorbell {
        // Others may share the office, though none has been noticed yet.
        office.tickets.shared().set_servers(1);
        let office = office.clone();
        threads::spawn_vital("doorbell", move || {
            other_servers::follow(&office, &mut *doorbell);
        })?;
    }
    let server = Server::start(listener, secure, office.clone())?;

    notice.say(&office.tickets);
    let day_rule = office
        .tickets
        .read_queue(|queue| queue.settings().day_rule());
    if let Some(certificate) = &office.certificate {
        certificate.warn();
    }
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
