//! The ids of the people who work in the office. Their names are access records, and no events hold them.

use serde::{Deserialize, Serialize};

/// Names a person who signs in by name. It is never given to another person, so that events and the history
/// can hold it in place of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub u32);
