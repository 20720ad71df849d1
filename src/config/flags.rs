//! The table of flags: what each is called, takes and means.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use super::Config;
use crate::digits;

/// One flag. `set` says what is allowed when it does not take a value.
pub(super) struct Flag {
    pub(super) name: &'static str,
    /// How the value is written in the help; `None` for a switch.
    pub(super) value: Option<&'static str>,
    pub(super) environment: &'static str,
    pub(super) default: &'static str,
    pub(super) meaning: &'static str,
    pub(super) set: fn(&mut Config, &str) -> Result<(), String>,
}

/// Every flag.
pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "listen",
        value: Some("ADDR"),
        environment: "TURNERO_LISTEN",
        default: "0.0.0.0:3000",
        meaning: "the one address for pages, REST and WebSocket; port 0 picks a free one",
        set: |config, value| {
            config.listen = address(value)?;
            Ok(())
        },
    },
    Flag {
        name: "data",
        value: Some("FILE"),
        environment: "TURNERO_DATA",
        default: "turnero.db",
        meaning: "the SQLite file; made when missing",
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
        environment: "TURNERO_HTML",
        default: "built in",
        meaning: "serve these pages in place of the built-in ones",
        set: |config, value| {
            config.html = Some(folder(value)?);
            Ok(())
        },
    },
    Flag {
        name: "media",
        value: Some("DIR"),
        environment: "TURNERO_MEDIA",
        default: "none",
        meaning: "pictures and videos that public screens show at their side",
        set: |config, value| {
            config.media = Some(folder(value)?);
            Ok(())
        },
    },
    Flag {
        name: "open",
        value: None,
        environment: "TURNERO_OPEN",
        default: "off",
        meaning: "no PINs: everyone who can reach the server is staff and admin",
        set: |config, value| {
            config.open = switch(value)?;
            Ok(())
        },
    },
    Flag {
        name: "allow-origin",
        value: Some("ORIGIN"),
        environment: "TURNERO_ALLOW_ORIGIN",
        default: "none",
        meaning: "pages of this other site may use the server too, such as https://intranet.example; may be repeated",
        set: |config, value| {
            let allowed = "SCHEME://HOST or SCHEME://HOST:PORT, without a path";
            config.allowed_origins.extend(list(value, allowed, origin)?);
            Ok(())
        },
    },
    Flag {
        name: "host",
        value: Some("NAME"),
        environment: "TURNERO_HOST",
        default: "none",
        meaning: "a name by which browsers may reach the server where they need no PIN: with --open, and on the machine itself; may be repeated",
        set: |config, value| {
            let allowed = "a name such as turnero.lan, without a port";
            config.hosts.extend(list(value, allowed, host)?);
            Ok(())
        },
    },
    Flag {
        name: "trusted-proxy",
        value: Some("ADDR"),
        environment: "TURNERO_TRUSTED_PROXY",
        default: "none",
        meaning: "the address of a proxy before the server, whose X-Forwarded-For is believed; may be repeated",
        set: |config, value| {
            let allowed = "an address such as 127.0.0.1, without a port";
            config.trusted_proxies.extend(list(value, allowed, ip)?);
            Ok(())
        },
    },
    Flag {
        name: "keep-days",
        value: Some("N"),
        environment: "TURNERO_KEEP_DAYS",
        default: "90",
        meaning: "for how many days it is kept who did what from where",
        set: |config, value| {
            config.keep_days = number(value, 1, 36_500)?;
            Ok(())
        },
    },
    Flag {
        name: "tickets-per-10s",
        value: Some("N"),
        environment: "TURNERO_TICKETS_PER_10S",
        default: "20",
        meaning: "tickets that one address may take in 10 seconds; staff, programs with a token and the machine itself may take more",
        set: |config, value| {
            config.limits.tickets_per_10s = number(value, 1, 10_000)?;
            Ok(())
        },
    },
    Flag {
        name: "max-connections-per-address",
        value: Some("N"),
        environment: "TURNERO_MAX_CONNECTIONS_PER_ADDRESS",
        default: "256",
        meaning: "connections at a time from one address; the machine itself and trusted proxies may have more",
        set: |config, value| {
            config.limits.connections_per_address = number(value, 1, 60_000)?;
            Ok(())
        },
    },
    Flag {
        name: "printer",
        value: Some("HOST:9100"),
        environment: "TURNERO_PRINTER",
        default: "none",
        meaning: "a network printer (ESC/POS) that prints each new ticket",
        set: |config, value| {
            config.printer = Some(printer(value)?);
            Ok(())
        },
    },
    Flag {
        name: "max-connections",
        value: Some("N"),
        environment: "TURNERO_MAX_CONNECTIONS",
        default: "4096",
        meaning: "connections at a time, screens among them; fewer where the open-file limit says so",
        set: |config, value| {
            config.limits.connections = whole(value, 1, 60_000)?;
            Ok(())
        },
    },
    Flag {
        name: "max-head-bytes",
        value: Some("N"),
        environment: "TURNERO_MAX_HEAD_BYTES",
        default: "16384",
        meaning: "a request's first line and headers",
        set: |config, value| {
            config.limits.head_bytes = whole(value, 1_024, 1_048_576)?;
            Ok(())
        },
    },
    Flag {
        name: "max-headers",
        value: Some("N"),
        environment: "TURNERO_MAX_HEADERS",
        default: "64",
        meaning: "headers in a request",
        set: |config, value| {
            config.limits.headers = whole(value, 8, 1_000)?;
            Ok(())
        },
    },
    Flag {
        name: "max-body-bytes",
        value: Some("N"),
        environment: "TURNERO_MAX_BODY_BYTES",
        default: "65536",
        meaning: "a request's body",
        set: |config, value| {
            config.limits.body_bytes = whole(value, 1_024, 16_777_216)?;
            Ok(())
        },
    },
    Flag {
        name: "head-seconds",
        value: Some("S"),
        environment: "TURNERO_HEAD_SECONDS",
        default: "10",
        meaning: "time to send a head",
        set: |config, value| {
            config.limits.head_timeout = seconds(value)?;
            Ok(())
        },
    },
    Flag {
        name: "body-seconds",
        value: Some("S"),
        environment: "TURNERO_BODY_SECONDS",
        default: "10",
        meaning: "time to send a body",
        set: |config, value| {
            config.limits.body_timeout = seconds(value)?;
            Ok(())
        },
    },
    Flag {
        name: "idle-seconds",
        value: Some("S"),
        environment: "TURNERO_IDLE_SECONDS",
        default: "15",
        meaning: "how long a connection without a request is kept",
        set: |config, value| {
            config.limits.idle_timeout = seconds(value)?;
            Ok(())
        },
    },
    Flag {
        name: "send-seconds",
        value: Some("S"),
        environment: "TURNERO_SEND_SECONDS",
        default: "10",
        meaning: "a screen or client that takes nothing for so long is dropped",
        set: |config, value| {
            config.limits.send_timeout = seconds(value)?;
            Ok(())
        },
    },
    Flag {
        name: "max-message-bytes",
        value: Some("N"),
        environment: "TURNERO_MAX_MESSAGE_BYTES",
        default: "4096",
        meaning: "a WebSocket message from a screen",
        set: |config, value| {
            config.limits.message_bytes = whole(value, 125, 1_048_576)?;
            Ok(())
        },
    },
];

/// Values that commas separate, as one flag takes several at once; `allowed` describes one.
fn list<T>(value: &str, allowed: &str, parse: fn(&str) -> Option<T>) -> Result<Vec<T>, String> {
    let values = value.split(',').map(|one| parse(one.trim()));
    let values: Option<Vec<T>> = values.collect();
    values.ok_or_else(|| allowed.to_owned())
}

/// The origin of another site's pages, in lower case.
fn origin(value: &str) -> Option<String> {
    let (scheme, host) = value.split_once("://")?;
    let host_character = |c: char| c.is_alphanumeric() || ".-:[]".contains(c);
    let plain = !scheme.is_empty() && !host.is_empty() && host.chars().all(host_character);
    plain.then(|| value.to_ascii_lowercase())
}

/// A name of this server, in lower case.
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

/// A printer's address: with the port that network printers share, where none is given.
fn printer(value: &str) -> Result<String, String> {
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
