//! Faults of a ticket printer, and the report of its state to screens.

use std::sync::{Mutex, PoisonError};

use crate::presentation::services::PrinterState;

/// The reason that a job is not printed, or may not have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrinterFault {
    /// There is no connection.
    Away,
    NoPaper,
    CoverOpen,
    /// The printer reports an error.
    Broken,
    /// It accepts no bytes, or has ended the connection before it had all of them.
    Stuck,
    /// It has all bytes and did not confirm the job.
    Silent,
    /// Too many jobs waited, and the oldest were dropped.
    Behind,
}

impl PrinterFault {
    /// A stable name, for screens that have words of their own; and what a person can do about it.
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Away => (
                "away",
                "The ticket printer does not answer. Is it switched on and connected to the network?",
            ),
            Self::NoPaper => ("no-paper", "The ticket printer has no paper."),
            Self::CoverOpen => ("cover-open", "The ticket printer's cover is open."),
            Self::Broken => (
                "broken",
                "The ticket printer reports an error, such as a paper jam. Look at it, and switch it \
                 off and on.",
            ),
            Self::Stuck => (
                "stuck",
                "The ticket printer accepts no data. Is there paper, is the cover closed, is the \
                 paper jammed?",
            ),
            Self::Silent => (
                "silent",
                "The ticket printer does not confirm that it prints. Look whether the last ticket \
                 came out.",
            ),
            Self::Behind => (
                "behind",
                "More tickets came than the ticket printer could print, and some were left out. \
                 If somebody needs one, print it again from a desk.",
            ),
        }
    }
}

/// The condition of a printer as screens are told: a fault, or paper that is near its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrinterHealth {
    pub fault: Option<PrinterFault>,
    pub is_paper_low: bool,
}

/// A stable name of paper that is near its end, and what a person can do about it.
const PAPER_LOW: (&str, &str) = (
    "paper-low",
    "The ticket printer has little paper left. Have a new roll ready.",
);

impl PrinterHealth {
    fn state(self) -> PrinterState {
        let low = self.is_paper_low.then_some(PAPER_LOW);
        let texts = self.fault.map(PrinterFault::texts).or(low);
        PrinterState {
            state: if self.fault.is_some() {
                "failing"
            } else {
                "ok"
            },
            problem: texts.map(|(code, _)| code),
            detail: texts.map(|(_, detail)| detail),
        }
    }
}

/// Reports the state of a printer whenever it changes.
pub struct StateReporter {
    /// The printer's name, for the log.
    name: String,
    health: Mutex<PrinterHealth>,
    report: Box<dyn Fn(PrinterState) + Send + Sync>,
}

impl StateReporter {
    /// The printer works until a fault is found.
    pub fn new(name: &str, report: impl Fn(PrinterState) + Send + Sync + 'static) -> Self {
        Self {
            name: name.to_owned(),
            health: Mutex::default(),
            report: Box::new(report),
        }
    }

    /// Sets the result of the last delivery.
    pub fn set(&self, health: PrinterHealth) {
        let before = self.replace(|_| health);
        if before == health {
            return;
        }
        let (name, detail) = (&self.name, health.state().detail);
        match detail {
            Some(detail) => log::warn!("Printer «{name}»: {detail}"),
            None => log::info!("Printer «{name}» works again"),
        }
        (self.report)(health.state());
    }

    /// Reports that jobs were dropped, unless a fault is known that explains it.
    pub fn set_behind(&self) {
        let behind = |known: PrinterHealth| PrinterHealth {
            fault: known.fault.or(Some(PrinterFault::Behind)),
            ..known
        };
        let before = self.replace(behind);
        if before != behind(before) {
            (self.report)(behind(before).state());
        }
    }

    /// Returns the former state.
    fn replace(&self, change: impl FnOnce(PrinterHealth) -> PrinterHealth) -> PrinterHealth {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *health;
        *health = change(before);
        before
    }
}
