//! Lists of tickets. A long list is read and sent in pieces, so that the queue is locked for a short
//! time only, and so that slow readers need little memory.

use std::io::{self, Write};

use crate::domain::{Arrival, Queue};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::json::TicketView;
use crate::presentation::office::Office;
use crate::presentation::route::Handled;

/// Tickets in one piece.
const PIECE: usize = 1_000;

/// Entries of a list that takes no slot.
const SHORT: usize = 100;

enum List {
    Short(Vec<TicketView>),
    Long(Vec<Arrival>),
}

/// 200 and the tickets that `select` chooses, or its problem. The tickets of a long list are as they are
/// when their piece is read; 503 if several large answers are being sent already.
pub fn answer(
    office: &Office,
    select: impl FnOnce(&Queue) -> Result<Vec<Arrival>, Problem>,
) -> Handled {
    let list = office.tickets.read_queue(|queue| -> Result<List, Problem> {
        let arrivals = select(queue)?;
        Ok(if arrivals.len() <= SHORT {
            List::Short(views(queue, &arrivals))
        } else {
            List::Long(arrivals)
        })
    });
    let arrivals = match list? {
        List::Short(tickets) => return Ok(of_views(&tickets)),
        List::Long(arrivals) => arrivals,
    };
    if arrivals.len() <= PIECE {
        // Whoever gets no place does not lock the queue for as long.
        let tickets = &office.tickets;
        return whole(office, arrivals.len(), || {
            of_views(&tickets.read_queue(|queue| views(queue, &arrivals)))
        });
    }
    let slot = office.large_answers.take();
    let slot = slot.ok_or_else(Problem::too_many_large_answers)?;
    let queue = office.tickets.shared().clone();
    Ok(Answer::json_stream(move |to| {
        let _slot = slot;
        let mut separator = "[";
        for piece in arrivals.chunks(PIECE) {
            for view in queue.read_queue(|queue| views(queue, piece)) {
                to.write_all(separator.as_bytes())?;
                write_view(to, &view)?;
                separator = ",";
            }
        }
        // The tickets of the day are gone if a new day has begun.
        to.write_all(if separator == "[" { b"[]" } else { b"]" })
    }))
}

/// Answers with a list of so many entries in one piece; 503 if many long ones are being sent already.
pub fn whole(office: &Office, entries: usize, answer: impl FnOnce() -> Answer) -> Handled {
    if entries <= SHORT {
        return Ok(answer());
    }
    let slot = office.long_lists.take();
    let slot = slot.ok_or_else(Problem::too_many_large_answers)?;
    Ok(answer().with_slot(slot))
}

fn write_view(to: &mut dyn Write, view: &TicketView) -> io::Result<()> {
    serde_json::to_writer(to, &view.for_staff()).map_err(io::Error::from)
}

/// 200 and a short list of tickets.
pub fn of_views(tickets: &[TicketView]) -> Answer {
    let tickets: Vec<_> = tickets.iter().map(TicketView::for_staff).collect();
    Answer::json(200, &tickets)
}

fn views(queue: &Queue, arrivals: &[Arrival]) -> Vec<TicketView> {
    let tickets = arrivals
        .iter()
        .filter_map(|arrival| queue.arrived(*arrival));
    TicketView::all(queue, tickets)
}
