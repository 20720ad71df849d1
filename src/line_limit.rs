//! Bounds how many lines the same place in the program logs, so that clients cannot fill the disk with the log.
//! Lines that are left out are counted, and the log says how many there were.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use log::{Level, Record};

/// Lines that one place may log within a [`WINDOW`]: more than anybody reads.
const MOST_LINES: u32 = 20;

const WINDOW: Duration = Duration::from_secs(1);

/// A place in the program that logs: its module and line.
type Place = (Option<&'static str>, Option<u32>);

/// The lines of one place since `begun`.
struct Window {
    begun: Instant,
    written: u32,
    left_out: Option<LeftOut>,
}

/// Lines that were left out.
#[derive(Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub level: Level,
    pub target: String,
    /// The first of them.
    line: String,
    count: u32,
}

impl Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (line, count) = (&self.line, self.count);
        write!(f, "… and {count} more such lines within a second: «{line}»")
    }
}

/// The limit. Lines of the levels debug and trace have none: whoever turns them on wants all.
#[derive(Default)]
pub struct LineLimit(Mutex<HashMap<Place, Window>>);

impl LineLimit {
    /// Whether the line is written. `now` is the time of the line.
    pub fn allows(&self, record: &Record<'_>, now: Instant) -> bool {
        if record.level() > Level::Info {
            return true;
        }
        let place = (record.module_path_static(), record.line());
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = places.entry(place).or_insert(Window {
            begun: now,
            written: 0,
            left_out: None,
        });
        if now.duration_since(window.begun) >= WINDOW && window.left_out.is_none() {
            (window.begun, window.written) = (now, 0);
        }
        if window.written < MOST_LINES {
            window.written += 1;
            return true;
        }
        let left_out = window.left_out.get_or_insert_with(|| LeftOut {
            level: record.level(),
            target: record.target().to_owned(),
            line: record.args().to_string(),
            count: 0,
        });
        left_out.count += 1;
        false
    }

    /// Takes the lines that were left out in the windows that are over at the time `now`. They begin anew.
    pub fn left_out(&self, now: Instant) -> Vec<LeftOut> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = places
            .values_mut()
            .filter(|window| now.duration_since(window.begun) >= WINDOW);
        over.filter_map(|window| {
            let left_out = window.left_out.take()?;
            (window.begun, window.written) = (now, 0);
            Some(left_out)
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_logs_some_lines_a_second_and_says_how_many_were_left_out() {
        let limit = LineLimit::default();
        let begun = Instant::now();
        let allows = |line: u32, level: Level, now: Instant| {
            let mut record = Record::builder();
            let record = record.level(level).target("t").line(Some(line));
            limit.allows(&record.args(format_args!("a line")).build(), now)
        };
        let count = |line, level, now| (0..250).filter(|_| allows(line, level, now)).count();
        assert_eq!(count(1, Level::Info, begun), 20);
        assert_eq!(count(2, Level::Debug, begun), 250);
        // Another place is not held back.
        assert_eq!(count(3, Level::Error, begun), 20);
        assert_eq!(limit.left_out(begun), []);
        let later = begun + WINDOW;
        let left_out = limit.left_out(later);
        assert_eq!(left_out.len(), 2);
        let text = left_out[0].to_string();
        assert!(
            text.contains("230 more") && text.contains("a line"),
            "{text}"
        );
        assert_eq!(limit.left_out(later), []);
        assert!(allows(1, Level::Info, later));
    }
}
