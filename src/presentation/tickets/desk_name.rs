//! Reads the names of desks in requests.

use crate::domain::DeskName;
use crate::presentation::http::problem::Problem;
use crate::presentation::services::TicketService;

/// Reads the name of a desk: of one that there is, or one that a new desk may have.
pub fn desk_name(tickets: &TicketService, text: &str) -> Result<DeskName, Problem> {
    DeskName::parse(text).or_else(|why| {
        let stored = DeskName::stored(text).ok();
        let stored = stored.filter(|name| tickets.read_queue(|queue| queue.desk(name).is_some()));
        stored.ok_or_else(|| Problem::invalid("desk", why))
    })
}
