//! Desks: named places where visitors are served.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::name::{LONGEST_NAME, parse_name};
use super::screen::ScreenId;
use super::service::Prefix;
use super::text_form::serde_as_text;
use super::time::Arrival;

/// How many desks an office can have: a bound on what a mistyped script can create, far above the
/// largest town hall.
pub const MOST_DESKS: usize = 1_000;

/// A desk's name as people write it, without blanks around.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeskName(Arc<str>);

/// In the order of numbers: 2 is before 10.
impl Ord for DeskName {
    fn cmp(&self, other: &Self) -> Ordering {
        counted(&self.0, &other.0).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for DeskName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares two texts, and the numbers in them by their values.
fn counted(mut a: &str, mut b: &str) -> Ordering {
    let digits =
        |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    loop {
        let (of_a, of_b) = (digits(a), digits(b));
        let order = if of_a > 0 && of_b > 0 {
            let (x, y) = (&a[..of_a], &b[..of_b]);
            (a, b) = (&a[of_a..], &b[of_b..]);
            let (x, y) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
            x.len().cmp(&y.len()).then_with(|| x.cmp(y))
        } else {
            let (mut rest_a, mut rest_b) = (a.chars(), b.chars());
            let (x, y) = (rest_a.next(), rest_b.next());
            if x.is_none() {
                return x.cmp(&y);
            }
            (a, b) = (rest_a.as_str(), rest_b.as_str());
            x.cmp(&y)
        };
        if order.is_ne() {
            return order;
        }
    }
}

impl DeskName {
    /// Takes the name of a new desk. `Err` says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(Self(parse_name(text)?.into()))
    }

    /// Takes the name of a desk that there may be already. Earlier versions of the program accepted
    /// more names.
    pub fn stored(text: &str) -> Result<Self, String> {
        let name = text.trim();
        if name.is_empty() {
            return Err("a desk needs a name".to_owned());
        }
        let length = name.chars().count();
        if length > LONGEST_NAME {
            return Err(format!(
                "a desk's name has {LONGEST_NAME} characters at most, this one has {length}"
            ));
        }
        if name.chars().any(|c| c.is_control() || is_invisible(c)) {
            return Err("a desk's name has no control or invisible characters".to_owned());
        }
        if [".", ".."].contains(&name) {
            return Err(
                "a desk's name cannot be «.» or «..», which have a meaning in addresses".to_owned(),
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
/// reverse what follows it.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}') || is_deceptive(c)
}

/// The invisible characters that no language needs within a text, and those that end a line.
pub fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

serde_as_text!(DeskName, Self::stored);

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
    #[serde(rename = "attending", skip_serializing_if = "Option::is_none")]
    pub serving: Option<Arrival>,
    /// The screen that claimed it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen: Option<ScreenId>,
}
