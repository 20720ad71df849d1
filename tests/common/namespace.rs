//! Runs a test in a process that has a network or mounts of its own, with `unshare`.

use std::env;
use std::io::{self, Write};
use std::process::Command;

use rustix::process::getuid;

/// What a process has of its own.
#[derive(Clone, Copy)]
pub enum Own {
    Network,
    Mounts,
}

/// Set in such a process.
const INSIDE: &str = "TURNERO_TEST_INSIDE";

/// Whether this process has it. If not, runs the test `name` in a process that has it. Where the system forbids that,
/// the test is left out, and says so.
pub fn has_its_own(own: Own, name: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let (flag, probe) = match own {
        Own::Network => ("--net", "ip link set lo up"),
        Own::Mounts => ("--mount", "mount -t tmpfs tmpfs /tmp"),
    };
    let unshare = || {
        let mut command = Command::new("unshare");
        if !getuid().is_root() {
            command.arg("--map-root-user");
        }
        command.arg(flag);
        command
    };
    let probed = unshare().args(probe.split(' ')).status();
    if !probed.is_ok_and(|status| status.success()) {
        // Directly, because the test harness hides the output of tests that pass.
        let said = format!("\nSKIPPED: {name} takes «unshare {flag}» and «{probe}»\n");
        io::stderr().write_all(said.as_bytes()).unwrap();
        return false;
    }
    let mut inside = unshare();
    inside.arg(env::current_exe().unwrap());
    inside.args([name, "--exact", "--nocapture"]);
    let status = inside.env(INSIDE, "1").status().unwrap();
    assert!(status.success(), "it failed in a process of its own");
    false
}
