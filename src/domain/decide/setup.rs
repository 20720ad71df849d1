//! Decides changes of services, desks and settings, and the import of an office.

use std::sync::Arc;

use crate::domain::changes::{ServiceChange, SettingsChange};
use crate::domain::command::{Decision, Subject};
use crate::domain::desk::{Desk, DeskName, MOST_DESKS};
use crate::domain::event::Event;
use crate::domain::queue::{Queue, QueueParts};
use crate::domain::refusal::Refusal;
use crate::domain::service::{MOST_SERVICES, Prefix, ServiceSetup};
use crate::domain::ticket::WaitingList;

/// Another office takes the place of this one, where no ticket would be lost.
pub(super) fn import_office(queue: &Queue, office: &Arc<QueueParts>) -> Result<Decision, Refusal> {
    if queue.is_in_use() {
        return Err(Refusal::OfficeInUse);
    }
    Ok(Decision {
        events: vec![Event::OfficeImported {
            office: Arc::new(QueueParts::clone(office).after(queue.seq())),
        }],
        outcome: Ok(Subject::Office),
    })
}

/// A service is made or set up.
pub(super) fn set_service(
    queue: &Queue,
    prefix: &Prefix,
    change: &ServiceChange,
) -> Result<Decision, Refusal> {
    let known = queue.service(prefix);
    if known.is_none() && queue.services().len() >= MOST_SERVICES {
        return Err(Refusal::TooManyServices);
    }
    let before = match known {
        Some(service) => service.setup.clone(),
        None => ServiceSetup::named(prefix.as_str()),
    };
    let setup = change.of(&before)?;
    let same = known.is_some() && setup == before;
    let changed = Event::ServiceChanged {
        service: prefix.clone(),
        setup,
    };
    Ok(Decision {
        events: if same { Vec::new() } else { vec![changed] },
        outcome: Ok(Subject::Service {
            prefix: prefix.clone(),
            created: known.is_none(),
        }),
    })
}

/// Deletes a service that nothing needs.
pub(super) fn delete_service(queue: &Queue, prefix: &Prefix) -> Result<Decision, Refusal> {
    let in_use = |why: String| Refusal::ServiceInUse {
        service: prefix.clone(),
        why,
    };
    queue.require_service(prefix)?;
    if queue.services().len() == 1 {
        return Err(in_use("it is the only one".to_owned()));
    }
    let mut open = queue.tickets.values().filter(|t| !t.state.is_final());
    if let Some(ticket) = open.find(|t| t.service == *prefix) {
        return Err(in_use(format!(
            "ticket {} is still open in it",
            ticket.code()
        )));
    }
    let mut desks = queue.desks();
    if let Some(desk) = desks.find(|desk| desk.services.contains(prefix)) {
        return Err(in_use(format!("desk {} serves it", desk.name)));
    }
    let event = Event::ServiceDeleted {
        service: prefix.clone(),
    };
    Ok(Decision {
        events: vec![event],
        outcome: Ok(Subject::Deleted),
    })
}

/// Changes the settings. A priority that open tickets have cannot be removed: they would silently
/// count as the least urgent.
pub(super) fn set_settings(queue: &Queue, change: &SettingsChange) -> Result<Decision, Refusal> {
    let before = &queue.settings;
    let settings = change.of(before);
    let is_left = |name: &str| settings.priorities.iter().any(|p| &*p.name == name);
    for gone in before.priorities.iter().filter(|p| !is_left(&p.name)) {
        let open = queue.tickets.values().filter(|t| !t.state.is_final());
        let tickets = open.filter(|t| t.priority == gone.name).count();
        if tickets > 0 {
            return Err(Refusal::PriorityInUse {
                priority: gone.name.to_string(),
                tickets,
            });
        }
    }
    Ok(office(if *before == settings {
        Vec::new()
    } else {
        vec![Event::SettingsChanged { settings }]
    }))
}

pub(super) fn office(events: Vec<Event>) -> Decision {
    Decision {
        events,
        outcome: Ok(Subject::Office),
    }
}

/// A desk is made or set up.
pub(super) fn set_desk(
    queue: &Queue,
    name: &DeskName,
    open: Option<bool>,
    services: Option<&[Prefix]>,
) -> Result<Decision, Refusal> {
    for prefix in services.unwrap_or_default() {
        queue.require_service(prefix)?;
    }
    let known = queue.desk(name);
    let before = match known {
        Some(desk) => desk.clone(),
        None => new_desk(queue, name)?,
    };
    let after = Desk {
        open: open.unwrap_or(before.open),
        services: services.map_or(before.services.clone(), <[Prefix]>::to_vec),
        ..before.clone()
    };
    let events = if known.is_some() && after == before {
        Vec::new()
    } else {
        vec![changed(&after)]
    };
    Ok(Decision {
        events,
        outcome: Ok(Subject::Desk {
            name: name.clone(),
            created: known.is_none(),
        }),
    })
}

/// Deletes a desk that serves no ticket and has none in its own list.
pub(super) fn delete_desk(queue: &Queue, name: &DeskName) -> Result<Decision, Refusal> {
    let desk = queue
        .desk(name)
        .ok_or_else(|| Refusal::NoSuchDesk(name.clone()))?;
    let own = WaitingList::Desk(name.clone());
    let mut heads = queue
        .priority_lists_of(&own)
        .filter_map(|(_, positions)| positions.front());
    let waits = heads
        .next()
        .and_then(|position| queue.arrived(position.arrival()));
    if let Some(ticket) = queue.current_ticket(desk).or(waits) {
        return Err(Refusal::DeskHasTicket {
            desk: name.clone(),
            code: ticket.code(),
        });
    }
    Ok(Decision {
        events: vec![Event::DeskDeleted { desk: name.clone() }],
        outcome: Ok(Subject::Deleted),
    })
}

/// A new desk, open and without a ticket.
pub(super) fn new_desk(queue: &Queue, name: &DeskName) -> Result<Desk, Refusal> {
    if queue.desks.len() >= MOST_DESKS {
        return Err(Refusal::TooManyDesks);
    }
    Ok(Desk {
        name: name.clone(),
        open: true,
        services: Vec::new(),
        serving: None,
        screen: None,
    })
}

/// The event that says the whole of a desk.
pub(super) fn changed(desk: &Desk) -> Event {
    Event::DeskChanged {
        desk: desk.name.clone(),
        open: desk.open,
        services: Arc::from(desk.services.as_slice()),
    }
}
