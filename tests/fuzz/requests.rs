//! Bytes of a whole connection: request heads and bodies, one after another.

#![no_main]

mod memory;
mod server;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    server::check(&server::exchange(&[bytes]));
});
