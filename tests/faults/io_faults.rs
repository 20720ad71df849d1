//! Makes system calls of a server fail: a small library in C that is loaded before the C library.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::common::{Folder, Launch};

/// Faults that one server meets when a test says so.
pub struct IoFaults(Folder);

impl IoFaults {
    /// The launch with the library, and its faults.
    pub fn of(launch: Launch) -> (Launch, Self) {
        let faults = Self(Folder::new());
        let mut launch = launch;
        for (name, value) in faults.variables() {
            launch = launch.with_variable(name, value);
        }
        (launch, faults)
    }

    /// The variables of the environment that load the library.
    pub fn variables(&self) -> [(&'static str, PathBuf); 2] {
        let folder = self.0.path().to_owned();
        [("LD_PRELOAD", library()), ("FAULTS", folder)]
    }

    /// Makes the fault happen from now on; `fsync` happens once.
    pub fn begin(&self, fault: &str) {
        self.0.write(fault, "");
    }

    pub fn end(&self, fault: &str) {
        std::fs::remove_file(self.0.join(fault)).unwrap();
    }
}

/// The library, built once in a run of the tests.
fn library() -> PathBuf {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/io_faults.c");
        let library = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("io_faults.so");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([library.as_os_str(), source.as_ref(), "-ldl".as_ref()])
            .status()
            .unwrap();
        assert!(built.success(), "cc cannot build {source}");
        library
    };
    LIBRARY.get_or_init(build).clone()
}
