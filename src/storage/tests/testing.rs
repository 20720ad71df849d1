//! The storage of one test: a temporary data file, or an office of its own in the database that the tests were given;
//! what is stored there, and how it is read back.

use std::fs;
use std::path::{Path, PathBuf};

use super::day::rows_of;
use crate::domain::{Queue, Stamped, TicketRow, apply};
use crate::storage::{self, Batch, DataSource, HistoryQuery, Journal, RequestHash, StoredAnswer};

/// A temporary data file, deleted when it is dropped.
pub(in crate::storage) struct TestFile(pub(in crate::storage) PathBuf);

impl TestFile {
    pub(in crate::storage) fn new(name: &str) -> Self {
        let file = format!("turnero-{}-{name}.db", std::process::id());
        Self(std::env::temp_dir().join(file))
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut path = self.0.clone().into_os_string();
            path.push(suffix);
            let _ = fs::remove_file(path);
        }
    }
}

/// The storage of one test.
pub(in crate::storage) struct TestStore {
    data: DataSource,
    _file: Option<TestFile>,
}

impl TestStore {
    /// One of each kind: a data file, and an office in the database of `TURNERO_TEST_POSTGRES` if the tests run with
    /// one (`tests/with-postgres`).
    pub(in crate::storage) fn each(name: &str) -> Vec<Self> {
        let file = TestFile::new(name);
        let mut stores = vec![Self {
            data: DataSource::File(file.0.clone()),
            _file: Some(file),
        }];
        stores.extend(database(name).map(|data| Self { data, _file: None }));
        stores
    }

    /// One in the database if the tests run with one, otherwise a data file.
    pub(in crate::storage) fn new(name: &str) -> Self {
        Self::each(name).pop().expect("there is at least a file")
    }

    /// The data file, if it is one.
    pub(in crate::storage) fn file(&self) -> Option<&Path> {
        self.data.file()
    }

    pub(in crate::storage) fn open(&self) -> Box<dyn Journal> {
        storage::open(&self.data).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// The events, without the rows of the history.
pub(in crate::storage) fn batch(events: &[Stamped]) -> Batch {
    Batch {
        events: events.to_vec(),
        ..Batch::default()
    }
}

/// The events of an office from its first one on, with the rows of the history.
pub(in crate::storage) fn batch_with_rows(events: &[Stamped]) -> Batch {
    Batch {
        rows: rows_of(events),
        ..batch(events)
    }
}

/// An answer with a body of so many bytes.
pub(in crate::storage) fn answer_of(key: &str, bytes: usize) -> StoredAnswer {
    StoredAnswer {
        key: key.to_owned(),
        request: RequestHash::of(key.as_bytes()),
        status: 200,
        headers: Vec::new(),
        body: vec![b' '; bytes],
    }
}

/// Stores an answer of the time `at`.
pub(in crate::storage) fn append_answer(journal: &mut dyn Journal, answer: StoredAnswer, at: i64) {
    let batch = Batch {
        answers: vec![answer],
        at,
        ..Batch::default()
    };
    journal.append(0, &batch).expect("appended");
}

/// The stored history.
pub(in crate::storage) fn rows(journal: &dyn Journal) -> Vec<TicketRow> {
    let mut rows = Vec::new();
    let all = HistoryQuery::all(i64::MIN, i64::MAX);
    let read = journal.history().read(&all, &mut |row| rows.push(row));
    read.expect("read");
    rows.sort_by_key(|row| row.arrival);
    rows
}

/// The snapshot that a start uses.
pub(in crate::storage) fn load_snapshot(journal: &mut dyn Journal, followed_by: u64) -> Queue {
    journal.load(followed_by, u64::MAX).expect("loaded").queue
}

/// The queue as a start puts it together.
pub(in crate::storage) fn loaded(journal: &mut dyn Journal, followed_by: u64) -> Queue {
    let loaded = journal.load(followed_by, u64::MAX).expect("it loads");
    assert_eq!(loaded.damage, Vec::<String>::new());
    let mut queue = loaded.queue;
    for stamped in &loaded.events {
        apply(&mut queue, stamped);
    }
    queue
}

#[cfg(feature = "postgres")]
fn database(name: &str) -> Option<DataSource> {
    let address = std::env::var("TURNERO_TEST_POSTGRES").ok()?;
    let mut data = DataSource::parse(&address).expect("an address");
    let office = format!("{}-{name}", std::process::id());
    data.set_office(&office).expect("it has offices");
    Some(data)
}

#[cfg(not(feature = "postgres"))]
fn database(_name: &str) -> Option<DataSource> {
    None
}
