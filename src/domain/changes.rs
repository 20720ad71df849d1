//! Partial updates to services and settings.
//!
//! An update names only the fields that it changes, so two people who set up the same office at once
//! do not undo each other's work.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::printing::{PaperLogo, PrinterSetup, Printing};
use super::refusal::Refusal;
use super::service::ServiceSetup;
use super::settings::{Appearance, CallingRule, Priority, Settings, Sound};

/// An update to the office's settings; `None` keeps the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsChange {
    pub name: Option<Arc<str>>,
    pub language: Option<Arc<str>>,
    pub time_zone: Option<Option<Arc<str>>>,
    pub day_begins_hour: Option<u8>,
    pub priorities: Option<Arc<[Priority]>>,
    pub rule: Option<CallingRule>,
    pub most_priority_in_a_row: Option<Option<u32>>,
    pub keep_waiting: Option<bool>,
    pub admins_choose_services: Option<bool>,
    pub most_waiting: Option<Option<u32>>,
    pub keep_days: Option<Option<u32>>,
    pub desk_words: Option<Arc<BTreeMap<String, String>>>,
    pub statistics_by_person: Option<bool>,
    pub appearance: AppearanceChange,
    pub sound: SoundChange,
    /// Boxed, so that a command of each ticket stays small.
    pub printing: Box<PrintingChange>,
}

/// An update to the appearance; `None` keeps the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppearanceChange {
    pub languages: Option<Vec<String>>,
    pub message: Option<Option<String>>,
    pub accent: Option<Option<String>>,
    pub logo: Option<Option<String>>,
    pub print_tickets: Option<bool>,
    pub frame_ancestors: Option<Vec<String>>,
}

/// An update to the sound; `None` keeps the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SoundChange {
    pub chime: Option<bool>,
    pub voice: Option<bool>,
    pub volume: Option<u8>,
    pub voice_speed: Option<u8>,
    pub voices: Option<BTreeMap<String, String>>,
}

/// An update to the printing; `None` keeps the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrintingChange {
    pub printers: Option<Vec<PrinterSetup>>,
    pub paper_width: Option<u8>,
    pub paper_qr: Option<bool>,
    pub paper_text: Option<BTreeMap<String, String>>,
    pub paper_logo: Option<Option<PaperLogo>>,
    pub public_url: Option<Option<String>>,
}

/// An update to a service; `None` keeps the field, or the default of a new service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceChange {
    pub name: Option<Arc<str>>,
    pub names: Option<Arc<BTreeMap<String, String>>>,
    pub first: Option<u32>,
    pub last: Option<Option<u32>>,
    pub digits: Option<u8>,
    pub open: Option<bool>,
    pub target_minutes: Option<Option<u32>>,
    pub message: Option<Option<Arc<str>>>,
    pub messages: Option<Arc<BTreeMap<String, String>>>,
}

/// Sets a field if the update names it.
fn put<T: Clone>(position: &mut T, wished: Option<&T>) {
    if let Some(wished) = wished {
        position.clone_from(wished);
    }
}

impl SettingsChange {
    /// The settings with this change.
    pub fn of(&self, before: &Settings) -> Settings {
        let mut after = before.clone();
        put(&mut after.name, self.name.as_ref());
        put(&mut after.language, self.language.as_ref());
        put(&mut after.time_zone, self.time_zone.as_ref());
        put(&mut after.day_begins_hour, self.day_begins_hour.as_ref());
        put(&mut after.priorities, self.priorities.as_ref());
        put(&mut after.rule, self.rule.as_ref());
        let in_a_row = self.most_priority_in_a_row.as_ref();
        put(&mut after.most_priority_in_a_row, in_a_row);
        put(&mut after.keep_waiting, self.keep_waiting.as_ref());
        let admins_choose = self.admins_choose_services.as_ref();
        put(&mut after.admins_choose_services, admins_choose);
        put(&mut after.most_waiting, self.most_waiting.as_ref());
        put(&mut after.keep_days, self.keep_days.as_ref());
        put(&mut after.desk_words, self.desk_words.as_ref());
        let by_person = self.statistics_by_person.as_ref();
        put(&mut after.statistics_by_person, by_person);
        if self.appearance != AppearanceChange::default() {
            after.appearance = Arc::new(self.appearance.of(&before.appearance));
        }
        if self.sound != SoundChange::default() {
            after.sound = Arc::new(self.sound.of(&before.sound));
        }
        if *self.printing != PrintingChange::default() {
            after.printing = Arc::new(self.printing.of(&before.printing));
        }
        after
    }
}

