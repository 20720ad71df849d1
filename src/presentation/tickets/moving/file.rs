//! The JSON file of an office: its snapshot record and its history, with a format name, a version and the audit log.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::Arc;

use serde::de::IgnoredAny;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};

use crate::domain::{LONGEST_NAME, QueueParts, TicketRow, check_history, parse_name};
use crate::presentation::http::problem::Problem;
use crate::presentation::tickets::settings::MOST_WAITING;
use crate::presentation::tickets::{services, settings};
use crate::storage::{HistoryQuery, StorageError, TicketHistory};

/// Says that a file is the file of an office.
const FORMAT: &str = "turnero-office";

/// Version of the format. It grows when an older program could not read the file. Version 1 has no history.
const VERSION: u64 = 2;

/// Tickets of the history that are read at once.
const HISTORY_PAGE: u64 = 1_000;

/// The largest number that was given: numbers begin at 999,999 at most, and go on past the end of their range.
const LARGEST_GIVEN: u32 = 9_999_999;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileToWrite<'a, H, A> {
    format: &'static str,
    version: u64,
    program: &'static str,
    exported_at: String,
    office: &'a QueueParts,
    history: &'a H,
    audit: &'a A,
}

#[derive(Deserialize)]
struct Header {
    format: Option<String>,
    version: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileToRead {
    #[serde(rename = "format")]
    _format: IgnoredAny,
    #[serde(rename = "version")]
    _version: IgnoredAny,
    #[serde(rename = "program")]
    _program: IgnoredAny,
    #[serde(rename = "exportedAt")]
    _exported_at: IgnoredAny,
    office: QueueParts,
    #[serde(default)]
    history: Vec<TicketRow>,
    /// Not imported: the audit log stays on its machine.
    #[serde(rename = "audit")]
    _audit: IgnoredAny,
}

/// What a file moves to another computer.
#[derive(Debug, PartialEq, Eq)]
pub struct Moved {
    pub office: QueueParts,
    /// Its tickets of all days, oldest first.
    pub history: Vec<TicketRow>,
}

/// The history up to an event as JSON, oldest first, read page by page while it is written.
pub struct HistoryPages {
    history: Arc<dyn TicketHistory>,
    until: u64,
    failure: RefCell<Option<StorageError>>,
}

impl HistoryPages {
    /// The tickets that were taken up to event `until`.
    pub fn new(history: Arc<dyn TicketHistory>, until: u64) -> Self {
        Self {
            history,
            until,
            failure: RefCell::default(),
        }
    }

    /// Why not all of it could be read, after it was written.
    pub fn failure(&self) -> Option<StorageError> {
        self.failure.take()
    }
}

impl Serialize for HistoryPages {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut after = 0;
        while after < self.until {
            let mut page = Vec::new();
            let query = HistoryQuery {
                after,
                limit: HISTORY_PAGE,
                ..HistoryQuery::all(i64::MIN, i64::MAX)
            };
            let read = self.history.read(&query, &mut |row| page.push(row));
            for row in page.iter().filter(|row| row.arrival.as_seq() <= self.until) {
                list.serialize_element(row)?;
            }
            if let Err(error) = read {
                *self.failure.borrow_mut() = Some(error);
                break;
            }
            let Some(last) = page.last() else {
                break;
            };
            after = last.arrival.as_seq();
        }
        list.end()
    }
}

/// Writes the file of an office, with its history and the entries of its audit log.
pub fn write(
    to: &mut dyn Write,
    office: &QueueParts,
    history: &impl Serialize,
    audit: &impl Serialize,
) -> io::Result<()> {
    let file = FileToWrite {
        format: FORMAT,
        version: VERSION,
        program: env!("CARGO_PKG_VERSION"),
        exported_at: format!("{:.3}", jiff::Timestamp::now()),
        office,
        history,
        audit,
    };
    serde_json::to_writer(&mut *to, &file)?;
    to.write_all(b"\n")
}

