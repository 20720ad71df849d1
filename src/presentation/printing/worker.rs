//! The thread of a printer. It delivers the jobs in order, and repeats a job until the printer
//! confirms it.

use std::sync::Arc;

use super::delivery::{Device, Timeouts};
use super::fault::StateReporter;
use super::queue::{PrintJob, PrintQueue};
use crate::domain::TicketId;

pub(super) struct Worker {
    pub device: Device,
    pub timeouts: Timeouts,
    pub queue: Arc<PrintQueue>,
    pub reporter: Arc<StateReporter>,
    /// The bytes of a printed ticket; `None` if the ticket has ended.
    pub render: Box<dyn Fn(TicketId) -> Option<Vec<u8>> + Send>,
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

    /// Prints a job. If the printer does not confirm it, the job goes back and the result is `false`.
    fn print(&mut self, job: PrintJob) -> bool {
        let Some(bytes) = (self.render)(job.ticket) else {
            log::info!("Ticket {} is not printed: it has ended", job.code);
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
            if self.queue.wait_until_closed(pause) {
                return false;
            }
            if self.deliver(&[]) {
                return true;
            }
            pause = (pause * 2).min(self.timeouts.longest_retry);
        }
    }

    fn deliver(&mut self, bytes: &[u8]) -> bool {
        let is_stopping = || self.queue.is_closed_for(self.timeouts.stop);
        let result = self.device.deliver(bytes, &is_stopping);
        self.reporter.set(result.err());
        result.is_ok()
    }

    /// Prints the jobs that wait when the program ends, for as long as a stop may take.
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
            log::warn!(
                "Not printed, because the server stops: {}",
                codes.join(", ")
            );
        }
    }
}
