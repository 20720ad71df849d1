//! Reads the command line and the environment variables into an [`Action`].

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser};

use super::Config;
use super::flags::{FLAGS, Flag, whole};
use crate::access::Role;
use crate::digits;

/// The roles that have a PIN.
const ROLES: &str = "staff or admin";

/// The task that the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// `turnero`: run the server.
    Serve(Box<Config>),
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
    /// `turnero backup`: ask the running server for a backup.
    Backup(Box<Config>),
    /// `turnero restore FILE`: let a backup take the place of the data file.
    Restore(PathBuf, Box<Config>),
    /// `--help`, `--version`: print this text.
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
        }
        if *check_config {
            let (listen, data) = (config.listen, config.data.display());
            let text = format!("The configuration is right: listen on {listen}, data in {data}.");
            return Ok(Self::Print(text));
        }
        if words.is_empty() {
            return Ok(Self::Serve(config));
        }
        if words.len() > 2 {
            return Err(unknown(&word(2).unwrap_or_default()));
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

/// The arguments of the command line, before they are checked.
#[derive(Default)]
struct Arguments {
    /// In their order, with their values.
    flags: Vec<(&'static Flag, String)>,
    /// The words beside the flags.
    words: Vec<OsString>,
    replace: bool,
    check_config: bool,
    /// The last event of an export.
    until: Option<u64>,
}

enum Parsed {
    Arguments(Arguments),
    Print(String),
}

impl Arguments {
    fn parse(mut parser: Parser) -> Result<Parsed, String> {
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

fn help() -> String {
    let mut lines = vec![
        "turnero: people take a ticket, a desk calls the next one, and every screen shows it at once."
            .to_owned(),
        String::new(),
        "Usage: turnero [FLAGS]".to_owned(),
        "       turnero pin staff|admin [--data FILE]    sets a PIN: reads it, or makes one"
            .to_owned(),
        "       turnero export [FILE] [--data FILE] [--until SEQ]".to_owned(),
        "                    writes the office to a file, as JSON; with --until as it was after that event"
            .to_owned(),
        "       turnero import FILE [--data FILE] [--replace]".to_owned(),
        "                    reads it into a new data file, or replaces the settings there"
            .to_owned(),
        "       turnero backup [--listen ADDR]".to_owned(),
        "                    asks the running server for a backup in its --backup-dir".to_owned(),
        "       turnero restore FILE [--data FILE]".to_owned(),
        "                    lets a backup take the place of the data file of a stopped server".to_owned(),
        "       turnero check FILE".to_owned(),
        "                    says whether a data file, a backup or an export is sound, and what it holds"
            .to_owned(),
        String::new(),
    ];
    let width = FLAGS.iter().map(|flag| flag.usage().len()).max();
    let width = width.unwrap_or(0) + 2;
    for flag in FLAGS {
        lines.push(format!("  {:<width$}{}", flag.usage(), flag.help));
        lines.push(format!(
            "  {:<width$}(default: {}; environment: {})",
            "",
            flag.default,
            flag.variable()
        ));
    }
    lines.push(
        "  --check-config     checks the flags and the environment, and does not start".to_owned(),
    );
    lines.push("  --help, --version".to_owned());
    lines.push(String::new());
    lines.push("PORT=8080 works too. RUST_LOG sets the log level.".to_owned());
    lines.join("\n")
}

fn unknown(argument: &str) -> String {
    let names: Vec<String> = FLAGS
        .iter()
        .map(|flag| format!("--{}", flag.name))
        .collect();
    format!(
        "{argument} is not known; allowed are {}, --help, --version.",
        names.join(", ")
    )
}

fn not_allowed(flag: &str, value: &str, allowed: &str) -> String {
    format!("{flag} «{value}» is not allowed; it takes {allowed}.")
}

fn utf8(flag: &str, value: OsString) -> Result<String, String> {
    value.into_string().map_err(|value| {
        let shown = value.to_string_lossy();
        not_allowed(flag, &shown, "text in UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Config, String> {
        let action = Action::from_arguments(arguments.iter().map(OsString::from), |name| {
            let found = environment.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        })?;
        match action {
            Action::Serve(config) => Ok(*config),
            Action::SetPin(role, _) => Err(format!("the PIN of {}", role.as_str())),
            Action::Export { file, until, .. } => {
                let until = until.map_or(String::new(), |seq| format!(" until {seq}"));
                Err(format!("export to {}{until}", file.display()))
            }
            Action::Import { file, replace, .. } => {
                let whole = if replace { "replacing " } else { "" };
                Err(format!("{whole}import of {}", file.display()))
            }
            Action::Backup(config) => Err(format!("backup of {}", config.listen)),
            Action::Restore(file, config) => {
                let to = config.data.display();
                Err(format!("restore of {} to {to}", file.display()))
            }
            Action::Check(file) => Err(format!("check of {}", file.display())),
            Action::Print(text) => Err(text),
        }
    }

    #[test]
    fn the_help_has_a_gap_between_each_flag_and_its_text() {
        let help = help();
        for flag in FLAGS {
            let form = format!("  {}", flag.usage());
            let mut lines = help.lines();
            let line = lines.find(|line| line.starts_with(&form)).expect("a line");
            let text = line[form.len()..].strip_prefix("  ");
            assert_eq!(text.map(str::trim_start), Some(flag.help), "{line}");
        }
    }

    #[test]
    fn words_beside_the_flags_select_the_action() {
        for (words, expected) in [
            (&["pin", "staff"][..], "the PIN of staff"),
            (&["export"], "export to -"),
            (&["--data", "a.db", "export", "b.json"], "export to b.json"),
            (&["import", "b.json", "--data", "a.db"], "import of b.json"),
            (&["import", "-"], "import of -"),
            (
                &["import", "--replace", "b.json"],
                "replacing import of b.json",
            ),
            (
                &["export", "--replace", "b.json"],
                "--replace is for import",
            ),
            (&["--replace"], "--replace is for import"),
            (&["--check-config"], "The configuration is right"),
            (
                &["pin", "staff", "--check-config"],
                "--check-config is for a server",
            ),
            (&["export", "--until", "7"], "export to - until 7"),
            (
                &["export", "--until", "now"],
                "--until «now» is not allowed; it takes the number of an event.",
            ),
            (&["export", "--until"], "--until needs a value"),
            (&["import", "a", "--until", "7"], "--until is for export"),
            (&["--until", "7"], "--until is for export"),
            (&["import"], "import needs the name of a file"),
            (&["export", "a", "b"], "b is not known"),
            (&["import", "a", "b"], "b is not known"),
            (&["backup"], "backup of 0.0.0.0:3000"),
            (&["backup", "a"], "a is not known"),
            (
                &["restore", "a.db", "--data", "b.db"],
                "restore of a.db to b.db",
            ),
            (&["restore"], "restore needs the name of a backup"),
            (&["check", "a.db"], "check of a.db"),
            (&["check"], "check needs the name of a data file"),
            (&["check", "a", "b"], "b is not known"),
            (&["pin"], "pin needs a role"),
            (&["exports"], "exports is not known"),
        ] {
            let error = read(words, &[]).expect_err("nothing is served");
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn without_flags_the_defaults_are_used() {
        assert_eq!(read(&[], &[]), Ok(Config::default()));
    }

    #[test]
    fn a_flag_wins_over_its_variable_and_the_variable_over_port() {
        let port = |arguments: &[&str], environment: &[(&str, &str)]| {
            read(arguments, environment).map(|config| config.listen.port())
        };
        let both = [("PORT", "8080"), ("TURNERO_LISTEN", "127.0.0.1:81")];
        assert_eq!(port(&[], &both[..1]), Ok(8080));
        assert_eq!(port(&[], &both), Ok(81));
        assert_eq!(port(&["--listen", "127.0.0.1:82"], &both), Ok(82));
        assert_eq!(port(&["--listen=127.0.0.1:82"], &both), Ok(82));
    }

    #[test]
    fn a_list_from_the_command_line_replaces_the_list_from_the_environment() {
        type Values = fn(&Config) -> String;
        let cases: [(&str, &str, [&str; 3], Values); 3] = [
            (
                "--allow-origin",
                "TURNERO_ALLOW_ORIGIN",
                [
                    "https://a.example",
                    "https://b.example",
                    "https://c.example",
                ],
                |config| config.allowed_origins.join(" "),
            ),
            (
                "--host",
                "TURNERO_HOST",
                ["a.lan", "b.lan", "c.lan"],
                |config| config.hosts.join(" "),
            ),
            (
                "--trusted-proxy",
                "TURNERO_TRUSTED_PROXY",
                ["10.0.0.1", "10.0.0.2", "::1"],
                |config| {
                    let proxies: Vec<String> = config
                        .trusted_proxies
                        .iter()
                        .map(ToString::to_string)
                        .collect();
                    proxies.join(" ")
                },
            ),
        ];
        for (flag, variable, [a, b, c], values) in cases {
            let both = format!("{a}, {b}");
            let environment = [(variable, both.as_str())];
            let read = |arguments: &[&str]| {
                let config = read(arguments, &environment).expect("allowed");
                values(&config)
            };
            assert_eq!(read(&[]), format!("{a} {b}"));
            assert_eq!(read(&[flag, c]), c);
            assert_eq!(read(&[flag, c, flag, a]), format!("{c} {a}"));
            let one = format!("{flag}={c},{b}");
            assert_eq!(read(&[&one]), format!("{c} {b}"));
        }
    }

    #[test]
    fn only_a_flag_with_a_list_may_be_given_twice() {
        for flag in FLAGS {
            let one = match flag.name {
                "allow-origin" => "--allow-origin=https://a.example".to_owned(),
                "host" => "--host=a.lan".to_owned(),
                "trusted-proxy" => "--trusted-proxy=::1".to_owned(),
                "backup-dir" | "html" | "media" => format!("--{}=/", flag.name),
                "printer" => "--printer=a.lan".to_owned(),
                name => format!("--{name}={}", flag.default),
            };
            assert!(read(&[&one], &[]).is_ok(), "{one}");
            let error = read(&[&one, &one], &[]).err();
            let shown = format!("--{}", flag.name);
            let expected = format!("{shown} is given twice; it is allowed once.");
            assert_eq!(error, (!flag.repeats).then_some(expected));
            let is_list = flag.help.ends_with("may be repeated");
            assert_eq!(flag.repeats, is_list, "the help of {shown}");
        }
        let error = read(&["--listen", "127.0.0.1:1", "--listen", "127.0.0.1:2"], &[]);
        assert!(error.is_err_and(|error| error.starts_with("--listen is given twice")));
    }

    #[test]
    fn a_printer_without_a_port_has_port_9100() {
        for (value, target) in [
            ("printer.lan", "printer.lan:9100"),
            ("192.168.1.50:9101", "192.168.1.50:9101"),
            ("[fd00::1]", "[fd00::1]:9100"),
            ("[fd00::1]:515", "[fd00::1]:515"),
        ] {
            let config = read(&["--printer", value], &[]).expect(value);
            assert_eq!(config.printer.as_deref(), Some(target));
        }
    }

    #[test]
    fn each_default_in_the_help_is_the_real_default() {
        for flag in FLAGS {
            let mut config = Config::default();
            if ["built in", "none"].contains(&flag.default) {
                continue;
            }
            (flag.set)(&mut config, flag.default).expect(flag.name);
            assert_eq!(config, Config::default(), "--{}", flag.name);
        }
    }

    #[test]
    fn the_operating_guide_has_every_flag_with_its_variable_and_default() {
        let guide = include_str!("../../docs/operating.md");
        for flag in FLAGS {
            let start = format!("| `{}` | `{}` |", flag.usage(), flag.variable());
            let row = guide.lines().find(|line| line.starts_with(&start));
            let row = row.unwrap_or_else(|| panic!("docs/operating.md has no row {start}"));
            assert!(row.contains(flag.default), "{row}");
        }
    }

    #[test]
    fn an_error_is_one_line_with_the_flag_and_the_value() {
        let cases: &[(&[&str], &[&str])] = &[
            (
                &["--listen", "here"],
                &["--listen", "«here»", "ADDRESS:PORT"],
            ),
            (&["--listen", "0.0.0.0:70000"], &["--listen", "70000"]),
            (&["--listen", "0.0.0.0:+80"], &["--listen", "+80"]),
            (&["--max-headers", "+8"], &["--max-headers", "«+8»"]),
            (&["--printer", "a:+9100"], &["--printer", "«a:+9100»"]),
            (&["--listen"], &["--listen", "needs a value"]),
            (
                &["--html", "/no/such/folder"],
                &["--html", "«/no/such/folder»", "folder"],
            ),
            (&["--open=maybe"], &["--open", "«maybe»", "on or off"]),
            (
                &["--max-headers", "7"],
                &["--max-headers", "«7»", "8 to 1000"],
            ),
            (&["--data", ""], &["--data", "«»"]),
            (&["--printer", ""], &["--printer", "«»", "HOST:PORT"]),
            (&["--printer", "a:b"], &["--printer", "«a:b»"]),
            (&["--printer", "a:0"], &["--printer", "«a:0»"]),
            (&["--printer", "http://a"], &["--printer", "«http://a»"]),
            (&["--printer", "fd00::1"], &["--printer", "«fd00::1»"]),
            (&["--frobnicate"], &["--frobnicate", "--listen"]),
            (&["-x"], &["-x", "--listen"]),
            (&["serve"], &["serve", "--listen"]),
            (&["pin"], &["pin", "staff or admin"]),
            (&["pin", "guest"], &["pin", "«guest»", "staff or admin"]),
            (&["pin", "staff", "1234"], &["1234", "--listen"]),
            (&["--host", "a b"], &["--host", "«a b»", "turnero.lan"]),
            (
                &["--trusted-proxy", "10.0.0.1:80"],
                &["--trusted-proxy", "10.0.0.1:80", "without a port"],
            ),
        ];
        for (arguments, parts) in cases {
            let message = read(arguments, &[]).expect_err("refused");
            assert!(!message.contains('\n'), "{message}");
            for part in *parts {
                assert!(message.contains(part), "«{message}» does not say «{part}»");
            }
        }
        let message = read(&[], &[("PORT", "many")]).expect_err("refused");
        assert!(message.starts_with("PORT «many»"), "{message}");
    }
}
