//! The barest server there can be, in a thread of this process: it parses next to nothing, keeps
//! nothing, and writes the same bytes in a loop. Measured like the others, it tells what the client and
//! the kernel cost by themselves: no server's figure can be better, and one that comes close to it says
//! more about the client than about the server.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::Failure;
use crate::frames;
use crate::http::find_head_end;

pub struct Control {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    screens: Mutex<Vec<TcpStream>>,
    number: AtomicU64,
}

impl Shared {
    fn screens(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.screens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Control {
    pub fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&accepting);
                // A client that goes away is the usual end of a connection.
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Ok(Self { address, shared })
    }

    pub fn forget_screens(&self) {
        self.shared.screens().clear();
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut buffer = [0; 4096];
    loop {
        let mut filled = 0;
        // No request of the benchmark's client has a body.
        while find_head_end(&buffer[..filled]).is_none() {
            match stream.read(&mut buffer[filled..]).ok()? {
                0 => return None,
                read => filled += read,
            }
        }
        let head = &buffer[..filled];
        if head.starts_with(b"GET /ws") {
            stream
                .write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
                .ok()?;
            shared.screens().push(stream);
            return None;
        }
        let (status, number) = if head.starts_with(b"POST") {
            ("201 Created", shared.number.load(Ordering::Relaxed))
        } else {
            ("200 OK", call_next(shared)?)
        };
        let body = format!(r#"{{"status":"ok","ticket":{}}}"#, ticket(number));
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(answer.as_bytes()).ok()?;
    }
}

fn call_next(shared: &Shared) -> Option<u64> {
    let number = shared.number.fetch_add(1, Ordering::Relaxed) + 1;
    let calls: Vec<String> = (0..4)
        .map(|back| ticket(number.saturating_sub(back)))
        .collect();
    let message = format!(
        r#"{{"type":"on-working-changed","payload":[{}]}}"#,
        calls.join(",")
    );
    let frame = frames::text(&message);
    for screen in shared.screens().iter_mut() {
        screen.write_all(&frame).ok()?;
    }
    Some(number)
}

fn ticket(number: u64) -> String {
    format!(
        r#"{{"id":"00000000-0000-0000-0000-000000000000","number":{number},"createdAt":"2026-11-23T09:00:00.123Z","done":false,"handleAtDesk":"1","handleAt":"2026-11-23T09:04:10.000Z"}}"#
    )
}
