//! Tests of claims: one screen at a time claims a desk.

use super::testing::{ask, command};
use crate::domain::*;

/// Claims, one after the other: the screen, who is found to have gone, whether to take over;
/// and what each comes to: how many events, and whether it is refused.
fn check(claims: &[(u128, Option<u128>, bool, usize, bool)], holder: u128) {
    let name = DeskName::parse("3").expect("a name");
    let mut queue = Queue::new();
    let open = command(&queue, "open 3", 0);
    ask(&mut queue, &open, Timestamp::from_millis(0));
    for (nth, (screen, gone, take_over, events, refused)) in claims.iter().enumerate() {
        let command = Command::Claim {
            desk: name.clone(),
            screen: ScreenId::from_random(*screen),
            gone: gone.map(ScreenId::from_random),
            take_over: *take_over,
        };
        let decision = decide(&queue, &command, Timestamp::from_millis(0));
        assert_eq!(decision.events.len(), *events, "claim {nth} of {claims:?}");
        let taken = Err(Refusal::DeskClaimedElsewhere { desk: name.clone() });
        assert_eq!(
            decision.outcome == taken,
            *refused,
            "claim {nth} of {claims:?}"
        );
        for event in decision.events {
            let stamped = Stamped {
                seq: queue.seq() + 1,
                at: Timestamp::from_millis(0),
                event,
            };
            apply(&mut queue, &stamped);
        }
    }
    let found = queue.desk(&name).and_then(|desk| desk.screen);
    assert_eq!(found, Some(ScreenId::from_random(holder)), "{claims:?}");
}

#[test]
fn the_first_screen_has_it() {
    check(&[(1, None, false, 1, false)], 1);
    check(&[(1, None, true, 1, false), (1, None, false, 0, false)], 1);
}

#[test]
fn looking_at_a_desk_makes_none() {
    let desk = DeskName::parse("99").expect("a name");
    for take_over in [false, true] {
        let claim = Command::Claim {
            desk: desk.clone(),
            screen: ScreenId::from_random(1),
            gone: None,
            take_over,
        };
        let decision = decide(&Queue::new(), &claim, Timestamp::from_millis(0));
        assert_eq!(decision.events, []);
        assert_eq!(decision.outcome, Err(Refusal::NoSuchDesk(desk.clone())));
    }
}

#[test]
fn another_screen_has_it_only_where_the_first_has_gone_or_is_taken_over() {
    let first = (1, None, false, 1, false);
    check(&[first, (2, None, false, 0, true)], 1);
    check(&[first, (2, Some(1), false, 1, false)], 2);
    check(&[first, (2, None, true, 1, false)], 2);
    check(
        &[first, (2, None, true, 1, false), (1, None, false, 0, true)],
        2,
    );
}

#[test]
fn of_two_screens_that_claim_a_free_desk_the_first_gets_it() {
    let first = (1, None, false, 1, false);
    check(
        &[
            first,
            (2, Some(1), false, 1, false),
            (3, Some(1), false, 0, true),
        ],
        2,
    );
}

#[test]
fn setting_a_desk_up_leaves_it_to_its_screen() {
    let name = DeskName::parse("3").expect("a name");
    let screen = ScreenId::from_random(1);
    let mut queue = Queue::new();
    let closed = Event::DeskChanged {
        desk: name.clone(),
        open: false,
        services: [].into(),
    };
    let claimed = Event::DeskClaimed {
        desk: name.clone(),
        screen,
    };
    for (seq, event) in (1..).zip([closed.clone(), claimed, closed]) {
        apply(
            &mut queue,
            &Stamped {
                seq,
                at: Timestamp::from_millis(0),
                event,
            },
        );
    }
    assert_eq!(queue.desk(&name).and_then(|desk| desk.screen), Some(screen));
}
