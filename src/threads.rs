//! Threads with names, started in one place.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::thread::{self, JoinHandle};

/// Address space for a thread's stack. Only touched pages are resident; the deepest call here
/// (JSON of a large queue, SQLite) stays under 100 kB.
const STACK_BYTES: usize = 512 * 1024;

/// Address space for a connection's thread: there are thousands, and it calls neither SQLite nor
/// anything recursive but a JSON parser with a bounded depth.
const CONNECTION_STACK_BYTES: usize = 256 * 1024;

/// Starts a thread that the program cannot do without. A panic in it ends the process with a
/// message: a service manager's restart loses nothing, a server that only looks alive does.
pub fn spawn_vital(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let label = name.to_owned();
    thread::Builder::new()
        .name(name.to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            if catch_unwind(AssertUnwindSafe(body)).is_err() {
                log::error!("Thread «{label}» has failed, and the program cannot go on without it");
                process::exit(1);
            }
        })
}

/// Starts the thread of one connection. A panic in it ends that connection only.
pub fn spawn_connection(
    number: u64,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    thread::Builder::new()
        .name(format!("conn-{number}"))
        .stack_size(CONNECTION_STACK_BYTES)
        .spawn(body)
}
