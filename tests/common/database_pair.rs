//! A pair of PostgreSQL servers of a test's own: a primary, and a standby that has each commit before it is answered.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rustix::process::{Pid, Signal, getuid, kill_process};

use super::{Folder, SOCKET, database, wait_for, wait_until};

/// What both servers have set. They take no fsync: the tests end processes, not machines.
const SETTINGS: &str = "
    listen_addresses = ''
    fsync = off
    max_connections = 100
    wal_keep_size = 64MB
    wal_retrieve_retry_interval = 200ms
";

/// The processes that serve a `turnero`.
const BACKENDS: &str = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'turnero%'";

/// Two servers, each in a folder of its own. They end with the test.
pub struct Pair {
    folder: Folder,
    programs: PathBuf,
    /// Settings of each, beside those that all have.
    settings: [String; 2],
    /// Which one takes changes: 0 or 1.
    primary: usize,
}

impl Pair {
    /// A primary and a standby that follows it. `None` skips the test, because PostgreSQL is not there.
    pub fn new() -> Option<Self> {
        Self::with(["", ""])
    }

    /// The same with these settings of the first and the second one.
    pub fn with(settings: [&str; 2]) -> Option<Self> {
        if database().is_none() {
            eprintln!("NOT TESTED: tests/with-postgres runs these tests beside a PostgreSQL");
            return None;
        }
        let installed = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
        let releases = installed.map(|entry| entry.unwrap().path().join("bin"));
        let pair = Self {
            folder: Folder::new(),
            programs: releases.max().expect("a release is installed"),
            settings: settings.map(str::to_owned),
            primary: 0,
        };
        if getuid().is_root() {
            // PostgreSQL refuses to run as root.
            let folder = pair.folder.path();
            succeed(Command::new("chown").arg("postgres").arg(folder));
        }
        let options = ["-A", "trust", "-U", "turnero", "-E", "UTF8", "--no-sync"];
        pair.run(0, "initdb", &options);
        pair.configure(0, "");
        pair.start(0);
        pair.follow();
        Some(pair)
    }

    /// The address of both, for `--data`.
    pub fn address(&self) -> String {
        let [one, two] = [0, 1].map(|index| self.sockets(index).display().to_string());
        format!("postgres:///postgres?host={one},{two}&user=turnero")
    }

    /// The address of one of them.
    pub fn address_of(&self, index: usize) -> String {
        let folder = self.sockets(index).display().to_string();
        format!("postgres:///postgres?host={folder}&user=turnero")
    }

    /// Which one takes changes.
    pub fn primary(&self) -> usize {
        self.primary
    }

    /// The socket of the primary.
    pub fn socket(&self) -> PathBuf {
        self.sockets(self.primary).join(SOCKET)
    }

    /// Ends the primary at once, as a power cut does.
    pub fn kill_primary(&self) {
        let postmaster = self.postmaster(self.primary);
        let all = children(postmaster);
        // The first one would start the others again.
        for pid in [postmaster].into_iter().chain(all) {
            let _ = kill_process(pid, Signal::KILL);
        }
        wait_until("the primary is gone", || !is_alive(postmaster));
    }

    /// Ends one process of the primary that serves a `turnero`, which makes the primary start all of them again.
    pub fn kill_backend(&self) {
        let query = format!("{BACKENDS} ORDER BY random() LIMIT 1");
        if let Ok(pid) = self.sql(&query).trim().parse() {
            let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
        }
    }

    /// Stops all processes of the primary that serve a `turnero`, as a disk that hangs does. Returns them, to let them go on.
    pub fn freeze_backends(&self) -> Vec<Pid> {
        let pids = self.sql(BACKENDS);
        let pids = pids
            .lines()
            .filter_map(|pid| Pid::from_raw(pid.parse().unwrap()));
        let pids: Vec<Pid> = pids.collect();
        for pid in &pids {
            kill_process(*pid, Signal::STOP).unwrap();
        }
        pids
    }

    /// Lets the standby take the place of the primary, which is gone.
    pub fn promote(&mut self) {
        self.primary = 1 - self.primary;
        self.run(self.primary, "pg_ctl", &["promote", "-w", "-s"]);
    }

    /// Starts the one that is not the primary again as it was. An old primary does not know that another one took its place.
    pub fn start_other(&self) {
        let other = 1 - self.primary;
        self.forget_processes(other);
        self.start(other);
    }

    /// Ends the one that is not the primary.
    pub fn stop_other(&self) {
        self.stop(1 - self.primary);
    }

