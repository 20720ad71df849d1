//! Screens: the WebSocket service, its connections, and the messages that they get.

mod follower;
mod frames;
mod presence;
mod printers;
mod publisher;
mod readiness;
mod recent;
mod screen;
mod screen_thread;
mod update;
mod wss;

pub use presence::{Presence, PresenceGuard};
pub use printers::PrinterState;
pub use recent::{RECENT_EVENTS, Since};
pub use screen::Handshake;
pub use screen_thread::serve as serve_screen;
pub use update::{Dialect, Update, last_called};
pub use wss::{NotInitialized, Options, WssService};
