//! The settings of an office.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::printing::Printing;
use super::text_form::names;
use super::time::DayRule;

/// The only priority that an office has until it sets up others.
pub const NORMAL_PRIORITY: &str = "normal";

/// How urgent tickets can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Priority {
    /// Its name in programs: `normal`.
    pub name: Arc<str>,
    /// Its names for people, by language.
    pub names: Arc<BTreeMap<String, String>>,
    /// How many times faster its seconds of waiting count.
    pub weight: u32,
}

/// The rule that picks among the tickets at the head of their lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallingRule {
    /// The most seconds waited × weight: priority matters, and nobody starves. With equal weights it
    /// is the order of arrival.
    #[default]
    Weighted,
    /// The largest weight, however long others wait.
    Strict,
}

names!(CallingRule {
    Weighted => "weighted",
    Strict => "strict",
});

/// How the office wants its screens to look and speak; the queue does not depend on any of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Appearance {
    /// The languages that a kiosk offers and that calls are spoken in, in this order; none means all
    /// at the kiosk, and calls in the office's own.
    pub languages: Vec<String>,
    /// A message that the public screen shows.
    pub message: Option<String>,
    /// The office's own colour, `#rrggbb`.
    pub accent: Option<String>,
    /// Its logo, a `data:` URL of an image.
    pub logo: Option<String>,
    /// Whether the kiosk prints each ticket through its browser.
    pub print_tickets: bool,
    /// Other sites whose pages may show a screen of this office inside them, as origins.
    pub frame_ancestors: Vec<String>,
}

/// How the public screen sounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Sound {
    /// Whether a chime announces each call.
    pub chime: bool,
    /// Whether each call is spoken.
    pub voice: bool,
    /// Of chime and voice, in percent.
    pub volume: u8,
    /// Of the voice, in percent of its usual speed.
    pub voice_speed: u8,
    /// The voice that a browser is to use, by language; without one it chooses.
    pub voices: BTreeMap<String, String>,
}

impl Default for Sound {
    fn default() -> Self {
        Self {
            chime: true,
            voice: true,
            volume: 100,
            voice_speed: 100,
            voices: BTreeMap::new(),
        }
    }
}

/// The settings of an office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Settings {
    /// The office's own name, shown on its screens.
    pub name: Arc<str>,
    /// The language of screens whose browsers ask for no available language, such as `es`.
    pub language: Arc<str>,
    /// Its time zone in the IANA database, such as `Europe/Madrid`; `None` is the machine's.
    pub time_zone: Option<Arc<str>>,
    /// The hour at which a business day begins, 0 to 23: 4 for places that are open at midnight.
    pub day_begins_hour: u8,
    /// A new ticket has the first, if its request names none.
    pub priorities: Arc<[Priority]>,
    pub rule: CallingRule,
    /// After so many tickets of a higher weight one of the lowest goes first, where one waits.
    pub most_priority_in_a_row: Option<u32>,
    /// Whether those who still wait when a day begins go on waiting, as in an emergency room.
    pub keep_waiting: bool,
    /// Whether only admins choose the services of a desk.
    pub admins_choose_services: bool,
    /// How many tickets may wait at a time; past it no ticket is created.
    pub most_waiting: Option<u32>,
    /// How many days the audit log and the notes of tickets that are over are kept; `None` is the server's
    /// `--keep-days`.
    pub keep_days: Option<u32>,
    /// The word before a desk's number, by language: `Mesa`, `Counter`. A language without one has the
    /// screens' own word.
    pub desk_words: Arc<BTreeMap<String, String>>,
    /// Whether statistics and files of tickets say who served, where people sign in by name.
    pub statistics_by_person: bool,
    pub appearance: Arc<Appearance>,
    pub sound: Arc<Sound>,
    pub printing: Arc<Printing>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "Turnero".into(),
            language: "es".into(),
            time_zone: None,
            day_begins_hour: 0,
            priorities: Arc::new([Priority {
                name: NORMAL_PRIORITY.into(),
                names: Arc::default(),
                weight: 1,
            }]),
            rule: CallingRule::default(),
            most_priority_in_a_row: None,
            keep_waiting: false,
            admins_choose_services: false,
            most_waiting: None,
            keep_days: None,
            desk_words: Arc::default(),
            statistics_by_person: false,
            appearance: Arc::default(),
            sound: Arc::default(),
            printing: Arc::default(),
        }
    }
}

impl Settings {
    /// The rule that says when its days begin.
    pub fn day_rule(&self) -> DayRule {
        DayRule {
            time_zone: self.time_zone.clone(),
            begins_hour: self.day_begins_hour,
        }
    }

    /// The weight of a priority; one that is no longer set up counts as 1.
    pub fn weight(&self, priority: &str) -> u32 {
        let known = self.priorities.iter().find(|p| &*p.name == priority);
        known.map_or(1, |priority| priority.weight)
    }

    /// The lowest weight there is.
    pub fn lowest_weight(&self) -> u32 {
        self.priorities.iter().map(|p| p.weight).min().unwrap_or(1)
    }
}
