//! Checks that the parts of a stored or imported queue fit together.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::desk::{Desk, DeskName, MOST_DESKS};
use super::history::TicketRow;
use super::name::LONGEST_NAME;
use super::queue::QueueParts;
use super::service::{MOST_SERVICES, Prefix, Service, ServiceSetup};
use super::ticket::{State, Ticket, TicketId, WaitingList};
use super::time::{Arrival, Timestamp};
use super::time_spent::LONGEST_MS;

/// The largest number of an event: JavaScript reads larger ones inexactly.
const LARGEST_SEQ: u64 = 1 << 52;

/// The most calls of one ticket: nobody presses a button as often.
const MOST_CALLS: u32 = 1_000_000_000;

/// A part of a queue that does not fit the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPart {
    /// Its path in the JSON of [`QueueParts`], such as `tickets[3].number`.
    pub field: String,
    pub why: String,
}

impl fmt::Display for InvalidPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.why)
    }
}

fn invalid<T>(field: impl Into<String>, why: impl Into<String>) -> Result<T, InvalidPart> {
    Err(InvalidPart {
        field: field.into(),
        why: why.into(),
    })
}

/// Whether a time can be added to and subtracted from: clocks that lie are some thousand years away.
fn is_possible(time: Timestamp) -> bool {
    (-LONGEST_MS..=LONGEST_MS).contains(&time.as_millis())
}

/// The longest code of a ticket, in characters: far more than a prefix and a number have.
const LONGEST_CODE: usize = 40;

/// Checks the history that comes with an office whose last event is `last`. `Err` names the first field that is wrong.
pub fn check_history(rows: &[TicketRow], last: u64) -> Result<(), InvalidPart> {
    let mut before = 0;
    for (n, row) in rows.iter().enumerate() {
        let wrong = |name: &str, why: String| invalid(format!("history[{n}].{name}"), why);
        let arrival = row.arrival.as_seq();
        if arrival <= before || arrival > last {
            let why = format!(
                "{arrival} is not after the ticket before, {before}, up to the office's seq, {last}"
            );
            return wrong("arrival", why);
        }
        before = arrival;
        for (name, text, longest) in [
            ("code", &*row.code, LONGEST_CODE),
            ("priority", &*row.priority, LONGEST_NAME),
        ] {
            if text.chars().count() > longest || text.chars().any(char::is_control) {
                let why = format!("it has {longest} characters at most, and none for control");
                return wrong(name, why);
            }
        }
        let times = [
            ("createdAt", Some(row.created_at)),
            ("since", Some(row.since)),
            ("firstCalledAt", row.first_called_at),
            ("endedAt", row.ended_at),
            ("waitedMs", row.waited_ms.map(Timestamp::from_millis)),
            ("servedMs", row.served_ms.map(Timestamp::from_millis)),
        ];
        for (name, time) in times {
            if time.is_some_and(|time| !is_possible(time)) {
                return wrong(name, "no clock says that".to_owned());
            }
        }
        for (name, count) in [("calls", row.calls), ("transfers", row.transfers)] {
            if count > MOST_CALLS {
                return wrong(name, format!("{count} is more than {MOST_CALLS}"));
            }
        }
    }
    Ok(())
}

/// The parts that others refer to.
struct Known<'a> {
    services: HashMap<&'a Prefix, &'a Service>,
    desks: HashMap<&'a DeskName, &'a Desk>,
    tickets: HashMap<Arrival, &'a Ticket>,
    priorities: Vec<&'a str>,
    reserved_numbers: HashSet<(&'a Prefix, u32)>,
}

