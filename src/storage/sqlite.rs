//! The embedded journal: one SQLite file, nothing to install.
//!
//! WAL with `synchronous=FULL`: a commit is one append and one fsync, and survives a power cut. The
//! locking mode is EXCLUSIVE: the operating system's lock keeps a second server away, is gone with
//! the process however it ends, and saves the shared-memory file.

use std::fs::File;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, params};

use super::record;
use super::{AccessRecords, Batch, Journal, KeptAnswer, Place, Purged, StorageError, Traced};
use super::{sqlite_access, sqlite_trace};
use crate::domain::{Event, Queue, Stamped, Timestamp};

/// Marks a file as ours (`PRAGMA application_id`): «Turn» in ASCII.
const APPLICATION_ID: i32 = 0x5475_726e;

/// The form of the tables (`PRAGMA user_version`). A higher one is a newer program's.
const SCHEMA_VERSION: i32 = 3;

/// Why a second server is refused.
const IN_USE: &str = "another turnero is using it";

/// The tables of version 1; later versions add to them.
const SCHEMA: &str = "
    CREATE TABLE events (
        seq  INTEGER PRIMARY KEY,
        at   INTEGER NOT NULL,          -- milliseconds since 1970-01-01T00:00:00Z
        body TEXT NOT NULL              -- JSON
    ) STRICT;
    CREATE TABLE snapshots (
        seq  INTEGER PRIMARY KEY,       -- the last event in it
        body BLOB NOT NULL              -- JSON
    ) STRICT;
    CREATE TABLE answers (
        key     TEXT PRIMARY KEY,       -- Idempotency-Key
        request BLOB NOT NULL,
        status  INTEGER NOT NULL,
        headers TEXT NOT NULL,          -- JSON
        body    BLOB NOT NULL,
        at      INTEGER NOT NULL        -- milliseconds since 1970-01-01T00:00:00Z
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX answers_by_age ON answers (at);
";

/// A journal in one SQLite file.
pub struct SqliteJournal {
    connection: Connection,
    /// A second lock, of the kind that belongs to this open file: SQLite's own is of the kind that
    /// a process loses when it closes the file anywhere else. Dropped after the connection.
    _lock: File,
}

impl SqliteJournal {
    /// Opens the file, making it when it is missing. `Unusable` says in one line why it cannot be
    /// used: in use by another server, no SQLite file, another program's, of a newer version.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        let unusable = |why: String| {
            StorageError::Unusable(format!(
                "The data file {} cannot be used: {why}.",
                path.display()
            ))
        };
        make_private(path).map_err(|error| unusable(error.to_string()))?;
        let mut connection = Connection::open(path).map_err(|error| unusable(reason(&error)))?;
        match prepare_file(&mut connection) {
            Ok(Ok(())) => {}
            Ok(Err(why)) => return Err(unusable(why)),
            Err(error) => return Err(unusable(reason(&error))),
        }
        let lock = File::open(path).map_err(|error| unusable(error.to_string()))?;
        lock.try_lock().map_err(|_| unusable(IN_USE.to_owned()))?;
        Ok(Self {
            connection,
            _lock: lock,
        })
    }
}

/// Makes a file that is missing, for this user's eyes alone: it holds notes and hashes of PINs. SQLite
/// gives the files beside it the same rights. Where it cannot be made, opening it says why.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(file) => file.sync_all(),
        Err(_) => Ok(()),
    }
}

