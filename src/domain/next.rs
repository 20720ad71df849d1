//! Whose turn it is.

use super::desk::Desk;
use super::queue::Queue;
use super::ticket::Ticket;

/// The ticket that a desk calls next: of the lines it attends, the one that arrived first.
/// `None` when nobody waits there.
pub(super) fn whose_turn<'a>(queue: &'a Queue, desk: &Desk) -> Option<&'a Ticket> {
    let attended = queue
        .lines
        .iter()
        .filter(|(service, _)| desk.attends(service));
    let first = attended
        .filter_map(|(_, line)| line.front().copied())
        .min()?;
    queue.arrived(first)
}
