//! Everything that clients see: connections, HTTP, WebSocket, pages.

pub mod access;
pub mod authority;
pub mod backup;
pub mod check;
pub mod http;
pub mod json;
pub mod kept_answers;
pub mod metrics;
pub mod office;
pub mod other_servers;
pub mod pages;
pub mod printing;
pub mod route;
pub mod router;
pub mod server;
pub mod servers;
pub mod services;
pub mod tickets;
pub mod webhooks;
