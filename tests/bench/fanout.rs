//! How long a desk's call takes to reach the screens: the median one and the last.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Failure;
use crate::control::Control;
use crate::crowd::Crowd;
use crate::flood;
use crate::http::{Connection, request};
use crate::machine::{cpu_of_process, cpu_of_this_thread};
use crate::message::Dialect;
use crate::options::Options;
use crate::report::{Aim, Better, Report, Row, median, thousands};
use crate::server::{Bench, Stack};

/// Calls before those that count, so that nobody is measured cold.
pub const WARM_UP_CALLS: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    Turnero,
    CourseOnTurnero,
    Course,
    Barest,
}

impl Subject {
    fn name(self) -> &'static str {
        match self {
            Subject::Turnero => "turnero",
            Subject::CourseOnTurnero => "turnero, course's messages",
            Subject::Course => "course",
            Subject::Barest => "barest server",
        }
    }

    fn stack(self) -> Option<Stack> {
        match self {
            Subject::Turnero | Subject::CourseOnTurnero => Some(Stack::Turnero),
            Subject::Course => Some(Stack::Course),
            Subject::Barest => None,
        }
    }

    fn dialect(self) -> Dialect {
        match self {
            Subject::Turnero => Dialect::TurneroV1,
            Subject::CourseOnTurnero => Dialect::CourseOnTurnero,
            Subject::Course | Subject::Barest => Dialect::Course,
        }
    }
}

pub fn call_request(dialect: Dialect) -> Vec<u8> {
    match dialect {
        Dialect::TurneroV1 => request("POST", "/api/desks/1/next"),
        Dialect::CourseOnTurnero | Dialect::Course => request("GET", "/api/ticket/draw/1"),
    }
}

/// Times of one server's calls to a crowd of one size, from all rounds.
#[derive(Default)]
pub struct Figures {
    pub median_ms: Vec<f64>,
    pub last_ms: Vec<f64>,
    /// CPU time for one call and screen: the server's own, and the client's.
    pub server_us: Vec<f64>,
    pub client_us: Vec<f64>,
}

pub fn measure(bench: &Bench, options: &Options, report: &mut Report) -> Result<(), Failure> {
    let control = Control::start()?;
    let mut subjects = vec![Subject::Turnero, Subject::CourseOnTurnero];
    if bench.stacks().contains(&Stack::Course) {
        subjects.push(Subject::Course);
    }
    subjects.push(Subject::Barest);
    for &size in options.crowds() {
        let mut figures: Vec<Figures> = subjects.iter().map(|_| Figures::default()).collect();
        for round in 1..=options.rounds() {
            for (subject, figures) in subjects.iter().zip(&mut figures) {
                let calls = options.calls();
                let mut latest = one_round(bench, &control, *subject, size, calls)?;
                eprintln!(
                    "{size} screens, round {round}, {}: median screen {:.2} ms, last {:.2} ms",
                    subject.name(),
                    median(&mut latest.median_ms),
                    median(&mut latest.last_ms),
                );
                figures.median_ms.append(&mut latest.median_ms);
                figures.last_ms.append(&mut latest.last_ms);
                figures.server_us.append(&mut latest.server_us);
                figures.client_us.append(&mut latest.client_us);
            }
        }
        report_size(report, size, &subjects, &mut figures);
    }
    Ok(())
}

fn one_round(
    bench: &Bench,
    control: &Control,
    subject: Subject,
    size: usize,
    calls: usize,
) -> Result<Figures, Failure> {
    let Some(stack) = subject.stack() else {
        let dialect = subject.dialect();
        let figures = Crowd::gather(control.address, size, dialect)
            .and_then(|crowd| make_calls(crowd, control.address, None, dialect, calls));
        control.forget_screens();
        return figures;
    };
    let server = bench.start(stack)?;
    let tickets = (WARM_UP_CALLS + calls) as u64;
    flood::create(server.address, stack.tickets_path(), tickets)?;
    let pid = Some(server.pid());
    let crowd = Crowd::gather(server.address, size, subject.dialect())?;
    let figures = make_calls(crowd, server.address, pid, subject.dialect(), calls)?;
    server.stop()?;
    Ok(figures)
}

