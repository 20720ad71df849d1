//! Delivery of a print job to a network printer, over a connection of its own, so that other
//! computers can use the printer in between.
//!
//! First the printer is asked for its condition, because a printer without paper accepts a job all the
//! same. Then comes the job, and behind it in the same stream a status request that the printer
//! processes in order: the status confirms the job. A printer that never answers confirms it by
//! closing the connection in order after our end. Everything else is a fault; the job is repeated, and its ticket
//! may then be printed twice.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::escpos::{Condition, REALTIME_STATUS_REQUEST, STATUS_REQUEST, is_status};
use super::fault::PrinterFault;

/// Longest block of one read or write, after which a stop of the program is noticed.
const STEP: Duration = Duration::from_millis(200);

/// The time-outs of a printer. The printer is in the same building.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Limit of the wait for a connection.
    pub connect: Duration,
    /// Limit of the wait for an answer from a printer that may not be able to answer.
    pub answer: Duration,
    /// Limit of the time in which a printer takes a job, and then of the time in which it confirms the job.
    pub progress: Duration,
    /// First pause before a retry. Each further pause is twice as long.
    pub first_retry: Duration,
    /// Longest pause before a retry.
    pub longest_retry: Duration,
    /// Limit of the time in which waiting jobs are printed at a stop.
    pub stop: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            answer: Duration::from_secs(1),
            progress: Duration::from_secs(5),
            first_retry: Duration::from_millis(500),
            longest_retry: Duration::from_secs(10),
            stop: Duration::from_secs(1),
        }
    }
}

/// A network printer, and the answers that it gives.
pub struct Device {
    /// `HOST:PORT`.
    target: String,
    timeouts: Timeouts,
    /// Whether it answers when it is asked for its condition; `None` if not yet known.
    tells_condition: Option<bool>,
    /// Whether it answers the status request behind a job; `None` if not yet known.
    sends_status: Option<bool>,
    /// Whether its paper was near its end at the last delivery.
    is_paper_low: bool,
}

impl Device {
    pub fn new(target: &str, timeouts: Timeouts) -> Self {
        Self {
            target: target.to_owned(),
            timeouts,
            tells_condition: None,
            sends_status: None,
            is_paper_low: false,
        }
    }

    /// `HOST:PORT`.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Whether its paper was near its end at the last delivery.
    pub fn is_paper_low(&self) -> bool {
        self.is_paper_low
    }

