//! Purges of old events on a real file, and what goes on beside them.

use crate::domain::{Event, Prefix, Queue, Stamped, TicketId, Timestamp, apply, changed_rows};
use crate::storage::sqlite::SqliteJournal;
use crate::storage::sqlite::tests::{copies, new_journal};
use crate::storage::tests::testing::{TestFile, batch, loaded, rows};
use crate::storage::{Batch, HistoryQuery, Journal, StorageError, check};

/// In the code of each ticket.
const SECRET: &str = "QZXJ";

fn purge(journal: &mut SqliteJournal, before: i64) -> usize {
    let mut steps = 1;
    while journal.purge_history(before).expect("purged") {
        steps += 1;
    }
    steps
}

/// Applies an event of that time, and adds it with the rows that it changes.
fn add(queue: &mut Queue, at: i64, event: Event, to: &mut Batch) {
    let stamped = Stamped {
        seq: queue.seq() + 1,
        at: Timestamp::from_millis(at),
        event,
    };
    apply(queue, &stamped);
    changed_rows(queue, &stamped.event, &mut to.rows);
    to.events.push(stamped);
}

/// Tickets of [`SECRET`] that were taken and given up, one each second from `first` on.
fn tickets(queue: &mut Queue, first: i64, count: usize) -> Batch {
    let service = Prefix::new(SECRET);
    let mut made = Batch::default();
    let setup = queue.services()[0].setup.clone();
    let opened = Event::ServiceChanged {
        service: service.clone(),
        setup,
    };
    add(queue, first, opened, &mut made);
    for n in 0..count {
        let at = first + 1_000 * i64::try_from(n).expect("few");
        let ticket = TicketId::from_random(u128::from(queue.seq()) + 1);
        let created = Event::TicketCreated {
            ticket,
            service: service.clone(),
            number: u32::try_from(queue.len()).expect("few") + 1,
            digits: 1,
            priority: "normal".into(),
            language: None,
            note: None,
        };
        add(queue, at, created, &mut made);
        let left = Event::TicketCancelled { ticket, desk: None };
        add(queue, at, left, &mut made);
    }
    made
}

/// Deletes the service, and starts days, so that the office holds no ticket of before.
fn next_days(queue: &mut Queue, at: i64) -> Batch {
    let mut made = Batch::default();
    let service = Prefix::new(SECRET);
    if queue.service(&service).is_some() {
        add(queue, at, Event::ServiceDeleted { service }, &mut made);
    }
    for _ in 0..3 {
        add(queue, at, Event::DayStarted, &mut made);
    }
    made
}

#[test]
fn however_much_is_purged_each_step_is_small_and_no_byte_of_it_is_left() {
    let (file, mut journal) = new_journal("purge-many");
    let mut queue = Queue::new();
    let old = tickets(&mut queue, 0, 3_010);
    journal.append(0, &old).expect("appended");
    journal.save_snapshot(&queue).expect("saved");
    let end = queue.seq();
    journal
        .append(end, &next_days(&mut queue, 4_000_000))
        .expect("appended");
    let end = queue.seq();
    let young = next_days(&mut queue, 9_000_000);
    journal.append(end, &young).expect("appended");
    assert!(copies(&file.0, SECRET) > 6_000);
    assert_eq!(
        purge(&mut journal, 9_000_000),
        5,
        "3 full steps, the rest, nothing"
    );
    assert_eq!(
        copies(&file.0, SECRET),
        0,
        "while it is open, in case it is killed"
    );
    assert_eq!(rows(&journal), []);
    assert_eq!(loaded(&mut journal, u64::MAX), queue);
    assert!(Box::new(journal).close().is_none());
    assert_eq!(copies(&file.0, SECRET), 0, "after a stop");
}

#[test]
fn no_byte_of_it_is_left_on_the_pages_of_what_stays() {
    let (file, mut journal) = new_journal("purge-pages");
    let mut queue = Queue::new();
    // Rows that grow are moved within their pages and to others.
    let old = tickets(&mut queue, 0, 250);
    journal
        .append(0, &batch(&old.events[..1]))
        .expect("appended");
    for (stamped, row) in old.events[1..].iter().zip(&old.rows) {
        let one = Batch {
            rows: vec![row.clone()],
            ..batch(std::slice::from_ref(stamped))
        };
        journal.append(stamped.seq - 1, &one).expect("appended");
    }
    let end = queue.seq();
    let days = next_days(&mut queue, 4_000_000);
    journal.append(end, &days).expect("appended");
    let mut young = Batch::default();
    for n in 0..500 {
        let ticket = TicketId::from_random(1_000_000 + n / 2);
        let event = match n % 2 {
            0 => Event::TicketCreated {
                ticket,
                service: Prefix::new("A"),
                number: u32::try_from(n / 2).expect("few") + 1,
                digits: 1,
                priority: "normal".into(),
                language: None,
                note: None,
            },
            _ => Event::TicketCancelled { ticket, desk: None },
        };
        add(&mut queue, 9_000_000, event, &mut young);
    }
    let end = queue.seq() - 500;
    journal.append(end, &young).expect("appended");
    assert!(copies(&file.0, SECRET) > 500);
    purge(&mut journal, 9_000_000);
    assert_eq!(copies(&file.0, SECRET), 0);
    assert_eq!(rows(&journal).len(), 250);
    assert_eq!(loaded(&mut journal, u64::MAX), queue);
}

