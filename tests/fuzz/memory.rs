//! Files in memory, for one run of a target at a time.

use std::path::PathBuf;

/// A path that names no file yet: what an earlier run has left is removed.
pub fn file(name: &str) -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    };
    let target = std::env::current_exe().expect("a program");
    let target = target.file_name().expect("a name").to_string_lossy();
    let path = folder.join(format!("turnero-fuzz-{target}-{name}"));
    remove(&path);
    path
}

/// Removes a data file with what SQLite keeps beside it.
pub fn remove(path: &PathBuf) {
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.clone().into_os_string();
        name.push(end);
        let _ = std::fs::remove_file(name);
    }
}
