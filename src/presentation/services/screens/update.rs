//! Updates: one event with a copy of all that it changed, as screens get it. Each is encoded once for
//! all screens, and only if a screen needs it.

use std::sync::{Arc, OnceLock};

use serde::Serialize;
use tungstenite::Bytes;

use super::frames::{course_count_frame, course_working_frame, text_frame};
use crate::domain::{
    Call, DeskName, Event, Queue, Settings, Stamped, State, TicketId, WaitingList, apply,
};
use crate::presentation::json::{
    CallJson, DeskJson, DeskView, Message, OfficeJson, PublicTicket, ServiceJson, ServiceView,
    StateView, TicketView,
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
    list_desk: Option<DeskView>,
    /// All desks, if the event changed the times of their tickets.
    desks: Option<Vec<DeskView>>,
    is_deleted: bool,
    call: Option<Call>,
    /// All remembered calls, if the event removed some or changed their times.
    calls: Option<Vec<Call>>,
    settings: Option<Settings>,
    waiting: usize,
    services: Vec<ServiceView>,
    count_changed: bool,
    /// The whole state, if the event replaced the office: its message is `state`.
    state: Option<StateView>,
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
        let event = &stamped.event;
        let is_undo = matches!(event, Event::StepUndone { .. });
        let ids = event.tickets();
        // Read before the event is applied, because the queue does not say afterwards what it was.
        let waiting_before = queue.waiting();
        let lists_before = desks_with_lists(queue, ids);
        let called_before = is_undo.then(|| course_working_frame(&last_called(queue)));
        apply(queue, stamped);
        // At the event's own time, also when a start replays it.
        let view = |id: &TicketId| {
            let ticket = queue.ticket(*id)?;
            Some(TicketView::at(queue, ticket, stamped.at))
        };
        let desk_view = |name: &DeskName| queue.desk(name).map(|desk| DeskView::of(queue, desk));
        let is_deleted = matches!(event, Event::DeskDeleted { .. });
        let desk = desk_of(event).and_then(|name| match is_deleted {
            true => Some(DeskView::gone(name)),
            false => desk_view(name),
        });
        let name = desk.as_ref().map(|desk| &desk.name);
        // Beside the desk of the event, a ticket leaves or enters the own list of one other desk at most.
        let mut list_desks = lists_before.into_iter().chain(desks_with_lists(queue, ids));
        let list_desk = list_desks.find(|other| Some(other) != name);
        let waiting = queue.waiting();
        Self {
            seq: stamped.seq,
            kind: kind_of(event),
            ticket: ids.first().filter(|_| !is_undo).and_then(view),
            tickets: is_undo.then(|| ids.iter().filter_map(view).collect()),
            list_desk: list_desk.and_then(|name| desk_view(&name)),
            desk,
            // A step of the clock moves the times of all tickets, so those that any desk serves.
            desks: matches!(event, Event::ClockStepped { .. }).then(|| {
                queue
                    .desks()
                    .map(|desk| DeskView::of(queue, desk))
                    .collect()
            }),
            is_deleted,
            call: queue.calls().find(|call| call.seq == stamped.seq).cloned(),
            calls: changes_calls(event).then(|| queue.calls().cloned().collect()),
            settings: matches!(event, Event::SettingsChanged { .. })
                .then(|| queue.settings().clone()),
            waiting,
            services: ServiceView::all(queue),
            count_changed: waiting != waiting_before,
            state: matches!(event, Event::OfficeImported { .. }).then(|| StateView::of(queue)),
            last_called: changed_last_called(queue, event, called_before),
            v1: OnceLock::new(),
            course_frames: OnceLock::new(),
        }
    }

    /// The text of the message in `turnero.v1` and `/api/events`.
    pub fn text(&self) -> Bytes {
        let encoded = self.encoded();
        encoded.frame.slice(encoded.text_begins..)
    }

    /// The settings, if the event changed them.
    pub fn settings(&self) -> Option<&Settings> {
        self.settings.as_ref()
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
                    line_desk: self.list_desk.as_ref().map(DeskView::for_public),
                    desks: self
                        .desks
                        .as_ref()
                        .map(|desks| desks.iter().map(DeskView::for_public).collect()),
                    deleted: self.is_deleted.then_some(true),
                    call: self.call.as_ref().map(CallJson::from),
                    calls: self
                        .calls
                        .as_ref()
                        .map(|calls| calls.iter().map(CallJson::from).collect()),
                    office: self.settings.as_ref().map(OfficeJson::from),
                    waiting: self.waiting,
                    services: self.services.iter().map(ServiceView::for_public).collect(),
                },
            };
            let text = match &self.state {
                Some(state) => state.message().text(),
                None => message.text(),
            };
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

