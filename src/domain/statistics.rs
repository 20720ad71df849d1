//! Statistics of tickets: how many are in each state, and how long they waited and were served.
//! `docs/lexicon.md` defines each number.

use super::history::TicketRow;
use super::ticket::State;

/// Statistics of some tickets. Each is in exactly one of the counts by state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    pub arrived: u64,
    pub waiting: u64,
    pub serving: u64,
    pub held: u64,
    pub served: u64,
    pub no_shows: u64,
    pub left: u64,
    pub transfers: u64,
    /// Of those that are served, were served, or are on hold: time in queues.
    pub waits: Durations,
    /// How many of these waits are within the target.
    pub within_target: u64,
    /// Of those that were served: time at desks.
    pub handling: Durations,
    /// Of those that wait: time since they entered the queue.
    pub waiting_now: Durations,
}

/// Lengths of time, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations(Vec<i64>);

/// A summary of lengths of time, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    pub count: u64,
    pub mean: u64,
    pub median: u64,
    pub p90: u64,
    pub longest: u64,
}

impl Durations {
    fn add(&mut self, millis: i64) {
        // From a clock that was set back while the server was stopped.
        if millis >= 0 {
            self.0.push(millis);
        }
    }

    /// Their summary; `None` if there are none. A percentile is the smallest length that so many
    /// percent do not exceed.
    pub fn summary(&self) -> Option<Summary> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let longest = *sorted.last()?;
        let percentile = |percent: usize| sorted[(sorted.len() * percent).div_ceil(100) - 1];
        let sum: i64 = sorted.iter().sum();
        let count = sorted.len();
        let seconds = |millis: i64| u64::try_from(millis / 1_000).unwrap_or(0);
        Some(Summary {
            count: count as u64,
            mean: seconds(sum / i64::try_from(count).unwrap_or(i64::MAX)),
            median: seconds(percentile(50)),
            p90: seconds(percentile(90)),
            longest: seconds(longest),
        })
    }
}

impl Statistics {
    /// Adds a ticket as it is at the time `now`. `target` is how long its service may let visitors
    /// wait. Both are in milliseconds.
    pub fn add(&mut self, row: &TicketRow, target: i64, now: i64) {
        self.arrived += 1;
        self.transfers += u64::from(row.transfers);
        let count = match row.state {
            State::Waiting => &mut self.waiting,
            State::Serving => &mut self.serving,
            State::Held => &mut self.held,
            State::Done => &mut self.served,
            State::NoShow => &mut self.no_shows,
            State::Cancelled => &mut self.left,
        };
        *count += 1;
        if row.state == State::Waiting {
            self.waiting_now.add(now - row.since.as_millis());
        }
        let has_come = matches!(row.state, State::Serving | State::Held | State::Done);
        if let Some(waited) = row.waited_ms.filter(|_| has_come) {
            self.waits.add(waited);
            self.within_target += u64::from(waited <= target);
        }
        if let Some(served) = row.served_ms.filter(|_| row.state == State::Done) {
            self.handling.add(served);
        }
    }

    /// The share of those who left or did not show up; `None` if nobody arrived.
    pub fn drop_off(&self) -> Option<f64> {
        share(self.left + self.no_shows, self.arrived)
    }

    /// The share of waits within the target; `None` if there are no waits.
    pub fn service_level(&self) -> Option<f64> {
        share(self.within_target, self.waits.0.len() as u64)
    }
}

/// A share with four digits.
fn share(part: u64, all: u64) -> Option<f64> {
    let round = |share: f64| (share * 10_000.0).round() / 10_000.0;
    (all > 0).then(|| round(part as f64 / all as f64))
}
