//! Everything that clients see: connections, HTTP, WebSocket, pages.

pub mod access;
pub mod backup;
pub mod http;
pub mod json;
pub mod metrics;
pub mod office;
pub mod pages;
pub mod printing;
pub mod router;
pub mod server;
pub mod services;
pub mod tickets;
pub mod webhooks;
