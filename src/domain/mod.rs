//! The rules of the queue, and nothing else: pure functions over plain data.
//!
//! What does not belong here: clocks, randomness, threads, logging, JSON, SQL, HTTP. Time and
//! ticket ids come in as arguments, so the same commands give the same events wherever they run.

mod attend;
mod change;
mod claim;
mod clock;
mod command;
mod desk;
mod event;
mod figures;
mod next;
mod pace;
mod queue;
mod refusal;
mod runs;
mod screen;
mod service;
mod settings;
mod setup;
mod ticket;
mod transfer;
mod undo;
mod wait;

pub use change::{AppearanceChange, ServiceChange, SettingsChange};
pub use clock::{Clock, Numbering};
pub use command::{Command, Decision, Expected, Position, Subject, Target, TicketRef, decide};
pub use desk::{Desk, DeskName, is_deceptive};
pub use event::{Event, Stamped, apply};
pub use figures::{Figure, Figures};
pub use next::Order;
pub use pace::{LastCall, Pace, Turn};
pub use queue::{CALLS_KEPT, Call, CallKind, ENDED_KEPT, LAST_CALLED_KEPT, Queue, QueueParts};
pub use refusal::Refusal;
pub use runs::{Called, MOST_IN_A_ROW, Runs};
pub use screen::ScreenId;
pub use service::{Prefix, Service, ServiceSetup};
pub use settings::{Appearance, Day, DayRule, NORMAL_PRIORITY, Priority, Rule, Settings};
pub use ticket::{Arrival, Lane, Line, Place, State, Ticket, TicketId, Timestamp};
pub use undo::{Change, Step, UNDO_WITHIN_MS};
pub use wait::Forecast;

#[cfg(test)]
pub(crate) mod tests;
