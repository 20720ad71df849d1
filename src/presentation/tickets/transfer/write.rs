//! How an office is written down to move.

use std::collections::VecDeque;

use serde::Serialize;

use super::{FORMAT, VERSION};
use crate::calendar;
use crate::domain::{
    Called, DeskName, Line, Numbering, Prefix, QueueParts, Service, ServiceSetup, Ticket, TicketId,
};
use crate::presentation::json::{SettingsJson, Shown, Time};
use crate::presentation::tickets::audit::TraceJson;

/// The file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfficeFile<'a> {
    format: &'static str,
    version: u64,
    program: &'static str,
    exported_at: String,
    /// The last event of the office.
    seq: u64,
    /// The business day to which the numbers given belong.
    day: Option<String>,
    /// By which that day lasts to its end, where the settings have changed since.
    #[serde(skip_serializing_if = "Option::is_none")]
    day_rule: Option<DayRuleFile<'a>>,
    settings: SettingsJson<'a>,
    /// The last calls of each line, as the bound on priority tickets in a row counts them.
    in_a_row: Vec<CalledFile<'a>>,
    services: Vec<ServiceFile<'a>>,
    desks: Vec<DeskFile<'a>>,
    tickets: Vec<TicketFile<'a>>,
    /// What the clock has said there, as far as it bears on the numbers.
    clock: ClockFile<'a>,
    /// Numbers that are not given today, since people hold them.
    passed_over: Vec<PassedOver<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DayRuleFile<'a> {
    time_zone: Option<&'a str>,
    day_begins_hour: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceFile<'a> {
    prefix: &'a str,
    name: &'a str,
    names: &'a std::collections::BTreeMap<String, String>,
    first: u32,
    last: Option<u32>,
    digits: u8,
    open: bool,
    message: Option<&'a str>,
    /// The last number given today.
    last_number: Option<u32>,
}

#[derive(Serialize)]
struct DeskFile<'a> {
    name: &'a str,
    open: bool,
    services: Vec<&'a str>,
    /// The id of the ticket that it attends.
    ticket: Option<Shown<TicketId>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TicketFile<'a> {
    id: Shown<TicketId>,
    /// What its code begins with.
    prefix: &'a str,
    number: u32,
    digits: u8,
    /// What it waits for.
    service: &'a str,
    /// The desk that it waits for alone.
    only_desk: Option<&'a str>,
    priority: &'a str,
    note: Option<&'a str>,
    state: &'static str,
    /// The event that made it, and its place in line.
    arrival: u64,
    rank: i64,
    created_at: Time,
    waiting_since: Time,
    handle_at_desk: Option<&'a str>,
    handle_at: Option<Time>,
    calls: u32,
}

/// A call of somebody in the line of a service, or of one desk alone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CalledFile<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    only_desk: Option<&'a str>,
    seq: u64,
    /// Whether its weight was higher than the lowest.
    higher: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClockFile<'a> {
    latest: Time,
    /// For how long before a day begins its numbers may be of that day, in milliseconds.
    behind_millis: i64,
    /// How many numberings, and how many days before the latest, have begun since it stepped back.
    numberings: u8,
    days: u8,
    given_behind: Vec<PassedOver<'a>>,
    /// Numberings that are over, oldest first.
    earlier: Vec<NumberingFile<'a>>,
}

#[derive(Serialize)]
struct NumberingFile<'a> {
    /// When the next one began.
    until: Time,
    /// The last number of each service.
    last: Vec<PassedOver<'a>>,
}

#[derive(Serialize)]
struct PassedOver<'a> {
    prefix: &'a str,
    number: u32,
}

