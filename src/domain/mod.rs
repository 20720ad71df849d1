//! The rules of the queue, and nothing else: pure functions over plain data.
//!
//! Not here: clocks, randomness, threads, logging, the public JSON, SQL, HTTP. Time and
//! ticket ids come in as arguments, so the same commands give the same events on every machine.

mod apply;
mod changes;
mod check;
mod command;
mod decide;
mod desk;
mod event;
mod export;
mod history;
mod name;
mod next;
mod pace;
mod person;
mod printing;
mod priority_streaks;
mod queue;
mod refusal;
mod screen;
mod service;
mod settings;
mod statistics;
mod step;
mod text_form;
mod ticket;
mod time;
mod time_spent;
mod wait;

pub use apply::apply;
pub use changes::{AppearanceChange, PrintingChange, ServiceChange, SettingsChange, SoundChange};
pub use check::{InvalidPart, check_history};
pub use command::{Command, Decision, Expected, Subject, Target, TicketRef, TransferPosition};
pub use decide::decide;
pub use desk::{Desk, DeskName, is_deceptive};
pub use event::{Event, Stamped};
pub use history::{TicketRow, changed_rows};
pub use name::{LONGEST_NAME, check_name, composed, is_same_name, parse_name};
pub use next::calling_order::CallingOrder;
pub use pace::{LastCall, Pace, Transaction};
pub use person::PersonId;
pub use printing::{PaperLogo, PrinterMaker, PrinterSetup, Printing, QrForm};
pub use priority_streaks::{MOST_IN_A_ROW, PriorityStreaks, StreakCall};
pub use queue::{CALLS_KEPT, Call, CallKind, ENDED_KEPT, LAST_CALLED_KEPT, Queue, QueueParts};
pub use refusal::Refusal;
pub use screen::ScreenId;
pub use service::{Prefix, Service, ServiceSetup};
pub use settings::{Appearance, CallingRule, NORMAL_PRIORITY, Priority, Settings, Sound};
pub use statistics::{Durations, Statistics, Summary};
pub use step::{TicketChange, UNDO_WITHIN_MS, UndoableStep};
pub use ticket::{ListPosition, PriorityList, State, Ticket, TicketId, WaitingList};
pub use time::{Arrival, Day, DayRule, Timestamp};
pub use time_spent::TimeSpent;
pub use wait::Forecast;

#[cfg(test)]
pub(crate) mod tests;
