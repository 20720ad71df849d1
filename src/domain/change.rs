//! What of a setting-up is to be different. A change names only what it changes, so that two people
//! who set up the same office at once each keep what they did.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::refusal::Refusal;
use super::service::ServiceSetup;
use super::settings::{Appearance, Priority, Rule, Settings};

/// What of the office's settings is to be different; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsChange {
    pub name: Option<Arc<str>>,
    pub language: Option<Arc<str>>,
    pub time_zone: Option<Option<Arc<str>>>,
    pub day_begins_hour: Option<u8>,
    pub priorities: Option<Arc<[Priority]>>,
    pub rule: Option<Rule>,
    pub most_priority_in_a_row: Option<Option<u32>>,
    pub keep_waiting: Option<bool>,
    pub most_waiting: Option<Option<u32>>,
    pub appearance: AppearanceChange,
}

/// What of its appearance is to be different; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppearanceChange {
    pub languages: Option<Vec<String>>,
    pub message: Option<Option<String>>,
    pub accent: Option<Option<String>>,
    pub logo: Option<Option<String>>,
    pub print_tickets: Option<bool>,
    pub frame_ancestors: Option<Vec<String>>,
}

/// What of a service is to be different; `None` stays as it is, or as a new service has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceChange {
    pub name: Option<Arc<str>>,
    pub names: Option<Arc<BTreeMap<String, String>>>,
    pub first: Option<u32>,
    pub last: Option<Option<u32>>,
    pub digits: Option<u8>,
    pub open: Option<bool>,
    pub message: Option<Option<Arc<str>>>,
}

/// Takes over what is to be different.
fn put<T: Clone>(place: &mut T, wished: Option<&T>) {
    if let Some(wished) = wished {
        place.clone_from(wished);
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
        put(&mut after.most_waiting, self.most_waiting.as_ref());
        if self.appearance != AppearanceChange::default() {
            after.appearance = Arc::new(self.appearance.of(&before.appearance));
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
        put(&mut after.message, self.message.as_ref());
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
        Self {
            name: Some(settings.name),
            language: Some(settings.language),
            time_zone: Some(settings.time_zone),
            day_begins_hour: Some(settings.day_begins_hour),
            priorities: Some(settings.priorities),
            rule: Some(settings.rule),
            most_priority_in_a_row: Some(settings.most_priority_in_a_row),
            keep_waiting: Some(settings.keep_waiting),
            most_waiting: Some(settings.most_waiting),
            appearance: AppearanceChange {
                languages: Some(appearance.languages),
                message: Some(appearance.message),
                accent: Some(appearance.accent),
                logo: Some(appearance.logo),
                print_tickets: Some(appearance.print_tickets),
                frame_ancestors: Some(appearance.frame_ancestors),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Command, Event, Prefix, Queue, Stamped, Timestamp, apply, decide};

    fn settings() -> Settings {
        Settings {
            name: "Clinic".into(),
            language: "en".into(),
            time_zone: Some("Europe/Madrid".into()),
            day_begins_hour: 4,
            priorities: Arc::new([]),
            rule: Rule::Strict,
            most_priority_in_a_row: Some(2),
            keep_waiting: true,
            most_waiting: Some(9),
            appearance: Arc::new(Appearance {
                languages: vec!["en".to_owned()],
                message: Some("Hello".to_owned()),
                accent: Some("#000000".to_owned()),
                logo: Some("data:".to_owned()),
                print_tickets: true,
                frame_ancestors: vec!["https://a".to_owned()],
            }),
        }
    }

    #[test]
    fn all_of_the_settings_are_taken_over_and_none_where_none_is_named() {
        let whole = SettingsChange::from(settings());
        assert_eq!(whole.of(&Settings::default()), settings());
        let nothing = SettingsChange::default();
        assert_eq!(nothing.of(&settings()), settings());
    }

    /// Each event that a command causes, applied.
    fn ask(queue: &mut Queue, command: &Command) -> Vec<Event> {
        let at = Timestamp::from_millis(1);
        let events = decide(queue, command, at).events;
        for event in &events {
            let seq = queue.seq() + 1;
            let event = event.clone();
            apply(queue, &Stamped { seq, at, event });
        }
        events
    }

    #[test]
    fn two_who_change_different_things_at_once_lose_nothing() {
        let mut queue = Queue::new();
        // Both were made while neither was carried out yet.
        let name = SettingsChange {
            name: Some("Clinic".into()),
            ..SettingsChange::default()
        };
        let message = SettingsChange {
            appearance: AppearanceChange {
                message: Some(Some("Closed on Friday".to_owned())),
                ..AppearanceChange::default()
            },
            ..SettingsChange::default()
        };
        for change in [&name, &message] {
            let change = change.clone();
            assert_eq!(ask(&mut queue, &Command::SetSettings { change }).len(), 1);
        }
        assert_eq!(&*queue.settings().name, "Clinic");
        let shown = queue.settings().appearance.message.as_deref();
        assert_eq!(shown, Some("Closed on Friday"));
        let again = Command::SetSettings { change: name };
        assert_eq!(ask(&mut queue, &again), []);
        let set = |change| Command::SetService {
            service: Prefix::new("A"),
            change,
        };
        let closed = ServiceChange {
            open: Some(false),
            ..ServiceChange::default()
        };
        let longer = ServiceChange {
            last: Some(Some(99)),
            ..ServiceChange::default()
        };
        ask(&mut queue, &set(closed));
        ask(&mut queue, &set(longer.clone()));
        let setup = &queue.services()[0].setup;
        assert_eq!((setup.open, setup.last), (false, Some(99)));
        assert_eq!(ask(&mut queue, &set(longer)), []);
    }

    #[test]
    fn numbers_that_would_end_before_they_begin_are_refused_whoever_set_which_end() {
        let mut queue = Queue::new();
        let command = |first, last| Command::SetService {
            service: Prefix::new("A"),
            change: ServiceChange {
                first,
                last,
                ..ServiceChange::default()
            },
        };
        assert_eq!(ask(&mut queue, &command(None, Some(Some(50)))).len(), 1);
        let refused = decide(&queue, &command(Some(51), None), Timestamp::from_millis(2));
        let why = Refusal::EndsBeforeItBegins { first: 51 };
        assert_eq!((refused.events, refused.outcome), (Vec::new(), Err(why)));
        assert_eq!(ask(&mut queue, &command(Some(51), Some(None))).len(), 1);
    }
}
