//! The beginning of a business day.

use super::setup::office;
use crate::domain::clock::DAYS_TO_BELIEVE;
use crate::domain::command::Decision;
use crate::domain::event::Event;
use crate::domain::queue::Queue;
use crate::domain::ticket::State;
use crate::domain::time::Day;

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
