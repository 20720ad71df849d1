//! The results of simulated days, as a table to read: `tests/simulated-day.md`.
//! `TURNERO_RENEW=1 cargo test --lib simulated_day` writes it anew.

use std::fmt::Write;
use std::thread;

use super::visitors::visitors;
use super::*;

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/simulated-day.md");

const OFFICES: [Office; 4] = [
    Office {
        name: "order of arrival",
        weights: [1, 1, 1],
        rule: CallingRule::Weighted,
        most: None,
    },
    Office {
        name: "weighted 1, 2, 6",
        weights: [1, 2, 6],
        rule: CallingRule::Weighted,
        most: None,
    },
    Office {
        name: "strict, at most 1 in a row",
        weights: [1, 2, 6],
        rule: CallingRule::Strict,
        most: Some(1),
    },
    Office {
        name: "strict",
        weights: [1, 2, 6],
        rule: CallingRule::Strict,
        most: None,
    },
];

/// How long transactions take, in percent of their usual time, and what that makes of the day.
const DAYS: [(i64, &str); 2] = [
    (
        72,
        "An ordinary day, on which the desks are busy for most of it",
    ),
    (90, "A hard day, on which more come than can be served"),
];

fn minutes(millis: i64) -> f64 {
    millis as f64 / MINUTE as f64
}

fn mean(values: impl Iterator<Item = i64>) -> f64 {
    let (mut sum, mut count) = (0, 0);
    for value in values {
        sum += value;
        count += 1;
    }
    minutes(sum) / f64::from(count.max(1))
}

/// The error in minutes: its mean, its median, its bias, and how often it is within a quarter of the wait or three minutes.
fn right(errors: impl Iterator<Item = (i64, i64)>) -> (f64, f64, f64, f64) {
    let errors: Vec<(i64, i64)> = errors.collect();
    let good = |(error, wait): &&(i64, i64)| error.abs() <= 3 * MINUTE || 4 * error.abs() <= *wait;
    let share = errors.iter().filter(good).count() as f64 / errors.len().max(1) as f64;
    let mut sizes: Vec<i64> = errors.iter().map(|(error, _)| error.abs()).collect();
    sizes.sort_unstable();
    let median = minutes(sizes.get(sizes.len() / 2).copied().unwrap_or(0));
    (
        mean(sizes.into_iter()),
        median,
        mean(errors.iter().map(|(e, _)| *e)),
        100.0 * share,
    )
}

/// The results of a day under one rule.
struct Row {
    /// The mean and the longest wait of each priority, in minutes.
    waits: Vec<(f64, f64)>,
    estimate: (f64, f64, f64, f64),
    simple: (f64, f64, f64, f64),
    /// The share of looks at which there was no estimate, in percent.
    silent: f64,
}

fn row(outcome: &Outcome) -> Row {
    let waits = PRIORITIES.map(|priority| {
        let waits = &outcome.waits[priority];
        let longest = waits.iter().max().copied().unwrap_or_default();
        (mean(waits.iter().copied()), minutes(longest))
    });
    let errors = &outcome.errors;
    let looks = (errors.len() + outcome.silent) as f64;
    Row {
        waits: waits.to_vec(),
        estimate: right(errors.iter().map(|(error, _, wait)| (*error, *wait))),
        simple: right(errors.iter().map(|(_, error, wait)| (*error, *wait))),
        silent: 100.0 * outcome.silent as f64 / looks,
    }
}

