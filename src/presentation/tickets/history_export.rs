//! `/api/tickets.csv` and `/api/tickets.json`: the history of tickets, as files for other programs.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;

use super::fields::Fields;
use super::period::Period;
use crate::calendar::{OfficeCalendar, date_text};
use crate::domain::{Arrival, DeskName, PersonId, TicketRow, Timestamp};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::json::Time;
use crate::presentation::route::{Context, Handled};
use crate::storage::HistoryQuery;

/// Tickets that are read at once. Between two reads nothing keeps the database from reusing space.
const PAGE: u64 = 1_000;

/// The columns of the CSV file, named as in JSON. The last one is there if an admin turned it on.
const COLUMNS: [&str; 13] = [
    "code",
    "service",
    "priority",
    "state",
    "createdAt",
    "firstCalledAt",
    "endedAt",
    "waitSeconds",
    "handlingSeconds",
    "desk",
    "calls",
    "transfers",
    "person",
];

/// The names of people; `None` if the files do not say who served.
type People = Option<HashMap<PersonId, Arc<str>>>;

/// A ticket of the history in JSON. What is unknown or has not happened is null.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowJson<'a> {
    code: &'a str,
    service: &'a str,
    priority: &'a str,
    state: &'static str,
    created_at: Time,
    first_called_at: Option<Time>,
    ended_at: Option<Time>,
    wait_seconds: Option<i64>,
    handling_seconds: Option<i64>,
    desk: Option<&'a str>,
    calls: u32,
    transfers: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<Option<&'a str>>,
}

/// The person who served it, if not removed since.
fn person<'a>(row: &TicketRow, names: &'a HashMap<PersonId, Arc<str>>) -> Option<&'a str> {
    let name = row.person.and_then(|id| names.get(&id));
    name.map(|name| &**name)
}

impl<'a> RowJson<'a> {
    fn of(row: &'a TicketRow, people: &'a People) -> Self {
        Self {
            code: &row.code,
            service: row.service.as_str(),
            priority: &row.priority,
            state: row.state.as_str(),
            created_at: Time(row.created_at),
            first_called_at: row.first_called_at.map(Time),
            ended_at: row.ended_at.map(Time),
            wait_seconds: row.waited_ms.map(seconds),
            handling_seconds: row.served_ms.map(seconds),
            desk: row.desk.as_ref().map(DeskName::as_str),
            calls: row.calls,
            transfers: row.transfers,
            person: people.as_ref().map(|names| person(row, names)),
        }
    }
}

fn seconds(millis: i64) -> i64 {
    millis / 1_000
}

/// The fields of a row in the CSV file. Times are the office's, as spreadsheets read them.
fn fields(row: &TicketRow, calendar: &OfficeCalendar, people: &People) -> Vec<String> {
    let time = |at: Option<Timestamp>| at.map_or(String::new(), |at| calendar.text(at.as_millis()));
    let number = |number: Option<i64>| number.map_or(String::new(), |number| number.to_string());
    let mut fields = vec![
        row.code.clone(),
        row.service.to_string(),
        row.priority.to_string(),
        row.state.as_str().to_owned(),
        time(Some(row.created_at)),
        time(row.first_called_at),
        time(row.ended_at),
        number(row.waited_ms.map(seconds)),
        number(row.served_ms.map(seconds)),
        row.desk.as_ref().map_or(String::new(), DeskName::to_string),
        row.calls.to_string(),
        row.transfers.to_string(),
    ];
    if let Some(names) = people {
        fields.push(person(row, names).unwrap_or("").to_owned());
    }
    fields.into_iter().map(as_text).collect()
}

/// A cell that no spreadsheet takes for a formula (OWASP, «CSV Injection»).
fn as_text(cell: String) -> String {
    let begins_formula = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r'];
    if cell.starts_with(begins_formula) {
        format!("'{cell}")
    } else {
        cell
    }
}

