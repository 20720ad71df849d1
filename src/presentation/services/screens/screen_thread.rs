//! The thread of a screen: it greets the screen, sends it what `publish` could not write, reads its
//! messages, and closes it. `screen` holds the parts that other threads use.

use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use serde::Serialize;
use tungstenite::error::{CapacityError, ProtocolError};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Bytes, Error, WebSocket};

use super::follower::Follower;
use super::frames::{course_count_frame, course_working_frame, text_frame};
use super::recent::Since;
use super::screen::{Handshake, Screen, Writer};
use super::update::{self, Dialect, Update, UpdateBatch};
use super::wss::WssService;
use crate::presentation::http::wire::Wire;
use crate::presentation::json::{Message, StateView};
use crate::presentation::services::ticket_service::TicketService;

/// Limit of messages that are read before the screen gets new updates.
const MESSAGES_AT_ONCE: usize = 64;

/// Updates that are joined for one write. One has 10 kB in the largest office.
const UPDATES_AT_ONCE: usize = 16;

/// Interval between two ticks. The contract says every 5 s at least; a second is left for a busy
/// machine.
const TICK_INTERVAL: Duration = Duration::from_secs(4);

/// tungstenite's read buffer. Screens send a few bytes, and rarely.
const READ_BUFFER_BYTES: usize = 512;

/// Limit of tungstenite's write buffer: pongs and a close frame.
const WRITE_BUFFER_BYTES: usize = 1_024;

/// Serves a screen until it disconnects or the server stops. Called from the connection's thread
/// after the answer to the handshake was sent.
///
/// `leftover` holds the bytes that the peer sent after its handshake. `remaining_lifetime` is that of
/// the session or token that opened the screen; `None` once it has ended. Returns whether the server
/// closed the screen, so that the connection lingers until the peer has read the close frame.
pub fn serve(
    wire: &Arc<Wire>,
    leftover: Vec<u8>,
    handshake: &Handshake,
    remaining_lifetime: &dyn Fn() -> Option<Duration>,
    tickets: &TicketService,
    wss: &WssService,
) -> bool {
    let (screen, batches) = Screen::new(wss.next_number(), wire, handshake, tickets.shared());
    let socket = web_socket(wire, leftover, &screen, wss.message_bytes());
    if let Err(error) = wss.join(&screen) {
        log::warn!("The socket of a screen could not be watched: {error}");
        return false;
    }
    let _joined = Joined {
        screen: screen.clone(),
        wss,
    };
    let mut thread = ScreenThread {
        screen: screen.clone(),
        batches,
        socket,
        remaining_lifetime,
        tickets,
        wss,
    };
    let end = thread.run(handshake.since);
    screen.writer().is_open = false;
    if end.is_drop() {
        wss.count_dropped();
    }
    match &end {
        End::Left => log::debug!("Screen {} left", screen.number()),
        End::Gone(why) => log::debug!("Screen {} disconnected: {why}", screen.number()),
        End::Closed(code) => log::debug!("Screen {} was closed: {code}", screen.number()),
    }
    matches!(end, End::Closed(_))
}

fn web_socket(
    wire: &Arc<Wire>,
    leftover: Vec<u8>,
    screen: &Screen,
    message_bytes: usize,
) -> WebSocket<ScreenStream> {
    // The first message may have come with the handshake.
    let readable = &screen.signals.readable;
    readable.store(!leftover.is_empty(), Ordering::Release);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(Some(message_bytes))
        .max_frame_size(Some(message_bytes));
    let stream = ScreenStream(wire.clone());
    WebSocket::from_partially_read(stream, leftover, Role::Server, Some(config))
}

/// Removes the screen from the service when it is dropped, even after a panic.
struct Joined<'a> {
    screen: Arc<Screen>,
    wss: &'a WssService,
}

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        self.wss.leave(&self.screen);
    }
}

/// The stream under tungstenite. Its reads never block; its writes do.
struct ScreenStream(Arc<Wire>);

impl Read for ScreenStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_now(buffer)
    }
}

impl Write for ScreenStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why a screen's thread ended.
#[derive(Debug)]
enum End {
    /// The peer closed the WebSocket.
    Left,
    /// The connection ended without that.
    Gone(String),
    /// The server closed it.
    Closed(CloseCode),
}

impl End {
    /// Whether something went wrong.
    fn is_drop(&self) -> bool {
        match self {
            Self::Left => false,
            Self::Gone(_) => true,
            Self::Closed(code) => !matches!(code, CloseCode::Away | CloseCode::Policy),
        }
    }
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Gone(error.to_string())
    }
}

