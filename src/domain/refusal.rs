//! Refusals: why a command is not carried out, as a text for the person who sent it.

use thiserror::Error;

use super::desk::{DeskName, MOST_DESKS};
use super::service::{MOST_SERVICES, Prefix};
use super::ticket::State;

/// The reason that a command is not carried out. `Display` is the text for the person who sent it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("Nobody is waiting.")]
    QueueEmpty,
    #[error("Desk {desk} is not serving anyone.")]
    NobodyServed { desk: DeskName },
    #[error("Ticket {code} is {}, so it cannot be {action}.", state.as_str())]
    WrongState {
        code: String,
        state: State,
        action: &'static str,
    },
    #[error("Desk {desk} now serves {actual}, not {expected}. Check the screen and try again.")]
    DeskMovedOn {
        desk: DeskName,
        expected: String,
        actual: String,
    },
    #[error("Desk {desk} has nothing to undo: {why}.")]
    NothingToUndo { desk: DeskName, why: String },
    #[error("Desk {desk} still serves {code}; finish that ticket first.")]
    DeskHasTicket { desk: DeskName, code: String },
    #[error(
        "Desk {desk} is open on another screen now. Continue there, or take it over here (`takeOver`)."
    )]
    DeskClaimedElsewhere { desk: DeskName },
    #[error("Desk {desk} is closed, so nobody would call the ticket there: open it first.")]
    DeskClosed { desk: DeskName },
    #[error("There is no ticket {0} here.")]
    NoSuchTicket(String),
    #[error("There is no desk {0} here.")]
    NoSuchDesk(DeskName),
    #[error("There is no service {asked}; there are: {known}.")]
    UnknownService { asked: Prefix, known: String },
    #[error("There is no priority {asked}; there are: {known}.")]
    UnknownPriority { asked: String, known: String },
    #[error("{name} is closed. {message}")]
    ServiceClosed { name: String, message: String },
    #[error(
        "{}, and no more tickets are given for now.",
        so_many(*most as usize, "1 person is waiting", "people are waiting")
    )]
    QueueFull { most: u32 },
    #[error("Service {service} has no numbers left today; they restart on the next business day.")]
    NoNumberLeft { service: Prefix },
    #[error("Service {service} cannot be deleted: {why}.")]
    ServiceInUse { service: Prefix, why: String },
    #[error(
        "Priority {priority} cannot be removed: {}. Its display names (`names`) can be changed now.",
        so_many(*tickets, "1 ticket has it", "tickets have it")
    )]
    PriorityInUse { priority: String, tickets: usize },
    #[error(
        "This office has tickets of today or open ones. A backup is restored before the first ticket of a day."
    )]
    OfficeInUse,
    #[error("last: must be at least {first}, the first number.")]
    EndsBeforeItBegins { first: u32 },
    #[error("An office has {MOST_SERVICES} services at most; delete one that is not used.")]
    TooManyServices,
    #[error("An office has {MOST_DESKS} desks at most; delete one that is not used.")]
    TooManyDesks,
}

/// `one`, or the number and what `several` are.
fn so_many(number: usize, one: &str, several: &str) -> String {
    match number {
        1 => one.to_owned(),
        _ => format!("{number} {several}"),
    }
}
