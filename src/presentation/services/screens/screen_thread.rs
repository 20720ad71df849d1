//! A screen's thread: it greets, tells, reads and closes, for as long as the screen is connected.
//! What `publish` and the others need of a screen is in `screen`.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use serde::Serialize;
use tungstenite::error::{CapacityError, ProtocolError};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Bytes, Error, WebSocket};

use super::follower::Follower;
use super::recent::Since;
use super::screen::{Handshake, Screen, write_all};
use super::update::{self, Dialect, Run, course_count_frame, course_working_frame, text_frame};
use super::wss::WssService;
use crate::presentation::http::wire::Wire;
use crate::presentation::json::{Message, StateView};
use crate::presentation::services::ticket_service::TicketService;

/// Messages of a screen that are read before it is told what happened meanwhile.
const MESSAGES_AT_ONCE: usize = 64;

/// How often a screen hears the time. The contract says every 5 s at least; a second is left for
/// a busy machine.
const TICK_EVERY: Duration = Duration::from_secs(4);

/// tungstenite's buffer for reading; screens send a few bytes, and rarely.
const READ_BUFFER_BYTES: usize = 512;

/// What tungstenite may hold back for writing: pongs and a close frame.
const WRITE_BUFFER_BYTES: usize = 1_024;

/// Serves a screen until it goes or the server ends. Called from the connection's thread, after
/// the handshake's answer was sent; `leftover` is what the peer sent after its handshake, and
/// `remaining_lifetime` says for how long what it was opened with is good. Gives back whether it was closed from
/// here, so that the peer must have time to take that.
pub fn serve(
    wire: &Arc<Wire>,
    leftover: Vec<u8>,
    handshake: &Handshake,
    remaining_lifetime: &dyn Fn() -> Option<Duration>,
    tickets: &TicketService,
    wss: &WssService,
) -> bool {
    let (screen, runs) = Screen::new(wire, handshake, tickets, wss);
    // A first message may have come with the handshake.
    screen
        .readable
        .store(!leftover.is_empty(), Ordering::Release);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(Some(wss.message_bytes()))
        .max_frame_size(Some(wss.message_bytes()));
    let stream = ScreenStream(wire.clone());
    let socket = WebSocket::from_partially_read(stream, leftover, Role::Server, Some(config));
    if let Err(error) = wss.join(&screen) {
        log::warn!("A screen could not be watched: {error}");
        return false;
    }
    let joined = Joined {
        screen: screen.clone(),
        wss,
    };
    let mut session = Session {
        screen: screen.clone(),
        runs,
        socket,
        remaining_lifetime,
        tickets,
        wss,
    };
    let end = session.run(handshake.since);
    screen.line().live = false;
    match &end {
        End::Gone(why) => log::debug!("Screen {} has gone: {why}", screen.number),
        End::Closed(code) => log::debug!("Screen {} was closed: {code}", screen.number),
    }
    drop(joined);
    matches!(end, End::Closed(_))
}

/// A screen that is told what happens, until this is dropped, however its session ends.
struct Joined<'a> {
    screen: Arc<Screen>,
    wss: &'a WssService,
}

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        self.wss.leave(&self.screen);
    }
}

/// The blocking stream under tungstenite: it never waits to read, and always to write.
struct ScreenStream(Arc<Wire>);

impl Read for ScreenStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_now(buffer)
    }
}

impl Write for ScreenStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A write that timed out must not look to tungstenite like nothing to read.
        let timed_out = |error: io::Error| match error.kind() {
            io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
            _ => error,
        };
        self.0.write_all(bytes).map_err(timed_out)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why a screen's session ended.
#[derive(Debug)]
enum End {
    /// The peer closed it, or it broke.
    Gone(String),
    /// It was closed from here.
    Closed(CloseCode),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Gone(error.to_string())
    }
}

struct Session<'a> {
    screen: Arc<Screen>,
    runs: Receiver<Arc<Run>>,
    socket: WebSocket<ScreenStream>,
    remaining_lifetime: &'a dyn Fn() -> Option<Duration>,
    tickets: &'a TicketService,
    wss: &'a WssService,
}

