//! How events and snapshots are written: structs of their own, so that the domain can change its
//! shape without making old files unreadable. Here is what both have in common.
//!
//! A field that is new must have a default; a name that is here stays.

mod event;
mod snapshot;
mod trail;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Appearance, DeskName, Line, NORMAL_PRIORITY, Prefix, Priority, Rule, ScreenId, ServiceSetup,
    Settings, TicketId,
};

pub use event::{read_event, write_event};
pub use snapshot::{read_queue, write_queue};

/// Why a record could not be read.
type Unreadable = String;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct SettingsRecord {
    name: Option<String>,
    language: Option<String>,
    time_zone: Option<String>,
    day_begins_hour: Option<u8>,
    keep_waiting: Option<bool>,
    priorities: Option<Vec<PriorityRecord>>,
    rule: Option<String>,
    most_priority_in_a_row: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    most_waiting: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    appearance: Option<AppearanceRecord>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct AppearanceRecord {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    languages: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<String>,
    print_tickets: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    frame_ancestors: Vec<String>,
}

impl From<&Appearance> for AppearanceRecord {
    fn from(appearance: &Appearance) -> Self {
        let Appearance {
            languages,
            message,
            accent,
            logo,
            print_tickets,
            frame_ancestors,
        } = appearance.clone();
        Self {
            languages,
            message,
            accent,
            logo,
            print_tickets,
            frame_ancestors,
        }
    }
}

impl From<AppearanceRecord> for Appearance {
    fn from(record: AppearanceRecord) -> Self {
        let AppearanceRecord {
            languages,
            message,
            accent,
            logo,
            print_tickets,
            frame_ancestors,
        } = record;
        Self {
            languages,
            message,
            accent,
            logo,
            print_tickets,
            frame_ancestors,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct PriorityRecord {
    name: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    names: BTreeMap<String, String>,
    weight: u32,
}

impl From<&Settings> for SettingsRecord {
    fn from(settings: &Settings) -> Self {
        Self {
            name: Some(settings.name.to_string()),
            language: Some(settings.language.to_string()),
            time_zone: settings.time_zone.as_ref().map(ToString::to_string),
            day_begins_hour: Some(settings.day_begins_hour),
            keep_waiting: Some(settings.keep_waiting),
            priorities: Some(settings.priorities.iter().map(priority_record).collect()),
            rule: Some(settings.rule.as_str().to_owned()),
            most_priority_in_a_row: settings.most_priority_in_a_row,
            most_waiting: settings.most_waiting,
            appearance: Some(AppearanceRecord::from(&*settings.appearance)),
        }
    }
}

impl From<SettingsRecord> for Settings {
    /// What an older program did not write is as it was there: the default.
    fn from(record: SettingsRecord) -> Self {
        let default = Self::default();
        Self {
            name: record.name.map_or(default.name, Arc::from),
            language: record.language.map_or(default.language, Arc::from),
            time_zone: record.time_zone.map(Arc::from),
            day_begins_hour: record.day_begins_hour.unwrap_or(default.day_begins_hour),
            keep_waiting: record.keep_waiting.unwrap_or(default.keep_waiting),
            priorities: match record.priorities {
                Some(priorities) => priorities.into_iter().map(priority).collect(),
                None => default.priorities,
            },
            rule: record
                .rule
                .and_then(|word| Rule::parse(&word))
                .unwrap_or(default.rule),
            most_priority_in_a_row: record.most_priority_in_a_row,
            most_waiting: record.most_waiting,
            appearance: record
                .appearance
                .map_or(default.appearance, |a| Arc::new(a.into())),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct SetupRecord {
    name: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    names: BTreeMap<String, String>,
    #[serde(default)]
    first: Option<u32>,
    #[serde(default)]
    last: Option<u32>,
    #[serde(default = "one_digit", skip_serializing_if = "is_one_digit")]
    digits: u8,
    #[serde(default)]
    closed: bool,
    #[serde(default)]
    message: Option<String>,
}

impl From<&ServiceSetup> for SetupRecord {
    fn from(setup: &ServiceSetup) -> Self {
        Self {
            name: setup.name.to_string(),
            names: setup.names.as_ref().clone(),
            first: Some(setup.first),
            last: setup.last,
            digits: setup.digits,
            closed: !setup.open,
            message: setup.message.as_ref().map(ToString::to_string),
        }
    }
}

impl From<SetupRecord> for ServiceSetup {
    fn from(record: SetupRecord) -> Self {
        Self {
            name: record.name.into(),
            names: Arc::new(record.names),
            first: record.first.unwrap_or(1),
            last: record.last,
            digits: record.digits,
            open: !record.closed,
            message: record.message.map(Arc::from),
        }
    }
}

fn priority_record(priority: &Priority) -> PriorityRecord {
    PriorityRecord {
        name: priority.name.to_string(),
        names: priority.names.as_ref().clone(),
        weight: priority.weight,
    }
}

fn priority(record: PriorityRecord) -> Priority {
    Priority {
        name: record.name.into(),
        names: Arc::new(record.names),
        weight: record.weight,
    }
}

fn normal() -> String {
    NORMAL_PRIORITY.to_owned()
}

fn is_normal(priority: &str) -> bool {
    priority == NORMAL_PRIORITY
}

fn one_digit() -> u8 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_one_digit(digits: &u8) -> bool {
    *digits == 1
}

fn own_desk(line: &Line) -> Option<String> {
    match line {
        Line::Service(_) => None,
        Line::Desk(name) => Some(name.to_string()),
    }
}

fn line(service: &str, own_desk: Option<&str>) -> Result<Line, Unreadable> {
    Ok(match own_desk {
        None => Line::Service(Prefix::new(service)),
        Some(name) => Line::Desk(DeskName::parse(name)?),
    })
}

fn ticket_id(text: &str) -> Result<TicketId, Unreadable> {
    TicketId::parse(text).ok_or_else(|| format!("«{text}» is no ticket id"))
}

fn screen_id(text: &str) -> Result<ScreenId, Unreadable> {
    ScreenId::parse(text).ok_or_else(|| format!("«{text}» is no screen's id"))
}