/// Takes SQLite's lock, and makes or checks the tables. The inner `Err` is a file that is not ours.
fn prepare_file(connection: &mut Connection) -> rusqlite::Result<Result<(), String>> {
    connection.busy_timeout(std::time::Duration::ZERO)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let application: i32 = connection.pragma_query_value(None, "application_id", one)?;
    let version: i32 = connection.pragma_query_value(None, "user_version", one)?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], one)?;
    if application != APPLICATION_ID && (tables > 0 || application != 0) {
        return Ok(Err("it is another program's database".to_owned()));
    }
    if version > SCHEMA_VERSION {
        return Ok(Err(format!(
            "it was written by a newer turnero (form {version}, this one knows {SCHEMA_VERSION})"
        )));
    }
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", one)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Ok(Err(format!("its journal mode stays «{mode}», not WAL")));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.set_prepared_statement_cache_capacity(16);
    // An exclusive lock is taken by the first write, so there is one here even where the tables
    // are there already.
    let transaction = connection.transaction()?;
    if tables == 0 {
        transaction.execute_batch(SCHEMA)?;
    }
    if version < 2 {
        transaction.execute_batch(sqlite_access::VERSION_2)?;
    }
    if version < 3 {
        transaction.execute_batch(sqlite_trace::VERSION_3)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()?;
    Ok(Ok(()))
}

impl Journal for SqliteJournal {
    fn load_snapshot(&mut self, followed_by: u64) -> Result<Queue, StorageError> {
        let newest: Option<(i64, Vec<u8>)> = self
            .connection
            .prepare_cached(
                "SELECT seq, body FROM snapshots
                 WHERE seq <= (SELECT coalesce(max(seq), 0) FROM events) - ?1
                 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row([to_sql(followed_by)], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((seq, body)) = newest else {
            return Ok(Queue::new());
        };
        record::read_queue(&body).map_err(|why| StorageError::Damaged {
            seq: from_sql(seq),
            why,
        })
    }

    fn newest_snapshot(&mut self) -> Result<u64, StorageError> {
        let newest = "SELECT coalesce(max(seq), 0) FROM snapshots";
        Ok(from_sql(self.connection.query_row(newest, [], one)?))
    }

    fn read_after(&mut self, seq: u64) -> Result<Vec<Stamped>, StorageError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT seq, at, body FROM events WHERE seq > ?1 ORDER BY seq")?;
        let mut rows = statement.query([to_sql(seq)])?;
        let mut events = Vec::new();
        let mut last = seq;
        while let Some(row) = rows.next()? {
            let seq = from_sql(row.get(0)?);
            let body = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
            let event =
                record::read_event(body).map_err(|why| StorageError::Damaged { seq, why })?;
            if seq != last + 1 && !matches!(event, Event::OfficeImported { .. }) {
                let why = format!("it follows event {last}, and what was between is missing");
                return Err(StorageError::Damaged { seq, why });
            }
            last = seq;
            events.push(Stamped {
                seq,
                at: Timestamp::from_millis(row.get(1)?),
                event,
            });
        }
        Ok(events)
    }

    fn end(&mut self) -> Result<u64, StorageError> {
        let end = "SELECT coalesce(max(seq), 0) FROM events";
        Ok(from_sql(self.connection.query_row(end, [], one)?))
    }

    fn append(&mut self, expected_seq: u64, batch: &Batch) -> Result<(), StorageError> {
        let transaction = self.connection.transaction()?;
        let end: i64 = transaction
            .prepare_cached("SELECT coalesce(max(seq), 0) FROM events")?
            .query_row([], one)?;
        if from_sql(end) != expected_seq {
            return Err(StorageError::MovedOn {
                expected: expected_seq,
            });
        }
        insert_events(&transaction, batch)?;
        insert_answers(&transaction, batch)?;
        for change in &batch.access {
            sqlite_access::change(&transaction, change)?;
        }
        for (after, note) in &batch.notes {
            sqlite_trace::note(&transaction, *after, batch.at, note)?;
        }
        transaction.commit()?;
        Ok(())
    }

    fn answer(&mut self, key: &str) -> Result<Option<KeptAnswer>, StorageError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT request, status, headers, body FROM answers WHERE key = ?1")?;
        let found = statement
            .query_row([key], |row| {
                Ok(KeptAnswer {
                    key: key.to_owned(),
                    request: row.get(0)?,
                    status: row.get(1)?,
                    headers: serde_json::from_str(row.get_ref(2)?.as_str()?).unwrap_or_default(),
                    body: row.get(3)?,
                })
            })
            .optional()?;
        Ok(found)
    }

