//! Tests under faults: a power cut, hostile peers, a full disk, a screen that stops reading, everyone
//! at once.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where by its line"
)]

#[allow(
    dead_code,
    unused_imports,
    reason = "shared with the contract tests, which use other parts"
)]
#[path = "../common/mod.rs"]
mod common;

mod chaos;
mod clock;
mod crowd;
mod damaged;
mod failover;
mod full_disk;
mod hostile;
mod io_faults;
mod jammed;
mod killed;
mod large;
mod moving;
mod purge;
mod random;
mod replaced;
mod several_servers;
mod soak;
mod stalled;
mod storage;
mod three_servers;
mod webhooks;
