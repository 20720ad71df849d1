//! `turnero check FILE`: whether a data file, a backup or an export is sound, and what it holds.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::domain::{Queue, Timestamp};
use crate::presentation::tickets::transfer::read_export;
use crate::storage::{self, CheckReport};

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
        (describe(file, &report), report.damage.is_empty())
    };
    println!("{}", lines.join("\n"));
    Ok(is_sound)
}

/// Whether a file begins as JSON does. A database begins with letters.
pub(super) fn is_json(file: &Path) -> io::Result<bool> {
    let mut beginning = Vec::new();
    File::open(file)?.take(64).read_to_end(&mut beginning)?;
    Ok(beginning.trim_ascii_start().first() == Some(&b'{'))
}

fn describe_export(file: &Path) -> (Vec<String>, bool) {
    let shown = file.display();
    match read_export(file) {
        Ok(office) => {
            let what = "an export; «turnero import» reads it into a new data file";
            let mut lines = vec![format!("{shown} is sound."), format!("  It is {what}.")];
            lines.push(format!("  {}", office_line(&Queue::from_parts(office))));
            (lines, true)
        }
        Err(why) => (vec![format!("{shown} is damaged: {why}.")], false),
    }
}

fn describe(file: &Path, report: &CheckReport) -> Vec<String> {
    let shown = file.display();
    let mut lines = if report.damage.is_empty() {
        vec![format!("{shown} is sound.")]
    } else {
        let mut lines = vec![format!("{shown} is damaged:")];
        lines.extend(report.damage.iter().map(|damage| format!("  {damage}.")));
        lines.push(format!("  {}", advice(file, report)));
        lines
    };
    if report.version == 0 {
        // Nothing of it could be read.
        return lines;
    }
    if let Some((first, last)) = report.times {
        lines.push(format!(
            "  {} events up to number {}, from {} to {}",
            report.events,
            report.queue.seq(),
            time(first),
            time(last)
        ));
    }
    lines.push(format!("  {}", office_line(&report.queue)));
    lines.push(format!(
        "  {} entries of the audit log, {} snapshots, version {} of the tables",
        report.audit_entries, report.snapshots, report.version
    ));
    lines
}

/// Advice about a damaged file.
fn advice(file: &Path, report: &CheckReport) -> String {
    let shown = file.display();
    match report.last_good {
        _ if !report.is_loss => {
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
