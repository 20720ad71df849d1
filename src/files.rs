//! Reads regular files only: a pipe or a device that somebody has named could block.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a file for reading. What is no regular file is refused: a pipe could block the thread for ever, and a device could
/// have no end.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    // Without it, opening a pipe waits for a writer.
    let no_wait = OFlags::NONBLOCK.bits() as i32;
    let file = options.read(true).custom_flags(no_wait).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    let why = "it is no regular file";
    Err(io::Error::new(io::ErrorKind::InvalidInput, why))
}

/// Whether a regular file begins as JSON does. A database begins with letters.
pub fn is_json(path: &Path) -> io::Result<bool> {
    let mut beginning = Vec::new();
    open_regular(path)?.take(64).read_to_end(&mut beginning)?;
    Ok(beginning.trim_ascii_start().first() == Some(&b'{'))
}

/// The contents of a regular file.
pub fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}
