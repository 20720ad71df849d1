//! Checks a data file or a backup without writing: `turnero check`.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::check_history::{HistoryCheck, SINCE_VERSION};
use super::columns::one;
use super::data_file::{DataFile, NameLock};
use super::open::{self, Opened};
use super::{access, audit, events, unusable, webhooks};
use crate::domain::{Queue, QueueParts, apply};
use crate::storage::{CheckReport, StorageError};

/// How many faults SQLite names before it gives up.
const MOST_FAULTS: u32 = 20;

/// How many entries of the audit log are read at a time.
const AUDIT_PAGE: u64 = 10_000;

/// Checks the file. `Err` if that is not possible.
pub fn check(path: &Path) -> Result<CheckReport, StorageError> {
    let name = NameLock::take(path).map_err(|why| unusable(path, &why))?;
    if fs::metadata(path).is_ok_and(|file| file.len() == 0) {
        return Err(unusable(
            path,
            "it is empty: no server has used it, or a copy of it failed",
        ));
    }
    let opened = match open::open_read_only(path) {
        Ok(opened) => opened,
        Err(refused) if refused.is_damage() => {
            let mut report = CheckReport::default();
            report.add_loss(format!("The file cannot be read: {}", refused.reason()));
            return Ok(report);
        }
        Err(refused) => return Err(unusable(path, &refused.reason())),
    };
    let _file = DataFile::lock(path, name).map_err(|why| unusable(path, &why))?;
    Ok(report(&opened))
}

fn report(opened: &Opened) -> CheckReport {
    let connection = &opened.connection;
    let mut report = CheckReport {
        version: opened.version,
        ..CheckReport::default()
    };
    check_database(connection, &mut report);
    let snapshots = read_snapshots(opened, &mut report);
    replay(opened, &snapshots, &mut report);
    if let Err(error) = access::load(connection, opened.version) {
        report.add_loss(format!(
            "The PINs, sessions and tokens cannot be read: {error}"
        ));
    }
    if let Err(error) = webhooks::load(connection, opened.version) {
        report.add_loss(format!("The webhooks are damaged: {error}"));
    }
    match count_audit(connection, opened.version) {
        Ok(entries) => report.audit_entries = entries,
        Err(error) => report.add_loss(format!("The audit log cannot be read: {error}")),
    }
    report
}

/// SQLite's own check of its pages and indexes.
fn check_database(connection: &Connection, report: &mut CheckReport) {
    let faults = connection
        .prepare(&format!("PRAGMA integrity_check({MOST_FAULTS})"))
        .and_then(|mut check| check.query_map([], one::<String>)?.collect());
    let faults: Vec<String> = faults.unwrap_or_else(|error| vec![error.to_string()]);
    for fault in faults.iter().filter(|fault| *fault != "ok") {
        report.add_loss(format!("The database is damaged: {}", fault.trim_end()));
    }
}

/// The snapshots that can be read.
fn read_snapshots(opened: &Opened, report: &mut CheckReport) -> Vec<QueueParts> {
    let numbers = events::snapshots(&opened.connection, u64::MAX).unwrap_or_else(|error| {
        let damage = format!("The snapshots cannot be read: {error}");
        report.damage.push(damage);
        Vec::new()
    });
    report.snapshots = numbers.len();
    let mut snapshots = Vec::new();
    for seq in numbers {
        match events::read_snapshot(&opened.connection, opened.version, seq) {
            Ok(queue) => snapshots.push(queue.parts()),
            Err(why) => {
                report
                    .damage
                    .push(format!("The snapshot after event {seq} is damaged ({why})"));
            }
        }
    }
    snapshots
}

/// Applies all events, and compares the queue with each snapshot, and the history with the tickets.
fn replay(opened: &Opened, snapshots: &[QueueParts], report: &mut CheckReport) {
    let connection = &opened.connection;
    let mut queue = match events::base_queue(connection, opened.version) {
        Ok(queue) => queue,
        Err(error) => return report.add_loss(format!("The events cannot be applied: {error}")),
    };
    let mut different = Vec::new();
    let mut compare = |queue: &Queue| {
        let snapshot = snapshots.iter().find(|parts| parts.seq == queue.seq());
        if snapshot.is_some_and(|parts| *parts != queue.parts()) {
            different.push(queue.seq());
        }
    };
    let mut tickets =
        (opened.version >= SINCE_VERSION).then(|| HistoryCheck::new(connection, queue.seq()));
    let all = (queue.seq(), u64::MAX);
    let read = events::read_events(connection, opened.version, all, |stamped| {
        apply(&mut queue, &stamped);
        compare(&queue);
        if let Some(tickets) = &mut tickets {
            tickets.follow(&queue, &stamped.event);
        }
        report.events += 1;
        let first = report.times.map_or(stamped.at, |(first, _)| first);
        report.times = Some((first, stamped.at));
        true
    });
    for seq in different {
        let damage = format!("The snapshot after event {seq} is not what the events give");
        report.damage.push(damage);
    }
    // After a damaged event, the newest rows say more than the events.
    let tickets = tickets.filter(|_| read.is_ok());
    if let Some((damage, count)) = tickets.map(HistoryCheck::finish) {
        report.damage.extend(damage);
        report.wrong_rows = count;
    }
    if let Err(error) = read {
        let damage = match &error {
            StorageError::DamagedEvent { seq, why, .. } => {
                report.last_good = Some(queue.seq());
                format!("Event {seq} is damaged ({why})")
            }
            other => format!("The events cannot be read: {other}"),
        };
        report.add_loss(damage);
    } else {
        let last_known = events::last_known(connection).unwrap_or(0);
        if last_known > queue.seq() {
            report.last_good = Some(queue.seq());
            report.add_loss(format!(
                "The events after {} up to {last_known} are missing",
                queue.seq()
            ));
        }
    }
    report.queue = queue;
}

/// Reads the whole audit log.
fn count_audit(connection: &Connection, version: i32) -> Result<u64, StorageError> {
    let (mut entries, mut before) = (0, u64::MAX);
    loop {
        let page = audit::read(connection, version, before, AUDIT_PAGE)?;
        let Some(last) = page.last() else {
            return Ok(entries);
        };
        before = last.id;
        entries += page.len() as u64;
    }
}