/// The desks whose own lists hold some of these tickets.
fn desks_with_lists(queue: &Queue, tickets: &[TicketId]) -> Vec<DeskName> {
    let tickets = tickets.iter().filter_map(|id| queue.ticket(*id));
    let waiting = tickets.filter(|ticket| ticket.state == State::Waiting);
    let desks = waiting.filter_map(|ticket| match &ticket.list {
        WaitingList::Desk(name) => Some(name.clone()),
        WaitingList::Service(_) => None,
    });
    desks.collect()
}

/// The name of an event in messages.
fn kind_of(event: &Event) -> &'static str {
    match event {
        Event::TicketCreated { .. } => "ticket-created",
        Event::TicketCalled { .. } => "ticket-called",
        Event::TicketRecalled { .. } => "ticket-recalled",
        Event::TicketFinished { .. } => "ticket-finished",
        Event::TicketCancelled { .. } => "ticket-cancelled",
        Event::TicketNoShow { .. } => "ticket-no-show",
        Event::TicketHeld { .. } => "ticket-held",
        Event::TicketReturned { .. } => "ticket-returned",
        Event::TicketTransferred { .. } => "ticket-transferred",
        Event::StepUndone { .. } => "step-undone",
        Event::DeskChanged { .. } | Event::DeskClaimed { .. } | Event::DeskDeleted { .. } => {
            "desk-changed"
        }
        // Screens that show times replace their desks and calls with these.
        Event::ServiceChanged { .. }
        | Event::ServiceDeleted { .. }
        | Event::ClockStepped { .. } => "services-changed",
        Event::SettingsChanged { .. } => "settings-changed",
        Event::DayStarted => "day-started",
        Event::OfficeImported { .. } => "state",
    }
}

/// The desk that an event changes.
fn desk_of(event: &Event) -> Option<&DeskName> {
    match event {
        Event::TicketCalled { desk, .. }
        | Event::TicketRecalled { desk, .. }
        | Event::TicketFinished { desk, .. }
        | Event::TicketNoShow { desk, .. }
        | Event::TicketHeld { desk, .. }
        | Event::TicketTransferred { desk, .. }
        | Event::StepUndone { desk, .. }
        | Event::DeskChanged { desk, .. }
        | Event::DeskClaimed { desk, .. }
        | Event::DeskDeleted { desk } => Some(desk),
        _ => None,
    }
}

/// Whether an event may remove remembered calls or change their times, so that screens need all of them.
fn changes_calls(event: &Event) -> bool {
    matches!(
        event,
        Event::StepUndone { .. } | Event::DayStarted | Event::ClockStepped { .. }
    )
}

/// The course's list if the event changed it. `before` is its frame before an undone step, which may
/// have called nobody.
fn changed_last_called(
    queue: &Queue,
    event: &Event,
    before: Option<Bytes>,
) -> Option<Vec<TicketView>> {
    match (event, before) {
        (Event::TicketCalled { .. } | Event::DayStarted | Event::OfficeImported { .. }, _) => {
            Some(last_called(queue))
        }
        (_, Some(before)) => {
            Some(last_called(queue)).filter(|after| course_working_frame(after) != before)
        }
        _ => None,
    }
}

/// The course's list of the last tickets called.
pub fn last_called(queue: &Queue) -> Vec<TicketView> {
    let tickets = queue.last_called();
    tickets
        .map(|ticket| TicketView::of(queue, ticket))
        .collect()
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
    desks: Option<Vec<DeskJson<'a, PublicTicket<'a>>>>,
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
