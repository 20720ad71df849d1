//! Many screens in one thread: the WebSockets of a crowd on one epoll instance, each message stamped
//! with the time at which it was read. This is the cheapest client we know, and the same for every
//! server; `control` tells what it costs by itself.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;

use crate::Failure;
use crate::frames::{self, Frame};
use crate::http::find_head_end;
use crate::message::{Dialect, Meaning, Understood};

/// Handshakes under way at once: below the shortest usual accept queue (128), so that no connection is
/// turned away and waits a second for TCP's next try.
const HANDSHAKES_AT_ONCE: usize = 64;
/// A call that has not reached everybody by then has failed.
const DEADLINE: Duration = Duration::from_secs(20);
/// After a call the crowd listens on until nothing comes for so long, so that the next call starts in quiet.
const QUIET: Duration = Duration::from_millis(30);
const EVENTS_AT_ONCE: usize = 512;
const READ_BUFFER: usize = 64 * 1024;

/// The key of the example in RFC 6455: any key will do, since the answer is not measured.
const WEBSOCKET_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

pub struct Crowd {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    screens: Vec<Screen>,
    understood: Understood,
    buffer: Vec<u8>,
}

struct Screen {
    stream: TcpStream,
    /// The beginning of a frame whose end has not come.
    unread: Vec<u8>,
    greetings: usize,
    /// The last numbered event that it heard of.
    seq: Option<u64>,
    /// The last ticket that it was told to call.
    called: u64,
    called_at: Option<Instant>,
}

impl Crowd {
    /// Connects `size` screens and waits until each has been told where things stand.
    pub fn gather(address: SocketAddr, size: usize, dialect: Dialect) -> Result<Self, Failure> {
        Self::gather_at(address, &vec!["/ws".to_owned(); size], dialect)
    }

