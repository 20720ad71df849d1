//! What lives as long as the program: the queue's owner and the screens' one service.

pub mod calendar;
mod follower;
mod ledger;
mod presence;
mod readiness;
mod recent;
mod screen;
mod session;
mod ticket_service;
mod update;
mod wss;

pub use ledger::{Keyed, Render, Told};
pub use presence::{Presence, Present};
pub use recent::{RECENT_EVENTS, Since};
pub use screen::Handshake;
pub use session::serve as serve_screen;
pub use ticket_service::{Granted, Outcome, Reply, TicketService};
pub use update::{Dialect, last_called};
pub use wss::{NotInitialized, Options, WssService};
