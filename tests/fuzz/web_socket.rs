//! Fuzzes the input of a screen after its handshake. The first byte chooses the dialect, and how many bytes come
//! together with the handshake.

#![no_main]

mod memory;
mod server;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, frames)) = bytes.split_first() else {
        return;
    };
    let subprotocol = if first % 2 == 0 {
        "Sec-WebSocket-Protocol: turnero.v1\r\n"
    } else {
        ""
    };
    let mut with_head = format!(
        "GET /ws HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{subprotocol}\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server::address()
    )
    .into_bytes();
    let (early, late) = frames.split_at(frames.len().min(usize::from(first / 2)));
    with_head.extend_from_slice(early);
    let answers = server::exchange(&[&with_head, late]);
    assert!(
        answers.starts_with(b"HTTP/1.1 101"),
        "{}",
        String::from_utf8_lossy(&answers)
    );
});
