//! The table of flags: name, value, default, help text and how to set each.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use super::Config;
use crate::digits;
use crate::logging::LogFormat;

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
        name: "data",
        value: Some("FILE"),
        default: "turnero.db",
        help: "the SQLite file; created if it does not exist",
        repeats: false,
        set: |config, value| {
            if value.is_empty() {
                return Err("the name of a file".to_owned());
            }
            config.data = PathBuf::from(value);
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

/// Parses a list separated by commas. `allowed` describes one value, for the error.
fn list<T>(value: &str, allowed: &str, parse: fn(&str) -> Option<T>) -> Result<Vec<T>, String> {
    let values = value.split(',').map(|one| parse(one.trim()));
    let values: Option<Vec<T>> = values.collect();
    values.ok_or_else(|| allowed.to_owned())
}

/// An origin in lower case.
fn origin(value: &str) -> Option<String> {
    let (scheme, host) = value.split_once("://")?;
    let host_character = |c: char| c.is_alphanumeric() || ".-:[]".contains(c);
    let plain = !scheme.is_empty() && !host.is_empty() && host.chars().all(host_character);
    plain.then(|| value.to_ascii_lowercase())
}

/// A host name in lower case.
fn host(value: &str) -> Option<String> {
    let plain = |c: char| c.is_alphanumeric() || "-._".contains(c);
    let is_name = !value.is_empty() && value.chars().all(plain);
    is_name.then(|| value.to_lowercase())
}

fn ip(value: &str) -> Option<IpAddr> {
    value.parse().ok().map(|ip: IpAddr| ip.to_canonical())
}

fn address(value: &str) -> Result<SocketAddr, String> {
    let allowed = "ADDRESS:PORT, such as 0.0.0.0:3000 or [::]:3000";
    let port = value.rsplit_once(':').map(|(_, port)| port);
    if port.and_then(digits::parse::<u16>).is_none() {
        return Err(allowed.to_owned());
    }
    let mut found = value.to_socket_addrs().map_err(|_| allowed.to_owned())?;
    found.next().ok_or_else(|| allowed.to_owned())
}

fn folder(value: &str) -> Result<PathBuf, String> {
    let found = Some(PathBuf::from(value)).filter(|folder| folder.is_dir());
    found.ok_or_else(|| "a folder that exists".to_owned())
}

/// Reads a printer's address. The default port is 9100, as for most network printers. `Err` says what is
/// allowed.
pub fn printer_address(value: &str) -> Result<String, String> {
    let allowed = || "HOST:PORT, such as 192.168.1.50:9100".to_owned();
    let bracket = value.rfind(']').unwrap_or(0);
    let (host, port) = match value.rfind(':') {
        Some(colon) if colon > bracket => (&value[..colon], &value[colon + 1..]),
        _ => (value, "9100"),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
    let host_is_one = !host.is_empty()
        && host.chars().all(plain)
        && (host.starts_with('[') || !host.contains(':'));
    match digits::parse::<u16>(port) {
        Some(port) if port > 0 && host_is_one => Ok(format!("{host}:{port}")),
        _ => Err(allowed()),
    }
}

fn switch(value: &str) -> Result<bool, String> {
    match value {
        "on" | "1" | "true" | "yes" => Ok(true),
        "off" | "0" | "false" | "no" | "" => Ok(false),
        _ => Err("on or off".to_owned()),
    }
}

pub(super) fn whole(value: &str, least: usize, most: usize) -> Result<usize, String> {
    let number = digits::parse(value);
    number
        .filter(|n| (least..=most).contains(n))
        .ok_or_else(|| format!("a whole number from {least} to {most}"))
}

fn seconds(value: &str) -> Result<Duration, String> {
    let number = whole(value, 1, 3_600)?;
    Ok(Duration::from_secs(number as u64))
}

fn number(value: &str, least: usize, most: usize) -> Result<u32, String> {
    let number = whole(value, least, most)?;
    u32::try_from(number).map_err(|_| format!("a whole number up to {most}"))
}
