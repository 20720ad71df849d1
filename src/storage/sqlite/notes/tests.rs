//! The bytes of a real file after notes were erased.

use std::fs;
use std::sync::Arc;

use crate::domain::{Event, PersonId, Queue, Stamped, TicketId, Timestamp, apply};
use crate::storage::sqlite::tests::{copies, new_journal};
use crate::storage::sqlite::{SqliteJournal, events};
use crate::storage::tests::day::a_day;
use crate::storage::tests::testing::{TestFile, batch, batch_with_rows, loaded, rows};
use crate::storage::{Journal, StorageError};

/// A part of the note that a ticket of [`a_day`] has.
const SECRET: &str = "wheelchair";

fn append(journal: &mut SqliteJournal, queue: &mut Queue, events: &[Stamped]) {
    let begun = queue.seq();
    for stamped in events {
        apply(queue, stamped);
    }
    journal.append(begun, &batch(events)).expect("appended");
}

/// Erases all notes from before a time, but of `held`.
fn erase(journal: &mut SqliteJournal, before: i64, held: Option<u128>) {
    let in_queue = |ticket| held.map(TicketId::from_random) == Some(ticket);
    while journal.erase_notes(before, &in_queue).expect("erased") {}
}

fn without_notes(queue: &Queue) -> Queue {
    let text = serde_json::to_string(&queue.parts()).expect("JSON");
    let text = text.replace(r#""note":"wheelchair «ñ»","#, "");
    assert!(!text.contains(SECRET));
    Queue::from_parts(serde_json::from_str(&text).expect("parts"))
}

/// A file with a day's events, an import of the same office, and snapshots before and after it.
fn a_file(name: &str) -> (TestFile, SqliteJournal, Queue) {
    let (file, mut journal) = new_journal(name);
    let (_, mut events) = a_day();
    let mut queue = Queue::new();
    let rest = events.split_off(10);
    append(&mut journal, &mut queue, &events);
    journal.save_snapshot(&queue).expect("saved");
    append(&mut journal, &mut queue, &rest);
    let import = Stamped {
        seq: queue.seq() + 1,
        at: rest[rest.len() - 1].at,
        event: Event::OfficeImported {
            office: Arc::new(queue.parts()),
        },
    };
    append(&mut journal, &mut queue, &[import]);
    journal.save_snapshot(&queue).expect("saved");
    (file, journal, queue)
}

#[test]
fn no_byte_of_an_erased_note_is_left_and_all_else_is_as_it_was() {
    let (file, mut journal, queue) = a_file("notes-erased");
    assert!(
        copies(&file.0, SECRET) > 3,
        "events, steps, snapshots and an import"
    );
    let end = queue.seq();
    erase(&mut journal, i64::MAX, None);
    assert_eq!(
        copies(&file.0, SECRET),
        0,
        "while it is open, in case it is killed"
    );
    let expected = without_notes(&queue);
    assert_eq!(loaded(&mut journal, 0), expected, "from a snapshot");
    assert_eq!(loaded(&mut journal, end), expected, "from all events");
    assert!(Box::new(journal).close().is_none());
    assert_eq!(copies(&file.0, SECRET), 0, "after a stop");
}

#[test]
fn a_note_stays_while_its_ticket_is_held_or_young() {
    let (file, mut journal, queue) = a_file("notes-held");
    let before = copies(&file.0, SECRET);
    erase(&mut journal, i64::MAX, Some(2));
    erase(&mut journal, i64::MIN, None);
    assert_eq!(loaded(&mut journal, queue.seq()), queue);
    drop(journal);
    assert!(copies(&file.0, SECRET) > 0 && copies(&file.0, SECRET) <= before);
    // A later purge gets those that the one before had to pass over.
    let mut journal = SqliteJournal::open(&file.0).expect("it opens");
    erase(&mut journal, i64::MAX, Some(2));
    erase(&mut journal, i64::MAX, None);
    assert_eq!(copies(&file.0, SECRET), 0);
}

#[test]
fn however_many_events_there_are_each_step_reads_few_and_all_notes_go() {
    let (file, mut journal) = new_journal("notes-many");
    let many = 2 * super::STEP_ROWS + 10;
    let events: Vec<Stamped> = (1..=many)
        .map(|seq| Stamped {
            seq,
            at: Timestamp::from_millis(seq as i64),
            event: Event::TicketCreated {
                ticket: TicketId::from_random(seq.into()),
                service: crate::domain::Prefix::new("A"),
                number: seq as u32,
                digits: 1,
                priority: "normal".into(),
                language: None,
                // From a few letters to more than a page.
                note: Some(SECRET.repeat(1 + (seq % 97) as usize * 5).into()),
            },
        })
        .collect();
    append(&mut journal, &mut Queue::new(), &events);
    let mut steps = 0;
    while journal
        .erase_notes(many as i64 - 5, &|_| false)
        .expect("erased")
    {
        steps += 1;
    }
    assert_eq!(steps, 2);
    erase(&mut journal, i64::MAX, None);
    assert_eq!(copies(&file.0, SECRET), 0);
    let read =
        events::load(&journal.connection, journal.version, (0, u64::MAX)).expect("all are sound");
    assert_eq!(read.len() as u64, many);
}

#[test]
fn a_damaged_event_is_not_made_sound() {
    let (_file, mut journal, _) = a_file("notes-damaged");
    let damage = "UPDATE events SET body = replace(body, 'wheelchair', 'wheelchaiR') WHERE seq = 2";
    assert_eq!(journal.connection.execute(damage, []).expect("SQL"), 1);
    erase(&mut journal, i64::MAX, None);
    let error = events::load(&journal.connection, journal.version, (0, u64::MAX))
        .expect_err("it is damaged");
    assert!(
        matches!(error, StorageError::DamagedEvent { seq: 2, .. }),
        "{error}"
    );
}

#[test]
fn who_served_is_erased_from_events_snapshots_and_rows_and_both_still_agree() {
    let (file, mut journal) = new_journal("people-erased");
    let ana = Some(PersonId(77_777));
    let (_, events) = a_day();
    let is_import = |one: &Stamped| matches!(one.event, Event::OfficeImported { .. });
    let events = events
        .into_iter()
        .take_while(|one| !is_import(one))
        .map(|stamped| Stamped {
            event: stamped.event.by(ana),
            ..stamped
        });
    let events: Vec<Stamped> = events.collect();
    let mut queue = Queue::new();
    for stamped in &events {
        apply(&mut queue, stamped);
    }
    journal
        .append(0, &batch_with_rows(&events))
        .expect("appended");
    journal.save_snapshot(&queue).expect("saved");
    let people = |journal: &SqliteJournal| {
        let rows = rows(journal);
        rows.iter().filter(|row| row.person == ana).count()
    };
    assert!(people(&journal) > 1, "the rows say who");
    assert!(
        events
            .iter()
            .any(|one| format!("{one:?}").contains("77777"))
    );
    // Those of the last moment stay.
    let last = events
        .iter()
        .rfind(|one| matches!(one.event, Event::TicketCalled { .. }));
    let last = last.expect("a call").at.as_millis();
    erase(&mut journal, last, None);
    let of_events = loaded(&mut journal, queue.seq());
    assert_eq!(loaded(&mut journal, 0), of_events);
    assert_ne!(of_events, Queue::new());
    assert!(
        serde_json::to_string(&of_events.parts())
            .expect("JSON")
            .contains("77777")
    );
    erase(&mut journal, i64::MAX, None);
    while journal.purge(i64::MAX, i64::MIN, 0).expect("purged") {}
    let of_events = loaded(&mut journal, queue.seq());
    assert_eq!(loaded(&mut journal, 0), of_events);
    assert_eq!(people(&journal), 0);
    drop(journal);
    let bytes = fs::read(&file.0).expect("read");
    assert!(!bytes.windows(5).any(|part| part == b"77777"));
}