/// `GET /api/tickets.csv?from=&to=` (RFC 4180)
pub fn csv(context: &Context<'_>) -> Handled {
    export(
        context,
        "csv",
        "text/csv; charset=utf-8; header=present",
        |to, pages, calendar, people| {
            let mut csv = csv::WriterBuilder::new()
                .terminator(csv::Terminator::CRLF)
                .from_writer(to);
            let columns = COLUMNS
                .iter()
                .take(COLUMNS.len() - usize::from(people.is_none()));
            csv.write_record(columns)?;
            pages(&mut |row| Ok(csv.write_record(fields(row, calendar, people))?))?;
            csv.flush()
        },
    )
}

/// `GET /api/tickets.json?from=&to=`
pub fn json(context: &Context<'_>) -> Handled {
    export(
        context,
        "json",
        "application/json",
        |to, pages, _, people| {
            let mut separator = "[";
            pages(&mut |row| {
                to.write_all(separator.as_bytes())?;
                separator = ",\n";
                Ok(serde_json::to_writer(&mut *to, &RowJson::of(row, people))?)
            })?;
            to.write_all(if separator == "[" { b"[]" } else { b"]" })
        },
    )
}

/// Writes one row.
type WriteRow<'a> = dyn FnMut(&TicketRow) -> io::Result<()> + 'a;

/// Reads all rows, page by page.
type Pages<'a> = dyn FnMut(&mut WriteRow<'_>) -> io::Result<()> + 'a;

fn export(
    context: &Context<'_>,
    kind: &str,
    content_type: &'static str,
    write: fn(&mut dyn Write, &mut Pages<'_>, &OfficeCalendar, &People) -> io::Result<()>,
) -> Handled {
    let tickets = &context.office.tickets;
    let (rule, by_person) = tickets.read_queue(|queue| {
        let settings = queue.settings();
        (settings.day_rule(), settings.statistics_by_person)
    });
    let calendar = OfficeCalendar::new(&rule);
    let mut fields = Fields::of_query(context.request)?;
    let period = Period::read(&mut fields, &calendar)?;
    fields.finish()?;
    let people: People = by_person.then(|| context.office.access.people_names());
    let slot = context.office.large_answers.take();
    let slot = slot.ok_or_else(Problem::too_many_large_answers)?;
    let (from, to) = period.millis(&calendar);
    let page_after = move |after: Arrival| HistoryQuery {
        after: after.as_seq(),
        limit: PAGE,
        ..HistoryQuery::all(from, to)
    };
    // A storage that fails is noticed before anything is sent.
    let mut page = Vec::new();
    tickets.read_history(&page_after(Arrival::from_seq(0)), &mut |row| page.push(row))?;
    let history = tickets.history().clone();
    let answer = Answer::stream(content_type, move |to| {
        let _slot = slot;
        let mut pages = |write_row: &mut WriteRow<'_>| {
            let mut page = std::mem::take(&mut page);
            while let Some(last) = page.last() {
                let next = page_after(last.arrival);
                page.iter().try_for_each(&mut *write_row)?;
                page.clear();
                let read = history.read(&next, &mut |row| page.push(row));
                read.map_err(io::Error::other)?;
            }
            Ok(())
        };
        write(to, &mut pages, &calendar, &people)
    });
    let name = format!(
        "attachment; filename=\"tickets-{}-{}.{kind}\"",
        date_text(period.from),
        date_text(period.to)
    );
    Ok(answer.with_header("Content-Disposition", name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_of_a_spreadsheet_begins_a_formula() {
        for text in [
            "=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "＠A1", "\t=1", "\r=1",
        ] {
            assert_eq!(as_text(text.to_owned()), format!("'{text}"));
        }
        for text in ["", "A12", "Caja 1", "2026-11-23 09:00:00"] {
            assert_eq!(as_text(text.to_owned()), text);
        }
    }
}
