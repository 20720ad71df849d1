//! How an office puts tickets on paper; the queue does not depend on any of it.

use serde::{Deserialize, Serialize};

/// A network printer of the office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrinterSetup {
    /// Its name for people and programs.
    pub name: String,
    /// `HOST:PORT`.
    pub address: String,
}

/// How an office puts tickets on paper.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Printing {
    /// The network printers. The first is used if nobody says which.
    pub printers: Vec<PrinterSetup>,
}
