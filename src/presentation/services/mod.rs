//! The services that live as long as the program: the ticket service with its ledger, and the screens.

mod changed_fields;
mod ledger;
mod listeners;
mod request;
mod screens;
mod shared;
mod ticket_service;
mod wall_clock;

pub use listeners::{Listener, Listeners, PrintOrder, Publication};
pub use request::{AnswerRenderer, IdempotentRequest};
pub use screens::{
    Dialect, Handshake, NotInitialized, Options, Presence, PresenceGuard, PresenceMark,
    PrinterState, RECENT_EVENTS, Since, WssService, last_called, serve_subscriber,
};
pub use shared::SharedState;
pub use ticket_service::{TicketService, WebhookStore};
