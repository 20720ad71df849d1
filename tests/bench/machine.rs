//! Measures the machine itself: open files, a process's memory and CPU time, the disk. Linux
//! only, since it reads `/proc`.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::Failure;
use crate::report::median;

/// `/proc/PID/stat` counts CPU time in units that Linux fixes at a hundredth of a second for programs.
const CPU_TICK: Duration = Duration::from_millis(10);

/// Thousands of screens need more open files than a shell usually allows; servers started after this
/// inherit it.
pub fn raise_open_file_limit() -> Result<(), Failure> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    Ok(())
}

/// The resident memory of a process in kB.
pub fn resident_kb(pid: u32) -> Result<f64, Failure> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    Ok(number.ok_or("no VmRSS in /proc/PID/status")?.parse()?)
}

/// The CPU time that all threads of a process have used.
pub fn cpu_of_process(pid: u32) -> Result<Duration, Failure> {
    Ok(CPU_TICK * cpu_ticks(&pid.to_string(), 2)?)
}

/// The sum of the first `fields` of a process's user and system time, and those of its ended children.
fn cpu_ticks(process: &str, fields: usize) -> Result<u32, Failure> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is the program's name in brackets and may hold anything, so count from its end.
    let (_, rest) = stat.rsplit_once(')').ok_or("unreadable /proc/PID/stat")?;
    let ticks = rest.split_whitespace().skip(11).take(fields);
    let ticks: Vec<u32> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum())
}

/// The CPU time that the calling thread has used.
pub fn cpu_of_this_thread() -> Result<Duration, Failure> {
    let schedstat = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = schedstat.split_whitespace().next();
    Ok(Duration::from_nanos(
        nanoseconds.ok_or("empty schedstat")?.parse()?,
    ))
}

/// The load of the CPUs since `Load::begin`: a benchmark that shared them must say so.
pub struct Load {
    all: f64,
    idle: f64,
    stolen: f64,
    ours: f64,
}

impl Load {
    pub fn begin() -> Result<Self, Failure> {
        let stat = fs::read_to_string("/proc/stat")?;
        let first = stat.lines().next().ok_or("empty /proc/stat")?;
        // The first word is «cpu»; the two last fields are counted in others already.
        let times: Vec<f64> = first
            .split_whitespace()
            .skip(1)
            .take(8)
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        let [_, _, _, idle, waiting, _, _, stolen] = times[..] else {
            return Err("short /proc/stat".into());
        };
        Ok(Self {
            all: times.iter().sum(),
            idle: idle + waiting,
            stolen,
            ours: cpu_ticks("self", 4)?.into(),
        })
    }

    /// To be asked when every server has ended, since a running one's time is nobody's yet.
    pub fn describe(&self) -> Result<String, Failure> {
        let now = Self::begin()?;
        let all = now.all - self.all;
        let stolen = now.stolen - self.stolen;
        let ours = now.ours - self.ours;
        // Not below nothing: the kernel's two ways of counting differ by a little.
        let others = (all - (now.idle - self.idle) - stolen - ours).max(0.0);
        Ok(format!(
            "Meanwhile this benchmark and its servers used {:.0} % of the CPUs, interrupts and other \
             programs {:.0} %, other machines on the same host {:.0} %.",
            100.0 * ours / all,
            100.0 * others / all,
            100.0 * stolen / all
        ))
    }
}

/// One line on what the figures below were measured on.
pub fn describe(scratch: &Path) -> Result<String, Failure> {
    let cpus = std::thread::available_parallelism()?;
    let file_system = file_system_of(scratch)?;
    let sync = median(&mut sync_times(scratch)?);
    let mut line = format!(
        "{cpus} CPUs; data file on {file_system}, where a 4 KiB write and fdatasync takes {:.0} µs (median)",
        sync * 1e6
    );
    if file_system == "tmpfs" {
        line.push_str("\nThis is memory, not a disk: set TMPDIR to a directory on a disk.");
    }
    Ok(line)
}

/// «Durable» costs what the disk's flush costs, so the figure is printed beside the others.
fn sync_times(scratch: &Path) -> Result<Vec<f64>, Failure> {
    let path = scratch.join("sync");
    let mut file = File::create(&path)?;
    let mut seconds = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    fs::remove_file(path)?;
    Ok(seconds)
}

fn file_system_of(path: &Path) -> Result<String, Failure> {
    let path = path.canonicalize()?;
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let found = mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            Some((fields.next()?, fields.next()?))
        })
        .filter(|(mounted_at, _)| path.starts_with(mounted_at))
        .max_by_key(|(mounted_at, _)| mounted_at.len());
    Ok(found
        .map_or("an unknown file system", |(_, kind)| kind)
        .to_owned())
}
