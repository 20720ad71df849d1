//! Columns of the tables of PostgreSQL, and its errors as errors of storage.

use diesel::prelude::*;
use diesel::result::DatabaseErrorKind;
use diesel::sql_types::{BigInt, Bool, Nullable};

use crate::storage::StorageError;
pub(super) use crate::storage::columns::{from_sql, json, to_sql};

/// A column of one number.
#[derive(QueryableByName)]
pub(super) struct Number {
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) number: Option<i64>,
}

#[derive(QueryableByName)]
pub(super) struct Truth {
    #[diesel(sql_type = Bool)]
    pub(super) truth: bool,
}

impl From<diesel::result::Error> for StorageError {
    fn from(error: diesel::result::Error) -> Self {
        if let diesel::result::Error::DatabaseError(DatabaseErrorKind::UniqueViolation, about) =
            &error
        {
            match about.constraint_name() {
                // Another server has just stored the answer to the same request.
                Some("answers_pkey") => return Self::MovedOn { expected: 0 },
                Some(
                    "people_pkey" | "people_office_name_key" | "tokens_pkey" | "webhooks_pkey",
                ) => {
                    return Self::Conflict;
                }
                _ => {}
            }
        }
        // libpq's messages may have several lines.
        let words: Vec<String> = error
            .to_string()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        Self::Database(words.join(" ").into())
    }
}

/// A stored number that is small.
pub(super) fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
