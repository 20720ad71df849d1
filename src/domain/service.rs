//! A line that people wait in.

use std::fmt;
use std::sync::Arc;

/// The only priority that an office has until it sets up others.
pub const NORMAL_PRIORITY: &str = "normal";

/// What the codes of a service's tickets begin with, and the service's name in programs: `A`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(Arc<str>);

impl Prefix {
    /// Names a service; whether there is one of that name is the queue's to say.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A line of the office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub prefix: Prefix,
    pub name: Arc<str>,
    /// The last number given, 0 when none was.
    pub last_number: u32,
}

impl Service {
    /// The one line that a new office has.
    pub fn general() -> Self {
        Self {
            prefix: Prefix::new("A"),
            name: "General".into(),
            last_number: 0,
        }
    }
}
