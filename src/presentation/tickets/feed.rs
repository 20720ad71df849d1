//! `/api/state` and `/api/events`: the messages of the WebSocket, over HTTP.

use std::io::{self, Write};
use std::time::Duration;

use tungstenite::Bytes;

use super::desks::shown_desk;
use super::fields::Fields;
use crate::access::Role;
use crate::presentation::http::answer::Answer;
use crate::presentation::json::StateView;
use crate::presentation::route::{Context, Handled};
use crate::presentation::services::Since;

/// Longest wait for the first event, in seconds: proxies commonly give up after 30.
const LONGEST_WAIT_SECONDS: u64 = 25;

/// Longer answers are sent in pieces: many clients that read slowly must not fill the memory.
const WHOLE_BYTES: usize = 64 * 1024;

/// `GET /api/state`
pub fn state(context: &Context<'_>) -> Handled {
    let state = context.office.tickets.read_queue(StateView::of);
    Ok(Answer::json(200, &state.message()))
}

/// `GET /api/events`
pub fn events(context: &Context<'_>) -> Handled {
    let mut fields = Fields::of_query(context.request)?;
    let since = fields.number("since", u64::MAX)?;
    let wait = fields.number("wait", u64::MAX)?.unwrap_or(0);
    let shown_desk = shown_desk(
        &context.office.tickets,
        fields.text("desk")?.as_deref(),
        fields.text("screen")?.as_deref(),
    )?;
    fields.finish()?;
    let office = context.office;
    // Only staff can claim a desk, here as over a WebSocket.
    let shown_desk = shown_desk.filter(|_| context.caller.role >= Role::Staff);
    let presence = shown_desk.map(|(desk, screen)| office.presence.enter(&desk, screen, true));
    let wait = Duration::from_secs(wait.min(LONGEST_WAIT_SECONDS));
    since.inspect(|seq| office.tickets.catch_up_to(*seq));
    // A seq that this office has not reached belongs to another office.
    let known = since.filter(|seq| *seq <= office.tickets.read_queue(|queue| queue.seq()));
    let remaining_lifetime = || office.access.remaining_lifetime(&context.caller);
    let since = match known.map(|seq| (seq, office.wss.since(seq))) {
        Some((seq, since)) if since.is_empty() && !wait.is_zero() => {
            let _place = context.connection.take_place(context.caller.address)?;
            context.connection.waits();
            let wire = context.connection.wire();
            let since = office.wss.wait_since(seq, wait, &remaining_lifetime, wire);
            context.connection.works();
            Some(since)
        }
        now => now.map(|(_, since)| since),
    };
    if remaining_lifetime().is_none()
        && let Some(presence) = presence
    {
        presence.end();
    }
    let updates = match since {
        Some(Since::Updates(updates)) => Some(updates),
        Some(Since::NotYet) => Some(Vec::new()),
        Some(Since::TooOld) | None => None,
    };
    let mut messages: Vec<Bytes> = match updates {
        Some(updates) => updates.iter().map(|update| update.text()).collect(),
        None => vec![
            office
                .tickets
                .read_queue(StateView::of)
                .message()
                .text()
                .into(),
        ],
    };
    // A screen that polls gets the state of each printer with each answer.
    let printers = office.wss.printer_messages(known);
    messages.extend(printers.into_iter().map(Bytes::from));
    let bytes: usize = messages.iter().map(Bytes::len).sum();
    if bytes > WHOLE_BYTES {
        return Ok(Answer::json_stream(move |to| write_array(&messages, to)));
    }
    let mut array = Vec::with_capacity(bytes + messages.len() + 1);
    write_array(&messages, &mut array).expect("a vector takes all bytes");
    Ok(Answer::new(200, "application/json", array).with_header("Cache-Control", "no-store"))
}

fn write_array(messages: &[Bytes], to: &mut dyn Write) -> io::Result<()> {
    to.write_all(b"[")?;
    for (index, message) in messages.iter().enumerate() {
        if index > 0 {
            to.write_all(b",")?;
        }
        to.write_all(message)?;
    }
    to.write_all(b"]")
}
