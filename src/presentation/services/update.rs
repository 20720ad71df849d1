//! What one event means for the screens: a copy of what changed, whole, and its frames, encoded
//! once for all screens, and only when there is one to send them to.

use std::sync::{Arc, OnceLock};

use serde::Serialize;
use tungstenite::Bytes;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::domain::{Call, Event, Queue, Settings, Stamped, TicketId, apply};
use crate::presentation::json::{
    CallJson, CalledJson, DeskJson, DeskView, LineJson, LineView, Message, OfficeJson, TicketJson,
    TicketView,
};

/// Which language a screen speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The course's two messages, without a subprotocol.
    Course,
    /// Subprotocol `turnero.v1`: everything, numbered.
    V1,
}

/// One event, as the screens are told of it.
#[derive(Debug)]
pub struct Update {
    pub seq: u64,
    kind: &'static str,
    ticket: Option<TicketView>,
    desk: Option<DeskView>,
    /// The desk is gone.
    deleted: bool,
    call: Option<Call>,
    /// All calls that are remembered, where a new day has begun.
    calls: Option<Vec<Call>>,
    settings: Option<Settings>,
    waiting: usize,
    lines: Vec<LineView>,
    count_changed: bool,
    /// The course's list, where this event changed it.
    last_called: Option<Vec<TicketView>>,
    v1: OnceLock<Encoded>,
    course_frames: OnceLock<Bytes>,
}

/// A frame, and where in it the message's text begins.
#[derive(Debug)]
struct Encoded {
    frame: Bytes,
    text_begins: usize,
}

impl Update {
    /// Applies an event to the queue and says what the screens are to be told.
    pub fn apply(queue: &mut Queue, stamped: &Stamped) -> Self {
        let waiting_before = queue.waiting();
        apply(queue, stamped);
        let of_ticket = |id: TicketId| queue.ticket(id).map(|t| TicketView::of(queue, t));
        let of_desk = |name| queue.desk(name).map(|desk| DeskView::of(queue, desk));
        let (kind, ticket, desk) = match &stamped.event {
            Event::TicketCreated { ticket, .. } => ("ticket-created", of_ticket(*ticket), None),
            Event::TicketCalled { ticket, desk } => {
                ("ticket-called", of_ticket(*ticket), of_desk(desk))
            }
            Event::TicketRecalled { ticket, desk } => {
                ("ticket-recalled", of_ticket(*ticket), of_desk(desk))
            }
            Event::TicketFinished { ticket, desk } => {
                ("ticket-finished", of_ticket(*ticket), of_desk(desk))
            }
            Event::TicketCancelled { ticket } => ("ticket-cancelled", of_ticket(*ticket), None),
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
            Event::DeskChanged { desk, .. } => ("desk-changed", None, of_desk(desk)),
            Event::DeskClaimed { desk, .. } => ("desk-changed", None, of_desk(desk)),
            Event::DeskDeleted { desk } => ("desk-changed", None, Some(DeskView::gone(desk))),
            Event::ServiceChanged { .. } | Event::ServiceDeleted { .. } => {
                ("services-changed", None, None)
            }
            Event::SettingsChanged { .. } => ("settings-changed", None, None),
            Event::DayStarted { .. } => ("day-started", None, None),
            // It happens while no server runs, and screens are told the state after it.
            Event::OfficeImported { .. } => ("office-imported", None, None),
        };
        let called = matches!(
            stamped.event,
            Event::TicketCalled { .. } | Event::DayStarted { restart: true, .. }
        );
        let calls = matches!(stamped.event, Event::DayStarted { .. });
        let settings = matches!(stamped.event, Event::SettingsChanged { .. });
        let last_called = called.then(|| last_called(queue));
        let waiting = queue.waiting();
        Self {
            seq: stamped.seq,
            kind,
            ticket,
            desk,
            deleted: matches!(stamped.event, Event::DeskDeleted { .. }),
            calls: calls.then(|| queue.calls().cloned().collect()),
            settings: settings.then(|| queue.settings().clone()),
            call: queue.calls().find(|call| call.seq == stamped.seq).cloned(),
            waiting,
            lines: LineView::all(queue),
            count_changed: waiting != waiting_before,
            last_called,
            v1: OnceLock::new(),
            course_frames: OnceLock::new(),
        }
    }

