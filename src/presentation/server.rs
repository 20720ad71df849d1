//! Accepts connections and gives each a thread of its own, which reads one request at a time,
//! answers it, and becomes a screen's thread when a WebSocket is asked for.

use std::cell::Cell;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use form_urlencoded::parse;
use tiny_http::Method;
use tungstenite::handshake::server::{create_response, write_response};
use tungstenite::http;

use super::access::Caller;
use super::http::answer::Framing;
use super::http::client_key::ClientKey;
use super::http::connections::{Connections, Entered, Full, allowed_connections};
use super::http::origin;
use super::http::problem::Problem;
use super::http::request::Request;
use super::http::request_reader::RequestReader;
use super::http::wire::Wire;
use super::office::Office;
use super::router;
use super::services::{Dialect, Handshake, serve_screen};
use super::tickets::open_desk;
use crate::access::Role;
use crate::digits;
use crate::domain::TicketId;
use crate::threads;

/// Connections that the kernel may hold until they are accepted: a whole office whose screens
/// come back in the same second.
const BACKLOG: i32 = 1_024;

/// How long accepting pauses when the system has no file or memory for one more connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How often the log says that connections are refused.
const WARN_EVERY: Duration = Duration::from_secs(10);

/// How long a stop waits for connections to end by themselves, and then for those it cuts. With
/// what storage needs, the whole stays under 5 s.
const GRACE: Duration = Duration::from_millis(2_500);
const CUT_GRACE: Duration = Duration::from_millis(1_000);

/// The subprotocol that gets everything, numbered.
const SUBPROTOCOL: &str = "turnero.v1";

/// A server that accepts connections.
pub struct Server {
    address: SocketAddr,
    listener: Arc<TcpListener>,
    stopping: Arc<AtomicBool>,
    accept: JoinHandle<()>,
    connections: Arc<Connections>,
    office: Arc<Office>,
}

impl Server {
    /// Starts accepting on `listener`, with the thread `accept`.
    pub fn start(listener: TcpListener, office: Arc<Office>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        rustix::net::listen(&listener, BACKLOG)?;
        // What comes from a folder is a file that is open while it is sent.
        let from_folders = office.config.html.is_some() || office.config.media.is_some();
        let files_each = if from_folders { 2 } else { 1 };
        let most = allowed_connections(office.config.limits.connections, files_each);
        let limits = &office.config.limits;
        let connections = Arc::new(Connections::new(most, limits.connections_per_address));
        let stopping = Arc::new(AtomicBool::new(false));
        let listener = Arc::new(listener);
        let acceptor = Acceptor {
            listener: listener.clone(),
            office: office.clone(),
            connections: connections.clone(),
            stopping: stopping.clone(),
            warned_at: Cell::new(None),
        };
        let accept = threads::spawn_vital("accept", move || acceptor.run())?;
        log::info!("Listening on http://{address}");
        Ok(Self {
            address,
            listener,
            stopping,
            accept,
            connections,
            office,
        })
    }

    /// Ends within 5 s: accepts nothing more, closes the screens, lets requests under way end, cuts
    /// what is left after a while, works off what the ledger has been given, and closes the journal.
    pub fn stop(self) {
        log::info!("Ending");
        self.stopping.store(true, Ordering::Release);
        self.wake_acceptor();
        if self.accept.join().is_err() {
            log::error!("The accepting thread has failed");
        }
        for printer in &self.office.printers {
            printer.close();
        }
        self.office.wss.close();
        self.connections.end_requests();
        if !self.connections.wait_until_none(GRACE) {
            self.connections.cut_all();
            self.connections.wait_until_none(CUT_GRACE);
        }
        self.office.tickets.stop();
        for printer in &self.office.printers {
            printer.stop();
        }
        self.office.wss.stop();
    }

    /// Ends the wait for a connection: on Linux by shutting the listener down, which works also when
    /// its address has gone, elsewhere by a connection from here.
    fn wake_acceptor(&self) {
        if rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both).is_ok() {
            return;
        }
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let address = SocketAddr::new(ip, self.address.port());
        // Where it fails, a full backlog has woken the acceptor already.
        let _ = TcpStream::connect_timeout(&address, Duration::from_millis(500));
    }
}

