//! Tests of the SQLite journal on a real file.

use std::fs;

use super::columns::json;
use super::*;
use crate::access::{Actor, Role};
use crate::domain::{Event, Settings, Stamped, TicketId, Timestamp};
use crate::storage::tests::day::a_day;
use crate::storage::tests::testing::{TestFile, batch};
use crate::storage::{AuditEntry, AuditKind, RequestHash};

/// A journal in a new data file.
pub(super) fn new_journal(name: &str) -> (TestFile, SqliteJournal) {
    let file = TestFile::new(name);
    let journal = SqliteJournal::open(&file.0).expect("a new file");
    (file, journal)
}

/// How often a text is in the data file and the file beside it.
pub(super) fn copies(data: &Path, text: &str) -> usize {
    let mut wal = data.as_os_str().to_owned();
    wal.push("-wal");
    let count = |bytes: Vec<u8>| {
        let parts = bytes.windows(text.len());
        parts.filter(|part| *part == text.as_bytes()).count()
    };
    count(fs::read(data).expect("a file")) + fs::read(wal).map_or(0, count)
}

#[test]
fn what_is_purged_is_nowhere_in_the_file() {
    let (file, mut journal) = new_journal("purged");
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
fn a_hole_in_the_events_is_noticed() {
    let file = TestFile::new("hole");
    let (_, events) = a_day();
    let mut journal = SqliteJournal::open(&file.0).expect("a new file");
    journal.append(0, &batch(&events)).expect("appended");
    journal
        .connection
        .execute("DELETE FROM events WHERE seq = 4", [])
        .expect("deleted");
    let error =
        events::load(&journal.connection, journal.version, (0, u64::MAX)).expect_err("noticed");
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
        let (_file, journal) = new_journal("unknown");
        let insert = "INSERT INTO events (seq, at, body) VALUES (1, 0, ?1)";
        journal.connection.execute(insert, [body]).expect("stored");
        let error = events::load(&journal.connection, journal.version, (0, u64::MAX))
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