    /// The message's text, as `turnero.v1` and `/api/events` have it.
    pub fn text(&self) -> Bytes {
        let encoded = self.encoded();
        encoded.frame.slice(encoded.text_begins..)
    }

    fn encoded(&self) -> &Encoded {
        self.v1.get_or_init(|| {
            let message = Message {
                kind: self.kind,
                seq: Some(self.seq),
                payload: Payload {
                    ticket: self.ticket.as_ref().map(TicketView::public),
                    desk: self.desk.as_ref().map(DeskView::public),
                    deleted: self.deleted.then_some(true),
                    call: self.call.as_ref().map(CallJson::from),
                    calls: self
                        .calls
                        .as_ref()
                        .map(|calls| calls.iter().map(CallJson::from).collect()),
                    office: self.settings.as_ref().map(OfficeJson::from),
                    waiting: self.waiting,
                    services: self.lines.iter().map(LineView::public).collect(),
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

    /// The frames that tell a screen of that dialect; empty where it is told nothing.
    pub fn frames(&self, dialect: Dialect) -> Bytes {
        match dialect {
            Dialect::Course => self.course_frames(),
            Dialect::V1 => self.encoded().frame.clone(),
        }
    }
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

/// A server's frame is not masked, so that one serves every screen.
pub fn text_frame(text: String) -> Bytes {
    let frame = Frame::message(text, OpCode::Data(Data::Text), true);
    let mut bytes = Vec::with_capacity(frame.len());
    frame
        .format(&mut bytes)
        .expect("writing into memory does not fail");
    bytes.into()
}

#[derive(Serialize)]
struct Payload<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<TicketJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desk: Option<DeskJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<CallJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<Vec<CallJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    office: Option<OfficeJson<'a>>,
    waiting: usize,
    services: Vec<LineJson<'a>>,
}

/// Consecutive updates that go out together.
#[derive(Debug)]
pub struct Run {
    updates: Vec<Arc<Update>>,
    v1: OnceLock<Bytes>,
    course: OnceLock<Bytes>,
}

impl Run {
    /// From updates whose `seq` follow each other; `None` where there are none.
    pub fn new(updates: Vec<Arc<Update>>) -> Option<Self> {
        let run = Self {
            updates,
            v1: OnceLock::new(),
            course: OnceLock::new(),
        };
        (!run.updates.is_empty()).then_some(run)
    }

    /// The number of its first event.
    pub fn first(&self) -> u64 {
        self.updates[0].seq
    }

    /// The number of its last event.
    pub fn last(&self) -> u64 {
        self.updates[self.updates.len() - 1].seq
    }

    /// The updates after event `seq`.
    pub fn after(&self, seq: u64) -> &[Arc<Update>] {
        let known = self.updates.partition_point(|update| update.seq <= seq);
        &self.updates[known..]
    }

    /// All its frames for one dialect, in order.
    pub fn frames(&self, dialect: Dialect) -> &Bytes {
        let frames = match dialect {
            Dialect::Course => &self.course,
            Dialect::V1 => &self.v1,
        };
        frames.get_or_init(|| match self.updates.as_slice() {
            [only] => only.frames(dialect),
            several => join(several, dialect),
        })
    }
}

/// The frames of several updates, one after the other.
pub fn join(updates: &[Arc<Update>], dialect: Dialect) -> Bytes {
    let mut frames = Vec::new();
    for update in updates {
        frames.extend_from_slice(&update.frames(dialect));
    }
    frames.into()
}
