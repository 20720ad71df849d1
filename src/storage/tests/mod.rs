//! Tests of storage: a data file, and a database if the tests run with one.

pub(super) mod day;
mod journal;
mod moved;
mod records;
mod restarts;
pub(super) mod testing;
