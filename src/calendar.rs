//! The wall clock, and the calendar of business days.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::civil::{Date, DateTime};
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
    OfficeCalendar::new(rule).day(millis)
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
    name_of(&office_zone(rule))
}

fn name_of(zone: &TimeZone) -> Option<String> {
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

/// The reason that the office's days and times may be wrong: it has no time zone of its own, and the machine's is UTC,
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

/// The calendar of an office: for many moments, since the time zone is looked up once.
#[derive(Clone, Debug)]
pub struct OfficeCalendar {
    zone: TimeZone,
    begins_hour: u8,
}

impl OfficeCalendar {
    pub fn new(rule: &DayRule) -> Self {
        Self {
            zone: office_zone(rule),
            begins_hour: rule.begins_hour,
        }
    }

    /// The business day at `millis` since the Unix epoch.
    pub fn day(&self, millis: i64) -> Day {
        let begun = self
            .local(millis)
            .saturating_sub(i64::from(self.begins_hour).hours());
        day_of(begun.date())
    }

    /// The weekday of the business day, from 1 for Monday to 7.
    pub fn weekday(&self, millis: i64) -> i8 {
        // 1970-01-01 was a Thursday.
        let days = self.day(millis).as_epoch_days() + 3;
        i8::try_from(days.rem_euclid(7)).unwrap_or(0) + 1
    }

    /// The hour that the clock on the wall shows, 0 to 23.
    pub fn hour(&self, millis: i64) -> i8 {
        self.local(millis).hour()
    }

    /// The first moment of a business day, in milliseconds since the Unix epoch.
    pub fn begin(&self, day: Day) -> i64 {
        let date = EPOCH.saturating_add(i64::from(day.as_epoch_days()).days());
        let local = date.at(i8::try_from(self.begins_hour).unwrap_or(0), 0, 0, 0);
        let moment = self.zone.to_timestamp(local);
        moment.map_or(i64::MAX, Timestamp::as_millisecond)
    }

    /// The date and time on the wall, such as `2026-11-23 09:00:00`.
    pub fn text(&self, millis: i64) -> String {
        self.local(millis).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The IANA name of the zone.
    pub fn zone_name(&self) -> Option<String> {
        name_of(&self.zone)
    }

    fn local(&self, millis: i64) -> DateTime {
        let moment = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
        self.zone.to_datetime(moment)
    }
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
    fn a_business_day_begins_at_its_first_moment_in_every_zone_and_on_days_with_23_or_25_hours() {
        let zones = [
            "UTC",
            "Europe/Madrid",
            "America/Bogota",
            "America/New_York",
            "Australia/Lord_Howe",
        ];
        for (zone, hour) in zones
            .into_iter()
            .flat_map(|zone| (0..24).map(move |hour| (zone, hour)))
        {
            let calendar = OfficeCalendar::new(&DayRule {
                time_zone: Some(zone.into()),
                begins_hour: hour,
            });
            // 2026, with the days on which clocks change.
            for day in (20_454..20_820).map(Day::from_epoch_days) {
                let begin = calendar.begin(day);
                assert_eq!(calendar.day(begin), day, "{zone} {hour}");
                let before = day.as_epoch_days() - 1;
                assert_eq!(
                    calendar.day(begin - 1).as_epoch_days(),
                    before,
                    "{zone} {hour}"
                );
            }
        }
        let calendar = OfficeCalendar::new(&DayRule {
            time_zone: Some("Europe/Madrid".into()),
            begins_hour: 4,
        });
        // A Saturday's night belongs to the Saturday.
        let night: Timestamp = "2026-11-22T02:30:00+01:00".parse().expect("a time");
        let night = night.as_millisecond();
        assert_eq!((calendar.weekday(night), calendar.hour(night)), (6, 2));
        assert_eq!(calendar.text(night), "2026-11-22 02:30:00");
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
