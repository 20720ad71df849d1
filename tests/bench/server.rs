//! The servers under measurement: started as processes of their own on a free port of the loopback
//! interface, and ended by their id however the benchmark ends.

use std::collections::VecDeque;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Failure, course};

/// A server that has not named its address by then is taken for broken.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// The contract gives a clean end five seconds; twice that is a failure.
const STOP_DEADLINE: Duration = Duration::from_secs(10);
/// Enough of a server's log to say why it ended.
const KEPT_LOG_LINES: usize = 10;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stack {
    Turnero,
    Course,
}

impl Stack {
    pub fn name(self) -> &'static str {
        match self {
            Stack::Turnero => "turnero",
            Stack::Course => "course",
        }
    }

    /// The path that creates a ticket.
    pub fn tickets_path(self) -> &'static str {
        match self {
            Stack::Turnero => "/api/tickets",
            Stack::Course => "/api/ticket",
        }
    }
}

/// The programs and folders of a run.
pub struct Bench {
    scratch: Scratch,
    binary: PathBuf,
    course: Result<PathBuf, String>,
}

impl Bench {
    pub fn prepare() -> Result<Self, Failure> {
        let base = base_dir();
        let binary = env::var_os("TURNERO_BIN")
            .map(PathBuf::from)
            .or_else(|| option_env!("CARGO_BIN_EXE_turnero").map(PathBuf::from))
            .ok_or("no binary: run through «cargo bench», or name it in TURNERO_BIN")?;
        Ok(Self {
            scratch: Scratch::make(&base)?,
            binary,
            course: course::install(&base),
        })
    }

    /// The folder that stays.
    pub fn base(&self) -> PathBuf {
        base_dir()
    }

    /// The folder for data files.
    pub fn scratch(&self) -> &Path {
        &self.scratch.0
    }

    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Why there is no course's stack to compare with, if so.
    pub fn course_missing(&self) -> Option<String> {
        self.course.as_ref().err().cloned()
    }

    /// The servers there are to measure, in the order of a round.
    pub fn stacks(&self) -> Vec<Stack> {
        let mut stacks = vec![Stack::Turnero];
        if self.course.is_ok() {
            stacks.push(Stack::Course);
        }
        stacks
    }

    /// Starts a server with nothing in it.
    pub fn start(&self, stack: Stack) -> Result<Server, Failure> {
        self.forget_data()?;
        self.start_again(stack)
    }

    /// Starts a server with nothing in it, and with the flags that `flags` makes for the folder of its data.
    pub fn start_with(
        &self,
        flags: impl FnOnce(&Path) -> Result<Vec<OsString>, Failure>,
    ) -> Result<Server, Failure> {
        self.forget_data()?;
        let mut command = self.command();
        command.args(flags(self.scratch())?);
        Server::start(&mut command, Stack::Turnero)
    }

    /// Starts a server on the data that the last one left, with a folder for backups.
    pub fn start_with_backups(&self, folder: &Path) -> Result<Server, Failure> {
        let mut command = self.command();
        command.arg("--backup-dir").arg(folder);
        Server::start(&mut command, Stack::Turnero)
    }

    /// Starts a server on the data that the last one left.
    pub fn start_again(&self, stack: Stack) -> Result<Server, Failure> {
        let mut command = match (stack, &self.course) {
            (Stack::Turnero, _) => self.command(),
            (Stack::Course, Ok(script)) => {
                let mut command = Command::new("node");
                command.arg(script).env("NODE_ENV", "production");
                command
            }
            (Stack::Course, Err(reason)) => return Err(reason.clone().into()),
        };
        Server::start(&mut command, stack)
    }

    /// Starts a server on an office of a database.
    pub fn start_on_office(&self, database: &str, office: &str) -> Result<Server, Failure> {
        let mut command = self.command_on(database.as_ref());
        command.args(["--office", office]);
        Server::start(&mut command, Stack::Turnero)
    }

    fn command(&self) -> Command {
        self.command_on(self.data_file().as_os_str())
    }

