//! Every flag, default and limit, with its unit and its reason. The command line and the
//! environment become a checked [`Config`] once, at the start.

use std::env;
use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser};

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
    pub limits: Limits,
}

/// How much one peer may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; the open-file limit may lower it. Each costs a thread and a file.
    pub connections: usize,
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
            limits: Limits {
                connections: 4_096,
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

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Wish {
    Serve(Box<Config>),
    /// Print this and end.
    Print(String),
}

/// One flag. `set` says what is allowed when it does not take a value.
struct Flag {
    name: &'static str,
    /// How the value is written in the help; `None` for a switch.
    value: Option<&'static str>,
    environment: &'static str,
    default: &'static str,
    meaning: &'static str,
    set: fn(&mut Config, &str) -> Result<(), String>,
}

const FLAGS: &[Flag] = &[
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
            let plain = value.split_once("://").is_some_and(|(scheme, host)| {
                let host_character = |c: char| c.is_alphanumeric() || ".-:[]".contains(c);
                !scheme.is_empty() && !host.is_empty() && host.chars().all(host_character)
            });
            if !plain {
                return Err("SCHEME://HOST or SCHEME://HOST:PORT, without a path".to_owned());
            }
            config.allowed_origins.push(value.to_ascii_lowercase());
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

impl Config {
    /// Reads the command line and the environment; flags win over the environment. `Err` is one
    /// line that names the flag, the value and what is allowed.
    pub fn read() -> Result<Wish, String> {
        Self::from_arguments(env::args_os().skip(1), |name| env::var_os(name))
    }

    fn from_arguments(
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Wish, String> {
        let mut config = Self::default();
        if let Some(port) = environment("PORT") {
            let port = text("PORT", port)?;
            let number =
                whole(&port, 0, 65_535).map_err(|allowed| wrong("PORT", &port, &allowed))?;
            let port = u16::try_from(number).expect("checked against 65,535");
            config.listen.set_port(port);
        }
        for flag in FLAGS {
            if let Some(value) = environment(flag.environment) {
                let value = text(flag.environment, value)?;
                (flag.set)(&mut config, &value)
                    .map_err(|allowed| wrong(flag.environment, &value, &allowed))?;
            }
        }
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
            let name = match argument {
                Arg::Short('h') | Arg::Long("help") => return Ok(Wish::Print(help())),
                Arg::Short('V') | Arg::Long("version") => {
                    let version = format!("turnero {}", env!("CARGO_PKG_VERSION"));
                    return Ok(Wish::Print(version));
                }
                Arg::Long(name) => name.to_owned(),
                Arg::Short(letter) => return Err(unknown(&format!("-{letter}"))),
                Arg::Value(word) => return Err(unknown(&word.to_string_lossy())),
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
            (flag.set)(&mut config, &value).map_err(|allowed| wrong(&shown, &value, &allowed))?;
        }
        Ok(Wish::Serve(Box::new(config)))
    }
}

fn help() -> String {
    let mut lines = vec![
        "turnero: people take a ticket, a desk calls the next one, every screen shows it at once."
            .to_owned(),
        String::new(),
        "Usage: turnero [FLAGS]".to_owned(),
        String::new(),
    ];
    for flag in FLAGS {
        let form = format!("--{} {}", flag.name, flag.value.unwrap_or_default());
        lines.push(format!("  {:<26}{}", form.trim_end(), flag.meaning));
        lines.push(format!(
            "  {:<26}(default: {}; environment: {})",
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

fn address(value: &str) -> Result<SocketAddr, String> {
    let allowed = "ADDRESS:PORT, such as 0.0.0.0:3000 or [::]:3000";
    let mut found = value.to_socket_addrs().map_err(|_| allowed.to_owned())?;
    found.next().ok_or_else(|| allowed.to_owned())
}

fn folder(value: &str) -> Result<PathBuf, String> {
    let found = Some(PathBuf::from(value)).filter(|folder| folder.is_dir());
    found.ok_or_else(|| "a folder that exists".to_owned())
}

fn switch(value: &str) -> Result<bool, String> {
    match value {
        "on" | "1" | "true" | "yes" => Ok(true),
        "off" | "0" | "false" | "no" | "" => Ok(false),
        _ => Err("on or off".to_owned()),
    }
}

fn whole(value: &str, least: usize, most: usize) -> Result<usize, String> {
    let number = value.parse().ok();
    number
        .filter(|n| (least..=most).contains(n))
        .ok_or_else(|| format!("a whole number from {least} to {most}"))
}

fn seconds(value: &str) -> Result<Duration, String> {
    let number = whole(value, 1, 3_600)?;
    Ok(Duration::from_secs(number as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Config, String> {
        let wish = Config::from_arguments(arguments.iter().map(OsString::from), |name| {
            let found = environment.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        })?;
        match wish {
            Wish::Serve(config) => Ok(*config),
            Wish::Print(text) => Err(text),
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
    fn the_readme_has_every_flag_with_its_variable_and_default() {
        let readme = include_str!("../README.md");
        for flag in FLAGS {
            let form = format!("--{} {}", flag.name, flag.value.unwrap_or_default());
            let start = format!("| `{}` | `{}` |", form.trim_end(), flag.environment);
            let row = readme.lines().find(|line| line.starts_with(&start));
            let row = row.unwrap_or_else(|| panic!("README.md has no row {start}"));
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
            (&["--frobnicate"], &["--frobnicate", "--listen"]),
            (&["-x"], &["-x", "--listen"]),
            (&["serve"], &["serve", "--listen"]),
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
