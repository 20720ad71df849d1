//! Printing of tickets on network printers that understand ESC/POS. A printer is a listener of the
//! ledger: a ticket is durable before it is printed, and nobody waits for a printer.

mod delivery;
mod escpos;
mod fault;
mod printed_ticket;
mod printer;
mod queue;
mod worker;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

pub use delivery::Timeouts;
pub use printer::Printer;
pub use queue::PrintJob;

use super::http::address::Base;
use super::services::{SharedState, WssService};
use crate::config::Config;
use printed_ticket::PrintedTicket;

/// The name of the printer that `--printer` sets.
const MAIN_PRINTER: &str = "main";

/// Starts the configured printers, each with a thread of its own. `listen` is the address that this
/// server listens on, which phones that read a printed code connect to.
pub fn start_printers(
    config: &Config,
    listen: SocketAddr,
    shared: &Arc<SharedState>,
    wss: &'static WssService,
) -> io::Result<Vec<Arc<Printer>>> {
    let configured = config.printer.iter().map(|target| (MAIN_PRINTER, target));
    let printers = configured.map(|(name, target)| {
        let base = Base::of_machine(listen);
        let shared = shared.clone();
        let render = move |id| {
            let ticket = shared.read_queue(|queue| PrintedTicket::of(queue, queue.ticket(id)?));
            ticket.map(|ticket| ticket.render(base.as_ref()))
        };
        let report = move |state| wss.set_printer_state(name, state);
        Printer::start(target, Timeouts::default(), render, report)
    });
    printers.collect()
}
