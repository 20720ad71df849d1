//! Desks: named places where visitors are served.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::screen::ScreenId;
use super::service::Prefix;
use super::text_form::serde_as_text;
use super::time::Arrival;

/// How many desks an office can have: a bound on what a mistyped script can create, far above the
/// largest town hall.
pub const MOST_DESKS: usize = 1_000;

/// A desk's name as people write it: 1 to 40 characters, no control characters, no blanks around.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeskName(Arc<str>);

impl DeskName {
    /// The longest name, in characters: what a screen can still show large.
    pub const LONGEST: usize = 40;

    /// Takes a name, without the blanks around it. `Err` says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = text.trim();
        if name.is_empty() {
            return Err("a desk needs a name".to_owned());
        }
        let length = name.chars().count();
        if length > Self::LONGEST {
            return Err(format!(
                "a desk's name has {} characters at most, this one has {length}",
                Self::LONGEST
            ));
        }
        if name.chars().any(|c| c.is_control() || is_invisible(c)) {
            return Err("a desk's name has no control or invisible characters".to_owned());
        }
        if [".", ".."].contains(&name) {
            return Err(
                "a desk's name is not only dots, which addresses have a use for".to_owned(),
            );
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Characters that change a text without being seen: two names would look the same, or one would
/// turn round what follows it.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}') || is_deceptive(c)
}

/// The invisible characters that no language needs within a text.
pub fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

serde_as_text!(DeskName, Self::parse);

impl fmt::Display for DeskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A desk as the queue knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Desk {
    pub name: DeskName,
    /// Whether somebody works there.
    pub open: bool,
    /// The services it serves, in its own order; none means all together.
    pub services: Vec<Prefix>,
    /// The ticket it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attending: Option<Arrival>,
    /// The screen that has it open, or had it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen: Option<ScreenId>,
}
