//! Damage of events and snapshots, on a real file.

use std::fs;

use super::*;
use crate::domain::apply;
use crate::storage::sqlite::SqliteJournal;
use crate::storage::tests::day::a_day;
use crate::storage::tests::testing::{TestFile, batch};
use crate::storage::{AuditEntry, Batch, Journal, Loaded};

/// The queue after the events.
fn replay(queue: &mut Queue, events: &[Stamped]) {
    for stamped in events {
        apply(queue, stamped);
    }
}

/// A file with a day's events and two snapshots, and the queue at its end.
fn a_file(name: &str) -> (TestFile, Queue, Vec<Stamped>) {
    let file = TestFile::new(name);
    let (end, events) = a_day();
    let mut journal = SqliteJournal::open(&file.0).expect("a new file");
    let mut queue = Queue::new();
    for part in events.chunks(10) {
        let begun = queue.seq();
        let mut audit = Vec::new();
        for stamped in part {
            apply(&mut queue, stamped);
            audit.push(AuditEntry::of_event(&queue, stamped, None));
        }
        let batch = Batch {
            audit,
            ..batch(part)
        };
        journal.append(begun, &batch).expect("appended");
        journal.save_snapshot(&queue).expect("saved");
    }
    assert_eq!(queue, end);
    (file, end, events)
}

fn load(journal: &mut SqliteJournal) -> Result<(Queue, Vec<String>), StorageError> {
    let Loaded {
        mut queue,
        events,
        damage,
        ..
    } = journal.load(0, u64::MAX)?;
    replay(&mut queue, &events);
    Ok((queue, damage))
}

fn change(journal: &SqliteJournal, change: &str) {
    let changed = journal.connection.execute(change, []).expect(change);
    assert_eq!(changed, 1, "{change}");
}

#[test]
fn a_damaged_snapshot_gives_way_to_the_one_before_it_and_then_to_all_events() {
    let (file, end, _) = a_file("damaged-snapshot");
    let mut journal = SqliteJournal::open(&file.0).expect("the file");
    let snapshots = snapshots(&journal.connection, u64::MAX).expect("read");
    assert_eq!(snapshots.len(), 2);
    for (n, seq) in snapshots.iter().enumerate() {
        change(
            &journal,
            // Still JSON, and a queue whose parts fit together.
            &format!(
                "UPDATE snapshots SET body = cast(replace(cast(body AS TEXT), 'Closed on', 'Closed in') AS BLOB)
                 WHERE seq = {seq}"
            ),
        );
        let (queue, damage) = load(&mut journal).expect("loaded");
        assert_eq!(queue, end);
        assert_eq!(damage.len(), n + 1);
        assert!(damage[n].contains(&format!("after event {seq} is damaged")));
    }
}

#[test]
fn a_damaged_event_is_named_and_those_before_it_can_be_loaded() {
    let damages = [
        "UPDATE events SET at = at + 1 WHERE seq = 7",
        "UPDATE events SET body = replace(body, 'desk', 'disk') WHERE seq = 7",
        "UPDATE events SET body = replace(body, 'Caja 1', 'Caja 2') WHERE seq = 7",
        "UPDATE events SET body = 'x' WHERE seq = 7",
        "DELETE FROM events WHERE seq = 7",
    ];
    for damage in damages {
        let (file, _, events) = a_file("damaged-event");
        let mut journal = SqliteJournal::open(&file.0).expect("the file");
        journal
            .connection
            .execute("DELETE FROM snapshots", [])
            .expect("deleted");
        change(&journal, damage);
        let error = load(&mut journal).expect_err(damage);
        let StorageError::DamagedEvent { last_good, .. } = error else {
            panic!("{damage}: {error}");
        };
        assert_eq!(last_good, 6);
        assert!(error.to_string().contains("--until 6"), "{error}");
        let loaded = journal.load(0, last_good).expect("those before");
        assert_eq!(loaded.events, events[..6]);
    }
}

/// A page whose count of rows is damaged seems to end early.
#[test]
fn missing_events_at_the_end_are_noticed() {
    let (file, end, events) = a_file("missing-end");
    let mut journal = SqliteJournal::open(&file.0).expect("the file");
    let delete = format!("DELETE FROM events WHERE seq = {}", end.seq());
    change(&journal, &delete);
    let error = load(&mut journal).expect_err("noticed").to_string();
    assert!(error.contains("it is missing"), "{error}");
    let before = events[events.len() - 2].seq;
    journal.load(0, before).expect("an office from before");
}

/// Whatever bit of the file is another one: the office is the same, or the start is refused.
#[test]
fn a_flipped_bit_never_makes_another_office() {
    let (file, end, _) = a_file("flipped");
    let whole = fs::read(&file.0).expect("read");
    let flipped = TestFile::new("flipped-copy");
    let (mut refused, mut random) = (0, 1_u64);
    let rounds = 200;
    for _ in 0..rounds {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let bit = usize::try_from(random >> 20).expect("64 bits") % (whole.len() * 8);
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&flipped.0, &bytes).expect("written");
        let loaded = SqliteJournal::open(&flipped.0).and_then(|mut journal| load(&mut journal));
        match loaded {
            Ok((queue, _)) => assert_eq!(queue, end, "bit {bit}"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0 && refused < rounds, "{refused}");
}
