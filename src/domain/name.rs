//! The rules for names: people can read them, type them and put them into an address.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The longest name, in characters: what a screen can still show.
pub const LONGEST_NAME: usize = 60;

/// A text in Unicode's form NFC, in which «é» is one character: keyboards and files also give it as two, and both look
/// the same. Signs that NFC takes for a letter stay, such as that of Kelvin for K: nobody types them, and whoever names users
/// elsewhere tells them from letters.
pub fn composed(text: &str) -> Cow<'_, str> {
    if is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    let mut composed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, sign)) = rest.char_indices().find(|(_, c)| is_sign(*c)) {
        composed.extend(rest[..at].nfc());
        composed.push(sign);
        rest = &rest[at + sign.len_utf8()..];
    }
    composed.extend(rest.nfc());
    Cow::Owned(composed)
}

/// Whether NFC takes a character for one other.
fn is_sign(c: char) -> bool {
    let mut form = std::iter::once(c).nfc();
    form.next() != Some(c) && form.next().is_none()
}

/// Whether two names are the same to whoever reads them. Earlier versions of the program stored names as they were typed.
pub fn is_same_name(one: &str, other: &str) -> bool {
    composed(one) == composed(other)
}

/// Takes a new name, composed and without the blanks around it. `Err` says what is wrong with it.
pub fn parse_name(text: &str) -> Result<Cow<'_, str>, String> {
    let name = composed(text.trim());
    check_name(&name)?;
    Ok(name)
}

/// Refuses an empty name, a long one, and one with characters that stand for something else in an
/// address or that nobody sees. `Err` says what is wrong and which character it is.
pub fn check_name(name: &str) -> Result<(), String> {
    let length = name.chars().count();
    if length == 0 {
        return Err("a name cannot be empty".to_owned());
    }
    if length > LONGEST_NAME {
        return Err(format!(
            "a name has at most {LONGEST_NAME} characters; this one has {length}"
        ));
    }
    if [".", ".."].contains(&name) {
        return Err("a name cannot be «.» or «..», which have a meaning in addresses".to_owned());
    }
    if let Some(slash) = name.chars().find(|c| ['/', '\\'].contains(c)) {
        return Err(format!(
            "a name cannot contain «{slash}», because it stands in addresses; write - instead"
        ));
    }
    match name.chars().find(|c| is_unseen(*c)) {
        None => Ok(()),
        Some(c) => Err(format!(
            "a name cannot contain the invisible character U+{:04X}; type the name again \
             instead of pasting it",
            u32::from(c)
        )),
    }
}

/// Letters, marks and symbols that Unicode draws as nothing, without a property that says so: the Braille pattern without
/// dots, a filler, blank hieroglyphs, a note without a head.
const BLANKS: [char; 5] = [
    '\u{2800}',
    '\u{13441}',
    '\u{13442}',
    '\u{16fe4}',
    '\u{1d159}',
];

/// Whether a character is a control or format character, ends a line, has no meaning of its own (private use), or is seen
/// by nobody.
fn is_unseen(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, PrivateUse};
    matches!(
        c.general_category(),
        Control | Format | LineSeparator | ParagraphSeparator | PrivateUse
    ) || is_ignorable(c)
        || BLANKS.contains(&c)
}

/// The characters of the property `Default_Ignorable_Code_Point` that are no format characters
/// (`DerivedCoreProperties.txt`; Unicode reserves whole ranges for it, so that they do not change).
fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{2065}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_form_however_its_accents_are_typed() {
        for (typed, stored) in [
            ("Jose\u{301}", "José"),
            (" Jose\u{301} ", "José"),
            ("José", "José"),
            ("Pen\u{303}a", "Peña"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("Caja 1", "Caja 1"),
            // The signs of Kelvin and Angstrom are no letters.
            ("\u{212a}arl Pen\u{303}a", "\u{212a}arl Peña"),
            ("\u{212b}", "\u{212b}"),
            // No letter has this accent: it stays as it is.
            ("x\u{301}", "x\u{301}"),
        ] {
            assert_eq!(parse_name(typed).as_deref(), Ok(stored));
            assert!(is_same_name(typed.trim(), stored));
        }
        assert!(!is_same_name("Jose", "José"));
        let longest = "n\u{303}".repeat(60);
        assert_eq!(parse_name(&longest).as_deref(), Ok(&*"ñ".repeat(60)));
    }

    #[test]
    fn a_name_has_only_characters_that_people_see() {
        for good in [
            "1",
            "Caja 1-2",
            "Señoría nº 3 · «Ñ»",
            "شباك ٣",
            "窓口",
            "Médico 🩺",
            "e\u{301}",
            "100 %",
            "A\u{a0}B",
            &"ñ".repeat(60),
        ] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for unseen in [
            '\0',
            '\t',
            '\n',
            '\u{7f}',
            '\u{85}',
            '\u{ad}',
            '\u{34f}',
            '\u{600}',
            '\u{61c}',
            '\u{115f}',
            '\u{17b4}',
            '\u{180e}',
            '\u{180f}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{2029}',
            '\u{202e}',
            '\u{2060}',
            '\u{2065}',
            '\u{2066}',
            '\u{206f}',
            '\u{2800}',
            '\u{e000}',
            '\u{f8ff}',
            '\u{13441}',
            '\u{16fe4}',
            '\u{1d159}',
            '\u{10fffd}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{1bca0}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e01ef}',
            '\u{e0fff}',
        ] {
            let why = check_name(&format!("Caja{unseen}1")).expect_err("it is not seen");
            let named = format!("U+{:04X}", u32::from(unseen));
            assert!(why.contains(&named), "{why}");
        }
        for bad in ["", ".", "..", "1/2", "1\\2", &"ñ".repeat(61)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
