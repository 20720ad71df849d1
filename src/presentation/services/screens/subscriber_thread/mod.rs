//! The thread of a subscriber: it greets the subscriber, reads its messages, and closes it. `send` has what it
//! sends, and `subscriber` holds the parts that other threads use.

mod send;

use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use tungstenite::error::{CapacityError, ProtocolError};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Error, WebSocket};

use crate::presentation::http::wire::Wire;
use crate::presentation::services::screens::subscriber::{Handshake, Subscriber};
use crate::presentation::services::screens::update::{Dialect, UpdateBatch};
use crate::presentation::services::screens::wss::WssService;
use crate::presentation::services::ticket_service::TicketService;

/// Limit of messages that are read before the subscriber gets new updates.
const MESSAGES_AT_ONCE: usize = 64;

/// Interval between two ticks. The contract says every 5 s at least; a second is left for a busy
/// machine.
const TICK_INTERVAL: Duration = Duration::from_secs(4);

/// tungstenite's read buffer. Subscribers send a few bytes, and rarely.
const READ_BUFFER_BYTES: usize = 512;

/// Limit of tungstenite's write buffer: pongs and a close frame.
const WRITE_BUFFER_BYTES: usize = 1_024;

/// Serves a subscriber until it disconnects or the server stops. Called from the connection's thread
/// after the answer to the handshake was sent.
///
/// `leftover` holds the bytes that the peer sent after its handshake. `remaining_lifetime` is that of
/// the subscriber's session or token; `None` once it has ended. Returns whether the server
/// closed the subscriber, so that the connection lingers until the peer has read the close frame.
pub fn serve(
    wire: &Arc<Wire>,
    leftover: Vec<u8>,
    handshake: &Handshake,
    remaining_lifetime: &dyn Fn() -> Option<Duration>,
    tickets: &TicketService,
    wss: &WssService,
) -> bool {
    let (subscriber, batches) =
        Subscriber::new(wss.next_number(), wire, handshake, tickets.shared());
    let socket = web_socket(wire, leftover, &subscriber, wss.message_bytes());
    if let Err(error) = wss.join(&subscriber) {
        log::warn!("The socket of a subscriber could not be watched: {error}");
        return false;
    }
    let _joined = Joined {
        subscriber: subscriber.clone(),
        wss,
    };
    let mut thread = SubscriberThread {
        subscriber: subscriber.clone(),
        batches,
        socket,
        remaining_lifetime,
        tickets,
        wss,
    };
    let end = thread.run(handshake.since);
    subscriber.writer().is_open = false;
    if end.is_drop() {
        wss.count_dropped();
    }
    match &end {
        End::Left => log::debug!("Subscriber {} left", subscriber.number()),
        End::Gone(why) => log::debug!("Subscriber {} disconnected: {why}", subscriber.number()),
        End::Closed(code) => log::debug!("Subscriber {} was closed: {code}", subscriber.number()),
    }
    matches!(end, End::Closed(_))
}

fn web_socket(
    wire: &Arc<Wire>,
    leftover: Vec<u8>,
    subscriber: &Subscriber,
    message_bytes: usize,
) -> WebSocket<SubscriberStream> {
    // The first message may have come with the handshake, or be decrypted already.
    let readable = &subscriber.signals.readable;
    readable.store(!leftover.is_empty() || wire.is_tls(), Ordering::Release);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(Some(message_bytes))
        .max_frame_size(Some(message_bytes));
    let stream = SubscriberStream(wire.clone());
    WebSocket::from_partially_read(stream, leftover, Role::Server, Some(config))
}

/// Removes the subscriber from the service when it is dropped, even after a panic.
struct Joined<'a> {
    subscriber: Arc<Subscriber>,
    wss: &'a WssService,
}

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        self.wss.leave(&self.subscriber);
    }
}

/// The stream under tungstenite. Its reads never block; its writes do.
struct SubscriberStream(Arc<Wire>);

impl Read for SubscriberStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_now(buffer)
    }
}

impl Write for SubscriberStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The reason that a subscriber's thread ended.
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

struct SubscriberThread<'a> {
    subscriber: Arc<Subscriber>,
    batches: Receiver<Arc<UpdateBatch>>,
    socket: WebSocket<SubscriberStream>,
    remaining_lifetime: &'a dyn Fn() -> Option<Duration>,
    tickets: &'a TicketService,
    wss: &'a WssService,
}

impl SubscriberThread<'_> {
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

    /// Greets the subscriber, then sleeps until there is something to do, does it, and sleeps again.
    fn serve(&mut self, since: Option<u64>) -> Result<Infallible, End> {
        self.greet(since)?;
        let is_v1 = self.subscriber.dialect == Dialect::V1;
        let take = |flag: &AtomicBool| flag.swap(false, Ordering::AcqRel);
        let mut next_tick = Instant::now() + TICK_INTERVAL;
        let mut access_ends_at = None;
        loop {
            if self.subscriber.signals.closing.load(Ordering::Acquire) {
                return Err(End::Closed(CloseCode::Away));
            }
            let has_ended = access_ends_at.is_some_and(|at| Instant::now() >= at);
            if take(&self.subscriber.signals.recheck_access) || has_ended {
                // The page connects again and gets what anyone may see.
                let left = (self.remaining_lifetime)().ok_or(End::Closed(CloseCode::Policy))?;
                access_ends_at = Instant::now().checked_add(left);
            }
            if take(&self.subscriber.signals.readable) {
                self.read()?;
            }
            self.send_updates()?;
            if is_v1 && take(&self.subscriber.signals.printers) {
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

    /// Reads what the subscriber sent. Its messages are ignored; pings and a close are answered.
    fn read(&mut self) -> Result<(), End> {
        let mut writer = self.subscriber.writer();
        // tungstenite may write while it reads, so a frame that was begun is written to its end first.
        self.subscriber.write_all(&mut writer, &[])?;
        for _ in 0..MESSAGES_AT_ONCE {
            match self.socket.read() {
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    drop(writer);
                    return Ok(self.wss.watch_again(&self.subscriber)?);
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
                        "Subscriber {} broke the protocol: {error}",
                        self.subscriber.number()
                    );
                    return Err(End::Closed(CloseCode::Protocol));
                }
                Err(error) => return Err(End::Gone(error.to_string())),
            }
        }
        // The subscriber keeps sending: it gets new updates before the rest is read.
        drop(writer);
        self.subscriber.notify_readable();
        Ok(())
    }

    /// Closes the WebSocket.
    fn close(&mut self, code: CloseCode) {
        let mut writer = self.subscriber.writer();
        writer.is_open = false;
        let frame = CloseFrame {
            code,
            reason: "".into(),
        };
        let flushed = self
            .subscriber
            .write_all(&mut writer, &[])
            .map_err(Error::Io);
        let closed = flushed
            .and_then(|()| self.socket.close(Some(frame)))
            .and_then(|()| self.socket.flush());
        if let Err(error) = closed {
            log::debug!(
                "Subscriber {} got no close frame: {error}",
                self.subscriber.number()
            );
        }
    }
}
