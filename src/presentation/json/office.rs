//! The office and its settings in JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::calendar;
use crate::domain::{Printing, Priority, Settings, Sound};
use crate::presentation::http::answer::tag;

/// The office in JSON for every screen.
#[derive(Debug, Serialize)]
pub struct OfficeJson<'a> {
    name: &'a str,
    language: &'a str,
    /// The IANA name of the office's time zone; omitted if the machine's zone has no name.
    #[serde(rename = "timeZone", skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    /// The priorities that a kiosk offers; omitted if there is only one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    priorities: Vec<PriorityJson<'a>>,
    /// The office's languages; omitted if none are set.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    languages: &'a [String],
    /// The word before a desk's number, by language; omitted if it is the screens' own word.
    #[serde(rename = "deskWords", skip_serializing_if = "BTreeMap::is_empty")]
    desk_words: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accent: Option<&'a str>,
    /// Address of the logo, relative to the page; it changes with the logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<String>,
    /// Whether the kiosk prints through its browser; omitted if not.
    #[serde(rename = "printTickets", skip_serializing_if = "std::ops::Not::not")]
    print_tickets: bool,
    /// How calls sound; omitted if as usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    sound: Option<&'a Sound>,
    /// Whether only admins choose the services of a desk; omitted if not.
    #[serde(
        rename = "adminsChooseServices",
        skip_serializing_if = "std::ops::Not::not"
    )]
    admins_choose_services: bool,
}

/// A priority in JSON.
#[derive(Debug, Serialize)]
pub struct PriorityJson<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    names: &'a BTreeMap<String, String>,
    weight: u32,
}

impl<'a> From<&'a Priority> for PriorityJson<'a> {
    fn from(priority: &'a Priority) -> Self {
        Self {
            name: &priority.name,
            names: &priority.names,
            weight: priority.weight,
        }
    }
}

impl<'a> From<&'a Settings> for OfficeJson<'a> {
    fn from(settings: &'a Settings) -> Self {
        Self {
            name: &settings.name,
            language: &settings.language,
            time_zone: calendar::zone_name(&settings.day_rule()),
            priorities: match settings.priorities.as_ref() {
                [_] => Vec::new(),
                several => several.iter().map(PriorityJson::from).collect(),
            },
            languages: &settings.appearance.languages,
            desk_words: &settings.desk_words,
            message: settings.appearance.message.as_deref(),
            accent: settings.appearance.accent.as_deref(),
            logo: settings.appearance.logo.as_deref().map(logo_address),
            print_tickets: settings.appearance.print_tickets,
            sound: (*settings.sound != Sound::default()).then_some(&*settings.sound),
            admins_choose_services: settings.admins_choose_services,
        }
    }
}

/// The office's settings, in JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsJson<'a> {
    name: &'a str,
    language: &'a str,
    time_zone: Option<&'a str>,
    day_begins_hour: u8,
    keep_waiting: bool,
    admins_choose_services: bool,
    priorities: Vec<PriorityJson<'a>>,
    rule: &'static str,
    most_priority_in_a_row: Option<u32>,
    most_waiting: Option<u32>,
    keep_days: Option<u32>,
    desk_words: &'a BTreeMap<String, String>,
    statistics_by_person: bool,
    languages: &'a [String],
    message: Option<&'a str>,
    accent: Option<&'a str>,
    logo: Option<&'a str>,
    print_tickets: bool,
    frame_ancestors: &'a [String],
    #[serde(flatten)]
    sound: &'a Sound,
    #[serde(flatten)]
    printing: &'a Printing,
}

impl<'a> From<&'a Settings> for SettingsJson<'a> {
    fn from(settings: &'a Settings) -> Self {
        Self {
            name: &settings.name,
            language: &settings.language,
            time_zone: settings.time_zone.as_deref(),
            day_begins_hour: settings.day_begins_hour,
            keep_waiting: settings.keep_waiting,
            admins_choose_services: settings.admins_choose_services,
            priorities: settings.priorities.iter().map(PriorityJson::from).collect(),
            rule: settings.rule.as_str(),
            most_priority_in_a_row: settings.most_priority_in_a_row,
            most_waiting: settings.most_waiting,
            keep_days: settings.keep_days,
            desk_words: &settings.desk_words,
            statistics_by_person: settings.statistics_by_person,
            languages: &settings.appearance.languages,
            message: settings.appearance.message.as_deref(),
            accent: settings.appearance.accent.as_deref(),
            logo: settings.appearance.logo.as_deref(),
            print_tickets: settings.appearance.print_tickets,
            frame_ancestors: &settings.appearance.frame_ancestors,
            sound: &settings.sound,
            printing: &settings.printing,
        }
    }
}

/// The logo's address with a hash of its content, so that browsers may cache it for ever.
fn logo_address(logo: &str) -> String {
    format!("logo?v={:08x}", tag(logo.as_bytes()) as u32)
}
