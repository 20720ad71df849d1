//! How many of a higher weight than the lowest were called in a row, from whichever lines a desk
//! chooses between.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::ticket::Line;

/// The largest bound on priority tickets in a row that can be set.
pub const MOST_IN_A_ROW: u32 = 100;

/// Calls of a line that are remembered: a bound can be reached, and the calls of the last seconds
/// can be taken back.
pub(super) const CALLS_OF_A_LINE: usize = MOST_IN_A_ROW as usize + 28;

/// One call of somebody who waited in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Called {
    /// The event that it was.
    pub seq: u64,
    /// Whether its weight was higher than the lowest.
    pub higher: bool,
}

/// The last calls of each line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Runs {
    #[serde(with = "by_line")]
    lines: BTreeMap<Line, VecDeque<Called>>,
}

impl Runs {
    /// Somebody who waited in that line was called.
    pub(super) fn add(&mut self, line: &Line, called: Called) {
        let calls = match self.lines.get_mut(line) {
            Some(calls) => calls,
            None => self.lines.entry(line.clone()).or_default(),
        };
        calls.push_back(called);
        if calls.len() > CALLS_OF_A_LINE {
            calls.pop_front();
        }
    }

    /// That call did not happen.
    pub(super) fn take_back(&mut self, line: &Line, seq: u64) {
        if let Some(calls) = self.lines.get_mut(line) {
            calls.retain(|call| call.seq != seq);
            if calls.is_empty() {
                self.lines.remove(line);
            }
        }
    }

    /// The line is no more.
    pub(super) fn forget(&mut self, line: &Line) {
        self.lines.remove(line);
    }

    /// How many of a higher weight were called from these lines since the last of the lowest.
    pub(super) fn in_a_row<'a>(&self, lines: impl Iterator<Item = &'a Line> + Clone) -> u32 {
        let calls = lines.filter_map(|line| self.lines.get(line));
        let lowest = |calls: &VecDeque<Called>| {
            let mut newest_first = calls.iter().rev();
            newest_first.find(|call| !call.higher).map(|call| call.seq)
        };
        let last = calls.clone().filter_map(lowest).max();
        let since = |calls: &VecDeque<Called>| {
            let newest_first = calls.iter().rev();
            newest_first
                .take_while(|call| Some(call.seq) > last)
                .count()
        };
        let run: usize = calls.map(since).sum();
        u32::try_from(run).unwrap_or(u32::MAX)
    }

    /// What of it still counts: of each line the last call of the lowest weight and those since.
    pub(super) fn that_count(&self) -> Self {
        let lines = self.lines.iter().map(|(line, calls)| {
            let last = calls.iter().rposition(|call| !call.higher).unwrap_or(0);
            (line.clone(), calls.range(last..).copied().collect())
        });
        lines.collect()
    }

    /// The lines with their calls, oldest first.
    pub fn lines(&self) -> impl Iterator<Item = (&Line, &VecDeque<Called>)> {
        self.lines.iter()
    }
}

/// The calls of each line as pairs: keys of JSON are texts, and a line is not one.
mod by_line {
    use std::collections::{BTreeMap, VecDeque};

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Called, Line};

    type Lines = BTreeMap<Line, VecDeque<Called>>;

    pub fn serialize<S: Serializer>(lines: &Lines, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(lines)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Lines, D::Error> {
        let pairs = Vec::<(Line, VecDeque<Called>)>::deserialize(deserializer)?;
        Ok(pairs.into_iter().collect())
    }
}

impl FromIterator<(Line, VecDeque<Called>)> for Runs {
    fn from_iter<I: IntoIterator<Item = (Line, VecDeque<Called>)>>(lines: I) -> Self {
        Self {
            lines: lines.into_iter().collect(),
        }
    }
}
