//! The backup service: a copy of the data file each day, and whenever somebody asks for one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use serde::Serialize;

use crate::calendar::{self, now};
use crate::presentation::services::TicketService;
use crate::storage;

/// How often it is looked whether a day has begun.
const DAY_INTERVAL: Duration = Duration::from_secs(60);

/// The pause after a backup that failed.
const RETRY_PAUSE: Duration = Duration::from_secs(10 * 60);

const BEGINNING: &str = "turnero-";
const ENDING: &str = ".db";

/// The end of the name of a file that is not whole yet.
const PARTIAL_ENDING: &str = ".partial";

/// The length of the name of a day's backup, such as `turnero-2026-11-30.db`. A backup that somebody asked
/// for has the time in its name, too.
const DAY_NAME_LENGTH: usize = BEGINNING.len() + "2026-11-30".len() + ENDING.len();

/// The folder of the backups, and the results of the last ones. Any thread uses it.
pub struct Backups {
    folder: Option<PathBuf>,
    keep: usize,
    state: Mutex<State>,
    /// One waits at most: it is served by a copy that begins later.
    wake: Sender<()>,
    woken: Receiver<()>,
}

#[derive(Clone, Default)]
struct State {
    running: bool,
    finished: u64,
    /// The reason that the last backup failed, and what to do.
    problem: Option<String>,
}

/// The state of the backups.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupList {
    /// The folder; omitted without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    running: bool,
    /// How many backups have succeeded or failed since the server started.
    finished: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// Newest first.
    backups: Vec<Backup>,
}

/// A backup in the folder.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Backup {
    name: String,
    bytes: u64,
    /// In RFC 3339.
    made_at: String,
}

impl Backups {
    /// Backups in `folder`, of which `keep` of each kind are kept.
    pub fn new(folder: Option<PathBuf>, keep: usize) -> Self {
        let (wake, woken) = bounded(1);
        Self {
            folder,
            keep,
            state: Mutex::default(),
            wake,
            woken,
        }
    }

