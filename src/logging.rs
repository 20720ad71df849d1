//! The log, to standard error. A log that cannot be written (a full disk, a pipe whose reader has
//! gone) must not end what it reports on, and the logger underneath panics there.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use log::{LevelFilter, Log, Metadata, Record, SetLoggerError};
use simple_logger::SimpleLogger;

struct Careful(SimpleLogger);

impl Log for Careful {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        // What cannot be said is lost; there is nowhere else to say it.
        let _ = catch_unwind(AssertUnwindSafe(|| self.0.log(record)));
    }

    fn flush(&self) {
        self.0.flush();
    }
}

/// Says what is not said again: as a warning, and where the log is to hold none, beside it.
pub fn say(line: &str) {
    if log::log_enabled!(target: "turnero", log::Level::Warn) {
        log::warn!(target: "turnero", "{line}");
    } else {
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

/// Starts the log, once: `info` and above, unless `RUST_LOG` says otherwise.
pub fn start() -> Result<(), SetLoggerError> {
    let logger = SimpleLogger::new().with_level(LevelFilter::Info).env();
    let logger = logger.with_utc_timestamps();
    log::set_max_level(logger.max_level());
    log::set_boxed_logger(Box::new(Careful(logger)))
}
