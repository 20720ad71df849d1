//! Tests of the SQLite journal on a real file.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use rusqlite::params;

use super::*;
use crate::access::{Actor, Role};
use crate::domain::{
    Appearance, Arrival, CallingRule, Command, DeskName, Event, Prefix, ScreenId, ServiceChange,
    Settings, SettingsChange, State, Target, TicketId, TicketRef, TicketRow, Timestamp,
    TransferPosition, apply, changed_rows, decide,
};
use crate::storage::tests::testing::TestFile;
use crate::storage::{AuditEntry, AuditKind, HistoryQuery, RequestHash};

/// Some of everything that can happen.
pub(super) fn a_day() -> (Queue, Vec<Stamped>) {
    let mut queue = Queue::new();
    let mut events = Vec::new();
    let desk = |name: &str| DeskName::parse(name).expect("a name");
    let new = |n| Command::Create {
        ticket: TicketId::from_random(n),
        service: None,
        priority: None,
        note: (n == 2).then(|| "wheelchair «ñ»".into()),
        language: (n == 2).then(|| "ar".into()),
    };
    let next = |name| Command::Next {
        desk: desk(name),
        current: None,
    };
    let commands = [
        new(1),
        new(2),
        new(3),
        new(4),
        next("Caja 1"),
        Command::Recall {
            desk: desk("Caja 1"),
            current: None,
        },
        next("Caja 1"),
        next("2"),
        Command::Hold {
            desk: desk("2"),
            current: None,
        },
        Command::Return {
            ticket: TicketId::from_random(3),
            desk: Some(desk("2")),
            seen: Some(State::Held),
        },
        next("2"),
        Command::NoShow {
            desk: desk("2"),
            current: None,
        },
        Command::Transfer {
            desk: desk("Caja 1"),
            current: None,
            target: Target::Desk(desk("2")),
            position: TransferPosition::Front,
        },
        next("2"),
        Command::Undo {
            desk: desk("2"),
            current: None,
        },
        Command::Cancel {
            ticket: TicketRef::Id(TicketId::from_random(4)),
            desk: None,
        },
        Command::SetDesk {
            desk: desk("3"),
            open: Some(false),
            services: Some(vec![Prefix::new("A")]),
        },
        Command::SetDesk {
            desk: desk("4"),
            open: None,
            services: None,
        },
        Command::Claim {
            desk: desk("3"),
            screen: ScreenId::from_random(7),
            gone: None,
            take_over: false,
        },
        Command::DeleteDesk { desk: desk("4") },
        Command::SetService {
            service: Prefix::new("Z"),
            change: ServiceChange::default(),
        },
        Command::DeleteService {
            service: Prefix::new("Z"),
        },
        Command::SetSettings {
            change: SettingsChange::from(Settings {
                name: "Clínica".into(),
                language: "en".into(),
                time_zone: Some("Europe/Madrid".into()),
                day_begins_hour: 4,
                keep_waiting: true,
                rule: CallingRule::Strict,
                most_priority_in_a_row: Some(3),
                most_waiting: Some(200),
                appearance: Arc::new(Appearance {
                    languages: vec!["en".to_owned(), "es".to_owned()],
                    message: Some("Closed on Friday".to_owned()),
                    accent: Some("#0b5348".to_owned()),
                    logo: Some("data:image/png;base64,".to_owned()),
                    print_tickets: true,
                    frame_ancestors: vec!["https://intranet.example".to_owned()],
                }),
                ..Settings::default()
            }),
        },
        Command::StartDay,
        new(5),
        Command::AdjustClock {
            by: 90_000,
            since: Timestamp::from_millis(1),
        },
        new(6),
        Command::SetSettings {
            change: SettingsChange {
                day_begins_hour: Some(7),
                ..SettingsChange::default()
            },
        },
        new(7),
        Command::Cancel {
            ticket: TicketRef::Id(TicketId::from_random(7)),
            desk: Some(desk("2")),
        },
        // The day ends on a step that can still be taken back.
        next("2"),
    ];
    for command in commands {
        for event in decide(&queue, &command, moment(&queue)).events {
            let seq = queue.seq() + 1;
            let at = moment(&queue);
            let stamped = Stamped { seq, at, event };
            apply(&mut queue, &stamped);
            events.push(stamped);
        }
    }
    let (seq, event) = queue.to_export().import_event(&queue);
    let at = Timestamp::from_millis(1_700_000_100_000);
    let moved = Stamped { seq, at, event };
    apply(&mut queue, &moved);
    events.push(moved);
    (queue, events)
}

/// The history in the file.
pub(in crate::storage) fn rows(journal: &SqliteJournal) -> Vec<TicketRow> {
    let mut rows = Vec::new();
    let all = HistoryQuery::all(i64::MIN, i64::MAX);
    let read = journal.history().read(&all, &mut |row| rows.push(row));
    read.expect("read");
    rows.sort_by_key(|row| row.arrival);
    rows
}

