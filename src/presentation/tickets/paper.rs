//! Tickets on paper: `/api/tickets/ID/paper` for the kiosk's browser, and the test print of a printer.

use serde::Serialize;

use super::execute::refuse;
use super::fields::Fields;
use super::ticket::{find_printer, no_ticket};
use crate::domain::TicketId;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::printing::{PaperLine, PrintedTicket};
use crate::presentation::route::{Context, Handled};

/// The paper that a kiosk's browser prints.
#[derive(Serialize)]
struct Paper<'a> {
    language: &'a str,
    /// Width of the paper in mm.
    width: u8,
    /// Whether there is a QR code with the address of the ticket's page.
    qr: bool,
    lines: Vec<PaperLine>,
}

/// `GET /api/tickets/ID/paper`: the lines of a ticket on paper, as a network printer prints them.
pub fn show(context: &Context<'_>) -> Handled {
    let asked = context.parameter();
    let found = TicketId::parse(asked).and_then(|id| {
        context.office.tickets.read_queue(|queue| {
            let printing = queue.settings().printing.clone();
            PrintedTicket::of(queue, queue.ticket(id)?).map(|ticket| (ticket, printing))
        })
    });
    let (ticket, printing) = found.ok_or_else(|| no_ticket(asked))?;
    let paper = Paper {
        language: &ticket.language,
        width: printing.paper_width,
        qr: printing.paper_qr,
        lines: ticket.lines(|_| true),
    };
    Ok(Answer::json(200, &paper))
}

/// `POST /api/printers/NAME/test`: 202, and the test print.
pub fn test(context: &Context<'_>) -> Handled {
    Fields::of_body(context.request)?.finish()?;
    let asked = context.parameter();
    let printers = context.office.wss.printers();
    let (name, state) =
        find_printer(&printers, asked).map_err(|problem| Problem::not_found(problem.detail))?;
    if state.is_failing() {
        let why = state.detail.unwrap_or_default();
        return refuse(context, Problem::printer_failing(why));
    }
    context.office.printers.print_test(name);
    Ok(Answer::json(202, &serde_json::json!({"printer": name})))
}
