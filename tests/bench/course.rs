//! The course's stack, brought to a directory of its own: its files are part of this program, and its
//! packages are installed outside the source tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SERVER: &str = include_str!("course/server.js");
const PACKAGE: &str = include_str!("course/package.json");
const LOCK: &str = include_str!("course/package-lock.json");

/// Written last, so that an interrupted installation is done again.
const INSTALLED: &str = "installed-from-lock.json";

/// Gives the path of `server.js`, or the reason why there is nothing to compare with.
pub fn install(base: &Path) -> Result<PathBuf, String> {
    run(Command::new("node").arg("--version"))?;
    let dir = base.join("course-stack");
    let write = |name: &str, text: &str| {
        fs::write(dir.join(name), text).map_err(|error| format!("{name}: {error}"))
    };
    fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    write("server.js", SERVER)?;
    if fs::read_to_string(dir.join(INSTALLED)).ok().as_deref() != Some(LOCK) {
        write("package.json", PACKAGE)?;
        write("package-lock.json", LOCK)?;
        eprintln!("installing the course's stack (npm ci) …");
        run(Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(&dir))?;
        write(INSTALLED, LOCK)?;
    }
    Ok(dir.join("server.js"))
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    Err(format!("{name}: {}", last.unwrap_or("it failed")))
}
