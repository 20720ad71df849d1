//! Every flag, default and limit, with its unit and its reason. The command line and the
//! environment become a checked [`Config`] once, at the start.

mod flags;

use std::env;
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use flags::{FLAGS, Flag, whole};
use lexopt::{Arg, Parser};

use crate::access::Role;

/// What the program was told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The one address for pages, REST and WebSocket; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The SQLite file.
    pub data: PathBuf,
    /// Pages to serve in place of the built-in ones.
    pub html: Option<PathBuf>,
    /// The office's own pictures and videos, for the public screen.
    pub media: Option<PathBuf>,
    /// No PINs: everyone who can reach the server is staff and admin.
    pub open: bool,
    /// Other sites whose pages may use this server, as in an `Origin` header.
    pub allowed_origins: Vec<String>,
    /// Names, in lower case, by which browsers may reach the server where they need no PIN.
    pub hosts: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// For how many days it is kept who did what from where: long enough to look into a
    /// complaint, and no longer.
    pub keep_days: u32,
    /// A network printer for tickets, as `HOST:PORT`.
    pub printer: Option<String>,
    pub limits: Limits,
}

impl Config {
    /// For how long it is kept who did what from where.
    pub fn trace_kept(&self) -> Duration {
        Duration::from_secs(u64::from(self.keep_days) * 24 * 60 * 60)
    }
}

/// How much one peer may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; the open-file limit may lower it. Each costs a thread and a file.
    pub connections: usize,
    /// The same for one address: a whole office behind one router has fewer screens.
    pub connections_per_address: u32,
    /// Tickets that one address may take in 10 s, unless it is the machine itself or staff.
    pub tickets_per_10s: u32,
    /// The request line and the headers.
    pub head_bytes: usize,
    pub headers: usize,
    /// A request's body. The largest real one is a note of a few lines.
    pub body_bytes: usize,
    /// From a head's first byte to its last.
    pub head_timeout: Duration,
    /// From a body's first byte to its last.
    pub body_timeout: Duration,
    /// How long a connection without a request is kept.
    pub idle_timeout: Duration,
    /// How long a peer may take nothing of what is sent to it.
    pub send_timeout: Duration,
    /// What a screen may send in one message; nothing it sends is needed.
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

/// Who has a PIN.
const ROLES: &str = "staff or admin";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    Serve(Box<Config>),
    /// `turnero pin ROLE`: set the PIN of that role.
    SetPin(Role, Box<Config>),
    /// `turnero export FILE`: write the office in the data file there.
    Export(PathBuf, Box<Config>),
    /// `turnero import FILE`: let the office written there take the place of a new one; and of one
    /// that is set up already, where `replace` is true.
    Import {
        file: PathBuf,
        replace: bool,
        config: Box<Config>,
    },
    /// Print this and end.
    Print(String),
}

impl Config {
    /// Reads the command line and the environment; a flag takes the place of its variable. `Err` is one
    /// line that names the flag, the value and what is allowed.
    pub fn read() -> Result<Action, String> {
        Self::from_arguments(env::args_os().skip(1), |name| env::var_os(name))
    }

    fn from_arguments(
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Action, String> {
        let mut config = Self::default();
        if let Some(port) = environment("PORT") {
            let port = text("PORT", port)?;
            let number =
                whole(&port, 0, 65_535).map_err(|allowed| wrong("PORT", &port, &allowed))?;
            let port = u16::try_from(number).expect("checked against 65,535");
            config.listen.set_port(port);
        }
        let mut given: Vec<(&Flag, String)> = Vec::new();
        let mut parser = Parser::from_args(arguments);
        let mut words: Vec<OsString> = Vec::new();
        let mut replace = false;
        while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
            let name = match argument {
                Arg::Short('h') | Arg::Long("help") => return Ok(Action::Print(help())),
                Arg::Short('V') | Arg::Long("version") => {
                    let version = format!("turnero {}", env!("CARGO_PKG_VERSION"));
                    return Ok(Action::Print(version));
                }
                Arg::Long("replace") => {
                    replace = true;
                    continue;
                }
                Arg::Long(name) => name.to_owned(),
                Arg::Short(letter) => return Err(unknown(&format!("-{letter}"))),
                Arg::Value(word) => {
                    words.push(word);
                    continue;
                }
            };
            let shown = format!("--{name}");
            let Some(flag) = FLAGS.iter().find(|flag| flag.name == name) else {
                return Err(unknown(&shown));
            };
            let value = match (flag.value, parser.optional_value()) {
                (None, None) => "on".to_owned(),
                (_, Some(value)) => text(&shown, value)?,
                (Some(form), None) => {
                    let next = parser.value();
                    // Another flag is no value: somebody has forgotten it.
                    let value = next
                        .ok()
                        .filter(|value| !value.as_encoded_bytes().starts_with(b"--"));
                    text(
                        &shown,
                        value.ok_or_else(|| format!("{shown} needs a value: {form}."))?,
                    )?
                }
            };
            given.push((flag, value));
        }
        for flag in FLAGS {
            let is_given = given.iter().any(|(other, _)| other.name == flag.name);
            if !is_given && let Some(value) = environment(flag.environment) {
                let value = text(flag.environment, value)?;
                (flag.set)(&mut config, &value)
                    .map_err(|allowed| wrong(flag.environment, &value, &allowed))?;
            }
        }
        for (flag, value) in &given {
            (flag.set)(&mut config, value)
                .map_err(|allowed| wrong(&format!("--{}", flag.name), value, &allowed))?;
        }
        action(&words, replace, Box::new(config))
    }
}

