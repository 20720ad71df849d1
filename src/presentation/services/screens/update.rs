//! Updates: one event with a copy of all that it changed, as screens get it. Each is encoded once for
//! all screens, and only if a screen needs it.

use std::sync::{Arc, OnceLock};

use serde::Serialize;
use tungstenite::Bytes;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::domain::{
    Call, DeskName, Event, Queue, Settings, Stamped, State, Ticket, TicketId, WaitingList, apply,
};
use crate::presentation::json::{
    CallJson, CalledJson, DeskJson, DeskView, Message, OfficeJson, PublicTicket, ServiceJson,
    ServiceView, TicketView,
};

/// The protocol of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The course's two messages, without a subprotocol.
    Course,
    /// Subprotocol `turnero.v1`: all events, numbered.
    V1,
}

/// One event, as screens get it.
#[derive(Debug)]
pub struct Update {
    pub seq: u64,
    kind: &'static str,
    ticket: Option<TicketView>,
    /// All tickets of an undone step, in their restored state.
    tickets: Option<Vec<TicketView>>,
    desk: Option<DeskView>,
    /// Another desk, if the ticket waits or waited in that desk's own list.
    line_desk: Option<DeskView>,
    /// The desk was deleted.
    deleted: bool,
    call: Option<Call>,
    /// All remembered calls, if the event removed some.
    calls: Option<Vec<Call>>,
    settings: Option<Settings>,
    waiting: usize,
    lines: Vec<ServiceView>,
    count_changed: bool,
    /// The course's list, if the event changed it.
    last_called: Option<Vec<TicketView>>,
    v1: OnceLock<Encoded>,
    course_frames: OnceLock<Bytes>,
}

/// A frame, and the position of the message's text in it.
#[derive(Debug)]
struct Encoded {
    frame: Bytes,
    text_begins: usize,
}

impl Update {
    /// Applies an event to the queue and copies what changed.
    pub fn apply(queue: &mut Queue, stamped: &Stamped) -> Self {
        let waiting_before = queue.waiting();
        let about = tickets_of(&stamped.event);
        let lines_before = own_lines(queue, about);
        let undone = matches!(stamped.event, Event::StepUndone { .. });
        let called_before = undone.then(|| course_working_frame(&last_called(queue)));
        apply(queue, stamped);
        // At the event's own time, also when a start replays it.
        let of_ticket = |id: TicketId| {
            let ticket = queue.ticket(id);
            ticket.map(|ticket| TicketView::at(queue, ticket, stamped.at))
        };
        let of_desk = |name: &DeskName| queue.desk(name).map(|desk| DeskView::of(queue, desk));
        let (kind, ticket, desk) = match &stamped.event {
            Event::TicketCreated { ticket, .. } => ("ticket-created", of_ticket(*ticket), None),
            Event::TicketCalled { ticket, desk, .. } => {
                ("ticket-called", of_ticket(*ticket), of_desk(desk))
            }
            Event::TicketRecalled { ticket, desk } => {
                ("ticket-recalled", of_ticket(*ticket), of_desk(desk))
            }
            Event::TicketFinished { ticket, desk } => {
                ("ticket-finished", of_ticket(*ticket), of_desk(desk))
            }
            Event::TicketCancelled { ticket, .. } => ("ticket-cancelled", of_ticket(*ticket), None),
            Event::TicketNoShow { ticket, desk } => {
                ("ticket-no-show", of_ticket(*ticket), of_desk(desk))
            }
            Event::TicketHeld { ticket, desk } => {
                ("ticket-held", of_ticket(*ticket), of_desk(desk))
            }
            Event::TicketReturned { ticket, .. } => ("ticket-returned", of_ticket(*ticket), None),
            Event::TicketTransferred { ticket, desk, .. } => {
                ("ticket-transferred", of_ticket(*ticket), of_desk(desk))
            }
            Event::StepUndone { desk, .. } => ("step-undone", None, of_desk(desk)),
            Event::DeskChanged { desk, .. } => ("desk-changed", None, of_desk(desk)),
            Event::DeskClaimed { desk, .. } => ("desk-changed", None, of_desk(desk)),
            Event::DeskDeleted { desk } => ("desk-changed", None, Some(DeskView::gone(desk))),
            Event::ServiceChanged { .. } | Event::ServiceDeleted { .. } => {
                ("services-changed", None, None)
            }
            Event::SettingsChanged { .. } => ("settings-changed", None, None),
            Event::DayStarted { .. } => ("day-started", None, None),
            // It happens only while no server runs; screens then get the whole state.
            Event::OfficeImported { .. } => ("office-imported", None, None),
        };
        let calls = undone || matches!(stamped.event, Event::DayStarted { .. });
        let settings = matches!(stamped.event, Event::SettingsChanged { .. });
        let last_called = match (&stamped.event, called_before) {
            (Event::TicketCalled { .. } | Event::DayStarted { restart: true, .. }, _) => {
                Some(last_called(queue))
            }
            // If the undone step called nobody, the course's list is the same.
            (_, Some(before)) => {
                Some(last_called(queue)).filter(|after| course_working_frame(after) != before)
            }
            _ => None,
        };
        let name = desk.as_ref().map(|desk| &desk.name);
        let mut lines = lines_before.into_iter().chain(own_lines(queue, about));
        let line_desk = lines.find(|other| Some(other) != name);
        let line_desk = line_desk.and_then(|name| of_desk(&name));
        let waiting = queue.waiting();
        Self {
            seq: stamped.seq,
            kind,
            ticket,
            tickets: undone.then(|| about.iter().filter_map(|id| of_ticket(*id)).collect()),
            desk,
            line_desk,
            deleted: matches!(stamped.event, Event::DeskDeleted { .. }),
            calls: calls.then(|| queue.calls().cloned().collect()),
            settings: settings.then(|| queue.settings().clone()),
            call: queue.calls().find(|call| call.seq == stamped.seq).cloned(),
            waiting,
            lines: ServiceView::all(queue),
            count_changed: waiting != waiting_before,
            last_called,
            v1: OnceLock::new(),
            course_frames: OnceLock::new(),
        }
    }

