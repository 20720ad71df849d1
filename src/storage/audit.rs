//! The audit log: who did what, when and from where. It holds no secret.

use crate::access::Actor;
use crate::domain::{Event, Queue, Stamped, TicketId, WaitingList};

/// The action of an audit entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditKind {
    TicketCreated,
    TicketCalled,
    TicketRecalled,
    TicketFinished,
    TicketCancelled,
    TicketNoShow,
    TicketHeld,
    TicketReturned,
    TicketTransferred,
    StepUndone,
    DeskChanged,
    DeskClaimed,
    DeskDeleted,
    ServiceChanged,
    ServiceDeleted,
    SettingsChanged,
    DayStarted,
    ClockStepped,
    OfficeImported,
    SignedIn,
    /// A wrong PIN. Those from one address within an hour are one entry with a count.
    SignInRefused,
    SignedOut,
    PinChanged,
    /// The shared PIN of a role was removed.
    PinRemoved,
    PersonAdded,
    PersonChanged,
    PersonRemoved,
    TokenMade,
    TokenRevoked,
    Exported,
    WebhookMade,
    WebhookChanged,
    WebhookDeleted,
    /// The server switched it off.
    WebhookStopped,
    /// An admin erased every entry before this one.
    AuditErased,
    /// Entries older than the retention were deleted. Those within a day are one entry with a count.
    AuditPurged,
}

impl AuditKind {
    /// The name of each kind, as it is stored and shown.
    const NAMES: [(Self, &str); 36] = [
        (Self::TicketCreated, "ticket-created"),
        (Self::TicketCalled, "ticket-called"),
        (Self::TicketRecalled, "ticket-recalled"),
        (Self::TicketFinished, "ticket-finished"),
        (Self::TicketCancelled, "ticket-cancelled"),
        (Self::TicketNoShow, "ticket-no-show"),
        (Self::TicketHeld, "ticket-held"),
        (Self::TicketReturned, "ticket-returned"),
        (Self::TicketTransferred, "ticket-transferred"),
        (Self::StepUndone, "step-undone"),
        (Self::DeskChanged, "desk-changed"),
        (Self::DeskClaimed, "desk-claimed"),
        (Self::DeskDeleted, "desk-deleted"),
        (Self::ServiceChanged, "service-changed"),
        (Self::ServiceDeleted, "service-deleted"),
        (Self::SettingsChanged, "settings-changed"),
        (Self::DayStarted, "day-started"),
        (Self::ClockStepped, "clock-stepped"),
        (Self::OfficeImported, "office-imported"),
        (Self::SignedIn, "signed-in"),
        (Self::SignInRefused, "sign-in-refused"),
        (Self::SignedOut, "signed-out"),
        (Self::PinChanged, "pin-changed"),
        (Self::PinRemoved, "pin-removed"),
        (Self::PersonAdded, "person-added"),
        (Self::PersonChanged, "person-changed"),
        (Self::PersonRemoved, "person-removed"),
        (Self::TokenMade, "token-made"),
        (Self::TokenRevoked, "token-revoked"),
        (Self::Exported, "exported"),
        (Self::WebhookMade, "webhook-made"),
        (Self::WebhookChanged, "webhook-changed"),
        (Self::WebhookDeleted, "webhook-deleted"),
        (Self::WebhookStopped, "webhook-stopped"),
        (Self::AuditErased, "audit-erased"),
        (Self::AuditPurged, "audit-purged"),
    ];

    /// Its name, as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        let known = Self::NAMES.iter().find(|(kind, _)| *kind == self);
        known.expect("the table has every kind").1
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        let known = Self::NAMES.iter().find(|(_, known)| *known == name);
        known.map(|(kind, _)| *kind)
    }
}

/// An entry of the audit log, before it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub kind: AuditKind,
    /// The number of the event that the entry is about, if it is about one.
    pub seq: Option<u64>,
    /// The code of the ticket (of several: with commas), or the name of the desk, service, role or
    /// token.
    pub subject: Option<String>,
    /// The desk that dealt with the ticket.
    pub desk: Option<String>,
    /// The desk to which a ticket was transferred.
    pub to_desk: Option<String>,
    /// The service to which a ticket was transferred.
    pub to_service: Option<String>,
    /// The changed fields of the settings, a desk, a service or a person, by their names in JSON.
    pub fields: Vec<String>,
    /// `None` if the server did it by itself.
    pub actor: Option<Actor>,
}

