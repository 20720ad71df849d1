//! The texts about the command line, all made from the table of flags: the help, the manual page and the completions
//! of shells.

use super::flags::{FLAGS, Flag};

/// A word beside the flags.
struct Command {
    name: &'static str,
    /// Its arguments.
    arguments: &'static str,
    help: &'static str,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "pin",
        arguments: "staff|admin [--data FILE]",
        help: "sets a PIN: reads it, or makes one",
    },
    Command {
        name: "export",
        arguments: "[FILE] [--data FILE] [--until SEQ]",
        help: "writes the office to a file, as JSON; with --until as it was after that event",
    },
    Command {
        name: "import",
        arguments: "FILE [--data FILE] [--replace]",
        help: "reads it into a new data file, or replaces the settings there",
    },
    Command {
        name: "backup",
        arguments: "[--listen ADDR]",
        help: "asks the running server for a backup in its --backup-dir",
    },
    Command {
        name: "restore",
        arguments: "FILE [--data FILE]",
        help: "lets a backup take the place of the data file of a stopped server",
    },
    Command {
        name: "tls",
        arguments: "self-signed [--data FILE] [--host NAME]",
        help: "makes a certificate for HTTPS on this machine, and an authority that devices can trust",
    },
    Command {
        name: "check",
        arguments: "FILE",
        help: "says whether a data file, a backup or an export is sound, and what it holds",
    },
];

/// Tasks of the program besides serving: flag, value, help.
const OTHERS: [(&str, Option<&str>, &str); 4] = [
    (
        "check-config",
        None,
        "checks the flags, the environment and the certificate, and does not start",
    ),
    (
        "generate",
        Some("KIND"),
        "writes the manual page (man) or the completions of a shell (bash, zsh, fish)",
    ),
    ("help", None, "shows this"),
    ("version", None, "shows the version"),
];

/// Flags that belong to one command.
const OF_COMMANDS: [&str; 2] = ["replace", "until"];

/// The values of `--generate`.
pub(super) const KINDS: &str = "man, bash, zsh or fish";

const EXIT_CODES: [(u8, &str); 4] = [
    (0, "done; a server was stopped with SIGTERM or Ctrl-C"),
    (
        1,
        "it could not be done; one line on standard error says why and what to do",
    ),
    (
        2,
        "a flag, a variable or an argument is invalid; one line names it, the value and what is allowed",
    ),
    (3, "`turnero check`: the file is damaged"),
];

const ABOUT: &str =
    "people take a ticket, a desk calls the next one, and every screen shows it at once";

/// The text of `--help`.
pub(super) fn help() -> String {
    let mut lines = vec![
        format!("turnero: {ABOUT}."),
        String::new(),
        "Usage: turnero [FLAGS]".to_owned(),
    ];
    for command in COMMANDS {
        lines.push(format!(
            "       turnero {} {}",
            command.name, command.arguments
        ));
        lines.push(format!("                    {}", command.help));
    }
    lines.push(String::new());
    let others = OTHERS.map(|(name, value, help)| (usage(name, value), help));
    let width = FLAGS.iter().map(|flag| flag.usage().len()).max();
    let width = width.unwrap_or(0) + 2;
    for flag in FLAGS {
        lines.push(format!("  {:<width$}{}", flag.usage(), flag.help));
        lines.push(format!("  {:<width$}({})", "", origin(flag)));
    }
    for (usage, help) in others {
        lines.push(format!("  {usage:<width$}{help}"));
    }
    lines.push(String::new());
    lines.push("PORT=8080 works too. RUST_LOG sets the log level.".to_owned());
    lines.join("\n")
}

/// The text of `--generate KIND`; `None` for another kind.
pub(super) fn generate(kind: &str) -> Option<String> {
    match kind {
        "man" => Some(manual_page()),
        "bash" => Some(bash()),
        "zsh" => Some(zsh()),
        "fish" => Some(fish()),
        _ => None,
    }
}

