//! Tests of the rules: examples, tables, random commands, and a simulated office.

mod days;
mod examples;
pub(crate) mod properties;
mod setting_up;
mod simulation;
mod states;
pub(crate) mod testing;
pub(crate) mod wishes;
