//! WebSocket frames that the server sends to screens.

use tungstenite::Bytes;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::presentation::json::{CalledJson, Message, TicketView};

/// `on-ticket-count-changed`.
pub fn course_count_frame(waiting: usize) -> Bytes {
    let message = Message {
        kind: "on-ticket-count-changed",
        seq: None,
        payload: waiting,
    };
    text_frame(message.text())
}

/// `on-working-changed`.
pub fn course_working_frame(called: &[TicketView]) -> Bytes {
    let message = Message {
        kind: "on-working-changed",
        seq: None,
        payload: called
            .iter()
            .map(TicketView::called)
            .collect::<Vec<CalledJson>>(),
    };
    text_frame(message.text())
}

/// Encodes a text frame. A server's frames are not masked, so the same bytes serve every screen.
pub fn text_frame(text: String) -> Bytes {
    let frame = Frame::message(text, OpCode::Data(Data::Text), true);
    let mut bytes = Vec::with_capacity(frame.len());
    frame
        .format(&mut bytes)
        .expect("writing into memory does not fail");
    bytes.into()
}
