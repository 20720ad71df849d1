//! The visitors of a simulated day, drawn with whole numbers only.

use super::{MINUTE, OPENS};

const VISITORS: u64 = 2_000;

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `most`.
    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }
}

/// A visitor who will come.
pub(super) struct Visitor {
    pub(super) at: i64,
    pub(super) service: &'static str,
    pub(super) priority: &'static str,
    /// How long the desk needs.
    pub(super) transaction: i64,
    pub(super) no_show: bool,
    /// Gives up after so long.
    pub(super) patience: Option<i64>,
    /// Is sent on to this service after the transaction.
    pub(super) sent_on: Option<&'static str>,
}

/// Prefix, share of the visitors in percent, mean transaction in seconds.
pub(super) const SERVICES: [(&str, u64, i64); 4] = [
    ("A", 40, 110),
    ("B", 30, 190),
    ("C", 20, 300),
    ("D", 10, 240),
];

/// Arrivals in each half hour from 8:00 to 17:00, as shares.
const ARRIVALS: [u64; 18] = [5, 9, 10, 9, 7, 6, 5, 6, 8, 9, 8, 5, 4, 4, 3, 3, 2, 1];

/// The quantiles of a lognormal distribution (σ = 0.6, mean 1), in thousandths, from 2.5 % on in
/// steps of 5 %.
const LOGNORMAL: [i64; 20] = [
    258, 352, 419, 477, 531, 584, 636, 689, 745, 804, 867, 937, 1_013, 1_100, 1_202, 1_326, 1_486,
    1_709, 2_065, 2_980,
];

/// The visitors of a day on which transactions take so many percent of their usual time.
pub(super) fn visitors(percent: i64) -> Vec<Visitor> {
    let mut random = Random(2026);
    let total: u64 = ARRIVALS.iter().sum();
    let mut visitors = Vec::new();
    for _ in 0..VISITORS {
        let mut left = random.below(total);
        let mut half_hour = 0;
        while left >= ARRIVALS[half_hour] {
            left -= ARRIVALS[half_hour];
            half_hour += 1;
        }
        let within = random.below(30 * 60_000) as i64;
        let mut share = random.below(100);
        let mut kind = 0;
        while share >= SERVICES[kind].1 {
            share -= SERVICES[kind].1;
            kind += 1;
        }
        let (service, _, mean) = SERVICES[kind];
        visitors.push(Visitor {
            at: OPENS + half_hour as i64 * 30 * MINUTE + within,
            service,
            priority: match random.below(100) {
                0..55 => "normal",
                55..85 => "preferential",
                _ => "urgent",
            },
            transaction: mean * percent * LOGNORMAL[random.below(20) as usize] / 100,
            no_show: random.percent(4),
            patience: random
                .percent(3)
                .then(|| (10 + random.below(30) as i64) * MINUTE),
            sent_on: random
                .percent(4)
                .then_some("D")
                .filter(|other| *other != service),
        });
    }
    visitors.sort_by_key(|visitor| visitor.at);
    visitors
}
