//! Printing of tickets on network printers that understand ESC/POS. The printers are a listener of the
//! ledger: a ticket is durable before it is printed, and nobody waits for a printer.

mod delivery;
mod escpos;
mod fault;
mod printed_ticket;
mod printer;
mod printers;
mod queue;
mod worker;

use std::io;
use std::sync::Arc;

pub use delivery::Timeouts;
pub use printer::Printer;
pub use printers::Printers;
pub use queue::PrintJob;

use super::services::{SharedState, WssService};
use crate::config::Config;
use crate::domain::PrinterSetup;
use printed_ticket::PrintedTicket;

/// Starts the configured printers, each with a thread of its own.
pub fn start_printers(
    config: &Config,
    shared: &Arc<SharedState>,
    wss: &'static WssService,
) -> io::Result<Arc<Printers>> {
    let printing = shared.read_queue(|queue| queue.settings().printing.clone());
    let shared = shared.clone();
    let render = move |job: &PrintJob, _: &PrinterSetup| {
        let ticket = shared.read_queue(|queue| PrintedTicket::of(queue, queue.ticket(job.ticket)?));
        ticket.map(|ticket| ticket.render(job.base.as_ref()))
    };
    Printers::start(config.printer.as_deref(), &printing, Arc::new(render), wss)
}
