//! Helpers of the black-box tests: the real program on a free port, and clients over real sockets.
//! Nothing here uses the program's code.
//!
//! Nothing waits for a fixed time: each wait has a deadline far above the need of a busy machine, so
//! that a slow test passes and a stuck one fails.

mod certificate;
mod database_pair;
mod database_proxy;
mod http;
mod namespace;
mod postgres;
mod printer;
mod proxy;
mod receiver;
mod screen;
mod server;
mod stream;

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

pub use certificate::Certificate;
pub use database_pair::Pair;
pub use database_proxy::{DatabaseProxy, SOCKET};
pub use http::{Client, Response};
pub use namespace::{Own, has_its_own};
pub use postgres::{database, office_of, sql, sql_in, try_sql};
pub use printer::{Manner, NO_PAPER, PAPER_LOW, Printer, WELL, printed_code};
pub use proxy::{Prepare, Proxy, deploy_file, nginx};
pub use receiver::{Message, Receiver, Reply};
pub use screen::{Screen, event_kinds, kind, seq};
pub use server::{Folder, Launch, Server, run_to_end};
pub use stream::{Stream, Trust};

/// How long anything may take before a test calls it stuck.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `found` gives something; `what` is named where it never does.
pub fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "in vain for {PATIENCE:?}: {what}"
        );
        thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until `holds` is true.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    wait_for(what, || holds().then_some(()));
}

/// A member of a JSON object that must be text.
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    let found = value[name].as_str();
    found.unwrap_or_else(|| panic!("«{name}» should be text in {value}"))
}

/// A member of a JSON object that must be a whole number.
pub fn number(value: &Value, name: &str) -> u64 {
    let found = value[name].as_u64();
    found.unwrap_or_else(|| panic!("«{name}» should be a whole number in {value}"))
}

/// The elements of a JSON array.
pub fn array(value: &Value) -> &[Value] {
    let found = value.as_array();
    found.unwrap_or_else(|| panic!("this should be an array: {value}"))
}

/// The names of an object's members, in alphabetical order.
pub fn names(value: &Value) -> Vec<&str> {
    let object = value.as_object();
    let object = object.unwrap_or_else(|| panic!("this should be an object: {value}"));
    let mut names: Vec<&str> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// The codes of tickets, in the order of the array.
pub fn codes(tickets: &Value) -> Vec<&str> {
    array(tickets).iter().map(|t| text(t, "code")).collect()
}

/// Whether a text is a time as the contract writes it: RFC 3339, UTC, milliseconds.
pub fn is_time(value: &Value) -> bool {
    let Some(text) = value.as_str() else {
        return false;
    };
    let form = "dddd-dd-ddTdd:dd:dd.dddZ";
    text.len() == form.len()
        && text.chars().zip(form.chars()).all(|(c, f)| match f {
            'd' => c.is_ascii_digit(),
            _ => c == f,
        })
}
