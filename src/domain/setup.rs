//! How an office is set up: its services, its desks, its settings, and its business days.

use std::sync::Arc;

use super::change::{ServiceChange, SettingsChange};
use super::clock::DAYS_TO_BELIEVE;
use super::command::{Decision, Subject};
use super::desk::{Desk, DeskName};
use super::event::Event;
use super::queue::Queue;
use super::refusal::Refusal;
use super::service::{Prefix, ServiceSetup};
use super::settings::Day;
use super::ticket::{Line, State};

/// How many desks an office can have: a bound on what a mistyped script can create, far above the
/// largest town hall.
pub(super) const MOST_DESKS: usize = 1_000;

/// How many services an office can have: more buttons than a kiosk can show.
pub(super) const MOST_SERVICES: usize = 100;

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
            made: known.is_none(),
        }),
    })
}

/// A service goes, where nothing needs it.
pub(super) fn delete_service(queue: &Queue, prefix: &Prefix) -> Result<Decision, Refusal> {
    let in_use = |why: String| Refusal::ServiceInUse {
        service: prefix.clone(),
        why,
    };
    queue.known_service(prefix)?;
    if queue.services().len() == 1 {
        return Err(in_use("it is the only one".to_owned()));
    }
    let mut open = queue.tickets.values().filter(|t| !t.state.is_final());
    if let Some(ticket) = open.find(|t| t.service == *prefix) {
        return Err(in_use(format!("{} is in it", ticket.code())));
    }
    let mut desks = queue.desks();
    if let Some(desk) = desks.find(|desk| desk.services.contains(prefix)) {
        return Err(in_use(format!("desk {} attends it", desk.name)));
    }
    let event = Event::ServiceDeleted {
        service: prefix.clone(),
    };
    Ok(Decision {
        events: vec![event],
        outcome: Ok(Subject::Deleted),
    })
}

/// How far back a clock may step and still mean the same business day: a time zone set right, a
/// battery that has run low.
const SMALL_STEP_DAYS: i32 = 1;

/// No clock that is right says an earlier day than this program's first (2026-01-01).
const FIRST_DAY: Day = Day::from_epoch_days(20_454);

/// What happens when the clock says that it is `day`. A day later than all before begins with new
/// numbers. An earlier one does not, since today's might be given twice; a step back of more than a
/// day is taken over, and days begin from there, with the numbers going on: the clock may be set
/// right on the same day. After some days of this it was ahead once, and is right now.
///
/// Where the office has set another time zone or hour, the day in course is not cut short by that:
/// it lasts until it is over by the rule `before`, and until another begins by the new one. Only
/// where days would go backwards the next one begins with the former's end.
pub(super) fn keep_day(
    queue: &Queue,
    day: Day,
    before: Option<Day>,
    first: Option<Day>,
) -> Decision {
    office(day_events(queue, day, before.unwrap_or(day), first))
}

fn day_events(queue: &Queue, day: Day, by_rule: Day, first: Option<Day>) -> Vec<Event> {
    let Some(today) = queue.day().or(first) else {
        return Vec::new();
    };
    if day < FIRST_DAY {
        return Vec::new();
    }
    if today < FIRST_DAY {
        // The clock has just been set right; the numbers given before that are today's all the same.
        return vec![Event::DayStarted {
            day,
            restart: false,
        }];
    }
    let ahead = by_rule.days_after(today);
    if (-SMALL_STEP_DAYS..=0).contains(&ahead) || (ahead > 0 && day == today) {
        return Vec::new();
    }
    let is_behind = ahead > 0 && Some(day) <= queue.latest_day();
    let is_believed = Some(day) < queue.latest_day() && queue.clock.days + 1 >= DAYS_TO_BELIEVE;
    let restart = ahead > 0 && (!is_behind || is_believed);
    let mut events = Vec::new();
    if !restart && queue.day().is_none() {
        // The office's first day has no event of its own, and is the one to come back to.
        events.push(Event::DayStarted {
            day: today,
            restart,
        });
    }
    if restart && !queue.settings().keep_waiting {
        let left = queue.tickets.values();
        let left = left.filter(|t| matches!(t.state, State::Waiting | State::Held));
        events.extend(left.map(|ticket| Event::TicketCancelled {
            ticket: ticket.id,
            desk: None,
        }));
    }
    events.push(Event::DayStarted { day, restart });
    events
}

/// The office is set up. A priority that somebody has stays: without it they would count as the
/// least urgent, and nobody would know.
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

fn office(events: Vec<Event>) -> Decision {
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
        queue.known_service(prefix)?;
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
            made: known.is_none(),
        }),
    })
}

/// A desk goes, where nobody needs it.
pub(super) fn delete_desk(queue: &Queue, name: &DeskName) -> Result<Decision, Refusal> {
    let desk = queue
        .desk(name)
        .ok_or_else(|| Refusal::NoSuchDesk(name.clone()))?;
    let own = Line::Desk(name.clone());
    let mut heads = queue
        .lanes_of(&own)
        .filter_map(|(_, places)| places.front());
    let waits = heads
        .next()
        .and_then(|place| queue.arrived(place.arrival()));
    if let Some(ticket) = queue.attended_at(desk).or(waits) {
        return Err(Refusal::DeskInUse {
            desk: name.clone(),
            code: ticket.code(),
        });
    }
    Ok(Decision {
        events: vec![Event::DeskDeleted { desk: name.clone() }],
        outcome: Ok(Subject::Deleted),
    })
}

/// A desk that attends nobody yet.
pub(super) fn new_desk(queue: &Queue, name: &DeskName) -> Result<Desk, Refusal> {
    if queue.desks.len() >= MOST_DESKS {
        return Err(Refusal::TooManyDesks);
    }
    Ok(Desk {
        name: name.clone(),
        open: true,
        services: Vec::new(),
        attending: None,
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
