//! Stored snapshots: one that passes the check is an office that works.

#![no_main]

mod office;

use libfuzzer_sys::fuzz_target;
use turnero::domain::{Queue, QueueParts};

fuzz_target!(|bytes: &[u8]| {
    let Ok(parts) = serde_json::from_slice::<QueueParts>(bytes) else {
        return;
    };
    let stored = serde_json::to_vec(&parts).expect("a snapshot is JSON");
    let again: QueueParts = serde_json::from_slice(&stored).expect("what was stored can be read");
    assert_eq!(again, parts);
    if parts.check().is_ok() {
        office::work(&mut Queue::from_parts(parts), 1_795_424_400_000);
    }
});