    /// The text of the message in `turnero.v1` and `/api/events`.
    pub fn text(&self) -> Bytes {
        let encoded = self.encoded();
        encoded.frame.slice(encoded.text_begins..)
    }

    /// The new ticket, if the event created one.
    pub fn created_ticket(&self) -> Option<&Ticket> {
        let is_created = self.kind == "ticket-created";
        let view = self.ticket.as_ref().filter(|_| is_created)?;
        Some(&view.ticket)
    }

    fn encoded(&self) -> &Encoded {
        self.v1.get_or_init(|| {
            let message = Message {
                kind: self.kind,
                seq: Some(self.seq),
                payload: Payload {
                    ticket: self.ticket.as_ref().map(TicketView::for_public),
                    tickets: self
                        .tickets
                        .as_ref()
                        .map(|tickets| tickets.iter().map(TicketView::for_public).collect()),
                    desk: self.desk.as_ref().map(DeskView::for_public),
                    line_desk: self.line_desk.as_ref().map(DeskView::for_public),
                    deleted: self.deleted.then_some(true),
                    call: self.call.as_ref().map(CallJson::from),
                    calls: self
                        .calls
                        .as_ref()
                        .map(|calls| calls.iter().map(CallJson::from).collect()),
                    office: self.settings.as_ref().map(OfficeJson::from),
                    waiting: self.waiting,
                    services: self.lines.iter().map(ServiceView::for_public).collect(),
                },
            };
            let text = message.text();
            let text_length = text.len();
            let frame = text_frame(text);
            Encoded {
                text_begins: frame.len() - text_length,
                frame,
            }
        })
    }

    fn course_frames(&self) -> Bytes {
        let frames = self.course_frames.get_or_init(|| {
            let mut frames = Vec::new();
            if self.count_changed {
                frames.extend(course_count_frame(self.waiting));
            }
            if let Some(called) = &self.last_called {
                frames.extend(course_working_frame(called));
            }
            frames.into()
        });
        frames.clone()
    }

    /// The frames for one protocol; empty if it has no message for this event.
    pub fn frames(&self, dialect: Dialect) -> Bytes {
        match dialect {
            Dialect::Course => self.course_frames(),
            Dialect::V1 => self.encoded().frame.clone(),
        }
    }
}

