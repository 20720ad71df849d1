//! The state of each ticket printer, by name, as screens and `/api/health` get it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::presentation::json::Message;

/// The state of one ticket printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PrinterState {
    /// `ok`, `failing` or, for screens that knew it, `removed`.
    pub state: &'static str,
    /// A stable name of the fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<&'static str>,
    /// The fault, and what a person can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'static str>,
}

impl PrinterState {
    /// It works.
    pub const OK: Self = Self::plain("ok");
    const REMOVED: Self = Self::plain("removed");

    const fn plain(state: &'static str) -> Self {
        Self {
            state,
            problem: None,
            detail: None,
        }
    }

    /// Whether it does not print.
    pub fn is_failing(&self) -> bool {
        self.state == "failing"
    }
}

/// The names and states of all ticket printers, in the office's order.
#[derive(Debug, Default)]
pub(super) struct PrinterStates(Mutex<States>);

#[derive(Debug, Default)]
struct States {
    printers: Vec<(String, PrinterState)>,
    /// Printers that there were, which screens forget.
    removed: BTreeSet<String>,
}

impl PrinterStates {
    /// Sets which printers there are. A new one works until a fault is found.
    pub fn arrange(&self, names: Vec<String>) {
        let mut states = self.lock();
        let before: BTreeMap<String, PrinterState> = states.printers.drain(..).collect();
        let state_of = |name: &String| before.get(name).copied().unwrap_or(PrinterState::OK);
        states.removed.extend(before.keys().cloned());
        for name in &names {
            states.removed.remove(name);
        }
        states.printers = names
            .into_iter()
            .map(|name| {
                let state = state_of(&name);
                (name, state)
            })
            .collect();
    }

    /// Sets the state of a printer, if there still is one of this name.
    pub fn set(&self, name: &str, state: PrinterState) {
        let mut states = self.lock();
        if let Some(printer) = states.printers.iter_mut().find(|(n, _)| n == name) {
            printer.1 = state;
        }
    }

    pub fn all(&self) -> Vec<(String, PrinterState)> {
        self.lock().printers.clone()
    }

    /// One message for each printer, to a screen that has event `seq`.
    pub fn messages(&self, seq: Option<u64>) -> Vec<String> {
        #[derive(Serialize)]
        struct Payload<'a> {
            name: &'a str,
            #[serde(flatten)]
            state: PrinterState,
        }
        let states = self.lock();
        let printers = states.printers.iter();
        let printers = printers.map(|(name, state)| (name, *state));
        let removed = states.removed.iter();
        let removed = removed.map(|name| (name, PrinterState::REMOVED));
        let messages = printers.chain(removed).map(|(name, state)| Message {
            kind: "printer",
            seq,
            payload: Payload { name, state },
        });
        messages.map(|message| message.text()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, States> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
