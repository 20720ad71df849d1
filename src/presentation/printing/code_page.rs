//! Encoding of text for a printer: each line in the printer's code page that has the most of its letters.

use encoding_rs::{
    Encoding, IBM866, ISO_8859_2, ISO_8859_7, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252,
    WINDOWS_1253, WINDOWS_1254,
};

use crate::domain::PrinterMaker;

/// A code page of a printer: its number for the printer, and what its bytes mean.
pub type CodePage = (u8, &'static Encoding);

/// Citizen and Seiko, too.
static EPSON: [CodePage; 5] = [
    (16, WINDOWS_1252),
    (45, WINDOWS_1250),
    (46, WINDOWS_1251),
    (47, WINDOWS_1253),
    (48, WINDOWS_1254),
];

static STAR: [CodePage; 4] = [
    (32, WINDOWS_1252),
    (33, WINDOWS_1250),
    (34, WINDOWS_1251),
    (18, ISO_8859_7),
];

static BIXOLON: [CodePage; 4] = [
    (16, WINDOWS_1252),
    (39, ISO_8859_2),
    (17, IBM866),
    (47, WINDOWS_1253),
];

static WINCOR: [CodePage; 4] = [
    (8, WINDOWS_1252),
    (17, WINDOWS_1250),
    (7, IBM866),
    (16, WINDOWS_1254),
];

/// Netum, Xprinter and many without a name, too.
static ZJIANG: [CodePage; 5] = [
    (16, WINDOWS_1252),
    (72, WINDOWS_1250),
    (73, WINDOWS_1251),
    (90, WINDOWS_1253),
    (91, WINDOWS_1254),
];

/// Sunmi, too.
static MUNBYN: [CodePage; 2] = [(16, WINDOWS_1252), (17, IBM866)];

/// The code pages of a maker's printers: Western, Central European, Cyrillic, Greek and Turkish, those
/// that there are. From receipt-print-hq/escpos-printer-db.
pub fn code_pages(maker: PrinterMaker) -> &'static [CodePage] {
    match maker {
        PrinterMaker::Epson => &EPSON,
        PrinterMaker::Star => &STAR,
        PrinterMaker::Bixolon => &BIXOLON,
        PrinterMaker::Wincor => &WINCOR,
        PrinterMaker::Zjiang => &ZJIANG,
        PrinterMaker::Munbyn => &MUNBYN,
        PrinterMaker::Ascii => &[],
    }
}

/// Whether one page of these has every character of a text.
pub fn can_encode(text: &str, pages: &[CodePage]) -> bool {
    text.is_ascii() || pages.iter().any(|(_, page)| missing(text, page) == 0)
}

/// Encodes a line. Returns the number of its code page, if it needs one, and its bytes. What no page has
/// is transliterated, and no character becomes a command to the printer.
pub fn encode(text: &str, pages: &[CodePage]) -> (Option<u8>, Vec<u8>) {
    let text: String = text.chars().map(printable).collect();
    if text.is_ascii() {
        return (None, text.into_bytes());
    }
    let best = pages.iter().min_by_key(|(_, page)| missing(&text, page));
    let Some((number, page)) = best else {
        return (None, transliterate(&text).into_bytes());
    };
    let mut bytes = Vec::new();
    for c in text.chars() {
        match byte_of(c, page) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(transliterate(c.encode_utf8(&mut [0; 4])).bytes()),
        }
    }
    (Some(*number), bytes)
}

/// A space in place of a character that is no letter: a control or format character, or a wide space.
fn printable(c: char) -> char {
    if c.is_control() || c.is_whitespace() {
        ' '
    } else {
        c
    }
}

fn missing(text: &str, page: &'static Encoding) -> usize {
    text.chars().filter(|c| byte_of(*c, page).is_none()).count()
}

