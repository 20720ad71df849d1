//! One screen, as the threads that are not its own know it: its mailbox, and the right to write.
//! What its own thread does is in `session`.
//!
//! Only the thread of the connection reads the socket. Two may write: that thread and `publish`,
//! which hands a frame straight to the kernel where the screen is up to date and takes it whole.
//! Waking a thread for each screen costs more than the write itself (see ARCHITECTURE.md).
//! `WaitingList` is the right to write; what `publish` cannot place at once goes to the mailbox, and the
//! thread takes over. `publish` never waits for a screen.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

use crossbeam_channel::{Receiver, Sender, bounded};
use tungstenite::Bytes;

use super::follower::{self, Follower, Position};
use super::update::{Dialect, Run};
use super::wss::WssService;
use crate::domain::{DeskName, ScreenId, TicketId};
use crate::presentation::http::wire::Wire;
use crate::presentation::services::ticket_service::TicketService;

/// Runs that may wait for a screen's thread. When there is no room the screen is told so, and
/// fetches what it missed from the recent events: nothing is lost, and memory stays bounded.
const MAILBOX_RUNS: usize = 8;

/// A connected screen.
#[derive(Debug)]
pub struct Screen {
    pub(super) number: usize,
    pub(super) dialect: Dialect,
    /// Where it follows a ticket.
    follower: Option<Follower>,
    pub(super) wire: Arc<Wire>,
    mailbox: Sender<Arc<Run>>,
    pub(super) missed: AtomicBool,
    pub(super) readable: AtomicBool,
    pub(super) closing: AtomicBool,
    /// What it was opened with may have ended.
    pub(super) recheck_access: AtomicBool,
    /// There is news of the ticket printer.
    pub(super) printer: AtomicBool,
    thread: Thread,
    line: Mutex<WaitingList>,
}

/// The right to write to the socket, and what has been written.
#[derive(Debug)]
pub(super) struct WaitingList {
    /// The last event that the screen was told.
    pub(super) cursor: u64,
    /// What the kernel did not take of a frame that was begun; it goes out before all else.
    pub(super) rest: Bytes,
    /// Whether the screen has been told where things stand, and is not being closed.
    pub(super) live: bool,
    /// What a follower was told last.
    told: Option<Position>,
}

impl WaitingList {
    /// The frame that says where a follower's ticket stands, where that is news.
    pub(super) fn news(&mut self, position: Option<Position>) -> Option<Bytes> {
        follower::news(position, &mut self.told, self.cursor)
    }
}

impl Screen {
    /// A screen of the thread that calls this, which has not been told anything yet, and what will
    /// wait in its mailbox.
    pub(super) fn new(
        wire: &Arc<Wire>,
        handshake: &Handshake,
        tickets: &TicketService,
        wss: &WssService,
    ) -> (Arc<Self>, Receiver<Arc<Run>>) {
        let (mailbox, runs) = bounded(MAILBOX_RUNS);
        let screen = Self {
            number: wss.next_number(),
            dialect: handshake.dialect,
            follower: handshake
                .ticket
                .map(|ticket| Follower::new(ticket, tickets.shared())),
            wire: wire.clone(),
            mailbox,
            missed: AtomicBool::new(false),
            readable: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            // It may have ended before the screen could be told.
            recheck_access: AtomicBool::new(true),
            printer: AtomicBool::new(true),
            thread: thread::current(),
            line: Mutex::new(WaitingList {
                cursor: 0,
                rest: Bytes::new(),
                live: false,
                told: None,
            }),
        };
        (Arc::new(screen), runs)
    }

    /// Its number, unique in the process.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Where it follows a ticket.
    pub(super) fn follower(&self) -> Option<&Follower> {
        self.follower.as_ref()
    }

    /// Its connection.
    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    /// There is something to read. Called from the thread `readable`.
    pub(super) fn tell_readable(&self) {
        self.readable.store(true, Ordering::Release);
        self.thread.unpark();
    }

    /// The server ends. Called from the thread that stops it.
    pub(super) fn tell_closing(&self) {
        self.closing.store(true, Ordering::Release);
        self.thread.unpark();
    }

    /// Somebody's session or token has ended. Called from the thread of whoever ended it.
    pub(super) fn recheck_access(&self) {
        self.recheck_access.store(true, Ordering::Release);
        self.thread.unpark();
    }

    /// There is news of the ticket printer. Called from whatever thread knows it.
    pub(super) fn tell_printer(&self) {
        self.printer.store(true, Ordering::Release);
        self.thread.unpark();
    }

    /// Tells the screen what happened, and a follower where its ticket stands now, without waiting.
    /// Called from the thread `publish` alone.
    pub(super) fn offer(&self, run: &Arc<Run>, position: Option<Position>) {
        if self.place(run, position) {
            return;
        }
        if self.mailbox.try_send(run.clone()).is_err() {
            self.missed.store(true, Ordering::Release);
        }
        self.thread.unpark();
    }

    /// Hands the run to the kernel. `false` where the thread must take it from here.
    fn place(&self, run: &Run, position: Option<Position>) -> bool {
        let Ok(mut line) = self.line.try_lock() else {
            return false;
        };
        if !line.live || !line.rest.is_empty() || line.cursor + 1 != run.first() {
            return false;
        }
        let mut frames = run.frames(self.dialect).clone();
        line.cursor = run.last();
        if let Some(position) = line.news(position) {
            frames = [frames, position].concat().into();
        }
        if frames.is_empty() {
            return true;
        }
        match self.wire.write_now(&frames) {
            Ok(written) if written == frames.len() => return true,
            Ok(written) => line.rest = frames.slice(written..),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => line.rest = frames,
            // What was not told now never will be, so the screen must come back with `since`.
            Err(_) => {
                self.wire.cut();
                return true;
            }
        }
        drop(line);
        self.thread.unpark();
        true
    }

    pub(super) fn line(&self) -> MutexGuard<'_, WaitingList> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a screen asked to be connected.
#[derive(Clone, Debug)]
pub struct Handshake {
    pub dialect: Dialect,
    /// The last event that it knows.
    pub since: Option<u64>,
    /// The ticket that it follows.
    pub ticket: Option<TicketId>,
    /// The desk that somebody works at with it, and which screen it is.
    pub desk: Option<(DeskName, ScreenId)>,
}

/// Writes what was begun, then `bytes`, waiting for the screen.
pub(super) fn write_all(screen: &Screen, line: &mut WaitingList, bytes: &Bytes) -> io::Result<()> {
    for bytes in [std::mem::take(&mut line.rest), bytes.clone()] {
        if !bytes.is_empty() {
            screen.wire.write_all(&bytes)?;
        }
    }
    Ok(())
}
