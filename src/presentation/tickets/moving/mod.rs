//! Export and import of a whole office as one JSON file: `GET /api/export`, `POST /api/import`,
//! `turnero export` and `turnero import`.
//!
//! The file has the settings, the numbers given today and the tickets that have not ended, with
//! their ids, so that phones go on following them; and the history, for the statistics of past days. It has the audit
//! log as well, for people who read it: an import ignores it. PINs, people, sessions and tokens stay on each machine.

mod command;
mod file;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use super::audit;
use super::execute::{run, subject_or_problem};
use crate::calendar::{self, now};
use crate::domain::{Command, Queue};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::route::{Context, Handled};
use crate::storage::AuditKind;

use file::HistoryPages;

pub use command::{export_file, import_file, read_export};

/// The largest body of `POST /api/import`, in bytes: some 30,000 open tickets, or a history of 80,000. The page leaves out
/// the audit log, and a history that is too long; `turnero import` reads larger files.
pub const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// The newest entries of the audit log are in the file: weeks of a large office, and some 20 MB.
const MOST_AUDIT_ENTRIES: usize = 100_000;

/// `GET /api/export`
pub fn export(context: &Context<'_>) -> Handled {
    let slot = context.office.large_answers.take();
    let slot = slot.ok_or_else(Problem::too_many_large_answers)?;
    let tickets = &context.office.tickets;
    let office = tickets.read_queue(Queue::clone).to_export();
    let audit = audit::Pages::newest(MOST_AUDIT_ENTRIES, tickets.audit_reader())?;
    // The export does not wait for its entry: an office whose storage fails must be able to move.
    let entry = context.caller.audit(AuditKind::Exported, None);
    tickets.try_store_access(Vec::new(), Some(entry));
    let today = calendar::business_day(&office.settings.day_rule(), now().as_millis());
    let name = format!(
        "attachment; filename=\"turnero-{}.json\"",
        calendar::date_text(today)
    );
    let is_failing = tickets.storage_problem().is_some();
    let history = HistoryPages::new(tickets.history().clone(), office.seq);
    let answer = Answer::json_stream(move |to| {
        let _slot = slot;
        file::write(to, &office, &history, &audit)?;
        match history.failure() {
            // While storage fails, the open tickets in memory must be saved before a stop.
            Some(error) if is_failing => {
                log::warn!("The export lacks the history of tickets: {error}");
                Ok(())
            }
            Some(error) => Err(io::Error::other(error)),
            None => Ok(()),
        }
    });
    Ok(answer.with_header("Content-Disposition", name))
}

/// `POST /api/import`: lets the office in the body take the place of this one, which has no tickets.
pub fn import(context: &Context<'_>) -> Handled {
    let moved = file::read(&context.request.body).map_err(|why| Problem::invalid("file", why))?;
    let names = file::old_names(&moved.office);
    let command = Command::ImportOffice {
        office: Arc::new(moved.office),
        history: Arc::new(moved.history),
    };
    let answer = run(context, command, subject_or_problem)?;
    if answer.status == 200 {
        for name in names {
            log::warn!("A name of the imported office: {name}");
        }
    }
    Ok(answer)
}
