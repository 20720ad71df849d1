//! Notices steps of the computer's clock: when its time and the time that has passed disagree.

use std::fs;
use std::time::{Duration, Instant};

use crate::domain::Timestamp;

/// A change of the clock by so many milliseconds is a step; smaller ones change no waiting time that
/// anybody notices.
const STEP_MS: i64 = 10_000;

/// A step of the clock by `by` milliseconds; the server has run since `since`, by the clock before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClockStep {
    pub(super) by: i64,
    pub(super) since: Timestamp,
}

/// The times of both clocks at the last look.
#[derive(Clone, Copy)]
pub(super) struct WallClock {
    wall: i64,
    monotonic: Instant,
    /// How far the time since the computer's start is ahead of `monotonic`, which stands still while it sleeps.
    asleep: Asleep,
    /// The start of the server, by the wall clock as it goes now.
    started: i64,
}

/// The monotonic clock and the time since the computer's start at the same moment; `None` where the latter is unknown.
type Asleep = Option<(Instant, Duration)>;

impl WallClock {
    /// Begins to watch a clock that shows `wall`, in milliseconds since 1970.
    pub(super) fn new(wall: i64) -> Self {
        let monotonic = Instant::now();
        Self {
            wall,
            monotonic,
            asleep: uptime().map(|uptime| (monotonic, uptime)),
            started: wall,
        }
    }

    /// The step since the last look, if there was one. The clock shows `wall` now.
    pub(super) fn step(&mut self, wall: i64) -> Option<ClockStep> {
        self.step_at(wall, Instant::now(), uptime)
    }

    fn step_at(
        &mut self,
        wall: i64,
        monotonic: Instant,
        uptime: impl Fn() -> Option<Duration>,
    ) -> Option<ClockStep> {
        let passed = millis(monotonic - self.monotonic);
        let mut by = wall - self.wall - passed;
        (self.wall, self.monotonic) = (wall, monotonic);
        if by.abs() < STEP_MS {
            return None;
        }
        // A computer that has slept is no clock that was wrong.
        if let (Some((at, before)), Some(after)) = (self.asleep, uptime()) {
            let slept = millis(after.saturating_sub(before)) - millis(monotonic - at);
            self.asleep = Some((monotonic, after));
            by -= slept.max(0);
        }
        if by.abs() < STEP_MS {
            return None;
        }
        let since = Timestamp::from_millis(self.started);
        self.started += by;
        Some(ClockStep { by, since })
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The time since the computer's start, sleep included; `None` where the system has no such file.
fn uptime() -> Option<Duration> {
    let text = fs::read_to_string("/proc/uptime").ok()?;
    let seconds = text.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const HOUR: Duration = Duration::from_secs(3_600);

    /// A clock that was first looked at a second ago, when the computer had been up for an hour.
    fn watched(now: Instant, asleep: bool) -> WallClock {
        WallClock {
            wall: 0,
            monotonic: now - SECOND,
            asleep: asleep.then(|| (now - SECOND, HOUR)),
            started: 0,
        }
    }

    #[test]
    fn a_clock_that_is_set_has_stepped_and_a_computer_that_has_slept_has_not() {
        let now = Instant::now() + HOUR;
        let up = HOUR + SECOND;
        let rows = [
            // The wall clock, the time since the computer's start, and the step.
            (1_000, Some(up), None),
            (10_900, Some(up), None),
            (3_601_000, Some(up), Some(3_600_000)),
            (-3_599_000, Some(up), Some(-3_600_000)),
            (3_601_000, Some(up + HOUR), None),
            (7_201_000, Some(up + HOUR), Some(3_600_000)),
            (3_601_000, None, Some(3_600_000)),
        ];
        for (wall, uptime, expected) in rows {
            let step = watched(now, true).step_at(wall, now, || uptime);
            assert_eq!(step.map(|step| step.by), expected, "{wall} {uptime:?}");
        }
        let unknown = watched(now, false).step_at(3_601_000, now, || Some(up + HOUR));
        assert_eq!(unknown.map(|step| step.by), Some(3_600_000));
    }

    #[test]
    fn after_a_sleep_and_a_step_only_what_is_new_counts() {
        let now = Instant::now() + HOUR;
        let mut clock = watched(now, true);
        let up = HOUR + SECOND;
        assert_eq!(clock.step_at(3_601_000, now, || Some(up + HOUR)), None);
        let later = now + SECOND;
        let step = clock.step_at(7_202_000, later, || Some(up + HOUR + SECOND));
        let since = Timestamp::from_millis(0);
        let by = 3_600_000;
        assert_eq!(step, Some(ClockStep { by, since }));
        let later = later + SECOND;
        assert_eq!(clock.step_at(7_203_000, later, || None), None);
    }
}
