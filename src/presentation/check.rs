//! `turnero check FILE`: whether a data file, a backup or an export is sound, and what it holds.

use std::error::Error;
use std::path::Path;

use crate::domain::{Queue, Timestamp, apply};
use crate::files::is_json;
use crate::presentation::services::RECENT_EVENTS;
use crate::presentation::tickets::moving::read_export;
use crate::storage::{self, CheckReport, DataSource};

/// Checks the file and prints what it holds. Returns whether it is sound. `Err` if it cannot be checked.
pub fn check_file(file: &Path) -> Result<bool, Box<dyn Error>> {
    let shown = file.display();
    let is_export =
        is_json(file).map_err(|error| format!("{shown} cannot be checked: {error}."))?;
    let (lines, is_sound) = if is_export {
        describe_export(file)
    } else {
        let report = storage::check(file).map_err(|error| {
            format!("{error} While the server runs, check a backup: «turnero backup» makes one.")
        })?;
        let office = match report.last_good {
            // The event is the only loss.
            Some(_) if report.losses == 1 => office_at_start(file),
            _ => None,
        };
        let lines = describe(file, &report, office.as_ref());
        (lines, report.damage.is_empty())
    };
    println!("{}", lines.join("\n"));
    Ok(is_sound)
}

fn describe_export(file: &Path) -> (Vec<String>, bool) {
    let shown = file.display();
    match read_export(file) {
        Ok(office) => {
            let what = "an export; «turnero import» reads it into a new office";
            let mut lines = vec![format!("{shown} is sound."), format!("  It is {what}.")];
            lines.push(format!("  {}", office_line(&Queue::from_parts(office))));
            (lines, true)
        }
        Err(why) => (vec![format!("{shown} is damaged: {why}.")], false),
    }
}

/// The office that a server starts with, though an event is damaged: a later snapshot has what it did.
struct OfficeAtStart {
    queue: Queue,
    /// The last event in that snapshot.
    snapshot: u64,
}

/// Loads the office as a server does. `None` if a server does not start.
fn office_at_start(file: &Path) -> Option<OfficeAtStart> {
    let mut journal = storage::open_read_only(&DataSource::File(file.to_owned())).ok()?;
    let mut loaded = journal.load(RECENT_EVENTS as u64, u64::MAX).ok()?;
    journal.webhooks().ok()?;
    let snapshot = loaded.queue.seq();
    for stamped in &loaded.events {
        apply(&mut loaded.queue, stamped);
    }
    Some(OfficeAtStart {
        queue: loaded.queue,
        snapshot,
    })
}

fn describe(file: &Path, report: &CheckReport, office: Option<&OfficeAtStart>) -> Vec<String> {
    let shown = file.display();
    let mut lines = if report.damage.is_empty() {
        vec![format!("{shown} is sound.")]
    } else {
        let mut lines = vec![format!("{shown} is damaged:")];
        lines.extend(report.damage.iter().map(|damage| format!("  {damage}.")));
        lines.push(format!("  {}", advice(file, report, office)));
        lines
    };
    if report.version == 0 {
        // Nothing of it could be read.
        return lines;
    }
    if let Some((first, last)) = report.times {
        lines.push(format!(
            "  {} events{} up to number {}, from {} to {}",
            report.events,
            if office.is_some() {
                " before the damage,"
            } else {
                ""
            },
            report.queue.seq(),
            time(first),
            time(last)
        ));
    }
    let queue = office.map_or(&report.queue, |office| &office.queue);
    lines.push(format!("  {}", office_line(queue)));
    lines.push(format!(
        "  {} entries of the audit log, {} snapshots, version {} of the tables",
        report.audit_entries, report.snapshots, report.version
    ));
    lines
}

/// Advice about a damaged file.
fn advice(file: &Path, report: &CheckReport, office: Option<&OfficeAtStart>) -> String {
    let shown = file.display();
    if let Some(office) = office {
        let (first, snapshot) = (report.last_good.unwrap_or(0) + 1, office.snapshot);
        let range = if first < snapshot {
            format!(
                ", and the office as it was after the events {first} to {}",
                snapshot - 1
            )
        } else {
            String::new()
        };
        return format!(
            "A server starts with the whole office as it is now; do not restore an earlier backup. Lost is event \
             {first}{range}. No backup can be made of a damaged file: turnero export office.json --data {shown} \
             writes the office, for an import into a new data file."
        );
    }
    match report.last_good {
        _ if !report.is_loss() && report.wrong_rows > 0 => {
            "All events are whole, and a server starts; its statistics are wrong. A restored backup has them as they \
             were."
                .to_owned()
        }
        _ if !report.is_loss() => {
            "Nothing is lost: a server starts without its snapshots.".to_owned()
        }
        Some(0) => "Restore a backup: turnero restore BACKUP.".to_owned(),
        Some(last_good) => format!(
            "Restore a backup (turnero restore BACKUP), or take the office as it was after event {last_good}: \
             turnero export office.json --until {last_good} --data {shown}, for an import into a new data file."
        ),
        None if report.events == 0 => "Restore a backup: turnero restore BACKUP.".to_owned(),
        None => format!(
            "All events are whole. Restore a backup (turnero restore BACKUP), or write the office as it is now: \
             turnero export office.json --data {shown}, for an import into a new data file."
        ),
    }
}

fn office_line(queue: &Queue) -> String {
    let open = queue.tickets_after(None).filter(|t| !t.state.is_final());
    format!(
        "the office «{}»: {} services, {} desks, {} tickets that have not ended",
        queue.settings().name,
        queue.services().len(),
        queue.desks().count(),
        open.count()
    )
}

fn time(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.as_millis()) {
        Ok(at) => format!("{at:.0}"),
        Err(_) => format!("{} ms", at.as_millis()),
    }
}
