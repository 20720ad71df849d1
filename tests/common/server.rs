//! Starts, stops and kills the program.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::Value;

use super::http::{Client, Response};
use super::postgres::{database, office_of, sql};
use super::screen::Screen;
use super::{PATIENCE, wait_for};

const PROGRAM: &str = env!("CARGO_BIN_EXE_turnero");

/// A folder of one test, gone with it.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("turnero-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // One of an earlier process of the same number that could not clear up.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A name in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file in it.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// How a server is to be started.
#[derive(Clone, Debug)]
pub struct Launch {
    data: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(String, OsString)>,
    /// Shell commands that run before the program, in its process.
    before: Option<&'static str>,
    /// In the data file even if the tests were given a database.
    in_file: bool,
    /// Keeps the folder of the data file while a server may need it.
    _folder: Arc<Folder>,
}

impl Launch {
    /// A new office in a folder of its own.
    pub fn new() -> Self {
        let folder = Folder::new();
        Self {
            data: folder.join("office.db"),
            arguments: Vec::new(),
            environment: Vec::new(),
            before: None,
            in_file: false,
            _folder: Arc::new(folder),
        }
    }

    /// With these flags as well.
    pub fn with(mut self, arguments: &[impl AsRef<OsStr>]) -> Self {
        let arguments = arguments.iter().map(|a| a.as_ref().to_owned());
        self.arguments.extend(arguments);
        self
    }

    /// With a variable of the environment.
    pub fn with_variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let value = value.as_ref().to_owned();
        self.environment.push((name.to_owned(), value));
        self
    }

    /// With a shell's commands before, such as `ulimit`; the program takes the shell's place.
    pub fn after(mut self, commands: &'static str) -> Self {
        self.before = Some(commands);
        self
    }

    /// In a data file, for a test that looks into it, even if the tests were given a database.
    pub fn in_file(mut self) -> Self {
        self.in_file = true;
        self
    }

    /// The data file.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The flags that say where the office is stored: in the data file, or in an office of the database that the tests
    /// were given.
    pub fn storage(&self) -> Vec<OsString> {
        match self.database() {
            None => vec!["--data".into(), self.data.clone().into()],
            Some(address) => {
                let office = office_of(&self.data);
                ["--data", &address, "--office", &office]
                    .map(Into::into)
                    .into()
            }
        }
    }

    fn database(&self) -> Option<String> {
        database().filter(|_| !self.in_file)
    }

    /// Starts the program, and returns when it says where it listens.
    pub fn start(&self) -> Server {
        let mut command = match self.before {
            None => Command::new(PROGRAM),
            Some(before) => {
                let mut shell = Command::new("sh");
                shell.arg("-c").arg(format!("{before}\nexec \"$@\""));
                shell.arg("sh").arg(PROGRAM);
                shell
            }
        };
        let is_given = |flag: &str| self.arguments.iter().any(|argument| argument == flag);
        if !is_given("--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        if !is_given("--data") {
            command.args(self.storage());
        }
        command.args(&self.arguments);
        command.envs(self.environment.iter().map(|(n, v)| (n, v)));
        Server::spawn(command, self.clone())
    }
}

/// A running server. It is killed where a test ends without stopping it.
pub struct Server {
    child: Child,
    address: SocketAddr,
    log: Arc<Mutex<String>>,
    log_reader: Option<JoinHandle<()>>,
    launch: Launch,
}

impl Server {
    /// A new office with the usual settings.
    pub fn new() -> Self {
        Launch::new().start()
    }

    /// Runs a command that becomes a server; the flags that it needs must be there.
    pub fn spawn(mut command: Command, launch: Launch) -> Self {
        let child = command
            .env_remove("PORT")
            .envs(launch.environment.iter().map(|(n, v)| (n, v)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log: Arc::default(),
            log_reader: None,
            launch,
        };
        let lines = BufReader::new(server.child.stderr.take().unwrap()).lines();
        let log = server.log.clone();
        server.log_reader = Some(std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = log.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        }));
        let port = wait_for("the log says where the server listens", || {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended at once:\n{}", server.log());
            let log = server.log();
            let (_, rest) = log.split_once("http://")?;
            let (authority, _) = rest.split_once('\n')?;
            authority.trim().rsplit_once(':')?.1.parse().ok()
        });
        server.address.set_port(port);
        server
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of `https`.
    pub fn tls_address(&self) -> SocketAddr {
        let log = self.log();
        let (_, rest) = log.split_once("https://").expect("it speaks HTTPS");
        rest.lines().next().unwrap().trim().parse().unwrap()
    }

    /// How the server was started, to start it again.
    pub fn launch(&self) -> &Launch {
        &self.launch
    }

