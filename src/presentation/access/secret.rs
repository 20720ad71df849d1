//! Random secrets, such as session cookies and tokens, and their hashes.

use std::hint::black_box;

use blake2::{Blake2s256, Digest};
use thiserror::Error;

use crate::access::SecretHash;

/// The operating system provided no random numbers.
#[derive(Clone, Copy, Debug, Error)]
#[error("the operating system provides no random numbers")]
pub struct NoRandomness;

/// Random bytes for secrets.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        log::error!("The operating system provides no random numbers: {error}");
        NoRandomness
    })?;
    Ok(bytes)
}

/// A new secret of 192 bits, as text for a header.
pub fn make() -> Result<String, NoRandomness> {
    let bytes: [u8; 24] = random()?;
    Ok(data_encoding::BASE64URL_NOPAD.encode(&bytes))
}

/// A secret like that of [`make`], derived from `seed` and `parts`: the same input gives the same
/// secret. Without the seed nobody can tell it from a random one.
pub fn derive(seed: &[u8; 32], parts: &[&str]) -> String {
    let mut digest = Blake2s256::new_with_prefix(seed);
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    data_encoding::BASE64URL_NOPAD.encode(&digest.finalize()[..24])
}

/// The stored form of a secret. A plain hash is enough, because nobody can try 2^192 secrets.
pub fn hash(secret: &str) -> SecretHash {
    Blake2s256::digest(secret.as_bytes()).into()
}

/// Whether two hashes are equal, in constant time.
pub fn same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    let differing = one.iter().zip(other).fold(0, |bits, (a, b)| bits | (a ^ b));
    black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_parts_give_the_same_secret_and_others_another() {
        let one = derive(&[1; 32], &["a", "bc"]);
        assert_eq!(one, derive(&[1; 32], &["a", "bc"]));
        assert_eq!(one.len(), 32);
        for other in [
            derive(&[2; 32], &["a", "bc"]),
            derive(&[1; 32], &["ab", "c"]),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn secrets_differ_and_are_valid_in_a_header() {
        let (one, other) = (make().expect("one"), make().expect("another"));
        assert_ne!(one, other);
        assert_eq!(one.len(), 32);
        assert!(
            one.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
        assert!(same(&hash(&one), &hash(&one)));
        assert!(!same(&hash(&one), &hash(&other)));
        let mut close = hash(&one);
        close[31] ^= 1;
        assert!(!same(&hash(&one), &close));
    }
}