struct ScreenThread<'a> {
    screen: Arc<Screen>,
    batches: Receiver<Arc<UpdateBatch>>,
    socket: WebSocket<ScreenStream>,
    remaining_lifetime: &'a dyn Fn() -> Option<Duration>,
    tickets: &'a TicketService,
    wss: &'a WssService,
}

impl ScreenThread<'_> {
    fn run(&mut self, since: Option<u64>) -> End {
        match self.serve(since) {
            Err(End::Closed(code)) => {
                self.close(code);
                End::Closed(code)
            }
            Err(end) => end,
            Ok(never) => match never {},
        }
    }

    /// Greets the screen, then sleeps until there is something to do, does it, and sleeps again.
    fn serve(&mut self, since: Option<u64>) -> Result<Infallible, End> {
        self.greet(since)?;
        let is_v1 = self.screen.dialect == Dialect::V1;
        let take = |flag: &AtomicBool| flag.swap(false, Ordering::AcqRel);
        let mut next_tick = Instant::now() + TICK_INTERVAL;
        let mut access_ends_at = None;
        loop {
            if self.screen.signals.closing.load(Ordering::Acquire) {
                return Err(End::Closed(CloseCode::Away));
            }
            let has_ended = access_ends_at.is_some_and(|at| Instant::now() >= at);
            if take(&self.screen.signals.recheck_access) || has_ended {
                // The page connects again and gets what anyone may see.
                let left = (self.remaining_lifetime)().ok_or(End::Closed(CloseCode::Policy))?;
                access_ends_at = Instant::now().checked_add(left);
            }
            if take(&self.screen.signals.readable) {
                self.read()?;
            }
            self.send_updates()?;
            if is_v1 && take(&self.screen.signals.printers) {
                self.send_printers()?;
            }
            if is_v1 && Instant::now() >= next_tick {
                next_tick = Instant::now() + TICK_INTERVAL;
                self.send_tick()?;
                // An estimate changes with time alone.
                self.send_progress()?;
            }
            let tick = is_v1.then_some(next_tick);
            match access_ends_at.into_iter().chain(tick).min() {
                Some(at) => thread::park_timeout(at.saturating_duration_since(Instant::now())),
                None => thread::park(),
            }
        }
    }

    /// Sends what a new screen needs to know: the events it missed, or the whole state.
    fn greet(&mut self, since: Option<u64>) -> Result<(), End> {
        let missed = match (self.screen.dialect, since) {
            (Dialect::V1, Some(seq)) => self.missed_since(seq),
            _ => None,
        };
        let progress = self.screen.follower().and_then(Follower::progress);
        let mut writer = self.screen.writer();
        writer.cursor = since.unwrap_or_default();
        self.send_missed(&mut writer, missed)?;
        if let Some(progress) = writer.changed_progress(progress) {
            self.screen.write_all(&mut writer, &progress)?;
        }
        writer.is_open = true;
        Ok(())
    }

    /// The updates after event `seq`; `None` if they are no longer in memory.
    fn missed_since(&self, seq: u64) -> Option<Vec<Arc<Update>>> {
        match self.wss.since(seq) {
            Since::Updates(updates) => Some(updates),
            // The event may be durable and not yet published, or be another office's.
            Since::NotYet => {
                let is_durable = self.tickets.read_queue(|queue| queue.seq()) >= seq;
                is_durable.then(Vec::new)
            }
            Since::TooOld => None,
        }
    }

    /// Sends the updates that follow the screen's last event, or the whole state. Many updates go in pieces, so
    /// that a slow screen holds no copy of all of them.
    fn send_missed(
        &self,
        writer: &mut Writer,
        missed: Option<Vec<Arc<Update>>>,
    ) -> Result<(), End> {
        let Some(updates) = missed else {
            let (seq, frames) = self.whole_state();
            self.screen.write_all(writer, &frames)?;
            writer.cursor = seq;
            return Ok(());
        };
        for piece in updates.chunks(UPDATES_AT_ONCE) {
            let frames = update::join_frames(piece, self.screen.dialect);
            self.screen.write_all(writer, &frames)?;
        }
        writer.cursor = updates.last().map_or(writer.cursor, |update| update.seq);
        Ok(())
    }

    fn whole_state(&self) -> (u64, Bytes) {
        match self.screen.dialect {
            Dialect::V1 => {
                let state = self.tickets.read_queue(StateView::of);
                (state.seq, text_frame(state.message().text()))
            }
            Dialect::Course => {
                let (seq, waiting, called) = self
                    .tickets
                    .read_queue(|queue| (queue.seq(), queue.waiting(), update::last_called(queue)));
                let mut frames = course_count_frame(waiting).to_vec();
                frames.extend(course_working_frame(&called));
                (seq, frames.into())
            }
        }
    }

    /// Sends the batches of the mailbox, and what the mailbox had no room for.
    fn send_updates(&mut self) -> Result<(), End> {
        let mut has_sent = false;
        while let Ok(batch) = self.batches.try_recv() {
            self.send_batch(&batch)?;
            has_sent = true;
        }
        if self.screen.signals.missed.swap(false, Ordering::AcqRel) {
            self.catch_up()?;
            has_sent = true;
        }
        if has_sent {
            self.send_progress()?;
        }
        // Writes the rest of a frame that `publish` has begun.
        let mut writer = self.screen.writer();
        Ok(self.screen.write_all(&mut writer, &[])?)
    }

    /// Sends the updates of a batch that the screen does not have yet.
    fn send_batch(&mut self, batch: &UpdateBatch) -> Result<(), End> {
        let mut writer = self.screen.writer();
        if writer.cursor >= batch.last() {
            return Ok(());
        }
        if writer.cursor + 1 < batch.first() {
            drop(writer);
            return self.catch_up();
        }
        let frames = update::join_frames(batch.after(writer.cursor), self.screen.dialect);
        self.screen.write_all(&mut writer, &frames)?;
        writer.cursor = batch.last();
        Ok(())
    }

    /// Sends the events that the screen missed, or the whole state.
    fn catch_up(&mut self) -> Result<(), End> {
        let mut writer = self.screen.writer();
        let missed = self.missed_since(writer.cursor);
        self.send_missed(&mut writer, missed)
    }

    fn send_tick(&mut self) -> Result<(), End> {
        #[derive(Serialize)]
        struct Now {
            now: String,
        }
        let mut writer = self.screen.writer();
        let message = Message {
            kind: "tick",
            seq: Some(writer.cursor),
            payload: Now {
                now: format!("{:.3}", jiff::Timestamp::now()),
            },
        };
        let frame = text_frame(message.text());
        Ok(self.screen.write_all(&mut writer, &frame)?)
    }

    /// Sends the state of each ticket printer. It is not an event and has no number of its own.
    fn send_printers(&mut self) -> Result<(), End> {
        let mut writer = self.screen.writer();
        for message in self.wss.printer_messages(Some(writer.cursor)) {
            self.screen.write_all(&mut writer, &text_frame(message))?;
        }
        Ok(())
    }

    /// Sends a follower the progress of its ticket if it has changed.
    fn send_progress(&mut self) -> Result<(), End> {
        let Some(follower) = self.screen.follower() else {
            return Ok(());
        };
        // The writer is locked first, so that no newer progress can be written in between.
        let mut writer = self.screen.writer();
        if let Some(frame) = writer.changed_progress(follower.progress()) {
            self.screen.write_all(&mut writer, &frame)?;
        }
        Ok(())
    }

    /// Reads what the screen sent. Its messages are ignored; pings and a close are answered.
    fn read(&mut self) -> Result<(), End> {
        let mut writer = self.screen.writer();
        // tungstenite may write while it reads, so a frame that was begun is written to its end first.
        self.screen.write_all(&mut writer, &[])?;
        for _ in 0..MESSAGES_AT_ONCE {
            match self.socket.read() {
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    drop(writer);
                    return Ok(self.wss.watch_again(&self.screen)?);
                }
                Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                    return Err(End::Gone("no close frame".to_owned()));
                }
                Err(Error::ConnectionClosed) => return Err(End::Left),
                Err(Error::Capacity(CapacityError::MessageTooLong { .. })) => {
                    return Err(End::Closed(CloseCode::Size));
                }
                Err(Error::Utf8(_)) => return Err(End::Closed(CloseCode::Invalid)),
                Err(error @ Error::Protocol(_)) => {
                    log::debug!(
                        "Screen {} broke the protocol: {error}",
                        self.screen.number()
                    );
                    return Err(End::Closed(CloseCode::Protocol));
                }
                Err(error) => return Err(End::Gone(error.to_string())),
            }
        }
        // The screen keeps sending: it gets new updates before the rest is read.
        drop(writer);
        self.screen.notify_readable();
        Ok(())
    }

    /// Closes the WebSocket.
    fn close(&mut self, code: CloseCode) {
        let mut writer = self.screen.writer();
        writer.is_open = false;
        let frame = CloseFrame {
            code,
            reason: "".into(),
        };
        let flushed = self.screen.write_all(&mut writer, &[]).map_err(Error::Io);
        let closed = flushed
            .and_then(|()| self.socket.close(Some(frame)))
            .and_then(|()| self.socket.flush());
        if let Err(error) = closed {
            log::debug!(
                "Screen {} got no close frame: {error}",
                self.screen.number()
            );
        }
    }
}
