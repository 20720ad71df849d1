//! An office's file is read and checked: every mistake is named with its place in the file.

use std::collections::{BTreeMap, HashSet, VecDeque};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{FORMAT, VERSION};
use crate::calendar;
use crate::domain::{
    Arrival, Called, Clock, Desk, DeskName, Line, Numbering, Place, Prefix, Queue, QueueParts,
    Service, ServiceChange, ServiceSetup, Settings, State, Ticket, TicketId, Timestamp,
};
use crate::presentation::http::problem::Problem;
use crate::presentation::tickets::fields::Fields;
use crate::presentation::tickets::ticket::LONGEST_NOTE;
use crate::presentation::tickets::{services, settings};

/// The largest number of an event: what other programs can still read exactly.
const LARGEST_SEQ: u64 = 1 << 52;

/// The largest number of calls and the like.
const LARGEST: u64 = u32::MAX as u64;

/// The largest number on a ticket: more than an office can give, and far below the last that a
/// program can count to.
const LARGEST_NUMBER: u64 = 999_999_999;

/// What some editors write before the text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The most digits that a number is written with.
const MOST_DIGITS: u64 = 6;

#[derive(Deserialize)]
struct OfficeFile {
    /// Who did what on another machine, which is not even looked at: there may be very much of it.
    #[serde(default, rename = "trace")]
    _trace: Option<IgnoredAny>,
    #[serde(flatten)]
    fields: BTreeMap<String, Value>,
}

/// Reads the file of an office. `Err` says in one sentence what is wrong with it, and where.
pub fn read(bytes: &[u8]) -> Result<QueueParts, Problem> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let OfficeFile { fields, .. } = serde_json::from_slice(bytes).map_err(Problem::bad_json)?;
    let mut file = Fields::of_object(fields);
    if file.text("format")?.as_deref() != Some(FORMAT) {
        let why = format!("it is «{FORMAT}» in the file of an office");
        return Err(file.invalid("format", why));
    }
    let version = file.number("version", LARGEST)?;
    let version = required(&file, "version", version)?;
    if version != VERSION {
        let why = format!("this program reads {VERSION}, and the file is {version}");
        return Err(file.invalid("version", why));
    }
    file.text("program")?;
    file.text("exportedAt")?;
    let seq = file.number("seq", LARGEST_SEQ)?;
    let seq = required(&file, "seq", seq)?;
    let day = match file.text("day")? {
        Some(text) => Some(calendar::date_of(&text).ok_or_else(|| {
            let why = format!("«{text}» is no date like 2026-11-23");
            file.invalid("day", why)
        })?),
        None => None,
    };
    let rule_before = match file.object("dayRule")? {
        Some(mut fields) => {
            let change = settings::changed_day(&mut fields)
                .map_err(|problem| within("dayRule.", problem))?;
            fields.finish()?;
            Some(change.of(&Settings::default()).day_rule())
        }
        None => None,
    };
    // Of a program that counted for the whole office what is now counted in each line.
    file.number("priorityRun", LARGEST)?;
    let settings = read_settings(&mut file)?;
    let in_a_row = file.objects("inARow")?.unwrap_or_default();
    let services = read_services(&mut file)?;
    let desks = list(&mut file, "desks")?;
    let tickets = list(&mut file, "tickets")?;
    let clock = match file.object("clock")? {
        Some(fields) => read_clock(fields).map_err(|problem| within("clock.", problem))?,
        None => Clock::default(),
    };
    let carried = numbers(list(&mut file, "passedOver")?)?;
    file.finish()?;
    let desk_names = names(&desks)?;
    let mut office = QueueParts {
        seq,
        settings,
        day,
        rule_before,
        carried,
        clock,
        services,
        ..Queue::new().parts()
    };
    read_tickets(tickets, &desk_names, &mut office)?;
    read_runs(in_a_row, &desk_names, &mut office)?;
    read_desks(desks, desk_names, &mut office)?;
    Ok(office.with_derived())
}

fn read_settings(file: &mut Fields) -> Result<Settings, Problem> {
    let mut fields = file
        .object("settings")?
        .ok_or_else(|| file.invalid("settings", "it is missing"))?;
    let change = settings::changed(&mut fields).map_err(|problem| within("settings.", problem))?;
    fields.finish()?;
    Ok(change.of(&Settings::default()))
}

