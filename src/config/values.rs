//! Parses the values of flags. The errors say what is allowed.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use crate::digits;
use crate::domain::parse_name;

/// Parses a list separated by commas. `allowed` describes one value, for the error.
pub(super) fn list<T>(
    value: &str,
    allowed: &str,
    parse: fn(&str) -> Option<T>,
) -> Result<Vec<T>, String> {
    let values = value.split(',').map(|one| parse(one.trim()));
    let values: Option<Vec<T>> = values.collect();
    values.ok_or_else(|| allowed.to_owned())
}

/// An origin in lower case.
pub(super) fn origin(value: &str) -> Option<String> {
    let (scheme, host) = value.split_once("://")?;
    let host_character = |c: char| c.is_alphanumeric() || ".-:[]".contains(c);
    let plain = !scheme.is_empty() && !host.is_empty() && host.chars().all(host_character);
    plain.then(|| value.to_ascii_lowercase())
}

/// A host name in lower case.
pub(super) fn host(value: &str) -> Option<String> {
    let plain = |c: char| c.is_alphanumeric() || "-._".contains(c);
    let is_name = !value.is_empty() && value.chars().all(plain);
    is_name.then(|| value.to_lowercase())
}

/// Headers that browsers and proxies send with every request: whoever sends one would be a user.
const TAKEN_HEADERS: [&str; 16] = [
    "Accept",
    "Authorization",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Forwarded",
    "Host",
    "Idempotency-Key",
    "Origin",
    "Transfer-Encoding",
    "Upgrade",
    "User-Agent",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
];

pub(super) fn user_header(value: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_name = value.starts_with(|c: char| c.is_ascii_alphabetic()) && value.chars().all(plain);
    let mut taken = TAKEN_HEADERS.iter();
    let is_taken = taken.any(|taken| taken.eq_ignore_ascii_case(value));
    (is_name && !is_taken).then(|| value.to_owned())
}

pub(super) fn user(value: &str) -> Option<String> {
    parse_name(value).ok().map(Cow::into_owned)
}

pub(super) fn ip(value: &str) -> Option<IpAddr> {
    value.parse().ok().map(|ip: IpAddr| ip.to_canonical())
}

pub(super) fn address(value: &str) -> Result<SocketAddr, String> {
    let allowed = "ADDRESS:PORT, such as 0.0.0.0:3000 or [::]:3000";
    let port = value.rsplit_once(':').map(|(_, port)| port);
    if port.and_then(digits::parse::<u16>).is_none() {
        return Err(allowed.to_owned());
    }
    let mut found = value.to_socket_addrs().map_err(|_| allowed.to_owned())?;
    found.next().ok_or_else(|| allowed.to_owned())
}

pub(super) fn file(value: &str) -> Result<PathBuf, String> {
    let found = Some(PathBuf::from(value)).filter(|_| !value.is_empty());
    found.ok_or_else(|| "the name of a file".to_owned())
}

pub(super) fn folder(value: &str) -> Result<PathBuf, String> {
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

pub(super) fn switch(value: &str) -> Result<bool, String> {
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

pub(super) fn seconds(value: &str) -> Result<Duration, String> {
    let number = whole(value, 1, 3_600)?;
    Ok(Duration::from_secs(number as u64))
}

pub(super) fn number(value: &str, least: usize, most: usize) -> Result<u32, String> {
    let number = whole(value, least, most)?;
    u32::try_from(number).map_err(|_| format!("a whole number up to {most}"))
}
