//! One subscriber, as other threads see it: its mailbox, and its writer. The subscriber's own thread is in
//! `subscriber_thread`.
//!
//! Only the subscriber's own thread reads the socket. Two threads write: that one and `publish`, which
//! hands a frame straight to the kernel if the subscriber is up to date and the kernel takes it.
//! Waking a thread for each subscriber costs more than the write itself (decision 0006). A thread
//! that writes holds the `Writer`. `publish` never waits for it: what it cannot write at once goes to the
//! mailbox, and the subscriber's thread takes over.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

use crossbeam_channel::{Receiver, Sender, bounded};
use tungstenite::Bytes;

use super::followed_ticket::{self, FollowedTicket, TicketProgress};
use super::update::{Dialect, UpdateBatch};
use crate::domain::{DeskName, ScreenId, TicketId};
use crate::presentation::http::wire::Wire;
use crate::presentation::services::shared::SharedState;

/// Limit of batches that wait for a subscriber's thread. When the mailbox is full, the subscriber reads what
/// it missed from the recent events: nothing is lost, and memory stays bounded.
const MAILBOX_BATCHES: usize = 8;

/// A connected subscriber.
#[derive(Debug)]
pub struct Subscriber {
    /// Unique in the process.
    number: usize,
    pub(super) dialect: Dialect,
    /// Present if the subscriber follows a ticket.
    followed_ticket: Option<FollowedTicket>,
    wire: Arc<Wire>,
    mailbox: Sender<Arc<UpdateBatch>>,
    pub(super) signals: Signals,
    thread: Thread,
    writer: Mutex<Writer>,
}

/// Requests of other threads to the subscriber's thread, which sets each flag back.
#[derive(Debug)]
pub(super) struct Signals {
    /// The mailbox was full.
    pub missed: AtomicBool,
    /// The socket is readable.
    pub readable: AtomicBool,
    /// The server stops.
    pub closing: AtomicBool,
    /// The session or token of the subscriber may have ended.
    pub recheck_access: AtomicBool,
    /// The state of a ticket printer has changed.
    pub printers: AtomicBool,
}

/// The right to write to a subscriber's socket, and what has been written.
#[derive(Debug)]
pub(super) struct Writer {
    /// The last event that was written.
    pub(super) cursor: u64,
    /// The rest of a frame that the kernel took only in part, as it goes through the socket (see
    /// [`Wire::seal`]). It is sent before anything else.
    unsent: Bytes,
    /// Whether `publish` may write: after the greeting and before the close.
    pub(super) is_open: bool,
    /// The last progress of the followed ticket that was written.
    last_progress: Option<TicketProgress>,
}

impl Writer {
    /// The frame with the progress of the followed ticket; `None` if it has not changed.
    pub(super) fn changed_progress(&mut self, progress: Option<TicketProgress>) -> Option<Bytes> {
        if progress.is_none() || progress == self.last_progress {
            return None;
        }
        let frame = followed_ticket::progress_frame(progress.as_ref()?, self.cursor);
        self.last_progress = progress;
        Some(frame)
    }
}

impl Subscriber {
    /// A subscriber that the calling thread serves, and the receiver of its mailbox.
    pub(super) fn new(
        number: usize,
        wire: &Arc<Wire>,
        handshake: &Handshake,
        shared: &Arc<SharedState>,
    ) -> (Arc<Self>, Receiver<Arc<UpdateBatch>>) {
        let (mailbox, batches) = bounded(MAILBOX_BATCHES);
        let follow = |ticket| FollowedTicket::new(ticket, shared.clone());
        let subscriber = Self {
            number,
            dialect: handshake.dialect,
            followed_ticket: handshake.ticket.map(follow),
            wire: wire.clone(),
            mailbox,
            signals: Signals {
                missed: AtomicBool::new(false),
                readable: AtomicBool::new(false),
                closing: AtomicBool::new(false),
                // The session may have ended before the subscriber could be notified.
                recheck_access: AtomicBool::new(true),
                printers: AtomicBool::new(true),
            },
            thread: thread::current(),
            writer: Mutex::new(Writer {
                cursor: 0,
                unsent: Bytes::new(),
                is_open: false,
                last_progress: None,
            }),
        };
        (Arc::new(subscriber), batches)
    }

