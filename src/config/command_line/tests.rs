//! Tests of the command line: actions, flags, variables and error messages.

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
        Action::CheckConfig(config) => Err(format!("check of {}", config.listen)),
        Action::MakeCertificate(config) => Err(format!("certificate beside {}", config.data)),
        Action::Backup(config) => Err(format!("backup of {}", config.listen)),
        Action::Restore(file, config) => {
            let to = &config.data;
            Err(format!("restore of {} to {to}", file.display()))
        }
        Action::Check(file) => Err(format!("check of {}", file.display())),
        Action::Print(text) => Err(text),
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
            &["tls", "self-signed", "--data", "a.db"],
            "certificate beside a.db",
        ),
        (&["tls"], "tls needs what to do: self-signed"),
        (&["tls", "renew"], "tls needs what to do: self-signed"),
        (
            &["import", "--replace", "b.json"],
            "replacing import of b.json",
        ),
        (
            &["export", "--replace", "b.json"],
            "--replace is for import",
        ),
        (&["--replace"], "--replace is for import"),
        (&["--check-config"], "check of 0.0.0.0:3000"),
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
        (
            &["check", "postgres://me:secret@host/offices"],
            "check takes no address of a database",
        ),
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
            // One is refused without the other.
            "tls-cert" | "tls-key" | "user-header" | "admin-users" => continue,
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
    let guide = include_str!("../../../docs/operating.md");
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
        (&["--tls-cert", "a.crt"], &["--tls-cert", "needs --tls-key"]),
        (
            &["--check-config", "--tls-key", "a.key"],
            &["--tls-key", "needs --tls-cert"],
        ),
        (
            &["--user-header", "Remote-User"],
            &["--user-header", "needs --trusted-proxy"],
        ),
        (
            &["--admin-users", "ana"],
            &["--admin-users", "needs --user-header"],
        ),
        (
            &["--user-header", "a b"],
            &["--user-header", "«a b»", "Remote-User"],
        ),
        (&["--admin-users", "ana,"], &["--admin-users", "«ana,»"]),
        (&["pin"], &["pin", "staff or admin"]),
        (&["pin", "guest"], &["pin", "«guest»", "staff or admin"]),
        (&["--generate"], &["--generate", "man, bash"]),
        (&["--generate", "csh"], &["--generate", "«csh»", "fish"]),
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
