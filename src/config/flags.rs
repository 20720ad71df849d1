//! The table of flags: name, value, default, help text and how to set each.

use super::Config;
use super::values::{
    address, file, folder, host, ip, list, number, origin, printer_address, seconds, switch, user,
    user_header, whole,
};
use crate::logging::LogFormat;
use crate::storage::DataSource;

/// One flag of the command line. Its environment variable has the same name.
pub(super) struct Flag {
    pub(super) name: &'static str,
    /// The form of the value in the help; `None` for a switch.
    pub(super) value: Option<&'static str>,
    pub(super) default: &'static str,
    pub(super) help: &'static str,
    /// Whether the flag may be given several times; each adds to its list.
    pub(super) repeats: bool,
    /// Sets the value. The error says what is allowed.
    pub(super) set: fn(&mut Config, &str) -> Result<(), String>,
}

impl Flag {
    /// The flag with the form of its value, such as `--listen ADDR`.
    pub(super) fn usage(&self) -> String {
        match self.value {
            Some(form) => format!("--{} {form}", self.name),
            None => format!("--{}", self.name),
        }
    }

    /// The environment variable, such as `TURNERO_LISTEN`.
    pub(super) fn variable(&self) -> String {
        format!("TURNERO_{}", self.name.to_uppercase().replace('-', "_"))
    }
}

