//! A proxy between a server and its database, which breaks their connections.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::Folder;

/// The name of PostgreSQL's socket in its folder.
pub const SOCKET: &str = ".s.PGSQL.5432";

/// A proxy in front of the database, on a socket in a folder of its own.
pub struct DatabaseProxy {
    folder: Folder,
    state: Arc<State>,
}

struct State {
    database: Mutex<PathBuf>,
    /// Bytes that still pass in each direction before all connections are cut: to the database, and from it.
    left: [AtomicI64; 2],
    is_away: AtomicBool,
    streams: Mutex<Vec<UnixStream>>,
}

impl DatabaseProxy {
    /// In front of the database with that socket.
    pub fn new(database: PathBuf) -> Self {
        let folder = Folder::new();
        let listener = UnixListener::bind(folder.join(SOCKET)).unwrap();
        let state = Arc::new(State {
            database: Mutex::new(database),
            left: [AtomicI64::new(i64::MAX), AtomicI64::new(i64::MAX)],
            is_away: AtomicBool::new(false),
            streams: Mutex::default(),
        });
        let shared = state.clone();
        // It ends with the process.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                shared.pass(&client);
            }
        });
        Self { folder, state }
    }

    /// The address of the database through the proxy, for `--data`.
    pub fn address(&self) -> String {
        let folder = self.folder.path().display();
        format!("postgres:///postgres?host={folder}&user=turnero")
    }

    /// A name that no other test has.
    pub fn office(&self) -> String {
        self.folder.path().to_string_lossy().replace('/', "-")
    }

    /// Leads new connections to the database with that socket.
    pub fn lead_to(&self, database: PathBuf) {
        *self.state.database.lock().unwrap() = database;
    }

    /// Lets so many bytes pass from now on, in one direction, and cuts everything after them.
    pub fn cut_after(&self, direction: usize, bytes: i64) {
        self.state.left[direction].store(bytes, Ordering::SeqCst);
    }

    /// Lets everything pass again.
    pub fn mend(&self) {
        self.state.is_away.store(false, Ordering::SeqCst);
        for left in &self.state.left {
            left.store(i64::MAX, Ordering::SeqCst);
        }
    }

    pub fn go_away(&self) {
        self.state.is_away.store(true, Ordering::SeqCst);
        self.state.cut();
    }
}

impl State {
    fn pass(self: &Arc<Self>, client: &UnixStream) {
        if self.is_away.load(Ordering::SeqCst) {
            return;
        }
        let database = self.database.lock().unwrap().clone();
        // It may be away itself.
        let Ok(database) = UnixStream::connect(database) else {
            return;
        };
        let mut streams = self.streams.lock().unwrap();
        for (direction, from, to) in [(0, client, &database), (1, &database, client)] {
            let state = self.clone();
            let [from, mut to] = [from, to].map(|stream| stream.try_clone().unwrap());
            streams.push(from.try_clone().unwrap());
            thread::spawn(move || {
                let mut from = from;
                let mut buffer = [0; 4096];
                while let Ok(read @ 1..) = from.read(&mut buffer) {
                    let size = i64::try_from(read).unwrap();
                    let left = state.left[direction].fetch_sub(size, Ordering::SeqCst);
                    let passes = usize::try_from(left.clamp(0, size)).unwrap();
                    let passed = to.write_all(&buffer[..passes]);
                    if left < size {
                        // What is there takes a moment to arrive and to be done.
                        thread::sleep(Duration::from_millis(5));
                        state.mend_and_cut(direction);
                    }
                    if passed.is_err() {
                        break;
                    }
                }
                let _ = to.shutdown(Shutdown::Both);
            });
        }
    }

    fn mend_and_cut(&self, direction: usize) {
        self.left[direction].store(i64::MAX, Ordering::SeqCst);
        self.cut();
    }

    fn cut(&self) {
        for stream in self.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