    /// Makes the other one a new standby, which has each commit from then on.
    pub fn follow(&self) {
        let other = 1 - self.primary;
        self.stop(other);
        self.forget_processes(other);
        let _ = fs::remove_dir_all(self.data(other));
        let source = self.sockets(self.primary).display().to_string();
        let source = format!("host={source} user=turnero dbname=postgres application_name=standby");
        let options = [
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
            "-d",
            &source,
        ];
        self.run(other, "pg_basebackup", &options);
        self.configure(other, "");
        self.start(other);
        self.configure(self.primary, "standby");
        self.run(self.primary, "pg_ctl", &["reload", "-s"]);
        self.wait_until_whole();
    }

    /// Waits until the primary works and the standby has each commit before it is answered.
    pub fn wait_until_whole(&self) {
        let query = "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'";
        wait_until("the standby follows", || {
            self.try_sql(self.primary, query)
                .is_some_and(|state| state.trim() == "sync")
        });
    }

    /// Runs SQL on the primary. Returns the rows without their frame.
    pub fn sql(&self, statements: &str) -> String {
        wait_for(statements, || self.try_sql(self.primary, statements))
    }

    fn try_sql(&self, index: usize, statements: &str) -> Option<String> {
        let output = Command::new("psql")
            .args(["-v", "ON_ERROR_STOP=1", "-qAtX", "-c", statements])
            .arg(self.address_of(index))
            .env("PGOPTIONS", "-c search_path=turnero")
            .output()
            .unwrap();
        let is_done = output.status.success();
        is_done.then(|| String::from_utf8(output.stdout).unwrap())
    }

    fn configure(&self, index: usize, standbys: &str) {
        let sockets = self.sockets(index);
        let text = format!(
            "{SETTINGS}
             {}
             unix_socket_directories = '{}'
             synchronous_standby_names = '{standbys}'\n",
            self.settings[index],
            sockets.display()
        );
        self.folder.write(&format!("{index}.conf"), &text);
    }

    /// Removes what names the processes of a server that was killed, as a start of its machine does.
    fn forget_processes(&self, index: usize) {
        let _ = fs::remove_file(self.data(index).join("postmaster.pid"));
        let _ = fs::remove_dir_all(self.sockets(index));
    }

    fn start(&self, index: usize) {
        let sockets = self.sockets(index);
        fs::create_dir_all(&sockets).unwrap();
        if getuid().is_root() {
            succeed(Command::new("chown").arg("postgres").arg(&sockets));
        }
        let config = self.folder.join(&format!("{index}.conf"));
        let option = format!("-c config_file={}", config.display());
        let log = self.folder.join(&format!("{index}.log"));
        // With a log of its own: a server that kept the pipe of this command would keep the test waiting.
        let log = log.to_str().unwrap();
        self.run(
            index,
            "pg_ctl",
            &["start", "-w", "-s", "-o", &option, "-l", log],
        );
    }

    fn stop(&self, index: usize) {
        if self.data(index).join("postmaster.pid").exists() {
            let _ = self.try_run(index, "pg_ctl", &["stop", "-m", "immediate", "-s"]);
        }
    }

    fn data(&self, index: usize) -> PathBuf {
        self.folder.join(&format!("data{index}"))
    }

    fn sockets(&self, index: usize) -> PathBuf {
        self.folder.join(&format!("{index}"))
    }

    fn postmaster(&self, index: usize) -> Pid {
        let file = self.data(index).join("postmaster.pid");
        let text = fs::read_to_string(file).expect("it runs");
        let pid = text.lines().next().unwrap().trim().parse().unwrap();
        Pid::from_raw(pid).unwrap()
    }

    fn run(&self, index: usize, program: &str, options: &[&str]) {
        let output = self.try_run(index, program, options);
        let log = self.folder.join(&format!("{index}.log"));
        let log = fs::read_to_string(log).unwrap_or_default();
        assert!(
            output.status.success(),
            "{program} {options:?}: {output:?}\n{log}"
        );
    }

    fn try_run(&self, index: usize, program: &str, options: &[&str]) -> Output {
        let program = self.programs.join(program);
        let mut command = if getuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.arg("-D").arg(self.data(index)).args(options);
        command.current_dir(self.folder.path()).output().unwrap()
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for index in [0, 1] {
            self.stop(index);
        }
    }
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// The processes that a process has started.
fn children(parent: Pid) -> Vec<Pid> {
    let all = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let is_child = |stat: &Path| {
        let stat = fs::read_to_string(stat).ok()?;
        // The name before them is in parentheses, and may have spaces.
        let (_, rest) = stat.rsplit_once(") ")?;
        let found: i32 = rest.split(' ').nth(1)?.parse().ok()?;
        (found == parent.as_raw_nonzero().get()).then_some(())
    };
    all.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        is_child(&entry.path().join("stat"))?;
        Pid::from_raw(pid)
    })
    .collect()
}

/// Whether a process runs, and does not only wait for its parent.
fn is_alive(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}
