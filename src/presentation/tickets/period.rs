//! The fields `from` and `to` of a query: business days, both included.

use super::fields::Fields;
use crate::calendar::{OfficeCalendar, date_of, date_text, now};
use crate::domain::Day;
use crate::presentation::http::problem::Problem;

/// Business days from `from` up to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub from: Day,
    pub to: Day,
}

impl Period {
    /// Reads the fields. Without `to` it is one day, without both it is today.
    pub fn read(fields: &mut Fields, calendar: &OfficeCalendar) -> Result<Self, Problem> {
        let mut day = |name| match fields.text(name)? {
            None => Ok(None),
            Some(text) => date_of(&text).map(Some).ok_or_else(|| {
                Problem::invalid(name, format!("«{text}» is no date such as 2026-11-23"))
            }),
        };
        let (from, to) = (day("from")?, day("to")?);
        let today = || calendar.day(now().as_millis());
        let to = to.or(from).unwrap_or_else(today);
        let from = from.unwrap_or(to);
        if from > to {
            let (from, to) = (date_text(from), date_text(to));
            return Err(Problem::invalid("to", format!("{to} is before {from}")));
        }
        Ok(Self { from, to })
    }

    /// Start and end of the days, in milliseconds since the Unix epoch; the end is not included.
    pub fn millis(self, calendar: &OfficeCalendar) -> (i64, i64) {
        let next = Day::from_epoch_days(self.to.as_epoch_days() + 1);
        (calendar.begin(self.from), calendar.begin(next))
    }
}