/// The history that these events make.
pub(in crate::storage) fn rows_of(events: &[Stamped]) -> Vec<TicketRow> {
    let mut queue = Queue::new();
    let mut rows = Vec::new();
    for stamped in events {
        apply(&mut queue, stamped);
        changed_rows(&queue, &stamped.event, &mut rows);
    }
    let newest: BTreeMap<_, _> = rows.into_iter().map(|row| (row.arrival, row)).collect();
    newest.into_values().collect()
}

#[test]
fn the_history_is_read_while_the_journal_is_written_and_each_read_is_of_one_moment() {
    let file = TestFile::new("reader");
    let (_, events) = a_day();
    let mut journal = SqliteJournal::open(&file.0).expect("a new file");
    let history = journal.history();
    let all = HistoryQuery::all(i64::MIN, i64::MAX);
    let first = Batch {
        rows: rows_of(&events[..5]),
        ..batch(&events[..5])
    };
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
    assert_eq!(rows(&journal), rows_of(&events));
}

#[test]
fn a_period_of_the_history_is_found_page_by_page_whatever_the_clock_did() {
    const HOUR: i64 = 60 * 60 * 1_000;
    let file = TestFile::new("pages");
    let mut journal = SqliteJournal::open(&file.0).expect("a new file");
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
    let edges = [i64::MIN, -2, 1, 2, 4, 5, 7, 900, 901].map(|hour: i64| hour.saturating_mul(HOUR));
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

/// The snapshot that a start uses.
fn load_snapshot(journal: &mut SqliteJournal, followed_by: u64) -> Queue {
    journal.load(followed_by, u64::MAX).expect("loaded").queue
}

fn moment(queue: &Queue) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + queue.seq() as i64)
}

pub(super) fn batch(events: &[Stamped]) -> Batch {
    Batch {
        events: events.to_vec(),
        ..Batch::default()
    }
}

#[test]
fn what_was_appended_is_there_after_a_restart() {
    let file = TestFile::new("restart");
    let (queue, events) = a_day();
    let answer = StoredAnswer {
        key: "k".to_owned(),
        request: RequestHash::of(b"POST /"),
        status: 201,
        headers: vec![("Location".to_owned(), "/x".to_owned())],
        body: b"{}".to_vec(),
    };
    {
        let mut journal = SqliteJournal::open(&file.0).expect("a new file");
        journal.append(0, &batch(&events[..3])).expect("appended");
        let rest = Batch {
            answers: vec![answer.clone()],
            ..batch(&events[3..])
        };
        journal.append(3, &rest).expect("appended");
    }
    let mut journal = SqliteJournal::open(&file.0).expect("the same file");
    assert_eq!(load_snapshot(&mut journal, 0), Queue::new());
    assert_eq!(journal.read_events(0, u64::MAX).expect("all"), events);
    assert_eq!(journal.read_events(5, u64::MAX).expect("some"), events[5..]);
    assert_eq!(journal.answer("k").expect("read"), Some(answer));
    assert_eq!(journal.answer("other").expect("read"), None);
    journal.save_snapshot(&queue).expect("kept");
    assert_eq!(load_snapshot(&mut journal, 0), queue);
    assert_eq!(
        load_snapshot(&mut journal, 1),
        Queue::new(),
        "nothing follows the snapshot yet"
    );
}

#[test]
fn a_batch_that_does_not_follow_is_refused_whole() {
    let file = TestFile::new("follow");
    let (_, events) = a_day();
    let mut journal = SqliteJournal::open(&file.0).expect("a new file");
    journal.append(0, &batch(&events[..2])).expect("appended");
    for expected in [0, 1, 3] {
        let refused = journal.append(expected, &batch(&events[2..]));
        assert!(
            matches!(refused, Err(StorageError::MovedOn { .. })),
            "{expected}"
        );
    }
    assert_eq!(journal.read_events(0, u64::MAX).expect("two"), events[..2]);
}

#[test]
fn old_answers_are_forgotten() {
    let file = TestFile::new("answers");
    let mut journal = SqliteJournal::open(&file.0).expect("a new file");
    for (key, at) in [("old", 10), ("new", 20)] {
        let kept = StoredAnswer {
            key: key.to_owned(),
            request: RequestHash::of(b""),
            status: 200,
            headers: Vec::new(),
            body: Vec::new(),
        };
        let batch = Batch {
            answers: vec![kept],
            at,
            ..Batch::default()
        };
        journal.append(0, &batch).expect("appended");
    }
    journal.purge(0, 20, 40).expect("purged");
    assert_eq!(journal.answer("old").expect("read"), None);
    assert!(journal.answer("new").expect("read").is_some());
}

fn answer_of(key: &str, bytes: usize) -> StoredAnswer {
    StoredAnswer {
        key: key.to_owned(),
        request: RequestHash::of(key.as_bytes()),
        status: 200,
        headers: Vec::new(),
        body: vec![b' '; bytes],
    }
}

fn append_answer(journal: &mut SqliteJournal, answer: StoredAnswer, at: i64) {
    let batch = Batch {
        answers: vec![answer],
        at,
        ..Batch::default()
    };
    journal.append(0, &batch).expect("appended");
}

