//! Puts a backup in the place of a data file: `turnero restore`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::check::check;
use super::copy::copy_closed;
use super::data_file::{DataFile, NameLock, wal_path};
use super::unusable;
use crate::storage::StorageError;

/// Restores `from` to `to`. A damaged file is refused. What was at `to` is renamed, and its name returned.
pub fn restore(from: &Path, to: &Path) -> Result<Option<PathBuf>, StorageError> {
    let shown = from.display();
    let refused = |why: String| StorageError::Unusable(why);
    let report = check(from)?;
    if report.is_loss() {
        let damage = report.damage.join("; ");
        return Err(refused(format!(
            "{shown} is not restored, because it is damaged: {damage}. «turnero check {shown}» says what is left."
        )));
    }
    if fs::canonicalize(from).ok() == fs::canonicalize(to).ok() {
        return Err(refused(format!("{shown} is the data file itself.")));
    }
    let name = NameLock::take(to).map_err(|why| unusable(to, &why))?;
    let (_file, _name) = if to.exists() {
        let file = DataFile::lock(to, name).map_err(|why| unusable(to, &why))?;
        (Some(file), None)
    } else {
        (None, Some(name))
    };
    replace(from, to)
        .map_err(|error| refused(format!("{} cannot be written: {error}.", to.display())))
}

fn replace(from: &Path, to: &Path) -> io::Result<Option<PathBuf>> {
    let copy = with_ending(to, ".restoring");
    let delete = || {
        for file in [&copy, &wal_path(&copy)] {
            let _ = fs::remove_file(file);
        }
    };
    // One of a restore that was killed.
    delete();
    copy_closed(from, &copy).inspect_err(|_| delete())?;
    let earlier = to.exists().then(|| {
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        with_ending(to, &format!(".before-restore-{now}"))
    });
    if let Some(earlier) = &earlier {
        rename_with_wal(to, earlier)?;
    } else {
        // One without its data file belongs to none.
        let _ = fs::remove_file(wal_path(to));
    }
    rename_with_wal(&copy, to)?;
    let folder = to.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(earlier)
}

/// Renames a data file and the file beside it with its newest commits.
fn rename_with_wal(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(wal_path(from), wal_path(to)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::rename(from, to),
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}
