//! Backups: copies of the whole data file, each day and on request; `turnero backup`, `turnero check` and
//! `turnero restore`.

mod check;
mod command;
mod service;

pub use check::check_file;
pub use command::{request_backup, restore_file};
pub use service::{Backups, is_backup};
