//! Parses whole numbers in text from outside: digits alone, without a sign.
//!
//! `str::parse` also accepts a leading `+`, which no format of this program has.

use std::str::FromStr;

/// Parses decimal digits; `None` if there is another character or the number does not fit.
pub fn parse<T: FromStr>(text: &str) -> Option<T> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn digits_alone_are_a_number() {
        assert_eq!(parse("0080"), Some(80_u16));
        for text in ["", "+80", "-80", " 80", "8_0", "8.0", "٨٠", "65536"] {
            assert_eq!(parse::<u16>(text), None, "{text}");
        }
    }
}
