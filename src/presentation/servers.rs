//! The servers of an office in a database: what each announces about itself.

use std::sync::{Mutex, PoisonError};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::services::PresenceMark;

/// Screens with a desk open that a server tells the others about: what a notification has room for. An office has fewer
/// desks open at once; the claim of one more would be granted on another server without a question.
pub const MOST_MARKS: usize = 900;

/// A server, as it tells the others about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerInfo {
    /// Its machine and port.
    pub name: String,
    pub version: String,
    /// Whether it purges and sends to webhooks.
    pub leads: bool,
    /// How many events of others it does not show yet; `None` if it does not know.
    pub lag: Option<u64>,
    /// The screens that have a desk open on it, in base64.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    present: String,
}

impl ServerInfo {
    /// The server `name`, which runs this program.
    pub fn new(name: &str, leads: bool, lag: Option<u64>) -> Self {
        Self {
            name: name.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            leads,
            lag,
            present: String::new(),
        }
    }

    /// The same with the screens that have a desk open on it.
    #[must_use]
    pub fn with_marks(mut self, marks: impl IntoIterator<Item = PresenceMark>) -> Self {
        let marks = marks.into_iter().take(MOST_MARKS);
        self.present = BASE64URL_NOPAD.encode(&marks.flatten().collect::<Vec<u8>>());
        self
    }

    /// The screens that have a desk open on it.
    pub fn marks(&self) -> Vec<PresenceMark> {
        let bytes = BASE64URL_NOPAD.decode(self.present.as_bytes());
        let bytes = bytes.unwrap_or_default();
        let marks = bytes.chunks_exact(PresenceMark::default().len());
        marks.filter_map(|mark| mark.try_into().ok()).collect()
    }
}

/// The servers of the office that were there in the last 10 s.
pub struct Servers {
    /// This one's machine and port.
    name: String,
    others: Mutex<Vec<ServerInfo>>,
}

impl Servers {
    /// This server alone, which listens on `port`.
    pub fn new(port: u16) -> Self {
        let machine = rustix::system::uname();
        let machine = machine.nodename().to_string_lossy();
        Self {
            name: format!("{machine}:{port}"),
            others: Mutex::default(),
        }
    }

    /// The name of this server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The others.
    pub fn others(&self) -> Vec<ServerInfo> {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.clone()
    }

    pub fn set_others(&self, others: Vec<ServerInfo>) {
        *self.others.lock().unwrap_or_else(PoisonError::into_inner) = others;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_tells_of_nine_hundred_screens_within_one_notification() {
        let marks = (0..1_000u64).map(|n| {
            let mut mark = PresenceMark::default();
            mark.copy_from_slice(&n.to_be_bytes()[2..]);
            mark
        });
        let marks: Vec<PresenceMark> = marks.collect();
        let longest = "m".repeat(64) + ":65535";
        let info = ServerInfo::new(&longest, true, Some(u64::MAX)).with_marks(marks.clone());
        let text = serde_json::to_string(&info).expect("JSON");
        assert!(text.len() <= 7_900, "{}", text.len());
        let heard: ServerInfo = serde_json::from_str(&text).expect("what was announced");
        assert_eq!(heard.marks(), marks[..MOST_MARKS]);
    }
}
