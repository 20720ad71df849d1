//! The state of the office: its tickets, desks, services, settings and the numbers given.
//!
//! Only [`apply`](super::apply()) changes it. Reading is cheap: a ticket's position in its list is a
//! binary search, and the oldest of a list is the first.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::desk::{Desk, DeskName};
use super::pace::Pace;
use super::priority_streaks::PriorityStreaks;
use super::refusal::Refusal;
use super::service::{Prefix, Service};
use super::settings::Settings;
use super::step::UndoableStep;
use super::text_form::names;
use super::ticket::{ListPosition, PriorityList, State, Ticket, TicketId, WaitingList};
use super::time::{Arrival, Timestamp};

/// How many ended tickets stay in memory, to answer questions about them. 20,000 is several days
/// of the largest office, and about 5 MB; older ones are in the stored events alone.
pub const ENDED_KEPT: usize = 20_000;

/// How many calls and recalls are remembered for a screen that has just been switched on.
pub const CALLS_KEPT: usize = 8;

/// Number of stored calls: more than shown, so that an undone call reveals older ones.
pub(super) const CALLS_STORED: usize = 2 * CALLS_KEPT;

/// How many tickets the course's `working-on` list has.
pub const LAST_CALLED_KEPT: usize = 4;

/// Whether a call was a ticket's first at that desk, or a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    Call,
    Recall,
}

names!(CallKind {
    Call => "call",
    Recall => "recall",
});

/// One call, as the screens announced it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Call {
    /// The event that it was.
    pub seq: u64,
    pub code: String,
    /// The ticket's service at that time; unknown for calls stored before it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Prefix>,
    pub desk: DeskName,
    pub kind: CallKind,
    pub at: Timestamp,
}

/// The state of the office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    pub(super) seq: u64,
    pub(super) settings: Settings,
    /// The latest time of an event since numbers last restarted: its business day is the day that the
    /// numbers belong to ([`Queue::is_day_over`]).
    pub(super) latest_at: Timestamp,
    /// Numbers that visitors had when the day began, and the last ones of services that were deleted today.
    pub(super) reserved_numbers: BTreeSet<(Prefix, u32)>,
    pub(super) tickets: BTreeMap<Arrival, Ticket>,
    pub(super) by_id: HashMap<TicketId, Arrival>,
    /// Tickets that ended with the day before, for those who still follow them: cancelled, and in no
    /// list of this day.
    pub(super) previous_day: HashMap<TicketId, Ticket>,
    /// The waiting tickets, sorted within each priority list.
    pub(super) priority_lists: BTreeMap<PriorityList, VecDeque<ListPosition>>,
    /// Whether somebody behind in a list may have waited since an earlier time, because the clock was changed.
    pub(super) are_times_mixed: bool,
    /// Consecutive high-priority calls per list.
    pub(super) streaks: PriorityStreaks,
    pub(super) services: Vec<Service>,
    pub(super) desks: BTreeMap<DeskName, Desk>,
    /// Ended tickets, and those whose visitors did not come, in the order in which that happened.
    pub(super) ended: VecDeque<Arrival>,
    /// Newest first.
    pub(super) calls: VecDeque<Call>,
    /// How fast desks work.
    pub(super) pace: Pace,
    /// The last step of each desk that can perhaps be undone.
    pub(super) steps: BTreeMap<DeskName, UndoableStep>,
    /// Newest first, each ticket once.
    pub(super) last_called: VecDeque<Arrival>,
}