    /// Delivers a job and waits until it is confirmed. An empty job finds out the printer's state. All
    /// waits but the one for a connection end early once `is_stopping` returns `true`.
    pub fn deliver(
        &mut self,
        job: &[u8],
        is_stopping: &dyn Fn() -> bool,
    ) -> Result<(), PrinterFault> {
        let connection = self.connect().map_err(|error| {
            log::debug!("No connection to the printer at {}: {error}", self.target);
            PrinterFault::Away
        })?;
        let mut delivery = Delivery {
            connection,
            timeouts: self.timeouts,
            is_stopping,
        };
        self.check_condition(&mut delivery)?;
        let bytes = [job, &STATUS_REQUEST].concat();
        delivery.write(&bytes).map_err(|error| stuck(&error))?;
        self.await_confirmation(&mut delivery)
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let mut failed = io::Error::from(io::ErrorKind::NotFound);
        for address in self.target.to_socket_addrs()?.take(2) {
            match TcpStream::connect_timeout(&address, self.timeouts.connect) {
                Ok(connection) => {
                    connection.set_nodelay(true)?;
                    connection.set_write_timeout(Some(STEP))?;
                    return Ok(connection);
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Asks for the condition, unless the printer is known not to answer.
    fn check_condition(&mut self, delivery: &mut Delivery<'_>) -> Result<(), PrinterFault> {
        if self.tells_condition == Some(false) {
            return Ok(());
        }
        delivery
            .write(&REALTIME_STATUS_REQUEST)
            .map_err(|error| stuck(&error))?;
        let condition = delivery.read_condition().map_err(|error| stuck(&error))?;
        let Some(condition) = condition else {
            let has_answered_before = self.tells_condition == Some(true);
            return if has_answered_before {
                Err(PrinterFault::Stuck)
            } else {
                Ok(())
            };
        };
        self.tells_condition = Some(true);
        self.is_paper_low = condition.paper_low;
        match condition {
            Condition { no_paper: true, .. } => Err(PrinterFault::NoPaper),
            Condition {
                cover_open: true, ..
            } => Err(PrinterFault::CoverOpen),
            Condition { broken: true, .. } => Err(PrinterFault::Broken),
            _ => Ok(()),
        }
    }

    /// Waits for the answer behind the job, or for the end of the connection.
    fn await_confirmation(&mut self, delivery: &mut Delivery<'_>) -> Result<(), PrinterFault> {
        let mut reply = match self.sends_status {
            Some(true) => delivery.read_reply(self.timeouts.progress),
            None => delivery.read_reply(self.timeouts.answer),
            Some(false) => Reply::None,
        };
        if reply == Reply::None && self.sends_status != Some(true) {
            // A printer that does not answer may wait for our end before it closes.
            let ended = delivery.connection.shutdown(Shutdown::Write);
            ended.map_err(|error| stuck(&error))?;
            reply = delivery.read_reply(self.timeouts.progress);
        }
        match reply {
            Reply::Status => {
                self.sends_status = Some(true);
                Ok(())
            }
            Reply::Closed if self.sends_status != Some(true) => {
                // Only a job that is done shows this: a printer may be silent because of a fault.
                self.sends_status = Some(false);
                self.tells_condition = self.tells_condition.or(Some(false));
                Ok(())
            }
            Reply::None | Reply::Closed | Reply::Cut => Err(PrinterFault::Silent),
        }
    }
}

/// The reply of a printer to a job.
#[derive(PartialEq, Eq)]
enum Reply {
    /// It answers the status request behind the job.
    Status,
    /// It closes the connection in order.
    Closed,
    /// The connection breaks.
    Cut,
    /// Nothing, in time.
    None,
}

/// One connection to a printer, over which one job is delivered.
struct Delivery<'a> {
    connection: TcpStream,
    timeouts: Timeouts,
    is_stopping: &'a dyn Fn() -> bool,
}

impl Delivery<'_> {
    /// Writes all bytes, which the printer must accept within the time-out.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut left = bytes;
        let deadline = Instant::now() + self.timeouts.progress;
        while !left.is_empty() {
            match self.connection.write(left) {
                Ok(written) => left = &left[written..],
                Err(error) if !is_pause(&error) => return Err(error),
                Err(_) => {}
            }
            if !left.is_empty() && self.is_over(deadline) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    /// Reads the two bytes of the condition; `None` if the printer sends none, or something else.
    fn read_condition(&mut self) -> io::Result<Option<Condition>> {
        let deadline = Instant::now() + self.timeouts.answer;
        let mut answer = [0; 2];
        let mut length = 0;
        while length < answer.len() {
            match self.read(&mut answer[length..], deadline)? {
                Some(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(read) => length += read,
                None => return Ok(None),
            }
        }
        let [offline, paper] = answer;
        Ok(Condition::read(offline, paper))
    }

    /// Reads until the printer answers the status request or closes the connection.
    fn read_reply(&mut self, timeout: Duration) -> Reply {
        let deadline = Instant::now() + timeout;
        let mut bytes = [0; 64];
        loop {
            match self.read(&mut bytes, deadline) {
                Ok(Some(0)) => return Reply::Closed,
                Ok(Some(read)) if bytes[..read].iter().any(|b| is_status(*b)) => {
                    return Reply::Status;
                }
                Ok(Some(_)) => {}
                Ok(None) => return Reply::None,
                Err(error) => {
                    log::debug!("The printer has cut its connection: {error}");
                    return Reply::Cut;
                }
            }
        }
    }

    /// Reads what has come; `None` after the deadline, whether anything comes or not.
    fn read(&mut self, buffer: &mut [u8], deadline: Instant) -> io::Result<Option<usize>> {
        // Also before each read: a printer that sends a byte now and then must not go on for ever.
        while !self.is_over(deadline) {
            let left = deadline.saturating_duration_since(Instant::now());
            let step = left.clamp(Duration::from_millis(1), STEP);
            self.connection.set_read_timeout(Some(step))?;
            match self.connection.read(buffer) {
                Ok(read) => return Ok(Some(read)),
                Err(error) if !is_pause(&error) => return Err(error),
                Err(_) => {}
            }
        }
        Ok(None)
    }

    fn is_over(&self, deadline: Instant) -> bool {
        (self.is_stopping)() || Instant::now() >= deadline
    }
}

fn stuck(error: &io::Error) -> PrinterFault {
    log::debug!("The printer's connection failed: {error}");
    PrinterFault::Stuck
}

fn is_pause(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    [Interrupted, TimedOut, WouldBlock].contains(&error.kind())
}