    fn save_snapshot(&mut self, queue: &Queue, answers_before: i64) -> Result<(), StorageError> {
        let transaction = self.connection.transaction()?;
        transaction.execute(
            "INSERT OR REPLACE INTO snapshots (seq, body) VALUES (?1, ?2)",
            params![to_sql(queue.seq()), record::write_queue(queue)],
        )?;
        // Two stay: the newest may not yet have enough events after it for a start to use it, and the
        // one before it has, since snapshots are thousands of events apart.
        transaction.execute(
            "DELETE FROM snapshots WHERE seq NOT IN
                 (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT 2)",
            [],
        )?;
        transaction.execute("DELETE FROM answers WHERE at < ?1", [answers_before])?;
        transaction.commit()?;
        Ok(())
    }

    fn access(&mut self) -> Result<AccessRecords, StorageError> {
        sqlite_access::load(&self.connection)
    }

    fn trace(&mut self, before: Place, limit: u64) -> Result<Vec<Traced>, StorageError> {
        sqlite_trace::trace(&self.connection, before, limit)
    }

    fn purge_trace(&mut self, before: i64, at: i64) -> Result<Purged, StorageError> {
        sqlite_trace::purge(&mut self.connection, before, at)
    }

    fn probe(&mut self) -> Result<(), StorageError> {
        self.connection
            .pragma_update(None, "user_version", SCHEMA_VERSION)?;
        Ok(())
    }
}

fn insert_events(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    let mut insert = transaction
        .prepare_cached("INSERT INTO events (seq, at, body, actor) VALUES (?1, ?2, ?3, ?4)")?;
    let mut actors = batch.actors.iter().peekable();
    let mut fields = batch.fields.iter().peekable();
    for stamped in &batch.events {
        let body = record::write_event(&stamped.event);
        let actor = actors.next_if(|(seq, _)| *seq == stamped.seq);
        let fields = fields.next_if(|(seq, _)| *seq == stamped.seq);
        let fields = fields.map_or(&[][..], |(_, fields)| fields);
        let actor = actor.map(|(_, actor)| sqlite_trace::write_actor(actor, fields));
        let at = stamped.at.as_millis();
        insert.execute(params![to_sql(stamped.seq), at, body, actor])?;
    }
    Ok(())
}

fn insert_answers(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    if batch.answers.is_empty() {
        return Ok(());
    }
    let mut insert = transaction.prepare_cached(
        "INSERT INTO answers (key, request, status, headers, body, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for answer in &batch.answers {
        let headers = serde_json::to_string(&answer.headers).expect("strings are always JSON");
        insert.execute(params![
            answer.key,
            answer.request,
            answer.status,
            headers,
            answer.body,
            batch.at
        ])?;
    }
    Ok(())
}

fn one<T: rusqlite::types::FromSql>(row: &rusqlite::Row<'_>) -> rusqlite::Result<T> {
    row.get(0)
}

