//! The contract, checked from outside: command line, HTTP, WebSocket.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where by its line"
)]

#[allow(
    dead_code,
    unused_imports,
    reason = "shared with the fault tests, which use other parts"
)]
#[path = "../common/mod.rs"]
mod common;

mod audit;
mod backups;
mod by_name;
mod claim;
mod command_line;
mod course;
mod ended;
mod fields;

mod flooding;
mod idempotency;
mod leaks;
mod limits;
mod media;
mod metrics;
mod moving;
mod names;
mod network;
mod network_change;
mod office;
mod other_sites;
mod pages;
mod people;
mod places;
mod postgres;
mod postgres_faults;
mod printers;
mod printing;
mod proxies;
mod proxy_user;
mod qr;
mod rest;
mod roles;
mod service_manager;
mod setting_up;
mod several_servers;
mod signing;
mod states;
mod statistics;
mod tls;
mod undo;
mod upgrades;
mod webhooks;
mod websocket;