struct Acceptor {
    listener: Arc<TcpListener>,
    office: Arc<Office>,
    connections: Arc<Connections>,
    stopping: Arc<AtomicBool>,
    warned_at: Cell<Option<Instant>>,
}

impl Acceptor {
    fn run(&self) {
        let mut number = 0;
        loop {
            let accepted = self.listener.accept();
            if self.stopping.load(Ordering::Acquire) {
                return;
            }
            number += 1;
            let begun = accepted.and_then(|(tcp, peer)| self.begin(number, tcp, peer));
            match begun {
                Ok(()) => {}
                // The peer has gone before it was accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    log::warn!("A connection could not be accepted: {error}");
                    // Most likely there is no file left for it.
                    self.connections.make_room();
                    thread::sleep(ACCEPT_PAUSE);
                }
            }
        }
    }

    /// Says that connections are refused, once in a while and not for each.
    fn warn_of_refusal(&self, full: Full) {
        let now = Instant::now();
        let recent = |at: Instant| now.duration_since(at) < WARN_EVERY;
        if !self.warned_at.get().is_some_and(recent) {
            self.warned_at.set(Some(now));
            match full {
                Full::All(most) => {
                    log::warn!("{most} connections are open, and new ones are refused");
                }
                Full::Of(key, most) => {
                    let client = match key {
                        ClientKey::Address(address) => address.to_string(),
                        ClientKey::Network(network) => format!("{network}/64"),
                    };
                    log::warn!(
                        "{client} has {most} connections open, and new ones of it are refused"
                    );
                }
            }
        }
    }

    fn begin(&self, number: u64, tcp: TcpStream, peer: SocketAddr) -> io::Result<()> {
        let Ok(wire) = Wire::new(tcp, peer, self.office.config.limits.send_timeout) else {
            // Options cannot be set on a connection that its peer has ended already.
            return Ok(());
        };
        let wire = Arc::new(wire);
        let entered = match self
            .connections
            .enter(number, &wire, self.limited_address(peer))
        {
            Ok(entered) => entered,
            Err(full) => {
                self.warn_of_refusal(full);
                refuse(&wire, full);
                return Ok(());
            }
        };
        let office = self.office.clone();
        threads::spawn_connection(number, move || serve(&wire, &office, &entered))?;
        Ok(())
    }

    /// The address that a connection counts for: none for this machine and trusted proxies, which
    /// speak for many.
    fn limited_address(&self, peer: SocketAddr) -> Option<IpAddr> {
        let address = peer.ip().to_canonical();
        let is_free =
            address.is_loopback() || self.office.config.trusted_proxies.contains(&address);
        (!is_free).then_some(address)
    }
}

/// Refuses a connection, without waiting for it: the acceptor has others to see to.
fn refuse(wire: &Wire, full: Full) {
    // A socket closed with unread bytes is reset, and the answer could be lost.
    let _ = wire.read_now(&mut [0; 4096]);
    let problem = match full {
        Full::All(most) => Problem::too_many_connections(most),
        Full::Of(ClientKey::Address(_), most) => Problem::too_many_connections_of("address", most),
        Full::Of(ClientKey::Network(_), most) => Problem::too_many_connections_of("network", most),
    };
    let _ = problem.answer().send(wire, Framing::LAST);
}

