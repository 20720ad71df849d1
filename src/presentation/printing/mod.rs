//! Printing of tickets on network printers that understand ESC/POS. The printers are a listener of the
//! ledger: a ticket is durable before it is printed, and nobody waits for a printer.

mod code_page;
mod delivery;
mod escpos;
mod fault;
mod paper;
mod printed_ticket;
mod printer;
mod printers;
mod queue;
mod worker;

use std::io;
use std::sync::Arc;

pub use delivery::Timeouts;
pub use printed_ticket::{LineRole, PaperLine, PrintedTicket};
pub use printer::Printer;
pub use printers::Printers;
pub use queue::PrintJob;

use super::services::{SharedState, WssService};
use crate::config::Config;
use crate::domain::PrinterSetup;

/// Starts the configured printers, each with a thread of its own.
pub fn start_printers(
    config: &Config,
    shared: &Arc<SharedState>,
    wss: &'static WssService,
) -> io::Result<Arc<Printers>> {
    let printing = shared.read_queue(|queue| queue.settings().printing.clone());
    let shared = shared.clone();
    let render = move |job: &PrintJob, setup: &PrinterSetup| {
        let Some(id) = job.ticket else {
            return Some(paper::test_print(setup));
        };
        let ticket = shared.read_queue(|queue| PrintedTicket::of(queue, queue.ticket(id)?));
        ticket.map(|ticket| paper::ticket(&ticket, setup, job.base.as_ref()))
    };
    Printers::start(config.printer.as_deref(), &printing, Arc::new(render), wss)
}
