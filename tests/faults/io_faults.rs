//! Makes system calls of a server fail or slow, and sets its clock: a small library in C that is loaded before the
//! C library.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::common::{Folder, Launch};

/// The offsets of the fields of `struct control` in `io_faults.c`.
const CLOCK_OFFSET: u64 = 0;
const FAILS_ONE_IN: u64 = 8;
const FAILURES: u64 = 12;
const SYNC_MS: u64 = 16;
const CONTROL_BYTES: u64 = 24;

/// Faults that one server meets when a test says so.
pub struct IoFaults {
    folder: Folder,
    control: File,
    data: PathBuf,
}

impl IoFaults {
    /// The launch with the library, and its faults.
    pub fn of(launch: Launch) -> (Launch, Self) {
        let folder = Folder::new();
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        let control = options.open(folder.join("control")).unwrap();
        control.set_len(CONTROL_BYTES).unwrap();
        let data = launch.data().to_owned();
        let faults = Self {
            folder,
            control,
            data,
        };
        let mut launch = launch;
        for (name, value) in faults.variables() {
            launch = launch.with_variable(name, value);
        }
        (launch, faults)
    }

    /// The variables of the environment that load the library.
    pub fn variables(&self) -> [(&'static str, PathBuf); 3] {
        let folder = self.folder.path().to_owned();
        [
            ("LD_PRELOAD", library()),
            ("FAULTS", folder),
            ("FAULTS_DATA", self.data.clone()),
        ]
    }

    /// Makes the fault happen from now on; `fsync` happens once.
    pub fn begin(&self, fault: &str) {
        self.folder.write(fault, "");
    }

    pub fn end(&self, fault: &str) {
        std::fs::remove_file(self.folder.join(fault)).unwrap();
    }

    /// One of so many writes and syncs of the data file and its `-wal` fails from now on; 0 for none.
    pub fn fail_one_in(&self, count: u32) {
        let bytes = count.to_ne_bytes();
        self.control.write_all_at(&bytes, FAILS_ONE_IN).unwrap();
    }

    /// How many of them have failed.
    pub fn failures(&self) -> u32 {
        let mut bytes = [0; 4];
        self.control.read_exact_at(&mut bytes, FAILURES).unwrap();
        u32::from_ne_bytes(bytes)
    }

    /// Each sync of the data file and its `-wal` takes so much longer from now on.
    pub fn slow_syncs(&self, millis: u32) {
        let bytes = millis.to_ne_bytes();
        self.control.write_all_at(&bytes, SYNC_MS).unwrap();
    }

    /// Sets the server's wall clock to that many milliseconds since 1970, from where it goes on.
    pub fn set_clock(&self, millis: i64) {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let offset = millis - i64::try_from(real.as_millis()).unwrap();
        let bytes = offset.to_ne_bytes();
        self.control.write_all_at(&bytes, CLOCK_OFFSET).unwrap();
    }
}

/// The library, built once in a run of the tests.
fn library() -> PathBuf {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/io_faults.c");
        let library = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("io_faults.so");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-o"])
            .args([library.as_os_str(), source.as_ref(), "-ldl".as_ref()])
            .status()
            .unwrap();
        assert!(built.success(), "cc cannot build {source}");
        library
    };
    LIBRARY.get_or_init(build).clone()
}
