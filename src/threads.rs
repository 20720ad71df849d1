//! Threads with names, started in one place.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::thread::{self, JoinHandle};

/// Address space for a thread's stack. An overflow ends the whole process, so it is generous: only
/// touched pages are resident, and thousands of these fit into a 64-bit address space many times.
const STACK_BYTES: usize = 1024 * 1024;

/// Starts a thread that the program cannot do without. A panic in it ends the process with a
/// message: a service manager's restart loses nothing, a server that only looks alive does.
pub fn spawn_vital(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let label = name.to_owned();
    thread::Builder::new()
        .name(name.to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            if catch_unwind(AssertUnwindSafe(body)).is_err() {
                log::error!("Thread «{label}» has panicked; the program ends");
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
        .stack_size(STACK_BYTES)
        .spawn(body)
}