impl AuditEntry {
    /// An entry about something that is no event of the queue.
    pub fn new(kind: AuditKind, subject: Option<&str>, actor: Option<Actor>) -> Self {
        Self {
            kind,
            seq: None,
            subject: subject.map(str::to_owned),
            desk: None,
            to_desk: None,
            to_service: None,
            fields: Vec::new(),
            actor,
        }
    }

    /// The entry about an event that was just applied to the queue.
    pub fn of_event(queue: &Queue, stamped: &Stamped, actor: Option<&Actor>) -> Self {
        let code = |id: &TicketId| queue.ticket(*id).map(|ticket| ticket.code());
        let (kind, subject, desk) = match &stamped.event {
            Event::TicketCreated { ticket, .. } => (AuditKind::TicketCreated, code(ticket), None),
            Event::TicketCalled { ticket, desk, .. } => {
                (AuditKind::TicketCalled, code(ticket), Some(desk))
            }
            Event::TicketRecalled { ticket, desk } => {
                (AuditKind::TicketRecalled, code(ticket), Some(desk))
            }
            Event::TicketFinished { ticket, desk } => {
                (AuditKind::TicketFinished, code(ticket), Some(desk))
            }
            Event::TicketCancelled { ticket, desk } => {
                (AuditKind::TicketCancelled, code(ticket), desk.as_ref())
            }
            Event::TicketNoShow { ticket, desk } => {
                (AuditKind::TicketNoShow, code(ticket), Some(desk))
            }
            Event::TicketHeld { ticket, desk } => (AuditKind::TicketHeld, code(ticket), Some(desk)),
            Event::TicketReturned { ticket, desk, .. } => {
                (AuditKind::TicketReturned, code(ticket), desk.as_ref())
            }
            Event::TicketTransferred { ticket, desk, .. } => {
                (AuditKind::TicketTransferred, code(ticket), Some(desk))
            }
            Event::StepUndone { desk, tickets } => {
                let codes: Vec<String> = tickets.iter().filter_map(code).collect();
                (AuditKind::StepUndone, Some(codes.join(", ")), Some(desk))
            }
            Event::DeskChanged { desk, .. } => {
                (AuditKind::DeskChanged, Some(desk.to_string()), None)
            }
            Event::DeskClaimed { desk, .. } => {
                (AuditKind::DeskClaimed, Some(desk.to_string()), None)
            }
            Event::DeskDeleted { desk } => (AuditKind::DeskDeleted, Some(desk.to_string()), None),
            Event::ServiceChanged { service, .. } => {
                (AuditKind::ServiceChanged, Some(service.to_string()), None)
            }
            Event::ServiceDeleted { service } => {
                (AuditKind::ServiceDeleted, Some(service.to_string()), None)
            }
            Event::SettingsChanged { .. } => (AuditKind::SettingsChanged, None, None),
            Event::DayStarted => (AuditKind::DayStarted, None, None),
            Event::ClockStepped { .. } => (AuditKind::ClockStepped, None, None),
            Event::OfficeImported { .. } => (AuditKind::OfficeImported, None, None),
        };
        let (to_desk, to_service) = match &stamped.event {
            Event::TicketTransferred { list, .. } => match list {
                WaitingList::Desk(name) => (Some(name.to_string()), None),
                WaitingList::Service(prefix) => (None, Some(prefix.to_string())),
            },
            _ => (None, None),
        };
        Self {
            seq: Some(stamped.seq),
            desk: desk.map(ToString::to_string),
            to_desk,
            to_service,
            actor: actor.cloned(),
            ..Self::new(kind, subject.as_deref(), None)
        }
    }
}

/// An entry of the audit log, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Grows with each entry.
    pub id: u64,
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    pub entry: AuditEntry,
    /// How often it happened.
    pub count: u64,
}