/// Reads and checks the file of an office. `Err` is one sentence that names the wrong field.
pub fn read(bytes: &[u8]) -> Result<Moved, String> {
    let header: Header =
        serde_json::from_slice(bytes).map_err(|error| format!("it is no JSON object: {error}"))?;
    if header.format.as_deref() != Some(FORMAT) {
        return Err(format!("format: it must be «{FORMAT}»"));
    }
    if !header
        .version
        .is_some_and(|version| (1..=VERSION).contains(&version))
    {
        let version = header.version.map_or("none".to_owned(), |v| v.to_string());
        return Err(format!(
            "version: this program reads 1 to {VERSION}, and the file has {version}"
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let file: FileToRead = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| format!("{}: {}", error.path(), error.inner()))?;
    let mut office = file.office;
    office.settings = settings::checked_whole(&office.settings)
        .map_err(|problem| within("settings", &problem))?;
    for (n, service) in office.services.iter_mut().enumerate() {
        service.setup = services::checked_whole(service)
            .map_err(|problem| within(&format!("services[{n}].setup"), &problem))?;
    }
    office.check().map_err(|wrong| format!("office.{wrong}"))?;
    check_bounds(&office).map_err(|(field, why)| format!("office.{field}: {why}"))?;
    let history = file.history;
    check_history(&history, office.seq).map_err(|wrong| wrong.to_string())?;
    Ok(Moved { office, history })
}

/// The names that a new office could not have, in sentences that say why. Earlier versions of the program accepted more names; an
/// import keeps them, because tickets, screens and programs refer to them.
pub fn old_names(office: &QueueParts) -> Vec<String> {
    let mut names = settings::names_of(&office.settings);
    for service in &office.services {
        names.push(service.prefix.as_str().to_owned());
        names.extend(services::names_of(&service.setup));
    }
    let desks = office.desks.iter();
    names.extend(desks.map(|desk| desk.name.as_str().to_owned()));
    names.sort();
    names.dedup();
    let refused = names
        .into_iter()
        .filter_map(|name| match parse_name(&name) {
            Ok(new) if new == name => None,
            Ok(_) => Some(format!(
                "«{name}» stays as it is; a new name has other characters for its accents."
            )),
            Err(why) => Some(format!(
                "«{name}» stays as it is, but is refused for what is new: {why}."
            )),
        });
    refused.collect()
}

/// Refuses what no office can have come to by its commands. `Err` is the field, and why it is refused.
fn check_bounds(office: &QueueParts) -> Result<(), (String, String)> {
    let refuse = |field: String, why: &str| Err((field, why.to_owned()));
    for (field, is_empty) in [
        ("previousDay", office.previous_day.is_empty()),
        ("calls", office.calls.is_empty()),
        ("steps", office.steps.is_empty()),
    ] {
        if !is_empty {
            return refuse(field.to_owned(), "it is empty in an export");
        }
    }
    for (field, length) in [
        ("tickets", office.tickets.len()),
        ("reservedNumbers", office.reserved_numbers.len()),
    ] {
        if length as u64 > MOST_WAITING {
            let why = format!("it has {MOST_WAITING} entries at most; these are {length}");
            return refuse(field.to_owned(), &why);
        }
    }
    let numbers = office.services.iter().enumerate().map(|(n, service)| {
        let number = service.last_number.unwrap_or(0);
        (format!("services[{n}].lastNumber"), number)
    });
    let reserved = office.reserved_numbers.iter().enumerate();
    let reserved = reserved.map(|(n, (_, number))| (format!("reservedNumbers[{n}]"), *number));
    for (field, number) in numbers.chain(reserved) {
        if number > LARGEST_GIVEN {
            let why = format!("{number} is more than {LARGEST_GIVEN}");
            return refuse(field, &why);
        }
    }
    for (n, ticket) in office.tickets.iter().enumerate() {
        if ticket.digits == 0 || u64::from(ticket.digits) > services::MOST_DIGITS {
            let why = format!("a code has 1 to {} digits at least", services::MOST_DIGITS);
            return refuse(format!("tickets[{n}].digits"), &why);
        }
        if ticket.priority.chars().count() > LONGEST_NAME {
            let why = format!("a name has at most {LONGEST_NAME} characters");
            return refuse(format!("tickets[{n}].priority"), &why);
        }
    }
    Ok(())
}

fn within(part: &str, problem: &Problem) -> String {
    format!("office.{part}.{}", problem.detail)
}
