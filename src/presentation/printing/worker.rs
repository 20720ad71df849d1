//! The thread of a printer. It delivers the jobs in order, and repeats a job until the printer
//! confirms it.

use std::sync::{Arc, Mutex, PoisonError};

use super::delivery::{Device, Timeouts};
use super::fault::{PrinterHealth, StateReporter};
use super::queue::{PrintJob, PrintQueue};
use crate::domain::PrinterSetup;

/// The bytes of a job for a printer; `None` if its ticket has ended.
pub type PrintJobRenderer = dyn Fn(&PrintJob, &PrinterSetup) -> Option<Vec<u8>> + Send + Sync;

pub(super) struct Worker {
    pub device: Device,
    pub timeouts: Timeouts,
    /// The setup, which may change while the thread runs.
    pub setup: Arc<Mutex<PrinterSetup>>,
    pub queue: Arc<PrintQueue>,
    pub reporter: Arc<StateReporter>,
    pub render: Arc<PrintJobRenderer>,
}

impl Worker {
    /// The body of the thread. It ends after the queue is closed.
    pub fn run(mut self) {
        // An empty job finds out the printer's state before somebody needs it.
        let mut works = self.deliver(&[]);
        while works || self.wait_until_it_works() {
            let Some(job) = self.queue.take() else {
                self.print_the_rest();
                break;
            };
            works = self.print(job);
        }
        self.log_unprinted();
    }

    fn setup(&self) -> PrinterSetup {
        let setup = self.setup.lock().unwrap_or_else(PoisonError::into_inner);
        setup.clone()
    }

    /// Prints a job. If the printer does not confirm it, the job goes back and the result is `false`.
    fn print(&mut self, job: PrintJob) -> bool {
        let setup = self.setup();
        let Some(bytes) = (self.render)(&job, &setup) else {
            let (code, name) = (&job.code, &setup.name);
            log::info!("Ticket {code} is not printed on «{name}»: it has ended");
            return true;
        };
        let is_done = self.deliver(&bytes);
        if !is_done {
            self.queue.put_back(job);
        }
        is_done
    }

    /// Sends empty jobs, with growing pauses, until the printer confirms one. A ticket that a stuck
    /// printer has buffered is so repeated once, not once for each attempt. Returns `false` if the
    /// queue is closed.
    fn wait_until_it_works(&mut self) -> bool {
        let mut pause = self.timeouts.first_retry;
        loop {
            if self.queue.wait_for_retry(pause) {
                return false;
            }
            if self.deliver(&[]) {
                return true;
            }
            pause = (pause * 2).min(self.timeouts.longest_retry);
        }
    }

    fn deliver(&mut self, bytes: &[u8]) -> bool {
        let target = self.setup().address;
        if target != self.device.target() {
            self.device = Device::new(&target, self.timeouts);
        }
        let is_stopping = || self.queue.is_closed_for(self.timeouts.stop);
        let result = self.device.deliver(bytes, &is_stopping);
        // The name of a printer that was removed may be another's.
        if !self.queue.is_closed() {
            self.reporter.set(PrinterHealth {
                fault: result.err(),
                is_paper_low: self.device.is_paper_low(),
            });
        }
        result.is_ok()
    }

    /// Prints the jobs that wait when the thread ends, for as long as a stop may take.
    fn print_the_rest(&mut self) {
        while !self.queue.is_closed_for(self.timeouts.stop)
            && let Some(job) = self.queue.try_take()
            && self.print(job)
        {}
    }

    fn log_unprinted(&self) {
        let jobs = std::iter::from_fn(|| self.queue.try_take());
        let codes: Vec<String> = jobs.map(|job| job.code).collect();
        if !codes.is_empty() {
            let (name, codes) = (self.setup().name, codes.join(", "));
            log::warn!(
                "Not printed on «{name}», because it is no longer used or the server stops: {codes}"
            );
        }
    }
}
