//! The place where an office is stored: the value of `--data`.

use std::fmt;
use std::path::{Path, PathBuf};

#[cfg(feature = "postgres")]
use super::postgres::{Database, MAIN_OFFICE};
use super::postgres_address::{is_postgres_address, may_be_address};

/// The place where an office is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataSource {
    /// An SQLite file.
    File(PathBuf),
    /// A database of PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(Database),
}

impl DataSource {
    /// Reads the value of `--data`. `Err` says what is allowed.
    pub fn parse(value: &str) -> Result<Self, String> {
        if value.is_empty() {
            return Err("the name of a file".to_owned());
        }
        if !is_postgres_address(value) {
            if may_be_address(value) {
                return Err("the name of a file, or postgres://HOST/DATABASE".to_owned());
            }
            return Ok(Self::File(PathBuf::from(value)));
        }
        #[cfg(feature = "postgres")]
        return Ok(Self::Postgres(Database::new(value)));
        #[cfg(not(feature = "postgres"))]
        Err(
            "the name of a file: this turnero was built without PostgreSQL (the Cargo feature «postgres»)"
                .to_owned(),
        )
    }

    /// Chooses the office in a database. `Err` says why there is none to choose.
    #[cfg(feature = "postgres")]
    pub fn set_office(&mut self, name: &str) -> Result<(), String> {
        match self {
            Self::Postgres(database) => name.clone_into(&mut database.office),
            Self::File(_) if name == MAIN_OFFICE => {}
            Self::File(_) => {
                return Err(format!(
                    "--office «{name}» is not allowed; it is for --data postgres://HOST/DATABASE, and a data file has one \
                     office."
                ));
            }
        }
        Ok(())
    }

    /// A sentence, and for a data file the advice that follows: a server keeps a file to itself, but not a database.
    pub fn with_advice_for_file(&self, sentence: &str, advice: &str) -> String {
        match self.file() {
            Some(_) => format!("{sentence} {advice}"),
            None => sentence.to_owned(),
        }
    }

    /// The data file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(file) => Some(file),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => None,
        }
    }
}

impl fmt::Display for DataSource {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(to, "{}", file.display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => write!(to, "{database}"),
        }
    }
}
