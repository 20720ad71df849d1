//! A ticket printer, as the rest of the program uses it: a listener that prints new tickets.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::delivery::{Device, Timeouts};
use super::fault::StateReporter;
use super::queue::{PrintJob, PrintQueue};
use super::worker::Worker;
use crate::domain::TicketId;
use crate::presentation::services::{Listener, PrinterState, Publication};
use crate::threads;

/// Limit of the wait for the thread at a stop. A host name that is being looked up can hold the thread
/// for longer.
const STOP_TIMEOUT: Duration = Duration::from_millis(2_500);

/// A ticket printer with its thread `printer`.
pub struct Printer {
    queue: Arc<PrintQueue>,
    reporter: Arc<StateReporter>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Disconnected when the thread ends.
    ended: Receiver<()>,
}

impl Printer {
    /// Starts the thread of a printer at `target` (`HOST:PORT`). `render` makes the bytes of a printed
    /// ticket, or `None` if the ticket has ended. `report` is called whenever the state changes.
    pub fn start(
        target: &str,
        timeouts: Timeouts,
        render: impl Fn(TicketId) -> Option<Vec<u8>> + Send + 'static,
        report: impl Fn(PrinterState) + Send + Sync + 'static,
    ) -> io::Result<Arc<Self>> {
        let queue = Arc::new(PrintQueue::default());
        let reporter = Arc::new(StateReporter::new(report));
        let worker = Worker {
            device: Device::new(target, timeouts),
            timeouts,
            queue: queue.clone(),
            reporter: reporter.clone(),
            render: Box::new(render),
        };
        let (running, ended) = bounded(0);
        let thread = threads::spawn_vital("printer", move || {
            let _running: Sender<()> = running;
            worker.run();
        })?;
        Ok(Arc::new(Self {
            queue,
            reporter,
            thread: Mutex::new(Some(thread)),
            ended,
        }))
    }

    /// Adds a job to the queue without waiting.
    pub fn print(&self, job: PrintJob) {
        if let Some(dropped) = self.queue.push(job) {
            log::warn!(
                "Ticket {} is not printed: the print queue is full",
                dropped.code
            );
            self.reporter.set_behind();
        }
    }

    /// Begins to end the thread, which prints what the printer takes at once.
    pub fn close(&self) {
        self.queue.close();
    }

    /// Waits until the thread has ended.
    pub fn stop(&self) {
        self.close();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(thread) = thread.take() else {
            return;
        };
        if self.ended.recv_timeout(STOP_TIMEOUT) == Err(RecvTimeoutError::Timeout) {
            log::debug!(
                "The printer's thread is still looking up a host name and did not stop in time"
            );
        } else if thread.join().is_err() {
            log::error!("The printer's thread has failed");
        }
    }
}

impl Listener for Arc<Printer> {
    fn publish(&self, publication: &Publication) {
        let updates = publication.updates.iter();
        let created = updates.filter_map(|update| update.created_ticket());
        for ticket in created.chain(&publication.reprints) {
            self.print(PrintJob::new(ticket));
        }
    }
}
