//! The byte stream of one connection, plain or encrypted. The rest of the program uses this type and not
//! `TcpStream`.

use std::borrow::Cow;
use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags, sockopt};
use rustls::ServerConfig;

use super::tls::Tls;

/// The kernel's send buffer: enough for several full states of a large office. Without this limit a
/// stalled screen can hold megabytes.
const SEND_BUFFER_BYTES: usize = 128 * 1024;

/// A peer must take so many bytes within the send time-out, or all that are left: otherwise one that takes a byte now
/// and then would hold a thread, and the place of a large answer, for as long as it likes.
const SEND_STEP_BYTES: usize = 64 * 1024;

/// How long, and how many bytes, are read from a connection after its last answer. Closing a socket
/// with unread bytes resets it, and the reset can overtake the answer.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 4 * 1024 * 1024;

/// Bytes that are encrypted at a time, so that a long answer needs little memory.
const SEAL_BYTES: usize = 64 * 1024;

/// The event of poll(2) if the peer has ended its side, or we have ended reading, even if bytes from
/// the peer wait to be read. Other systems report the end of both sides only.
#[cfg(target_os = "linux")]
const PEER_END: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const PEER_END: PollFlags = PollFlags::HUP;

/// A connection. All methods take `&self`: the connection's own thread, the publishing thread and the
/// thread that stops the server share it.
#[derive(Debug)]
pub struct Wire {
    tcp: TcpStream,
    /// Present after the handshake of an encrypted connection.
    tls: OnceLock<Box<Tls>>,
    peer: SocketAddr,
    send_timeout: Duration,
    /// The current read timeout in milliseconds, to avoid setting it again.
    read_timeout_ms: AtomicU64,
}

