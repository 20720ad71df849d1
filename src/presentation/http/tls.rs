//! TLS of one connection: encrypts what goes to the peer and decrypts what came from it. Only
//! [`Wire`](super::wire::Wire) uses it, and does the reading and writing.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::{ServerConfig, ServerConnection};

/// The state of TLS on a connection. The lock is held for no I/O but one read of bytes that are there.
#[derive(Debug)]
pub(super) struct Tls(Mutex<ServerConnection>);

impl Tls {
    /// TLS whose handshake has not begun.
    pub fn new(config: Arc<ServerConfig>) -> io::Result<Self> {
        let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
        // `seal` takes everything out at once.
        connection.set_buffer_limit(None);
        Ok(Self(Mutex::new(connection)))
    }

    pub fn is_handshaking(&self) -> bool {
        self.lock().is_handshaking()
    }

    /// Encrypts bytes. Peers accept the results in the order of the calls only, without a gap.
    pub fn seal(&self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut connection = self.lock();
        connection.writer().write_all(bytes)?;
        Ok(outgoing(&mut connection))
    }

    /// The message that ends our side of the connection.
    pub fn end(&self) -> Vec<u8> {
        let mut connection = self.lock();
        connection.send_close_notify();
        outgoing(&mut connection)
    }

    /// Reads bytes that are decrypted already: `WouldBlock` if there are none, 0 at the end of the stream.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.lock().reader().read(buffer) {
            // Many peers close the connection without the message that ends TLS. HTTP and WebSocket know
            // themselves where a message ends.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            result => result,
        }
    }

    /// Reads once from the socket and decrypts. Returns the bytes that must be sent to the peer, even after
    /// an error: they tell it why.
    pub fn receive(&self, socket: &mut dyn Read) -> (Vec<u8>, io::Result<()>) {
        let mut connection = self.lock();
        let received = connection.read_tls(socket).and_then(|read| {
            let processed = connection.process_new_packets();
            processed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            if read == 0 && connection.is_handshaking() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(())
        });
        (outgoing(&mut connection), received)
    }

    fn lock(&self) -> MutexGuard<'_, ServerConnection> {
        // After a panic inside rustls the peer finds an error in what it gets, and closes.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes out the encrypted bytes that wait.
fn outgoing(connection: &mut ServerConnection) -> Vec<u8> {
    let mut bytes = Vec::new();
    while connection.wants_write() {
        // Writing to memory does not fail.
        if connection.write_tls(&mut bytes).unwrap_or(0) == 0 {
            break;
        }
    }
    bytes
}
