//! The benchmark's own flags, and how much of everything a run does.

use std::time::Duration;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Measurement {
    Tickets,
    Tls,
    Postgres,
    Screens,
    Phones,
    Readers,
    Webhooks,
    Memory,
    History,
    Start,
}

const ALL: [(&str, Measurement); 10] = [
    ("tickets", Measurement::Tickets),
    ("tls", Measurement::Tls),
    ("postgres", Measurement::Postgres),
    ("screens", Measurement::Screens),
    ("phones", Measurement::Phones),
    ("readers", Measurement::Readers),
    ("webhooks", Measurement::Webhooks),
    ("memory", Measurement::Memory),
    ("history", Measurement::History),
    ("start", Measurement::Start),
];

const USAGE: &str = "usage: bench [--quick] [--only tickets|tls|postgres|screens|phones|readers|webhooks|memory|history|start]";

pub struct Options {
    quick: bool,
    only: Option<Measurement>,
}

impl Options {
    /// Reads the flags. The error is one line that says what is allowed.
    pub fn from_args(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            quick: false,
            only: None,
        };
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--quick" => options.quick = true,
                "--only" => {
                    let wanted = args.next().unwrap_or_default();
                    let found = ALL.iter().find(|(name, _)| *name == wanted);
                    let (_, measurement) = found
                        .ok_or_else(|| format!("--only: no measurement «{wanted}»; {USAGE}"))?;
                    options.only = Some(*measurement);
                }
                // `cargo bench` gives this one to every benchmark.
                "--bench" => {}
                other => return Err(format!("{other}: unknown flag; {USAGE}")),
            }
        }
        Ok(options)
    }

    pub fn measurements(&self) -> impl Iterator<Item = Measurement> {
        let only = self.only;
        ALL.into_iter()
            .map(|(_, measurement)| measurement)
            .filter(move |measurement| only.is_none_or(|wanted| wanted == *measurement))
    }

    /// How often everything is measured anew, with fresh servers. The servers take turns within a
    /// round, so that a noisy minute of the machine falls on all of them.
    pub fn rounds(&self) -> usize {
        if self.quick { 2 } else { 3 }
    }

    pub fn crowds(&self) -> &'static [usize] {
        if self.quick {
            &[100, 1_000]
        } else {
            &[100, 1_000, 4_000]
        }
    }

    /// Calls that count, for each crowd and round.
    pub fn calls(&self) -> usize {
        if self.quick { 8 } else { 15 }
    }

    /// Floods are short, and what shares the machine disturbs them most, so that they get more rounds.
    pub fn floods(&self) -> usize {
        if self.quick { 3 } else { 7 }
    }

    /// Offices that share a database.
    pub fn offices(&self) -> &'static [usize] {
        if self.quick { &[1, 10] } else { &[1, 10, 100] }
    }

    pub fn flood_window(&self) -> Duration {
        Duration::from_millis(if self.quick { 1_500 } else { 2_000 })
    }

    /// Tickets in the file of the «full» start.
    pub fn full_file_tickets(&self) -> u64 {
        if self.quick { 20_000 } else { 200_000 }
    }
}
