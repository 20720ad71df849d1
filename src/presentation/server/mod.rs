//! Accepts connections and serves each on its own thread: it reads one request at a time, answers it,
//! and becomes a subscriber's thread when the request opens a WebSocket.

mod acceptor;
mod connection;
mod upgrade;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use self::acceptor::{Acceptor, Seldom};
use super::http::certificate::Certificate;
use super::http::connections::{Connections, allowed_connections};
use super::office::Office;
use crate::threads;

/// Connections that the kernel queues before they are accepted: all screens of an office may
/// reconnect in the same second.
const BACKLOG: i32 = 1_024;

/// How long a stop waits for connections to end by themselves, and then for the ones that it cuts.
/// Together with closing the storage, a stop takes less than 5 s.
const GRACE: Duration = Duration::from_millis(2_500);
const CUT_GRACE: Duration = Duration::from_millis(1_000);

/// A server that accepts connections.
pub struct Server {
    doors: Vec<Door>,
    stopping: Arc<AtomicBool>,
    connections: Arc<Connections>,
    office: Arc<Office>,
}

/// An address that the server listens on, and the thread that accepts there.
struct Door {
    address: SocketAddr,
    listener: Arc<TcpListener>,
    accept: JoinHandle<()>,
}

impl Server {
    /// Starts accepting on `listener`, with the thread `accept`, and HTTPS on `secure`, if it is given, with the
    /// thread `accept-tls`.
    pub fn start(
        listener: TcpListener,
        secure: Option<(TcpListener, Arc<Certificate>)>,
        office: Arc<Office>,
    ) -> io::Result<Self> {
        // A file from a folder stays open while it is sent.
        let from_folders = office.config.html.is_some() || office.config.media.is_some();
        let files_each = if from_folders { 2 } else { 1 };
        let most = allowed_connections(office.config.limits.connections, files_each);
        let limits = &office.config.limits;
        let connections = Arc::new(Connections::new(most, limits.connections_per_address));
        let stopping = Arc::new(AtomicBool::new(false));
        let next_number = Arc::new(AtomicU64::new(1));
        let open = |name: &str, listener: TcpListener, certificate: Option<Arc<Certificate>>| {
            let address = listener.local_addr()?;
            rustix::net::listen(&listener, BACKLOG)?;
            let listener = Arc::new(listener);
            let scheme = if certificate.is_some() {
                "https"
            } else {
                "http"
            };
            let acceptor = Acceptor {
                listener: listener.clone(),
                certificate,
                office: office.clone(),
                connections: connections.clone(),
                stopping: stopping.clone(),
                next_number: next_number.clone(),
                refusals: Seldom::default(),
                failures: Seldom::default(),
            };
            let accept = threads::spawn_vital(name, move || acceptor.run())?;
            log::info!("Listening on {scheme}://{address}");
            io::Result::Ok(Door {
                address,
                listener,
                accept,
            })
        };
        let mut doors = Vec::new();
        if let Some((listener, certificate)) = secure {
            doors.push(open("accept-tls", listener, Some(certificate))?);
        }
        doors.push(open("accept", listener, None)?);
        Ok(Self {
            doors,
            stopping,
            connections,
            office,
        })
    }

    /// Stops within 5 s: stops accepting, closes the subscribers, waits for requests in progress, cuts the
    /// connections that remain, executes the commands that the ledger has, and closes the journal.
    pub fn stop(self) {
        log::info!("Stopping");
        self.stopping.store(true, Ordering::Release);
        for door in self.doors {
            door.wake();
            if door.accept.join().is_err() {
                log::error!("The accept thread panicked");
            }
        }
        self.office.printers.close();
        self.office.wss.close();
        self.connections.end_requests();
        if !self.connections.wait_until_none(GRACE) {
            self.connections.cut_all();
            self.connections.wait_until_none(CUT_GRACE);
        }
        self.office.webhooks.stop();
        self.office.tickets.stop();
        self.office.printers.stop();
        self.office.wss.stop();
    }
}

impl Door {
    /// Wakes the accept thread: on Linux by shutting the listener down, which works even if its
    /// address is gone; on other systems by connecting to it.
    fn wake(&self) {
        if rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both).is_ok() {
            return;
        }
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let address = SocketAddr::new(ip, self.address.port());
        // If this fails, the backlog is full, and the acceptor is awake.
        let _ = TcpStream::connect_timeout(&address, Duration::from_millis(500));
    }
}