/// What the words beside the flags ask for; to serve, where there are none.
fn action(words: &[OsString], replace: bool, config: Box<Config>) -> Result<Action, String> {
    let shown = |n: usize| words.get(n).map(|word| word.to_string_lossy());
    if replace && shown(0).as_deref() != Some("import") {
        return Err("--replace is for import alone.".to_owned());
    }
    let Some(first) = shown(0) else {
        return Ok(Action::Serve(config));
    };
    let file = words.get(1).map(PathBuf::from);
    let (action, most) = match &*first {
        "pin" => {
            let word = shown(1).ok_or_else(|| format!("pin needs to know whose: {ROLES}."))?;
            let role = Role::parse(&word).ok_or_else(|| wrong("pin", &word, ROLES))?;
            (Action::SetPin(role, config), 2)
        }
        "export" => (
            Action::Export(file.unwrap_or_else(|| "-".into()), config),
            2,
        ),
        "import" => {
            let file = file.ok_or("import needs the name of a file that export has written.")?;
            let action = Action::Import {
                file,
                replace,
                config,
            };
            (action, 2)
        }
        other => return Err(unknown(other)),
    };
    match shown(most) {
        Some(too_many) => Err(unknown(&too_many)),
        None => Ok(action),
    }
}

fn help() -> String {
    let mut lines = vec![
        "turnero: people take a ticket, a desk calls the next one, every screen shows it at once."
            .to_owned(),
        String::new(),
        "Usage: turnero [FLAGS]".to_owned(),
        "       turnero pin staff|admin [--data FILE]    sets a PIN: reads it, or makes one"
            .to_owned(),
        "       turnero export [FILE] [--data FILE]      writes the whole office down, as JSON"
            .to_owned(),
        "       turnero import FILE [--data FILE] [--replace]".to_owned(),
        "                    moves it into a new data file, or in place of what was set up there"
            .to_owned(),
        String::new(),
    ];
    let form = |flag: &Flag| format!("--{} {}", flag.name, flag.value.unwrap_or_default());
    let width = FLAGS.iter().map(|flag| form(flag).len()).max().unwrap_or(0) + 2;
    for flag in FLAGS {
        lines.push(format!("  {:<width$}{}", form(flag), flag.meaning));
        lines.push(format!(
            "  {:<width$}(default: {}; environment: {})",
            "", flag.default, flag.environment
        ));
    }
    lines.push("  --help, --version".to_owned());
    lines.push(String::new());
    lines.push("PORT=8080 is understood too. RUST_LOG sets the level of the log.".to_owned());
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

fn wrong(flag: &str, value: &str, allowed: &str) -> String {
    format!("{flag} «{value}» is not allowed; it takes {allowed}.")
}

fn text(flag: &str, value: OsString) -> Result<String, String> {
    let shown = value.to_string_lossy().into_owned();
    value
        .into_string()
        .map_err(|_| wrong(flag, &shown, "text in UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Config, String> {
        let action = Config::from_arguments(arguments.iter().map(OsString::from), |name| {
            let found = environment.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        })?;
        match action {
            Action::Serve(config) => Ok(*config),
            Action::SetPin(role, _) => Err(format!("the PIN of {}", role.as_str())),
            Action::Export(file, _) => Err(format!("export to {}", file.display())),
            Action::Import { file, replace, .. } => {
                let whole = if replace { "replacing " } else { "" };
                Err(format!("{whole}import of {}", file.display()))
            }
            Action::Print(text) => Err(text),
        }
    }

    #[test]
    fn the_help_sets_each_flag_apart_from_what_it_means() {
        let help = help();
        for flag in FLAGS {
            let form = format!("  --{} {}", flag.name, flag.value.unwrap_or_default());
            let mut lines = help.lines();
            let line = lines.find(|line| line.starts_with(&form)).expect("a line");
            let meaning = line[form.len()..].strip_prefix("  ");
            assert_eq!(meaning.map(str::trim_start), Some(flag.meaning), "{line}");
        }
    }

    #[test]
    fn words_beside_the_flags_ask_for_something_else_than_to_serve() {
        for (words, said) in [
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
            (&["import"], "import needs the name of a file"),
            (&["export", "a", "b"], "b is not known"),
            (&["import", "a", "b"], "b is not known"),
            (&["pin"], "pin needs to know whose"),
            (&["exports"], "exports is not known"),
        ] {
            let error = read(words, &[]).expect_err("nothing is served");
            assert!(error.starts_with(said), "{error}");
        }
    }

    #[test]
    fn without_flags_the_defaults_hold() {
        assert_eq!(read(&[], &[]), Ok(Config::default()));
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_that_over_port() {
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
                        .map(IpAddr::to_string)
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
    fn a_printer_is_where_network_printers_are_unless_told() {
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
    fn each_default_in_the_help_is_the_default_in_force() {
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
            let form = format!("--{} {}", flag.name, flag.value.unwrap_or_default());
            let start = format!("| `{}` | `{}` |", form.trim_end(), flag.environment);
            let row = guide.lines().find(|line| line.starts_with(&start));
            let row = row.unwrap_or_else(|| panic!("docs/operating.md has no row {start}"));
            assert!(row.contains(flag.default), "{row}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_one_line_with_the_flag_and_the_value() {
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
