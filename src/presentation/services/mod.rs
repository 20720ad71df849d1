//! What lives as long as the program: the queue's owner and the screens' one service.

mod ledger;
mod request;
mod screens;
mod shared;
mod ticket_service;

pub use ledger::Told;
pub use request::{IdempotentRequest, Render};
pub use screens::{
    Dialect, Handshake, NotInitialized, Options, Presence, Present, RECENT_EVENTS, Since,
    WssService, last_called, serve_screen,
};
pub use ticket_service::TicketService;