    /// The body of the thread `backup`: makes the backup of each business day as soon as the day begins, and
    /// those that somebody asks for.
    pub fn run(&self, tickets: &TicketService) {
        let Some(folder) = &self.folder else {
            return;
        };
        let mut retry_at = Instant::now();
        loop {
            let today = day_name(tickets);
            if !folder.join(&today).exists() && Instant::now() >= retry_at {
                self.make(tickets, folder, &today);
                retry_at = Instant::now() + RETRY_PAUSE;
            }
            match self.woken.recv_timeout(DAY_INTERVAL) {
                Ok(()) => self.make(tickets, folder, &time_name(tickets)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Asks for a backup. Returns the value of `finished` once it is done; `None` without a folder.
    pub fn request(&self) -> Option<u64> {
        self.folder.as_ref()?;
        let state = self.lock();
        let ahead = if state.running { 2 } else { 1 };
        // If the channel is full, the request that waits serves this one, too.
        let _ = self.wake.try_send(());
        Some(state.finished + ahead)
    }

    /// Whether the last backup failed.
    pub fn has_failed(&self) -> bool {
        self.lock().problem.is_some()
    }

    /// The backups that are there.
    pub fn list(&self) -> io::Result<BackupList> {
        let names = self.folder.as_deref().map_or(Ok(Vec::new()), names)?;
        let state = self.lock().clone();
        let mut backups = Vec::new();
        for (folder, name) in self
            .folder
            .iter()
            .flat_map(|f| names.iter().map(move |n| (f, n)))
        {
            // It may be deleted at this moment.
            let Ok(about) = fs::metadata(folder.join(name)) else {
                continue;
            };
            let made_at = jiff::Timestamp::try_from(about.modified()?).unwrap_or_default();
            backups.push(Backup {
                name: name.clone(),
                bytes: about.len(),
                made_at: format!("{made_at:.9}"),
            });
        }
        backups.sort_by(|a, b| (&b.made_at, &b.name).cmp(&(&a.made_at, &a.name)));
        Ok(BackupList {
            folder: self.folder.as_ref().map(|f| f.display().to_string()),
            running: state.running,
            finished: state.finished,
            problem: state.problem,
            backups,
        })
    }

    /// Makes a backup with that name, unless there is one, and deletes those that are too many.
    fn make(&self, tickets: &TicketService, folder: &Path, name: &str) {
        self.lock().running = true;
        let begun = Instant::now();
        let made = copy(tickets, folder, name);
        let problem = made
            .err()
            .map(|why| format!("No backup could be made: {why}."));
        match &problem {
            None => {
                let took = begun.elapsed();
                log::info!("The backup {name} was made in {took:.1?}");
                if let Err(error) = delete_old(folder, self.keep, name) {
                    log::warn!("Old backups could not be deleted: {error}");
                }
            }
            Some(problem) => log::error!("{problem}"),
        }
        let mut state = self.lock();
        state.running = false;
        state.finished += 1;
        state.problem = problem;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code under this lock panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Copies the data file, checks the copy, and gives it its name. `Err` says why there is none.
fn copy(tickets: &TicketService, folder: &Path, name: &str) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {error}", folder.display());
    delete_partial(folder).map_err(failed)?;
    let partial = folder.join(format!("{name}{PARTIAL_ENDING}"));
    let copied = tickets.steady_file().and_then(|steady| {
        let copied = steady.copy_to(&partial).map_err(failed);
        drop(steady);
        copied.and_then(|()| check(&partial))
    });
    let whole = copied.and_then(|()| {
        fs::rename(&partial, folder.join(name)).map_err(failed)?;
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)
    });
    if whole.is_err() {
        let _ = fs::remove_file(&partial);
    }
    whole
}

/// Checks a copy. The older backups stay if the data file turns out to be damaged.
fn check(copy: &Path) -> Result<(), String> {
    let report = storage::check(copy).map_err(|error| error.to_string())?;
    if !report.is_loss() {
        return Ok(());
    }
    Err(format!(
        "the data file is damaged ({}); older backups are kept: stop the server and run «turnero check» on the data \
         file",
        report.damage.join("; ")
    ))
}

fn delete_partial(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(BEGINNING) && name.ends_with(PARTIAL_ENDING) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Deletes all but the newest `keep` backups of days, and of those that somebody asked for. The backup `made` is
/// the newest, even if an earlier one was made with a clock that was ahead and has a later date.
fn delete_old(folder: &Path, keep: usize, made: &str) -> io::Result<()> {
    let (mut of_days, mut asked_for): (Vec<String>, Vec<String>) = names(folder)?
        .into_iter()
        .partition(|name| name.len() == DAY_NAME_LENGTH);
    for names in [&mut of_days, &mut asked_for] {
        names.sort_unstable_by(|a, b| (b == made, b).cmp(&(a == made, a)));
        for name in names.iter().skip(keep) {
            fs::remove_file(folder.join(name))?;
        }
    }
    Ok(())
}

/// The names of the backups in the folder.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().into_string();
        names.extend(name.ok().filter(|name| is_backup(name)));
    }
    Ok(names)
}

/// Whether a file name is that of a backup.
pub fn is_backup(name: &str) -> bool {
    let middle = name
        .strip_prefix(BEGINNING)
        .and_then(|rest| rest.strip_suffix(ENDING));
    let is_time = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    middle.is_some_and(|middle| middle.len() >= "2026-11-30".len() && is_time(middle))
}

fn today(tickets: &TicketService) -> String {
    let rule = tickets.read_queue(|queue| queue.settings().day_rule());
    calendar::date_text(calendar::business_day(&rule, now().as_millis()))
}

fn day_name(tickets: &TicketService) -> String {
    format!("{BEGINNING}{}{ENDING}", today(tickets))
}

/// The name of a backup that somebody asks for now, with the office's business day and the time in UTC.
fn time_name(tickets: &TicketService) -> String {
    let time = jiff::Timestamp::now().strftime("%H-%M-%S-%3f");
    format!("{BEGINNING}{}-{time}{ENDING}", today(tickets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_backups_count_as_backups() {
        for (name, expected) in [
            ("turnero-2026-11-30.db", true),
            ("turnero-2026-11-30-09-30-01-123.db", true),
            ("turnero-2026-11-30.db.partial", false),
            ("turnero-2026-11-30.json", false),
            ("turnero-.db", false),
            ("turnero.db", false),
            ("turnero-2026-11-30/../.db", false),
        ] {
            assert_eq!(is_backup(name), expected, "{name}");
        }
    }
}
