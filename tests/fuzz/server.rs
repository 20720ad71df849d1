//! A server inside the fuzzing process, so that its coverage guides the fuzzer.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use turnero::config::Config;
use turnero::storage::DataSource;

use crate::memory;

/// A connection that is silent for longer hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// The address of the server, which is started once.
pub fn address() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(start)
}

fn start() -> SocketAddr {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("its address");
    drop(free);
    let config = Config {
        listen: address,
        data: DataSource::File(memory::file("server.db")),
        open: true,
        ..Config::default()
    };
    thread::spawn(move || {
        if let Err(error) = turnero::serve::serve(config) {
            panic!("the server did not start: {error}");
        }
        // SIGINT has stopped it.
        std::process::exit(0);
    });
    for _ in 0..500 {
        if TcpStream::connect(address).is_ok() {
            return address;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("the server does not answer");
}

/// Sends bytes on a connection of their own, ends sending, and returns all that the server sends back.
pub fn exchange(parts: &[&[u8]]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address()).expect("it accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("it is open");
    stream.set_nodelay(true).expect("it is open");
    for part in parts {
        // The server may have ended the connection already.
        if stream.write_all(part).is_err() {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Write);
    let mut answers = Vec::new();
    match stream.read_to_end(&mut answers) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the server does not end the connection: {error}"),
    }
    answers
}

/// Checks that answers begin as HTTP, and that none says that the server failed.
#[allow(dead_code, reason = "a WebSocket is checked in another way")]
pub fn check(answers: &[u8]) {
    if answers.is_empty() {
        return;
    }
    assert!(answers.starts_with(b"HTTP/1."), "no status line");
    let status = &answers[9..12];
    assert!(
        status[0] != b'5' || status == b"503",
        "{}",
        String::from_utf8_lossy(answers)
    );
}