/// So many calls to that crowd.
pub fn make_calls(
    mut crowd: Crowd,
    address: SocketAddr,
    pid: Option<u32>,
    dialect: Dialect,
    calls: usize,
) -> Result<Figures, Failure> {
    let size = crowd.size();
    let server_cpu = || pid.map_or(Ok(Duration::ZERO), cpu_of_process);
    let mut figures = Figures::default();
    for _ in 0..WARM_UP_CALLS {
        call(&mut crowd, address, dialect)?;
    }
    let before = server_cpu()?;
    for _ in 0..calls {
        let called = call(&mut crowd, address, dialect)?;
        let last = called.seconds.last().ok_or("a crowd of nobody")?;
        figures.last_ms.push(last * 1e3);
        figures.median_ms.push(called.seconds[size / 2] * 1e3);
        figures
            .client_us
            .push(called.client_cpu.as_secs_f64() * 1e6 / size as f64);
    }
    if pid.is_some() {
        let used = server_cpu()?.saturating_sub(before).as_secs_f64();
        figures.server_us.push(used * 1e6 / (calls * size) as f64);
    }
    Ok(figures)
}

struct Called {
    /// From just before the desk's request is written to each screen, the soonest first.
    seconds: Vec<f64>,
    client_cpu: Duration,
}

/// One desk calls the next ticket, and every screen must hear of that ticket.
fn call(crowd: &mut Crowd, address: SocketAddr, dialect: Dialect) -> Result<Called, Failure> {
    let mut desk = Connection::open(address)?;
    let request = call_request(dialect);
    let cpu_before = cpu_of_this_thread()?;
    let sent = Instant::now();
    desk.send(&request)?;
    let (seconds, heard) = crowd.hear_call(sent)?;
    let client_cpu = cpu_of_this_thread()?.saturating_sub(cpu_before);
    let (status, body) = desk.receive()?;
    let answer: Value = serde_json::from_slice(body)?;
    let ticket = match dialect {
        Dialect::TurneroV1 => &answer,
        Dialect::CourseOnTurnero | Dialect::Course => &answer["ticket"],
    };
    if status != 200 || ticket["number"].as_u64() != Some(heard) {
        return Err(
            format!("the screens call ticket {heard}, the desk got {status} {answer}").into(),
        );
    }
    crowd.listen_until_quiet()?;
    Ok(Called {
        seconds,
        client_cpu,
    })
}

/// So many calls to a crowd of this size, for who only wants to see what they leave behind.
pub fn call_often(
    crowd: &mut Crowd,
    address: SocketAddr,
    dialect: Dialect,
    calls: usize,
) -> Result<(), Failure> {
    for _ in 0..calls {
        call(crowd, address, dialect)?;
    }
    Ok(())
}

fn report_size(report: &mut Report, size: usize, subjects: &[Subject], figures: &mut [Figures]) {
    let screens = thousands(size as f64);
    let mut row = |what: &str, decimals, better, aim, of: fn(&mut Figures) -> &mut Vec<f64>| {
        let mut row = Row::new(&format!("{screens} screens: {what}"), better).decimals(decimals);
        for (subject, figures) in subjects.iter().zip(figures.iter_mut()) {
            let values = of(figures);
            if values.is_empty() {
                continue;
            }
            row = match subject {
                Subject::Turnero => row.ours(median(values)),
                Subject::CourseOnTurnero => row.ours_with_course_messages(median(values)),
                Subject::Course => row.theirs(values),
                Subject::Barest => row.barest(median(values)),
            };
        }
        report.add(match aim {
            Some(aim) => row.aim(aim),
            None => row,
        });
    };
    row(
        "call to the median screen, ms",
        2,
        Better::Less,
        None,
        |f| &mut f.median_ms,
    );
    row(
        "call to the last screen, ms",
        2,
        Better::Less,
        Some(Aim::NoMoreThanTheirs),
        |f| &mut f.last_ms,
    );
    // A small crowd uses too little CPU time for the kernel's clock of 10 ms.
    if size >= 1_000 {
        row("server's CPU a screen, µs", 1, Better::Less, None, |f| {
            &mut f.server_us
        });
        row(
            "client's CPU a screen, µs",
            1,
            Better::Neither,
            None,
            |f| &mut f.client_us,
        );
    }
}