/// The file of an office, from what of it moves, and its trace.
pub fn write(office: &QueueParts, trace: &[TraceJson]) -> Vec<u8> {
    let id_of = |arrival| {
        let ticket = office.tickets.iter().find(|t| t.arrival == arrival);
        ticket.map(|ticket| Shown(ticket.id))
    };
    let given_behind = office.clock.given_behind.iter();
    let carried = office.carried.iter();
    let file = OfficeFile {
        format: FORMAT,
        version: VERSION,
        program: env!("CARGO_PKG_VERSION"),
        exported_at: format!("{:.3}", jiff::Timestamp::now()),
        seq: office.seq,
        day: office.day.map(calendar::date_text),
        day_rule: office.rule_before.as_ref().map(|rule| DayRuleFile {
            time_zone: rule.time_zone.as_deref(),
            day_begins_hour: rule.begins_hour,
        }),
        settings: SettingsJson::from(&office.settings),
        in_a_row: office.runs.lines().flat_map(called).collect(),
        services: office.services.iter().map(service).collect(),
        desks: office
            .desks
            .iter()
            .map(|desk| DeskFile {
                name: desk.name.as_str(),
                open: desk.open,
                services: desk.services.iter().map(Prefix::as_str).collect(),
                ticket: desk.attending.and_then(id_of),
            })
            .collect(),
        tickets: office.tickets.iter().map(ticket).collect(),
        clock: ClockFile {
            latest: Time(office.clock.latest),
            behind_millis: office.clock.behind,
            numberings: office.clock.numberings,
            days: office.clock.days,
            given_behind: given_behind.map(|(p, n)| passed_over(p, *n)).collect(),
            earlier: office.clock.earlier.iter().map(numbering).collect(),
        },
        passed_over: carried.map(|(p, n)| passed_over(p, *n)).collect(),
    };
    let always = "our own structs are always JSON";
    let mut bytes = serde_json::to_vec_pretty(&file).expect(always);
    // One line for each of the trace: there may be very many.
    bytes.truncate(bytes.len() - "\n}".len());
    bytes.extend_from_slice(b",\n  \"trace\": [");
    for (n, one) in trace.iter().enumerate() {
        bytes.extend_from_slice(if n == 0 { b"\n    " } else { b",\n    " });
        serde_json::to_writer(&mut bytes, one).expect(always);
    }
    bytes.extend_from_slice(b"\n  ]\n}\n");
    bytes
}

fn numbering(numbering: &Numbering) -> NumberingFile<'_> {
    let last = numbering.last.iter();
    let last = last.map(|(prefix, number)| passed_over(prefix, *number));
    NumberingFile {
        until: Time(numbering.until),
        last: last.collect(),
    }
}

fn passed_over(prefix: &Prefix, number: u32) -> PassedOver<'_> {
    PassedOver {
        prefix: prefix.as_str(),
        number,
    }
}

fn service(service: &Service) -> ServiceFile<'_> {
    let ServiceSetup {
        name,
        names,
        first,
        last,
        digits,
        open,
        message,
    } = &service.setup;
    ServiceFile {
        prefix: service.prefix.as_str(),
        name,
        names,
        first: *first,
        last: *last,
        digits: *digits,
        open: *open,
        message: message.as_deref(),
        last_number: service.last_number,
    }
}

fn called<'a>(
    (line, calls): (&'a Line, &'a VecDeque<Called>),
) -> impl Iterator<Item = CalledFile<'a>> {
    let (service, only_desk) = match line {
        Line::Service(prefix) => (Some(prefix.as_str()), None),
        Line::Desk(name) => (None, Some(name.as_str())),
    };
    calls.iter().map(move |call| CalledFile {
        service,
        only_desk,
        seq: call.seq,
        higher: call.higher,
    })
}

fn ticket(ticket: &Ticket) -> TicketFile<'_> {
    TicketFile {
        id: Shown(ticket.id),
        prefix: ticket.prefix.as_str(),
        number: ticket.number,
        digits: ticket.digits,
        service: ticket.service.as_str(),
        only_desk: match &ticket.line {
            Line::Service(_) => None,
            Line::Desk(desk) => Some(desk.as_str()),
        },
        priority: &ticket.priority,
        note: ticket.note.as_deref(),
        state: ticket.state.as_str(),
        arrival: ticket.arrival.as_seq(),
        rank: ticket.place.rank(),
        created_at: Time(ticket.created_at),
        waiting_since: Time(ticket.waiting_since),
        handle_at_desk: ticket.desk.as_ref().map(DeskName::as_str),
        handle_at: ticket.called_at.map(Time),
        calls: ticket.calls,
    }
}