/// SQLite's integers are signed; 2^63 events are out of reach.
pub(super) fn to_sql(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

pub(super) fn from_sql(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or(0)
}

/// What a person can do something about.
fn reason(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => IN_USE.to_owned(),
        Some(ErrorCode::NotADatabase) => "it is not an SQLite database".to_owned(),
        Some(ErrorCode::CannotOpen) => {
            "it cannot be opened (does its folder exist, and may this user write there?)".to_owned()
        }
        Some(ErrorCode::ReadOnly) => "it is read-only for this user".to_owned(),
        Some(ErrorCode::DatabaseCorrupt) => "it is damaged".to_owned(),
        Some(ErrorCode::SystemIoFailure) => {
            "it cannot be read or written (may this user write there, and is the disk well?)"
                .to_owned()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::super::testing::TestFile;
    use super::*;
    use crate::domain::{
        Appearance, Command, Day, DeskName, Position, Prefix, Rule, ScreenId, ServiceChange,
        Settings, SettingsChange, Target, TicketId, apply, decide,
    };

    /// Some of everything that can happen.
    fn a_day() -> (Queue, Vec<Stamped>) {
        let mut queue = Queue::new();
        let mut events = Vec::new();
        let desk = |name: &str| DeskName::parse(name).expect("a name");
        let new = |n| Command::Create {
            ticket: TicketId::from_random(n),
            service: None,
            priority: None,
            note: (n == 2).then(|| "wheelchair «ñ»".into()),
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
                position: Position::Front,
            },
            next("2"),
            Command::Undo {
                desk: desk("2"),
                current: None,
            },
            Command::Cancel {
                ticket: TicketId::from_random(4),
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
                    rule: Rule::Strict,
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
            Command::KeepDay {
                day: Day::from_epoch_days(20_780),
                before: None,
                first: Some(Day::from_epoch_days(0)),
            },
            new(5),
            Command::KeepDay {
                day: Day::from_epoch_days(20_781),
                before: None,
                first: None,
            },
            new(6),
            // It goes on by the hour at which it began.
            Command::SetSettings {
                change: SettingsChange {
                    day_begins_hour: Some(7),
                    ..SettingsChange::default()
                },
            },
            new(7),
            Command::Cancel {
                ticket: TicketId::from_random(7),
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
        let (seq, event) = queue.to_move().arrival_at(&queue);
        let at = Timestamp::from_millis(1_700_000_100_000);
        let moved = Stamped { seq, at, event };
        apply(&mut queue, &moved);
        events.push(moved);
        (queue, events)
    }

    fn moment(queue: &Queue) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + queue.seq() as i64)
    }

    fn batch(events: &[Stamped]) -> Batch {
        Batch {
            events: events.to_vec(),
            ..Batch::default()
        }
    }

    #[test]
    fn what_was_appended_is_there_after_a_restart() {
        let file = TestFile::new("restart");
        let (queue, events) = a_day();
        let answer = KeptAnswer {
            key: "k".to_owned(),
            request: b"POST /".to_vec(),
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
        assert_eq!(journal.load_snapshot(0).expect("none"), Queue::new());
        assert_eq!(journal.read_after(0).expect("all"), events);
        assert_eq!(journal.read_after(5).expect("some"), events[5..]);
        assert_eq!(journal.answer("k").expect("read"), Some(answer));
        assert_eq!(journal.answer("other").expect("read"), None);
        journal.save_snapshot(&queue, 0).expect("kept");
        assert_eq!(journal.load_snapshot(0).expect("it"), queue);
        assert_eq!(
            journal.load_snapshot(1).expect("an older one"),
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
        assert_eq!(journal.read_after(0).expect("two"), events[..2]);
    }

    #[test]
    fn old_answers_are_forgotten_with_a_snapshot() {
        let file = TestFile::new("answers");
        let mut journal = SqliteJournal::open(&file.0).expect("a new file");
        for (key, at) in [("old", 10), ("new", 20)] {
            let kept = KeptAnswer {
                key: key.to_owned(),
                request: Vec::new(),
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
        journal.save_snapshot(&Queue::new(), 20).expect("kept");
        assert_eq!(journal.answer("old").expect("read"), None);
        assert!(journal.answer("new").expect("read").is_some());
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
        let error = journal.read_after(0).expect_err("noticed");
        assert!(
            matches!(error, StorageError::Damaged { seq: 5, .. }),
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
        assert_eq!(kinds.len(), 18, "the day has one of each kind of event");
        for Stamped { event, .. } in events {
            let read = record::read_event(&record::write_event(&event));
            assert_eq!(read, Ok(event));
        }
        let unknown = record::read_event(r#"{"type":"ticket-eaten"}"#);
        assert!(unknown.is_err(), "{unknown:?}");
    }
}
