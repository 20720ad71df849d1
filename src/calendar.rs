//! The wall clock, and the calendar of business days.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::domain::{self, Day, DayRule};

/// The wall clock.
pub fn now() -> domain::Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since_epoch.map_or(0, |elapsed| elapsed.as_millis());
    domain::Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// The business day at `millis` since the Unix epoch, where the office is and when its day begins.
pub fn business_day(rule: &DayRule, millis: i64) -> Day {
    let zone = office_zone(rule);
    let now = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    let local = zone.to_datetime(now);
    let begun = local.saturating_sub(i64::from(rule.begins_hour).hours());
    day_of(begun.date())
}

/// The office's time zone: the one that is set, or the machine's.
fn office_zone(rule: &DayRule) -> TimeZone {
    // The name was checked when it was set; one that the database no longer has counts as none.
    let set = rule.time_zone.as_deref().and_then(zone);
    set.unwrap_or_else(TimeZone::system)
}

/// The names of UTC in the IANA database, and what a machine without a zone has.
const NAMES_OF_UTC: [&str; 10] = [
    "UTC",
    "UCT",
    "Universal",
    "Zulu",
    "Etc/UTC",
    "Etc/UCT",
    "Etc/Universal",
    "Etc/Zulu",
    "Etc/Unknown",
    "Etc/GMT",
];

/// The IANA name of the office's time zone, such as `Europe/Madrid`; `None` if the machine's zone has
/// no name. UTC is `UTC`, whichever of its names the machine uses.
pub fn zone_name(rule: &DayRule) -> Option<String> {
    let zone = office_zone(rule);
    let name = zone.iana_name()?;
    Some(
        if NAMES_OF_UTC.contains(&name) {
            "UTC"
        } else {
            name
        }
        .to_owned(),
    )
}

/// Why the office's days and times may be wrong: it has no time zone of its own, and the machine's is UTC,
/// as on a server that nobody has set up.
pub fn zone_problem(rule: &DayRule) -> Option<&'static str> {
    let is_missing = rule.time_zone.is_none() && zone_name(rule).as_deref() == Some("UTC");
    is_missing.then_some(
        "The computer's time zone is UTC and the office has none of its own, so numbers restart and times are shown by \
         UTC. Set the office's time zone in the settings.",
    )
}

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

fn day_of(date: Date) -> Day {
    let days = date.duration_since(EPOCH).as_hours() / 24;
    Day::from_epoch_days(i32::try_from(days).unwrap_or(0))
}

/// A business day as a date, such as `2026-11-23`.
pub fn date_text(day: Day) -> String {
    let days = i64::from(day.as_epoch_days());
    EPOCH.saturating_add(days.days()).to_string()
}

/// The business day of such a date.
pub fn date_of(text: &str) -> Option<Day> {
    text.parse().ok().map(day_of)
}

/// The time zone of that name in the IANA database, which is built in.
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_business_day_is_local_and_begins_at_the_offices_hour() {
        let day = |zone: &str, hour: u8, at: &str| {
            let rule = DayRule {
                time_zone: Some(zone.into()),
                begins_hour: hour,
            };
            let at: Timestamp = at.parse().expect("a time");
            business_day(&rule, at.as_millisecond()).as_epoch_days()
        };
        let first = day("UTC", 0, "2026-11-23T00:00:00Z");
        assert_eq!(first, 20_780);
        let rows = [
            ("UTC", 0, "2026-11-23T23:59:59Z", 0),
            ("UTC", 0, "2026-11-24T00:00:00Z", 1),
            ("UTC", 4, "2026-11-23T03:59:59Z", -1),
            ("UTC", 4, "2026-11-24T03:59:59Z", 0),
            ("Europe/Madrid", 0, "2026-11-23T22:59:59Z", 0),
            ("Europe/Madrid", 0, "2026-11-23T23:00:00Z", 1),
            ("America/Bogota", 0, "2026-11-24T04:59:59Z", 0),
            // The night on which clocks go back: 3:00 comes twice, the day begins once.
            ("Europe/Madrid", 3, "2026-10-25T00:59:59Z", -30),
            ("Europe/Madrid", 3, "2026-10-25T02:00:00Z", -29),
        ];
        for (zone, hour, at, expected) in rows {
            assert_eq!(day(zone, hour, at) - first, expected, "{zone} {hour} {at}");
        }
    }

    #[test]
    fn a_business_day_is_written_as_a_date_and_read_again() {
        for (days, text) in [
            (20_780, "2026-11-23"),
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
        ] {
            let day = Day::from_epoch_days(days);
            assert_eq!(date_text(day), text);
            assert_eq!(date_of(text), Some(day));
        }
        for bad in ["", "2026-13-01", "yesterday", "20780"] {
            assert_eq!(date_of(bad), None, "{bad}");
        }
    }
}
