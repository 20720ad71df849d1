//! The byte stream of one connection. The rest of the program uses this type and not `TcpStream`, so
//! that an encrypted stream could take its place.

use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags, sockopt};

/// The kernel's send buffer: enough for several full states of a large office. Without this limit a
/// stalled screen can hold megabytes.
const SEND_BUFFER_BYTES: usize = 128 * 1024;

/// How long, and how many bytes, are read from a connection after its last answer. Closing a socket
/// with unread bytes resets it, and the reset can overtake the answer.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 4 * 1024 * 1024;

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
    peer: SocketAddr,
    send_timeout: Duration,
    /// The current read timeout in milliseconds, to avoid setting it again.
    read_timeout_ms: AtomicU64,
}

impl Wire {
    /// Takes over an accepted connection. A write fails if the peer makes no room for more bytes within
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

    /// Reads the bytes that are there, and waits for the first at most for `timeout`. 0 is the end of
    /// the stream. The error of a timeout is `WouldBlock` or `TimedOut`.
    pub fn read_within(&self, buffer: &mut [u8], timeout: Duration) -> io::Result<usize> {
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

    /// Reads the bytes that are there. Never waits: `WouldBlock` if there are none.
    pub fn read_now(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let (read, _) = rustix::io::retry_on_intr(|| {
            rustix::net::recv(&self.tcp, &mut *buffer, RecvFlags::DONTWAIT)
        })?;
        Ok(read)
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

    /// Writes all bytes, and waits for the peer if necessary. `TimedOut` if the peer makes no room for
    /// more within the time-out; what was not sent is then dropped with the connection.
    pub fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        let mut left = bytes;
        while !left.is_empty() {
            match self.write_now(left) {
                Ok(written) => left = &left[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait_for_room()?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn wait_for_room(&self) -> io::Result<()> {
        let deadline = Instant::now() + self.send_timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut socket = [PollFd::new(&self.tcp, PollFlags::OUT)];
            poll_within(&mut socket, left)?;
            if !socket[0].revents().is_empty() {
                return Ok(());
            }
            if left.is_zero() {
                // The peer takes nothing, so the kernel must not keep the send buffer.
                sockopt::set_socket_linger(&self.tcp, Some(Duration::ZERO))?;
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }

    /// Writes as many bytes as fit into the send buffer. Never waits: `WouldBlock` if none fit.
    pub fn write_now(&self, bytes: &[u8]) -> io::Result<usize> {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let written = rustix::io::retry_on_intr(|| rustix::net::send(&self.tcp, bytes, flags))?;
        Ok(written)
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

    /// Ends writing, then waits a moment so that the peer can receive what was sent.
    pub fn linger(&self) {
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
