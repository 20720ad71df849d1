//! Consecutive high-priority calls per waiting list, for the limit on them.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::ticket::WaitingList;

/// The largest bound on priority tickets in a row that can be set.
pub const MOST_IN_A_ROW: u32 = 100;

/// Calls of a list that are remembered: the limit can be reached, and the calls of the last seconds
/// can be undone.
pub(super) const CALLS_PER_LIST: usize = MOST_IN_A_ROW as usize + 28;

/// One call from a waiting list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StreakCall {
    /// The event that it was.
    pub seq: u64,
    /// Whether its weight was higher than the lowest.
    pub higher: bool,
}

/// The last calls from each waiting list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PriorityStreaks {
    #[serde(with = "as_pairs")]
    lists: BTreeMap<WaitingList, VecDeque<StreakCall>>,
}

impl PriorityStreaks {
    /// Adds a call from that list.
    pub(super) fn add(&mut self, list: &WaitingList, called: StreakCall) {
        let calls = match self.lists.get_mut(list) {
            Some(calls) => calls,
            None => self.lists.entry(list.clone()).or_default(),
        };
        calls.push_back(called);
        if calls.len() > CALLS_PER_LIST {
            calls.pop_front();
        }
    }

    /// Removes a call that was undone.
    pub(super) fn remove(&mut self, list: &WaitingList, seq: u64) {
        if let Some(calls) = self.lists.get_mut(list) {
            calls.retain(|call| call.seq != seq);
            if calls.is_empty() {
                self.lists.remove(list);
            }
        }
    }

    /// Forgets a deleted list.
    pub(super) fn forget(&mut self, list: &WaitingList) {
        self.lists.remove(list);
    }

    /// How many of a higher weight were called from these lists since the last of the lowest.
    pub(super) fn in_a_row<'a>(&self, lists: impl Iterator<Item = &'a WaitingList> + Clone) -> u32 {
        let calls = lists.filter_map(|list| self.lists.get(list));
        let lowest = |calls: &VecDeque<StreakCall>| {
            let mut newest_first = calls.iter().rev();
            newest_first.find(|call| !call.higher).map(|call| call.seq)
        };
        let last = calls.clone().filter_map(lowest).max();
        let since = |calls: &VecDeque<StreakCall>| {
            let newest_first = calls.iter().rev();
            newest_first
                .take_while(|call| Some(call.seq) > last)
                .count()
        };
        let run: usize = calls.map(since).sum();
        u32::try_from(run).unwrap_or(u32::MAX)
    }

    /// The calls that still count: of each list the last call of the lowest weight and those since.
    pub(super) fn relevant(&self) -> Self {
        let lists = self.lists.iter().map(|(list, calls)| {
            let last = calls.iter().rposition(|call| !call.higher).unwrap_or(0);
            (list.clone(), calls.range(last..).copied().collect())
        });
        lists.collect()
    }

    /// Makes the numbers of all events larger by `last`.
    pub(super) fn move_after(&mut self, last: u64) {
        for call in self.lists.values_mut().flatten() {
            call.seq += last;
        }
    }

    /// The lists with their calls, oldest first.
    pub fn lists(&self) -> impl Iterator<Item = (&WaitingList, &VecDeque<StreakCall>)> {
        self.lists.iter()
    }
}

/// The calls of each list as pairs, because a key in JSON is a text and a list is not.
mod as_pairs {
    use std::collections::{BTreeMap, VecDeque};

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{StreakCall, WaitingList};

    type CallsByList = BTreeMap<WaitingList, VecDeque<StreakCall>>;

    pub fn serialize<S: Serializer>(lists: &CallsByList, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(lists)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<CallsByList, D::Error> {
        let pairs = Vec::<(WaitingList, VecDeque<StreakCall>)>::deserialize(deserializer)?;
        Ok(pairs.into_iter().collect())
    }
}

impl FromIterator<(WaitingList, VecDeque<StreakCall>)> for PriorityStreaks {
    fn from_iter<I: IntoIterator<Item = (WaitingList, VecDeque<StreakCall>)>>(lists: I) -> Self {
        Self {
            lists: lists.into_iter().collect(),
        }
    }
}