fn usage(name: &str, value: Option<&str>) -> String {
    value.map_or(format!("--{name}"), |value| format!("--{name} {value}"))
}

/// The source of a flag's value if it is not given.
fn origin(flag: &Flag) -> String {
    format!(
        "default: {}; environment: {}",
        flag.default,
        flag.variable()
    )
}

/// Every flag: name, value, help, and whether it may be repeated.
fn all_flags() -> Vec<(&'static str, Option<&'static str>, &'static str, bool)> {
    let flags = FLAGS.iter();
    let flags = flags.map(|flag| (flag.name, flag.value, flag.help, flag.repeats));
    let others = OTHERS.map(|(name, value, help)| (name, value, help, false));
    let of_commands = OF_COMMANDS.map(|name| {
        let uses = |command: &&Command| command.arguments.contains(name);
        let help = COMMANDS
            .iter()
            .find(uses)
            .map_or("", |command| command.help);
        (name, (name == "until").then_some("SEQ"), help, false)
    });
    flags.chain(others).chain(of_commands).collect()
}

fn manual_page() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut page = format!(
        ".TH TURNERO 8 \"\" \"turnero {version}\" \"System administration\"\n.SH NAME\nturnero \\- a take\\-a\\-number \
         system\n.SH SYNOPSIS\n.B turnero\n[FLAGS]\n"
    );
    let mut add = |text: &str| page.push_str(text);
    for command in COMMANDS {
        let arguments = roff(command.arguments);
        add(&format!(".br\n.B turnero {}\n{arguments}\n", command.name));
    }
    add(&format!(
        ".SH DESCRIPTION\nA server for a take\\-a\\-number system: {}. Without a command it serves until SIGTERM.\n",
        roff(ABOUT)
    ));
    add(".SH COMMANDS\n");
    for command in COMMANDS {
        let (arguments, help) = (roff(command.arguments), roff(command.help));
        add(&format!(
            ".TP\n\\fB{}\\fR {arguments}\n{help}.\n",
            command.name
        ));
    }
    add(".SH FLAGS\nA flag wins over its variable in the environment.\n");
    let mut add_flag = |name: &str, value: Option<&str>, help: &str| {
        let value = value.map_or(String::new(), |value| format!(" \\fI{}\\fR", roff(value)));
        let (name, help) = (roff(name), roff(help));
        add(&format!(".TP\n\\fB\\-\\-{name}\\fR{value}\n{help}\n"));
    };
    for flag in FLAGS {
        let help = format!("{} ({}).", flag.help, origin(flag));
        add_flag(flag.name, flag.value, &help);
    }
    for (name, value, help) in OTHERS {
        add_flag(name, value, &format!("{help}."));
    }
    add(".SH EXIT STATUS\n");
    for (code, meaning) in EXIT_CODES {
        let meaning = roff(&meaning.replace('`', ""));
        add(&format!(".TP\n.B {code}\n{meaning}.\n"));
    }
    add(
        ".SH FILES\nOf the package:\n.TP\n.I /etc/turnero/turnero.env\nflags as variables, a line each.\n.TP\n.I \
         /var/lib/turnero/turnero.db\nthe data file.\n.TP\n.I /usr/share/doc/turnero/operating.md\nthe operating guide.\n",
    );
    page
}

/// A text as a line of a manual page.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    // A line that begins so would be a request.
    let is_request = text.starts_with(['.', '\'']);
    if is_request {
        format!("\\&{text}")
    } else {
        text
    }
}

fn command_names() -> String {
    let names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
    names.join(" ")
}