impl QueueParts {
    /// Checks limits, references and duplicates. Every queue that [`apply`](super::apply) makes
    /// passes. `Err` names the first field that is wrong.
    pub fn check(&self) -> Result<(), InvalidPart> {
        if self.seq > LARGEST_SEQ {
            return invalid("seq", format!("{} is more than {LARGEST_SEQ}", self.seq));
        }
        if !is_possible(self.latest_at) {
            return invalid("latestAt", "no clock says that");
        }
        let known = Known {
            services: self.services.iter().map(|s| (&s.prefix, s)).collect(),
            desks: self.desks.iter().map(|desk| (&desk.name, desk)).collect(),
            tickets: self.tickets.iter().map(|t| (t.arrival, t)).collect(),
            priorities: self.settings.priorities.iter().map(|p| &*p.name).collect(),
            reserved_numbers: self
                .reserved_numbers
                .iter()
                .map(|(p, number)| (p, *number))
                .collect(),
        };
        if known.priorities.is_empty() {
            return invalid("settings.priorities", "at least one is required");
        }
        self.check_services()?;
        self.check_tickets(&known)?;
        self.check_desks(&known)?;
        self.check_lists(&known)
    }

    fn check_services(&self) -> Result<(), InvalidPart> {
        if self.services.is_empty() || self.services.len() > MOST_SERVICES {
            return invalid(
                "services",
                format!("must have 1 to {MOST_SERVICES} entries"),
            );
        }
        let mut prefixes = HashSet::new();
        for (n, service) in self.services.iter().enumerate() {
            if !prefixes.insert(&service.prefix) {
                let why = format!("{} appears twice", service.prefix);
                return invalid(format!("services[{n}].prefix"), why);
            }
            let ServiceSetup { first, last, .. } = service.setup;
            if first == 0 || last.is_some_and(|last| last < first) {
                let why = "numbers begin at 1 or later, and end after they begin";
                return invalid(format!("services[{n}].setup.first"), why);
            }
        }
        Ok(())
    }

    fn check_desks(&self, known: &Known<'_>) -> Result<(), InvalidPart> {
        if self.desks.len() > MOST_DESKS {
            return invalid("desks", format!("there are {MOST_DESKS} at most"));
        }
        let mut names = HashSet::new();
        for (n, desk) in self.desks.iter().enumerate() {
            let wrong = |name: &str, why: String| invalid(format!("desks[{n}].{name}"), why);
            if !names.insert(&desk.name) {
                return wrong("name", format!("{} appears twice", desk.name));
            }
            let mut services = desk.services.iter();
            if let Some(asked) = services.find(|p| !known.services.contains_key(p)) {
                return wrong("services", format!("there is no service {asked}"));
            }
            let Some(arrival) = desk.serving else {
                continue;
            };
            let is_here = known.tickets.get(&arrival).is_some_and(|ticket| {
                ticket.state == State::Serving && ticket.desk.as_ref() == Some(&desk.name)
            });
            if !is_here {
                let why = format!(
                    "no ticket {} is «serving» at {}",
                    arrival.as_seq(),
                    desk.name
                );
                return wrong("attending", why);
            }
        }
        Ok(())
    }

    fn check_tickets(&self, known: &Known<'_>) -> Result<(), InvalidPart> {
        let mut ids: HashSet<TicketId> = HashSet::new();
        let mut codes = HashSet::new();
        let mut before = 0;
        for (n, ticket) in self.tickets.iter().enumerate() {
            let wrong = |name: &str, why: String| invalid(format!("tickets[{n}].{name}"), why);
            let arrival = ticket.arrival.as_seq();
            if arrival <= before || arrival > self.seq {
                let seq = self.seq;
                let why =
                    format!("{arrival} is not after the ticket before, {before}, up to seq, {seq}");
                return wrong("arrival", why);
            }
            before = arrival;
            if !ids.insert(ticket.id) {
                return wrong("id", "two tickets have it".to_owned());
            }
            if !codes.insert((&ticket.prefix, ticket.number)) {
                return wrong("number", format!("two tickets are {}", ticket.code()));
            }
            if let Err((name, why)) = ticket.check(known) {
                return wrong(name, why);
            }
        }
        for (n, ticket) in self.previous_day.iter().enumerate() {
            if !ids.insert(ticket.id) {
                return invalid(format!("previousDay[{n}].id"), "two tickets have it");
            }
        }
        Ok(())
    }

