//! Flags, environment, exit codes, signals.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tungstenite::protocol::frame::coding::CloseCode;

use crate::common::{Client, Folder, Launch, Screen, Server, run_to_end, wait_until};

/// The flags of the contract's table and of its list of limits.
const FLAGS: [(&str, &str); 21] = [
    ("listen", "TURNERO_LISTEN"),
    ("data", "TURNERO_DATA"),
    ("html", "TURNERO_HTML"),
    ("open", "TURNERO_OPEN"),
    ("allow-origin", "TURNERO_ALLOW_ORIGIN"),
    ("max-connections", "TURNERO_MAX_CONNECTIONS"),
    ("host", "TURNERO_HOST"),
    ("trusted-proxy", "TURNERO_TRUSTED_PROXY"),
    ("user-header", "TURNERO_USER_HEADER"),
    ("keep-days", "TURNERO_KEEP_DAYS"),
    ("keep-history-days", "TURNERO_KEEP_HISTORY_DAYS"),
    ("tickets-per-10s", "TURNERO_TICKETS_PER_10S"),
    (
        "max-connections-per-address",
        "TURNERO_MAX_CONNECTIONS_PER_ADDRESS",
    ),
    ("max-head-bytes", "TURNERO_MAX_HEAD_BYTES"),
    ("max-headers", "TURNERO_MAX_HEADERS"),
    ("max-body-bytes", "TURNERO_MAX_BODY_BYTES"),
    ("max-message-bytes", "TURNERO_MAX_MESSAGE_BYTES"),
    ("head-seconds", "TURNERO_HEAD_SECONDS"),
    ("body-seconds", "TURNERO_BODY_SECONDS"),
    ("idle-seconds", "TURNERO_IDLE_SECONDS"),
    ("send-seconds", "TURNERO_SEND_SECONDS"),
];

/// The one line that a program which could not start has written.
#[track_caller]
fn one_line(output: &Output, code: i32) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(output.stdout.is_empty());
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.ends_with('\n'), "{text}");
    text
}

#[test]
fn a_wrong_value_is_exit_2_and_one_line_that_names_flag_value_and_what_is_allowed() {
    let folder = Folder::new();
    let wrong = [
        ("listen", "nonsense", "ADDRESS:PORT"),
        ("listen", "127.0.0.1:70000", "ADDRESS:PORT"),
        ("html", "no-such-folder", "folder"),
        ("open", "perhaps", "on"),
        ("allow-origin", "intranet", "://"),
        ("host", "http://office", "turnero.lan"),
        ("trusted-proxy", "office", "127.0.0.1"),
        ("user-header", "Remote User", "Remote-User"),
        ("user-header", "-", "Remote-User"),
        ("user-header", "x-forwarded-for", "Remote-User"),
        ("user-header", "Host", "Remote-User"),
        ("keep-days", "0", "36500"),
        ("keep-history-days", "1", "36500"),
        ("tickets-per-10s", "none", "10000"),
        ("max-connections-per-address", "0", "60000"),
        ("max-connections", "0", "1"),
        ("max-connections", "many", "60000"),
        ("max-head-bytes", "-1", "1024"),
        ("max-headers", "1", "8"),
        ("max-body-bytes", "99999999999999999999", "16777216"),
        ("max-message-bytes", "1.5", "125"),
        ("head-seconds", "0", "1"),
        ("body-seconds", "10s", "3600"),
        ("idle-seconds", "3601", "3600"),
        ("send-seconds", "", "3600"),
    ];
    for (flag, value, allowed) in wrong {
        let given = format!("--{flag}={value}");
        let line = one_line(&run_to_end(folder.path(), &[&given], &[]), 2);
        for part in [&format!("--{flag}"), value, allowed] {
            assert!(line.contains(part), "{given}: no «{part}» in {line}");
        }
        let (_, variable) = FLAGS.iter().find(|(name, _)| *name == flag).unwrap();
        if value.is_empty() {
            continue;
        }
        let line = one_line(&run_to_end(folder.path(), &[], &[(variable, value)]), 2);
        for part in [variable, value, allowed] {
            assert!(
                line.contains(part),
                "{variable}={value}: no «{part}» in {line}"
            );
        }
    }
    let line = one_line(&run_to_end(folder.path(), &[], &[("PORT", "http")]), 2);
    assert!(line.contains("PORT") && line.contains("http"), "{line}");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "a file was made"
    );
}