impl Wire {
    /// Takes over an accepted connection. A write fails if the peer does not take the next 64 kB, or the rest, within
    /// `send_timeout`.
    pub fn new(tcp: TcpStream, peer: SocketAddr, send_timeout: Duration) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        sockopt::set_socket_send_buffer_size(&tcp, SEND_BUFFER_BYTES)?;
        // Detects a peer that has lost power while there is nothing to send to it.
        sockopt::set_socket_keepalive(&tcp, true)?;
        sockopt::set_tcp_keepidle(&tcp, Duration::from_secs(30))?;
        sockopt::set_tcp_keepintvl(&tcp, Duration::from_secs(10))?;
        Ok(Self {
            tcp,
            tls: OnceLock::new(),
            peer,
            send_timeout,
            read_timeout_ms: AtomicU64::new(0),
        })
    }

    /// From now on drops a peer that receives nothing for `timeout`, even if no write is in progress.
    /// The kernel measures how long sent bytes stay unacknowledged and how long the peer's window
    /// stays closed (tcp(7), `TCP_USER_TIMEOUT`).
    pub fn drop_when_stalled(&self, timeout: Duration) {
        let milliseconds = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        #[cfg(target_os = "linux")]
        if let Err(error) = sockopt::set_tcp_user_timeout(&self.tcp, milliseconds) {
            log::debug!("{} has closed the connection already: {error}", self.peer);
        }
    }

    /// The address at the other end.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        self.tls.get().is_some()
    }

    /// Waits for the first byte of the peer, at most until `deadline`, and leaves it there. `None` if the
    /// peer has ended its side.
    pub fn first_byte(&self, deadline: Instant) -> io::Result<Option<u8>> {
        self.wait_for_bytes(deadline)?;
        let mut first = [0];
        let flags = RecvFlags::DONTWAIT | RecvFlags::PEEK;
        let (read, _) =
            rustix::io::retry_on_intr(|| rustix::net::recv(&self.tcp, &mut first, flags))?;
        Ok((read > 0).then_some(first[0]))
    }

    /// Does the TLS handshake, at most until `deadline`. From then on everything is encrypted. Called from the
    /// connection's thread before it reads anything.
    pub fn start_tls(&self, config: Arc<ServerConfig>, deadline: Instant) -> io::Result<()> {
        let tls = Tls::new(config)?;
        while tls.is_handshaking() {
            self.wait_for_bytes(deadline)?;
            self.receive(&tls)?;
        }
        let is_first = self.tls.set(Box::new(tls)).is_ok();
        assert!(is_first, "one handshake for a connection");
        Ok(())
    }

    /// Reads the bytes that are there, and waits for the first at most for `timeout`. 0 is the end of
    /// the stream. The error of a timeout is `WouldBlock` or `TimedOut`.
    pub fn read_within(&self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        let Some(tls) = self.tls.get() else {
            return self.read_plain(buffer, timeout);
        };
        let deadline = Instant::now() + timeout;
        loop {
            match tls.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
            self.wait_for_bytes(deadline)?;
            self.receive(tls)?;
        }
    }

    fn read_plain(&self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
        let milliseconds = u64::try_from(timeout.as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        if self.read_timeout_ms.swap(milliseconds, Ordering::Relaxed) != milliseconds {
            let timeout = Duration::from_millis(milliseconds);
            self.tcp.set_read_timeout(Some(timeout))?;
        }
        loop {
            match (&self.tcp).read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Reads the bytes that are there. Never waits for some: `WouldBlock` if there are none. With TLS it may
    /// send, so the caller is the only one that sends meanwhile.
    pub fn read_now(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = self.tls.get() else {
            return self.receive_now(buffer);
        };
        match tls.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return result,
        }
        // Once: a peer that sends empty records must not keep the thread here.
        self.receive(tls)?;
        tls.read(buffer)
    }

    /// Decrypts bytes from the socket, and sends what TLS answers.
    fn receive(&self, tls: &Tls) -> io::Result<()> {
        let (answer, received) = tls.receive(&mut ReadNow(self));
        self.send_all(&answer)?;
        received
    }

    fn receive_now(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let (read, _) = rustix::io::retry_on_intr(|| {
            rustix::net::recv(&self.tcp, &mut *buffer, RecvFlags::DONTWAIT)
        })?;
        Ok(read)
    }

    /// Waits until bytes can be read from the socket, or its end; `TimedOut` at the `deadline`, also if
    /// there are some, so that a peer cannot go on for ever with bytes that say nothing.
    fn wait_for_bytes(&self, deadline: Instant) -> io::Result<()> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let mut socket = [PollFd::new(&self.tcp, PollFlags::IN)];
            poll_within(&mut socket, left)?;
            if !socket[0].revents().is_empty() {
                return Ok(());
            }
        }
    }

    /// Waits until `signal` is readable or closed, the peer ends its side of the connection, or `timeout`
    /// passes. Returns whether the peer has ended it; a signal may also end the wait.
    pub fn wait_for(&self, signal: &impl AsFd, timeout: Duration) -> io::Result<bool> {
        let mut both = [
            PollFd::new(&self.tcp, PEER_END),
            PollFd::new(signal, PollFlags::IN),
        ];
        poll_within(&mut both, timeout)?;
        Ok(!both[0].revents().is_empty())
    }

    /// Writes all bytes, and waits for the peer if necessary. `TimedOut` if the peer takes too long; what was
    /// not sent is then dropped with the connection.
    pub fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        if !self.is_tls() {
            return self.send_all(bytes);
        }
        for piece in bytes.chunks(SEAL_BYTES) {
            self.send_all(&self.seal(piece)?)?;
        }
        Ok(())
    }

    /// The bytes as they go through the socket: the same, or encrypted. What is sealed must be sent, whole
    /// and in this order, or nothing more. So one thread at a time seals and sends.
    pub fn seal<'a>(&self, bytes: &'a [u8]) -> io::Result<Cow<'a, [u8]>> {
        match self.tls.get() {
            None => Ok(Cow::Borrowed(bytes)),
            Some(tls) => Ok(Cow::Owned(tls.seal(bytes)?)),
        }
    }

    /// Sends sealed bytes, and waits for the peer if necessary, as [`Wire::write_all`] does.
    pub fn send_all(&self, sealed: &[u8]) -> io::Result<()> {
        for step in sealed.chunks(SEND_STEP_BYTES) {
            let deadline = Instant::now() + self.send_timeout;
            let mut left = step;
            while !left.is_empty() {
                match self.send_now(left) {
                    Ok(sent) => left = &left[sent..],
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.wait_for_room(deadline)?;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    fn wait_for_room(&self, deadline: Instant) -> io::Result<()> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                // The peer takes nothing, so the kernel must not keep the send buffer.
                sockopt::set_socket_linger(&self.tcp, Some(Duration::ZERO))?;
                return Err(io::ErrorKind::TimedOut.into());
            }
            let mut socket = [PollFd::new(&self.tcp, PollFlags::OUT)];
            poll_within(&mut socket, left)?;
            if !socket[0].revents().is_empty() {
                return Ok(());
            }
        }
    }

    /// Sends as many sealed bytes as fit into the send buffer. Never waits: `WouldBlock` if none fit.
    pub fn send_now(&self, sealed: &[u8]) -> io::Result<usize> {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let sent = rustix::io::retry_on_intr(|| rustix::net::send(&self.tcp, sealed, flags))?;
        Ok(sent)
    }

    /// Ends reading: a thread that waits for bytes of this peer gets the end of the stream.
    pub fn end_reading(&self) {
        // Fails if the peer has closed the connection already.
        let _ = self.tcp.shutdown(Shutdown::Read);
    }

    /// Closes the connection at once.
    pub fn cut(&self) {
        let _ = self.tcp.shutdown(Shutdown::Both);
    }

    /// Tells a peer that uses TLS that nothing more comes, if there is room.
    fn end_tls(&self) {
        if let Some(tls) = self.tls.get() {
            let _ = self.send_now(&tls.end());
        }
    }

    /// Ends writing, then waits a moment so that the peer can receive what was sent.
    pub fn linger(&self) {
        self.end_tls();
        if self.tcp.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let deadline = Instant::now() + LINGER;
        let mut unread = [0; 4096];
        let mut total = 0;
        while total < LINGER_BYTES {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            match self.read_within(&mut unread, left) {
                Ok(0) | Err(_) => return,
                Ok(read) => total += read,
            }
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.end_tls();
    }
}

/// Reads the bytes of the socket that are there.
struct ReadNow<'a>(&'a Wire);

impl Read for ReadNow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.receive_now(buffer)
    }
}

/// poll(2); a signal ends it early.
fn poll_within(files: &mut [PollFd<'_>], timeout: Duration) -> io::Result<()> {
    let timeout = Timespec::try_from(timeout).ok();
    match poll(files, timeout.as_ref()) {
        Err(error) if error != rustix::io::Errno::INTR => Err(error.into()),
        _ => Ok(()),
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tcp.as_fd()
    }
}

impl AsRawFd for Wire {
    fn as_raw_fd(&self) -> RawFd {
        self.tcp.as_raw_fd()
    }
}
