//! Loads an office: a snapshot, and the events after it.

use rusqlite::Connection;

use super::events;
use crate::domain::Queue;
use crate::storage::{Loaded, StorageError};

pub(super) fn load(
    connection: &Connection,
    version: i32,
    followed_by: u64,
    until: u64,
) -> Result<Loaded, StorageError> {
    let mut damage = Vec::new();
    let end = events::end(connection)?;
    // If that table is damaged, this check is skipped.
    let last_known = events::last_known(connection).unwrap_or(0);
    if end < last_known.min(until) {
        return Err(StorageError::DamagedEvent {
            seq: end + 1,
            last_good: end,
            why: "it is missing".to_owned(),
        });
    }
    let end = end.min(until);
    let all = events::snapshots(connection, u64::MAX).unwrap_or_else(|error| {
        damage.push(format!("The snapshots cannot be read ({error})"));
        Vec::new()
    });
    let newest_snapshot = all.first().copied().unwrap_or(0);
    let mut queue = Queue::new();
    let base = events::base_snapshot(connection)?;
    if base.is_some_and(|base| base > end) {
        return Err(StorageError::Damaged {
            what: format!("the office after event {end}"),
            why: "older events were purged (--keep-history-days)".to_owned(),
        });
    }
    let is_usable = |seq: &u64| seq.saturating_add(followed_by) <= end || base == Some(*seq);
    for seq in all.into_iter().filter(is_usable) {
        match events::read_snapshot(connection, version, seq) {
            Ok(found) => {
                queue = found;
                break;
            }
            Err(why) => {
                damage.push(format!("The snapshot after event {seq} is damaged ({why})"));
            }
        }
    }
    let events = events::load(connection, version, (queue.seq(), until))?;
    Ok(Loaded::new(queue, events, newest_snapshot, damage))
}
