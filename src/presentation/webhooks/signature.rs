//! Secrets of webhooks, and signatures by the Standard Webhooks specification 1.0.0.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::presentation::access::{NoRandomness, random};

const PREFIX: &str = "whsec_";

/// A new secret of 256 bits.
pub fn make_secret() -> Result<String, NoRandomness> {
    let bytes: [u8; 32] = random()?;
    Ok(format!("{PREFIX}{}", BASE64.encode(&bytes)))
}

/// The signatures of a message with each of the secrets, separated by spaces. `timestamp` is in seconds since the
/// Unix epoch.
pub fn sign<'a>(
    secrets: impl Iterator<Item = &'a str>,
    id: &str,
    timestamp: i64,
    body: &str,
) -> String {
    let signatures = secrets.map(|secret| {
        let key = secret.strip_prefix(PREFIX).unwrap_or(secret);
        let key = BASE64.decode(key.as_bytes()).unwrap_or_default();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key may have any length");
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // The example of the reference libraries.
        let signed = sign(
            ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"].into_iter(),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_signs() {
        let (one, two) = (make_secret().expect("one"), make_secret().expect("two"));
        let sign = |secrets: &[&String]| sign(secrets.iter().map(|s| s.as_str()), "m", 1, "{}");
        assert_eq!(
            sign(&[&one, &two]),
            format!("{} {}", sign(&[&one]), sign(&[&two]))
        );
        assert_ne!(sign(&[&one]), sign(&[&two]));
    }
}
