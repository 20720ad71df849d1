//! Screens: the WebSocket service, its connections, and what they are sent.

pub(super) mod follower;
mod presence;
mod readiness;
pub(super) mod recent;
mod screen;
mod screen_thread;
pub(super) mod update;
pub(super) mod wss;

pub use presence::{Presence, Present};
pub use recent::{RECENT_EVENTS, Since};
pub use screen::Handshake;
pub use screen_thread::serve as serve_screen;
pub use update::{Dialect, last_called};
pub use wss::{NotInitialized, Options, WssService};
