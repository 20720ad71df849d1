//! Consecutive high-priority calls.

use crate::domain::priority_streaks::CALLS_OF_A_LINE;
use crate::domain::*;

#[test]
fn a_row_is_counted_in_the_lines_that_are_chosen_between() {
    let line = |prefix| Line::Service(Prefix::new(prefix));
    let (a, b) = (line("A"), line("B"));
    let mut runs = Runs::default();
    let mut seq = 0;
    let mut call = |runs: &mut Runs, line: &Line, higher| {
        seq += 1;
        runs.add(line, Called { seq, higher });
        seq
    };
    let counts = |runs: &Runs| {
        let both = [&a, &b];
        [&both[..1], &both[1..], &both].map(|lines| runs.in_a_row(lines.iter().copied()))
    };
    call(&mut runs, &a, true);
    call(&mut runs, &b, true);
    assert_eq!(counts(&runs), [1, 1, 2]);
    let low = call(&mut runs, &b, false);
    assert_eq!(
        counts(&runs),
        [1, 0, 0],
        "the row of one line is not another's"
    );
    call(&mut runs, &a, true);
    assert_eq!(counts(&runs), [2, 0, 1]);
    runs.take_back(&b, low);
    assert_eq!(counts(&runs), [2, 1, 3]);
    for _ in 0..500 {
        call(&mut runs, &a, true);
    }
    assert!(counts(&runs)[0] >= MOST_IN_A_ROW, "as far as it matters");
    assert_eq!(
        runs.lines().map(|(_, calls)| calls.len()).max(),
        Some(CALLS_OF_A_LINE)
    );
}
