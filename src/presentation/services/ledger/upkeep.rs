//! Upkeep between batches: checks of the storage, snapshots, and purges of expired data.

use std::time::{Duration, Instant};

use super::Ledger;
use crate::calendar::now;
use crate::presentation::http::problem::storage_advice;
use crate::storage::StorageError;

/// Smallest number of events between two snapshots. A start replays so many and the recent ones, which
/// takes about 20 ms.
const SNAPSHOT_EVENTS: u64 = 4_096;

/// Interval between looks whether the data file is still there, and whether other servers have stored events.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Interval between probes of failing storage.
const PROBE_INTERVAL: Duration = Duration::from_secs(2);

/// Retention of the answers to an `Idempotency-Key`: longer than any client repeats a request.
const ANSWER_RETENTION: Duration = Duration::from_secs(48 * 60 * 60);

/// Interval between purges of expired data.
const PURGE_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// If more time has passed since the last event, the clock may be wrong, and for a day nothing is purged:
/// one start with a clock far ahead would delete everything.
const LONGEST_SILENCE_MS: i64 = 31 * DAY_MS;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Pause between two steps of one purge.
const PURGE_PAUSE: Duration = Duration::from_millis(200);

impl Ledger {
    /// Looks whether the data file is still there, or whether storage that fails, or has little room, works. Only a
    /// probe says that it does: on a full disk a small batch may find room, and a larger one none.
    pub(super) fn check_storage_if_due(&mut self) {
        if Instant::now() < self.check_at {
            return;
        }
        let (checked, interval) = if self.failing || !self.journal.has_room() {
            (self.storage(|journal| journal.probe()), PROBE_INTERVAL)
        } else {
            (self.storage(|journal| journal.check()), CHECK_INTERVAL)
        };
        let checked = checked.and_then(|()| self.catch_up());
        let is_leader = self.storage(|journal| journal.is_leader());
        self.shared.set_leader(is_leader);
        self.check_at = Instant::now() + interval;
        match checked {
            Ok(()) if self.failing => {
                log::info!("Storage works again");
                self.failing = false;
                self.shared.set_storage_problem(None);
            }
            Ok(()) => {}
            Err(error) => self.set_failing(&error),
        }
    }

    pub(super) fn fail(&mut self, error: StorageError) -> Result<(), StorageError> {
        self.set_failing(&error);
        Err(error)
    }

    pub(super) fn set_failing(&mut self, error: &StorageError) {
        if self.failing {
            // Not once for each request until storage works again.
            log::debug!("Storage still fails: {error}");
        } else {
            log::error!("Storage fails, and changes are refused: {error}");
            // A purge of expired data makes room.
            self.purge_at = Instant::now();
            self.check_at = Instant::now() + PROBE_INTERVAL;
        }
        self.failing = true;
        if self.journal.is_shared() {
            self.shared.set_leader(false);
        }
        self.shared.set_storage_problem(Some(storage_advice(error)));
    }

    /// Purges a bounded number of expired audit entries and stored answers, if a purge is due.
    pub(super) fn purge_if_due(&mut self) {
        if Instant::now() < self.purge_at {
            return;
        }
        if !self.storage(|journal| journal.is_leader()) {
            self.purge_at = Instant::now() + PURGE_INTERVAL;
            return;
        }
        let at = now().as_millis();
        let shared = self.shared.clone();
        let purged = shared.wait_for_storage(|| match self.pause_purge(at)? {
            // Entries that an admin erased are deleted even then.
            true => self.journal.purge(i64::MIN, i64::MIN, at),
            false => self.purge_expired(at),
        });
        let pause = match purged {
            Ok(true) => PURGE_PAUSE,
            Ok(false) => PURGE_INTERVAL,
            Err(_) if self.failing => PROBE_INTERVAL,
            Err(error) => {
                log::warn!("Expired data could not be purged; it will be tried again: {error}");
                PURGE_INTERVAL
            }
        };
        self.purge_at = Instant::now() + pause;
    }

    /// Deletes expired audit entries and answers, then expired history, then erases the notes of tickets that are
    /// over, in steps. Returns whether there may be more.
    fn purge_expired(&mut self, at: i64) -> Result<bool, StorageError> {
        let set = self.working.settings().keep_days;
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let flag = millis(self.retention.personal);
        let retention = set.map_or(flag, |days| i64::from(days) * DAY_MS);
        // An answer may hold a note.
        let answers = retention.min(ANSWER_RETENTION.as_millis() as i64);
        let is_more = self.journal.purge(at - retention, at - answers, at)?;
        if is_more || self.journal.check().is_err() {
            return Ok(is_more);
        }
        let history = at - millis(self.retention.history);
        if self.journal.purge_history(history)? {
            return Ok(true);
        }
        let queue = &self.working;
        let in_queue = |ticket| queue.ticket(ticket).is_some();
        self.journal.erase_notes(at - retention, &in_queue)
    }

    /// Whether purges pause at the time `at`, because no event of the 31 days before is
    /// stored. A restart within that day changes nothing.
    fn pause_purge(&mut self, at: i64) -> Result<bool, StorageError> {
        let newest = self.journal.newest_before(at - DAY_MS)?;
        let paused = newest.is_some_and(|newest| at - newest > LONGEST_SILENCE_MS);
        if paused && !self.shared.purge_is_paused() {
            log::warn!(
                "The clock says that more than 31 days have passed since the last event, so nothing that has \
                 expired is deleted for a day: check the computer's clock"
            );
        }
        self.shared.set_purge_paused(paused);
        Ok(paused)
    }

    /// Saves a snapshot if one is due. The larger the queue, the rarer the snapshots, so that their cost
    /// for each event stays the same.
    pub(super) fn snapshot_if_due(&mut self) {
        let seq = self.working.seq();
        let due = SNAPSHOT_EVENTS.max(self.working.len() as u64);
        if self.failing || seq - self.snapshot_seq < due {
            return;
        }
        self.snapshot_seq = seq;
        let save = || self.journal.save_snapshot(&self.working);
        if let Err(error) = self.shared.wait_for_storage(save) {
            log::warn!("No snapshot could be saved, so the next start takes longer: {error}");
        }
    }
}