    /// A number that is unique in the process.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Present if the subscriber follows a ticket.
    pub(super) fn followed_ticket(&self) -> Option<&FollowedTicket> {
        self.followed_ticket.as_ref()
    }

    pub(super) fn wire(&self) -> &Arc<Wire> {
        &self.wire
    }

    /// The socket is readable. Called from the thread `readable` and the subscriber's own.
    pub(super) fn notify_readable(&self) {
        self.signal(&self.signals.readable);
    }

    /// The server stops. Called from the thread that stops it.
    pub(super) fn notify_closing(&self) {
        self.signal(&self.signals.closing);
    }

    /// A session or token has ended. Called from the thread that ended it.
    pub(super) fn notify_access_change(&self) {
        self.signal(&self.signals.recheck_access);
    }

    /// The state of a ticket printer has changed. Called from the printer's thread.
    pub(super) fn notify_printers(&self) {
        self.signal(&self.signals.printers);
    }

    fn signal(&self, flag: &AtomicBool) {
        flag.store(true, Ordering::Release);
        self.thread.unpark();
    }

    /// Sends a batch of updates and the progress of the followed ticket, without waiting.
    /// Called from the thread `publish` alone.
    pub(super) fn offer(&self, batch: &Arc<UpdateBatch>, progress: Option<TicketProgress>) {
        if self.try_write(batch, progress) {
            return;
        }
        if self.mailbox.try_send(batch.clone()).is_err() {
            self.signals.missed.store(true, Ordering::Release);
        }
        self.thread.unpark();
    }

    /// Hands the batch to the kernel. Returns `false` if the subscriber's thread must write it.
    fn try_write(&self, batch: &UpdateBatch, progress: Option<TicketProgress>) -> bool {
        let Ok(mut writer) = self.writer.try_lock() else {
            return false;
        };
        if !writer.is_open || !writer.unsent.is_empty() || writer.cursor + 1 != batch.first() {
            return false;
        }
        let mut frames = batch.frames(self.dialect).clone();
        writer.cursor = batch.last();
        if let Some(progress) = writer.changed_progress(progress) {
            frames = [frames, progress].concat().into();
        }
        if frames.is_empty() {
            return true;
        }
        let sent = self
            .seal(frames)
            .and_then(|sealed| match self.wire.send_now(&sealed) {
                Ok(sent) => Ok(sealed.slice(sent..)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(sealed),
                Err(error) => Err(error),
            });
        match sent {
            Ok(unsent) if unsent.is_empty() => return true,
            Ok(unsent) => writer.unsent = unsent,
            // The subscriber has missed this batch, so it must connect again with `since`.
            Err(_) => {
                self.wire.cut();
                return true;
            }
        }
        drop(writer);
        self.thread.unpark();
        true
    }

    /// The frames as they go through the socket.
    fn seal(&self, frames: Bytes) -> io::Result<Bytes> {
        if !self.wire.is_tls() {
            return Ok(frames);
        }
        Ok(self.wire.seal(&frames)?.into_owned().into())
    }

    /// Waits for the writer. Never called from the thread `publish`.
    pub(super) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the rest of a frame that was begun, then `bytes`, and waits until the kernel has both.
    pub(super) fn write_all(&self, writer: &mut Writer, bytes: &[u8]) -> io::Result<()> {
        let unsent = std::mem::take(&mut writer.unsent);
        self.wire.send_all(&unsent)?;
        self.wire.write_all(bytes)
    }
}

/// The options that a subscriber chose when it connected.
#[derive(Clone, Debug)]
pub struct Handshake {
    pub dialect: Dialect,
    /// The last event that the subscriber has.
    pub since: Option<u64>,
    /// The ticket that it follows.
    pub ticket: Option<TicketId>,
    /// The desk that the screen shows, and the screen's id.
    pub desk: Option<(DeskName, ScreenId)>,
}
