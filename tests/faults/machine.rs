//! A machine whose disk fails and whose clock can be set: `machine.c`, preloaded into the server.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::common::Launch;

/// Where `struct control` of `machine.c` has its fields.
const CLOCK_OFFSET: u64 = 0;
const FAILS_ONE_IN: u64 = 8;
const FAILURES: u64 = 12;
const CONTROL_BYTES: u64 = 16;

pub struct Machine {
    launch: Launch,
    control: File,
}

impl Machine {
    /// One whose disk is well and whose clock is right, in UTC, with a new office.
    pub fn new() -> Self {
        let launch = Launch::new();
        let path = launch.data().with_file_name("control");
        let mut options = File::options();
        let control = options.read(true).write(true).create_new(true).open(&path);
        let control = control.unwrap();
        control.set_len(CONTROL_BYTES).unwrap();
        let data = launch.data().to_owned();
        let launch = launch
            .with_variable("LD_PRELOAD", library())
            .with_variable("MACHINE_CONTROL", path)
            .with_variable("MACHINE_DATA", data)
            .with_variable("TZ", "UTC");
        Self { launch, control }
    }

    /// How to start the server on it.
    pub fn launch(&self) -> Launch {
        self.launch.clone()
    }

    /// One of so many writes and syncs fails from now on; 0 for none.
    pub fn fail_one_in(&self, count: u32) {
        let bytes = count.to_ne_bytes();
        self.control.write_all_at(&bytes, FAILS_ONE_IN).unwrap();
    }

    /// How many writes and syncs have failed.
    pub fn failures(&self) -> u32 {
        let mut bytes = [0; 4];
        self.control.read_exact_at(&mut bytes, FAILURES).unwrap();
        u32::from_ne_bytes(bytes)
    }

    /// Sets the clock to that many milliseconds since 1970, from where it goes on.
    pub fn set_clock(&self, millis: i64) {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let offset = millis - i64::try_from(real.as_millis()).unwrap();
        let bytes = offset.to_ne_bytes();
        self.control.write_all_at(&bytes, CLOCK_OFFSET).unwrap();
    }
}

/// The library, compiled once for each run of the tests.
fn library() -> &'static PathBuf {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/machine.c");
        let library = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("machine.so");
        // Another run of the tests may be using the one that is there.
        let new = library.with_extension(format!("{}", std::process::id()));
        let mut compiler = Command::new("cc");
        compiler.args([
            "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o",
        ]);
        let status = compiler.arg(&new).args([source, "-ldl"]).status();
        assert!(status.expect("there is a C compiler").success());
        std::fs::rename(&new, &library).unwrap();
        library
    })
}
