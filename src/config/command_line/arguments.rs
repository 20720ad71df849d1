//! Splits the command line into flags with their values and words, before they are checked.

use std::ffi::OsString;

use lexopt::{Arg, Parser};

use crate::config::flags::{FLAGS, Flag};
use crate::config::manual::{KINDS, generate, help};
use crate::digits;
use crate::storage::without_password;

/// The arguments of the command line, before they are checked.
#[derive(Default)]
pub(super) struct Arguments {
    /// In their order, with their values.
    pub(super) flags: Vec<(&'static Flag, String)>,
    /// The words beside the flags.
    pub(super) words: Vec<OsString>,
    pub(super) replace: bool,
    pub(super) check_config: bool,
    /// The last event of an export.
    pub(super) until: Option<u64>,
}

pub(super) enum Parsed {
    Arguments(Arguments),
    Print(String),
}

impl Arguments {
    pub(super) fn parse(mut parser: Parser) -> Result<Parsed, String> {
        let mut arguments = Self::default();
        while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
            let name = match argument {
                Arg::Short('h') | Arg::Long("help") => return Ok(Parsed::Print(help())),
                Arg::Short('V') | Arg::Long("version") => {
                    let version = format!("turnero {}", env!("CARGO_PKG_VERSION"));
                    return Ok(Parsed::Print(version));
                }
                Arg::Long("replace") => {
                    arguments.replace = true;
                    continue;
                }
                Arg::Long("check-config") => {
                    arguments.check_config = true;
                    continue;
                }
                Arg::Long("generate") => {
                    let value = parser.value().ok();
                    let value =
                        value.ok_or_else(|| format!("--generate needs a value: {KINDS}."))?;
                    let kind = utf8("--generate", value)?;
                    let text = generate(&kind);
                    let text = text.ok_or_else(|| not_allowed("--generate", &kind, KINDS))?;
                    return Ok(Parsed::Print(text));
                }
                Arg::Long("until") => {
                    let allowed = "the number of an event";
                    let value = parser.value().ok();
                    let value =
                        value.ok_or_else(|| format!("--until needs a value: {allowed}."))?;
                    let value = utf8("--until", value)?;
                    let seq = digits::parse(&value);
                    let seq = seq.ok_or_else(|| not_allowed("--until", &value, allowed))?;
                    arguments.until = Some(seq);
                    continue;
                }
                Arg::Value(word) => {
                    arguments.words.push(word);
                    continue;
                }
                Arg::Long(name) => name.to_owned(),
                Arg::Short(letter) => return Err(unknown(&format!("-{letter}"))),
            };
            let shown = format!("--{name}");
            let Some(flag) = FLAGS.iter().find(|flag| flag.name == name) else {
                return Err(unknown(&shown));
            };
            let is_given = |other: &(&Flag, String)| other.0.name == flag.name;
            if !flag.repeats && arguments.flags.iter().any(is_given) {
                return Err(format!("{shown} is given twice; it is allowed once."));
            }
            let value = match (flag.value, parser.optional_value()) {
                (None, None) => "on".into(),
                (_, Some(value)) => value,
                (Some(form), None) => {
                    let next = parser.value().ok();
                    // If another flag follows, the value was forgotten.
                    next.filter(|value| !value.as_encoded_bytes().starts_with(b"--"))
                        .ok_or_else(|| format!("{shown} needs a value: {form}."))?
                }
            };
            arguments.flags.push((flag, utf8(&shown, value)?));
        }
        Ok(Parsed::Arguments(arguments))
    }
}

pub(super) fn unknown(argument: &str) -> String {
    let argument = without_password(argument);
    let names: Vec<String> = FLAGS
        .iter()
        .map(|flag| format!("--{}", flag.name))
        .collect();
    format!(
        "{argument} is not known; allowed are {}, --help, --version.",
        names.join(", ")
    )
}

pub(super) fn not_allowed(flag: &str, value: &str, allowed: &str) -> String {
    let shown = without_password(value);
    format!("{flag} «{shown}» is not allowed; it takes {allowed}.")
}

pub(super) fn utf8(flag: &str, value: OsString) -> Result<String, String> {
    value.into_string().map_err(|value| {
        let shown = value.to_string_lossy();
        not_allowed(flag, &shown, "text in UTF-8")
    })
}
