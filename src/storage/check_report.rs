//! The result of a check of a data file.

use crate::domain::{Queue, Timestamp};

/// The contents of a data file, and its damage.
#[derive(Debug, Default)]
pub struct CheckReport {
    /// Damage, in sentences without a full stop; none if the file is sound.
    pub damage: Vec<String>,
    /// How many of the damages are a loss. Damaged snapshots alone lose nothing: a start does without them.
    pub losses: usize,
    /// The last event before the first damaged one, if one is damaged.
    pub last_good: Option<u64>,
    /// Version of the tables.
    pub version: i32,
    /// The office after its last event that can be read.
    pub queue: Queue,
    pub events: u64,
    /// The times of the first and the last event.
    pub times: Option<(Timestamp, Timestamp)>,
    pub snapshots: usize,
    /// Tickets whose row of the history is not what the events give.
    pub wrong_rows: u64,
    pub audit_entries: u64,
}

impl CheckReport {
    /// Whether anything is lost.
    pub fn is_loss(&self) -> bool {
        self.losses > 0
    }

    pub(super) fn add_loss(&mut self, damage: String) {
        self.damage.push(damage);
        self.losses += 1;
    }
}
