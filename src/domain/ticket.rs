//! Tickets: their ids, states, and positions in the waiting lists.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::desk::DeskName;
use super::person::PersonId;
use super::service::Prefix;
use super::text_form::{names, serde_as_text};
use super::time::{Arrival, Timestamp};
use super::time_spent::TimeSpent;
use crate::digits;

/// Names one ticket for ever. A client that knows it may follow and cancel the ticket, so it is made
/// from 128 random bits and never sent to public screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TicketId(u128);

impl TicketId {
    /// Makes an id of 128 bits that the caller drew at random.
    pub fn from_random(bits: u128) -> Self {
        Self(bits)
    }

    /// Reads the 32 lower-case hexadecimal digits that `Display` writes; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 32
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        plain
            .then(|| u128::from_str_radix(text, 16).ok())
            .flatten()
            .map(Self)
    }
}

serde_as_text!(TicketId, |text| {
    Self::parse(text).ok_or_else(|| format!("«{text}» is not a ticket's id"))
});

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The state of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In a waiting list.
    Waiting,
    /// At a desk.
    Serving,
    /// On hold, to be called again or returned.
    Held,
    /// Called, and did not come; may be returned, or called again on the same day.
    NoShow,
    /// Served; final, but that a desk may call it again on the same day.
    Done,
    /// Cancelled; final.
    Cancelled,
}

names!(State {
    Waiting => "waiting",
    Serving => "serving",
    Held => "held",
    NoShow => "no-show",
    Done => "done",
    Cancelled => "cancelled",
});

impl State {
    /// Whether the ticket has ended: nothing happens to it any more unless a desk calls it again.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled)
    }
}

/// The sort key of a ticket in its waiting list; the smallest is next. A new ticket's is its arrival, so that
/// one that was sent away and comes back can keep it. In front of all others it is below zero,
/// behind them the number of the event that sent it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListPosition {
    rank: i64,
    arrival: Arrival,
}

impl ListPosition {
    /// In the order of arrival.
    pub fn by_arrival(arrival: Arrival) -> Self {
        Self::ranked(i64::try_from(arrival.as_seq()).unwrap_or(i64::MAX), arrival)
    }

    /// At that rank; between two of the same rank, the one that arrived first is before.
    pub fn ranked(rank: i64, arrival: Arrival) -> Self {
        Self { rank, arrival }
    }

    /// The same position if all numbers of events are larger by `last`.
    pub(super) fn after(self, last: u64) -> Self {
        let by = i64::try_from(last).unwrap_or(i64::MAX);
        let rank = if self.is_in_front() {
            self.rank
        } else {
            self.rank.saturating_add(by)
        };
        let arrival = Arrival::from_seq(self.arrival.as_seq() + last);
        Self { rank, arrival }
    }

    /// Whether it was sent to the front: before all others under every rule.
    pub fn is_in_front(self) -> bool {
        self.rank < 0
    }

    /// The rank; a smaller one is earlier.
    pub fn rank(self) -> i64 {
        self.rank
    }

    /// The ticket's arrival.
    pub fn arrival(self) -> Arrival {
        self.arrival
    }
}

/// A list of waiting tickets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitingList {
    /// The list of its service.
    Service(Prefix),
    /// One desk's own, after a transfer to it.
    Desk(DeskName),
}

/// The tickets of one priority in a waiting list, sorted by position.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PriorityList {
    pub list: WaitingList,
    pub priority: Arc<str>,
}

/// A ticket: a visitor's place in a waiting list, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ticket {
    pub id: TicketId,
    pub arrival: Arrival,
    /// The prefix of its code: the service that created it. A transfer does not change it, because
    /// the code is on paper.
    pub prefix: Prefix,
    pub number: u32,
    /// Minimum number of digits in its code.
    pub digits: u8,
    /// The service that it waits for.
    pub service: Prefix,
    pub priority: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Box<str>>,
    /// The language of whoever took it, such as `es`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Arc<str>>,
    pub state: State,
    /// The list in which it waits, or waited last.
    pub list: WaitingList,
    pub position: ListPosition,
    pub created_at: Timestamp,
    /// Start of its waiting time: its creation, or its transfer behind all others.
    pub waiting_since: Timestamp,
    /// The desk that called it last; kept when it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desk: Option<DeskName>,
    /// The person who was signed in there by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// Time of that desk's call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub called_at: Option<Timestamp>,
    /// Time at which it reached a final state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// How often it has been called, recalls among them.
    pub calls: u32,
    /// Between its times are a stop of the server and a later step of the clock, so nobody knows how long it
    /// waited and was served.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lengths_unknown: bool,
    /// Its time in queues and at desks, for the history.
    #[serde(default)]
    pub spent: TimeSpent,
}

impl Ticket {
    /// The longest note, in characters: a desk's screen shows it without scrolling.
    pub const LONGEST_NOTE: usize = 500;

    /// Its list of waiting tickets of the same priority.
    pub fn priority_list(&self) -> PriorityList {
        PriorityList {
            list: self.list.clone(),
            priority: self.priority.clone(),
        }
    }

    /// The longest code of a language, in bytes.
    pub const LONGEST_LANGUAGE: usize = 8;

    /// The text that people read: the prefix and the number, such as `A12`.
    pub fn code(&self) -> String {
        let width = usize::from(self.digits);
        format!("{}{:0width$}", self.prefix, self.number)
    }

    /// Whether `text` is this ticket's code as a person would type it: in either case, with or
    /// without the zeros before the number.
    pub fn has_code(&self, text: &str) -> bool {
        let digits = text.find(|c: char| c.is_ascii_digit());
        let (prefix, number) = text.split_at(digits.unwrap_or(text.len()));
        prefix.to_uppercase() == self.prefix.as_str() && digits::parse(number) == Some(self.number)
    }
}