    /// The lists that refer to tickets by their arrival.
    fn check_lists(&self, known: &Known<'_>) -> Result<(), InvalidPart> {
        let mut ended = HashSet::new();
        for (n, arrival) in self.ended.iter().enumerate() {
            let has_ended = known.tickets.get(arrival).is_some_and(|t| has_ended(t));
            if !has_ended || !ended.insert(*arrival) {
                let why = format!("no ticket {} has ended", arrival.as_seq());
                return invalid(format!("ended[{n}]"), why);
            }
        }
        let mut tickets = self.tickets.iter();
        let is_left = |t: &Ticket| has_ended(t) && !ended.contains(&t.arrival);
        if let Some(n) = tickets.position(is_left) {
            return invalid(
                format!("tickets[{n}].state"),
                "this ticket has ended but is missing from `ended`",
            );
        }
        Ok(())
    }
}

fn has_ended(ticket: &Ticket) -> bool {
    ticket.state.is_final() || ticket.state == State::NoShow
}

impl Ticket {
    /// Checks it against the parts that it refers to. `Err` is the field, and why it is wrong.
    fn check(&self, known: &Known<'_>) -> Result<(), (&'static str, String)> {
        let has_number = known.services.get(&self.prefix).is_none_or(|service| {
            service.last_number.unwrap_or(0) >= self.number
                || known
                    .reserved_numbers
                    .contains(&(&self.prefix, self.number))
        });
        if self.number == 0 || !has_number {
            let why = format!("{} is above the lastNumber of its service", self.code());
            return Err(("number", why));
        }
        if self.position.arrival() != self.arrival {
            return Err(("position", "it belongs to another ticket".to_owned()));
        }
        let note = self.note.as_ref().map_or(0, |note| note.chars().count());
        if note > Self::LONGEST_NOTE {
            let why = format!("it has {} characters at most", Self::LONGEST_NOTE);
            return Err(("note", why));
        }
        if self.calls > MOST_CALLS {
            return Err(("calls", format!("{} is more than {MOST_CALLS}", self.calls)));
        }
        for (name, time) in [
            ("createdAt", Some(self.created_at)),
            ("waitingSince", Some(self.waiting_since)),
            ("calledAt", self.called_at),
            ("endedAt", self.ended_at),
        ] {
            if time.is_some_and(|time| !is_possible(time)) {
                return Err((name, "no clock says that".to_owned()));
            }
        }
        if !self.spent.is_possible() {
            return Err(("spent", "its times are too long".to_owned()));
        }
        let language = self.language.as_ref().map_or(0, |code| code.len());
        if language > Self::LONGEST_LANGUAGE {
            let why = format!("it has {} bytes at most", Self::LONGEST_LANGUAGE);
            return Err(("language", why));
        }
        if self.state.is_final() {
            return Ok(());
        }
        if !known.services.contains_key(&self.service) {
            return Err(("service", format!("there is no service {}", self.service)));
        }
        if !known.priorities.contains(&&*self.priority) {
            let all = known.priorities.join(", ");
            let why = format!("there is no priority {}; there are: {all}", self.priority);
            return Err(("priority", why));
        }
        let is_there = match &self.list {
            WaitingList::Service(prefix) => known.services.contains_key(prefix),
            WaitingList::Desk(name) => known.desks.contains_key(name),
        };
        if !is_there {
            return Err(("list", "there is no such service or desk".to_owned()));
        }
        let serves = |desk: &&Desk| desk.serving == Some(self.arrival);
        let desk = self
            .desk
            .as_ref()
            .and_then(|name| known.desks.get(name).copied());
        if self.state == State::Serving && !desk.as_ref().is_some_and(serves) {
            return Err(("state", "it is «serving», but no desk serves it".to_owned()));
        }
        Ok(())
    }
}
