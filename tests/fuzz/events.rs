//! Stored events, one a line, applied to a new office: a damaged data file must not make a start panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use turnero::domain::{Event, Queue, Stamped, Timestamp, apply};
use turnero::presentation::json::StateView;

fuzz_target!(|bytes: &[u8]| {
    let mut queue = Queue::new();
    let mut at = 1_795_424_400_000;
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(event) = serde_json::from_slice::<Event>(line) else {
            continue;
        };
        let stored = serde_json::to_string(&event).expect("an event is JSON");
        let again: Event = serde_json::from_str(&stored).expect("what was stored can be read");
        assert_eq!(again, event);
        at += 60_000;
        let stamped = Stamped {
            seq: queue.seq() + 1,
            at: Timestamp::from_millis(at),
            event,
        };
        apply(&mut queue, &stamped);
        let _ = StateView::of(&queue).message().text();
    }
});
