//! `turnero`: a take-a-number system in one small program.
//!
//! The modules; imports go one way, presentation → storage → domain:
//! - [`domain`]: the rules of the queue, pure;
//! - [`storage`]: durable events;
//! - [`presentation`]: connections, HTTP, WebSocket, pages;
//! - [`access`]: roles, PINs, sessions and tokens, as all modules name them;
//! - [`calendar`]: the clock, and the business day;
//! - [`config`]: flags, defaults, limits;
//! - [`digits`]: whole numbers in text from outside;
//! - [`files`]: reads files that somebody has named;
//! - [`serve`]: starts the parts of a server and stops them;
//! - [`service_manager`]: messages to systemd;
//! - [`threads`]: named threads;
//! - [`webhook`]: the stored records of webhooks, as all modules name them;
//! - [`line_limit`]: bounds the lines of the log;
//! - [`logging`]: the log.

pub mod access;
pub mod calendar;
pub mod config;
pub mod digits;
pub mod domain;
pub mod files;
pub mod line_limit;
pub mod logging;
pub mod presentation;
pub mod serve;
pub mod service_manager;
pub mod storage;
pub mod threads;
pub mod webhook;
