//! The beginning of a business day, and another rule for it.

use std::collections::BTreeSet;

use crate::domain::queue::Queue;
use crate::domain::service::Prefix;
use crate::domain::settings::Settings;
use crate::domain::ticket::State;
use crate::domain::time::{Day, Timestamp};

impl Queue {
    pub(super) fn set_up(&mut self, settings: &Settings) {
        let rule = self.settings.day_rule();
        let has_begun = self.day.is_some() || !self.tickets.is_empty();
        if has_begun && settings.day_rule() != rule {
            self.rule_before.get_or_insert(rule);
        }
        self.settings = settings.clone();
    }

    pub(super) fn start_day(&mut self, day: Day, restart: bool, at: Timestamp) {
        let latest = self.latest_day();
        let is_behind = Some(day) < latest;
        let is_later = self.day.is_some_and(|today| today < day);
        self.numbers_of = if restart {
            Some(day)
        } else {
            latest.max(Some(day))
        };
        self.day = Some(day);
        self.rule_before = None;
        self.forget_steps();
        if !restart {
            if is_later {
                self.clock.begins_behind();
            }
            return;
        }
        let given = self.tickets.values();
        let later = given.filter(|t| !is_behind && self.clock.may_be_later(t.created_at, at));
        let mut passed_over: BTreeSet<(Prefix, u32)> =
            later.map(|t| (t.prefix.clone(), t.number)).collect();
        let given = self.tickets.values().map(|t| (&t.prefix, t.number));
        passed_over.extend(self.clock.begin(&self.services, given, at, is_behind));
        for service in &mut self.services {
            service.last_number = None;
        }
        self.pace.transactions.clear();
        self.previous_day.clear();
        for ended in std::mem::take(&mut self.ended) {
            let Some(mut ticket) = self.tickets.remove(&ended) else {
                continue;
            };
            self.by_id.remove(&ticket.id);
            if ticket.state == State::NoShow {
                // The way back is closed.
                ticket.state = State::Cancelled;
                ticket.ended_at = Some(self.now);
            }
            if ticket.state == State::Cancelled {
                self.previous_day.insert(ticket.id, ticket);
            }
        }
        let open = self.tickets.values();
        let held = open.map(|t| (t.prefix.clone(), t.number));
        passed_over.extend(held);
        self.reserved_numbers = passed_over;
        self.calls.clear();
        self.last_called
            .retain(|arrival| self.tickets.contains_key(arrival));
    }
}
