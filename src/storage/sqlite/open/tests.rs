//! Which files open: of earlier versions, of other programs, and in use.

use std::fs;

use rusqlite::{Connection, params};

use crate::storage::sqlite::columns::{json, to_sql};
use crate::storage::sqlite::{SqliteJournal, access, audit, events};
use crate::storage::tests::day::{a_day, rows_of};
use crate::storage::tests::testing::{TestFile, load_snapshot, rows};
use crate::storage::{Journal, RequestHash};

/// The tables of version 0.2.0.
const SCHEMA_1: &str = "
    CREATE TABLE events (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
    CREATE TABLE snapshots (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE TABLE answers (
        key TEXT PRIMARY KEY, request BLOB NOT NULL, status INTEGER NOT NULL, headers TEXT NOT NULL,
        body BLOB NOT NULL, at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX answers_by_age ON answers (at);
    PRAGMA application_id = 0x54726e31;
    PRAGMA user_version = 1;";

#[test]
fn a_file_of_version_1_opens_with_all_it_has() {
    let file = TestFile::new("version-1");
    let (queue, events) = a_day();
    let connection = Connection::open(&file.0).expect("made");
    connection.execute_batch(SCHEMA_1).expect("made");
    for schema in [access::SCHEMA, audit::SCHEMA] {
        connection.execute_batch(schema).expect("made");
    }
    // Later versions have a column more.
    connection
        .execute_batch(
            "ALTER TABLE sessions DROP COLUMN person; ALTER TABLE audit DROP COLUMN person;",
        )
        .expect("dropped");
    for stamped in &events {
        connection
            .execute(
                "INSERT INTO events VALUES (?1, ?2, ?3)",
                params![
                    to_sql(stamped.seq),
                    stamped.at.as_millis(),
                    json(&stamped.event)
                ],
            )
            .expect("stored");
    }
    connection
        .execute(
            "INSERT INTO snapshots VALUES (?1, ?2)",
            params![to_sql(queue.seq()), json(&queue.parts()).into_bytes()],
        )
        .expect("stored");
    connection
        .execute(
            "INSERT INTO answers VALUES ('k', ?1, 200, '[]', x'7b7d', 5)",
            params![b"POST /api/tickets?\n{}"],
        )
        .expect("stored");
    drop(connection);
    for _ in 0..2 {
        let mut journal = SqliteJournal::open(&file.0).expect("it is understood");
        assert_eq!(load_snapshot(&mut journal, 0), queue);
        assert_eq!(
            events::load(&journal.connection, journal.version, (0, u64::MAX)).expect("read"),
            events
        );
        let answer = journal.answer("k").expect("read").expect("kept");
        assert_eq!(answer.request, RequestHash::of(b"POST /api/tickets?\n{}"));
        assert_eq!(rows(&journal), rows_of(&events), "the history is there");
    }
}

#[test]
fn a_file_that_is_not_ours_is_refused_and_left_as_it_is() {
    let why = |file: &TestFile| match SqliteJournal::open(&file.0) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{} was opened", file.0.display()),
    };
    let text = TestFile::new("text");
    fs::write(
        &text.0,
        "a shopping list, longer than an SQLite header is, ".repeat(20),
    )
    .expect("written");
    assert!(
        why(&text).contains("it is not an SQLite database"),
        "{}",
        why(&text)
    );

    let other = TestFile::new("other");
    let connection = Connection::open(&other.0).expect("made");
    connection
        .execute("CREATE TABLE theirs (x)", [])
        .expect("made");
    drop(connection);
    let before = fs::read(&other.0).expect("read");
    assert!(why(&other).contains("another program's"), "{}", why(&other));
    assert_eq!(fs::read(&other.0).expect("read"), before);

    let newer = TestFile::new("newer");
    drop(SqliteJournal::open(&newer.0).expect("a new file"));
    let connection = Connection::open(&newer.0).expect("opened");
    connection
        .pragma_update(None, "user_version", 99)
        .expect("set");
    drop(connection);
    assert!(why(&newer).contains("newer turnero"), "{}", why(&newer));
}

#[test]
fn a_second_journal_on_the_same_file_is_refused() {
    let file = TestFile::new("second");
    let first = SqliteJournal::open(&file.0).expect("a new file");
    let error = SqliteJournal::open(&file.0)
        .err()
        .expect("refused")
        .to_string();
    assert!(error.contains("another turnero is using it"), "{error}");
    drop(first);
    SqliteJournal::open(&file.0).expect("free again");
}
