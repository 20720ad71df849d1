//! The table of results. Every figure in it is a median, with its target beside it.

use std::fmt;

/// Whether a higher or a lower figure is better.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Better {
    More,
    Less,
    /// It is there to judge the other figures by.
    Neither,
}

#[derive(Clone, Copy)]
pub enum Aim {
    /// Below a number.
    Below(f64),
    /// A number or more.
    AtLeast(f64),
    /// So many times the course's figure.
    TimesTheirs(f64),
    /// At most the course's figure.
    NoMoreThanTheirs,
}

pub struct Row {
    what: String,
    better: Better,
    decimals: usize,
    ours: Option<f64>,
    ours_with_course_messages: Option<f64>,
    theirs: Option<f64>,
    barest: Option<f64>,
    aim: Option<Aim>,
}

impl Row {
    pub fn new(what: &str, better: Better) -> Self {
        Self {
            what: what.to_owned(),
            better,
            decimals: 0,
            ours: None,
            ours_with_course_messages: None,
            theirs: None,
            barest: None,
            aim: None,
        }
    }

    pub fn decimals(mut self, decimals: usize) -> Self {
        self.decimals = decimals;
        self
    }

    pub fn ours(mut self, value: f64) -> Self {
        self.ours = Some(value);
        self
    }

    pub fn ours_with_course_messages(mut self, value: f64) -> Self {
        self.ours_with_course_messages = Some(value);
        self
    }

    /// Takes the median of the course's figures, of which there may be none.
    pub fn theirs(mut self, values: &mut [f64]) -> Self {
        self.theirs = (!values.is_empty()).then(|| median(values));
        self
    }

    pub fn barest(mut self, value: f64) -> Self {
        self.barest = Some(value);
        self
    }

    pub fn aim(mut self, aim: Aim) -> Self {
        self.aim = Some(aim);
        self
    }

    fn cells(&self) -> [String; 7] {
        let number = |value: Option<f64>| value.map_or(String::new(), |value| self.number(value));
        [
            self.what.clone(),
            number(self.ours),
            number(self.ours_with_course_messages),
            number(self.theirs),
            self.times(),
            number(self.barest),
            self.verdict(),
        ]
    }

    fn number(&self, value: f64) -> String {
        if self.decimals == 0 {
            thousands(value)
        } else {
            format!("{value:.*}", self.decimals)
        }
    }

    /// How many times better ours is: above one is in our favour, whichever way the figure goes.
    fn times(&self) -> String {
        let (Some(ours), Some(theirs)) = (self.ours, self.theirs) else {
            return String::new();
        };
        let times = match self.better {
            Better::More => ours / theirs,
            Better::Less => theirs / ours,
            Better::Neither => return String::new(),
        };
        if times.is_finite() {
            format!("{times:.2}×")
        } else {
            String::new()
        }
    }

    fn verdict(&self) -> String {
        let (Some(aim), Some(ours)) = (self.aim, self.ours) else {
            return String::new();
        };
        let (words, met) = match (aim, self.theirs) {
            (Aim::Below(limit), _) => (format!("< {limit}"), Some(ours < limit)),
            (Aim::AtLeast(limit), _) => (format!("≥ {limit}"), Some(ours >= limit)),
            (Aim::TimesTheirs(times), theirs) => (
                format!("≥ {times}× the course's"),
                theirs.map(|theirs| ours >= times * theirs),
            ),
            (Aim::NoMoreThanTheirs, theirs) => (
                "≤ the course's".to_owned(),
                theirs.map(|theirs| ours <= theirs),
            ),
        };
        match met {
            Some(true) => format!("{words}: met"),
            Some(false) => format!("{words}: not met"),
            None => format!("{words}: not compared"),
        }
    }
}

pub struct Report {
    machine: String,
    notes: Vec<String>,
    rows: Vec<Row>,
}

const HEAD: [&str; 7] = [
    "",
    "turnero",
    "with course's messages",
    "course's stack",
    "better by",
    "barest server",
    "aim",
];

impl Report {
    pub fn new(machine: String, course_missing: Option<String>) -> Self {
        let notes: Vec<String> = course_missing
            .map(|reason| {
                format!("Only our own figures: the course's stack cannot run here. {reason}")
            })
            .into_iter()
            .collect();
        // Printed at once, too: the reader may want to stop and correct the cause.
        for note in &notes {
            eprintln!("{note}");
        }
        Self {
            machine,
            notes,
            rows: Vec::new(),
        }
    }

    /// A line below the table.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}\n", self.machine)?;
        let mut lines: Vec<[String; 7]> = vec![HEAD.map(str::to_owned)];
        lines.extend(self.rows.iter().map(Row::cells));
        let widths: [usize; 7] = std::array::from_fn(|column| {
            let width = |line: &[String; 7]| line[column].chars().count();
            lines.iter().map(width).max().unwrap_or(0)
        });
        for line in &lines {
            let mut text = String::new();
            for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
                // Words begin on the left, figures end on the right; a column of nothing is left out.
                let empty = lines.iter().skip(1).all(|line| line[column].is_empty());
                match column {
                    _ if empty => {}
                    0 => text.push_str(&format!("{cell:<width$}")),
                    6 => text.push_str(&format!("  {cell}")),
                    _ => text.push_str(&format!("  {cell:>width$}")),
                }
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        writeln!(f, "\nEvery figure is a median.")?;
        if self.rows.iter().any(|row| row.theirs.is_some()) {
            writeln!(f, "Course's stack: Express and ws, everything in memory.")?;
        }
        if self.rows.iter().any(|row| row.barest.is_some()) {
            writeln!(
                f,
                "Barest server: one that only writes ready-made bytes, so that its figures are the client's and the kernel's alone."
            )?;
        }
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        Ok(())
    }
}

/// The median; of an even number the upper one. Nothing measured is no number.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A whole number with its thousands apart, as people read it.
pub fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
