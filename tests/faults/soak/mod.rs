//! Tests that run for as long as `SOAK_SECONDS` says (`make soak`), and once without it.

mod days;
mod kills;
pub(crate) mod screens;
mod small;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Runs a test once with the seed 1, or with other seeds until the time of a soak is up.
fn soak(mut run: impl FnMut(u64)) {
    let Ok(seconds) = std::env::var("SOAK_SECONDS") else {
        return run(1);
    };
    let seconds = seconds.parse().expect("SOAK_SECONDS is a number");
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut seed = match std::env::var("SOAK_SEED") {
        Ok(seed) => seed.parse().expect("SOAK_SEED is a number"),
        Err(_) => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |time| time.as_secs()),
    };
    let mut runs = 0;
    while runs == 0 || Instant::now() < end {
        println!("SOAK_SEED={seed}");
        run(seed);
        seed += 1;
        runs += 1;
    }
    println!("{runs} runs");
}
