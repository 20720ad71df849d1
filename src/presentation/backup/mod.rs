//! Backups: copies of the whole data file, each day and on request; `turnero backup` and `turnero restore`.

mod command;
mod service;

pub use command::{request_backup, restore_file};
pub use service::{Backups, is_backup};
