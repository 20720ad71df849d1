//! Names of desks.

use crate::domain::*;

#[test]
fn a_desks_name_is_short_visible_text() {
    let long = "ñ".repeat(60);
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
        "1/2",
        &"x".repeat(61),
    ] {
        assert!(DeskName::parse(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn desks_are_sorted_as_people_count() {
    let sorted = [
        "02",
        "2",
        "2b",
        "10",
        "Caja",
        "Caja 1",
        "Caja 2",
        "Caja 10",
        "Caja 10 b",
        "Sala 1",
        "caja",
        "é",
    ];
    let names = sorted.map(DeskName::stored);
    let names: Vec<DeskName> = names.into_iter().flatten().collect();
    for (n, a) in names.iter().enumerate() {
        for (m, b) in names.iter().enumerate() {
            assert_eq!(a.cmp(b), n.cmp(&m), "{a} and {b}");
        }
    }
}

#[test]
fn a_desk_of_an_earlier_version_keeps_its_name() {
    let name = DeskName::stored("Caja 1/2\u{3164}").expect("it was accepted");
    let json = serde_json::to_string(&name).expect("JSON");
    assert_eq!(serde_json::from_str::<DeskName>(&json).expect("read"), name);
    assert!(DeskName::parse(name.as_str()).is_err());
}