#[test]
fn an_address_for_https_without_a_certificate_is_said_to_have_no_effect() {
    let why = "--tls-listen has no effect";
    let output = run_to_end(
        Folder::new().path(),
        &["--check-config", "--tls-listen=127.0.0.1:0"],
        &[],
    );
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(why), "{said}");
    let server = Launch::new().with(&["--tls-listen=127.0.0.1:0"]).start();
    assert!(server.log().contains(why), "{}", server.log());
    let output = run_to_end(Folder::new().path(), &["--check-config"], &[]);
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);
}

#[test]
fn backups_in_a_folder_that_is_served_are_refused() {
    let folder = Folder::new();
    for name in ["html/backups", "outside"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    std::os::unix::fs::symlink(folder.join("html/backups"), folder.join("link")).unwrap();
    for served in ["html", "media"] {
        let served = format!("--{served}=html");
        for backups in ["html", "html/backups", "outside/../html/backups", "link"] {
            let given = format!("--backup-dir={backups}");
            for more in [&[][..], &["--check-config"]] {
                let given = ["--listen=127.0.0.1:0", &served, &given];
                let arguments = [&given, more].concat();
                let line = one_line(&run_to_end(folder.path(), &arguments, &[]), 2);
                for part in ["--backup-dir", backups, &served[..6], "download"] {
                    assert!(line.contains(part), "{arguments:?}: no «{part}» in {line}");
                }
            }
        }
        let arguments = [&served, "--backup-dir=outside", "--check-config"];
        let output = run_to_end(folder.path(), &arguments, &[]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
}

#[test]
fn a_flag_that_does_not_exist_is_named() {
    let folder = Folder::new();
    for arguments in [
        &["--lisen", "x"][..],
        &["-p"],
        &["office.db"],
        &["--datas=x"],
    ] {
        let line = one_line(&run_to_end(folder.path(), arguments, &[]), 2);
        let named = arguments[0].split('=').next().unwrap();
        assert!(line.contains(named), "{line}");
        assert!(line.contains("--listen"), "it says what is allowed: {line}");
    }
    let line = one_line(&run_to_end(folder.path(), &["--data"], &[]), 2);
    assert!(line.contains("--data") && line.contains("FILE"), "{line}");
}

#[test]
fn help_and_version_say_what_there_is() {
    let folder = Folder::new();
    let output = run_to_end(folder.path(), &["--help"], &[]);
    assert_eq!(output.status.code(), Some(0));
    let help = String::from_utf8(output.stdout).unwrap();
    for (flag, variable) in FLAGS {
        assert!(help.contains(&format!("--{flag}")), "{flag}");
        assert!(help.contains(variable), "{variable}");
    }
    for default in ["0.0.0.0:3000", "turnero.db", "4096", "16384", "65536"] {
        assert!(help.contains(default), "{default}");
    }
    let output = run_to_end(folder.path(), &["--version"], &[]);
    assert_eq!(output.status.code(), Some(0));
    let version = format!("turnero {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), version);
}

#[test]
fn a_file_that_cannot_be_used_is_exit_1_and_one_line_that_says_why() {
    let folder = Folder::new();
    fs::create_dir(folder.join("folder")).unwrap();
    folder.write(
        "text.txt",
        &"This is a letter, and no database at all. ".repeat(200),
    );
    let other = rusqlite::Connection::open(folder.join("other.db")).unwrap();
    other
        .execute_batch("CREATE TABLE people (name TEXT); INSERT INTO people VALUES ('Ana');")
        .unwrap();
    drop(other);
    let marked = rusqlite::Connection::open(folder.join("marked.db")).unwrap();
    marked.pragma_update(None, "application_id", 7).unwrap();
    drop(marked);
    let content = |name: &str| fs::read(folder.join(name)).unwrap();
    let before = ["text.txt", "other.db", "marked.db"].map(content);
    for (file, why) in [
        ("folder", "cannot be opened"),
        ("text.txt", "not an SQLite database"),
        ("other.db", "another program"),
        ("marked.db", "another program"),
        ("no/such/office.db", "folder"),
    ] {
        let arguments = ["--listen", "127.0.0.1:0", "--data", file];
        let line = one_line(&run_to_end(folder.path(), &arguments, &[]), 1);
        assert!(line.contains(file), "{line}");
        assert!(line.contains(why), "{file}: {line}");
    }
    let after = ["text.txt", "other.db", "marked.db"].map(content);
    assert_eq!(after, before, "what is not ours was changed");
}

#[test]
fn a_data_file_of_before_the_first_release_is_refused() {
    let server = Server::new();
    let launch = server.stop();
    let file = rusqlite::Connection::open(launch.data()).unwrap();
    file.pragma_update(None, "application_id", 0x5475_726e)
        .unwrap();
    drop(file);
    let folder = Folder::new();
    let arguments = [
        "--listen",
        "127.0.0.1:0",
        "--data",
        launch.data().to_str().unwrap(),
    ];
    let line = one_line(&run_to_end(folder.path(), &arguments, &[]), 1);
    assert!(line.contains("before its first release"), "{line}");
}

#[test]
fn a_newer_programs_file_is_left_alone() {
    let server = Server::new();
    server.ticket();
    let launch = server.stop();
    let file = rusqlite::Connection::open(launch.data()).unwrap();
    file.pragma_update(None, "user_version", 1_000).unwrap();
    drop(file);
    let folder = Folder::new();
    let arguments = [
        "--listen",
        "127.0.0.1:0",
        "--data",
        launch.data().to_str().unwrap(),
    ];
    let line = one_line(&run_to_end(folder.path(), &arguments, &[]), 1);
    assert!(line.contains("newer"), "{line}");
}

#[test]
fn a_second_server_on_the_same_file_is_refused_and_the_first_goes_on() {
    let server = Launch::new().in_file().start();
    let folder = Folder::new();
    let data = server.launch().data().to_str().unwrap().to_owned();
    let arguments = ["--listen", "127.0.0.1:0", "--data", &data];
    for _ in 0..2 {
        let line = one_line(&run_to_end(folder.path(), &arguments, &[]), 1);
        assert!(line.contains(&data) && line.contains("another"), "{line}");
    }
    assert_eq!(server.ticket()["code"], "A1");
    // The lock goes with the process, however that ends.
    assert_eq!(server.kill().start().ticket()["code"], "A2");
}

#[test]
fn a_port_in_use_is_exit_1_and_one_line_that_names_it() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run_to_end(folder.path(), &["--listen", &address], &[]);
    let line = one_line(&output, 1);
    assert!(line.contains(&address), "{line}");
}

#[test]
fn port_sets_the_port_of_every_address_and_the_data_file_is_made_where_it_runs() {
    let launch = Launch::new();
    let folder = Folder::new();
    // A port that was free a moment ago; another process may take it in between.
    let server = (0..5).find_map(|_| {
        let port = TcpListener::bind("0.0.0.0:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut command = Command::new("sh");
        let script = format!("export PORT={port}; exec \"$0\"");
        command
            .arg("-c")
            .arg(script)
            .arg(env!("CARGO_BIN_EXE_turnero"));
        command.current_dir(folder.path());
        let start = AssertUnwindSafe(|| Server::spawn(command, launch.clone()));
        let server = catch_unwind(start).ok()?;
        Some((port, server))
    });
    let (port, server) = server.expect("a free port");
    assert_eq!(server.address().port(), port);
    assert!(
        server.log().contains(&format!("http://0.0.0.0:{port}")),
        "{}",
        server.log()
    );
    assert_eq!(server.ticket()["code"], "A1");
    assert!(folder.join("turnero.db").exists());
}

#[test]
fn the_environment_sets_what_flags_do_not() {
    let folder = Folder::new();
    folder.write("pages/index.html", "from the environment");
    let launch = Launch::new()
        .with_variable("TURNERO_HTML", folder.join("pages"))
        .with_variable("TURNERO_DATA", folder.join("unused.db"))
        .with_variable("TURNERO_LISTEN", "127.0.0.1:1")
        .with_variable("TURNERO_MAX_BODY_BYTES", "1024");
    // The flags `--listen` and `--data` of every start here win.
    let server = launch.start();
    assert_eq!(server.get("/").expect(200).text(), "from the environment");
    assert!(!folder.join("unused.db").exists());
    let mut client = server.client();
    let body = [b' '; 1_025];
    client
        .send("POST", "/api/tickets", &[], &body)
        .problem(413, "body-too-large");
}

#[test]
fn rust_log_sets_the_log_level() {
    let server = Launch::new().with_variable("RUST_LOG", "debug").start();
    server.get("/api/health").expect(200);
    wait_until("the request is logged", || {
        server.log().contains("/api/health")
    });
    let server = Server::new();
    server.get("/api/health").expect(200);
    // The screen's log line comes after any line of that request.
    server.screen("").expect("state");
    wait_until("the screen is logged", || {
        server.log().contains("Client connected")
    });
    assert!(!server.log().contains("/api/health"), "{}", server.log());
    assert!(server.log().contains("Listening on http://127.0.0.1:"));
}

#[test]
fn sigterm_and_sigint_end_it_with_0_within_5_s_whoever_is_connected() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::new();
        let ticket = server.ticket();
        let address = server.address();
        let mut screens: Vec<_> = (0..20).map(|_| server.screen("")).collect();
        screens.push(server.course_screen());
        // One whose peer never answers the close, one that is idle, and halves of everything.
        let mut idle = server.client();
        idle.get("/api/health").expect(200);
        let silent = TcpStream::connect(address).unwrap();
        let mut half_head = server.client();
        half_head.raw("POST /api/tick");
        let mut half_body = server.client();
        half_body
            .raw("POST /api/tickets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
        let mut half_handshake = server.client();
        half_handshake.raw("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: webs");
        let mut polling = server.client();
        polling.request("GET", "/api/events?since=1&wait=25", &[], b"");
        server.signal(signal);
        let status = server.ends_within(Duration::from_secs(5));
        let status = status.unwrap_or_else(|| panic!("{signal:?} does not end it"));
        assert_eq!(status.code(), Some(0), "{}", server.log());
        drop((screens, silent));
        let server = server.launch().clone().start();
        let tickets = server.json("/api/tickets");
        assert_eq!(tickets, serde_json::json!([ticket]));
    }
}

#[test]
fn a_request_under_way_is_answered_before_the_end() {
    let mut server = Server::new();
    let mut clients: Vec<Client> = (0..8).map(|_| server.client()).collect();
    for client in &mut clients {
        client.get("/api/health").expect(200);
    }
    for client in &mut clients {
        client.request("POST", "/api/tickets", &[], b"");
    }
    server.signal(Signal::TERM);
    let mut answered = 0;
    for client in &mut clients {
        // A request that came too late gets no answer, and nothing was done for it.
        if let Ok(answer) = client.try_receive() {
            assert_eq!(answer.status, 201);
            answered += 1;
        }
    }
    let status = server.ends_within(Duration::from_secs(5)).expect("it ends");
    assert_eq!(status.code(), Some(0));
    let server = server.launch().clone().start();
    let kept = server.json("/api/tickets").as_array().unwrap().len();
    assert!(
        kept >= answered,
        "{answered} were acknowledged, {kept} are there"
    );
}

#[test]
fn a_log_that_nobody_reads_ends_nothing() {
    let folder = Folder::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_turnero"))
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(folder.join("t.db"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    // The pipe is closed with its reader: from here on each line of the log is an error.
    BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line.trim().rsplit("http://").next().unwrap();
    let address: SocketAddr = address.parse().unwrap();
    let mut screen = Screen::v1(address, "");
    screen.expect("state");
    Client::connect(address).post("/api/tickets").expect(201);
    screen.expect("ticket-created");
    let id = i32::try_from(child.id()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
    assert_eq!(screen.closed(), Some(CloseCode::Away));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
