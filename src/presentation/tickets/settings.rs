//! `/api/settings`: how the office wants its queue.

use std::sync::Arc;

use super::appearance;
use super::fields::Fields;
use super::run::{run, subject_or_problem};
use crate::domain::{Command, Priority, Rule, Settings};
use crate::presentation::answer::Answer;
use crate::presentation::json::SettingsJson;
use crate::presentation::problem::Problem;
use crate::presentation::router::{Context, Handled};
use crate::presentation::services::calendar;

/// The largest weight: a thousand times as urgent is urgent enough.
const MOST_WEIGHT: u64 = 1_000;

/// The most priorities: more than people at a kiosk will read.
const MOST_PRIORITIES: usize = 8;

/// The longest name of a priority, in characters.
const LONGEST_PRIORITY: usize = 40;

/// The largest bound on priority tickets in a row that means anything.
const MOST_IN_A_ROW: u64 = 1_000;

/// The largest bound on how many may wait; more is none.
const MOST_WAITING: u64 = 1_000_000;

/// `GET /api/settings`
pub fn show(context: &Context<'_>) -> Handled {
    let settings = current(context);
    Ok(Answer::json(200, &SettingsJson::from(&settings)))
}

/// `PUT /api/settings`: a field that is absent stays as it is.
pub fn set(context: &Context<'_>) -> Handled {
    let before = current(context);
    let mut fields = Fields::of_body(context.request)?;
    let name = fields.text("name")?;
    let language = fields.text("language")?;
    let time_zone = fields.nullable_text("timeZone")?;
    let hour = fields.number("dayBeginsHour", 23)?;
    let keep_waiting = fields.boolean("keepWaiting")?;
    let priorities = fields.objects("priorities")?;
    let rule = fields.text("rule")?;
    let in_a_row = fields.nullable_number("mostPriorityInARow", MOST_IN_A_ROW)?;
    let most_waiting = fields.nullable_number("mostWaiting", MOST_WAITING)?;
    let appearance = appearance::changed(&before.appearance, &mut fields)?;
    fields.finish()?;
    if let Some(length) = name.as_ref().map(|name| name.chars().count())
        && length > Settings::LONGEST_NAME
    {
        let most = Settings::LONGEST_NAME;
        let why = format!("a name has {most} characters at most, this one has {length}");
        return Err(Problem::invalid("name", why));
    }
    if let Some(asked) = &language {
        appearance::check_language("language", asked)?;
    }
    if let Some(Some(asked)) = &time_zone
        && calendar::zone(asked).is_none()
    {
        let why = format!("«{asked}» is no time zone; one is named like Europe/Madrid");
        return Err(Problem::invalid("timeZone", why));
    }
    let settings = Settings {
        name: name.map_or(before.name, Into::into),
        language: language.map_or(before.language, Into::into),
        time_zone: match time_zone {
            Some(zone) => zone.map(Into::into),
            None => before.time_zone,
        },
        day_begins_hour: hour
            .and_then(|hour| u8::try_from(hour).ok())
            .unwrap_or(before.day_begins_hour),
        keep_waiting: keep_waiting.unwrap_or(before.keep_waiting),
        priorities: match priorities {
            Some(list) => checked(list)?,
            None => before.priorities,
        },
        rule: match rule {
            Some(word) => Rule::parse(&word).ok_or_else(|| {
                let why = format!("«{word}» is no rule; there are: weighted, strict");
                Problem::invalid("rule", why)
            })?,
            None => before.rule,
        },
        most_priority_in_a_row: match in_a_row {
            Some(most) => most.and_then(|most| u32::try_from(most).ok()),
            None => before.most_priority_in_a_row,
        },
        most_waiting: match most_waiting {
            Some(most) => most.and_then(|most| u32::try_from(most).ok()),
            None => before.most_waiting,
        },
        appearance: Arc::new(appearance),
    };
    run(
        context,
        Command::SetSettings { settings },
        subject_or_problem,
    )
}

/// Priorities as they were sent: at least one, each with a name of its own.
fn checked(list: Vec<Fields>) -> Result<Arc<[Priority]>, Problem> {
    let wrong = |why: String| Problem::invalid("priorities", why);
    let mut priorities: Vec<Priority> = Vec::new();
    for mut fields in list {
        let name = fields.text("name")?.unwrap_or_default();
        let names = fields.texts_by_key("names")?.unwrap_or_default();
        let weight = fields.number("weight", MOST_WEIGHT)?.unwrap_or(1);
        fields.finish()?;
        let length = name.chars().count();
        if length == 0 || length > LONGEST_PRIORITY {
            return Err(wrong(format!(
                "each has a name of 1 to {LONGEST_PRIORITY} characters"
            )));
        }
        if priorities.iter().any(|other| *other.name == name) {
            return Err(wrong(format!("«{name}» is there twice")));
        }
        let weight = u32::try_from(weight).unwrap_or(1);
        if weight == 0 {
            return Err(wrong(format!("the weight of «{name}» is 1 or more")));
        }
        priorities.push(Priority {
            name: name.into(),
            names: names.into(),
            weight,
        });
    }
    if priorities.is_empty() || priorities.len() > MOST_PRIORITIES {
        return Err(wrong(format!("there are 1 to {MOST_PRIORITIES} of them")));
    }
    Ok(priorities.into())
}

fn current(context: &Context<'_>) -> Settings {
    context
        .office
        .tickets
        .look(|queue| queue.settings().clone())
}
