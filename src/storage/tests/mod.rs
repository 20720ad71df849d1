//! Tests of storage on real files.

mod restarts;
pub(super) mod testing;
