//! `/api/backups`: the backups on the server's disk.

use std::io;

use serde::Serialize;

use super::media::whole;
use crate::presentation::backup::is_backup;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::pages::folder::Folder;
use crate::presentation::route::{Context, Handled};
use crate::storage::AuditKind;

/// The answer to a request for a backup.
#[derive(Serialize)]
struct Accepted {
    /// The backup is made, or has failed, once `finished` of the list is at least this.
    run: u64,
}

/// `GET /api/backups`
pub fn list(context: &Context<'_>) -> Handled {
    let list = context.office.backups.list();
    Ok(Answer::json(
        200,
        &list.map_err(|error| unreadable(&error))?,
    ))
}

/// `POST /api/backups`: begins a backup, and does not wait for it.
pub fn create(context: &Context<'_>) -> Handled {
    let office = context.office;
    let is_file = office.config.data.file().is_some();
    let run = office.backups.request();
    let run = run.ok_or_else(|| Problem::no_backup_folder(is_file))?;
    Ok(Answer::json(202, &Accepted { run }))
}

/// `GET /api/backups/NAME`: a backup as a file.
pub fn show(context: &Context<'_>) -> Handled {
    let office = context.office;
    let name = context.parameter();
    let missing = || Problem::not_found(format!("There is no backup «{name}»."));
    let folder = office
        .config
        .backup_dir
        .as_ref()
        .filter(|_| is_backup(name));
    let folder = Folder::new(
        folder.ok_or_else(missing)?.clone(),
        office.config.data.file(),
    );
    let file = folder.open(name).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => missing(),
        _ => unreadable(&error),
    })?;
    let entry = context.caller.audit(AuditKind::Exported, None);
    office.tickets.try_store_access(Vec::new(), Some(entry));
    let attached = format!("attachment; filename=\"{name}\"");
    Ok(whole(file, "application/vnd.sqlite3").with_header("Content-Disposition", attached))
}

fn unreadable(error: &io::Error) -> Problem {
    log::warn!("The folder of backups cannot be read: {error}");
    Problem::backups_unreadable(error)
}
