//! The state of the office: who waits, who is attended where, which numbers were given.
//!
//! It changes only by [`apply`](super::apply). Reading it is cheap: a ticket's place in its line is
//! a binary search, and the oldest of a line is its first.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::desk::{Desk, DeskName};
use super::service::{Prefix, Service};
use super::ticket::{Arrival, State, Ticket, TicketId, Timestamp};

/// How many ended tickets stay in memory, to answer questions about them. 20,000 is several days
/// of the largest office, and about 5 MB; older ones are in the stored events alone.
pub const ENDED_KEPT: usize = 20_000;

/// How many calls and recalls are remembered for a screen that has just been switched on.
pub const CALLS_KEPT: usize = 8;

/// How many tickets the course's `working-on` list has.
pub const LAST_CALLED_KEPT: usize = 4;

/// Whether a call was a ticket's first at that desk, or a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    Call,
    Recall,
}

/// One call, as the screens announced it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The event that it was.
    pub seq: u64,
    pub code: String,
    pub desk: DeskName,
    pub kind: CallKind,
    pub at: Timestamp,
}

/// The state of the office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    pub(super) seq: u64,
    pub(super) tickets: BTreeMap<Arrival, Ticket>,
    pub(super) by_id: HashMap<TicketId, Arrival>,
    /// Who waits in each line, oldest first.
    pub(super) lines: BTreeMap<Prefix, VecDeque<Arrival>>,
    pub(super) services: Vec<Service>,
    pub(super) desks: BTreeMap<DeskName, Desk>,
    /// Ended tickets in the order in which they ended.
    pub(super) ended: VecDeque<Arrival>,
    /// Newest first.
    pub(super) calls: VecDeque<Call>,
    /// Newest first, each ticket once.
    pub(super) last_called: VecDeque<Arrival>,
}

/// All that a queue is made of, for storage to keep and to give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueParts {
    pub seq: u64,
    pub services: Vec<Service>,
    pub desks: Vec<Desk>,
    /// In the order of arrival.
    pub tickets: Vec<Ticket>,
    pub ended: Vec<Arrival>,
    pub calls: Vec<Call>,
    pub last_called: Vec<Arrival>,
}

impl Default for Queue {
    fn default() -> Self {
        Self::new()
    }
}

impl Queue {
    /// A new office: one service, no desks, no tickets.
    pub fn new() -> Self {
        Self::from_parts(QueueParts {
            seq: 0,
            services: vec![Service::general()],
            desks: Vec::new(),
            tickets: Vec::new(),
            ended: Vec::new(),
            calls: Vec::new(),
            last_called: Vec::new(),
        })
    }

    /// Puts a queue together again from what [`parts`](Self::parts) gave.
    pub fn from_parts(parts: QueueParts) -> Self {
        let mut lines: BTreeMap<Prefix, VecDeque<Arrival>> = parts
            .services
            .iter()
            .map(|service| (service.prefix.clone(), VecDeque::new()))
            .collect();
        for ticket in &parts.tickets {
            if ticket.state == State::Waiting {
                let line = lines.entry(ticket.service.clone()).or_default();
                line.push_back(ticket.arrival);
            }
        }
        Self {
            seq: parts.seq,
            by_id: parts.tickets.iter().map(|t| (t.id, t.arrival)).collect(),
            tickets: parts.tickets.into_iter().map(|t| (t.arrival, t)).collect(),
            lines,
            services: parts.services,
            desks: parts
                .desks
                .into_iter()
                .map(|d| (d.name.clone(), d))
                .collect(),
            ended: parts.ended.into(),
            calls: parts.calls.into(),
            last_called: parts.last_called.into(),
        }
    }

    /// A copy of everything, for storage.
    pub fn parts(&self) -> QueueParts {
        QueueParts {
            seq: self.seq,
            services: self.services.clone(),
            desks: self.desks.values().cloned().collect(),
            tickets: self.tickets.values().cloned().collect(),
            ended: self.ended.iter().copied().collect(),
            calls: self.calls.iter().cloned().collect(),
            last_called: self.last_called.iter().copied().collect(),
        }
    }

