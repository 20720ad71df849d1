//! systemd: messages to the service manager, and the log as the journal and programs read it.

use std::fs::{self, File};
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Folder, Launch, PATIENCE, Server, run_to_end, wait_for};

/// A service manager's socket, and a server that knows it.
fn managed(more: &[(&str, &str)]) -> (UnixDatagram, Server, Folder) {
    let folder = Folder::new();
    let path = folder.join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut launch = Launch::new().with_variable("NOTIFY_SOCKET", &path);
    for (name, value) in more {
        launch = launch.with_variable(name, value);
    }
    (socket, launch.start(), folder)
}

fn receive(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 1024];
    let length = socket.recv(&mut bytes).expect("a message comes");
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

#[test]
fn the_service_manager_hears_that_the_server_is_ready_alive_and_stopping() {
    let (socket, mut server, _folder) = managed(&[("WATCHDOG_USEC", "100000")]);
    assert_eq!(receive(&socket), "READY=1\nSTATUS=0 screens, 0 waiting");
    server.ticket();
    let _screen = server.screen("");
    let alive = "WATCHDOG=1\nSTATUS=1 screens, 1 waiting";
    wait_for("it says so", || (receive(&socket) == alive).then_some(()));
    server.signal(Signal::TERM);
    wait_for("it says that it stops", || {
        receive(&socket).starts_with("STOPPING=1").then_some(())
    });
    assert!(server.ends_within(PATIENCE).is_some());
}

#[test]
fn a_server_that_hangs_is_not_called_alive() {
    let (socket, server, _folder) = managed(&[("WATCHDOG_USEC", "100000")]);
    receive(&socket);
    server.signal(Signal::STOP);
    socket.set_nonblocking(true).unwrap();
    while socket.recv(&mut [0; 1024]).is_ok() {}
    socket.set_nonblocking(false).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(400)))
        .unwrap();
    let silent = socket.recv(&mut [0; 1024]).is_err();
    server.signal(Signal::CONT);
    assert!(silent);
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    receive(&socket);
}

#[test]
fn the_log_is_json_if_asked_for() {
    let folder = Folder::new();
    let arguments = ["--listen", "127.0.0.1:0", "--log-format", "json"];
    let mut server = Command::new(env!("CARGO_BIN_EXE_turnero"))
        .args(arguments)
        .current_dir(folder.path())
        .env_remove("PORT")
        .stderr(File::create(folder.join("log.json")).unwrap())
        .spawn()
        .unwrap();
    let log = || fs::read_to_string(folder.join("log.json")).unwrap();
    wait_for("it listens", || {
        log().contains("Listening on http://").then_some(())
    });
    server.kill().unwrap();
    server.wait().unwrap();
    for line in log().lines() {
        let line: Value = serde_json::from_str(line).expect("each line is JSON");
        for field in ["time", "level", "target", "message"] {
            assert!(line[field].is_string(), "{line}");
        }
    }
}

#[test]
fn a_configuration_is_checked_without_starting() {
    let folder = Folder::new();
    let run = |arguments: &[&str]| run_to_end(folder.path(), arguments, &[]);
    let right = run(&["--check-config", "--listen", "127.0.0.1:8080"]);
    let said = String::from_utf8_lossy(&right.stdout).into_owned();
    assert_eq!(right.status.code(), Some(0), "{right:?}");
    assert!(
        said.contains("right") && said.contains("127.0.0.1:8080"),
        "{said}"
    );
    let wrong = run(&["--check-config", "--backup-keep", "0"]);
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
    assert_eq!(
        folder.path().read_dir().unwrap().count(),
        0,
        "nothing was made"
    );
}
