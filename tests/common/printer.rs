//! A network printer: it takes one connection at a time, keeps what it is sent, and can be in
//! trouble.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::{PATIENCE, wait_for, wait_until};

/// What asks a printer how it is: `DLE EOT 2` and `DLE EOT 4`.
const ASK: &[u8] = &[0x10, 0x04, 2, 0x10, 0x04, 4];

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It prints, and answers no questions.
    Prints,
    /// It prints, and answers with these two bytes when it is asked how it is.
    Answers([u8; 2]),
    /// It accepts connections and reads nothing.
    Stuck,
    /// The program has gone.
    Gone,
}

impl Manner {
    /// What it says when it is asked how it is.
    fn answer(self) -> Option<[u8; 2]> {
        match self {
            Self::Answers(answer) => Some(answer),
            _ => None,
        }
    }
}

/// It is well.
pub const WELL: Manner = Manner::Answers([0x12, 0x12]);

/// It has no paper.
pub const NO_PAPER: Manner = Manner::Answers([0x32, 0x72]);

struct Shared {
    manner: Mutex<Manner>,
    prints: Mutex<Vec<Vec<u8>>>,
    /// The connections that it has accepted and not read.
    held: Mutex<Vec<TcpStream>>,
    /// How often it was asked how it is, or given something.
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

    /// On a socket that is there.
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

    /// Where it is, as the flag `--printer` has it.
    pub fn target(&self) -> String {
        self.address.to_string()
    }

    pub fn behave(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    /// How many connections it has accepted since it is stuck.
    pub fn held(&self) -> usize {
        self.shared.held.lock().unwrap().len()
    }

    /// It is switched off and on: what it had not read is gone.
    pub fn switch_off_and_on(&self, manner: Manner) {
        let mut held = self.shared.held.lock().unwrap();
        self.behave(manner);
        held.clear();
    }

    /// It reads what it was sent, and prints none of it.
    pub fn forget(&self, manner: Manner) {
        let mut held = self.shared.held.lock().unwrap();
        self.behave(manner);
        for mut connection in held.drain(..) {
            let _ = connection.read_to_end(&mut Vec::new());
        }
    }

    /// How many bytes lie unread in each connection that it holds.
    pub fn unread(&self) -> Vec<u64> {
        let held = self.shared.held.lock().unwrap();
        let unread = |connection| rustix::io::ioctl_fionread(connection).unwrap();
        held.iter().map(unread).collect()
    }

    /// It reads on where it was stuck.
    pub fn read_on(&self, manner: Manner) {
        let answer = manner.answer();
        let mut held = self.shared.held.lock().unwrap();
        for connection in held.drain(..) {
            take(connection, answer, &self.shared);
        }
        self.behave(manner);
    }

    /// What it has printed.
    pub fn prints(&self) -> Vec<Vec<u8>> {
        self.shared.prints.lock().unwrap().clone()
    }

    /// Waits until the server knows how it is, which it asks at its start.
    pub fn wait_until_visited(&self) {
        wait_until("the printer is asked how it is", || {
            self.shared.visits.load(Ordering::SeqCst) > 0
        });
    }

    /// Waits until it has printed so much.
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
        // Whoever changes how it behaves holds this, too.
        let mut held = shared.held.lock().unwrap();
        let manner = *shared.manner.lock().unwrap();
        match manner {
            Manner::Gone => return,
            Manner::Stuck => held.push(connection),
            _ => {
                drop(held);
                take(connection, manner.answer(), shared);
            }
        }
    }
}

fn take(mut connection: TcpStream, answer: Option<[u8; 2]>, shared: &Shared) {
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut bytes = Vec::new();
    let mut step = [0; 1024];
    let mut told = false;
    loop {
        match connection.read(&mut step) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&step[..read]),
            Err(_) => return,
        }
        if let Some(answer) = answer
            && bytes.starts_with(ASK)
            && !told
        {
            told = true;
            if connection.write_all(&answer).is_err() {
                return;
            }
        }
    }
    shared.visits.fetch_add(1, Ordering::SeqCst);
    let print = bytes.strip_prefix(ASK).unwrap_or(&bytes);
    if !print.is_empty() {
        shared.prints.lock().unwrap().push(print.to_vec());
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
