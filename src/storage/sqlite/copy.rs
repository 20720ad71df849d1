//! Copies the data file while it is in use.
//!
//! In WAL mode only a checkpoint writes to the data file. So a backup asks for a checkpoint, which makes the
//! data file whole, and then copies its bytes while checkpoints wait: commits go on in the `-wal` file, and
//! the ledger's thread does nothing for the copy. SQLite's backup interface would need its time for each step.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use rusqlite::Connection;

use super::data_file::{create_data_file, create_private};

/// How much is copied before it is written to the disk. A commit that waits behind it waits a few ms.
const PIECE: usize = 1024 * 1024;

/// Room that a copy leaves on the disk, in bytes: what is copied must not take the room of new tickets.
const ROOM_LEFT: u64 = 64 * 1024 * 1024;

/// SQLite's own number of pages in the `-wal` file after which it makes a checkpoint.
const CHECKPOINT_PAGES: i64 = 1_000;

#[derive(Debug, Default)]
struct Shared {
    /// Nobody copies any more.
    ended: AtomicBool,
    /// The data file may have changed.
    spoiled: AtomicBool,
}

/// A data file whose bytes stay as they are, for as long as this lives.
#[derive(Debug)]
pub struct SteadyFile {
    /// The journal's own: closing another one would drop SQLite's lock.
    file: Arc<File>,
    shared: Arc<Shared>,
}

impl SteadyFile {
    /// Copies the file to `to`, which must not exist. It takes half of the disk's time, at most.
    pub fn copy_to(&self, to: &Path) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        check_room(to, length)?;
        let mut copy = create_private(to)?;
        let mut piece = vec![0; PIECE];
        let mut at = 0;
        while at < length {
            let begun = Instant::now();
            let wanted = usize::try_from(length - at).map_or(PIECE, |left| left.min(PIECE));
            self.file.read_exact_at(&mut piece[..wanted], at)?;
            self.check()?;
            copy.write_all(&piece[..wanted])?;
            copy.sync_data()?;
            at += wanted as u64;
            if at < length {
                thread::sleep(begun.elapsed());
            }
        }
        copy.sync_all()?;
        self.check()
    }

    fn check(&self) -> io::Result<()> {
        if self.shared.spoiled.load(Ordering::Acquire) {
            let why = "the server stops, or its storage fails";
            return Err(io::Error::other(why));
        }
        Ok(())
    }
}

impl Drop for SteadyFile {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
    }
}

fn check_room(to: &Path, length: u64) -> io::Result<()> {
    let folder = to.parent().filter(|folder| *folder != Path::new(""));
    let disk = rustix::fs::statvfs(folder.unwrap_or(Path::new(".")))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < length + ROOM_LEFT {
        let why = format!(
            "the disk has {} MB left, and the copy of {} MB must leave {} MB",
            free / 1_000_000,
            length / 1_000_000,
            ROOM_LEFT / 1_000_000
        );
        return Err(io::Error::new(io::ErrorKind::StorageFull, why));
    }
    Ok(())
}

/// The journal's side of a copy.
#[derive(Debug, Default)]
pub(super) struct Copying(Option<Arc<Shared>>);

impl Copying {
    /// Whether a copy is being made.
    pub(super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Makes a checkpoint, and holds further ones back until the returned file is dropped. `None` if a reader of
    /// the history still sees what was there before the newest commits, so that these cannot be moved yet.
    pub(super) fn begin(
        &mut self,
        connection: &Connection,
        file: Arc<File>,
    ) -> rusqlite::Result<Option<SteadyFile>> {
        let checkpoint = "PRAGMA wal_checkpoint(RESTART)";
        let is_moved = connection.query_row(checkpoint, [], |row| {
            let (in_wal, moved): (i64, i64) = (row.get(1)?, row.get(2)?);
            Ok(in_wal == moved)
        })?;
        if !is_moved {
            return Ok(None);
        }
        set_checkpoint_pages(connection, 0)?;
        let shared = Arc::new(Shared::default());
        self.0 = Some(shared.clone());
        Ok(Some(SteadyFile { file, shared }))
    }

    /// Lets checkpoints happen again if the copy has ended.
    pub(super) fn resume(&mut self, connection: &Connection) {
        let has_ended = |shared: &Arc<Shared>| shared.ended.load(Ordering::Acquire);
        if self.0.as_ref().is_some_and(has_ended)
            && set_checkpoint_pages(connection, CHECKPOINT_PAGES).is_ok()
        {
            self.0 = None;
        }
    }

    /// Ends a copy, because a checkpoint comes now.
    pub(super) fn spoil(&self) {
        if let Some(shared) = &self.0 {
            shared.spoiled.store(true, Ordering::Release);
        }
    }
}

impl Drop for Copying {
    fn drop(&mut self) {
        self.spoil();
    }
}

fn set_checkpoint_pages(connection: &Connection, pages: i64) -> rusqlite::Result<()> {
    connection.pragma_update(None, "wal_autocheckpoint", pages)
}

/// Copies a data file that no server uses to `to`, which must not exist, with its newest commits in the
/// `-wal` file beside it.
pub(super) fn copy_closed(from: &Path, to: &Path) -> io::Result<()> {
    for (from, to) in [
        (
            super::data_file::wal_path(from),
            super::data_file::wal_path(to),
        ),
        (from.to_owned(), to.to_owned()),
    ] {
        if fs::metadata(&from).is_ok_and(|about| about.len() > 0) {
            check_room(&to, fs::metadata(&from)?.len())?;
            let mut copy = create_data_file(&to)?;
            io::copy(&mut File::open(&from)?, &mut copy)?;
            copy.sync_all()?;
        }
    }
    Ok(())
}
