//! How far guessing comes, and that it shuts out nobody else.

use super::*;

const WORKING_DAY: Duration = Duration::from_secs(8 * 60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

fn address(n: u32) -> IpAddr {
    IpAddr::from(n.to_be_bytes())
}

/// One of an office's IPv6 network.
fn neighbour(n: u32) -> IpAddr {
    IpAddr::from(((0xfe80_u128 << 112) + u128::from(n)).to_be_bytes())
}

/// Guesses once, and says whether it was let.
fn guess(guesses: &mut Guesses, n: u32, now: Duration, is_right: bool) -> Result<(), Refused> {
    guess_from(guesses, address(n), now, is_right)
}

fn guess_from(
    guesses: &mut Guesses,
    address: IpAddr,
    now: Duration,
    is_right: bool,
) -> Result<(), Refused> {
    let guess = guesses.take(address, now)?;
    if is_right {
        guesses.was_right(&guess, now);
    } else {
        guesses.was_wrong(&guess, now);
    }
    Ok(())
}

/// Guesses wrong as often as it is let, from each address in turn, and says when the last of
/// 10,000 was taken. `from` names the address of each attempt; the first `familiar` ones have
/// signed in lately.
fn time_of(familiar: u32, from: impl Fn(u32) -> u32) -> Duration {
    time_within(address, familiar, from)
}

fn time_within(address: fn(u32) -> IpAddr, familiar: u32, from: impl Fn(u32) -> u32) -> Duration {
    let mut guesses = Guesses::default();
    for n in 0..familiar {
        guesses.remember(address(n), FAMILIAR_FOR);
    }
    let mut now = Duration::ZERO;
    let mut attempt = 0;
    let mut taken = 0;
    while taken < 10_000 {
        let mut soonest = Duration::MAX;
        for _ in 0..MANY {
            attempt += 1;
            match guess_from(&mut guesses, address(from(attempt)), now, false) {
                Ok(()) => taken += 1,
                Err(Refused::Busy) => panic!("nothing is being verified"),
                Err(Refused::TooMany(wait)) => soonest = soonest.min(wait),
            }
        }
        if soonest < Duration::MAX {
            now += soonest;
        }
    }
    now
}

/// As many addresses are tried at each moment.
const MANY: u32 = 30;

#[test]
fn ten_thousand_guesses_take_longer_than_a_working_day() {
    let one = time_of(0, |_| 1);
    assert!(one > 3 * WORKING_DAY, "from one address: {one:?}");
    let familiar = time_of(1, |_| 0);
    assert!(familiar > 3 * WORKING_DAY, "from a familiar: {familiar:?}");
    let staff = time_of(MANY, |attempt| attempt % MANY);
    assert!(staff > WORKING_DAY, "from all of the staff: {staff:?}");
    let mixed = time_of(MANY / 3, |attempt| attempt % MANY);
    assert!(mixed > WORKING_DAY, "from some of them: {mixed:?}");
    let everywhere = time_of(0, |attempt| attempt);
    assert!(everywhere > WORKING_DAY, "from everywhere: {everywhere:?}");
    let all = time_of(MANY / 2, |n| if n % 2 == 0 { n / 2 % 15 } else { n });
    assert!(all > WORKING_DAY, "from the staff and everywhere: {all:?}");
    // Whoever has an IPv6 network has all its addresses.
    let network = time_within(neighbour, 0, |attempt| attempt);
    assert!(network > 2 * WORKING_DAY, "from a network: {network:?}");
    let staff = time_within(neighbour, MANY, |attempt| attempt % (2 * MANY));
    assert!(staff > WORKING_DAY, "from a network of staff: {staff:?}");
}

#[test]
fn who_guesses_within_a_network_does_not_lock_out_its_others() {
    let mut guesses = Guesses::default();
    guess_from(&mut guesses, neighbour(1), MINUTE, true).expect("staff");
    // From one address for an hour, as fast as it is let.
    let mut now = MINUTE;
    for _ in 0..3_600 {
        now += Duration::from_secs(1);
        let _ = guess_from(&mut guesses, neighbour(9), now, false);
    }
    for new in 20..24 {
        let mistake = guess_from(&mut guesses, neighbour(new), now, false);
        assert_eq!(mistake, Ok(()), "a new one makes a mistake");
        assert_eq!(guess_from(&mut guesses, neighbour(new), now, true), Ok(()));
    }
    // From another address each time.
    let mut taken = 0;
    for n in 0..3_600 {
        now += Duration::from_secs(1);
        taken += u64::from(guess_from(&mut guesses, neighbour(1_000 + n), now, false).is_ok());
    }
    assert!(taken < 3_600 / 7 + 10, "{taken} where one address has 360");
    for known in [1, 20] {
        for _ in 0..5 {
            let mistake = guess_from(&mut guesses, neighbour(known), now, false);
            assert_eq!(mistake, Ok(()), "who signed in before has an own allowance");
        }
    }
    for n in 0..5 {
        assert_eq!(guess(&mut guesses, n, now, false), Ok(()), "other networks");
    }
}

#[test]
fn a_few_mistakes_are_nothing_and_then_it_slows_down() {
    let mut guesses = Guesses::default();
    for _ in 0..5 {
        assert_eq!(guess(&mut guesses, 1, MINUTE, false), Ok(()));
    }
    let wait = Duration::from_secs(10);
    let refused = guess(&mut guesses, 1, MINUTE, false);
    assert_eq!(refused, Err(Refused::TooMany(wait)));
    let another = guess(&mut guesses, 2, MINUTE, false);
    assert_eq!(another, Ok(()), "another's mistakes");
    assert_eq!(guess(&mut guesses, 1, MINUTE + wait, false), Ok(()));
}

#[test]
fn right_pins_cost_nothing() {
    let mut guesses = Guesses::default();
    for _ in 0..100 {
        assert_eq!(guess(&mut guesses, 1, MINUTE, true), Ok(()));
    }
    // And do not pay for wrong ones between them.
    for _ in 0..5 {
        assert_eq!(guess(&mut guesses, 1, MINUTE, false), Ok(()));
        let _ = guess(&mut guesses, 1, MINUTE, true);
    }
    assert!(guess(&mut guesses, 1, MINUTE, false).is_err());
}

#[test]
fn what_is_being_verified_is_no_wrong_guess() {
    let mut guesses = Guesses::default();
    let open: Vec<Guess> = (0..5)
        .map(|_| guesses.take(address(1), MINUTE).expect("one of five"))
        .collect();
    let refused = guesses.take(address(1), MINUTE).expect_err("a sixth");
    assert_eq!(refused, Refused::Busy);
    for guess in &open[..4] {
        guesses.was_right(guess, MINUTE);
    }
    guesses.give_back(&open[4]);
    assert_eq!(guess(&mut guesses, 1, MINUTE, false), Ok(()), "none cost");
    let open: Vec<Guess> = (0..4)
        .map(|_| guesses.take(address(1), MINUTE).expect("one of four"))
        .collect();
    open.iter().for_each(|one| guesses.was_wrong(one, MINUTE));
    let refused = guesses.take(address(1), MINUTE).expect_err("all wrong");
    assert_eq!(refused, Refused::TooMany(Duration::from_secs(10)));
}

/// Uses up what is for everybody, and the reserve.
fn attack(guesses: &mut Guesses, now: Duration) {
    let fresh = 1_000 + now.as_millis() as u32 * 100;
    for n in 0..40 {
        let _ = guess(guesses, fresh + n, now, false);
    }
    let late = guess(guesses, fresh + 99, now, true);
    assert!(late.is_err(), "a stranger waits under attack");
}

#[test]
fn under_attack_who_has_not_guessed_has_a_reserve() {
    let mut guesses = Guesses::default();
    for n in 0..20 {
        assert_eq!(guess(&mut guesses, n % 4, MINUTE, false), Ok(()), "{n}");
    }
    for n in 0..4 {
        assert!(guess(&mut guesses, n, MINUTE, false).is_err());
    }
    let one = guesses.take(address(100), MINUTE).expect("reserved");
    let two = guesses.take(address(100), MINUTE).expect_err("one each");
    assert_eq!(two, Refused::Busy);
    guesses.was_wrong(&one, MINUTE);
    let wrong = guess(&mut guesses, 100, MINUTE, true);
    assert!(wrong.is_err(), "who guessed wrong waits like the others");
    assert_eq!(guess(&mut guesses, 101, MINUTE, true), Ok(()));
}

#[test]
fn under_attack_who_signed_in_lately_gets_in_with_a_mistake_too() {
    let mut guesses = Guesses::default();
    for n in 0..20 {
        assert_eq!(guess(&mut guesses, n, MINUTE, true), Ok(()));
    }
    guesses.remember(address(50), MINUTE * 2);
    for round in 1..=10 {
        let now = MINUTE * round;
        attack(&mut guesses, now);
        for n in 0..2 {
            let mistake = guess(&mut guesses, n, now, false);
            assert_eq!(mistake, Ok(()), "minute {round}");
            assert_eq!(guess(&mut guesses, n, now, true), Ok(()));
        }
        for n in 2..20 {
            assert_eq!(guess(&mut guesses, n, now, true), Ok(()));
        }
        let remembered = guess(&mut guesses, 50, now, false);
        assert_eq!(remembered.is_ok(), round == 1, "as long as told: {round}");
    }
    // One of them that guesses does not use up what the others have.
    let mut now = MINUTE * 11;
    for _ in 0..200 {
        now += Duration::from_secs(3);
        attack(&mut guesses, now);
        let _ = guess(&mut guesses, 0, now, false);
    }
    assert!(guess(&mut guesses, 0, now, true).is_err());
    assert_eq!(guess(&mut guesses, 1, now, true), Ok(()));
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut guesses = Guesses::default();
    let mut now = Duration::ZERO;
    for n in 0..5_000 {
        let is_right = n % 2 == 0;
        while let Err(Refused::TooMany(wait)) = guess(&mut guesses, n, now, is_right) {
            now += wait;
        }
        assert!(guesses.guessers.len() <= MOST_ADDRESSES);
        assert!(guesses.familiar.len() <= MOST_ADDRESSES);
    }
}
