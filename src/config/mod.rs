//! The configuration: every setting of the command line, with its default, unit and reason.
//! [`Action`] reads it once, when the program starts.

mod command_line;
mod flags;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub use command_line::Action;

use crate::logging::LogFormat;
pub use flags::printer_address;

/// The checked configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The address for pages, REST and WebSocket; port 0 picks a free port.
    pub listen: SocketAddr,
    /// The SQLite file.
    pub data: PathBuf,
    /// A folder with pages to serve instead of the built-in ones.
    pub html: Option<PathBuf>,
    /// A folder with pictures and videos for public screens.
    pub media: Option<PathBuf>,
    /// No PINs: everyone who can reach the server is an admin.
    pub open: bool,
    /// Other sites whose pages may use this server, in the form of an `Origin` header.
    pub allowed_origins: Vec<String>,
    /// Names for the server, in lower case, that are safe to answer to without a PIN.
    pub hosts: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpAddr>,
    /// Retention of the audit log and of the notes of tickets that are over, in days: long enough to investigate a
    /// complaint.
    pub keep_days: u32,
    /// Retention of events and of the history of tickets, in days: long enough to compare with the years before.
    pub keep_history_days: u32,
    /// The form of the log's lines.
    pub log_format: LogFormat,
    /// A folder for backups.
    pub backup_dir: Option<PathBuf>,
    /// Backups of days that are kept, and as many that somebody asked for: damage is noticed within a week.
    pub backup_keep: usize,
    /// The address of the printer `main`, as `HOST:PORT`.
    pub printer: Option<String>,
    pub limits: Limits,
}

/// How long data is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Of the audit log and of notes, unless the office sets another.
    pub personal: Duration,
    /// Of events and of the history of tickets.
    pub history: Duration,
}

impl Config {
    /// Refuses folders that a server cannot have together. `Err` is one line that says why.
    pub(crate) fn check_folders(&self) -> Result<(), String> {
        let Some(backups) = &self.backup_dir else {
            return Ok(());
        };
        // Without links: a file is served if it is really inside.
        let whole = |folder: &PathBuf| folder.canonicalize().unwrap_or_else(|_| folder.clone());
        for (flag, served) in [("--html", &self.html), ("--media", &self.media)] {
            if let Some(served) = served
                && whole(backups).starts_with(whole(served))
            {
                return Err(format!(
                    "--backup-dir «{}» is not allowed; it takes a folder outside {flag} «{}», because everybody \
                     could download the backups there.",
                    backups.display(),
                    served.display()
                ));
            }
        }
        Ok(())
    }

    pub fn retention(&self) -> Retention {
        let days = |days: u32| Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        Retention {
            personal: days(self.keep_days),
            history: days(self.keep_history_days),
        }
    }
}

/// Limits on what clients may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections; the open-file limit may lower it. Each needs a thread and a file.
    pub connections: usize,
    /// Open connections of one address: more than the screens of an office behind one router.
    pub connections_per_address: u32,
    /// Tickets that one address may take in 10 s, and as many other changes. Staff, tokens and the server's machine are exempt.
    pub tickets_per_10s: u32,
    /// The size of the request line with all headers.
    pub head_bytes: usize,
    pub headers: usize,
    /// The size of a request's body. The largest real one is a note of a few lines.
    pub body_bytes: usize,
    /// The time from the first to the last byte of a head.
    pub head_timeout: Duration,
    /// The time from the first to the last byte of a body.
    pub body_timeout: Duration,
    /// How long a connection without a request stays open.
    pub idle_timeout: Duration,
    /// How long a peer may stop receiving.
    pub send_timeout: Duration,
    /// The size of a WebSocket message from a screen. The server uses none of them.
    pub message_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 3000)),
            data: PathBuf::from("turnero.db"),
            html: None,
            media: None,
            open: false,
            allowed_origins: Vec::new(),
            hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            keep_days: 90,
            keep_history_days: 1_096,
            log_format: LogFormat::Text,
            backup_dir: None,
            backup_keep: 7,
            printer: None,
            limits: Limits {
                connections: 4_096,
                connections_per_address: 256,
                tickets_per_10s: 20,
                head_bytes: 16 * 1024,
                headers: 64,
                body_bytes: 64 * 1024,
                head_timeout: Duration::from_secs(10),
                body_timeout: Duration::from_secs(10),
                idle_timeout: Duration::from_secs(15),
                send_timeout: Duration::from_secs(10),
                message_bytes: 4 * 1024,
            },
        }
    }
}
