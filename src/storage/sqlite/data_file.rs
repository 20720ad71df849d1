//! The data file on the disk: its locks, and whether it is still there.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::storage::StorageError;

/// The error of a second server.
pub(super) const IN_USE: &str = "another turnero is using it";

/// The error of a second server if the file of the first one was deleted or replaced.
const NAME_IN_USE: &str = "another turnero is using the file that was here before it was deleted or replaced; stop \
     that one first";

/// Device and inode: they tell a file from another one that takes its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }

    /// Whether it is the file at `path`. An error that passes says nothing about the file.
    pub(super) fn is_of(self, path: &Path) -> bool {
        match fs::metadata(path) {
            Ok(metadata) => Self::of(&metadata) == self,
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }
}

/// The open data file with its locks. They end with the process, however it ends.
pub(super) struct DataFile {
    path: PathBuf,
    id: FileId,
    /// The file with the newest commits, once it is there.
    wal: Option<FileId>,
    /// A lock of the kind that belongs to this open file: SQLite's own is of the kind that a process loses
    /// if it closes the file anywhere else.
    lock: Arc<File>,
    _name: NameLock,
}

impl DataFile {
    /// Takes the locks of the data file, which exists. `name` was locked before it was created.
    pub(super) fn lock(path: &Path, name: NameLock) -> Result<Self, String> {
        let lock = File::open(path).map_err(|error| error.to_string())?;
        lock.try_lock().map_err(|_| IN_USE.to_owned())?;
        let id = lock.metadata().map_err(|error| error.to_string())?;
        let mut file = Self {
            path: path.to_owned(),
            id: FileId::of(&id),
            wal: None,
            lock: Arc::new(lock),
            _name: name,
        };
        file.remember_wal();
        Ok(file)
    }

    /// The open file, for reading.
    pub(super) fn file(&self) -> Arc<File> {
        self.lock.clone()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn id(&self) -> FileId {
        self.id
    }

    /// The file beside the data file that has the newest commits.
    pub(super) fn wal_path(&self) -> PathBuf {
        wal_path(&self.path)
    }

    /// Remembers which file has the newest commits. Called after a commit.
    pub(super) fn remember_wal(&mut self) {
        let found = fs::metadata(self.wal_path());
        self.wal = found.ok().map(|metadata| FileId::of(&metadata));
    }

    /// Fails if the data file, or the one with the newest commits, was deleted or replaced: records
    /// stored there would be gone with the process.
    pub(super) fn check(&self) -> Result<(), StorageError> {
        let all_there =
            self.id.is_of(&self.path) && self.wal.is_none_or(|id| id.is_of(&self.wal_path()));
        if all_there {
            Ok(())
        } else {
            Err(StorageError::Replaced)
        }
    }
}

/// Makes a file that is missing, for this user's eyes alone. SQLite gives those beside it the same
/// rights.
pub fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a data file that is missing, for its user's eyes alone. One that root makes belongs to the owner of its folder, so
/// that a server with a user of its own can use what root has restored or imported.
pub(super) fn create_data_file(path: &Path) -> io::Result<File> {
    let file = create_private(path)?;
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    if rustix::process::geteuid().is_root()
        && let Ok(folder) = fs::metadata(folder.unwrap_or(Path::new(".")))
    {
        // Root may lack the right to do so, in a sandbox; there it is the server's user as well.
        let _ = fchown(&file, Some(folder.uid()), Some(folder.gid()));
    }
    Ok(file)
}

/// Refuses a data file that is missing or empty beside a `-wal` file that is not: SQLite writes the data file first and deletes
/// the `-wal` file when it is closed, so the office's data file was deleted or is elsewhere, and a new one would be made in its
/// place. `Err` says what to do.
pub(super) fn check_lone_wal(path: &Path) -> Result<(), String> {
    // SQLite names the file beside the real one.
    let real = whole_path(path).unwrap_or_else(|| path.to_owned());
    let length = |path: &Path| fs::metadata(path).map_or(0, |about| about.len());
    let wal = wal_path(&real);
    if length(&real) > 0 || length(&wal) == 0 {
        return Ok(());
    }
    let wal = wal.display();
    Err(format!(
        "it is missing or empty, but {wal} has the newest tickets of an office, so it was deleted or moved. Put it back, or restore \
         a backup with «turnero restore BACKUP»; to begin with a new office, move {wal} away"
    ))
}

/// The file beside the data file `path` that has the newest commits.
pub(super) fn wal_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// A lock on the name of a data file. The locks of the file itself do not keep a second server away if
/// the file is deleted: the second one makes a new file. It is a Unix socket without a file
/// (abstract), which nobody can delete.
pub(super) struct NameLock {
    #[cfg(target_os = "linux")]
    _socket: Option<std::os::unix::net::UnixListener>,
}

impl NameLock {
    /// Locks the name. `Err` says who has it.
    #[cfg(target_os = "linux")]
    pub(super) fn take(path: &Path) -> Result<Self, String> {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::net::{SocketAddr, UnixListener};

        use blake2::{Blake2s256, Digest};

        let Some(whole) = whole_path(path) else {
            // Without a folder there can be no file; opening it says so.
            return Ok(Self { _socket: None });
        };
        let hash = Blake2s256::digest(whole.as_os_str().as_bytes());
        let name = format!("turnero-{}", data_encoding::HEXLOWER.encode(&hash));
        let address = SocketAddr::from_abstract_name(name).map_err(|error| error.to_string())?;
        match UnixListener::bind_addr(&address) {
            Ok(socket) => Ok(Self {
                _socket: Some(socket),
            }),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                let is_another = File::open(path).is_ok_and(|file| file.try_lock().is_ok());
                let why = if is_another || !path.exists() {
                    NAME_IN_USE
                } else {
                    IN_USE
                };
                Err(why.to_owned())
            }
            // If no such socket can be made, the locks of the file remain.
            Err(_) => Ok(Self { _socket: None }),
        }
    }

    /// The locks of the file must do.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn take(_path: &Path) -> Result<Self, String> {
        Ok(Self {})
    }
}

/// Links that are followed to a file that is missing: as many as Linux follows.
const MOST_LINKS: usize = 40;

/// The path from the root, without links, also of a file that is missing.
fn whole_path(path: &Path) -> Option<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if let Ok(whole) = path.canonicalize() {
            return Some(whole);
        }
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        match fs::read_link(&path) {
            Ok(target) => path = folder.join(target),
            Err(_) => return Some(folder.canonicalize().ok()?.join(path.file_name()?)),
        }
    }
    None
}
