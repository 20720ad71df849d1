//! How it is written what the clock has said, and what was called from each line.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::{Unreadable, line};
use crate::domain::{Called, Clock, Line, Numbering, Prefix, Timestamp};

/// What the clock has said.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct ClockRecord {
    latest: i64,
    /// When the next one began, and the last number of each service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<(i64, BTreeMap<String, u32>)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    given_behind: Vec<(String, u32)>,
    #[serde(default)]
    behind: i64,
    #[serde(default)]
    numberings: u8,
    #[serde(default)]
    days: u8,
}

impl From<&Clock> for ClockRecord {
    fn from(clock: &Clock) -> Self {
        let earlier = clock.earlier.iter().map(|numbering| {
            let last = numbering.last.iter();
            let last = last.map(|(prefix, last)| (prefix.to_string(), *last));
            (numbering.until.as_millis(), last.collect())
        });
        let given = clock.given_behind.iter();
        Self {
            latest: clock.latest.as_millis(),
            earlier: earlier.collect(),
            given_behind: given.map(|(p, number)| (p.to_string(), *number)).collect(),
            behind: clock.behind,
            numberings: clock.numberings,
            days: clock.days,
        }
    }
}

impl From<ClockRecord> for Clock {
    fn from(record: ClockRecord) -> Self {
        let earlier = record.earlier.into_iter().map(|(until, last)| Numbering {
            until: Timestamp::from_millis(until),
            last: last
                .into_iter()
                .map(|(p, last)| (Prefix::new(&p), last))
                .collect(),
        });
        let given = record.given_behind.into_iter();
        Self {
            latest: Timestamp::from_millis(record.latest),
            earlier: earlier.collect(),
            given_behind: given.map(|(p, number)| (Prefix::new(&p), number)).collect(),
            behind: record.behind,
            numberings: record.numberings,
            days: record.days,
        }
    }
}

/// The last calls of a line: a service's, or a desk's own.
#[derive(Serialize, Deserialize)]
pub(super) struct RunRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    desk: Option<String>,
    calls: Vec<(u64, bool)>,
}

pub(super) fn run_record((line, calls): (&Line, &VecDeque<Called>)) -> RunRecord {
    let (service, desk) = match line {
        Line::Service(prefix) => (Some(prefix.to_string()), None),
        Line::Desk(name) => (None, Some(name.to_string())),
    };
    RunRecord {
        service,
        desk,
        calls: calls.iter().map(|call| (call.seq, call.higher)).collect(),
    }
}

pub(super) fn run(record: RunRecord) -> Result<(Line, VecDeque<Called>), Unreadable> {
    let service = record.service.as_deref().unwrap_or_default();
    let line = line(service, record.desk.as_deref())?;
    let calls = record.calls.into_iter();
    Ok((
        line,
        calls.map(|(seq, higher)| Called { seq, higher }).collect(),
    ))
}
