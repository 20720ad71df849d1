//! A person's place in the queue.

use std::fmt;

use super::desk::DeskName;
use super::service::Prefix;

/// A moment: whole milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub fn as_millis(self) -> i64 {
        self.0
    }
}

/// Names one ticket for ever. Whoever knows it may follow and withdraw that ticket, so it is made
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

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A ticket's place in the order of arrival: the `seq` of the event that made it, so it is unique
/// and grows with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival(u64);

impl Arrival {
    /// The arrival of the ticket that event `seq` made.
    pub fn from_seq(seq: u64) -> Self {
        Self(seq)
    }

    /// The `seq` of the event that made the ticket.
    pub fn as_seq(self) -> u64 {
        self.0
    }
}

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In a line.
    Waiting,
    /// At a desk.
    Serving,
    /// Attended; final.
    Done,
    /// Withdrawn; final.
    Cancelled,
}

impl State {
    /// The word that the outside uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Serving => "serving",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word that `as_str` writes.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Every state, for messages and for checks.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Serving, Self::Done, Self::Cancelled];

    /// Whether nothing can happen to the ticket any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled)
    }
}

/// A person's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub id: TicketId,
    pub arrival: Arrival,
    pub service: Prefix,
    pub number: u32,
    pub note: Option<Box<str>>,
    pub state: State,
    pub created_at: Timestamp,
    /// The desk that called it last; kept when it is done.
    pub desk: Option<DeskName>,
    /// When that desk called it.
    pub called_at: Option<Timestamp>,
    /// When it reached a final state.
    pub ended_at: Option<Timestamp>,
    /// How often it has been called, recalls among them.
    pub calls: u32,
}

impl Ticket {
    /// What people read: the service's prefix and the number, such as `A12`.
    pub fn code(&self) -> String {
        format!("{}{}", self.service, self.number)
    }

    /// Whether `text` is this ticket's code, in either case, as a person would type it.
    pub fn has_code(&self, text: &str) -> bool {
        self.code().eq_ignore_ascii_case(text)
    }
}