fn numbers(list: Vec<Fields>) -> Result<Vec<(Prefix, u32)>, Problem> {
    let numbers = list.into_iter().map(|mut fields| {
        let prefix = prefix(&mut fields, "prefix")?;
        let number = number(&mut fields, "number")?;
        fields.finish()?;
        Ok((prefix, number))
    });
    numbers.collect()
}

fn read_clock(mut fields: Fields) -> Result<Clock, Problem> {
    let latest = time(&mut fields, "latest")?;
    let latest = required(&fields, "latest", latest)?;
    let behind = fields.number("behindMillis", LARGEST)?.unwrap_or(0);
    let mut count = |name| -> Result<u8, Problem> {
        let count = fields.number(name, u8::MAX.into())?.unwrap_or(0);
        Ok(u8::try_from(count).unwrap_or(u8::MAX))
    };
    let (numberings, days) = (count("numberings")?, count("days")?);
    let given_behind = numbers(list(&mut fields, "givenBehind")?)?;
    let mut earlier = VecDeque::new();
    for mut fields in list(&mut fields, "earlier")? {
        let until = time(&mut fields, "until")?;
        let last = numbers(list(&mut fields, "last")?)?;
        earlier.push_back(Numbering {
            until: required(&fields, "until", until)?,
            last: last.into_iter().collect(),
        });
        fields.finish()?;
    }
    fields.finish()?;
    Ok(Clock {
        latest,
        behind: i64::try_from(behind).unwrap_or(i64::MAX),
        numberings,
        days,
        given_behind: given_behind.into_iter().collect(),
        earlier,
    })
}

fn read_services(file: &mut Fields) -> Result<Vec<Service>, Problem> {
    let mut found: Vec<Service> = Vec::new();
    let all = list(file, "services")?;
    if all.is_empty() {
        return Err(file.invalid("services", "there is one at least"));
    }
    for (n, mut fields) in all.into_iter().enumerate() {
        let text = fields.text("prefix")?;
        let text = required(&fields, "prefix", text)?;
        let prefix = Prefix::parse(&text).map_err(|why| fields.invalid("prefix", why))?;
        if found.iter().any(|other| other.prefix == prefix) {
            return Err(fields.invalid("prefix", format!("{prefix} is there twice")));
        }
        let last_number = fields.number("lastNumber", LARGEST_NUMBER)?;
        let change: ServiceChange = services::changed(&mut fields)
            .map_err(|problem| within(&format!("services[{n}]."), problem))?;
        let setup = change
            .of(&ServiceSetup::named(prefix.as_str()))
            .map_err(|refusal| within(&format!("services[{n}]."), Problem::from(&refusal)))?;
        fields.finish()?;
        found.push(Service {
            last_number: last_number.map(|given| small(Some(given))),
            ..Service::new(prefix, setup)
        });
    }
    Ok(found)
}

fn read_tickets(
    list: Vec<Fields>,
    desks: &[DeskName],
    office: &mut QueueParts,
) -> Result<(), Problem> {
    let mut ids = HashSet::new();
    let mut codes = HashSet::new();
    let mut last_arrival = 0;
    for mut fields in list {
        let ticket = read_ticket(&mut fields, desks, office)?;
        if !ids.insert(ticket.id) {
            return Err(fields.invalid("id", "two tickets have it"));
        }
        if !codes.insert((ticket.prefix.clone(), ticket.number)) {
            let why = format!("two tickets are {}", ticket.code());
            return Err(fields.invalid("number", why));
        }
        let arrival = ticket.arrival.as_seq();
        if arrival <= last_arrival || arrival > office.seq {
            let why = format!(
                "{arrival} is not between the ticket before, {last_arrival}, and seq, {}",
                office.seq
            );
            return Err(fields.invalid("arrival", why));
        }
        last_arrival = arrival;
        fields.finish()?;
        office.tickets.push(ticket);
    }
    Ok(())
}

