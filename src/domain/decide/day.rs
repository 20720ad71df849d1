//! Decides the beginning of a business day, and steps of the clock.

use super::setup::office;
use crate::domain::command::Decision;
use crate::domain::event::Event;
use crate::domain::queue::Queue;
use crate::domain::ticket::State;
use crate::domain::time::{Day, Timestamp};

/// 2026-01-01. An earlier day comes from a clock that was never set, as on a computer without a
/// battery, and no business day is counted from it.
const FIRST_DAY: Day = Day::from_epoch_days(20_454);

impl Queue {
    /// Whether the business day that the numbers belong to is over at the moment `now`. `day_at` is the
    /// office's calendar: the business day at a moment, by the office's time zone and hour as they are
    /// set now.
    ///
    /// The numbers belong to the day of the latest event. A clock that steps back therefore restarts
    /// nothing, and a new time zone or hour gives the same day another date, because its setting is
    /// an event too. It holds if this is asked before every event, at the event's time.
    pub fn is_day_over(&self, now: Timestamp, day_at: impl Fn(Timestamp) -> Day) -> bool {
        let day = day_at(self.latest_at);
        day >= FIRST_DAY && day < day_at(now)
    }
}

/// Restarts the numbers. Tickets that still wait are cancelled, unless the office keeps them.
pub(super) fn start_day(queue: &Queue) -> Decision {
    let mut events = Vec::new();
    if !queue.settings().keep_waiting {
        let tickets = queue.tickets.values();
        let left = tickets.filter(|t| matches!(t.state, State::Waiting | State::Held));
        events.extend(left.map(|ticket| Event::TicketCancelled {
            ticket: ticket.id,
            desk: None,
        }));
    }
    events.push(Event::DayStarted);
    office(events)
}

/// Moves the times of the tickets, if there are any that matter.
pub(super) fn step_clock(queue: &Queue, by: i64, since: Timestamp) -> Decision {
    let is_idle = queue.waiting() == 0 && queue.pace.desks.is_empty();
    let stepped = Event::ClockStepped { by, since };
    office(if is_idle { Vec::new() } else { vec![stepped] })
}