    /// The log so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// A connection to it.
    pub fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// The same, where the server may be gone.
    pub fn try_client(&self) -> std::io::Result<Client> {
        TcpStream::connect(self.address).map(Client::over)
    }

    /// One request on a connection of its own, without a body.
    pub fn send(&self, method: &str, path: &str) -> Response {
        self.client().send(method, path, &[], b"")
    }

    pub fn get(&self, path: &str) -> Response {
        self.send("GET", path)
    }

    /// The JSON at a path that answers 200.
    pub fn json(&self, path: &str) -> Value {
        self.get(path).expect(200).json()
    }

    /// A POST without a body.
    pub fn post(&self, path: &str) -> Response {
        self.send("POST", path)
    }

    /// A POST of JSON.
    pub fn post_json(&self, path: &str, body: &Value) -> Response {
        self.client().send_json("POST", path, body)
    }

    /// A PUT of JSON.
    pub fn put_json(&self, path: &str, body: &Value) -> Response {
        self.client().send_json("PUT", path, body)
    }

    /// Makes a ticket.
    pub fn ticket(&self) -> Value {
        self.post("/api/tickets").expect(201).json()
    }

    /// Makes a ticket that the printer of `--printer` puts on paper.
    pub fn paper_ticket(&self) -> Value {
        let printer = serde_json::json!({"printer": "main"});
        let answer = self.post_json("/api/tickets", &printer);
        answer.expect(201).json()
    }

    /// A screen that speaks `turnero.v1`.
    pub fn screen(&self, query: &str) -> Screen {
        Screen::v1(self.address, query)
    }

    /// A screen that speaks the course's two messages.
    pub fn course_screen(&self) -> Screen {
        Screen::course(self.address)
    }

    /// A signal to the server.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// How it ends; `None` where it goes on for longer than that.
    pub fn ends_within(&mut self, time: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + time;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            if Instant::now() > deadline {
                return None;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ends it as a service manager does, and gives back how to start it again.
    pub fn stop(mut self) -> Launch {
        self.signal(Signal::TERM);
        let status = self.ends_within(PATIENCE).expect("it ends when told to");
        assert_eq!(status.code(), Some(0), "{}", self.log());
        self.launch.clone()
    }

    /// Ends it as a power cut does, and gives back how to start it again.
    pub fn kill(mut self) -> Launch {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.launch.clone()
    }

    /// Stops it and starts it on the same file.
    pub fn restart(self) -> Self {
        self.stop().start()
    }

    /// Stops it, lets everything in its file have happened so many seconds earlier, and starts it.
    pub fn restart_after(self, seconds: i64) -> Self {
        let launch = self.stop();
        if launch.database().is_some() {
            let office = office_of(launch.data());
            sql(&format!(
                "UPDATE events SET at = at - {seconds} * 1000 WHERE office = '{office}'"
            ));
            return launch.start();
        }
        let file = rusqlite::Connection::open(launch.data()).expect("the file is there");
        // Without their checksums: those of the true times would say that the file is damaged.
        let earlier = "UPDATE events SET at = at - ?1 * 1000, checksum = NULL";
        file.execute(earlier, [seconds]).expect("it can be changed");
        drop(file);
        launch.start()
    }

    /// Resident memory, in kB; `field` is `VmRSS` for now, `VmHWM` for the most there ever was.
    pub fn memory_kb(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        let number = line.split_whitespace().nth(1).unwrap();
        number.parse().unwrap()
    }

    /// Open files.
    pub fn open_files(&self) -> usize {
        let path = format!("/proc/{}/fd", self.child.id());
        fs::read_dir(path).unwrap().count()
    }

    /// Sets a soft limit of the running process; `None` lifts it as far as it goes.
    pub fn limit(&self, resource: Resource, soft: Option<u64>) {
        let name = match resource {
            Resource::Nofile => "Max open files",
            Resource::Fsize => "Max file size",
            other => unreachable!("no test limits {other:?}"),
        };
        let path = format!("/proc/{}/limits", self.child.id());
        let limits = fs::read_to_string(path).unwrap();
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        let hard = line[name.len()..].split_whitespace().nth(1).unwrap();
        let maximum = hard.parse().ok();
        let current = soft.or(maximum);
        prlimit(Some(self.pid()), resource, Rlimit { current, maximum }).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.log_reader.take() {
            let _ = reader.join();
        }
        if std::thread::panicking() {
            eprintln!("--- the server's log\n{}---", self.log());
        }
    }
}

/// Runs the program with these flags until it ends by itself.
pub fn run_to_end(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut child = Command::new(PROGRAM)
        .current_dir(folder)
        .args(arguments)
        .env_remove("PORT")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            panic!("with {arguments:?} {variables:?} it goes on: {output:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.wait_with_output().unwrap()
}
