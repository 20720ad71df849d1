//! What the tests of storage share.

use std::fs;
use std::path::PathBuf;

/// A file of its own for each test, gone afterwards.
pub(super) struct TestFile(pub(super) PathBuf);

impl TestFile {
    pub(super) fn new(name: &str) -> Self {
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
