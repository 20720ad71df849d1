//! Bodies with a sound head: the first line is the method and the target, and «form» behind it if the
//! body is a form; the rest is the body.

#![no_main]

mod memory;
mod server;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let Some((line, body)) = end.map(|end| (&bytes[..end], &bytes[end + 1..])) else {
        return;
    };
    let Ok(line) = std::str::from_utf8(line) else {
        return;
    };
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let media_type = match words.next() {
        Some("form") => "application/x-www-form-urlencoded",
        _ => "application/json",
    };
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {}\r\nContent-Type: {media_type}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        server::address(),
        body.len()
    );
    server::check(&server::exchange(&[head.as_bytes(), body]));
});