#[test]
fn what_stays_beside_the_purged_is_found_by_its_hour() {
    const HOUR: i64 = 60 * 60 * 1_000;
    let (_file, mut journal) = new_journal("purge-hours");
    let mut queue = Queue::new();
    for hour in 0..5 {
        let end = queue.seq();
        let made = tickets(&mut queue, hour * HOUR, 10);
        journal.append(end, &made).expect("appended");
    }
    let all = rows(&journal);
    // In the middle of an hour.
    purge(&mut journal, 2 * HOUR + 5_000);
    assert_eq!(rows(&journal), all[25..]);
    let mut found = Vec::new();
    let query = HistoryQuery::all(2 * HOUR, 3 * HOUR);
    let read = journal.history().read(&query, &mut |row| found.push(row));
    read.expect("read");
    assert_eq!(found, all[25..30]);
}

/// Reads the history, and calls `during` in the middle of it.
fn while_somebody_reads(journal: &mut SqliteJournal, mut during: impl FnMut(&mut SqliteJournal)) {
    let history = journal.history();
    let mut count = 0;
    let all = HistoryQuery::all(i64::MIN, i64::MAX);
    let read = history.read(&all, &mut |_| {
        count += 1;
        if count == 2 {
            during(journal);
        }
    });
    read.expect("read");
    assert!(count > 100, "the reader sees all that was there");
}

#[test]
fn no_byte_is_left_once_whoever_read_it_meanwhile_has_ended() {
    let (file, mut journal) = new_journal("purge-read");
    let mut queue = Queue::new();
    let old = tickets(&mut queue, 0, 300);
    journal.append(0, &old).expect("appended");
    for at in [4_000_000, 9_000_000] {
        let end = queue.seq();
        let days = next_days(&mut queue, at);
        journal.append(end, &days).expect("appended");
    }
    while_somebody_reads(&mut journal, |journal| {
        for _ in 0..5 {
            assert!(journal.purge_history(9_000_000).expect("purged"));
        }
        assert!(copies(&file.0, SECRET) > 0, "the reader still needs it");
    });
    purge(&mut journal, 9_000_000);
    assert_eq!(copies(&file.0, SECRET), 0);
}

#[test]
fn a_backup_waits_for_readers_and_is_whole_whatever_is_purged_meanwhile() {
    let file = TestFile::new("purge-backup");
    let copy = TestFile::new("purge-backup-copy");
    let mut journal = SqliteJournal::open(&file.0).expect("a new file");
    let mut queue = Queue::new();
    let old = tickets(&mut queue, 0, 3_000);
    journal.append(0, &old).expect("appended");
    while_somebody_reads(&mut journal, |journal| {
        let end = queue.seq();
        let more = next_days(&mut queue, 4_000_000);
        journal.append(end, &more).expect("appended");
        let steady = journal.steady_file().expect("it works");
        assert!(steady.is_none(), "the newest commits cannot be moved yet");
    });
    let steady = journal.steady_file().expect("it works");
    let steady = steady.expect("nobody reads");
    let end = queue.seq();
    let office = queue.clone();
    let young = next_days(&mut queue, 9_000_000);
    journal.append(end, &young).expect("appended");
    for before in [2_000_000, 9_000_000] {
        assert!(journal.purge_history(before).expect("purged"));
        assert!(journal.erase_notes(before, &|_| false).expect("erased"));
        let other = journal.steady_file();
        assert!(
            matches!(other, Err(StorageError::Unusable(_))),
            "one copy at a time"
        );
    }
    steady.copy_to(&copy.0).expect("copied");
    drop(steady);
    purge(&mut journal, 9_000_000);
    assert_eq!(copies(&file.0, SECRET), 0, "once the copy is made");
    let report = check(&copy.0).expect("it can be checked");
    assert_eq!(report.damage, Vec::<String>::new());
    assert_eq!(report.queue, office);
    assert!(copies(&copy.0, SECRET) > 0, "it is from before the purge");
}