fn table(days: &[Vec<Row>]) -> String {
    let mut table = "# Simulated days

2,000 visitors, 4 services, 3 priorities, 12 desks, the same visitors and desks under each rule. Minutes. Written and
checked by `src/domain/tests/simulation/table.rs`.

An estimate is looked at when a ticket is given and every 20 minutes while its visitor waits; right is within 3
minutes or a quarter of the wait that followed. Beside it the simple method: visitors before it × mean transaction ÷ desks of
the service. Both are measured where there is an estimate: none is given for a call more than two hours away.
"
    .to_owned();
    for ((_, name), rows) in DAYS.iter().zip(days) {
        let _ = write!(
            table,
            "
## {name}

Waits until the first call, mean / longest:

| rule | normal | preferential | urgent |
| --- | --- | --- | --- |
"
        );
        for (office, row) in OFFICES.iter().zip(rows) {
            let _ = write!(table, "| {} |", office.name);
            for (mean, longest) in &row.waits {
                let _ = write!(table, " {mean:.1} / {longest:.1} |");
            }
            table.push('\n');
        }
        table.push_str(
            "
Estimates:

| rule | mean error | median error | too long by | right | no estimate | simple: mean error | right |
| --- | --- | --- | --- | --- | --- | --- | --- |
",
        );
        for (office, row) in OFFICES.iter().zip(rows) {
            let (error, median, bias, share) = row.estimate;
            let (simple, _, _, simple_share) = row.simple;
            let _ = writeln!(
                table,
                "| {} | {error:.1} | {median:.1} | {bias:.1} | {share:.0} % | {:.1} % | {simple:.1} | {simple_share:.0} % |",
                office.name, row.silent
            );
        }
    }
    table
}

#[test]
fn a_simulated_day_is_as_the_table_says() {
    let days: Vec<Vec<Row>> = thread::scope(|scope| {
        let runs = DAYS.map(|(percent, _)| {
            OFFICES.each_ref().map(|office| {
                scope.spawn(move || row(&Day::new(office, percent, &visitors(percent)).run()))
            })
        });
        let joined = runs.map(|day| day.map(|run| run.join().expect("no panic")));
        joined.into_iter().map(Vec::from).collect()
    });
    let table = table(&days);
    if std::env::var_os("TURNERO_RENEW").is_some() {
        std::fs::write(TABLE, &table).expect("written");
    }
    for ((_, day), rows) in DAYS.iter().zip(&days) {
        let [arrival, weighted, in_a_row, strict] = rows.as_slice() else {
            panic!("a row for each rule");
        };
        let (normal, urgent) = (0, 2);
        let gap = |row: &Row| row.waits[normal].0 / row.waits[urgent].0;
        assert!(
            (0.8..1.25).contains(&gap(arrival)),
            "{day}: priority means nothing there"
        );
        assert!(gap(weighted) > 4.0, "{day}: it matters, and");
        let longest = |row: &Row| row.waits[normal].1;
        assert!(
            longest(weighted) < longest(arrival) * 1.4,
            "{day}: nobody starves"
        );
        assert!(
            longest(weighted) < longest(strict),
            "{day}: as they do there"
        );
        assert!(strict.waits[urgent].0 <= in_a_row.waits[urgent].0);
        let mean = |row: &Row| row.waits[normal].0;
        assert!(
            mean(in_a_row) < mean(strict) * 0.9,
            "{day}: so many wait less"
        );
        assert!(longest(in_a_row) < longest(strict), "{day}: and so long");
        for (office, row) in OFFICES.iter().zip(rows) {
            let name = office.name;
            assert!(
                row.estimate.0 < row.simple.0 * 0.5,
                "{day}, {name}: a better guess"
            );
            // If nearly half of the visitors have priority, the next ticket depends on later arrivals.
            let is_strict = office.rule == CallingRule::Strict && office.most.is_none();
            let (most, least) = if is_strict { (12.0, 60.0) } else { (5.0, 68.0) };
            assert!(
                row.estimate.2.abs() < most,
                "{day}, {name}: neither too long nor too short"
            );
            assert!(row.estimate.3 > least, "{day}, {name}: right often enough");
        }
    }
    let kept = std::fs::read_to_string(TABLE).expect("tests/simulated-day.md");
    assert_eq!(kept, table, "TURNERO_RENEW=1 writes it anew");
}
