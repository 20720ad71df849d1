//! Accepts the connections of one address, or refuses those past a limit.

use std::cell::Cell;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::connection::{refuse_plain, serve, unread_refusal};
use crate::presentation::http::answer::Framing;
use crate::presentation::http::certificate::Certificate;
use crate::presentation::http::client_key::ClientKey;
use crate::presentation::http::connections::Connections;
use crate::presentation::http::places::Full;
use crate::presentation::http::plain;
use crate::presentation::http::problem::Problem;
use crate::presentation::http::wire::Wire;
use crate::presentation::office::Office;
use crate::threads;

/// The pause after a connection could not be accepted for lack of files or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The shortest interval between two log lines about refused connections, and about those that could
/// not be accepted.
const WARN_EVERY: Duration = Duration::from_secs(10);

pub(super) struct Acceptor {
    pub(super) listener: Arc<TcpListener>,
    /// Present if connections speak TLS.
    pub(super) certificate: Option<Arc<Certificate>>,
    pub(super) office: Arc<Office>,
    pub(super) connections: Arc<Connections>,
    pub(super) stopping: Arc<AtomicBool>,
    /// All acceptors count connections together.
    pub(super) next_number: Arc<AtomicU64>,
    pub(super) refusals: Seldom,
    pub(super) failures: Seldom,
}

/// Allows one log line per [`WARN_EVERY`].
#[derive(Default)]
pub(super) struct Seldom(Cell<Option<Instant>>);

impl Seldom {
    fn allows(&self) -> bool {
        let now = Instant::now();
        let is_recent = |at: Instant| now.duration_since(at) < WARN_EVERY;
        let allows = !self.0.get().is_some_and(is_recent);
        if allows {
            self.0.set(Some(now));
        }
        allows
    }
}

impl Acceptor {
    pub(super) fn run(&self) {
        loop {
            let accepted = self.listener.accept();
            if self.stopping.load(Ordering::Acquire) {
                return;
            }
            let begun = accepted.and_then(|(tcp, peer)| self.begin(tcp, peer));
            match begun {
                Ok(()) => {}
                // The peer closed the connection before it was accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    if self.failures.allows() {
                        log::warn!("A connection could not be accepted: {error}");
                    }
                    // Most likely the process has no file left.
                    self.connections.make_room();
                    thread::sleep(ACCEPT_PAUSE);
                }
            }
        }
    }

    /// Logs a refused connection, at most once per [`WARN_EVERY`].
    fn warn_of_refusal(&self, full: Full) {
        if !self.refusals.allows() {
            return;
        }
        let (client, limit) = match full {
            Full::All(limit) | Full::Public(limit) => ("The server".to_owned(), limit),
            Full::Of(ClientKey::Address(address), limit) => (address.to_string(), limit),
            Full::Of(ClientKey::Network(network), limit) => (format!("{network}/64"), limit),
        };
        log::warn!("{client} has {limit} connections open; new ones are refused");
    }

    fn begin(&self, tcp: TcpStream, peer: SocketAddr) -> io::Result<()> {
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let Ok(wire) = Wire::new(tcp, peer, self.office.config.limits.send_timeout) else {
            // Options cannot be set on a connection that the peer has closed already.
            return Ok(());
        };
        let wire = Arc::new(wire);
        let entered = match self
            .connections
            .enter(number, &wire, self.limited_address(peer))
        {
            Ok(entered) => entered,
            Err(full) => {
                let metrics = self.office.tickets.shared().metrics();
                metrics.count_refused_connection();
                self.warn_of_refusal(full);
                // Without a handshake, an answer cannot be read.
                if self.certificate.is_none() {
                    refuse(&wire, full, &self.office);
                }
                return Ok(());
            }
        };
        let office = self.office.clone();
        let certificate = self.certificate.clone();
        threads::spawn_connection(number, move || {
            let Some(certificate) = certificate else {
                return serve(&wire, &office, &entered);
            };
            let deadline = Instant::now() + office.config.limits.head_timeout;
            match plain::start_tls(&wire, &certificate, deadline) {
                Ok(true) => serve(&wire, &office, &entered),
                Ok(false) => refuse_plain(&wire, &office, &entered),
                Err(error) => log::debug!("{peer}: the TLS handshake failed: {error}"),
            }
        })?;
        Ok(())
    }

    /// The address whose limit a connection counts for. This machine and trusted proxies have no limit:
    /// a proxy connects for many clients.
    fn limited_address(&self, peer: SocketAddr) -> Option<IpAddr> {
        let address = peer.ip().to_canonical();
        let is_exempt =
            address.is_loopback() || self.office.config.trusted_proxies.contains(&address);
        (!is_exempt).then_some(address)
    }
}

/// Refuses a connection without waiting for the peer, because the acceptor must go on.
fn refuse(wire: &Wire, full: Full, office: &Office) {
    // Closing a socket with unread bytes resets it, and the answer could be lost.
    let _ = wire.read_now(&mut [0; 4096]);
    let _ = unread_refusal(&Problem::from(full), office).send(wire, Framing::LAST);
}
