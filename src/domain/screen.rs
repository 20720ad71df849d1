//! The id of a browser that shows a desk's page.

use std::fmt;

use super::text_form::serde_as_text;

/// Names one browser, which draws it at random and keeps it: two pages of one computer are the
/// same screen. A client that knows the secret could pass for that screen, so it is never sent to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScreenId(u128);

impl ScreenId {
    /// From the 128 bits that a browser drew.
    pub fn from_random(bits: u128) -> Self {
        Self(bits)
    }

    /// Reads the 32 lower-case hexadecimal digits that `Display` writes; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let plain = text.len() == 32 && text.bytes().all(digit);
        let bits = plain.then(|| u128::from_str_radix(text, 16).ok());
        bits.flatten().map(Self)
    }
}

serde_as_text!(ScreenId, |text| {
    Self::parse(text).ok_or_else(|| format!("«{text}» is not a screen's id"))
});

impl fmt::Display for ScreenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
