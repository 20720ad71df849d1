//! `/api/tickets/ID/qr.svg`: a QR code with the address of the ticket's own page.

use qrcode::QrCode;
use qrcode::render::svg::Color;

use super::fields::Fields;
use super::ticket::{no_ticket, public_url};
use crate::domain::TicketId;
use crate::presentation::http::address::BaseUrl;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::route::{Context, Handled};

/// The path of a ticket's own page.
pub fn ticket_page(ticket: TicketId) -> String {
    format!("t/{ticket}")
}

/// `GET /api/tickets/ID/qr.svg`: the query field `base` is the address under which the client sees the server.
pub fn show(context: &Context<'_>) -> Handled {
    let mut fields = Fields::of_query(context.request)?;
    let base = fields.text("base")?;
    fields.finish()?;
    let asked = context.parameter();
    let id = TicketId::parse(asked)
        .filter(|id| {
            let tickets = &context.office.tickets;
            tickets.read_queue(|queue| queue.ticket(*id).is_some())
        })
        .ok_or_else(|| no_ticket(asked))?;
    let listen = context.listen();
    let host = context.request.header("Host");
    let base = match public_url(context) {
        Some(base) => base,
        None => BaseUrl::of((host, context.caller.is_secure), base.as_deref(), listen)?,
    };
    let svg = svg(&base.page(&ticket_page(id)))
        .map_err(|error| Problem::invalid("base", error.to_string()))?;
    // The ticket's id is in the code, and allows to cancel the ticket: no cache may store it.
    Ok(Answer::new(200, "image/svg+xml", svg.into_bytes())
        .with_header("Cache-Control", "private, no-store")
        .with_header("Content-Security-Policy", "default-src 'none'; sandbox"))
}

/// Dark on white in every theme, with the quiet zone that cameras need (ISO/IEC 18004).
fn svg(address: &str) -> qrcode::QrResult<String> {
    let code = QrCode::new(address)?;
    Ok(code
        .render::<Color>()
        .dark_color(Color("#000"))
        .light_color(Color("#fff"))
        .quiet_zone(true)
        .module_dimensions(8, 8)
        .build())
}
