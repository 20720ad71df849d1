//! A ticket printer with its thread, as the rest of the program uses it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::delivery::{Device, Timeouts};
use super::fault::StateReporter;
use super::queue::{PrintJob, PrintQueue};
use super::worker::{PrintJobRenderer, Worker};
use crate::domain::PrinterSetup;
use crate::presentation::services::PrinterState;
use crate::threads;

/// A ticket printer with its thread `printer`.
pub struct Printer {
    name: String,
    setup: Arc<Mutex<PrinterSetup>>,
    queue: Arc<PrintQueue>,
    reporter: Arc<StateReporter>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Disconnected when the thread ends.
    ended: Receiver<()>,
}

impl Printer {
    /// Starts the thread of a printer. `render` makes the bytes of a job. `report` is called whenever
    /// the state changes.
    pub fn start(
        setup: PrinterSetup,
        timeouts: Timeouts,
        render: Arc<PrintJobRenderer>,
        report: impl Fn(PrinterState) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let queue = Arc::new(PrintQueue::default());
        let reporter = Arc::new(StateReporter::new(&setup.name, report));
        let name = setup.name.clone();
        let device = Device::new(&setup.address, timeouts);
        let setup = Arc::new(Mutex::new(setup));
        let worker = Worker {
            device,
            timeouts,
            setup: setup.clone(),
            queue: queue.clone(),
            reporter: reporter.clone(),
            render,
        };
        let (running, ended) = bounded(0);
        let thread = threads::spawn_vital("printer", move || {
            let _running: Sender<()> = running;
            worker.run();
        })?;
        Ok(Self {
            name,
            setup,
            queue,
            reporter,
            thread: Mutex::new(Some(thread)),
            ended,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Changes the setup of the next job. The name stays.
    pub fn set_up(&self, setup: &PrinterSetup) {
        let mut current = self.setup.lock().unwrap_or_else(PoisonError::into_inner);
        if *current != *setup {
            current.clone_from(setup);
            self.queue.retry_now();
        }
    }

    /// Adds a job to the queue without waiting.
    pub fn print(&self, job: PrintJob) {
        if let Some(dropped) = self.queue.push(job) {
            let (code, name) = (dropped.code, &self.name);
            log::warn!("Ticket {code} is not printed on «{name}»: its print queue is full");
            self.reporter.set_behind();
        }
    }

    /// Begins to end the thread, which prints what the printer takes at once.
    pub fn close(&self) {
        self.queue.close();
    }

    /// Waits until the thread has ended, or until `deadline`.
    pub fn stop(&self, deadline: Instant) {
        self.close();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(thread) = thread.take() else {
            return;
        };
        let name = &self.name;
        if self.ended.recv_deadline(deadline) == Err(RecvTimeoutError::Timeout) {
            log::debug!(
                "Printer «{name}» is still looking up a host name and did not stop in time"
            );
        } else if thread.join().is_err() {
            log::error!("The thread of printer «{name}» has failed");
        }
    }
}