/// The body of a connection's thread.
fn serve(wire: &Arc<Wire>, office: &Office, entered: &Entered) {
    let mut reader = RequestReader::new(wire, &office.config.limits);
    loop {
        entered.waits();
        let request = match reader.read_next() {
            Ok(Some(request)) => request,
            Ok(None) => return,
            Err(problem) => {
                log::debug!("{}: {}", wire.peer(), problem.detail);
                if problem.answer().send(wire, Framing::LAST).is_ok() {
                    entered.lingers();
                    wire.linger();
                }
                return;
            }
        };
        entered.works();
        log::debug!("{} {request:?}", wire.peer());
        let handshake = upgrade(office, &request);
        let answer = match handshake {
            Ok(None) => router::answer(office, &request),
            Ok(Some((response, handshake, caller))) => {
                if wire.write_all(&response).is_ok() {
                    entered.becomes_screen();
                    wire.drop_when_stalled(office.config.limits.send_timeout);
                    let leftover = reader.into_leftover();
                    drop((request, response));
                    let there = handshake
                        .desk
                        .as_ref()
                        .map(|(desk, screen)| office.presence.enter(desk, *screen, false));
                    let remaining_lifetime = || office.access.remaining_lifetime(&caller);
                    let (tickets, wss) = (&office.tickets, office.wss);
                    let is_closed = serve_screen(
                        wire,
                        leftover,
                        &handshake,
                        &remaining_lifetime,
                        tickets,
                        wss,
                    );
                    drop(there);
                    if is_closed {
                        wire.linger();
                    }
                }
                return;
            }
            Err(problem) => problem.answer(),
        };
        let keep_alive = request.keep_alive && answer.status != 426;
        let framing = Framing {
            head_only: request.method == Method::Head,
            http_1_0: request.http_1_0,
            keep_alive,
        };
        if let Err(error) = answer.send(wire, framing) {
            log::debug!("{} did not take its answer: {error}", wire.peer());
            return;
        }
        if !keep_alive {
            entered.lingers();
            return wire.linger();
        }
    }
}

/// The answer to a WebSocket's handshake, what it asked for, and who did; `None` where it is none.
fn upgrade(
    office: &Office,
    request: &Request,
) -> Result<Option<(Vec<u8>, Handshake, Caller)>, Problem> {
    if request.path != office.wss.path() || !request.wants_upgrade() {
        return Ok(None);
    }
    let caller = office
        .access
        .identify(&office.config, &office.tickets, request)?;
    origin::check(request, &caller, &office.config.allowed_origins)?;
    let mut copy = http::Request::builder()
        .method(request.method.as_str())
        .uri(request.path.as_str())
        .version(if request.http_1_0 {
            http::Version::HTTP_10
        } else {
            http::Version::HTTP_11
        });
    for (name, value) in request.headers() {
        copy = copy.header(name, value);
    }
    let copy = copy
        .body(())
        .map_err(|e| Problem::unreadable(&e.to_string()))?;
    let mut response = create_response(&copy).map_err(|_| Problem::upgrade_required())?;
    let v1 = request
        .headers()
        .filter(|(name, _)| name.eq_ignore_ascii_case("Sec-WebSocket-Protocol"))
        .flat_map(|(_, names)| names.split(','))
        .any(|name| name.trim() == SUBPROTOCOL);
    if v1 {
        let chosen = http::HeaderValue::from_static(SUBPROTOCOL);
        response
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", chosen);
    }
    let mut handshake = Handshake {
        dialect: if v1 { Dialect::V1 } else { Dialect::Course },
        since: None,
        ticket: None,
        desk: None,
    };
    let mut desk = None;
    let mut screen = None;
    for (name, value) in parse(request.query.as_bytes()) {
        match name.as_ref() {
            "since" => {
                let seq = digits::parse(&value);
                handshake.since = Some(seq.ok_or_else(|| {
                    Problem::invalid("since", format!("«{value}» is not the number of an event"))
                })?);
            }
            "ticket" => {
                let id = TicketId::parse(&value);
                let known = id.filter(|id| office.tickets.read_queue(|q| q.ticket(*id).is_some()));
                let unknown = || Problem::not_found(format!("There is no ticket {value} here."));
                handshake.ticket = Some(known.ok_or_else(unknown)?);
            }
            "desk" => desk = Some(value),
            "screen" => screen = Some(value),
            // A page may add what it likes to get past caches.
            _ => {}
        }
    }
    // Whose desk it is concerns nobody else; theirs is a screen like any other.
    if caller.role >= Role::Staff {
        handshake.desk = open_desk(desk.as_deref(), screen.as_deref())?;
    }
    let mut bytes = Vec::new();
    write_response(&mut bytes, &response).map_err(|_| Problem::upgrade_required())?;
    Ok(Some((bytes, handshake, caller)))
}
