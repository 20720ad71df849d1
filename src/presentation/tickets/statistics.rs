//! `/api/statistics`: statistics of the tickets that arrived on some business days.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;

use super::fields::Fields;
use super::period::Period;
use crate::calendar::{OfficeCalendar, date_text, now};
use crate::domain::{
    Day, DeskName, Durations, PersonId, Prefix, Queue, ServiceSetup, Statistics, Summary, TicketRow,
};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::route::{Context, Handled};
use crate::storage::HistoryQuery;

/// Over more days, statistics count as a large answer.
const MANY_DAYS: i32 = 31;

/// A property by which tickets are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dimension {
    Day,
    Hour,
    Weekday,
    Service,
    Desk,
    Priority,
    Person,
}

const DIMENSIONS: [(&str, Dimension); 7] = [
    ("day", Dimension::Day),
    ("hour", Dimension::Hour),
    ("weekday", Dimension::Weekday),
    ("service", Dimension::Service),
    ("desk", Dimension::Desk),
    ("priority", Dimension::Priority),
    ("person", Dimension::Person),
];

/// A ticket's place in one dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Day(Day),
    Hour(i8),
    Weekday(i8),
    Service(Prefix),
    /// `None`: no desk has called it.
    Desk(Option<DeskName>),
    Priority(String),
    /// `None`: nobody who signed in by name called it, or the person was removed.
    Person(Option<Arc<str>>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatisticsJson {
    from: String,
    to: String,
    /// Today's business day.
    today: String,
    /// Omitted if the machine's zone has no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    all: FiguresJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<GroupJson>>,
}

#[derive(Serialize)]
struct GroupJson {
    #[serde(flatten)]
    keys: BTreeMap<&'static str, serde_json::Value>,
    /// The service's name; omitted if it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(flatten)]
    figures: FiguresJson,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FiguresJson {
    arrived: u64,
    waiting: u64,
    serving: u64,
    held: u64,
    served: u64,
    no_shows: u64,
    left: u64,
    transfers: u64,
    drop_off: Option<f64>,
    service_level: Option<f64>,
    wait: Option<SummaryJson>,
    handling: Option<SummaryJson>,
    longest_waiting_seconds: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryJson {
    count: u64,
    mean_seconds: u64,
    median_seconds: u64,
    p90_seconds: u64,
    longest_seconds: u64,
}

impl SummaryJson {
    fn of(durations: &Durations) -> Option<Self> {
        let of = |summary: Summary| Self {
            count: summary.count,
            mean_seconds: summary.mean,
            median_seconds: summary.median,
            p90_seconds: summary.p90,
            longest_seconds: summary.longest,
        };
        durations.summary().map(of)
    }
}

impl From<&Statistics> for FiguresJson {
    fn from(statistics: &Statistics) -> Self {
        Self {
            arrived: statistics.arrived,
            waiting: statistics.waiting,
            serving: statistics.serving,
            held: statistics.held,
            served: statistics.served,
            no_shows: statistics.no_shows,
            left: statistics.left,
            transfers: statistics.transfers,
            drop_off: statistics.drop_off(),
            service_level: statistics.service_level(),
            wait: SummaryJson::of(&statistics.waits),
            handling: SummaryJson::of(&statistics.handling),
            longest_waiting_seconds: statistics.waiting_now.summary().map(|now| now.longest),
        }
    }
}

/// No zone differs from another by less since 1972. Within such a part of an hour, the day and the hour are the same.
const QUARTER_MS: i64 = 15 * 60 * 1_000;

/// A business day, hour and weekday.
#[derive(Clone, Copy)]
struct Moment {
    quarter: i64,
    day: Day,
    hour: i8,
    weekday: i8,
}

/// The parts of the office that statistics need.
struct OfficeFacts {
    calendar: OfficeCalendar,
    /// Of the last ticket: most come within the same quarter as the one before, and a calendar takes longer than
    /// all else.
    moment: Cell<Option<Moment>>,
    /// Names and targets of the services.
    services: HashMap<Prefix, (String, i64)>,
    /// Whether statistics may say who served.
    by_person: bool,
    /// Names of people.
    people: HashMap<PersonId, Arc<str>>,
}

impl OfficeFacts {
    fn of(queue: &Queue) -> Self {
        let services = queue.services().iter().map(|service| {
            let setup = &service.setup;
            let about = (setup.name.to_string(), setup.target_ms());
            (service.prefix.clone(), about)
        });
        Self {
            services: services.collect(),
            by_person: queue.settings().statistics_by_person,
            people: HashMap::new(),
            calendar: OfficeCalendar::new(&queue.settings().day_rule()),
            moment: Cell::new(None),
        }
    }

    fn target(&self, service: &Prefix) -> i64 {
        let target = self.services.get(service).map(|(_, target)| *target);
        target.unwrap_or(ServiceSetup::DEFAULT_TARGET_MS)
    }

    fn moment(&self, row: &TicketRow) -> Moment {
        let at = row.created_at.as_millis();
        let quarter = at.div_euclid(QUARTER_MS);
        let known = self.moment.get().filter(|known| known.quarter == quarter);
        let moment = known.unwrap_or_else(|| Moment {
            quarter,
            day: self.calendar.day(at),
            hour: self.calendar.hour(at),
            weekday: self.calendar.weekday(at),
        });
        self.moment.set(Some(moment));
        moment
    }

    fn key(&self, dimension: Dimension, row: &TicketRow) -> Key {
        match dimension {
            Dimension::Day => Key::Day(self.moment(row).day),
            Dimension::Hour => Key::Hour(self.moment(row).hour),
            Dimension::Weekday => Key::Weekday(self.moment(row).weekday),
            Dimension::Service => Key::Service(row.service.clone()),
            Dimension::Desk => Key::Desk(row.desk.clone()),
            Dimension::Priority => Key::Priority(row.priority.to_string()),
            Dimension::Person => {
                let name = row.person.and_then(|id| self.people.get(&id));
                Key::Person(name.cloned())
            }
        }
    }

    fn group(&self, keys: &[Key], statistics: &Statistics) -> GroupJson {
        let mut name = None;
        let keys = keys.iter().map(|key| match key {
            Key::Day(day) => ("day", date_text(*day).into()),
            Key::Hour(hour) => ("hour", (*hour).into()),
            Key::Weekday(weekday) => ("weekday", (*weekday).into()),
            Key::Service(service) => {
                name = self.services.get(service).map(|(name, _)| name.clone());
                ("service", service.as_str().into())
            }
            Key::Desk(desk) => ("desk", desk.as_ref().map(DeskName::as_str).into()),
            Key::Priority(priority) => ("priority", priority.as_str().into()),
            Key::Person(name) => ("person", name.as_deref().into()),
        });
        GroupJson {
            keys: keys.collect(),
            name,
            figures: statistics.into(),
        }
    }
}

/// `GET /api/statistics?from=&to=&by=`
pub fn show(context: &Context<'_>) -> Handled {
    let tickets = &context.office.tickets;
    let mut office = tickets.read_queue(OfficeFacts::of);
    let mut fields = Fields::of_query(context.request)?;
    let period = Period::read(&mut fields, &office.calendar)?;
    let by = fields
        .text("by")?
        .map(|text| dimensions(&text))
        .transpose()?;
    fields.finish()?;
    let is_by_person = by.iter().flatten().any(|by| *by == Dimension::Person);
    if is_by_person && !office.by_person {
        let why =
            "statistics by person are off; an admin can turn them on in the settings, under Access";
        return Err(Problem::invalid("by", why));
    }
    office.people = context.office.access.people_names();
    let days = period.to.as_epoch_days() - period.from.as_epoch_days() + 1;
    let _slot = if days > MANY_DAYS {
        let slot = context.office.large_answers.take();
        Some(slot.ok_or_else(Problem::too_many_large_answers)?)
    } else {
        None
    };
    let now = now().as_millis();
    let mut all = Statistics::default();
    let mut groups: BTreeMap<Vec<Key>, Statistics> = BTreeMap::new();
    let (begin, end) = period.millis(&office.calendar);
    let mut add = |row: TicketRow| {
        let target = office.target(&row.service);
        all.add(&row, target, now);
        if let Some(by) = &by {
            let keys = by.iter().map(|dimension| office.key(*dimension, &row));
            let group = groups.entry(keys.collect()).or_default();
            group.add(&row, target, now);
        }
    };
    tickets.read_history(&HistoryQuery::all(begin, end), &mut add)?;
    let groups = groups.iter().map(|(keys, one)| office.group(keys, one));
    let answer = StatisticsJson {
        from: date_text(period.from),
        to: date_text(period.to),
        today: date_text(office.calendar.day(now)),
        time_zone: office.calendar.zone_name(),
        all: (&all).into(),
        groups: by.is_some().then(|| groups.collect()),
    };
    Ok(Answer::json(200, &answer))
}

/// One or two names of dimensions, with a comma between.
fn dimensions(text: &str) -> Result<Vec<Dimension>, Problem> {
    let find = |name: &str| {
        let found = DIMENSIONS.iter().find(|(known, _)| *known == name.trim());
        found.map(|(_, dimension)| *dimension)
    };
    let found: Option<Vec<Dimension>> = text.split(',').map(find).collect();
    let found = found.filter(|found| matches!(found.as_slice(), [_]) || is_pair(found));
    found.ok_or_else(|| {
        let known = DIMENSIONS.map(|(name, _)| name).join(", ");
        let why = format!("«{text}» is not one or two different of: {known}");
        Problem::invalid("by", why)
    })
}

fn is_pair(found: &[Dimension]) -> bool {
    matches!(found, [one, other] if one != other)
}
