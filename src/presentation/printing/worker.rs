//! The thread that prints. What waits for it goes out in order, and none is taken for printed before
//! the printer has taken it whole.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, after, never, select};

use super::device::{Device, Fate, Handed, Rest, Trouble};
use super::paper::Paper;
use super::printer::{MOST_WAITING, Shared};
use crate::presentation::http::address::Base;

/// How soon a printer in trouble is tried again, at first and at last.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_LAST: Duration = Duration::from_secs(10);

/// For how long a printer that was silent from the start is not given tickets: it may be stuck. After
/// that it may as well be one of the few that neither answer nor end a connection.
const SILENT: Duration = Duration::from_secs(60);

/// How often it is looked at what became of tickets whose connections are still open.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long a stop lets what waits be printed.
const STOP_PRINTING: Duration = Duration::from_secs(1);

/// A ticket that waits for the printer.
pub struct Awaited {
    pub(super) code: String,
    /// What its paper says at this moment; nothing where the ticket is over.
    paper: Box<dyn Fn() -> Option<Paper> + Send>,
    /// It was sent before, and lost.
    again: bool,
}

impl Awaited {
    /// A ticket whose paper is made when its turn has come.
    pub fn new(code: String, paper: impl Fn() -> Option<Paper> + Send + 'static) -> Self {
        Self {
            code,
            paper: Box::new(paper),
            again: false,
        }
    }
}

/// What the thread works with.
pub(super) struct Worker {
    pub device: Device,
    pub base: Option<Base>,
    pub waiting: Receiver<Awaited>,
    /// What goes before those.
    pub first: VecDeque<Awaited>,
    /// What was sent whole, and may be printed yet or not.
    pub unsure: VecDeque<(Awaited, Rest)>,
    pub stopped: Receiver<()>,
    pub shared: Arc<Shared>,
    pub started: Instant,
}

impl Worker {
    pub fn run(mut self) {
        // Whether there is a printer at all is said before somebody needs it.
        let _ = self.hand_over(&[]);
        while self.shared.trouble().is_none() || self.recovers() {
            self.take_up_lost();
            if let Some(ticket) = self.first.pop_front() {
                self.print(ticket);
                continue;
            }
            let look_again = if self.unsure.is_empty() {
                never()
            } else {
                after(LOOK_AGAIN)
            };
            select! {
                recv(self.waiting) -> ticket => match ticket {
                    Ok(ticket) => {
                        self.print(ticket);
                    }
                    Err(_) => return,
                },
                recv(self.stopped) -> _ => return self.finish(),
                recv(look_again) -> _ => {}
            }
        }
        self.say_what_is_left();
    }

    /// Prints one ticket. `false` where the printer did not take it, and it is the first again.
    fn print(&mut self, ticket: Awaited) -> bool {
        let Some(paper) = (ticket.paper)() else {
            log::info!("Ticket {} is not printed: it is over", ticket.code);
            return true;
        };
        let bytes = paper.print(self.base.as_ref());
        match self.hand_over(&bytes) {
            Ok(Handed::Whole) => {}
            Ok(Handed::Unsure(_)) if ticket.again => {
                // A printer that always cuts its connections would print it for ever.
                log::warn!("Ticket {} may not have been printed", ticket.code);
            }
            Ok(Handed::Unsure(rest)) => {
                if self.unsure.len() == MOST_WAITING {
                    self.unsure.pop_front();
                }
                self.unsure.push_back((ticket, rest));
            }
            Err(_) => {
                self.first.push_front(ticket);
                return false;
            }
        }
        true
    }

    /// What a printer lost that is known to say when it has taken something goes again, before all
    /// else. What it may still read from an open connection does not.
    fn take_up_lost(&mut self) {
        if !self.device.is_proven() {
            return;
        }
        let mut lost = VecDeque::new();
        for (mut ticket, mut rest) in std::mem::take(&mut self.unsure) {
            match rest.fate() {
                Fate::Open => self.unsure.push_back((ticket, rest)),
                Fate::Read => {}
                Fate::Cut => {
                    ticket.again = true;
                    lost.push_back(ticket);
                }
            }
        }
        lost.append(&mut self.first);
        self.first = lost;
    }

    /// Waits until a printer in trouble is well, so that no ticket is risked before. `false` where
    /// the program ends.
    fn recovers(&mut self) -> bool {
        let mut pause = RETRY_FIRST;
        while !self.prints_blindly() {
            if self.stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                return false;
            }
            if let Ok(Handed::Whole) = self.hand_over(&[]) {
                return true;
            }
            pause = (pause * 2).min(RETRY_LAST);
        }
        true
    }

    /// Whether a ticket is risked with a printer that was silent from the start.
    fn prints_blindly(&self) -> bool {
        let waits = !self.first.is_empty() || !self.waiting.is_empty();
        let is_silent = self.shared.trouble() == Some(Trouble::Silent);
        waits && is_silent && !self.device.is_proven() && self.started.elapsed() > SILENT
    }

    /// Hands bytes over, and notes how that went.
    fn hand_over(&mut self, bytes: &[u8]) -> Result<Handed, Trouble> {
        let shared = &self.shared;
        let handed = self.device.hand_over(bytes, &|| shared.is_stopping());
        shared.note(match &handed {
            Ok(Handed::Whole) => None,
            Ok(Handed::Unsure(_)) => Some(Trouble::Silent),
            Err(trouble) => Some(*trouble),
        });
        handed
    }

    /// Prints what waits, where that goes quickly.
    fn finish(mut self) {
        let deadline = Instant::now() + STOP_PRINTING;
        while Instant::now() < deadline
            && let Some(ticket) = self
                .first
                .pop_front()
                .or_else(|| self.waiting.try_recv().ok())
            && self.print(ticket)
        {}
        self.say_what_is_left();
    }

    fn say_what_is_left(&self) {
        let left = self.first.iter().map(|ticket| ticket.code.clone());
        let left: Vec<_> = left
            .chain(self.waiting.try_iter().map(|ticket| ticket.code))
            .collect();
        if !left.is_empty() {
            log::warn!("Not printed, since the server ends: {}", left.join(", "));
        }
    }
}
