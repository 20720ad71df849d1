//! How fast desks work: the last transactions, from which waits are estimated.
//!
//! A transaction lasts from a call until the desk's next call, if the next ticket was already waiting
//! and the call came within [`GAP_MS`]; otherwise until the desk was free. What follows is a break, or
//! nobody was there.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::desk::DeskName;
use super::service::Prefix;
use super::ticket::Ticket;
use super::time::Timestamp;

/// How many transactions of a service are kept: enough for a steady mean of each desk, few enough to be
/// recent.
pub const TRANSACTIONS_KEPT: usize = 96;

/// A desk that calls nobody for so long, in milliseconds, while visitors wait, is having a break.
pub(super) const GAP_MS: i64 = 5 * 60 * 1_000;

/// A transaction of more than an hour, in milliseconds, is one that somebody forgot to end.
pub(super) const LONGEST_MS: i64 = 60 * 60 * 1_000;

/// The recent transactions of all desks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pace {
    /// By service, oldest first.
    pub transactions: BTreeMap<Prefix, VecDeque<Transaction>>,
    /// The last call of each desk.
    pub desks: BTreeMap<DeskName, LastCall>,
}

/// A transaction that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transaction {
    /// The event that ended it: the desk's next call.
    pub seq: u64,
    pub millis: i64,
    pub desk: DeskName,
}

/// A desk's last call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LastCall {
    pub service: Prefix,
    pub called_at: Timestamp,
    /// Time at which the desk was free again.
    pub free_at: Option<Timestamp>,
}

impl Pace {
    /// A desk calls a ticket: its transaction before is over, and the next one begins.
    pub(super) fn called(&mut self, desk: &DeskName, ticket: &Ticket, seq: u64, at: Timestamp) {
        let call = LastCall {
            service: ticket.service.clone(),
            called_at: at,
            free_at: None,
        };
        let Some(before) = self.desks.insert(desk.clone(), call) else {
            return;
        };
        let free_at = before.free_at.unwrap_or(at);
        let went_on =
            ticket.waiting_since <= free_at && at.as_millis() - free_at.as_millis() <= GAP_MS;
        let end = if went_on { at } else { free_at };
        let millis = end.as_millis() - before.called_at.as_millis();
        if !(0..=LONGEST_MS).contains(&millis) {
            return;
        }
        let transactions = self.transactions.entry(before.service).or_default();
        if transactions.len() >= TRANSACTIONS_KEPT {
            transactions.pop_front();
        }
        transactions.push_back(Transaction {
            seq,
            millis,
            desk: desk.clone(),
        });
    }

    /// The clock has stepped: moves all times with `shift`, which says for each whether it moved. A call that
    /// does not move was before a stop of the server, and when its transaction ended is unknown.
    pub(super) fn shift_times(&mut self, shift: impl Fn(&mut Timestamp) -> bool) {
        self.desks.retain(|_, call| {
            call.free_at.as_mut().map(&shift);
            shift(&mut call.called_at)
        });
    }

    /// A desk is free again.
    pub(super) fn freed(&mut self, desk: &DeskName, at: Timestamp) {
        if let Some(call) = self.desks.get_mut(desk) {
            call.free_at = Some(at);
        }
    }

    /// A desk's step is undone: `before` is its last call before it. A transaction that the step ended at
    /// event `seq` is not over.
    pub(super) fn undone(&mut self, desk: &DeskName, before: Option<LastCall>, seq: u64) {
        let service = before.as_ref().map(|call| &call.service);
        if let Some(transactions) = service.and_then(|service| self.transactions.get_mut(service)) {
            transactions.retain(|transaction| transaction.seq != seq);
            if transactions.is_empty()
                && let Some(call) = &before
            {
                self.transactions.remove(&call.service);
            }
        }
        match before {
            Some(call) => drop(self.desks.insert(desk.clone(), call)),
            None => drop(self.desks.remove(desk)),
        }
    }
}