fn read_ticket(
    fields: &mut Fields,
    desks: &[DeskName],
    office: &QueueParts,
) -> Result<Ticket, Problem> {
    let id = fields.text("id")?;
    let id = required(fields, "id", id)?;
    let id = TicketId::parse(&id).ok_or_else(|| fields.invalid("id", "it is no ticket's id"))?;
    let state = fields.text("state")?;
    let state = required(fields, "state", state)?;
    let open = [State::Waiting, State::Serving, State::Held, State::NoShow];
    let state = State::parse(&state)
        .filter(|state| open.contains(state))
        .ok_or_else(|| {
            let known = open.map(State::as_str).join(", ");
            fields.invalid("state", format!("«{state}» is none of {known}"))
        })?;
    let service = service(fields, office)?;
    let code_prefix = prefix(fields, "prefix")?;
    let number = number(fields, "number")?;
    let given = office.services.iter().find(|s| s.prefix == code_prefix);
    let behind = |s: &Service| s.last_number.unwrap_or(0) < number;
    let is_carried = office.carried.contains(&(code_prefix.clone(), number));
    if given.is_none() && !is_carried {
        let why = format!("there is no service {code_prefix}, and passedOver has no such ticket");
        return Err(fields.invalid("prefix", why));
    }
    if given.is_some_and(behind) && !is_carried {
        let why = format!("{number} was not given: lastNumber of {code_prefix} is smaller");
        return Err(fields.invalid("number", why));
    }
    let digits = fields.number("digits", MOST_DIGITS)?.unwrap_or(1);
    let only_desk = desk(fields, "onlyDesk", desks)?;
    let handled_at = desk_name(fields, "handleAtDesk")?;
    if state == State::Serving && handled_at.is_none() {
        return Err(fields.invalid("handleAtDesk", "a desk attends the ticket"));
    }
    let arrival = fields.number("arrival", LARGEST_SEQ)?;
    let arrival = Arrival::from_seq(required(fields, "arrival", arrival)?);
    let place = match fields.integer("rank", LARGEST_SEQ)? {
        Some(rank) => Place::ranked(rank, arrival),
        None => Place::by_arrival(arrival),
    };
    let note = fields.text("note")?;
    if note
        .as_ref()
        .is_some_and(|note| note.chars().count() > LONGEST_NOTE)
    {
        let why = format!("a note has {LONGEST_NOTE} characters at most");
        return Err(fields.invalid("note", why));
    }
    let created_at = time(fields, "createdAt")?;
    let created_at = required(fields, "createdAt", created_at)?;
    let priorities = &office.settings.priorities;
    let priority = match fields.text("priority")? {
        None => &priorities[0],
        Some(asked) => {
            let found = priorities.iter().find(|p| *p.name == asked);
            let known: Vec<&str> = priorities.iter().map(|p| &*p.name).collect();
            let known = known.join(", ");
            let why = format!("there is no priority {asked}; there are: {known}");
            found.ok_or_else(|| fields.invalid("priority", why))?
        }
    };
    Ok(Ticket {
        id,
        arrival,
        prefix: code_prefix,
        number,
        digits: u8::try_from(digits.max(1)).unwrap_or(1),
        line: match only_desk {
            Some(desk) => Line::Desk(desk),
            None => Line::Service(service.clone()),
        },
        place,
        service,
        priority: priority.name.clone(),
        waiting_since: time(fields, "waitingSince")?.unwrap_or(created_at),
        note: note.map(String::into_boxed_str),
        state,
        created_at,
        desk: handled_at,
        called_at: time(fields, "handleAt")?,
        ended_at: None,
        calls: small(fields.number("calls", LARGEST)?),
    })
}

/// The names of all desks, which tickets speak of before the desks are read whole.
fn names(desks: &[Fields]) -> Result<Vec<DeskName>, Problem> {
    let mut names = Vec::new();
    for fields in desks {
        let text = fields.peek("name").unwrap_or_default();
        let name = DeskName::parse(text).map_err(|why| fields.invalid("name", why))?;
        if names.contains(&name) {
            return Err(fields.invalid("name", format!("{name} is there twice")));
        }
        names.push(name);
    }
    Ok(names)
}

fn read_desks(
    list: Vec<Fields>,
    names: Vec<DeskName>,
    office: &mut QueueParts,
) -> Result<(), Problem> {
    for (mut fields, name) in list.into_iter().zip(names) {
        fields.text("name")?;
        let wanted = fields.texts("services")?.unwrap_or_default();
        let services: Vec<Prefix> = wanted.iter().map(|p| Prefix::new(p)).collect();
        let unknown = |p: &&Prefix| !office.services.iter().any(|s| s.prefix == **p);
        if let Some(asked) = services.iter().find(unknown) {
            return Err(fields.invalid("services", format!("there is no service {asked}")));
        }
        let open = fields.boolean("open")?.unwrap_or(true);
        let attending = match fields.text("ticket")? {
            None => None,
            Some(id) => {
                let here = |ticket: &&Ticket| {
                    ticket.id.to_string() == id
                        && ticket.state == State::Serving
                        && ticket.desk.as_ref() == Some(&name)
                };
                let ticket = office.tickets.iter().find(here);
                let why = format!("no ticket {id} is «serving» at {name}");
                Some(ticket.ok_or_else(|| fields.invalid("ticket", why))?.arrival)
            }
        };
        fields.finish()?;
        office.desks.push(Desk {
            name,
            open,
            services,
            attending,
            screen: None,
        });
    }
    let attended = |ticket: &Ticket| {
        let mut desks = office.desks.iter();
        desks.any(|desk| desk.attending == Some(ticket.arrival))
    };
    let lost = |ticket: &Ticket| ticket.state == State::Serving && !attended(ticket);
    if let Some(n) = office.tickets.iter().position(lost) {
        let why = "it is «serving», and no desk attends it";
        return Err(Problem::invalid(&format!("tickets[{n}].state"), why));
    }
    office.desks.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(())
}

