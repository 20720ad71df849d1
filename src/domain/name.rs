//! The rules for names: people can read them, type them and put them into an address.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The longest name, in characters: what a screen can still show.
pub const LONGEST_NAME: usize = 60;

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

/// Whether a character is a control or format character, ends a line, or is seen by nobody.
fn is_unseen(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    /// An empty pattern of Braille: a symbol in Unicode, and blank.
    const BRAILLE_BLANK: char = '\u{2800}';
    matches!(
        c.general_category(),
        Control | Format | LineSeparator | ParagraphSeparator
    ) || is_ignorable(c)
        || c == BRAILLE_BLANK
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