/// The byte of a character in a code page.
fn byte_of(c: char, page: &'static Encoding) -> Option<u8> {
    if c.is_ascii() {
        return u8::try_from(c).ok();
    }
    let mut buffer = [0; 4];
    let (bytes, _, is_missing) = page.encode(c.encode_utf8(&mut buffer));
    match bytes.as_ref() {
        // Windows' pages have control characters in places that a printer may leave empty.
        [byte] if *byte >= 0x80 && !is_missing && !c.is_control() => Some(*byte),
        _ => None,
    }
}

/// A text in ASCII letters that sound like it.
fn transliterate(text: &str) -> String {
    deunicode::deunicode_with_tofu(text, "?")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text that a printer with these pages prints.
    fn printed(text: &str, maker: PrinterMaker) -> (Option<u8>, String) {
        let pages = code_pages(maker);
        let (number, bytes) = encode(text, pages);
        let page = pages.iter().find(|(n, _)| Some(*n) == number);
        let encoding = page.map_or(WINDOWS_1252, |(_, encoding)| *encoding);
        let text = encoding.decode_without_bom_handling(&bytes).0;
        (number, text.into_owned())
    }

    #[test]
    fn each_line_has_the_code_page_that_has_its_letters() {
        for (maker, text, number) in [
            (PrinterMaker::Epson, "A12 ~", None),
            (PrinterMaker::Epson, "Información: ¿qué? 5 €", Some(16)),
            (PrinterMaker::Epson, "Řidičské průkazy", Some(45)),
            (PrinterMaker::Epson, "Łódź", Some(45)),
            (PrinterMaker::Epson, "Выдача паспортов", Some(46)),
            (PrinterMaker::Epson, "Πληροφορίες", Some(47)),
            (PrinterMaker::Epson, "Nüfus işlemleri ğ", Some(48)),
            (PrinterMaker::Star, "Información", Some(32)),
            (PrinterMaker::Star, "Řidičské průkazy", Some(33)),
            (PrinterMaker::Star, "Πληροφορίες", Some(18)),
            (PrinterMaker::Bixolon, "Выдача паспортов", Some(17)),
            (PrinterMaker::Bixolon, "Łódź", Some(39)),
            (PrinterMaker::Wincor, "Información", Some(8)),
            (PrinterMaker::Zjiang, "Łódź", Some(72)),
        ] {
            assert_eq!(printed(text, maker), (number, text.to_owned()), "{maker:?}");
            assert!(can_encode(text, code_pages(maker)), "{text}");
        }
    }

    #[test]
    fn a_letter_that_no_page_has_is_transliterated_and_never_left_out() {
        for (maker, text, expected) in [
            (PrinterMaker::Munbyn, "Řidičské průkazy", "Ridicské prukazy"),
            (PrinterMaker::Ascii, "Řidičské průkazy", "Ridicske prukazy"),
            (PrinterMaker::Ascii, "Łódź", "Lodz"),
            (PrinterMaker::Ascii, "Información", "Informacion"),
            (PrinterMaker::Munbyn, "Łódź", "Lódz"),
            (PrinterMaker::Wincor, "Ελλάδα", "Ellada"),
        ] {
            let (_, text) = printed(text, maker);
            assert_eq!(text, expected, "{maker:?}");
        }
        let (_, arabic) = printed("مكتب", PrinterMaker::Epson);
        assert!(
            arabic.chars().filter(char::is_ascii_alphabetic).count() >= 4,
            "{arabic}"
        );
        // One foreign letter does not change the others.
        let (number, text) = printed("Información ж", PrinterMaker::Epson);
        assert_eq!((number, text.as_str()), (Some(16), "Información zh"));
        assert_eq!(printed("中", PrinterMaker::Epson).1.trim(), "Zhong");
    }

    #[test]
    fn no_text_holds_a_command() {
        let (_, bytes) = encode(
            "\u{1b}@\n\u{1d}V\u{85}\u{9b}é",
            code_pages(PrinterMaker::Epson),
        );
        assert_eq!(bytes, b" @  V  \xe9");
        // A page's own control characters are none of its letters.
        for (_, page) in code_pages(PrinterMaker::Epson) {
            assert_eq!(byte_of('\u{81}', page), None);
        }
    }
}
