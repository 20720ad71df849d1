//! The state of each ticket printer, by name, as screens and `/api/health` get it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::presentation::json::Message;

/// The state of one ticket printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PrinterState {
    /// `ok` or `failing`.
    pub state: &'static str,
    /// A stable name of the fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<&'static str>,
    /// The fault, and what a person can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'static str>,
}

/// The states of all ticket printers.
#[derive(Debug, Default)]
pub(super) struct PrinterStates(Mutex<BTreeMap<String, PrinterState>>);

impl PrinterStates {
    pub fn set(&self, name: &str, state: PrinterState) {
        self.lock().insert(name.to_owned(), state);
    }

    pub fn all(&self) -> BTreeMap<String, PrinterState> {
        self.lock().clone()
    }

    /// One message for each printer, to a screen that has event `seq`.
    pub fn messages(&self, seq: Option<u64>) -> Vec<String> {
        #[derive(Serialize)]
        struct Payload<'a> {
            name: &'a str,
            #[serde(flatten)]
            state: PrinterState,
        }
        let states = self.all();
        let messages = states.iter().map(|(name, state)| Message {
            kind: "printer",
            seq,
            payload: Payload {
                name,
                state: *state,
            },
        });
        messages.map(|message| message.text()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, PrinterState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
