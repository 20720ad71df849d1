//! The printer at the other end of a connection: how it is handed something, and how it is known
//! that it took it.
//!
//! Each hand-over is a connection of its own, so that others can use the printer in between. First
//! it is asked how it is, since one without paper takes a ticket all the same and prints it whenever
//! paper comes; many do not answer, and then it is not asked again. Afterwards our side of the
//! connection is ended: a printer that has taken everything ends its own, as print servers expect.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use super::escpos::{ASK, Condition};

/// How long a connection may take. The printer is in the same building.
const CONNECT: Duration = Duration::from_secs(2);

/// How long an answer to «how are you» may take.
const ANSWER: Duration = Duration::from_secs(1);

/// For how long a printer may take nothing, or not end a connection that is at its end.
const PATIENCE: Duration = Duration::from_secs(5);

/// How soon a printer that has been switched off is missed by a connection that waits for it.
const ALIVE: Duration = Duration::from_secs(5);

/// How often it is looked at whether the program ends meanwhile.
const STEP: Duration = Duration::from_millis(200);

/// Why something was not printed, or may not have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No connection.
    Away,
    NoPaper,
    CoverOpen,
    /// It says that it cannot go on.
    Broken,
    /// It takes nothing, or has ended the connection before everything was sent.
    Stuck,
    /// It was sent everything, and did not end its connection, or cut it: it may print it or not.
    Silent,
    /// More tickets came than it could print.
    Behind,
}

impl Trouble {
    /// A stable name, for screens that have words of their own.
    pub fn code(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::NoPaper => "no-paper",
            Self::CoverOpen => "cover-open",
            Self::Broken => "broken",
            Self::Stuck => "stuck",
            Self::Silent => "silent",
            Self::Behind => "behind",
        }
    }

    /// What a person can do about it.
    pub fn detail(self) -> &'static str {
        match self {
            Self::Away => {
                "The ticket printer does not answer. Is it switched on and connected to the network?"
            }
            Self::NoPaper => "The ticket printer has no paper.",
            Self::CoverOpen => "The ticket printer's cover is open.",
            Self::Broken => {
                "The ticket printer reports an error, such as paper that is stuck. Look at it, \
                 and switch it off and on."
            }
            Self::Stuck => {
                "The ticket printer takes nothing. Is there paper, is the cover shut, is nothing \
                 stuck?"
            }
            Self::Silent => {
                "The ticket printer does not say whether it prints. Look whether the last ticket came \
                 out."
            }
            Self::Behind => {
                "More tickets came than the ticket printer could print, and some were left out. \
                 Print them again from the desk where somebody needs one."
            }
        }
    }
}

/// What became of something that was handed over.
pub enum Handed {
    /// The printer took it whole: it has ended the connection, or had just said that it is well.
    Whole,
    /// All of it was sent, and what the printer does with it is not known yet.
    Unsure(Rest),
}

/// A connection that everything was sent over, and that the printer has not ended in time. As long
/// as it is open, a printer that reads on may print what it was sent.
pub struct Rest(Option<TcpStream>);

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Open,
    /// The printer has read all of it, and ended it.
    Read,
    /// It is cut, as when the printer is switched off and on.
    Cut,
}

impl Rest {
    fn of(connection: TcpStream) -> Self {
        let waits = connection.set_nonblocking(true).is_ok();
        Self(waits.then_some(connection))
    }

    /// What has become of it by now.
    pub fn fate(&mut self) -> Fate {
        let mut ignored = [0; 64];
        while let Some(connection) = &mut self.0 {
            match connection.read(&mut ignored) {
                Ok(0) => return Fate::Read,
                Ok(_) => {}
                Err(error) if is_pause(&error) => return Fate::Open,
                // The next one would read as an orderly end.
                Err(_) => self.0 = None,
            }
        }
        Fate::Cut
    }
}

/// A network printer.
pub struct Device {
    /// `HOST:PORT`.
    target: String,
    /// Whether it answers when it is asked how it is; `None` before it was asked.
    answers: Option<bool>,
    /// Whether it has ever taken something whole.
    proven: bool,
}

