//! The WebSocket service: its subscribers, and the messages that they get.

mod followed_ticket;
mod frames;
mod presence;
mod printers;
mod publisher;
mod readiness;
mod recent;
mod subscriber;
mod subscriber_thread;
mod update;
mod wss;

pub use presence::{Presence, PresenceGuard, PresenceMark};
pub use printers::PrinterState;
pub use recent::{RECENT_EVENTS, Since};
pub use subscriber::Handshake;
pub use subscriber_thread::serve as serve_subscriber;
pub use update::{Dialect, Update, last_called};
pub use wss::{NotInitialized, Options, WssService};