/// The tickets of an event.
fn tickets_of(event: &Event) -> &[TicketId] {
    match event {
        Event::TicketCreated { ticket, .. }
        | Event::TicketCalled { ticket, .. }
        | Event::TicketRecalled { ticket, .. }
        | Event::TicketFinished { ticket, .. }
        | Event::TicketCancelled { ticket, .. }
        | Event::TicketNoShow { ticket, .. }
        | Event::TicketHeld { ticket, .. }
        | Event::TicketReturned { ticket, .. }
        | Event::TicketTransferred { ticket, .. } => std::slice::from_ref(ticket),
        Event::StepUndone { tickets, .. } => tickets,
        _ => &[],
    }
}

/// The desks whose own lists hold some of these tickets.
fn own_lines(queue: &Queue, tickets: &[TicketId]) -> Vec<DeskName> {
    let tickets = tickets.iter().filter_map(|id| queue.ticket(*id));
    let waiting = tickets.filter(|ticket| ticket.state == State::Waiting);
    let desks = waiting.filter_map(|ticket| match &ticket.list {
        WaitingList::Desk(name) => Some(name.clone()),
        WaitingList::Service(_) => None,
    });
    desks.collect()
}

/// The course's list of the last tickets called.
pub fn last_called(queue: &Queue) -> Vec<TicketView> {
    let tickets = queue.last_called();
    tickets
        .map(|ticket| TicketView::of(queue, ticket))
        .collect()
}

/// `on-ticket-count-changed`.
pub fn course_count_frame(waiting: usize) -> Bytes {
    let message = Message {
        kind: "on-ticket-count-changed",
        seq: None,
        payload: waiting,
    };
    text_frame(message.text())
}

/// `on-working-changed`.
pub fn course_working_frame(called: &[TicketView]) -> Bytes {
    let message = Message {
        kind: "on-working-changed",
        seq: None,
        payload: called
            .iter()
            .map(TicketView::called)
            .collect::<Vec<CalledJson>>(),
    };
    text_frame(message.text())
}

/// Encodes a text frame. A server's frames are not masked, so the same bytes serve every screen.
pub fn text_frame(text: String) -> Bytes {
    let frame = Frame::message(text, OpCode::Data(Data::Text), true);
    let mut bytes = Vec::with_capacity(frame.len());
    frame
        .format(&mut bytes)
        .expect("writing into memory does not fail");
    bytes.into()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<PublicTicket<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tickets: Option<Vec<PublicTicket<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desk: Option<DeskJson<'a, PublicTicket<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_desk: Option<DeskJson<'a, PublicTicket<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<CallJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<Vec<CallJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    office: Option<OfficeJson<'a>>,
    waiting: usize,
    services: Vec<ServiceJson<'a>>,
}

/// Consecutive updates that are published together, with their frames joined once for all screens.
#[derive(Debug)]
pub struct UpdateBatch {
    updates: Vec<Arc<Update>>,
    v1: OnceLock<Bytes>,
    course: OnceLock<Bytes>,
}

impl UpdateBatch {
    /// A batch of updates whose `seq` follow each other; `None` if there are none.
    pub fn new(updates: Vec<Arc<Update>>) -> Option<Self> {
        let batch = Self {
            updates,
            v1: OnceLock::new(),
            course: OnceLock::new(),
        };
        (!batch.updates.is_empty()).then_some(batch)
    }

    /// The `seq` of its first update.
    pub fn first(&self) -> u64 {
        self.updates[0].seq
    }

    /// The `seq` of its last update.
    pub fn last(&self) -> u64 {
        self.updates[self.updates.len() - 1].seq
    }

    /// The updates after event `seq`.
    pub fn after(&self, seq: u64) -> &[Arc<Update>] {
        let known = self.updates.partition_point(|update| update.seq <= seq);
        &self.updates[known..]
    }

    /// All its frames for one protocol, in order.
    pub fn frames(&self, dialect: Dialect) -> &Bytes {
        let frames = match dialect {
            Dialect::Course => &self.course,
            Dialect::V1 => &self.v1,
        };
        frames.get_or_init(|| match self.updates.as_slice() {
            [only] => only.frames(dialect),
            several => join_frames(several, dialect),
        })
    }
}

/// The frames of several updates, in order.
pub fn join_frames(updates: &[Arc<Update>], dialect: Dialect) -> Bytes {
    let mut frames = Vec::new();
    for update in updates {
        frames.extend_from_slice(&update.frames(dialect));
    }
    frames.into()
}
