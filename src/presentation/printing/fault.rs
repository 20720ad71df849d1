//! Faults of a ticket printer, and the report of its state to screens.

use std::sync::{Mutex, PoisonError};

use crate::presentation::services::PrinterState;

/// Why a job is not printed, or may not have been.
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
    /// A stable name, for screens that have words of their own.
    pub fn code(self) -> &'static str {
        self.texts().0
    }

    /// The fault, and what a person can do about it.
    pub fn detail(self) -> &'static str {
        self.texts().1
    }

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

/// Reports the state of a printer whenever it changes.
pub struct StateReporter {
    fault: Mutex<Option<PrinterFault>>,
    report: Box<dyn Fn(PrinterState) + Send + Sync>,
}

impl StateReporter {
    /// Reports at once that the printer works, until a fault is found.
    pub fn new(report: impl Fn(PrinterState) + Send + Sync + 'static) -> Self {
        let reporter = Self {
            fault: Mutex::new(None),
            report: Box::new(report),
        };
        reporter.report(None);
        reporter
    }

    /// Sets the result of the last delivery.
    pub fn set(&self, fault: Option<PrinterFault>) {
        if self.replace(|_| fault) {
            match fault {
                Some(fault) => log::warn!("{}", fault.detail()),
                None => log::info!("The ticket printer works again"),
            }
            self.report(fault);
        }
    }

    /// Reports that jobs were dropped, unless a fault is known that explains it.
    pub fn set_behind(&self) {
        if self.replace(|known| known.or(Some(PrinterFault::Behind))) {
            self.report(Some(PrinterFault::Behind));
        }
    }

    /// Returns whether the fault has changed.
    fn replace(&self, change: impl FnOnce(Option<PrinterFault>) -> Option<PrinterFault>) -> bool {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *fault;
        *fault = change(before);
        *fault != before
    }

    fn report(&self, fault: Option<PrinterFault>) {
        (self.report)(PrinterState {
            state: if fault.is_some() { "failing" } else { "ok" },
            problem: fault.map(PrinterFault::code),
            detail: fault.map(PrinterFault::detail),
        });
    }
}