fn bash() -> String {
    let flags = all_flags();
    let named = |is_right: fn(Option<&str>) -> bool| {
        let names = flags.iter().filter(|flag| is_right(flag.1));
        let names: Vec<String> = names.map(|flag| format!("--{}", flag.0)).collect();
        names
    };
    let folders = named(|value| value == Some("DIR")).join("|");
    let files = named(|value| value == Some("FILE")).join("|");
    let texts = named(|value| value.is_some_and(|value| value != "DIR" && value != "FILE"));
    let texts: Vec<String> = texts
        .into_iter()
        .filter(|name| name != "--generate")
        .collect();
    let (texts, all, commands) = (texts.join("|"), named(|_| true).join(" "), command_names());
    format!(
        "# Completions of turnero for bash.\n\
         _turnero() {{\n    \
             local words=\n    \
             COMPREPLY=()\n    \
             case $3 in\n    \
             {folders}) mapfile -t COMPREPLY < <(compgen -d -- \"$2\"); return ;;\n    \
             {files}|check|restore|import|export) mapfile -t COMPREPLY < <(compgen -f -- \"$2\"); return ;;\n    \
             pin) words='staff admin' ;;\n    \
             --generate) words='man bash zsh fish' ;;\n    \
             {texts}) return ;;\n    \
             *) case $2 in -*) words='{all}' ;; *) words='{commands}' ;; esac ;;\n    \
             esac\n    \
             mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$2\")\n\
         }}\n\
         complete -o filenames -F _turnero turnero"
    )
}

fn zsh() -> String {
    let mut lines = vec!["#compdef turnero".to_owned(), "_arguments \\".to_owned()];
    for (name, value, help, repeats) in all_flags() {
        let help = help
            .replace('\'', "'\\''")
            .replace('[', "\\[")
            .replace(']', "\\]");
        let star = if repeats { "*" } else { "" };
        let (equals, action) = match value {
            None => ("", String::new()),
            Some("DIR") => ("=", ":DIR:_files -/".to_owned()),
            Some("FILE") => ("=", ":FILE:_files".to_owned()),
            Some("KIND") => ("=", ":KIND:(man bash zsh fish)".to_owned()),
            Some(form) => ("=", format!(":{}: ", form.replace(':', "\\:"))),
        };
        lines.push(format!("  '{star}--{name}{equals}[{help}]{action}' \\"));
    }
    lines.push(format!("  '1:command:({})' \\", command_names()));
    lines.push("  '*:file:_files'".to_owned());
    lines.join("\n")
}

fn fish() -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    let mut lines = Vec::new();
    for command in COMMANDS {
        let help = quoted(command.help);
        lines.push(format!(
            "complete -c turnero -n __fish_use_subcommand -f -a {} -d {help}",
            command.name
        ));
    }
    lines.push(
        "complete -c turnero -n '__fish_seen_subcommand_from pin' -f -a 'staff admin'".to_owned(),
    );
    for (name, value, help, _) in all_flags() {
        let action = match value {
            None => "",
            Some("DIR") => " -x -a '(__fish_complete_directories)'",
            Some("FILE") => " -r -F",
            Some("KIND") => " -x -a 'man bash zsh fish'",
            Some(_) => " -x",
        };
        let help = quoted(help);
        lines.push(format!("complete -c turnero -l {name}{action} -d {help}"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn the_manual_page_and_the_completions_have_every_flag_and_command() {
        for kind in ["man", "bash", "zsh", "fish"] {
            let text = generate(kind).expect(kind);
            for (name, ..) in all_flags() {
                let shown = match kind {
                    "man" => roff(name),
                    "fish" => format!("-l {name}"),
                    _ => format!("--{name}"),
                };
                assert!(text.contains(&shown), "{kind} lacks {name}");
            }
            for command in COMMANDS {
                assert!(text.contains(command.name), "{kind}: {}", command.name);
            }
        }
        assert_eq!(generate("csh"), None);
    }

    #[test]
    fn the_operating_guide_has_the_exit_codes_of_the_manual_page() {
        let guide = include_str!("../../docs/operating.md");
        for (code, meaning) in EXIT_CODES {
            let row = format!("| {code} | {meaning} |");
            assert!(guide.lines().any(|line| line == row), "{row}");
        }
    }
}
