//! What the outside sees: connections, HTTP, WebSocket, pages.

pub mod address;
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

use std::sync::Arc;
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

impl Office {
    /// An office that begins now.
    pub fn new(config: Config, tickets: TicketService, wss: &'static WssService) -> Arc<Self> {
        Arc::new(Self {
            pages: Pages::new(config.html.clone(), &config.data),
            config,
            tickets,
            wss,
            started: Instant::now(),
        })
    }
}