    /// The number of the last event.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// How many tickets are held in memory, ended ones among them.
    pub fn len(&self) -> usize {
        self.tickets.len()
    }

    /// Whether no ticket is held in memory.
    pub fn is_empty(&self) -> bool {
        self.tickets.is_empty()
    }

    /// How many people wait, in all lines.
    pub fn waiting(&self) -> usize {
        self.lines.values().map(VecDeque::len).sum()
    }

    /// How many people wait in one line.
    pub fn waiting_for(&self, service: &Prefix) -> usize {
        self.lines.get(service).map_or(0, VecDeque::len)
    }

    /// The lines of the office.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The service of that prefix.
    pub fn service(&self, prefix: &Prefix) -> Option<&Service> {
        self.services.iter().find(|s| s.prefix == *prefix)
    }

    /// The desks, by name.
    pub fn desks(&self) -> impl Iterator<Item = &Desk> {
        self.desks.values()
    }

    /// The desk of that name.
    pub fn desk(&self, name: &DeskName) -> Option<&Desk> {
        self.desks.get(name)
    }

    /// The ticket that a desk attends.
    pub fn attended_at(&self, desk: &Desk) -> Option<&Ticket> {
        desk.attending
            .and_then(|arrival| self.tickets.get(&arrival))
    }

    /// The ticket of that id, while it is in memory.
    pub fn ticket(&self, id: TicketId) -> Option<&Ticket> {
        self.by_id
            .get(&id)
            .and_then(|arrival| self.tickets.get(arrival))
    }

    /// The ticket of that place in the order of arrival, while it is in memory.
    pub fn arrived(&self, arrival: Arrival) -> Option<&Ticket> {
        self.tickets.get(&arrival)
    }

    /// The ticket of that code; where a code was given again, an open one before an ended one, and
    /// the newest of them.
    pub fn ticket_with_code(&self, code: &str) -> Option<&Ticket> {
        let newest_first = || self.tickets.values().rev().filter(|t| t.has_code(code));
        let open = newest_first().find(|t| !t.state.is_final());
        open.or_else(|| newest_first().next())
    }

    /// All tickets in memory, oldest first, from after `after` on.
    pub fn tickets_after(&self, after: Option<Arrival>) -> impl Iterator<Item = &Ticket> {
        let first = after.map_or(0, |arrival| arrival.as_seq() + 1);
        self.tickets
            .range(Arrival::from_seq(first)..)
            .map(|(_, ticket)| ticket)
    }

    /// Who waits in all lines, oldest first.
    pub fn waiting_tickets(&self) -> Vec<&Ticket> {
        let mut arrivals: Vec<Arrival> = self.lines.values().flatten().copied().collect();
        arrivals.sort_unstable();
        arrivals
            .iter()
            .filter_map(|arrival| self.tickets.get(arrival))
            .collect()
    }

    /// How many people are before it in its line; `None` when it does not wait.
    pub fn ahead(&self, ticket: &Ticket) -> Option<usize> {
        let line = self.lines.get(&ticket.service)?;
        line.binary_search(&ticket.arrival).ok()
    }

    /// The last calls and recalls, newest first.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter()
    }

    /// The last tickets called, newest first, each once.
    pub fn last_called(&self) -> impl Iterator<Item = &Ticket> {
        self.last_called
            .iter()
            .filter_map(|arrival| self.tickets.get(arrival))
    }

    /// The last number given in any line, 0 when none was.
    pub fn last_number(&self) -> u32 {
        match self.tickets.values().next_back() {
            Some(newest) => newest.number,
            None => self
                .services
                .iter()
                .map(|s| s.last_number)
                .max()
                .unwrap_or(0),
        }
    }
}
