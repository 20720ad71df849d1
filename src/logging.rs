//! The log, on standard error: plain text, or JSON (`--log-format json`). Under systemd each line begins with its
//! level, as the journal reads it, and has no time, which the journal has.
//!
//! simple_logger panics if it cannot write (a full disk, a closed pipe); such a panic must not end the thread
//! that logs.

use std::fmt::Display;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use log::{Level, LevelFilter, Log, Metadata, Record, SetLoggerError};
use serde::Serialize;
use simple_logger::SimpleLogger;

use crate::line_limit::LineLimit;

/// The form of the log's lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// How a line is written.
enum Form {
    Text(SimpleLogger),
    Json,
    Journal,
}

struct Logger {
    level: LevelFilter,
    form: Form,
    limit: LineLimit,
}

impl Logger {
    fn write(&self, record: &Record<'_>) {
        // If the line cannot be written, there is no other place for it.
        let line = match &self.form {
            Form::Text(logger) => {
                let _ = catch_unwind(AssertUnwindSafe(|| logger.log(record)));
                return;
            }
            Form::Journal => journal_lines(record.level(), record.args()),
            Form::Json => json_line(record.level(), record.target(), record.args()),
        };
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    level: &'a str,
    target: &'a str,
    message: String,
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Any stranger makes rustls warn.
        let is_foreign = metadata.target().starts_with("rustls");
        let level = metadata.level();
        level <= self.level && !(is_foreign && self.level < Level::Debug)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let now = Instant::now();
        for left_out in self.limit.left_out(now) {
            let (level, target) = (left_out.level, &left_out.target);
            let mut record = Record::builder();
            let record = record.level(level).target(target);
            self.write(&record.args(format_args!("{left_out}")).build());
        }
        if self.limit.allows(record, now) {
            self.write(record);
        }
    }

    fn flush(&self) {}
}

/// The journal makes an entry of each line.
fn journal_lines(level: Level, message: &impl Display) -> String {
    let message = message.to_string();
    let lines = message.lines();
    lines
        .map(|line| format!("<{}>{line}\n", priority(level)))
        .collect()
}

fn json_line(level: Level, target: &str, message: &impl Display) -> String {
    let line = Line {
        time: format!("{:.3}", jiff::Timestamp::now()),
        level: level.as_str(),
        target,
        message: message.to_string(),
    };
    let json = serde_json::to_string(&line).expect("texts are always JSON");
    format!("{json}\n")
}

/// The level in the terms of syslog, as `sd-daemon(3)` has them.
fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

/// Whether standard error leads to the journal: `JOURNAL_STREAM` has its device and inode.
fn is_journal(variable: Option<&str>, error: impl AsFd) -> bool {
    let Ok(about) = rustix::fs::fstat(error) else {
        return false;
    };
    variable == Some(&format!("{}:{}", about.st_dev, about.st_ino))
}

/// Writes a line that must be seen: as a warning, or directly if the log is off.
pub fn say(line: &str) {
    if log::log_enabled!(target: "turnero", log::Level::Warn) {
        log::warn!(target: "turnero", "{line}");
    } else {
        let _ = writeln!(io::stderr(), "{line}");
    }
}

/// Starts the log. The level is `info`, or the value of `RUST_LOG`.
pub fn start(format: LogFormat) -> Result<(), SetLoggerError> {
    let logger = SimpleLogger::new().with_level(LevelFilter::Info).env();
    let level = logger.max_level();
    let journal = std::env::var("JOURNAL_STREAM").ok();
    let form = match format {
        LogFormat::Json => Form::Json,
        LogFormat::Text if is_journal(journal.as_deref(), io::stderr()) => Form::Journal,
        LogFormat::Text => Form::Text(logger.with_utc_timestamps()),
    };
    log::set_max_level(level);
    log::set_boxed_logger(Box::new(Logger {
        level,
        form,
        limit: LineLimit::default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_form_of_where_it_goes() {
        assert_eq!(journal_lines(Level::Error, &"one\ntwo"), "<3>one\n<3>two\n");
        assert_eq!(journal_lines(Level::Info, &"one"), "<6>one\n");
        let json = json_line(Level::Info, "turnero", &"«a»\n\"b\"");
        assert_eq!(json.lines().count(), 1);
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(json["message"], "«a»\n\"b\"");
        assert_eq!(json["level"], "INFO");
    }

    #[test]
    fn the_journal_is_known_by_its_device_and_inode() {
        let file = std::fs::File::open("/dev/null").expect("there");
        let about = rustix::fs::fstat(&file).expect("open");
        let variable = format!("{}:{}", about.st_dev, about.st_ino);
        assert!(is_journal(Some(&variable), &file));
        assert!(!is_journal(Some("1:2"), &file));
        assert!(!is_journal(None, &file));
    }
}