    fn command_on(&self, data: &OsStr) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(["--listen", "127.0.0.1:0", "--open", "--data"]);
        command.arg(data);
        // A shell's own settings must not change the measurement; the address is in the log
        // at level `info`.
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("TURNERO_") {
                command.env_remove(name);
            }
        }
        command.env_remove("PORT").env("RUST_LOG", "info");
        command
    }

    pub fn data_file(&self) -> PathBuf {
        self.scratch.0.join("bench.db")
    }

    fn forget_data(&self) -> Result<(), Failure> {
        for entry in fs::read_dir(&self.scratch.0)? {
            let path = entry?.path();
            if path.is_dir() {
                fs::remove_dir_all(path)?;
            } else {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// A disk's directory: the one that the person names, else cargo's, never `/tmp` by itself, which is
/// memory on many systems and would make «durable» free.
fn base_dir() -> PathBuf {
    env::var_os("TMPDIR")
        .map(PathBuf::from)
        .or_else(|| option_env!("CARGO_TARGET_TMPDIR").map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from("target"))
        .join("turnero-bench")
}

/// A directory that goes away with the run.
struct Scratch(PathBuf);

impl Scratch {
    fn make(base: &Path) -> Result<Self, Failure> {
        let dir = base.join(format!("run-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing useful can be done about a directory that does not want to go.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running server. Dropping it kills the process and waits for its end.
pub struct Server {
    child: Child,
    stack: Stack,
    pub address: SocketAddr,
    /// Just before the process was made.
    pub begun: Instant,
}

impl Server {
    fn start(command: &mut Command, stack: Stack) -> Result<Self, Failure> {
        let begun = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let stderr = child.stderr.take();
        let mut server = Self {
            child,
            stack,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            begun,
        };
        let stderr = stderr.ok_or("a server without a log")?;
        server.address = address_in(&follow_log(stderr))
            .map_err(|reason| format!("{} named no address: {reason}", stack.name()))?;
        Ok(server)
    }

    pub fn stack(&self) -> Stack {
        self.stack
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end and waits until it has. Our own server must end with success.
    pub fn stop(mut self) -> Result<(), Failure> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM)?;
        let deadline = Instant::now() + STOP_DEADLINE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return match self.stack {
                    Stack::Turnero if !status.success() => {
                        Err(format!("turnero ended with {status} after SIGTERM").into())
                    }
                    _ => Ok(()),
                };
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err(format!("{} did not end after SIGTERM", self.stack.name()).into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

enum LogNote {
    Address(SocketAddr),
    Ended(String),
}

/// Reads a server's log to its end, so that the server never waits for a full pipe.
fn follow_log(stderr: ChildStderr) -> Receiver<LogNote> {
    let (notes, receiver) = channel();
    thread::spawn(move || read_log(BufReader::new(stderr), &notes));
    receiver
}

fn read_log(log: impl BufRead, notes: &Sender<LogNote>) {
    let mut last = VecDeque::new();
    let mut told = false;
    for line in log.lines() {
        let Ok(line) = line else { break };
        if !told && let Some(address) = address_on(&line) {
            // Nobody listens any more when the start was given up.
            told = notes.send(LogNote::Address(address)).is_ok();
        }
        if last.len() == KEPT_LOG_LINES {
            last.pop_front();
        }
        last.push_back(line);
    }
    let _ = notes.send(LogNote::Ended(Vec::from(last).join("\n")));
}

fn address_on(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://127.0.0.1:")?;
    let end = rest.find(|c: char| !c.is_ascii_digit());
    let port = rest[..end.unwrap_or(rest.len())].parse().ok()?;
    Some(SocketAddr::from(([127, 0, 0, 1], port)))
}

fn address_in(notes: &Receiver<LogNote>) -> Result<SocketAddr, String> {
    match notes.recv_timeout(START_DEADLINE) {
        Ok(LogNote::Address(address)) => Ok(address),
        Ok(LogNote::Ended(log)) => Err(format!("it ended, and its log is «{log}»")),
        Err(_) => Err(format!("nothing in {} s", START_DEADLINE.as_secs())),
    }
}
