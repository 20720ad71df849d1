//! Accepts connections and serves each on its own thread: it reads one request at a time, answers it,
//! and becomes a screen's thread when the request opens a WebSocket.

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
use super::http::answer::{Answer, Framing};
use super::http::client_key::ClientKey;
use super::http::connections::{Connections, Entered, allowed_connections};
use super::http::origin;
use super::http::places::{Full, Place};
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

/// Connections that the kernel queues before they are accepted: all screens of an office may
/// reconnect in the same second.
const BACKLOG: i32 = 1_024;

/// The pause after a connection could not be accepted for lack of files or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The shortest interval between two log lines about refused connections, and about those that could
/// not be accepted.
const WARN_EVERY: Duration = Duration::from_secs(10);

/// How long a stop waits for connections to end by themselves, and then for the ones that it cuts.
/// Together with closing the storage, a stop takes less than 5 s.
const GRACE: Duration = Duration::from_millis(2_500);
const CUT_GRACE: Duration = Duration::from_millis(1_000);

/// The WebSocket subprotocol with all events, numbered.
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
        // A file from a folder stays open while it is sent.
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
            refusals: Seldom::default(),
            failures: Seldom::default(),
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

    /// Stops within 5 s: stops accepting, closes the screens, waits for requests in progress, cuts the
    /// connections that remain, executes the commands that the ledger has, and closes the journal.
    pub fn stop(self) {
        log::info!("Stopping");
        self.stopping.store(true, Ordering::Release);
        self.wake_acceptor();
        if self.accept.join().is_err() {
            log::error!("The accept thread panicked");
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

    /// Wakes the accept thread: on Linux by shutting the listener down, which works even if its
    /// address is gone; on other systems by connecting to it.
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
        // If this fails, the backlog is full, and the acceptor is awake.
        let _ = TcpStream::connect_timeout(&address, Duration::from_millis(500));
    }
}

struct Acceptor {
    listener: Arc<TcpListener>,
    office: Arc<Office>,
    connections: Arc<Connections>,
    stopping: Arc<AtomicBool>,
    refusals: Seldom,
    failures: Seldom,
}

/// Allows one log line per [`WARN_EVERY`].
#[derive(Default)]
struct Seldom(Cell<Option<Instant>>);

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

    fn begin(&self, number: u64, tcp: TcpStream, peer: SocketAddr) -> io::Result<()> {
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
                refuse(&wire, full, &self.office);
                return Ok(());
            }
        };
        let office = self.office.clone();
        threads::spawn_connection(number, move || serve(&wire, &office, &entered))?;
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

/// The refusal of a request that was not read. If pages of other sites may use the server, any page
/// may read the refusal: it says the same to everybody, and who sent the request is not known.
fn unread_refusal(problem: &Problem, office: &Office) -> Answer {
    let answer = problem.answer();
    if office.config.allowed_origins.is_empty() {
        return answer;
    }
    answer
        .with_header("Access-Control-Allow-Origin", "*")
        .with_header("Access-Control-Expose-Headers", "Retry-After")
}

/// Serves one connection, on its own thread.
fn serve(wire: &Arc<Wire>, office: &Office, entered: &Entered) {
    let mut reader = RequestReader::new(wire, &office.config.limits);
    loop {
        entered.waits();
        let body_limit = |request: &Request| router::body_limit(office, request);
        let request = match reader.read_next(&body_limit) {
            Ok(Some(request)) => request,
            Ok(None) => return,
            Err(problem) => {
                log::debug!("{}: {}", wire.peer(), problem.detail);
                let answer = unread_refusal(&problem, office);
                let metrics = office.tickets.shared().metrics();
                metrics.count_request(router::NO_ROUTE, "none", answer.status);
                if answer.send(wire, Framing::LAST).is_ok() {
                    entered.lingers();
                    wire.linger();
                }
                return;
            }
        };
        entered.works();
        log::debug!("{} {request:?}", wire.peer());
        let answer = match Upgrade::of(office, &request, entered) {
            Ok(None) => router::answer(office, &request, entered),
            Ok(Some(upgrade)) => {
                router::count(office, office.wss.path(), &request, 101);
                drop(request);
                return serve_upgraded(wire, reader, upgrade, office, entered);
            }
            Err(problem) => {
                router::count(office, office.wss.path(), &request, problem.status());
                problem.answer()
            }
        };
        let keep_alive =
            request.keep_alive && answer.status != 426 && !answer.ends_connection(request.http_1_0);
        let framing = Framing {
            head_only: request.method == Method::Head,
            http_1_0: request.http_1_0,
            keep_alive,
        };
        entered.sends();
        if let Err(error) = answer.send(wire, framing) {
            log::debug!("{} did not receive its answer: {error}", wire.peer());
            return;
        }
        if !keep_alive {
            entered.lingers();
            return wire.linger();
        }
    }
}

