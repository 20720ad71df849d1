//! Columns that the tables of both databases have: numbers and JSON.

pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("maps have text keys, so the value is always JSON")
}

/// The databases' integers are signed; 2^63 events are out of reach.
pub(super) fn to_sql(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

pub(super) fn from_sql(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or(0)
}
