//! What every journal must do: events, snapshots, the history of tickets and answers.

use super::day::{a_day, rows_of};
use super::testing::{
    TestStore, answer_of, append_answer, batch, batch_with_rows, load_snapshot, loaded, rows,
};
use crate::domain::{Arrival, Event, PersonId, Queue, Stamped, TicketRow, Timestamp, apply};
use crate::storage::{
    Batch, HistoryQuery, Journal, RequestHash, StorageError, StoredAnswer, check,
};

/// The stored events after `after`.
fn events_after(journal: &dyn Journal, after: u64) -> Vec<Stamped> {
    journal.event_log().read(after, u64::MAX).expect("read")
}

#[test]
fn what_was_appended_is_there_after_a_restart() {
    for store in TestStore::each("restart") {
        let (queue, events) = a_day();
        let answer = StoredAnswer {
            key: "k".to_owned(),
            request: RequestHash::of(b"POST /"),
            status: 201,
            headers: vec![("Location".to_owned(), "/x".to_owned())],
            body: b"{}".to_vec(),
        };
        {
            let mut journal = store.open();
            journal.append(0, &batch(&events[..3])).expect("appended");
            let rest = Batch {
                answers: vec![answer.clone()],
                ..batch(&events[3..])
            };
            journal.append(3, &rest).expect("appended");
        }
        let mut journal = store.open();
        assert_eq!(load_snapshot(&mut *journal, 0), Queue::new());
        assert_eq!(events_after(&*journal, 0), events);
        assert_eq!(events_after(&*journal, 5), events[5..]);
        assert_eq!(journal.answer("k").expect("read"), Some(answer));
        assert_eq!(journal.answer("other").expect("read"), None);
        journal.save_snapshot(&queue).expect("kept");
        assert_eq!(load_snapshot(&mut *journal, 0), queue);
        assert_eq!(
            load_snapshot(&mut *journal, 1),
            Queue::new(),
            "nothing follows the snapshot yet"
        );
    }
}

#[test]
fn a_batch_that_does_not_follow_is_refused_whole() {
    for store in TestStore::each("follow") {
        let (_, events) = a_day();
        let mut journal = store.open();
        journal.append(0, &batch(&events[..2])).expect("appended");
        for expected in [0, 1, 3] {
            let refused = journal.append(expected, &batch(&events[2..]));
            assert!(
                matches!(refused, Err(StorageError::MovedOn { .. })),
                "{expected}"
            );
        }
        assert_eq!(events_after(&*journal, 0), events[..2]);
    }
}

#[test]
fn old_answers_are_forgotten() {
    for store in TestStore::each("answers") {
        let mut journal = store.open();
        for (key, at) in [("old", 10), ("new", 20)] {
            append_answer(&mut *journal, answer_of(key, 0), at);
        }
        journal.purge(0, 20, 40).expect("purged");
        assert_eq!(journal.answer("old").expect("read"), None);
        assert!(journal.answer("new").expect("read").is_some());
    }
}

#[test]
fn the_history_is_read_while_the_journal_is_written_and_each_read_is_of_one_moment() {
    for store in TestStore::each("reader") {
        let (_, events) = a_day();
        let mut journal = store.open();
        let history = journal.history();
        let all = HistoryQuery::all(i64::MIN, i64::MAX);
        let first = batch_with_rows(&events[..5]);
        journal.append(0, &first).expect("appended");
        let mut seen = Vec::new();
        let read = history.read(&all, &mut |row| {
            if seen.is_empty() {
                // A commit in the middle of the read, and a reader in the middle of a commit.
                let rest = Batch {
                    rows: rows_of(&events),
                    ..batch(&events[5..])
                };
                journal.append(5, &rest).expect("appended");
            }
            seen.push(row);
        });
        read.expect("read");
        assert_eq!(seen, rows_of(&events[..5]));
        assert_eq!(rows(&*journal), rows_of(&events));
    }
}

#[test]
fn a_period_of_the_history_is_found_page_by_page_whatever_the_clock_did() {
    for store in TestStore::each("pages") {
        const HOUR: i64 = 60 * 60 * 1_000;
        let mut journal = store.open();
        let row = rows_of(&a_day().1).swap_remove(0);
        // It goes back over hours, to before 1970, and far ahead.
        let hours = [1, 1, 2, 9, 9, 3, 4, 4, -2, 4, 900, 900, 4, 5, 5, 6];
        let created = |(n, hour): (u64, i64)| TicketRow {
            arrival: Arrival::from_seq(10 * n),
            created_at: Timestamp::from_millis(hour * HOUR + i64::try_from(n).expect("few")),
            ..row.clone()
        };
        let created: Vec<TicketRow> = (1..).zip(hours).map(created).collect();
        for rows in created.chunks(3) {
            let batch = Batch {
                rows: rows.to_vec(),
                ..Batch::default()
            };
            journal.append(0, &batch).expect("appended");
        }
        let history = journal.history();
        let edges =
            [i64::MIN, -2, 1, 2, 4, 5, 7, 900, 901].map(|hour: i64| hour.saturating_mul(HOUR));
        for from in edges {
            for to in edges {
                let is_within = |row: &&TicketRow| (from..to).contains(&row.created_at.as_millis());
                let expected: Vec<TicketRow> = created.iter().filter(is_within).cloned().collect();
                let mut seen: Vec<TicketRow> = Vec::new();
                loop {
                    let before = seen.len();
                    let page = HistoryQuery {
                        after: seen.last().map_or(0, |row| row.arrival.as_seq()),
                        limit: 2,
                        ..HistoryQuery::all(from, to)
                    };
                    history
                        .read(&page, &mut |row| seen.push(row))
                        .expect("read");
                    if seen.len() == before {
                        break;
                    }
                }
                assert_eq!(seen, expected, "{from} {to}");
            }
        }
    }
}