/// All flags, in the order of the help.
pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "listen",
        value: Some("ADDR"),
        default: "0.0.0.0:3000",
        help: "the address for pages, REST and WebSocket; port 0 picks a free port",
        repeats: false,
        set: |config, value| {
            config.listen = address(value)?;
            Ok(())
        },
    },
    Flag {
        name: "tls-cert",
        value: Some("FILE"),
        default: "none",
        help: "the certificate for HTTPS, with its chain, in PEM; read again when it changes",
        repeats: false,
        set: |config, value| {
            config.tls_cert = Some(file(value)?);
            Ok(())
        },
    },
    Flag {
        name: "tls-key",
        value: Some("FILE"),
        default: "none",
        help: "the key of --tls-cert, in PEM",
        repeats: false,
        set: |config, value| {
            config.tls_key = Some(file(value)?);
            Ok(())
        },
    },
    Flag {
        name: "tls-listen",
        value: Some("ADDR"),
        default: "0.0.0.0:3443",
        help: "the address for HTTPS, if there is --tls-cert",
        repeats: false,
        set: |config, value| {
            config.tls_listen = address(value)?;
            Ok(())
        },
    },
    Flag {
        name: "data",
        value: Some("FILE"),
        default: "turnero.db",
        help: "the SQLite file; created if it does not exist",
        repeats: false,
        set: |config, value| {
            config.data = DataSource::parse(value)?;
            Ok(())
        },
    },
    #[cfg(feature = "postgres")]
    Flag {
        name: "office",
        value: Some("NAME"),
        default: "main",
        help: "the office in the database of --data postgres://HOST/DATABASE, which may have several",
        repeats: false,
        set: |config, value| {
            let name = crate::domain::parse_name(value);
            config.office = name
                .map_err(|why| format!("a name that can be read: {why}"))?
                .into_owned();
            Ok(())
        },
    },
    Flag {
        name: "html",
        value: Some("DIR"),
        default: "built in",
        help: "serve the pages in this folder instead of the built-in ones",
        repeats: false,
        set: |config, value| {
            config.html = Some(folder(value)?);
            Ok(())
        },
    },
    Flag {
        name: "media",
        value: Some("DIR"),
        default: "none",
        help: "a folder with pictures and videos that public screens show at the side",
        repeats: false,
        set: |config, value| {
            config.media = Some(folder(value)?);
            Ok(())
        },
    },
    Flag {
        name: "open",
        value: None,
        default: "off",
        help: "no PINs: everyone who can reach the server is an admin",
        repeats: false,
        set: |config, value| {
            config.open = switch(value)?;
            Ok(())
        },
    },
    Flag {
        name: "allow-origin",
        value: Some("ORIGIN"),
        default: "none",
        help: "let pages of another site, such as https://intranet.example, use the server; may be repeated",
        repeats: true,
        set: |config, value| {
            let allowed = "SCHEME://HOST or SCHEME://HOST:PORT, without a path";
            config.allowed_origins.extend(list(value, allowed, origin)?);
            Ok(())
        },
    },
    Flag {
        name: "host",
        value: Some("NAME"),
        default: "none",
        help: "a name of the server, for browsers that need no PIN: with --open, and on its own machine; may be repeated",
        repeats: true,
        set: |config, value| {
            let allowed = "a name such as turnero.lan, without a port";
            config.hosts.extend(list(value, allowed, host)?);
            Ok(())
        },
    },
    Flag {
        name: "trusted-proxy",
        value: Some("ADDR"),
        default: "none",
        help: "the address of a proxy in front of the server, whose X-Forwarded-For is trusted; may be repeated",
        repeats: true,
        set: |config, value| {
            let allowed = "an address such as 127.0.0.1, without a port";
            config.trusted_proxies.extend(list(value, allowed, ip)?);
            Ok(())
        },
    },
    Flag {
        name: "user-header",
        value: Some("NAME"),
        default: "none",
        help: "the header in which a trusted proxy names the user it has signed in, who is staff here",
        repeats: false,
        set: |config, value| {
            let allowed = "the name of a header with this meaning alone, such as Remote-User";
            config.user_header = Some(user_header(value).ok_or(allowed)?);
            Ok(())
        },
    },
    Flag {
        name: "admin-users",
        value: Some("NAMES"),
        default: "none",
        help: "users of --user-header who are admins, separated by commas; may be repeated",
        repeats: true,
        set: |config, value| {
            let allowed = "names of 1 to 60 characters, separated by commas";
            config.admin_users.extend(list(value, allowed, user)?);
            Ok(())
        },
    },
    Flag {
        name: "keep-days",
        value: Some("N"),
        default: "90",
        help: "how many days the audit log and the notes of tickets that are over are kept, unless the settings say",
        repeats: false,
        set: |config, value| {
            config.keep_days = number(value, 1, 36_500)?;
            Ok(())
        },
    },
    Flag {
        name: "keep-history-days",
        value: Some("N"),
        default: "1096",
        help: "how many days events and the history of tickets, which statistics are made of, are kept",
        repeats: false,
        set: |config, value| {
            config.keep_history_days = number(value, 2, 36_500)?;
            Ok(())
        },
    },
    Flag {
        name: "backup-dir",
        value: Some("DIR"),
        default: "none",
        help: "a folder for a copy of the data file each business day, and whenever an admin asks for one",
        repeats: false,
        set: |config, value| {
            config.backup_dir = Some(folder(value)?);
            Ok(())
        },
    },
    Flag {
        name: "backup-keep",
        value: Some("N"),
        default: "7",
        help: "how many backups of days are kept in --backup-dir, and as many that an admin asked for",
        repeats: false,
        set: |config, value| {
            config.backup_keep = whole(value, 1, 10_000)?;
            Ok(())
        },
    },
    Flag {
        name: "log-format",
        value: Some("FORMAT"),
        default: "text",
        help: "the form of the log's lines: text or json; under systemd, text has the levels of the journal",
        repeats: false,
        set: |config, value| {
            config.log_format = match value {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return Err("text or json".to_owned()),
            };
            Ok(())
        },
    },
    Flag {
        name: "tickets-per-10s",
        value: Some("N"),
        default: "20",
        help: "tickets that one address may take in 10 seconds, and as many that it may cancel; staff, tokens and the server's own machine are exempt",
        repeats: false,
        set: |config, value| {
            config.limits.tickets_per_10s = number(value, 1, 10_000)?;
            Ok(())
        },
    },
    Flag {
        name: "max-connections-per-address",
        value: Some("N"),
        default: "256",
        help: "open connections from one address, and screens of one client behind a trusted proxy; the server's own machine is exempt",
        repeats: false,
        set: |config, value| {
            config.limits.connections_per_address = number(value, 1, 60_000)?;
            Ok(())
        },
    },
    Flag {
        name: "printer",
        value: Some("HOST:9100"),
        default: "none",
        help: "a network printer (ESC/POS), named main, for the tickets of kiosks",
        repeats: false,
        set: |config, value| {
            config.printer = Some(printer_address(value)?);
            Ok(())
        },
    },
    Flag {
        name: "max-connections",
        value: Some("N"),
        default: "4096",
        help: "open connections, including screens; the open-file limit may lower it",
        repeats: false,
        set: |config, value| {
            config.limits.connections = whole(value, 1, 60_000)?;
            Ok(())
        },
    },
    Flag {
        name: "max-head-bytes",
        value: Some("N"),
        default: "16384",
        help: "size of a request's first line and headers",
        repeats: false,
        set: |config, value| {
            config.limits.head_bytes = whole(value, 1_024, 1_048_576)?;
            Ok(())
        },
    },
    Flag {
        name: "max-headers",
        value: Some("N"),
        default: "64",
        help: "number of headers in a request",
        repeats: false,
        set: |config, value| {
            config.limits.headers = whole(value, 8, 1_000)?;
            Ok(())
        },
    },
    Flag {
        name: "max-body-bytes",
        value: Some("N"),
        default: "65536",
        help: "size of a request's body",
        repeats: false,
        set: |config, value| {
            config.limits.body_bytes = whole(value, 1_024, 16_777_216)?;
            Ok(())
        },
    },
    Flag {
        name: "head-seconds",
        value: Some("S"),
        default: "10",
        help: "time to receive the first line and headers of a request",
        repeats: false,
        set: |config, value| {
            config.limits.head_timeout = seconds(value)?;
            Ok(())
        },
    },
    Flag {
        name: "body-seconds",
        value: Some("S"),
        default: "10",
        help: "time to receive the body of a request",
        repeats: false,
        set: |config, value| {
            config.limits.body_timeout = seconds(value)?;
            Ok(())
        },
    },
    Flag {
        name: "idle-seconds",
        value: Some("S"),
        default: "15",
        help: "how long a connection without a request stays open",
        repeats: false,
        set: |config, value| {
            config.limits.idle_timeout = seconds(value)?;
            Ok(())
        },
    },
    Flag {
        name: "send-seconds",
        value: Some("S"),
        default: "10",
        help: "how long a screen or client may stop receiving before it is disconnected",
        repeats: false,
        set: |config, value| {
            config.limits.send_timeout = seconds(value)?;
            Ok(())
        },
    },
    Flag {
        name: "max-message-bytes",
        value: Some("N"),
        default: "4096",
        help: "size of a WebSocket message from a screen",
        repeats: false,
        set: |config, value| {
            config.limits.message_bytes = whole(value, 125, 1_048_576)?;
            Ok(())
        },
    },
];
