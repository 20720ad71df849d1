//! The audit log on a real file: pages, counts, retention and erasure.

use std::net::IpAddr;

use super::*;
use crate::storage::sqlite::SqliteJournal;
use crate::storage::tests::testing::TestFile;
use crate::storage::{Batch, Journal};

const END: u64 = u64::MAX;

fn journal(name: &str) -> (TestFile, SqliteJournal) {
    let file = TestFile::new(&format!("audit-{name}"));
    let journal = SqliteJournal::open(&file.0).expect("a new file");
    (file, journal)
}

fn from(n: u8) -> Option<Actor> {
    Some(Actor {
        role: Role::Public,
        token: n.is_multiple_of(2).then(|| "kiosk «ñ»".to_owned()),
        person: n.is_multiple_of(3).then(|| "Begoña".into()),
        person_id: None,
        address: IpAddr::from([192, 0, 2, n]),
    })
}

fn entry(kind: AuditKind, n: u8) -> AuditEntry {
    AuditEntry::new(kind, Some("A1"), from(n))
}

fn store(journal: &mut SqliteJournal, at: i64, audit: Vec<AuditEntry>) {
    let batch = Batch {
        audit,
        at,
        ..Batch::default()
    };
    journal.append(0, &batch).expect("appended");
}

fn ids(records: &[AuditRecord]) -> Vec<u64> {
    records.iter().map(|record| record.id).collect()
}

#[test]
fn an_entry_reads_back_whole_and_pages_have_each_entry_once() {
    let (_file, mut journal) = journal("pages");
    let whole = AuditEntry {
        seq: Some(7),
        desk: Some("3".to_owned()),
        to_desk: Some("4".to_owned()),
        to_service: Some("B".to_owned()),
        fields: vec!["name".to_owned(), "rule".to_owned()],
        ..entry(AuditKind::TicketTransferred, 2)
    };
    let by_itself = AuditEntry::new(AuditKind::DayStarted, None, None);
    let entries = vec![
        by_itself.clone(),
        entry(AuditKind::SignedIn, 1),
        whole.clone(),
        entry(AuditKind::Exported, 3),
        by_itself,
    ];
    store(&mut journal, 10, entries.clone());
    let all = journal.audit(END, 100).expect("read");
    let read: Vec<AuditEntry> = all
        .iter()
        .rev()
        .map(|record| record.entry.clone())
        .collect();
    assert_eq!(read, entries);
    assert!(
        all.iter()
            .all(|record| record.at == 10 && record.count == 1)
    );
    for size in 1..=5 {
        let (mut before, mut seen) = (END, Vec::new());
        loop {
            let page = ids(&journal.audit(before, size).expect("read"));
            let Some(last) = page.last().copied() else {
                break;
            };
            before = last;
            seen.extend(page);
        }
        assert_eq!(seen, ids(&all), "pages of {size}");
    }
}

#[test]
fn an_unknown_kind_is_an_error_that_names_its_entry() {
    let (_file, mut journal) = journal("kind");
    store(&mut journal, 10, vec![entry(AuditKind::SignedIn, 1)]);
    let change = "UPDATE audit SET kind = 'danced'";
    journal.connection.execute(change, []).expect("changed");
    let error = journal.audit(END, 10).expect_err("unknown").to_string();
    assert_eq!(error, "audit entry 1 cannot be read: unknown kind «danced»");
}

#[test]
fn wrong_pins_of_an_hour_are_counted_by_address() {
    let (_file, mut journal) = journal("refused");
    let mut refuse = |n, at| {
        let refused = AuditEntry::new(AuditKind::SignInRefused, None, from(n));
        store(&mut journal, at, vec![refused]);
    };
    (0..50).for_each(|n| (0..3).for_each(|_| refuse(n, 100)));
    refuse(1, 100 + HOUR_MS - 1);
    refuse(1, 100 + HOUR_MS);
    let refused = journal.audit(END, 100).expect("read");
    let refused: Vec<(Option<String>, u64)> = refused
        .iter()
        .map(|record| (address(&record.entry), record.count))
        .collect();
    assert_eq!(refused.len(), 22, "the first 20, the others, and a new one");
    assert_eq!(refused[0], (Some("192.0.2.1".to_owned()), 1));
    assert_eq!(refused[1], (None, 30 * 3));
    assert_eq!(refused.iter().map(|(_, count)| count).sum::<u64>(), 152);
}

#[test]
fn a_purge_deletes_every_expired_entry_in_steps_and_counts_them_once() {
    let (_file, mut journal) = journal("purge");
    let (old, new) = (PURGE_STEP as usize * 2 + 100, 50);
    // The clock was ahead for a while: an entry is old by its time, not by its place.
    store(&mut journal, 30, vec![entry(AuditKind::SignedIn, 1); new]);
    store(
        &mut journal,
        10,
        vec![entry(AuditKind::TicketCalled, 2); old],
    );
    store(&mut journal, 30, vec![entry(AuditKind::SignedIn, 3); new]);
    let mut steps = 1;
    while journal.purge(20, 20, 40).expect("purged") {
        steps += 1;
    }
    assert_eq!(steps, 3, "a bounded number at a time");
    let left = journal.audit(END, 100_000).expect("read");
    assert_eq!(left.len(), 2 * new + 1);
    assert_eq!(left[0].entry.kind, AuditKind::AuditPurged);
    assert_eq!(left[0].count, old as u64);
    assert!(!journal.purge(20, 20, 40).expect("purged"));
    assert_eq!(journal.audit(END, 100_000).expect("read"), left);
    // The count itself expires, and leaves none.
    assert!(!journal.purge(50, 20, 60 + DAY_MS).expect("purged"));
    let left = journal.audit(END, 100_000).expect("read");
    assert_eq!((left.len(), left[0].count), (1, 2 * new as u64));
    assert!(!journal.purge(70 + DAY_MS, 20, 80 + DAY_MS).expect("purged"));
    assert_eq!(journal.audit(END, 100_000).expect("read"), []);
}

#[test]
fn an_erased_log_has_only_the_entry_of_who_erased_it() {
    let (_file, mut journal) = journal("erased");
    let erased = entry(AuditKind::AuditErased, 9);
    // The clock was ahead before: the time of an entry does not matter.
    store(&mut journal, 90, vec![entry(AuditKind::SignedIn, 1); 3_000]);
    store(
        &mut journal,
        50,
        vec![entry(AuditKind::SignedIn, 2), erased.clone()],
    );
    store(&mut journal, 50, vec![entry(AuditKind::SignedIn, 3)]);
    let shown = |journal: &mut SqliteJournal| -> Vec<AuditEntry> {
        let records = journal.audit(END, 100_000).expect("read");
        records.into_iter().map(|record| record.entry).collect()
    };
    let expected = [entry(AuditKind::SignedIn, 3), erased];
    assert_eq!(shown(&mut journal), expected, "at once");
    while journal.purge(0, 0, 50).expect("purged") {}
    assert_eq!(shown(&mut journal), expected);
    let rows: i64 = journal
        .connection
        .query_row("SELECT count(*) FROM audit", [], |row| row.get(0))
        .expect("counted");
    assert_eq!(rows, 2);
}
