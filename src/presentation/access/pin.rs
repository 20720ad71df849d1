//! PINs: which are allowed, how a random one is made, and how they are hashed (Argon2id, RFC 9106).

use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::secret::{self, NoRandomness};
use crate::access::PinHash;

/// The number of digits of a random PIN.
const DIGITS: usize = 8;

/// The allowed lengths in characters.
const LEAST: usize = 6;
const MOST: usize = 64;

/// The cost of one guess for someone with a copy of the data file: from OWASP's «Password Storage Cheat
/// Sheet», the setting with the least memory, for old office machines. Stored with each hash, so that
/// it can grow.
const MEMORY_KIB: u32 = 7 * 1024;
const PASSES: u32 = 5;

/// The capacity, in blocks of 1 KiB, of Argon2's memory; only the needed blocks are touched. glibc
/// returns an allocation of more than 32 MiB to the system at once and keeps smaller ones
/// (mallopt(3), `M_MMAP_THRESHOLD`), which would double the program's memory for good.
const MAPPED_BLOCKS: usize = 33 * 1024;

/// A new random PIN.
pub fn make() -> Result<String, NoRandomness> {
    loop {
        // The modulo makes some PINs more likely, but only by one in 10^11.
        let bytes: [u8; 8] = secret::random()?;
        let number = u64::from_ne_bytes(bytes) % 10_u64.pow(DIGITS as u32);
        let pin = format!("{number:0DIGITS$}");
        if check(&pin).is_ok() {
            return Ok(pin);
        }
    }
}

/// Checks whether a PIN is allowed. The error says why not.
pub fn check(pin: &str) -> Result<(), String> {
    let length = pin.chars().count();
    if !(LEAST..=MOST).contains(&length) {
        return Err(format!("a PIN has {LEAST} to {MOST} characters"));
    }
    if pin.chars().any(char::is_control) || pin.trim() != pin {
        return Err("a PIN has no spaces at its ends, and no control characters".to_owned());
    }
    if is_easy(pin) {
        return Err("it is too easy to guess; choose another".to_owned());
    }
    Ok(())
}

/// Whether a PIN is among the first that people try: at most two different digits, a repeated part, a
/// sequence (with each character once or twice), or a common word. The settings screen has the same
/// rule.
fn is_easy(pin: &str) -> bool {
    let codes: Vec<i64> = pin
        .to_lowercase()
        .chars()
        .map(|c| i64::from(u32::from(c)))
        .collect();
    let mut kinds = codes.clone();
    kinds.sort_unstable();
    kinds.dedup();
    let is_digits = pin.bytes().all(|b| b.is_ascii_digit());
    let repeats = |length: usize| {
        let part = codes.iter().skip(length);
        codes.len().is_multiple_of(length) && part.zip(&codes).all(|(a, b)| a == b)
    };
    let steps = |codes: &[i64], by: i64| codes.windows(2).all(|two| two[1] - two[0] == by);
    let doubled = codes.len().is_multiple_of(2) && codes.chunks(2).all(|two| two[0] == two[1]);
    let once: Vec<i64> = codes.iter().copied().step_by(2).collect();
    let lower = pin.to_lowercase();
    (is_digits && kinds.len() <= 2)
        || (1..=codes.len() / 2).any(repeats)
        || [1, -1]
            .into_iter()
            .any(|by| steps(&codes, by) || (doubled && steps(&once, by)))
        || WORDS
            .iter()
            .any(|word| lower.trim_end_matches(|c: char| c.is_ascii_digit()) == *word)
}

/// Common words; digits after them do not help.
const WORDS: [&str; 16] = [
    "password",
    "passwort",
    "passw",
    "contraseña",
    "contrasena",
    "clave",
    "senha",
    "motdepasse",
    "qwerty",
    "azerty",
    "letmein",
    "welcome",
    "secret",
    "secreto",
    "turnero",
    "admin",
];

/// Hashes a new PIN.
pub fn hash(pin: &str) -> Result<PinHash, NoRandomness> {
    let mut made = PinHash {
        salt: secret::random()?,
        hash: [0; 32],
        memory_kib: MEMORY_KIB,
        passes: PASSES,
    };
    made.hash = derive(pin, &made).expect("our own parameters are valid");
    Ok(made)
}

/// The hash of no PIN: comparing with it takes as long as with another.
pub fn nobody() -> PinHash {
    PinHash {
        salt: [0; 16],
        hash: [0; 32],
        memory_kib: MEMORY_KIB,
        passes: PASSES,
    }
}

/// Whether a PIN has this hash. The time does not depend on the answer.
pub fn matches(pin: &str, stored: &PinHash) -> bool {
    // Invalid stored parameters match no PIN.
    derive(pin, stored).is_some_and(|hash| secret::same(&hash, &stored.hash))
}

fn derive(pin: &str, stored: &PinHash) -> Option<[u8; 32]> {
    // A damaged row must not take the machine's memory or an hour.
    if stored.memory_kib > 4 * MEMORY_KIB || stored.passes > 4 * PASSES {
        return None;
    }
    let mut hash = [0; 32];
    let params = Params::new(stored.memory_kib, stored.passes, 1, Some(hash.len())).ok()?;
    let blocks = params.block_count();
    let mut memory = Vec::with_capacity(blocks.max(MAPPED_BLOCKS));
    memory.resize(blocks, Block::new());
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(pin.as_bytes(), &stored.salt, &mut hash, &mut memory)
        .ok()?;
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_pin_has_eight_digits_and_is_allowed() {
        for _ in 0..100 {
            let pin = make().expect("made");
            assert!(
                pin.len() == 8 && pin.bytes().all(|b| b.is_ascii_digit()),
                "{pin}"
            );
            assert_eq!(check(&pin), Ok(()));
        }
    }

    #[test]
    fn short_long_and_obvious_pins_are_refused() {
        let longest = format!("{}1", "a8b".repeat(21));
        for good in [
            "482133",
            "48213377",
            "Mañana-8",
            "112234",
            "admin-7",
            &longest,
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let long = "a8".repeat(33);
        for bad in [
            "",
            "12a45",
            "111111",
            "123456",
            "87654321",
            " 482133",
            "48213\n7",
            &long,
            "111112",
            "000001",
            "121212",
            "112233",
            "665544",
            "123123",
            "482482",
            "abcdef",
            "Password",
            "password1",
            "Turnero2026",
            "admin123",
            "aabbcc",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_hash_matches_only_its_pin_and_has_a_salt() {
        let kept = hash("48213377").expect("hashed");
        assert!(matches("48213377", &kept));
        for wrong in ["48213378", "4821337", "482133770", ""] {
            assert!(!matches(wrong, &kept), "{wrong}");
        }
        let again = hash("48213377").expect("hashed");
        assert_ne!(kept.hash, again.hash, "each hash has its own salt");
        let broken = PinHash { passes: 0, ..kept };
        assert!(!matches("48213377", &broken));
    }
}
