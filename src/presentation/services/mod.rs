//! What lives as long as the program: the queue's owner and the screens' one service.

mod ledger;
mod screens;
mod shared;
mod ticket_service;

pub use ledger::{Keyed, Render, Told};
pub use screens::{
    Dialect, Handshake, NotInitialized, Options, Presence, Present, RECENT_EVENTS, Since,
    WssService, last_called, serve_screen,
};
pub use ticket_service::{Granted, Outcome, Reply, TicketService};
