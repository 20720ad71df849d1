//! A folder whose files may be sent: nothing outside of it, nothing hidden, never the data file.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::presentation::authority;
use crate::presentation::http::answer::tag;

/// The ends of the names of SQLite's files: the data, the newest transactions, their index, and what a
/// transaction has replaced.
const SQLITE_SUFFIXES: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// A folder that was named on the command line.
pub struct Folder {
    path: PathBuf,
    /// `None` if the office is in a database.
    data: Option<DataFile>,
}

/// The data file, which is never sent.
struct DataFile {
    /// Without links.
    real: PathBuf,
    /// Where it or a link to it is named. Its earlier versions are there.
    named: PathBuf,
}

/// A file of a folder, open, as it was at that moment.
pub struct OpenFile {
    pub file: File,
    /// In bytes.
    pub length: u64,
    pub modified: Option<SystemTime>,
}

impl OpenFile {
    /// A number that changes whenever the file changes.
    pub fn version(&self) -> u64 {
        let modified = self
            .modified
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let version = format!("{} {modified:?}", self.length);
        tag(version.as_bytes())
    }
}

impl Folder {
    /// The folder at `path`. Nothing beside the file `data`, or beside a link to it, whose name begins with its
    /// name is ever opened: it holds what is not public, and closing it here would let go SQLite's lock (POSIX
    /// locks belong to the process, not to the open file).
    pub fn new(path: PathBuf, data: Option<&Path>) -> Self {
        let Some(data) = data else {
            return Self { path, data: None };
        };
        let folder = data
            .parent()
            .filter(|folder| *folder != Path::new(""))
            .unwrap_or(Path::new("."));
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let named = folder.join(data.file_name().unwrap_or_default());
        let data = DataFile {
            real: named.canonicalize().unwrap_or_else(|_| named.clone()),
            named,
        };
        Self {
            path,
            data: Some(data),
        }
    }

    /// Opens the file at `path`, relative to the folder; `NotFound` if there is no file that may be sent.
    pub fn open(&self, path: &str) -> io::Result<OpenFile> {
        let (file, about) = self.find(path)?;
        Ok(OpenFile {
            file: File::open(file)?,
            length: about.len(),
            modified: about.modified().ok(),
        })
    }

    /// The names in the folder itself of files that may be sent and that `wanted` asks for. It looks
    /// at `most` entries, in no order.
    pub fn names(&self, most: usize, wanted: impl Fn(&str) -> bool) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)?.take(most) {
            // A name that is not UTF-8 has no address.
            let Ok(name) = entry?.file_name().into_string() else {
                continue;
            };
            if wanted(&name) && self.find(&name).is_ok() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn find(&self, path: &str) -> io::Result<(PathBuf, Metadata)> {
        let hidden = || io::Error::from(io::ErrorKind::NotFound);
        let inside = Path::new(path);
        let plain = inside.components().all(|part| match part {
            Component::Normal(name) => !name.as_encoded_bytes().starts_with(b"."),
            _ => false,
        });
        if !plain || path.contains('\0') {
            return Err(hidden());
        }
        // A link may lead out of the folder; what it leads to is not part of it.
        let root = self.path.canonicalize()?;
        let file = root.join(inside).canonicalize().map_err(|_| hidden())?;
        let about = fs::metadata(&file)?;
        let is_data = |data: &DataFile| data.is(&file, &about);
        if !file.starts_with(&root) || !about.is_file() || self.data.as_ref().is_some_and(is_data) {
            return Err(hidden());
        }
        Ok((file, about))
    }
}

impl DataFile {
    /// Whether a file is the data file or one of SQLite's files beside it, under any name, or one of the certificates and keys
    /// that are kept there.
    fn is(&self, file: &Path, about: &Metadata) -> bool {
        let same = SQLITE_SUFFIXES.iter().any(|suffix| {
            let mut name = self.real.clone().into_os_string();
            name.push(suffix);
            fs::metadata(name)
                .is_ok_and(|data| (data.dev(), data.ino()) == (about.dev(), about.ino()))
        });
        let is_beside = |data: &Path| {
            let begins = |name: &OsStr| {
                let data = data.file_name().unwrap_or_default();
                name.as_encoded_bytes().starts_with(data.as_encoded_bytes())
            };
            file.parent() == data.parent() && file.file_name().is_some_and(begins)
        };
        let is_kept_beside = |data: &Path| {
            let folder = data.parent().unwrap_or(Path::new(""));
            file.starts_with(folder.join(authority::FOLDER))
        };
        let hides = |data: &Path| is_beside(data) || is_kept_beside(data);
        same || hides(&self.real) || hides(&self.named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_only_what_is_in_it_and_never_the_data() {
        let root = std::env::temp_dir().join(format!("turnero-folder-{}", std::process::id()));
        fs::create_dir_all(root.join("sub")).expect("made");
        for name in [
            "index.html",
            ".env",
            "t.db",
            "t.db-wal",
            "t.db-reserve",
            "sub/page.html",
        ] {
            fs::write(root.join(name), name).expect("written");
        }
        for (of, name) in [("t.db", "copy.html"), ("t.db-wal", "newest.html")] {
            fs::hard_link(root.join(of), root.join(name)).expect("linked");
        }
        let folder = Folder::new(root.clone(), Some(&root.join("t.db")));
        let found = |path: &str| folder.open(path).is_ok();
        assert!(found("index.html") && found("sub/page.html"));
        let cargo = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        for hidden in [
            "../Cargo.toml",
            "sub/../index.html",
            cargo,
            "sub",
            "no.html",
            ".env",
            "t.db",
            "t.db-wal",
            "t.db-reserve",
            "copy.html",
            "newest.html",
        ] {
            assert!(!found(hidden), "{hidden}");
        }
        let names = folder.names(100, |_| true).expect("it can be read");
        assert_eq!(names, ["index.html"]);
        fs::remove_dir_all(&root).expect("removed");
    }

    #[test]
    fn an_earlier_version_beside_a_link_to_the_data_is_hidden_too() {
        let root = std::env::temp_dir().join(format!("turnero-links-{}", std::process::id()));
        fs::create_dir_all(root.join("html")).expect("made");
        for name in ["real.db", "html/t.db.before-version-5", "html/index.html"] {
            fs::write(root.join(name), name).expect("written");
        }
        let link = root.join("html/t.db");
        std::os::unix::fs::symlink(root.join("real.db"), &link).expect("linked");
        let folder = Folder::new(root.join("html"), Some(&link));
        let found = |path: &str| folder.open(path).is_ok();
        assert!(found("index.html"));
        assert!(!found("t.db") && !found("t.db.before-version-5"));
        fs::remove_dir_all(&root).expect("removed");
    }
}
