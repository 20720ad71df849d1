//! Limits of the stored answers, on a real file.

use crate::storage::sqlite::columns::one;
use crate::storage::sqlite::tests::new_journal;
use crate::storage::sqlite::{SqliteJournal, answers};
use crate::storage::tests::testing::{answer_of, append_answer};
use crate::storage::{Batch, Journal};

#[test]
fn answers_beyond_the_limit_of_bytes_drop_the_oldest() {
    let (file, mut journal) = new_journal("bytes");
    let limit = 10_500;
    journal.most_answer_bytes = limit;
    for n in 0..100 {
        append_answer(&mut journal, answer_of(&format!("{n}"), 1_000), n);
        assert!(journal.answer_bytes <= limit);
        let stored = answers::total_bytes(&journal.connection).expect("read");
        assert_eq!(journal.answer_bytes, stored);
    }
    drop(journal);
    let mut journal = SqliteJournal::open(&file.0).expect("the same file");
    let mut is_there = |key: &str| journal.answer(key).expect("read").is_some();
    assert!(is_there("99") && is_there("91") && !is_there("89"));
}

#[test]
fn a_step_of_a_purge_deletes_a_bounded_number_of_bytes() {
    let (_file, mut journal) = new_journal("steps");
    for n in 0..20 {
        append_answer(&mut journal, answer_of(&format!("{n}"), 60_000), n);
    }
    let mut steps = 1;
    while journal.purge(0, 100, 200).expect("purged") {
        steps += 1;
    }
    assert_eq!((journal.answer_bytes, steps), (0, 4), "5 answers each");
}

/// Without a page to spare, what expires makes room.
#[test]
fn a_purge_makes_room_on_a_full_disk() {
    let (_file, mut journal) = new_journal("full");
    for n in 0..20 {
        append_answer(&mut journal, answer_of(&format!("{n}"), 60_000), n);
    }
    let pages: i64 = journal
        .connection
        .pragma_query_value(None, "page_count", one)
        .expect("read");
    let full: i64 = journal
        .connection
        .pragma_update_and_check(None, "max_page_count", pages, one)
        .expect("set");
    assert_eq!(full, pages);
    let batch = Batch {
        answers: vec![answer_of("new", 60_000)],
        at: 50,
        ..Batch::default()
    };
    journal.append(0, &batch).expect_err("there is no room");
    journal.probe().expect_err("there is no room");
    while journal.purge(0, 20, 100).expect("purged") {}
    journal.probe().expect("there is room");
    journal.append(0, &batch).expect("there is room");
}
