//! One attempt to deliver a message, and how it ended.

use crate::domain::Timestamp;
use crate::webhook::Failure;

/// The reason that an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The receiver answered with another status than 2xx.
    Status,
    /// It answered with a redirect, which is not followed.
    Redirect,
    /// It did not answer in time.
    Timeout,
    /// No address belongs to its name.
    UnknownHost,
    /// No connection, or it ended before the answer.
    NoConnection,
    /// No trusted certificate, or another error of TLS.
    Tls,
    /// The answer is not HTTP.
    NotHttp,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Redirect => "redirect",
            Self::Timeout => "timeout",
            Self::UnknownHost => "unknown-host",
            Self::NoConnection => "no-connection",
            Self::Tls => "tls",
            Self::NotHttp => "not-http",
        }
    }
}

/// An attempt to deliver a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub at: Timestamp,
    /// The type of the message.
    pub kind: &'static str,
    /// The event that the message is about.
    pub seq: Option<u64>,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// The reason of the failure; `None` if the message is delivered.
    pub reason: Option<Reason>,
}

impl Attempt {
    pub fn is_delivered(&self) -> bool {
        self.reason.is_none()
    }

    /// Whether the receiver wants no more messages.
    pub(super) fn is_gone(&self) -> bool {
        self.status == Some(410)
    }

    /// The attempt as it is stored, if it failed.
    pub(super) fn failure(&self) -> Option<Failure> {
        let reason = self.reason?;
        Some(Failure {
            at: self.at.as_millis(),
            reason: reason.as_str().to_owned(),
            status: self.status,
        })
    }
}