    /// The same, each screen at an address of its own.
    pub fn gather_at(
        address: SocketAddr,
        paths: &[String],
        dialect: Dialect,
    ) -> Result<Self, Failure> {
        let size = paths.len();
        let mut crowd = Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(EVENTS_AT_ONCE),
            screens: Vec::with_capacity(size),
            understood: Understood::default(),
            buffer: vec![0; READ_BUFFER],
        };
        while crowd.screens.len() < size {
            let connected = crowd.screens.len();
            let group = HANDSHAKES_AT_ONCE.min(size - connected);
            crowd.connect(address, &paths[connected..connected + group], dialect)?;
        }
        let deadline = Instant::now() + DEADLINE;
        while crowd
            .screens
            .iter()
            .any(|screen| screen.greetings < dialect.greetings())
        {
            if Instant::now() > deadline {
                return Err("a screen was not told where things stand".into());
            }
            crowd.listen(QUIET)?;
        }
        crowd.listen_until_quiet()?;
        Ok(crowd)
    }

    fn connect(
        &mut self,
        address: SocketAddr,
        paths: &[String],
        dialect: Dialect,
    ) -> Result<(), Failure> {
        let mut streams = Vec::with_capacity(paths.len());
        for path in paths {
            let request = handshake_request(address, path, dialect);
            let mut stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(DEADLINE))?;
            stream.write_all(request.as_bytes())?;
            streams.push(stream);
        }
        for mut stream in streams {
            let early = finish_handshake(&mut stream, dialect)?;
            stream.set_nonblocking(true)?;
            let key = epoll::EventData::new_u64(self.screens.len() as u64);
            epoll::add(&self.epoll, &stream, key, epoll::EventFlags::IN)?;
            let mut screen = Screen {
                stream,
                unread: Vec::new(),
                greetings: 0,
                seq: None,
                called: 0,
                called_at: None,
            };
            screen.take(&early, Instant::now(), &mut self.understood)?;
            self.screens.push(screen);
        }
        Ok(())
    }

    /// How many screens there are.
    pub fn size(&self) -> usize {
        self.screens.len()
    }

    /// Listens until every screen has been told to call a ticket it did not know; gives the times from
    /// `sent` to each of them, the soonest first, and the ticket's number.
    pub fn hear_call(&mut self, sent: Instant) -> Result<(Vec<f64>, u64), Failure> {
        let deadline = sent + DEADLINE;
        let mut reached = 0;
        while reached < self.screens.len() {
            if Instant::now() > deadline {
                let size = self.screens.len();
                return Err(format!("a call reached {reached} of {size} screens").into());
            }
            reached += self.listen(QUIET)?;
        }
        let number = self.screens.first().map_or(0, |screen| screen.called);
        let mut seconds = Vec::with_capacity(self.screens.len());
        for screen in &mut self.screens {
            if screen.called != number {
                return Err(format!(
                    "one screen calls ticket {number}, another {}",
                    screen.called
                )
                .into());
            }
            let heard = screen.called_at.take().ok_or("a screen heard no call")?;
            seconds.push(heard.duration_since(sent).as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        Ok((seconds, number))
    }

    pub fn listen_until_quiet(&mut self) -> Result<(), Failure> {
        // A numbered screen hears a tick every few seconds, so a large crowd may never be quite quiet.
        let enough = Instant::now() + 10 * QUIET;
        while Instant::now() < enough {
            self.listen(QUIET)?;
            if self.events.is_empty() {
                break;
            }
        }
        if self.screens.iter().any(|screen| screen.called_at.is_some()) {
            return Err("a screen was told of a call that nobody made".into());
        }
        Ok(())
    }

    /// Takes what there is to read, waiting for it up to `patience`; gives how many screens were told to
    /// call a new ticket.
    fn listen(&mut self, patience: Duration) -> Result<usize, Failure> {
        let patience = Timespec::try_from(patience)?;
        self.events.clear();
        let room = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, room, Some(&patience)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut reached = 0;
        for event in &self.events {
            let key = usize::try_from(event.data.u64())?;
            let screen = self.screens.get_mut(key).ok_or("an unknown screen")?;
            let read = match screen.stream.read(&mut self.buffer) {
                Ok(0) => return Err("the server closed a screen's connection".into()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.into()),
            };
            let now = Instant::now();
            if screen.take(&self.buffer[..read], now, &mut self.understood)? {
                reached += 1;
            }
        }
        Ok(reached)
    }
}

impl Screen {
    /// Takes bytes off the wire; true when they told it to call a new ticket.
    fn take(
        &mut self,
        bytes: &[u8],
        now: Instant,
        understood: &mut Understood,
    ) -> Result<bool, Failure> {
        // Nearly always a read ends where a frame ends, and nothing needs to be copied.
        if self.unread.is_empty() {
            let (used, called) = self.take_frames(bytes, now, understood)?;
            self.unread.extend(&bytes[used..]);
            return Ok(called);
        }
        let mut all = std::mem::take(&mut self.unread);
        all.extend(bytes);
        let (used, called) = self.take_frames(&all, now, understood)?;
        all.drain(..used);
        self.unread = all;
        Ok(called)
    }

    fn take_frames(
        &mut self,
        bytes: &[u8],
        now: Instant,
        understood: &mut Understood,
    ) -> Result<(usize, bool), Failure> {
        let mut used = 0;
        let mut called = false;
        while let Some((frame, length)) = frames::first(&bytes[used..])? {
            used += length;
            match frame {
                Frame::Text(message) => {
                    let meaning = understood.meaning(message)?;
                    called |= self.obey(meaning, now)?;
                }
                Frame::Ping(payload) => self.stream.write_all(&frames::pong(payload))?,
                Frame::Close => return Err("the server sent a screen away".into()),
                Frame::Other => {}
            }
        }
        Ok((used, called))
    }

    fn obey(&mut self, meaning: Meaning, now: Instant) -> Result<bool, Failure> {
        self.greetings += 1;
        if meaning.state.is_some() {
            self.seq = meaning.state;
        }
        if let Some(event) = meaning.event {
            match self.seq {
                Some(seq) if event != seq + 1 => {
                    return Err(format!("event {event} came to a screen after {seq}").into());
                }
                _ => self.seq = Some(event),
            }
        }
        let Some(number) = meaning.called.filter(|number| *number > self.called) else {
            return Ok(false);
        };
        if self.called_at.is_some() {
            return Err(format!("ticket {number} was called before the last was heard").into());
        }
        self.called = number;
        self.called_at = Some(now);
        Ok(true)
    }
}

fn handshake_request(address: SocketAddr, path: &str, dialect: Dialect) -> String {
    let subprotocol = dialect.subprotocol().map_or(String::new(), |name| {
        format!("Sec-WebSocket-Protocol: {name}\r\n")
    });
    format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {WEBSOCKET_KEY}\r\n{subprotocol}\r\n"
    )
}

/// Reads the answer to a handshake; gives the bytes of frames that came along with it.
fn finish_handshake(stream: &mut TcpStream, dialect: Dialect) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let head_end = loop {
        match stream.read(&mut chunk)? {
            0 => return Err("a connection was closed during its handshake".into()),
            read => bytes.extend(&chunk[..read]),
        }
        if let Some(end) = find_head_end(&bytes) {
            break end;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).to_ascii_lowercase();
    if !head.starts_with("http/1.1 101") {
        return Err(format!("a handshake was refused: {head}").into());
    }
    if let Some(name) = dialect.subprotocol()
        && !head.contains(&format!("sec-websocket-protocol: {name}"))
    {
        return Err(format!("the server did not agree to {name}").into());
    }
    Ok(bytes.split_off(head_end))
}
