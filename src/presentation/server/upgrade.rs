//! Makes a connection a subscriber: checks the WebSocket handshake, answers it, and serves the subscriber.

use std::sync::Arc;

use form_urlencoded::parse;
use tungstenite::handshake::server::{create_response, write_response};
use tungstenite::http;

use crate::access::Role;
use crate::digits;
use crate::domain::TicketId;
use crate::presentation::access::Caller;
use crate::presentation::access::origin;
use crate::presentation::http::connections::Entered;
use crate::presentation::http::places::Place;
use crate::presentation::http::problem::Problem;
use crate::presentation::http::request::Request;
use crate::presentation::http::request_reader::RequestReader;
use crate::presentation::http::wire::Wire;
use crate::presentation::office::Office;
use crate::presentation::services::{Dialect, Handshake, serve_subscriber};
use crate::presentation::tickets::shown_desk;

/// The WebSocket subprotocol with all events, numbered.
const SUBPROTOCOL: &str = "turnero.v1";

/// An accepted WebSocket handshake.
pub(super) struct Upgrade {
    /// The bytes of the answer.
    response: Vec<u8>,
    handshake: Handshake,
    caller: Caller,
    /// Held while the subscriber is connected.
    place: Option<Place>,
}

impl Upgrade {
    /// Checks a WebSocket handshake. `None` if the request is not one.
    pub(super) fn of(
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
    // Only staff can claim a desk. For others the screen shows none.
    if role >= Role::Staff {
        handshake.desk = shown_desk(&office.tickets, desk.as_deref(), screen.as_deref())?;
    }
    Ok(handshake)
}

/// Completes a WebSocket handshake and serves the subscriber until its connection ends.
pub(super) fn serve_upgraded(
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
    entered.becomes_subscriber();
    wire.drop_when_stalled(office.config.limits.send_timeout);
    let desk = handshake.desk.as_ref();
    let presence = desk.map(|(desk, screen)| office.presence.enter(desk, *screen, false));
    let is_closed = serve_subscriber(
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
