//! What the outside sees: connections, HTTP, WebSocket, pages.

pub mod answer;
pub mod connections;
pub mod json;
pub mod origin;
pub mod pages;
pub mod problem;
pub mod request;
pub mod router;
pub mod server;
pub mod services;
pub mod tickets;
pub mod wire;

use std::time::Instant;

use crate::config::Config;
use pages::Pages;
use services::{TicketService, WssService};

/// What every connection's thread works with.
pub struct Office {
    pub config: Config,
    pub tickets: TicketService,
    pub wss: &'static WssService,
    pub pages: Pages,
    pub started: Instant,
}
