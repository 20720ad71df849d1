//! Names the changed fields of a desk, a service or the settings, for the audit log.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::{Event, Queue};
use crate::presentation::json::SettingsJson;

/// The fields that an event is about to change, by their names in JSON: `name`, `services` … A new desk
/// or service is `created`; `open` becomes `opened` or `closed`. Empty for other events.
pub(super) fn changed_fields(queue: &Queue, event: &Event) -> Vec<String> {
    match event {
        Event::SettingsChanged { settings } => differing(
            &SettingsJson::from(queue.settings()),
            &SettingsJson::from(settings),
        ),
        Event::ServiceChanged { service, setup } => match queue.service(service) {
            Some(before) => differing(&before.setup, setup),
            None => created(),
        },
        Event::DeskChanged {
            desk,
            open,
            services,
        } => match queue.desk(desk) {
            Some(before) => differing(
                &(DeskSetup {
                    open: before.open,
                    services: &before.services,
                }),
                &(DeskSetup {
                    open: *open,
                    services,
                }),
            ),
            None => created(),
        },
        _ => Vec::new(),
    }
}

/// How a desk is set up.
#[derive(Serialize)]
struct DeskSetup<'a> {
    open: bool,
    services: &'a [crate::domain::Prefix],
}

fn created() -> Vec<String> {
    vec!["created".to_owned()]
}

/// The names of the fields that differ.
fn differing(before: &impl Serialize, after: &impl Serialize) -> Vec<String> {
    let before = fields(before);
    let after = fields(after).into_iter();
    let changed = after.filter(|(name, value)| before.get(name) != Some(value));
    let names = changed.map(|(name, value)| match (name.as_str(), value) {
        ("open", Value::Bool(true)) => "opened".to_owned(),
        ("open", _) => "closed".to_owned(),
        _ => name,
    });
    names.collect()
}

fn fields(of: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(of) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
