//! `turnero export` and `turnero import`.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use super::file::HistoryPages;
use super::{MOST_AUDIT_ENTRIES, file};
use crate::access::Actor;
use crate::calendar::{self, now};
use crate::domain::{
    Command, Event, Queue, QueueParts, Stamped, Timestamp, apply, changed_rows, decide,
};
use crate::presentation::tickets::audit;
use crate::storage::{self, AuditEntry, Batch, DataSource, Journal, StorageError, create_private};

/// The largest file that is read: some five million tickets of history.
const LARGEST_FILE: u64 = 1024 * 1024 * 1024;

/// The name of a file that stands for standard output or input.
const STANDARD: &str = "-";

/// `turnero export`: writes the office in the data file `data` to `to`, as it was after event `until` or as
/// it is now. What is damaged and not needed is named and left out. The data file is only read.
pub fn export_file(data: &DataSource, to: &Path, until: Option<u64>) -> Result<(), Box<dyn Error>> {
    if data.file().is_some_and(|file| !file.exists()) {
        return Err(format!("There is no data file {data}.").into());
    }
    let mut journal = storage::open_read_only(data).map_err(|error| {
        let for_file = "While the server runs, take the file from GET /api/export.";
        data.with_advice_for_file(&error.to_string(), for_file)
    })?;
    let queue = load(&mut *journal, until.unwrap_or(u64::MAX))?;
    let audit = audit::newest(MOST_AUDIT_ENTRIES, |before, limit| {
        journal.audit(before, limit)
    });
    let audit = audit.unwrap_or_else(|error| {
        eprintln!("turnero: the audit log is not in the export: {error}.");
        Vec::new()
    });
    let office = queue.to_export();
    let history = HistoryPages::new(journal.history().into(), office.seq);
    let write = |to: &mut dyn Write| {
        let mut to = BufWriter::new(to);
        file::write(&mut to, &office, &history, &audit)?;
        to.flush()
    };
    let name_failure = || {
        if let Some(error) = history.failure() {
            eprintln!("turnero: not all of the history of tickets is in the export: {error}.");
        }
    };
    let shown = to.display();
    if to == Path::new(STANDARD) {
        write(&mut io::stdout().lock())?;
        name_failure();
        return Ok(());
    }
    let mut file = create_private(to).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => format!("{shown} is there already; name another file."),
        _ => format!("{shown} cannot be written: {error}."),
    })?;
    let written = write(&mut file).and_then(|()| file.sync_all());
    written.map_err(|error| {
        // A part of an office must not be taken for the whole.
        let left = match fs::remove_file(to) {
            Ok(()) => "nothing is left of it",
            Err(_) => "delete the file, which is not whole",
        };
        format!("{shown} cannot be written: {error}; {left}.")
    })?;
    name_failure();
    println!("The office in {data} is in {shown} now.");
    Ok(())
}

/// `turnero import`: lets the office in the file `from` take the place of the one in the data file `data`, which is
/// made when it is missing and has no tickets of this business day. One that was set up goes only where `replace`
/// says so.
pub fn import_file(from: &Path, data: &DataSource, replace: bool) -> Result<(), Box<dyn Error>> {
    let shown = from.display();
    let bytes = read_file(from).map_err(|error| format!("{shown} cannot be read: {error}."))?;
    let moved = file::read(&bytes).map_err(|why| format!("{shown} cannot be imported: {why}."))?;
    drop(bytes);
    let mut journal = storage::open(data).map_err(|error| {
        data.with_advice_for_file(&error.to_string(), "Stop the server before you import.")
    })?;
    let mut queue = load(&mut *journal, u64::MAX)?;
    let at = now();
    let mut batch = Batch {
        at: at.as_millis(),
        ..Batch::default()
    };
    let rule = queue.settings().day_rule();
    if queue.is_day_over(at, |moment| {
        calendar::business_day(&rule, moment.as_millis())
    }) {
        for event in decide(&queue, &Command::StartDay, at).events {
            record(&mut queue, event, at, None, &mut batch);
        }
    }
    let flag = data.file().map_or("--office", |_| "--data");
    if queue.is_in_use() {
        let why = format!(
            "The office in {data} has tickets of today; an office moves into one that has none: name another with {flag}.",
        );
        return Err(why.into());
    }
    if !replace && !is_as_new(&queue) {
        let name = &queue.settings().name;
        let why = format!(
            "The office in {data}, «{name}», is set up already: add --replace to let the new one take \
             its place, or name another with {flag}."
        );
        return Err(why.into());
    }
    let open = moved.office.tickets.len();
    let all = moved.history.len();
    let names = file::old_names(&moved.office);
    let expected = journal.end()?;
    let last = queue.seq();
    batch
        .rows
        .extend(moved.history.iter().map(|row| row.after(last)));
    let (_, event) = moved.office.import_event(&queue);
    record(&mut queue, event, at, Some(&Actor::HERE), &mut batch);
    journal
        .append(expected, &batch)
        .map_err(|error| match error {
            StorageError::MovedOn { .. } => {
                format!("A server of the office in {data} has just stored something: try again.")
            }
            StorageError::InDoubt(_) => {
                format!(
                    "Look whether {data} has the office of {shown} before you try again: {error}."
                )
            }
            _ => format!("The office in {data} stays as it was: {error}."),
        })?;
    println!(
        "The office of {shown} is in {data} now, with {open} open tickets and a history of {all}. Its PINs \
         stayed behind: the office here has its own."
    );
    for name in names {
        println!("{name}");
    }
    Ok(())
}

/// The office as it was after event `until`, or as it is now.
fn load(journal: &mut dyn Journal, until: u64) -> Result<Queue, Box<dyn Error>> {
    let loaded = journal.load(0, until)?;
    for damage in &loaded.damage {
        eprintln!("turnero: {damage}, and the events are whole: they are used.");
    }
    let mut queue = loaded.queue;
    for stamped in &loaded.events {
        apply(&mut queue, stamped);
    }
    Ok(queue)
}

/// Applies an event, and adds it to what is to be stored.
fn record(
    queue: &mut Queue,
    event: Event,
    at: Timestamp,
    actor: Option<&Actor>,
    batch: &mut Batch,
) {
    let stamped = Stamped {
        seq: event.seq_after(queue.seq()),
        at,
        event,
    };
    batch
        .audit
        .push(AuditEntry::of_event(queue, &stamped, actor));
    apply(queue, &stamped);
    changed_rows(queue, &stamped.event, &mut batch.rows);
    batch.events.push(stamped);
}

/// Whether nobody has set up anything here. A desk alone is made on the start page by typing its name.
fn is_as_new(queue: &Queue) -> bool {
    let new = Queue::new();
    let services = queue.services().iter().map(|service| &service.setup);
    queue.settings() == new.settings()
        && services.eq(new.services().iter().map(|service| &service.setup))
        && queue.service(&new.services()[0].prefix).is_some()
        && queue.desks().all(|desk| desk.services.is_empty())
}

/// Reads and checks the file of an export. `Err` says why it cannot be used.
pub fn read_export(from: &Path) -> Result<QueueParts, String> {
    let bytes = read_file(from).map_err(|error| error.to_string())?;
    file::read(&bytes).map(|moved| moved.office)
}

fn read_file(from: &Path) -> io::Result<Vec<u8>> {
    let mut source: Box<dyn Read> = if from == Path::new(STANDARD) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(from)?)
    };
    let mut bytes = Vec::new();
    let read = source
        .by_ref()
        .take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)?;
    if read as u64 > LARGEST_FILE {
        return Err(io::Error::other("it is too large for an office"));
    }
    Ok(bytes)
}
