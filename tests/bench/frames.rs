//! Reading WebSocket frames as they come from a server (RFC 6455, section 5.2): not masked, and with
//! these small messages never in fragments. Anything else is an error, since a benchmark that guesses
//! measures nothing.

use crate::Failure;

pub enum Frame<'a> {
    Text(&'a [u8]),
    Ping(&'a [u8]),
    Close,
    /// A pong, which needs nothing.
    Other,
}

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

/// The first frame in `bytes` and how many bytes it takes, or nothing while it is not whole.
pub fn first(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, Failure> {
    let [opening, length, ..] = *bytes else {
        return Ok(None);
    };
    if length & MASKED != 0 {
        return Err("a masked frame from a server".into());
    }
    let (start, length) = match (length, bytes) {
        (126, [_, _, a, b, ..]) => (4, usize::from(u16::from_be_bytes([*a, *b]))),
        (126, _) => return Ok(None),
        (127, _) => return Err("a frame of more than 64 KiB".into()),
        (short, _) => (2, usize::from(short)),
    };
    let Some(payload) = bytes.get(start..start + length) else {
        return Ok(None);
    };
    let frame = match opening {
        opening if opening == FIN | 0x1 => Frame::Text(payload),
        opening if opening == FIN | 0x8 => Frame::Close,
        opening if opening == FIN | 0x9 => Frame::Ping(payload),
        opening if opening == FIN | 0xA => Frame::Other,
        other => return Err(format!("a frame that opens with {other:#x}").into()),
    };
    Ok(Some((frame, start + length)))
}

/// A text frame of a server.
pub fn text(payload: &str) -> Vec<u8> {
    let length = payload.len();
    let mut frame = vec![FIN | 0x1];
    match u8::try_from(length) {
        Ok(short) if short < 126 => frame.push(short),
        _ => {
            let length = u16::try_from(length).expect("the benchmark's own messages are small");
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
    }
    frame.extend(payload.as_bytes());
    frame
}

/// A pong of a client. Its mask is zero, which the RFC allows nobody to notice.
pub fn pong(payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("a control frame has at most 125 bytes");
    let mut frame = vec![FIN | 0xA, MASKED | length, 0, 0, 0, 0];
    frame.extend(payload);
    frame
}
