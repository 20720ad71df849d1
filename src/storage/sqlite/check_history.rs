//! Compares the history of tickets with the events, for `turnero check`.

use std::collections::BTreeMap;
use std::ops::Range;

use rusqlite::Connection;

use super::tickets;
use crate::domain::{Event, Queue, TicketRow, changed_rows};

/// The first version of the tables whose rows can be compared.
pub(super) const SINCE_VERSION: i32 = 5;

/// Follows the events, and remembers the rows of tickets that may still change: those of a day or two.
pub(super) struct HistoryCheck<'a> {
    connection: &'a Connection,
    /// The last purged event. The rows of tickets from before it may be gone.
    base: u64,
    rows: BTreeMap<u64, TicketRow>,
    /// The last event that was followed.
    last: u64,
    /// The tickets after `base` that the events give.
    given: Vec<u64>,
    /// The numbers before each imported office: its history came with it, and has no events.
    moved: Vec<Range<u64>>,
    /// Tickets whose rows are missing or are not what the events give.
    wrong: Tickets,
}

/// How many tickets there are of some kind, and the code of the first one.
#[derive(Default)]
struct Tickets {
    count: u64,
    first: Option<String>,
}

impl Tickets {
    fn add(&mut self, code: &str) {
        self.count += 1;
        self.first.get_or_insert_with(|| code.to_owned());
    }

    /// The damage in a sentence without a full stop, if there are any.
    fn damage(&self, what: &str) -> Option<String> {
        let first = self.first.as_ref()?;
        Some(match self.count {
            1 => format!("{what}: ticket {first}"),
            count => format!("{what}: {count} tickets, the first of them {first}"),
        })
    }
}

impl<'a> HistoryCheck<'a> {
    pub(super) fn new(connection: &'a Connection, base: u64) -> Self {
        Self {
            connection,
            base,
            rows: BTreeMap::new(),
            last: base,
            given: Vec::new(),
            moved: Vec::new(),
            wrong: Tickets::default(),
        }
    }

    /// Follows an event. `queue` is the queue right after it.
    pub(super) fn follow(&mut self, queue: &Queue, event: &Event) {
        if matches!(event, Event::OfficeImported { .. }) {
            self.moved.push(self.last + 1..queue.seq());
        }
        self.last = queue.seq();
        let mut changed = Vec::new();
        changed_rows(queue, event, &mut changed);
        let changed = changed.into_iter();
        self.rows
            .extend(changed.map(|row| (row.arrival.as_seq(), row)));
        if matches!(event, Event::DayStarted | Event::OfficeImported { .. }) {
            // Nothing happens any more to tickets that are gone.
            let rows = std::mem::take(&mut self.rows).into_iter();
            let (may_change, over): (BTreeMap<_, _>, BTreeMap<_, _>) =
                rows.partition(|(_, row)| queue.arrived(row.arrival).is_some());
            self.rows = may_change;
            self.compare(&over);
        }
    }

    /// Compares what is left. Returns each damage in a sentence without a full stop, and how many tickets have one.
    pub(super) fn finish(mut self) -> (Vec<String>, u64) {
        let rows = std::mem::take(&mut self.rows);
        self.compare(&rows);
        self.given.sort_unstable();
        let (mut unknown, mut unfound) = (Tickets::default(), Tickets::default());
        let scanned = self.scan(&mut unknown, &mut unfound);
        let wrong = [
            (&self.wrong, "The history is not what the events give"),
            (&unknown, "The history has what no event gives"),
            (
                &unfound,
                "The table of hours does not lead to all of the history",
            ),
        ];
        let mut damage: Vec<String> = wrong
            .iter()
            .filter_map(|(tickets, what)| tickets.damage(what))
            .collect();
        let mut count: u64 = wrong.iter().map(|(tickets, _)| tickets.count).sum();
        if let Err(error) = scanned {
            damage.push(format!("The history cannot be read: {error}"));
            count += 1;
        }
        (damage, count)
    }

    /// Reads the whole table: finds rows that no event gives, and rows that a query by hours does not find.
    fn scan(&self, unknown: &mut Tickets, unfound: &mut Tickets) -> rusqlite::Result<()> {
        let hours = tickets::hours(self.connection)?;
        let mut hours = hours.into_iter().peekable();
        let mut current = None;
        tickets::scan(self.connection, |seq, code, hour| {
            while let Some((_, begun)) = hours.next_if(|(first, _)| *first <= seq) {
                current = Some(begun);
            }
            if current != Some(hour) {
                unfound.add(code);
            }
            let has_moved = self.moved.iter().any(|numbers| numbers.contains(&seq));
            if seq > self.base && !has_moved && self.given.binary_search(&seq).is_err() {
                unknown.add(code);
            }
        })
    }

    fn compare(&mut self, rows: &BTreeMap<u64, TicketRow>) {
        self.given.extend(rows.keys());
        for (seq, row) in rows {
            let is_same = match tickets::find(self.connection, *seq) {
                Ok(Some(found)) => {
                    // A purge may have erased who served.
                    let person = found.person.and(row.person);
                    found
                        == TicketRow {
                            person,
                            ..row.clone()
                        }
                }
                Ok(None) => *seq <= self.base,
                Err(_) => false,
            };
            if !is_same {
                self.wrong.add(&row.code);
            }
        }
    }
}
