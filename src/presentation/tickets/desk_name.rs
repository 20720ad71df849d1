//! Reads the names of desks in requests.

use crate::domain::DeskName;
use crate::presentation::http::problem::Problem;
use crate::presentation::services::TicketService;

/// Reads the name of a desk: of one that there is, or one that a new desk may have.
pub fn desk_name(tickets: &TicketService, text: &str) -> Result<DeskName, Problem> {
    let parsed = DeskName::parse(text);
    if let Ok(name) = &parsed
        && name.as_str() == text.trim()
    {
        return Ok(name.clone());
    }
    // Earlier versions of the program accepted more names, and stored each as it was typed.
    let stored = DeskName::stored(text).ok();
    let stored = stored.filter(|name| tickets.read_queue(|queue| queue.desk(name).is_some()));
    stored.map_or_else(|| parsed.map_err(|why| Problem::invalid("desk", why)), Ok)
}