fn read_runs(
    list: Vec<Fields>,
    desks: &[DeskName],
    office: &mut QueueParts,
) -> Result<(), Problem> {
    let mut lines: BTreeMap<Line, VecDeque<Called>> = BTreeMap::new();
    for mut fields in list {
        let only_desk = desk(&mut fields, "onlyDesk", desks)?;
        let line = match only_desk {
            Some(name) => Line::Desk(name),
            None => Line::Service(service(&mut fields, office)?),
        };
        let seq = fields.number("seq", office.seq)?;
        let seq = required(&fields, "seq", seq)?;
        let higher = fields.boolean("higher")?;
        let higher = required(&fields, "higher", higher)?;
        let calls = lines.entry(line).or_default();
        if calls.back().is_some_and(|before| before.seq >= seq) {
            return Err(fields.invalid("seq", "the calls of a line are in order"));
        }
        calls.push_back(Called { seq, higher });
        fields.finish()?;
    }
    office.runs = lines.into_iter().collect();
    Ok(())
}

fn list(file: &mut Fields, name: &'static str) -> Result<Vec<Fields>, Problem> {
    let list = file.objects(name)?;
    required(file, name, list)
}

fn required<T>(fields: &Fields, name: &'static str, value: Option<T>) -> Result<T, Problem> {
    value.ok_or_else(|| fields.invalid(name, "it is missing"))
}

fn prefix(fields: &mut Fields, name: &'static str) -> Result<Prefix, Problem> {
    let text = fields.text(name)?;
    let text = required(fields, name, text)?;
    Prefix::parse(&text).map_err(|why| fields.invalid(name, why))
}

fn number(fields: &mut Fields, name: &'static str) -> Result<u32, Problem> {
    let number = fields.count(name, LARGEST_NUMBER)?;
    required(fields, name, number).map(|number| small(Some(number)))
}

fn desk_name(fields: &mut Fields, name: &'static str) -> Result<Option<DeskName>, Problem> {
    let text = fields.text(name)?;
    let parsed = text.map(|text| DeskName::parse(&text)).transpose();
    parsed.map_err(|why| fields.invalid(name, why))
}

/// A service that is in the file.
fn service(fields: &mut Fields, office: &QueueParts) -> Result<Prefix, Problem> {
    let service = prefix(fields, "service")?;
    if office.services.iter().any(|s| s.prefix == service) {
        Ok(service)
    } else {
        Err(fields.invalid("service", format!("there is no service {service}")))
    }
}

/// A desk that is in the file.
fn desk(
    fields: &mut Fields,
    name: &'static str,
    desks: &[DeskName],
) -> Result<Option<DeskName>, Problem> {
    let desk = desk_name(fields, name)?;
    match &desk {
        Some(asked) if !desks.contains(asked) => {
            Err(fields.invalid(name, format!("there is no desk {asked}")))
        }
        _ => Ok(desk),
    }
}

fn time(fields: &mut Fields, name: &'static str) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = fields.text(name)? else {
        return Ok(None);
    };
    let time: Result<jiff::Timestamp, _> = text.parse();
    let time = time.map_err(|_| {
        let why = format!("«{text}» is no time like 2026-11-23T09:00:00.000Z");
        fields.invalid(name, why)
    })?;
    Ok(Some(Timestamp::from_millis(time.as_millisecond())))
}

/// A number that was checked against its bound, or 0.
fn small(number: Option<u64>) -> u32 {
    number.map_or(0, |number| u32::try_from(number).unwrap_or(u32::MAX))
}

/// Puts the place in the file before the name of a field that does not know it.
fn within(place: &str, mut problem: Problem) -> Problem {
    if !problem.detail.starts_with(place) {
        problem.detail.insert_str(0, place);
    }
    problem
}
