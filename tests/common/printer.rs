//! A fake network printer: it takes one connection at a time, records what it prints, and can have
//! faults.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{PATIENCE, wait_for, wait_until};

/// `DLE EOT 2` and `DLE EOT 4`, which are answered at once.
const REALTIME_STATUS_REQUEST: &[u8] = &[0x10, 0x04, 2, 0x10, 0x04, 4];

/// `GS r 1`, which is answered after what came before it is printed.
const STATUS_REQUEST: &[u8] = &[0x1d, b'r', 1];

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It prints, and answers no request.
    Mute,
    /// It answers the realtime request with these bytes. It prints and answers requests in order if
    /// they say that it works.
    Answers([u8; 2]),
    /// It reads all that it is sent, prints nothing, and cuts the connection.
    Cuts,
    /// It accepts connections and reads nothing.
    Stuck,
    /// It reads, prints nothing, and sends a byte that answers nothing every 50 ms.
    Babbles,
    /// The program has ended.
    Gone,
}

/// It works.
pub const WELL: Manner = Manner::Answers([0x12, 0x12]);

/// It works, and its paper is near its end.
pub const PAPER_LOW: Manner = Manner::Answers([0x12, 0x1e]);

/// It has no paper.
pub const NO_PAPER: Manner = Manner::Answers([0x32, 0x72]);

struct Shared {
    manner: Mutex<Manner>,
    prints: Mutex<Vec<Vec<u8>>>,
    /// The connections that it has accepted and not read.
    held: Mutex<Vec<TcpStream>>,
    /// Number of connections that it has read.
    visits: AtomicUsize,
}

/// A printer on a port of its own.
pub struct Printer {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Printer {
    pub fn new(manner: Manner) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), manner)
    }

    /// A printer on an existing socket.
    pub fn on(listener: TcpListener, manner: Manner) -> Self {
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            manner: Mutex::new(manner),
            prints: Mutex::default(),
            held: Mutex::default(),
            visits: AtomicUsize::new(0),
        });
        let for_thread = shared.clone();
        let thread = std::thread::spawn(move || run(&listener, &for_thread));
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    /// Its address, as the flag `--printer` takes it.
    pub fn target(&self) -> String {
        self.address.to_string()
    }

    pub fn behave(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    /// Number of connections that it holds unread.
    pub fn held(&self) -> usize {
        self.shared.held.lock().unwrap().len()
    }

    /// It is switched off and on, and loses what it has not read.
    pub fn switch_off_and_on(&self, manner: Manner) {
        let mut held = self.shared.held.lock().unwrap();
        self.behave(manner);
        held.clear();
    }

    /// It reads and prints what it was sent while it was stuck.
    pub fn read_on(&self, manner: Manner) {
        let mut held = self.shared.held.lock().unwrap();
        for connection in held.drain(..) {
            take(connection, manner, &self.shared);
        }
        self.behave(manner);
    }

    /// The bytes of each printed job.
    pub fn prints(&self) -> Vec<Vec<u8>> {
        self.shared.prints.lock().unwrap().clone()
    }

    /// The codes that it has printed.
    pub fn codes(&self) -> Vec<String> {
        self.prints().iter().map(|p| printed_code(p)).collect()
    }

    /// Waits until the server knows its state, which it asks for at its start.
    pub fn wait_until_visited(&self) {
        wait_until("the printer is asked for its state", || {
            self.shared.visits.load(Ordering::SeqCst) > 0
        });
    }

    /// Waits until it has printed so many tickets.
    pub fn wait_for(&self, number: usize) -> Vec<Vec<u8>> {
        wait_for(&format!("{number} tickets are printed"), || {
            let prints = self.prints();
            (prints.len() >= number).then_some(prints)
        })
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.behave(Manner::Gone);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(listener: &TcpListener, shared: &Shared) {
    for connection in listener.incoming() {
        let Ok(connection) = connection else { continue };
        // A change of its behaviour holds this lock as well.
        let mut held = shared.held.lock().unwrap();
        let manner = *shared.manner.lock().unwrap();
        match manner {
            Manner::Gone => return,
            Manner::Stuck => held.push(connection),
            Manner::Babbles => {
                drop(held);
                babble(connection, shared);
            }
            _ => {
                drop(held);
                take(connection, manner, shared);
            }
        }
    }
}

/// Sends bytes until it behaves otherwise or the other side ends the connection.
fn babble(mut connection: TcpStream, shared: &Shared) {
    connection
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let mut step = [0; 1024];
    shared.visits.fetch_add(1, Ordering::SeqCst);
    while *shared.manner.lock().unwrap() == Manner::Babbles {
        match connection.read(&mut step) {
            // The end of the other side changes nothing for it.
            Ok(0) => std::thread::sleep(Duration::from_millis(50)),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
        // It is an answer to no request.
        if connection.write_all(&[0xff]).is_err() {
            return;
        }
    }
}

/// Reads one connection to its end.
fn take(mut connection: TcpStream, manner: Manner, shared: &Shared) {
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut bytes = Vec::new();
    let mut step = [0; 1024];
    loop {
        match connection.read(&mut step) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&step[..read]),
            Err(_) => break,
        }
        if let Some(rest) = bytes.strip_prefix(REALTIME_STATUS_REQUEST) {
            bytes = rest.to_vec();
            if let Manner::Answers(answer) = manner {
                let _ = connection.write_all(&answer);
            }
        }
        let Some(job) = bytes.strip_suffix(STATUS_REQUEST) else {
            continue;
        };
        if manner == Manner::Cuts {
            break;
        }
        let prints = !matches!(manner, Manner::Answers(answer) if answer[0] != 0x12);
        if prints && !job.is_empty() {
            shared.prints.lock().unwrap().push(job.to_vec());
        }
        bytes.clear();
        if let Manner::Answers([0x12, _]) = manner {
            let _ = connection.write_all(&[0]);
        }
    }
    shared.visits.fetch_add(1, Ordering::SeqCst);
    if manner == Manner::Cuts {
        // Ends the connection with a reset instead of an orderly end.
        let _ =
            rustix::net::sockopt::set_socket_linger(&connection, Some(std::time::Duration::ZERO));
    }
}

/// The code that is printed large on a ticket.
pub fn printed_code(print: &[u8]) -> String {
    // Four times as wide and high, and bold.
    let large = b"\x1d!\x33\x1bE\x01";
    let begin = print.windows(large.len()).position(|part| part == large);
    let rest = &print[begin.expect("something large") + large.len()..];
    let code = rest.split(|byte| *byte == b'\n').next().unwrap();
    String::from_utf8(code.to_vec()).unwrap()
}
