//! Services: what visitors come for. A service's letters begin the codes of its tickets.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::name::{check_name, composed};
use super::text_form::serde_as_text;

/// How many services an office can have: more buttons than a kiosk can show.
pub const MOST_SERVICES: usize = 100;

/// The first letters of a service's ticket codes, which also name the service in requests: `A`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(Arc<str>);

impl Prefix {
    /// The longest prefix, in letters: more would leave no room for the number on a screen.
    pub const LONGEST: usize = 4;

    /// Takes a prefix for a new service: 1 to 4 letters, kept as capitals. `Err` says what is wrong
    /// with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let prefix = Self::stored(&composed(text))?;
        check_name(prefix.as_str())?;
        Ok(prefix)
    }

    /// Takes the prefix of a service that there may be already. Earlier versions of the program
    /// accepted letters that nobody sees.
    pub fn stored(text: &str) -> Result<Self, String> {
        // Some letters are several as capitals.
        let capitals = text.to_uppercase();
        let letters = capitals.chars().count();
        if letters == 0 || letters > Self::LONGEST || !capitals.chars().all(char::is_alphabetic) {
            return Err(format!("a prefix has 1 to {} letters", Self::LONGEST));
        }
        Ok(Self(capitals.into()))
    }

    /// Names a service as people write it, in either case.
    pub fn asked(text: &str) -> Self {
        Self(composed(text).to_uppercase().into())
    }

    /// Names a service; whether there is one of that name is the queue's to say.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

serde_as_text!(Prefix, Self::stored);

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const MINUTE_MS: i64 = 60_000;

/// How an office sets up a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceSetup {
    /// Its name, where a language has none of its own.
    pub name: Arc<str>,
    /// Its names in other languages, by their codes.
    pub names: Arc<BTreeMap<String, String>>,
    /// The first number of a day.
    pub first: u32,
    /// The last number that is meant to be given. Past it numbers go on: somebody with a number
    /// beyond the range is better than two with the same.
    pub last: Option<u32>,
    /// Numbers are written with at least so many digits.
    pub digits: u8,
    /// Whether tickets are given.
    pub open: bool,
    /// Within how many minutes visitors are to be called; `None` is 15.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_minutes: Option<u32>,
    /// The message for visitors if it is closed, where a language has none of its own.
    pub message: Option<Arc<str>>,
    /// That message in other languages, by their codes.
    #[serde(default)]
    pub messages: Arc<BTreeMap<String, String>>,
}

impl ServiceSetup {
    /// The longest wait that a service aims at by default, in milliseconds.
    pub const DEFAULT_TARGET_MS: i64 = 15 * MINUTE_MS;

    /// The longest wait that it aims at, in milliseconds.
    pub fn target_ms(&self) -> i64 {
        let set = self
            .target_minutes
            .map(|minutes| i64::from(minutes) * MINUTE_MS);
        set.unwrap_or(Self::DEFAULT_TARGET_MS)
    }

    /// A service of that name, open, numbered from 1.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.into(),
            names: Arc::default(),
            first: 1,
            last: None,
            digits: 1,
            open: true,
            target_minutes: None,
            message: None,
            messages: Arc::default(),
        }
    }
}

/// A service of the office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Service {
    pub prefix: Prefix,
    pub setup: ServiceSetup,
    /// The last number given today; `None` before the day's first.
    pub last_number: Option<u32>,
}

impl Service {
    /// The one service of a new office.
    pub fn general() -> Self {
        Self::new(Prefix::new("A"), ServiceSetup::named("General"))
    }

    /// A service without tickets.
    pub fn new(prefix: Prefix, setup: ServiceSetup) -> Self {
        Self {
            prefix,
            setup,
            last_number: None,
        }
    }

    /// The numbers after the last one, until there are no more.
    pub fn next_numbers(&self) -> impl Iterator<Item = u32> {
        let next = self.last_number.map_or(Some(0), |last| last.checked_add(1));
        let first = self.setup.first;
        next.into_iter()
            .flat_map(move |next| next.max(first)..=u32::MAX)
    }

    /// Whether numbers have gone past the end of the range.
    pub fn is_past_range(&self) -> bool {
        let previous_day = |last: u32| self.last_number.is_some_and(|given| given > last);
        self.setup.last.is_some_and(previous_day)
    }
}
