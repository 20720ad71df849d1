//! Files for `turnero import`: one that is taken is an office that works after the next start.

#![no_main]

mod memory;
mod office;

use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use turnero::domain::apply;
use turnero::presentation::tickets::moving::import_file;
use turnero::storage::{self, DataSource};

fuzz_target!(|bytes: &[u8]| {
    static FILES: OnceLock<(PathBuf, PathBuf)> = OnceLock::new();
    let (file, path) =
        FILES.get_or_init(|| (memory::file("office.json"), memory::file("office.db")));
    let data = &DataSource::File(path.clone());
    std::fs::write(file, bytes).expect("it can be written");
    if import_file(file, data, false).is_ok() {
        let mut journal = storage::open(data).expect("it can be opened");
        let loaded = journal.load(0, u64::MAX).expect("it can be read");
        let mut queue = loaded.queue;
        for stamped in &loaded.events {
            apply(&mut queue, stamped);
        }
        drop(journal);
        let at = loaded.events.last().map_or(0, |last| last.at.as_millis());
        office::work(&mut queue, at + 60_000);
        memory::remove(path);
    }
});
