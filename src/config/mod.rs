//! The checked configuration of a run, with its defaults: `flags` has the flags, and `command_line` reads them once,
//! when the program starts.

mod command_line;
mod flags;
mod manual;
mod values;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use command_line::Action;

use crate::logging::LogFormat;
use crate::storage::DataSource;
pub use values::printer_address;

/// The checked configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The address for pages, REST and WebSocket; port 0 picks a free port.
    pub listen: SocketAddr,
    /// The certificate of HTTPS with its chain, and its key; both or neither.
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    /// The address for HTTPS, if there is a certificate.
    pub tls_listen: SocketAddr,
    pub data: DataSource,
    /// The office in a database that has several.
    #[cfg(feature = "postgres")]
    pub office: String,
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
    /// The header in which a trusted proxy names the user whom it has signed in.
    pub user_header: Option<String>,
    /// The names of such users who are admins; the others are staff.
    pub admin_users: Vec<String>,
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
    /// The files of the certificate and its key, if the server speaks HTTPS.
    pub fn tls_files(&self) -> Option<(&Path, &Path)> {
        Some((self.tls_cert.as_deref()?, self.tls_key.as_deref()?))
    }

    /// Refuses a certificate without its key, and the reverse. `Err` is one line that says why.
    pub(crate) fn check_tls(&self) -> Result<(), String> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(_), None) => Err("--tls-cert needs --tls-key, the file of its key.".to_owned()),
            (None, Some(_)) => Err("--tls-key needs --tls-cert, its certificate.".to_owned()),
            _ => Ok(()),
        }
    }

    /// Flags without effect, each in a sentence.
    pub fn notes(&self) -> Vec<&'static str> {
        let is_set = self.tls_listen != Self::default().tls_listen;
        let without =
            "--tls-listen has no effect without --tls-cert and --tls-key: there is no HTTPS.";
        let is_idle = is_set && self.tls_cert.is_none();
        is_idle.then_some(without).into_iter().collect()
    }

    /// Refuses users of a proxy without a proxy. `Err` is one line that says why.
    pub(crate) fn check_users(&self) -> Result<(), String> {
        if self.user_header.is_some() && self.trusted_proxies.is_empty() {
            let why = "--user-header needs --trusted-proxy: the header counts only from there.";
            return Err(why.to_owned());
        }
        if self.user_header.is_none() && !self.admin_users.is_empty() {
            let why = "--admin-users needs --user-header, which says who somebody is.";
            return Err(why.to_owned());
        }
        Ok(())
    }

    /// Refuses secrets in folders that are served. `Err` is one line that says why.
    pub(crate) fn check_folders(&self) -> Result<(), String> {
        if let Some(backups) = &self.backup_dir
            && self.data.file().is_none()
        {
            return Err(format!(
                "--backup-dir «{}» is not allowed; it is for a data file, and PostgreSQL has tools of its own, such as \
                 pg_dump.",
                backups.display()
            ));
        }
        // Without links: a file is served if it is really inside.
        let whole = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        let secrets = [
            ("--backup-dir", &self.backup_dir, "a folder", "the backups"),
            ("--tls-key", &self.tls_key, "a file", "the key"),
        ];
        for (secret_flag, secret, kind, what) in secrets {
            for (flag, served) in [("--html", &self.html), ("--media", &self.media)] {
                if let (Some(secret), Some(served)) = (secret, served)
                    && whole(secret).starts_with(whole(served))
                {
                    return Err(format!(
                        "{secret_flag} «{}» is not allowed; it takes {kind} outside {flag} «{}», because everybody \
                         could download {what} there.",
                        secret.display(),
                        served.display()
                    ));
                }
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
            tls_cert: None,
            tls_key: None,
            tls_listen: SocketAddr::from(([0, 0, 0, 0], 3443)),
            data: DataSource::File(PathBuf::from("turnero.db")),
            #[cfg(feature = "postgres")]
            office: "main".to_owned(),
            html: None,
            media: None,
            open: false,
            allowed_origins: Vec::new(),
            hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            user_header: None,
            admin_users: Vec::new(),
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
