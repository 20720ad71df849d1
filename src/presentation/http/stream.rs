//! The body of a large answer: written in pieces, so that a slow reader costs little memory.

use std::fmt;
use std::io::{self, Write};

use super::wire::Wire;

/// A piece is sent when it has so many bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// Writes the whole body.
type WriteBody = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>;

/// A body that is written while it is sent, by the connection's thread.
pub struct Stream(WriteBody);

impl Stream {
    pub fn new(write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static) -> Self {
        Self(Box::new(write))
    }

    /// Sends the body after `head`. If the body is one piece, sends nothing and returns it. After an
    /// error the connection must end, so that the peer does not take the body for whole.
    pub fn send(self, wire: &Wire, head: Vec<u8>, is_chunked: bool) -> io::Result<Option<Vec<u8>>> {
        let mut pieces = Pieces {
            wire,
            head: Some(head),
            is_chunked,
            piece: Vec::new(),
        };
        (self.0)(&mut pieces)?;
        if pieces.head.is_some() {
            return Ok(Some(pieces.piece));
        }
        pieces.send()?;
        if is_chunked {
            wire.write_all(b"0\r\n\r\n")?;
        }
        Ok(None)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

/// Collects what is written, and sends it in pieces.
struct Pieces<'a> {
    wire: &'a Wire,
    /// Until the first piece is sent.
    head: Option<Vec<u8>>,
    is_chunked: bool,
    piece: Vec<u8>,
}

impl Pieces<'_> {
    fn send(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        if let Some(head) = self.head.take() {
            self.wire.write_all(&head)?;
        }
        if self.is_chunked {
            let size = format!("{:x}\r\n", self.piece.len());
            self.wire.write_all(size.as_bytes())?;
            self.piece.extend_from_slice(b"\r\n");
        }
        self.wire.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