#[test]
fn answers_beyond_the_limit_of_bytes_drop_the_oldest() {
    let file = TestFile::new("bytes");
    let mut journal = SqliteJournal::open(&file.0).expect("a new file");
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
    let file = TestFile::new("steps");
    let mut journal = SqliteJournal::open(&file.0).expect("a new file");
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
    let file = TestFile::new("full");
    let mut journal = SqliteJournal::open(&file.0).expect("a new file");
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
        assert_eq!(journal.read_events(0, u64::MAX).expect("read"), events);
        let answer = journal.answer("k").expect("read").expect("kept");
        assert_eq!(answer.request, RequestHash::of(b"POST /api/tickets?\n{}"));
        assert_eq!(rows(&journal), rows_of(&events), "the history is there");
    }
}

#[test]
fn what_is_purged_is_nowhere_in_the_file() {
    let file = TestFile::new("purged");
    let mut journal = SqliteJournal::open(&file.0).expect("a new file");
    let mut begun = 0;
    for (at, last) in [(10, 200), (30, 20)] {
        let actor = Actor {
            role: Role::Staff,
            token: Some(format!("program of {at}")),
            person: Some(format!("Ana of {at}").into()),
            person_id: None,
            address: format!("203.0.113.{at}").parse().expect("an address"),
        };
        for seq in begun + 1..=begun + last {
            let event = Event::TicketCancelled {
                ticket: TicketId::from_random(u128::from(seq)),
                desk: None,
            };
            let at_time = Timestamp::from_millis(at);
            let signed_in = AuditEntry::new(AuditKind::SignedIn, None, Some(actor.clone()));
            let answer = StoredAnswer {
                key: format!("{} {seq}", actor.address),
                request: RequestHash::of(b""),
                status: 201,
                headers: Vec::new(),
                body: Vec::new(),
            };
            let batch = Batch {
                events: vec![Stamped {
                    seq,
                    at: at_time,
                    event,
                }],
                audit: vec![signed_in],
                answers: vec![answer],
                at,
                ..Batch::default()
            };
            journal.append(seq - 1, &batch).expect("appended");
        }
        begun += last;
    }
    while journal.purge(20, 20, 40).expect("purged") {}
    drop(journal);
    let bytes = fs::read(&file.0).expect("read");
    let found = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(!found("203.0.113.10") && !found("program of 10"), "purged");
    assert!(found("203.0.113.30") && found("program of 30"), "kept");
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

#[test]
fn a_hole_in_the_events_is_noticed() {
    let file = TestFile::new("hole");
    let (_, events) = a_day();
    let mut journal = SqliteJournal::open(&file.0).expect("a new file");
    journal.append(0, &batch(&events)).expect("appended");
    journal
        .connection
        .execute("DELETE FROM events WHERE seq = 4", [])
        .expect("deleted");
    let error = journal.read_events(0, u64::MAX).expect_err("noticed");
    assert!(
        error.to_string().starts_with("event 5 cannot be read"),
        "{error}"
    );
}

#[test]
fn every_event_reads_back_as_it_was_written() {
    let (_, events) = a_day();
    let kinds: std::collections::HashSet<_> = events
        .iter()
        .map(|stamped| std::mem::discriminant(&stamped.event))
        .collect();
    assert_eq!(kinds.len(), 19, "the day has one of each kind of event");
    for Stamped { event, .. } in events {
        let read: Event = serde_json::from_str(&json(&event)).expect("an event");
        assert_eq!(read, event);
    }
}

/// A value that this program does not know must not become a default: the office would change
/// without anybody seeing it.
#[test]
fn an_unknown_stored_value_is_an_error_that_names_its_event() {
    let settings = json(&Event::SettingsChanged {
        settings: Settings::default(),
    });
    let cancelled = json(&Event::TicketCancelled {
        ticket: TicketId::from_random(1),
        desk: None,
    });
    let rows = [
        (
            "an event",
            r#"{"type":"ticket-eaten"}"#.to_owned(),
            "ticket-eaten",
        ),
        ("a rule", settings.replace("weighted", "luck"), "luck"),
        ("a field", cancelled.replace('{', r#"{"mood":1,"#), "mood"),
        (
            "an id",
            cancelled.replace("0001", "000g"),
            "not a ticket's id",
        ),
    ];
    for (what, body, said) in rows {
        let file = TestFile::new("unknown");
        let journal = SqliteJournal::open(&file.0).expect("a new file");
        let insert = "INSERT INTO events (seq, at, body) VALUES (1, 0, ?1)";
        journal.connection.execute(insert, [body]).expect("stored");
        let error = journal
            .read_events(0, u64::MAX)
            .expect_err(what)
            .to_string();
        assert!(error.starts_with("event 1 cannot be read"), "{error}");
        assert!(error.contains(said), "{what}: {error}");
    }
}

/// Settings stored by an earlier release lack the fields that a later one adds.
#[test]
fn a_setting_that_is_not_stored_has_its_default() {
    let read: Event =
        serde_json::from_str(r#"{"type":"settings-changed","settings":{"name":"Clinic"}}"#)
            .expect("an event");
    let settings = Settings {
        name: "Clinic".into(),
        ..Settings::default()
    };
    assert_eq!(read, Event::SettingsChanged { settings });
}
