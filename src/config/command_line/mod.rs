//! Reads the command line and the environment variables into an [`Action`].

mod arguments;

#[cfg(test)]
mod tests;

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::Parser;

use self::arguments::{Arguments, Parsed, not_allowed, unknown, utf8};
use super::Config;
use super::flags::FLAGS;
use super::values::whole;
use crate::access::Role;
use crate::storage::may_be_address;

/// The roles that have a PIN.
const ROLES: &str = "staff or admin";

/// The task that the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// `turnero`: run the server.
    Serve(Box<Config>),
    /// `turnero --check-config`: check whether a server could start so.
    CheckConfig(Box<Config>),
    /// `turnero pin ROLE`: set the PIN of a role.
    SetPin(Role, Box<Config>),
    /// `turnero export FILE`: write the office to that file, as it was after the event `until` or as
    /// it is now.
    Export {
        file: PathBuf,
        until: Option<u64>,
        config: Box<Config>,
    },
    /// `turnero import FILE`: read the office from that file into a new data file. With `replace`,
    /// the office in the data file may be set up already.
    Import {
        file: PathBuf,
        replace: bool,
        config: Box<Config>,
    },
    /// `turnero check FILE`: say whether a data file, a backup or an export is sound.
    Check(PathBuf),
    /// `turnero tls self-signed`: make a certificate for this machine.
    MakeCertificate(Box<Config>),
    /// `turnero backup`: ask the running server for a backup.
    Backup(Box<Config>),
    /// `turnero restore FILE`: let a backup take the place of the data file.
    Restore(PathBuf, Box<Config>),
    /// `--help`, `--version`, `--generate`: print this text.
    Print(String),
}

impl Action {
    /// Reads the command line and the environment. A flag replaces its environment variable. The
    /// error is one line that names the flag, the value and what is allowed.
    pub fn read() -> Result<Self, String> {
        Self::from_arguments(env::args_os().skip(1), |name| env::var_os(name))
    }

    fn from_arguments(
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, String> {
        let arguments = match Arguments::parse(Parser::from_args(arguments))? {
            Parsed::Print(text) => return Ok(Self::Print(text)),
            Parsed::Arguments(arguments) => arguments,
        };
        let mut config = Config::default();
        if let Some(port) = environment("PORT") {
            let port = utf8("PORT", port)?;
            let number =
                whole(&port, 0, 65_535).map_err(|allowed| not_allowed("PORT", &port, &allowed))?;
            let port = u16::try_from(number).expect("checked against 65,535");
            config.listen.set_port(port);
        }
        for flag in FLAGS {
            let is_given = arguments
                .flags
                .iter()
                .any(|(other, _)| other.name == flag.name);
            let variable = flag.variable();
            if !is_given && let Some(value) = environment(&variable) {
                let value = utf8(&variable, value)?;
                (flag.set)(&mut config, &value)
                    .map_err(|allowed| not_allowed(&variable, &value, &allowed))?;
            }
        }
        for (flag, value) in &arguments.flags {
            (flag.set)(&mut config, value)
                .map_err(|allowed| not_allowed(&format!("--{}", flag.name), value, &allowed))?;
        }
        #[cfg(feature = "postgres")]
        config.data.set_office(&config.office)?;
        Self::from_words(&arguments, Box::new(config))
    }

    /// The action that the words beside the flags name; without words, to serve.
    fn from_words(arguments: &Arguments, config: Box<Config>) -> Result<Self, String> {
        let Arguments {
            words,
            replace,
            until,
            check_config,
            ..
        } = arguments;
        let word = |n: usize| words.get(n).map(|word| word.to_string_lossy());
        let command = word(0).unwrap_or_default();
        if *replace && command != "import" {
            return Err("--replace is for import only.".to_owned());
        }
        if until.is_some() && command != "export" {
            return Err("--until is for export only.".to_owned());
        }
        if *check_config && !words.is_empty() {
            return Err("--check-config is for a server only.".to_owned());
        }
        if words.is_empty() {
            config.check_folders()?;
            config.check_tls()?;
            config.check_users()?;
        }
        if *check_config {
            return Ok(Self::CheckConfig(config));
        }
        if words.is_empty() {
            return Ok(Self::Serve(config));
        }
        if words.len() > 2 {
            return Err(unknown(&word(2).unwrap_or_default()));
        }
        if word(1).is_some_and(|word| may_be_address(&word)) {
            return Err(format!(
                "{command} takes no address of a database; it is the value of --data."
            ));
        }
        let file = words.get(1).map(PathBuf::from);
        match &*command {
            "pin" => {
                let role = word(1).ok_or_else(|| format!("pin needs a role: {ROLES}."))?;
                let role = Role::parse(&role).ok_or_else(|| not_allowed("pin", &role, ROLES))?;
                Ok(Self::SetPin(role, config))
            }
            "export" => Ok(Self::Export {
                file: file.unwrap_or_else(|| "-".into()),
                until: *until,
                config,
            }),
            "import" => Ok(Self::Import {
                file: file.ok_or("import needs the name of a file that export has written.")?,
                replace: *replace,
                config,
            }),
            "tls" => match word(1).as_deref() {
                Some("self-signed") => Ok(Self::MakeCertificate(config)),
                _ => Err("tls needs what to do: self-signed.".to_owned()),
            },
            "backup" => match word(1) {
                None => Ok(Self::Backup(config)),
                Some(other) => Err(unknown(&other)),
            },
            "restore" => {
                let file = file.ok_or("restore needs the name of a backup.")?;
                Ok(Self::Restore(file, config))
            }
            "check" => Ok(Self::Check(file.ok_or(
                "check needs the name of a data file, a backup or an export.",
            )?)),
            other => Err(unknown(other)),
        }
    }
}