impl AppearanceChange {
    fn of(&self, before: &Appearance) -> Appearance {
        let mut after = before.clone();
        put(&mut after.languages, self.languages.as_ref());
        put(&mut after.message, self.message.as_ref());
        put(&mut after.accent, self.accent.as_ref());
        put(&mut after.logo, self.logo.as_ref());
        put(&mut after.print_tickets, self.print_tickets.as_ref());
        put(&mut after.frame_ancestors, self.frame_ancestors.as_ref());
        after
    }
}

impl SoundChange {
    fn of(&self, before: &Sound) -> Sound {
        let mut after = before.clone();
        put(&mut after.chime, self.chime.as_ref());
        put(&mut after.voice, self.voice.as_ref());
        put(&mut after.volume, self.volume.as_ref());
        put(&mut after.voice_speed, self.voice_speed.as_ref());
        put(&mut after.voices, self.voices.as_ref());
        after
    }
}

impl PrintingChange {
    fn of(&self, before: &Printing) -> Printing {
        let mut after = before.clone();
        put(&mut after.printers, self.printers.as_ref());
        put(&mut after.paper_width, self.paper_width.as_ref());
        put(&mut after.paper_qr, self.paper_qr.as_ref());
        put(&mut after.paper_text, self.paper_text.as_ref());
        put(&mut after.paper_logo, self.paper_logo.as_ref());
        put(&mut after.public_url, self.public_url.as_ref());
        after
    }
}

impl ServiceChange {
    /// The setup with this change; refused where its numbers would end before they begin.
    pub fn of(&self, before: &ServiceSetup) -> Result<ServiceSetup, Refusal> {
        let mut after = before.clone();
        put(&mut after.name, self.name.as_ref());
        put(&mut after.names, self.names.as_ref());
        put(&mut after.first, self.first.as_ref());
        put(&mut after.last, self.last.as_ref());
        put(&mut after.digits, self.digits.as_ref());
        put(&mut after.open, self.open.as_ref());
        put(&mut after.target_minutes, self.target_minutes.as_ref());
        put(&mut after.message, self.message.as_ref());
        put(&mut after.messages, self.messages.as_ref());
        match after.last {
            Some(last) if last < after.first => {
                let first = after.first;
                Err(Refusal::EndsBeforeItBegins { first })
            }
            _ => Ok(after),
        }
    }
}

/// All of them: as a new office is set up in one go.
impl From<Settings> for SettingsChange {
    fn from(settings: Settings) -> Self {
        let appearance = Arc::unwrap_or_clone(settings.appearance);
        let sound = Arc::unwrap_or_clone(settings.sound);
        let printing = Arc::unwrap_or_clone(settings.printing);
        Self {
            name: Some(settings.name),
            language: Some(settings.language),
            time_zone: Some(settings.time_zone),
            day_begins_hour: Some(settings.day_begins_hour),
            priorities: Some(settings.priorities),
            rule: Some(settings.rule),
            most_priority_in_a_row: Some(settings.most_priority_in_a_row),
            keep_waiting: Some(settings.keep_waiting),
            admins_choose_services: Some(settings.admins_choose_services),
            most_waiting: Some(settings.most_waiting),
            keep_days: Some(settings.keep_days),
            desk_words: Some(settings.desk_words),
            statistics_by_person: Some(settings.statistics_by_person),
            appearance: AppearanceChange {
                languages: Some(appearance.languages),
                message: Some(appearance.message),
                accent: Some(appearance.accent),
                logo: Some(appearance.logo),
                print_tickets: Some(appearance.print_tickets),
                frame_ancestors: Some(appearance.frame_ancestors),
            },
            sound: SoundChange {
                chime: Some(sound.chime),
                voice: Some(sound.voice),
                volume: Some(sound.volume),
                voice_speed: Some(sound.voice_speed),
                voices: Some(sound.voices),
            },
            printing: Box::new(PrintingChange {
                printers: Some(printing.printers),
                paper_width: Some(printing.paper_width),
                paper_qr: Some(printing.paper_qr),
                paper_text: Some(printing.paper_text),
                paper_logo: Some(printing.paper_logo),
                public_url: Some(printing.public_url),
            }),
        }
    }
}
