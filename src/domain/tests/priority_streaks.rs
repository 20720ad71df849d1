//! Consecutive high-priority calls.

use crate::domain::priority_streaks::CALLS_PER_LIST;
use crate::domain::*;

#[test]
fn a_row_is_counted_in_the_lines_that_are_chosen_between() {
    let list = |prefix| WaitingList::Service(Prefix::new(prefix));
    let (a, b) = (list("A"), list("B"));
    let mut streaks = PriorityStreaks::default();
    let mut seq = 0;
    let mut call = |streaks: &mut PriorityStreaks, list: &WaitingList, higher| {
        seq += 1;
        streaks.add(list, StreakCall { seq, higher });
        seq
    };
    let counts = |streaks: &PriorityStreaks| {
        let both = [&a, &b];
        [&both[..1], &both[1..], &both].map(|lists| streaks.in_a_row(lists.iter().copied()))
    };
    call(&mut streaks, &a, true);
    call(&mut streaks, &b, true);
    assert_eq!(counts(&streaks), [1, 1, 2]);
    let low = call(&mut streaks, &b, false);
    assert_eq!(
        counts(&streaks),
        [1, 0, 0],
        "the row of one list is not another's"
    );
    call(&mut streaks, &a, true);
    assert_eq!(counts(&streaks), [2, 0, 1]);
    streaks.remove(&b, low);
    assert_eq!(counts(&streaks), [2, 1, 3]);
    for _ in 0..500 {
        call(&mut streaks, &a, true);
    }
    assert!(counts(&streaks)[0] >= MOST_IN_A_ROW, "as far as it matters");
    assert_eq!(
        streaks.lists().map(|(_, calls)| calls.len()).max(),
        Some(CALLS_PER_LIST)
    );
}
