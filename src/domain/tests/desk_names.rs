//! Names of desks.

use crate::domain::*;

#[test]
fn a_desks_name_is_short_visible_text() {
    let long = "ñ".repeat(DeskName::LONGEST);
    for (text, name) in [("3", "3"), ("  Caja 1 ", "Caja 1"), (&long, &long)] {
        assert_eq!(
            DeskName::parse(text).map(|n| n.to_string()),
            Ok(name.to_owned())
        );
    }
    for wrong in [
        "",
        "   ",
        "a\nb",
        "a\u{0}b",
        "\u{200b}",
        "..",
        &"x".repeat(DeskName::LONGEST + 1),
    ] {
        assert!(DeskName::parse(wrong).is_err(), "{wrong:?}");
    }
}