/// Completes a WebSocket handshake and serves the screen until its connection ends.
fn serve_upgraded(
    wire: &Arc<Wire>,
    reader: RequestReader<'_>,
    upgrade: Upgrade,
    office: &Office,
    entered: &Entered,
) {
    let Upgrade {
        response,
        handshake,
        caller,
        place: _place,
    } = upgrade;
    if wire.write_all(&response).is_err() {
        return;
    }
    drop(response);
    entered.becomes_screen();
    wire.drop_when_stalled(office.config.limits.send_timeout);
    let desk = handshake.desk.as_ref();
    let presence = desk.map(|(desk, screen)| office.presence.enter(desk, *screen, false));
    let is_closed = serve_screen(
        wire,
        reader.into_leftover(),
        &handshake,
        &|| office.access.remaining_lifetime(&caller),
        &office.tickets,
        office.wss,
    );
    drop(presence);
    if is_closed {
        wire.linger();
    }
}

/// An accepted WebSocket handshake.
struct Upgrade {
    /// The bytes of the answer.
    response: Vec<u8>,
    handshake: Handshake,
    caller: Caller,
    /// Held while the screen is connected.
    place: Option<Place>,
}

impl Upgrade {
    /// Checks a WebSocket handshake. `None` if the request is not one.
    fn of(
        office: &Office,
        request: &Request,
        connection: &Entered,
    ) -> Result<Option<Self>, Problem> {
        if request.path != office.wss.path() || !request.wants_upgrade() {
            return Ok(None);
        }
        let caller = office
            .access
            .identify(&office.config, &office.tickets, request)?;
        origin::check(request, &caller, &office.config.allowed_origins)?;
        let (response, dialect) = accept(request)?;
        let handshake = handshake(office, request, caller.role, dialect)?;
        connection.set_public(office.access.is_public(&caller));
        Ok(Some(Self {
            response,
            handshake,
            place: connection.take_place(caller.address)?,
            caller,
        }))
    }
}

/// The bytes that accept a WebSocket (RFC 6455, section 4.2), and the dialect that it chooses.
fn accept(request: &Request) -> Result<(Vec<u8>, Dialect), Problem> {
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
    let dialect = if v1 { Dialect::V1 } else { Dialect::Course };
    if v1 {
        let chosen = http::HeaderValue::from_static(SUBPROTOCOL);
        response
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", chosen);
    }
    let mut bytes = Vec::new();
    write_response(&mut bytes, &response).map_err(|_| Problem::upgrade_required())?;
    Ok((bytes, dialect))
}

/// Reads the query of a WebSocket's address.
fn handshake(
    office: &Office,
    request: &Request,
    role: Role,
    dialect: Dialect,
) -> Result<Handshake, Problem> {
    let mut handshake = Handshake {
        dialect,
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
                    Problem::invalid("since", format!("«{value}» is not an event number"))
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
            // Pages may add fields to get past caches.
            _ => {}
        }
    }
    // Only staff can open a desk. For others this is a screen without one.
    if role >= Role::Staff {
        handshake.desk = open_desk(&office.tickets, desk.as_deref(), screen.as_deref())?;
    }
    Ok(handshake)
}
