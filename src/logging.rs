//! The log, on standard error. simple_logger panics if it cannot write (a full disk, a closed pipe);
//! such a panic must not end the thread that logs.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use log::{LevelFilter, Log, Metadata, Record, SetLoggerError};
use simple_logger::SimpleLogger;

struct PanicSafeLogger(SimpleLogger);

impl Log for PanicSafeLogger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        // The line is lost; there is no other place to write it.
        let _ = catch_unwind(AssertUnwindSafe(|| self.0.log(record)));
    }

    fn flush(&self) {
        self.0.flush();
    }
}

/// Writes a line that must be seen: as a warning, or directly if the log is off.
pub fn say(line: &str) {
    if log::log_enabled!(target: "turnero", log::Level::Warn) {
        log::warn!(target: "turnero", "{line}");
    } else {
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

/// Starts the log. The level is `info`, or the value of `RUST_LOG`.
pub fn start() -> Result<(), SetLoggerError> {
    let logger = SimpleLogger::new().with_level(LevelFilter::Info).env();
    let logger = logger.with_utc_timestamps();
    log::set_max_level(logger.max_level());
    log::set_boxed_logger(Box::new(PanicSafeLogger(logger)))
}