#[test]
fn whatever_is_purged_the_office_stays_as_it_was_and_goes_on() {
    let (end, events) = a_day();
    for cut in 0..=events.len() {
        for store in TestStore::each(&format!("purge-{cut}")) {
            let mut journal = store.open();
            let (head, tail) = events.split_at(events.len() - 1);
            let stored = batch_with_rows(head);
            journal.append(0, &stored).expect("appended");
            let before = events
                .get(cut)
                .map_or(i64::MAX, |stamped| stamped.at.as_millis());
            while journal.purge_history(before).expect("purged") {}
            let base = head[..cut.min(head.len() - 1)]
                .last()
                .map_or(0, |event| event.seq);
            let kept: Vec<Stamped> = head[usize::try_from(base).expect("few")..].to_vec();
            assert_eq!(events_after(&*journal, 0), kept);
            let is_kept = |row: &TicketRow| {
                row.arrival > Arrival::from_seq(base) || row.created_at.as_millis() >= before
            };
            let mut expected = rows_of(head);
            expected.retain(is_kept);
            assert_eq!(rows(&*journal), expected);
            if base > 0 {
                let error = journal.load(0, base - 1).expect_err("it is gone");
                assert!(error.to_string().contains("--keep-history-days"), "{error}");
            }
            // The import takes the place of the office, so it comes after the purge.
            let last = head.last().map_or(0, |stamped| stamped.seq);
            let mut imported = batch_with_rows(&events);
            imported.events = tail.to_vec();
            imported
                .rows
                .retain(|row| row.arrival > Arrival::from_seq(last));
            journal.append(last, &imported).expect("appended");
            assert_eq!(loaded(&mut *journal, 0), end, "the base alone, {cut}");
            for _ in 0..3 {
                journal.save_snapshot(&end).expect("saved");
            }
            assert_eq!(loaded(&mut *journal, u64::MAX), end, "from the base, {cut}");
            assert_eq!(loaded(&mut *journal, 0), end, "from the newest, {cut}");
            drop(journal);
            if let Some(file) = store.file() {
                let report = check(file).expect("it can be checked");
                assert_eq!(report.damage, Vec::<String>::new());
                assert_eq!(report.queue, end);
            }
        }
    }
}

#[test]
fn what_is_personal_is_erased_from_events_snapshots_and_rows_and_they_still_agree() {
    let ana = Some(PersonId(77_777));
    let (_, events) = a_day();
    let is_import = |one: &Stamped| matches!(one.event, Event::OfficeImported { .. });
    let events: Vec<Stamped> = events
        .into_iter()
        .take_while(|one| !is_import(one))
        .map(|stamped| Stamped {
            event: stamped.event.by(ana),
            ..stamped
        })
        .collect();
    let mut queue = Queue::new();
    for stamped in &events {
        apply(&mut queue, stamped);
    }
    for store in TestStore::each("personal") {
        let mut journal = store.open();
        let stored = batch_with_rows(&events);
        journal.append(0, &stored).expect("appended");
        journal.save_snapshot(&queue).expect("saved");
        let is_personal = |text: &str| text.contains("77777") || text.contains("wheelchair");
        let is_served = |row: &TicketRow| row.person == ana;
        assert!(rows(&*journal).iter().any(is_served));
        // A ticket that the office still has keeps its note.
        while journal.erase_notes(i64::MAX, &|_| true).expect("erased") {}
        assert_eq!(loaded(&mut *journal, queue.seq()), queue);
        while journal.erase_notes(i64::MAX, &|_| false).expect("erased") {}
        while journal.purge(i64::MAX, i64::MIN, 0).expect("purged") {}
        let left = loaded(&mut *journal, 0);
        assert_eq!(loaded(&mut *journal, queue.seq()), left, "from all events");
        assert!(!is_personal(&format!("{:?}", left.parts())));
        assert!(!is_personal(&format!("{:?}", events_after(&*journal, 0))));
        assert!(!rows(&*journal).iter().any(is_served));
    }
}
