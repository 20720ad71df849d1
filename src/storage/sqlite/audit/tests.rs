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
