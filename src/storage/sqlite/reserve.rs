//! Room on the disk that is kept for purges.
//!
//! To delete takes room: SQLite first writes into the `-wal` file, and moving its pages may make the data file
//! longer. So a file beside the data file has some room, and is deleted if a purge finds the disk full.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};

/// Size of the file in bytes: twice what the `-wal` file usually has, and more than a step of a purge writes.
const BYTES: u64 = 8 * 1024 * 1024;

/// Room that the file leaves on the disk when it is made, in bytes: tickets must not miss it.
const ROOM_LEFT: u64 = 16 * 1024 * 1024;

/// The file that has the room.
pub(super) struct Reserve {
    path: PathBuf,
}

impl Reserve {
    pub(super) fn beside(data: &Path) -> Self {
        let mut path = data.as_os_str().to_owned();
        path.push("-reserve");
        Self { path: path.into() }
    }

    /// Makes the file unless it is there or the disk has little room. A file system that cannot do so has none.
    pub(super) fn make(&self) {
        let is_whole = fs::symlink_metadata(&self.path).is_ok_and(|about| about.len() == BYTES);
        if !is_whole && self.free().is_some_and(|free| free >= BYTES + ROOM_LEFT) {
            let made = self.allocate();
            if let Err(error) = made {
                log::debug!("No room is kept for purges: {error}");
                let _ = fs::remove_file(&self.path);
            }
        }
    }

    fn allocate(&self) -> io::Result<()> {
        // A link that somebody left here is not followed.
        let _ = fs::remove_file(&self.path);
        let mut options = File::options();
        options.write(true).create_new(true);
        let file = options.mode(0o600).open(&self.path)?;
        fallocate(&file, FallocateFlags::empty(), 0, BYTES)?;
        Ok(())
    }

    /// Gives the room up if the disk is full. Returns whether there was any.
    pub(super) fn give_up(&self) -> bool {
        self.free().is_some_and(|free| free < BYTES) && fs::remove_file(&self.path).is_ok()
    }

    /// Free bytes of the disk; `None` if it does not say.
    fn free(&self) -> Option<u64> {
        let folder = self.path.parent().filter(|path| *path != Path::new(""));
        let disk = rustix::fs::statvfs(folder.unwrap_or(Path::new("."))).ok()?;
        (disk.f_blocks > 0).then(|| disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}