impl Session<'_> {
    fn run(&mut self, since: Option<u64>) -> End {
        match self.talk(since) {
            Err(End::Closed(code)) => {
                self.say_goodbye(code);
                End::Closed(code)
            }
            Err(end) => end,
            Ok(never) => match never {},
        }
    }

    fn talk(&mut self, since: Option<u64>) -> Result<std::convert::Infallible, End> {
        self.greet(since)?;
        let is_v1 = self.screen.dialect == Dialect::V1;
        let mut next_tick = Instant::now() + TICK_EVERY;
        let mut expires_at = None;
        loop {
            if self.screen.closing.load(Ordering::Acquire) {
                return Err(End::Closed(CloseCode::Away));
            }
            let is_over = expires_at.is_some_and(|at| Instant::now() >= at);
            if self.screen.recheck_access.swap(false, Ordering::AcqRel) || is_over {
                // Whoever signed out, or whose PIN was changed, comes back as anyone may.
                let remaining_lifetime =
                    (self.remaining_lifetime)().ok_or(End::Closed(CloseCode::Policy))?;
                expires_at = Instant::now().checked_add(remaining_lifetime);
            }
            if self.screen.readable.swap(false, Ordering::AcqRel) {
                self.read()?;
            }
            let mut told = false;
            while let Ok(run) = self.runs.try_recv() {
                self.tell(&run)?;
                told = true;
            }
            if self.screen.missed.swap(false, Ordering::AcqRel) {
                self.catch_up()?;
                told = true;
            }
            if told {
                self.tell_position()?;
            }
            self.flush()?;
            if is_v1 && self.screen.printer.swap(false, Ordering::AcqRel) {
                self.tell_printer()?;
            }
            let now = Instant::now();
            if is_v1 && now >= next_tick {
                next_tick = now + TICK_EVERY;
                self.tick()?;
                // An estimate changes with the time alone.
                self.tell_position()?;
            }
            match expires_at
                .into_iter()
                .chain(is_v1.then_some(next_tick))
                .min()
            {
                Some(at) => thread::park_timeout(at.saturating_duration_since(Instant::now())),
                None => thread::park(),
            }
        }
    }

    /// Tells a new screen where things stand.
    fn greet(&mut self, since: Option<u64>) -> Result<(), End> {
        let missed = match (self.screen.dialect, since) {
            (Dialect::V1, Some(seq)) => self.missed_since(seq),
            _ => None,
        };
        let (cursor, mut frames) = missed.unwrap_or_else(|| self.whole_state());
        let position = self.screen.follower().and_then(Follower::position);
        let mut line = self.screen.line();
        line.cursor = cursor;
        if let Some(position) = line.news(position) {
            frames = [frames, position].concat().into();
        }
        write_all(&self.screen, &mut line, &frames)?;
        line.live = true;
        Ok(())
    }

    /// What a screen that knows event `seq` has missed; `None` where that is no longer kept.
    fn missed_since(&self, seq: u64) -> Option<(u64, Bytes)> {
        match self.wss.since(seq) {
            Since::Updates(updates) => {
                let last = updates.last().map_or(seq, |update| update.seq);
                Some((last, update::join(&updates, self.screen.dialect)))
            }
            // It may be durable and on its way here, or from another office's file.
            Since::NotYet => {
                let known = self.tickets.look(|queue| queue.seq()) >= seq;
                known.then(|| (seq, Bytes::new()))
            }
            Since::TooOld => None,
        }
    }

    fn whole_state(&self) -> (u64, Bytes) {
        match self.screen.dialect {
            Dialect::V1 => {
                let state = self.tickets.look(StateView::of);
                (state.seq, text_frame(state.message().text()))
            }
            Dialect::Course => {
                let (seq, waiting, called) = self
                    .tickets
                    .look(|queue| (queue.seq(), queue.waiting(), update::last_called(queue)));
                let mut frames = course_count_frame(waiting).to_vec();
                frames.extend(course_working_frame(&called));
                (seq, frames.into())
            }
        }
    }

    /// Tells what of a run the screen does not know yet.
    fn tell(&mut self, run: &Run) -> Result<(), End> {
        let mut line = self.screen.line();
        if line.cursor >= run.last() {
            return Ok(());
        }
        if line.cursor + 1 < run.first() {
            drop(line);
            return self.catch_up();
        }
        let frames = update::join(run.after(line.cursor), self.screen.dialect);
        write_all(&self.screen, &mut line, &frames)?;
        line.cursor = run.last();
        Ok(())
    }

    /// Tells what the mailbox had no room for.
    fn catch_up(&mut self) -> Result<(), End> {
        let mut line = self.screen.line();
        let missed = self.missed_since(line.cursor);
        let (cursor, frames) = missed.unwrap_or_else(|| self.whole_state());
        write_all(&self.screen, &mut line, &frames)?;
        line.cursor = cursor;
        Ok(())
    }

    fn tick(&mut self) -> Result<(), End> {
        #[derive(Serialize)]
        struct Now {
            now: String,
        }
        let mut line = self.screen.line();
        let message = Message {
            kind: "tick",
            seq: Some(line.cursor),
            payload: Now {
                now: format!("{:.3}", jiff::Timestamp::now()),
            },
        };
        let frame = text_frame(message.text());
        Ok(write_all(&self.screen, &mut line, &frame)?)
    }

    /// Tells how the ticket printer is, where there is one: no event, and nothing of the queue.
    fn tell_printer(&mut self) -> Result<(), End> {
        let mut line = self.screen.line();
        let Some(message) = self.wss.printer_message(Some(line.cursor)) else {
            return Ok(());
        };
        Ok(write_all(&self.screen, &mut line, &text_frame(message))?)
    }

    /// Tells a follower where its ticket stands, if that has changed.
    fn tell_position(&mut self) -> Result<(), End> {
        let Some(follower) = self.screen.follower() else {
            return Ok(());
        };
        // Looked at with the right to write in hand: nothing newer can have been told meanwhile.
        let mut line = self.screen.line();
        if let Some(frame) = line.news(follower.position()) {
            write_all(&self.screen, &mut line, &frame)?;
        }
        Ok(())
    }

    /// Ends a frame that `publish` has begun.
    fn flush(&self) -> Result<(), End> {
        let mut line = self.screen.line();
        Ok(write_all(&self.screen, &mut line, &Bytes::new())?)
    }

    /// Reads what there is. Nothing of it is needed; pings are answered, and a close as well.
    fn read(&mut self) -> Result<(), End> {
        let mut line = self.screen.line();
        // tungstenite may answer while it reads, so a frame that was begun is ended first.
        write_all(&self.screen, &mut line, &Bytes::new())?;
        for _ in 0..MESSAGES_AT_ONCE {
            match self.socket.read() {
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    drop(line);
                    return Ok(self.wss.watch_again(&self.screen)?);
                }
                Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                    return Err(End::Gone("it ended without a word".to_owned()));
                }
                Err(Error::Capacity(CapacityError::MessageTooLong { .. })) => {
                    return Err(End::Closed(CloseCode::Size));
                }
                Err(Error::Utf8(_)) => return Err(End::Closed(CloseCode::Invalid)),
                Err(error @ Error::Protocol(_)) => {
                    log::debug!(
                        "Screen {} sent what it must not: {error}",
                        self.screen.number
                    );
                    return Err(End::Closed(CloseCode::Protocol));
                }
                Err(error) => return Err(End::Gone(error.to_string())),
            }
        }
        // One that keeps sending gets its turn again after it was told what happened meanwhile.
        drop(line);
        self.screen.tell_readable();
        Ok(())
    }

    /// Closes the WebSocket from here.
    fn say_goodbye(&mut self, code: CloseCode) {
        let mut line = self.screen.line();
        line.live = false;
        let closed = write_all(&self.screen, &mut line, &Bytes::new()).map_err(Error::Io);
        let frame = CloseFrame {
            code,
            reason: "".into(),
        };
        let closed = closed
            .and_then(|()| self.socket.close(Some(frame)))
            .and_then(|()| self.socket.flush());
        if let Err(error) = closed {
            log::debug!("Screen {} could not be told: {error}", self.screen.number);
        }
    }
}
