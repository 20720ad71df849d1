//! Loads an office: a snapshot, and the events after it.

use diesel::PgConnection;

use super::{append::find_end, events};
use crate::domain::{Queue, Stamped};
use crate::storage::{Loaded, StorageError};

pub(super) fn load(
    connection: &mut PgConnection,
    office: &str,
    followed_by: u64,
    until: u64,
) -> Result<Loaded, StorageError> {
    let mut damage = Vec::new();
    let last_stored = find_end(connection, office)?.unwrap_or(0);
    let end = last_stored.min(until);
    let all = events::snapshots(connection, office)?;
    let newest_snapshot = all.first().copied().unwrap_or(0);
    let base = events::base_snapshot(connection, office)?;
    if base.is_some_and(|base| base > end) {
        return Err(StorageError::Damaged {
            what: format!("the office after event {end}"),
            why: "older events were purged (--keep-history-days)".to_owned(),
        });
    }
    let is_usable = |seq: &u64| seq.saturating_add(followed_by) <= end || base == Some(*seq);
    let mut queue = Queue::new();
    for seq in all.into_iter().filter(is_usable) {
        let body = events::snapshot_body(connection, office, seq)?;
        match events::parse_snapshot(&body, seq) {
            Ok(found) => {
                queue = found;
                break;
            }
            Err(why) => damage.push(format!("The snapshot after event {seq} is damaged ({why})")),
        }
    }
    let mut events: Vec<Stamped> = Vec::new();
    let range = (queue.seq(), until);
    events::read_events(connection, office, range, u64::MAX, |one| events.push(one))?;
    let last = events.last().map_or(queue.seq(), |last| last.seq);
    // Before the last one, an import may have jumped ahead.
    if last < last_stored && last_stored <= until {
        return Err(StorageError::DamagedEvent {
            seq: last + 1,
            last_good: last,
            why: "it is missing".to_owned(),
        });
    }
    Ok(Loaded::new(queue, events, newest_snapshot, damage))
}