impl Device {
    pub fn new(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            answers: None,
            proven: false,
        }
    }

    /// Whether it has ever taken something whole. From then on it does so whenever it is well; before
    /// that it may be of the few that neither answer nor end a connection.
    pub fn is_proven(&self) -> bool {
        self.proven
    }

    /// Hands it something to print; nothing at all finds out how it is. `hurry` says that the
    /// program ends, and then it waits for nothing more.
    pub fn hand_over(&mut self, bytes: &[u8], hurry: &dyn Fn() -> bool) -> Result<Handed, Trouble> {
        let handed = self.try_hand_over(bytes, hurry);
        if let Ok(Handed::Whole) = handed {
            self.proven = true;
        } else {
            // What is in trouble may be silent because of it.
            self.answers = self.answers.filter(|answers| *answers);
        }
        handed
    }

    fn try_hand_over(&mut self, bytes: &[u8], hurry: &dyn Fn() -> bool) -> Result<Handed, Trouble> {
        let mut connection = self.connect().map_err(|error| {
            log::debug!("{} cannot be connected to: {error}", self.target);
            Trouble::Away
        })?;
        let stuck = |error: io::Error| {
            log::debug!("The printer's connection failed: {error}");
            Trouble::Stuck
        };
        connection.set_nodelay(true).map_err(stuck)?;
        connection.set_write_timeout(Some(STEP)).map_err(stuck)?;
        connection.set_read_timeout(Some(STEP)).map_err(stuck)?;
        self.ask(&mut connection, hurry).map_err(stuck)??;
        write(&mut connection, bytes, hurry).map_err(stuck)?;
        connection.shutdown(Shutdown::Write).map_err(stuck)?;
        let deadline = Instant::now() + PATIENCE;
        let mut ignored = [0; 64];
        loop {
            match read(&mut connection, &mut ignored, deadline, hurry) {
                Ok(Some(0)) => return Ok(Handed::Whole),
                Ok(Some(_)) => {}
                // One that has just said that it is well needs not say more.
                Ok(None) if self.answers == Some(true) => return Ok(Handed::Whole),
                Ok(None) => return Ok(Handed::Unsure(Rest::of(connection))),
                Err(error) => {
                    log::debug!("The printer has cut its connection: {error}");
                    return Ok(Handed::Unsure(Rest(None)));
                }
            }
        }
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let mut failed = io::Error::from(io::ErrorKind::NotFound);
        for address in self.target.to_socket_addrs()?.take(2) {
            match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(connection) => {
                    sockopt::set_socket_keepalive(&connection, true)?;
                    sockopt::set_tcp_keepidle(&connection, ALIVE)?;
                    sockopt::set_tcp_keepintvl(&connection, ALIVE)?;
                    return Ok(connection);
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Asks how it is. The inner `Err` is what it says.
    fn ask(
        &mut self,
        connection: &mut TcpStream,
        hurry: &dyn Fn() -> bool,
    ) -> io::Result<Result<(), Trouble>> {
        if self.answers == Some(false) {
            return Ok(Ok(()));
        }
        write(connection, &ASK, hurry)?;
        let deadline = Instant::now() + ANSWER;
        let mut answer = [0; 2];
        let mut length = 0;
        while length < answer.len() {
            match read(connection, &mut answer[length..], deadline, hurry)? {
                Some(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(read) => length += read,
                None => break,
            }
        }
        let [offline, paper] = answer;
        let condition = Condition::read(offline, paper).filter(|_| length == answer.len());
        let Some(condition) = condition else {
            // One that has answered before is known to be able to.
            self.answers = self.answers.or(Some(false));
            return Ok(match self.answers {
                Some(true) => Err(Trouble::Stuck),
                _ => Ok(()),
            });
        };
        self.answers = Some(true);
        Ok(match condition {
            Condition { no_paper: true, .. } => Err(Trouble::NoPaper),
            Condition {
                cover_open: true, ..
            } => Err(Trouble::CoverOpen),
            Condition { broken: true, .. } => Err(Trouble::Broken),
            _ => Ok(()),
        })
    }
}

/// Writes all of it, as long as the peer takes something now and then.
fn write(connection: &mut TcpStream, bytes: &[u8], hurry: &dyn Fn() -> bool) -> io::Result<()> {
    let mut left = bytes;
    let mut deadline = Instant::now() + PATIENCE;
    while !left.is_empty() {
        match connection.write(left) {
            Ok(written) => {
                left = &left[written..];
                deadline = Instant::now() + PATIENCE;
            }
            Err(error) if is_pause(&error) => {
                if hurry() || Instant::now() > deadline {
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads what is there; `None` where nothing has come in time.
fn read(
    connection: &mut TcpStream,
    buffer: &mut [u8],
    deadline: Instant,
    hurry: &dyn Fn() -> bool,
) -> io::Result<Option<usize>> {
    loop {
        match connection.read(buffer) {
            Ok(read) => return Ok(Some(read)),
            Err(error) if is_pause(&error) => {
                if hurry() || Instant::now() > deadline {
                    return Ok(None);
                }
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_pause(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    [Interrupted, TimedOut, WouldBlock].contains(&error.kind())
}