/// All that a queue is made of, for storage to keep and to give back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueueParts {
    pub seq: u64,
    pub settings: Settings,
    pub latest_at: Timestamp,
    /// Whether waiting times may not follow the order of the lists, because the clock was changed.
    #[serde(default)]
    pub are_times_mixed: bool,
    pub reserved_numbers: Vec<(Prefix, u32)>,
    pub streaks: PriorityStreaks,
    pub services: Vec<Service>,
    pub desks: Vec<Desk>,
    /// In the order of arrival.
    pub tickets: Vec<Ticket>,
    /// Tickets that ended with the previous day, in the order of arrival.
    pub previous_day: Vec<Ticket>,
    pub ended: Vec<Arrival>,
    pub calls: Vec<Call>,
    pub last_called: Vec<Arrival>,
    pub steps: Vec<UndoableStep>,
    pub pace: Pace,
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
            settings: Settings::default(),
            latest_at: Timestamp::default(),
            are_times_mixed: false,
            reserved_numbers: Vec::new(),
            streaks: PriorityStreaks::default(),
            services: vec![Service::general()],
            desks: Vec::new(),
            tickets: Vec::new(),
            previous_day: Vec::new(),
            ended: Vec::new(),
            calls: Vec::new(),
            last_called: Vec::new(),
            steps: Vec::new(),
            pace: Pace::default(),
        })
    }

    /// Puts a queue together again from what [`parts`](Self::parts) gave.
    pub fn from_parts(parts: QueueParts) -> Self {
        let mut priority_lists: BTreeMap<PriorityList, VecDeque<ListPosition>> = BTreeMap::new();
        for ticket in &parts.tickets {
            if ticket.state == State::Waiting {
                priority_lists
                    .entry(ticket.priority_list())
                    .or_default()
                    .push_back(ticket.position);
            }
        }
        for positions in priority_lists.values_mut() {
            positions.make_contiguous().sort_unstable();
        }
        Self {
            seq: parts.seq,
            settings: parts.settings,
            latest_at: parts.latest_at,
            are_times_mixed: parts.are_times_mixed,
            reserved_numbers: parts.reserved_numbers.into_iter().collect(),
            by_id: parts.tickets.iter().map(|t| (t.id, t.arrival)).collect(),
            tickets: parts.tickets.into_iter().map(|t| (t.arrival, t)).collect(),
            previous_day: parts.previous_day.into_iter().map(|t| (t.id, t)).collect(),
            priority_lists,
            streaks: parts.streaks,
            services: parts.services,
            desks: parts
                .desks
                .into_iter()
                .map(|d| (d.name.clone(), d))
                .collect(),
            ended: parts.ended.into(),
            calls: parts.calls.into(),
            last_called: parts.last_called.into(),
            pace: parts.pace,
            steps: parts
                .steps
                .into_iter()
                .map(|s| (s.desk.clone(), s))
                .collect(),
        }
    }

    /// A copy of everything, for storage.
    pub fn parts(&self) -> QueueParts {
        let mut previous_day: Vec<Ticket> = self.previous_day.values().cloned().collect();
        previous_day.sort_unstable_by_key(|ticket| ticket.arrival);
        QueueParts {
            seq: self.seq,
            settings: self.settings.clone(),
            latest_at: self.latest_at,
            are_times_mixed: self.are_times_mixed,
            reserved_numbers: self.reserved_numbers.iter().cloned().collect(),
            streaks: self.streaks.clone(),
            services: self.services.clone(),
            desks: self.desks.values().cloned().collect(),
            tickets: self.tickets.values().cloned().collect(),
            previous_day,
            ended: self.ended.iter().copied().collect(),
            calls: self.calls.iter().cloned().collect(),
            last_called: self.last_called.iter().copied().collect(),
            steps: self.steps.values().cloned().collect(),
            pace: self.pace.clone(),
        }
    }

    /// The number of the last event.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// How the office wants its queue.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many tickets are held in memory, ended ones among them.
    pub fn len(&self) -> usize {
        self.tickets.len()
    }

    /// Whether somebody waits or is served.
    pub fn is_busy(&self) -> bool {
        self.waiting() > 0 || self.desks.values().any(|desk| desk.serving.is_some())
    }

    /// Whether no ticket is held in memory.
    pub fn is_empty(&self) -> bool {
        self.tickets.is_empty()
    }

    /// How many tickets wait.
    pub fn waiting(&self) -> usize {
        self.priority_lists.values().map(VecDeque::len).sum()
    }

    /// How many tickets wait in one list.
    pub fn waiting_in(&self, list: &WaitingList) -> usize {
        self.priority_lists_of(list)
            .map(|(_, positions)| positions.len())
            .sum()
    }

    /// The services of the office.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The service of that prefix.
    pub fn service(&self, prefix: &Prefix) -> Option<&Service> {
        self.services.iter().find(|s| s.prefix == *prefix)
    }

    /// The same, or the refusal that says which there are.
    pub fn require_service(&self, prefix: &Prefix) -> Result<&Service, Refusal> {
        self.service(prefix).ok_or_else(|| {
            let known: Vec<&str> = self.services.iter().map(|s| s.prefix.as_str()).collect();
            Refusal::UnknownService {
                asked: prefix.clone(),
                known: known.join(", "),
            }
        })
    }

    /// The desks, by name.
    pub fn desks(&self) -> impl Iterator<Item = &Desk> {
        self.desks.values()
    }

    /// The desk of that name.
    pub fn desk(&self, name: &DeskName) -> Option<&Desk> {
        self.desks.get(name)
    }

    /// The ticket that a desk serves.
    pub fn current_ticket(&self, desk: &Desk) -> Option<&Ticket> {
        desk.serving.and_then(|arrival| self.tickets.get(&arrival))
    }

    /// The ticket of that id, while it is in memory; also one that was cancelled when the day began.
    pub fn ticket(&self, id: TicketId) -> Option<&Ticket> {
        match self.by_id.get(&id) {
            Some(arrival) => self.tickets.get(arrival),
            None => self.previous_day.get(&id),
        }
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

    /// The priority lists of one waiting list.
    pub(super) fn priority_lists_of(
        &self,
        list: &WaitingList,
    ) -> impl Iterator<Item = (&PriorityList, &VecDeque<ListPosition>)> {
        // The map is sorted by waiting list first, and no priority's name is before the empty one.
        let first = PriorityList {
            list: list.clone(),
            priority: "".into(),
        };
        let priority_lists = self.priority_lists.range(first..);
        priority_lists.take_while(move |(priority_list, _)| priority_list.list == *list)
    }

    /// All waiting tickets, by their positions.
    pub fn waiting_tickets(&self) -> Vec<&Ticket> {
        let mut positions: Vec<ListPosition> =
            self.priority_lists.values().flatten().copied().collect();
        positions.sort_unstable();
        positions
            .iter()
            .filter_map(|position| self.tickets.get(&position.arrival()))
            .collect()
    }

    /// The last calls and recalls, newest first.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().take(CALLS_KEPT)
    }

    /// The last tickets called, newest first, each once.
    pub fn last_called(&self) -> impl Iterator<Item = &Ticket> {
        self.last_called
            .iter()
            .filter_map(|arrival| self.tickets.get(arrival))
    }

    /// The last number given today for any service, or 0.
    pub fn last_number(&self) -> u32 {
        if self.services.iter().all(|s| s.last_number.is_none()) {
            return 0;
        }
        let newest = self.tickets.values().next_back();
        let given = self.services.iter().filter_map(|s| s.last_number);
        newest.map_or_else(|| given.max().unwrap_or(0), |ticket| ticket.number)
    }

    pub(super) fn enter_list(&mut self, priority_list: PriorityList, position: ListPosition) {
        let positions = self.priority_lists.entry(priority_list).or_default();
        // Most come last, where this costs nothing.
        let index = positions.partition_point(|other| *other < position);
        positions.insert(index, position);
    }

    pub(super) fn leave_list(&mut self, id: TicketId) {
        let Some(ticket) = self.ticket(id) else {
            return;
        };
        let (priority_list, position) = (ticket.priority_list(), ticket.position);
        let Some(positions) = self.priority_lists.get_mut(&priority_list) else {
            return;
        };
        if let Ok(index) = positions.binary_search(&position) {
            positions.remove(index);
        }
        if positions.is_empty() {
            self.priority_lists.remove(&priority_list);
            self.are_times_mixed &= !self.priority_lists.is_empty();
        }
    }
}
