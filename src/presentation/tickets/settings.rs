//! `/api/settings`: the office's settings.

use std::sync::Arc;

use super::appearance;
use super::execute::{run, subject_or_problem};
use super::fields::Fields;
use super::printing;
use super::sound;
use super::texts;
use crate::calendar;
use crate::domain::{CallingRule, Command, MOST_IN_A_ROW, Priority, Settings, SettingsChange};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::json::SettingsJson;
use crate::presentation::route::{Context, Handled};

/// Largest weight of a priority.
const MOST_WEIGHT: u64 = 1_000;

/// Largest number of priorities: more than a visitor reads at a kiosk.
const MOST_PRIORITIES: usize = 8;

/// Largest number of days that data is kept: a hundred years.
pub const MOST_KEEP_DAYS: u32 = 36_500;

/// Largest limit on the number of visitors who wait.
pub const MOST_WAITING: u64 = 1_000_000;

/// Largest number of characters of the word before a desk's number: it stands on every screen.
const LONGEST_DESK_WORD: usize = 20;

/// `GET /api/settings`
pub fn show(context: &Context<'_>) -> Handled {
    let settings = context
        .office
        .tickets
        .read_queue(|queue| queue.settings().clone());
    Ok(Answer::json(200, &SettingsJson::from(&settings)))
}

/// `PUT /api/settings`: an absent field keeps its value.
pub fn set(context: &Context<'_>) -> Handled {
    let tickets = &context.office.tickets;
    let stored = tickets.read_queue(|queue| names_of(queue.settings()));
    let mut fields = Fields::of_body(context.request)?.with_stored_names(stored);
    let change = changed(&mut fields)?;
    fields.finish()?;
    run(context, Command::SetSettings { change }, subject_or_problem)
}

/// Checks the settings of an imported office by the rules of `PUT /api/settings`.
pub fn checked_whole(settings: &Settings) -> Result<Settings, Problem> {
    let fields = Fields::of_value(&SettingsJson::from(settings));
    let mut fields = fields.with_stored_names(names_of(settings));
    Ok(changed(&mut fields)?.of(&Settings::default()))
}

/// The names of an office, of its priorities and of its printers.
pub fn names_of(settings: &Settings) -> Vec<String> {
    let mut names = vec![settings.name.to_string()];
    names.extend(settings.desk_words.values().cloned());
    for priority in settings.priorities.iter() {
        names.push(priority.name.to_string());
        names.extend(priority.names.values().cloned());
    }
    let printers = settings.printing.printers.iter();
    names.extend(printers.map(|printer| printer.name.clone()));
    names
}

/// Reads the changed settings.
pub fn changed(fields: &mut Fields) -> Result<SettingsChange, Problem> {
    let name = texts::name(fields)?;
    let language = fields.text("language")?;
    if let Some(asked) = &language {
        texts::check_language(asked).map_err(|why| Problem::invalid("language", why))?;
    }
    let day = changed_day(fields)?;
    let priorities = match fields.objects("priorities")? {
        Some(list) => Some(checked(list)?),
        None => None,
    };
    let rule = match fields.text("rule")? {
        Some(word) => Some(CallingRule::parse(&word).ok_or_else(|| {
            let known = CallingRule::names();
            let why = format!("«{word}» is not a calling rule; the rules are: {known}");
            Problem::invalid("rule", why)
        })?),
        None => None,
    };
    let appearance = appearance::changed(fields)?;
    let printing = printing::changed(fields, appearance.logo.is_some())?;
    Ok(SettingsChange {
        name: name.map(Into::into),
        language: language.map(Into::into),
        priorities,
        rule,
        most_priority_in_a_row: bound(fields, "mostPriorityInARow", MOST_IN_A_ROW.into())?,
        keep_waiting: fields.boolean("keepWaiting")?,
        admins_choose_services: fields.boolean("adminsChooseServices")?,
        most_waiting: bound(fields, "mostWaiting", MOST_WAITING)?,
        keep_days: bound(fields, "keepDays", MOST_KEEP_DAYS.into())?,
        statistics_by_person: fields.boolean("statisticsByPerson")?,
        desk_words: texts::names_by_language(fields, "deskWords", LONGEST_DESK_WORD)?.map(Arc::new),
        appearance,
        sound: sound::changed(fields)?,
        printing: Box::new(printing),
        ..day
    })
}

/// Reads the changed beginning of the business day.
pub fn changed_day(fields: &mut Fields) -> Result<SettingsChange, Problem> {
    let time_zone = fields.nullable_text("timeZone")?;
    if let Some(Some(asked)) = &time_zone
        && calendar::zone(asked).is_none()
    {
        let why = format!("«{asked}» is not a time zone; write one like Europe/Madrid");
        return Err(Problem::invalid("timeZone", why));
    }
    let hour = fields.number("dayBeginsHour", 23)?;
    Ok(SettingsChange {
        time_zone: time_zone.map(|zone| zone.map(Into::into)),
        day_begins_hour: hour.and_then(|hour| u8::try_from(hour).ok()),
        ..SettingsChange::default()
    })
}

/// Reads a limit of at least 1, or null for no limit.
fn bound(
    fields: &mut Fields,
    name: &'static str,
    most: u64,
) -> Result<Option<Option<u32>>, Problem> {
    let bound = fields.nullable_count(name, most)?;
    Ok(bound.map(|bound| bound.and_then(|bound| u32::try_from(bound).ok())))
}

/// Reads the list of priorities: at least one, with distinct names.
fn checked(list: Vec<Fields>) -> Result<Arc<[Priority]>, Problem> {
    if list.is_empty() || list.len() > MOST_PRIORITIES {
        let why = format!("an office has 1 to {MOST_PRIORITIES} priorities");
        return Err(Problem::invalid("priorities", why));
    }
    let mut priorities: Vec<Priority> = Vec::new();
    for mut fields in list {
        let name = texts::name(&mut fields)?
            .ok_or_else(|| fields.invalid("name", "every priority needs a name"))?;
        let names = texts::names(&mut fields)?.unwrap_or_default();
        let weight = fields.count("weight", MOST_WEIGHT)?.unwrap_or(1);
        if priorities.iter().any(|other| *other.name == name) {
            return Err(fields.invalid("name", format!("«{name}» appears twice")));
        }
        fields.finish()?;
        priorities.push(Priority {
            name: name.into(),
            names: names.into(),
            weight: u32::try_from(weight).unwrap_or(1),
        });
    }
    Ok(priorities.into())
}
