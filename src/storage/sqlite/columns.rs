//! Columns of the tables of SQLite.

pub(super) use crate::storage::columns::{from_sql, json, to_sql};

pub(super) fn one<T: rusqlite::types::FromSql>(row: &rusqlite::Row<'_>) -> rusqlite::Result<T> {
    row.get(0)
}
