//! Tests of the rules: examples, tables, random commands, and a simulated office.

mod changes;
mod check;
mod claims;
mod clock;
mod days;
mod desk_names;
mod estimates;
mod examples;
mod history;
mod next;
mod priority_streaks;
pub(crate) mod properties;
pub(crate) mod random_commands;
mod setting_up;
mod simulation;
mod states;
mod statistics;
pub(crate) mod testing;
mod ticket_ids;
