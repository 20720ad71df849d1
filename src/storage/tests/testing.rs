//! `TestFile`: a temporary data file for one storage test, deleted after it.

use std::fs;
use std::path::PathBuf;

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
