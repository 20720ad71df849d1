//! The bytes of a print: a ticket, or the test print of a printer.

use qrcode::{Color, QrCode};

use super::code_page::{can_encode, code_pages};
use super::escpos::{Picture, PrintCommands};
use super::printed_ticket::{LineRole, PaperLine, PrintedTicket};
use crate::domain::{PrinterMaker, PrinterSetup, QrForm};
use crate::presentation::http::address::BaseUrl;

/// Widest code that is printed four times as large, in characters; longer ones three times.
const LARGE_CODE_CHARS: usize = 8;

/// Largest side of a module of a QR code in a picture, in dots.
const LARGEST_MODULE: usize = 6;

/// Width of the white edge of a QR code, in modules (ISO/IEC 18004).
const QUIET_MODULES: usize = 4;

/// Letters of each script, which show in a test print whether the code page is right.
const SAMPLES: [&str; 5] = [
    "ñ á ç ü ¿ € «»",
    "ř š ž ł ó ź ą ę",
    "Ж ж Щ щ Я я",
    "Ω α β γ ώ ς",
    "ğ ş ı İ Ğ Ş",
];

/// The paper of a printer.
struct Paper {
    /// Characters in a line.
    columns: usize,
    /// Dots in a line.
    dots: usize,
}

impl Paper {
    /// Of a width in mm: at 203 dots per inch, with characters of 12 dots. Some printers have fewer dots on
    /// wide paper, so that lines are wrapped a little early on others.
    fn of(setup: &PrinterSetup) -> Self {
        match setup.width {
            58 => Self {
                columns: 32,
                dots: 384,
            },
            _ => Self {
                columns: 42,
                dots: 512,
            },
        }
    }
}

/// A ticket as bytes for a printer. `base` is the address of this server for phones; without it, there
/// is no QR code.
pub fn ticket(ticket: &PrintedTicket, setup: &PrinterSetup, base: Option<&BaseUrl>) -> Vec<u8> {
    let pages = code_pages(setup.maker);
    let mut print = PrintCommands::new(pages);
    let columns = Paper::of(setup).columns;
    let base = base.filter(|_| setup.qr != QrForm::None);
    // Of a printer without code pages it is not known that it draws.
    if setup.maker != PrinterMaker::Ascii
        && let Some(logo) = ticket.logo()
    {
        print.picture(&logo);
        print.space();
    }
    for PaperLine { role, text } in ticket.lines(|text| can_encode(text, pages)) {
        let (size, is_bold) = match role {
            LineRole::Code if text.chars().count() <= LARGE_CODE_CHARS => (4, true),
            LineRole::Code => (3, true),
            LineRole::Office | LineRole::Priority => (1, true),
            _ => (1, false),
        };
        if role == LineRole::Follow && base.is_none() {
            continue;
        }
        if matches!(
            role,
            LineRole::Code | LineRole::Time | LineRole::Text | LineRole::Follow
        ) {
            print.space();
        }
        for line in wrap(&text, columns / usize::from(size)) {
            print.line(&line, size, is_bold);
        }
    }
    if let Some(base) = base {
        qr(&mut print, &base.page(&format!("t/{}", ticket.id)), setup);
    }
    print.cut()
}

/// The test print of a printer: letters of each script as each maker's printers get them, and both forms of
/// the QR code. Whoever reads it sees which maker and which form are right.
pub fn test_print(setup: &PrinterSetup) -> Vec<u8> {
    let mut print = PrintCommands::new(code_pages(setup.maker));
    print.line(&setup.name, 2, true);
    print.line(&format!("{} mm: {}", setup.width, setup.address), 1, false);
    print.line(&"-".repeat(Paper::of(setup).columns), 1, false);
    for maker in PrinterMaker::ALL {
        let pages = code_pages(maker);
        print.space();
        let mark = if maker == setup.maker { " *" } else { "" };
        print.line(&format!("{}{mark}", maker.as_str().to_uppercase()), 1, true);
        for sample in SAMPLES {
            let own = pages.iter().find(|page| can_encode(sample, &[**page]));
            match own {
                Some(page) => {
                    let text = format!("{}: {sample}", page.0);
                    print.line_on(&text, &[*page], 1, false);
                }
                None => print.line_on(&format!("-: {sample}"), &[], 1, false),
            }
        }
    }
    for form in [QrForm::Native, QrForm::Picture] {
        print.space();
        print.line(&format!("QR: {}", form.as_str()), 1, true);
        let setup = PrinterSetup {
            qr: form,
            ..setup.clone()
        };
        qr(&mut print, "turnero", &setup);
    }
    print.cut()
}

/// Adds a QR code in the form that the printer takes.
fn qr(print: &mut PrintCommands, text: &str, setup: &PrinterSetup) {
    match setup.qr {
        QrForm::None => {}
        QrForm::Native => print.qr(text),
        QrForm::Picture => {
            // The longest address fits into a code by far.
            let Ok(code) = QrCode::new(text) else { return };
            let side = code.width() + 2 * QUIET_MODULES;
            let is_dark = |n: usize| {
                let code_at = |at: usize| {
                    at.checked_sub(QUIET_MODULES)
                        .filter(|at| *at < code.width())
                };
                let (x, y) = (code_at(n % side), code_at(n / side));
                x.zip(y).is_some_and(|at| code[at] == Color::Dark)
            };
            let dots: Vec<bool> = (0..side * side).map(is_dark).collect();
            let scale = (Paper::of(setup).dots / side).clamp(1, LARGEST_MODULE);
            print.picture(&Picture::enlarged(&dots, side, scale));
        }
    }
}

/// Breaks a text into lines of at most so many characters, between words if possible.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        let length = line.chars().count();
        if length > 0 && length + 1 + word.chars().count() <= columns {
            line.push(' ');
            line.push_str(word);
            continue;
        }
        let chars: Vec<char> = word.chars().collect();
        let parts = chars
            .chunks(columns.max(1))
            .map(|part| part.iter().collect());
        if length == 0 {
            lines.pop();
        }
        lines.extend::<Vec<String>>(parts.collect());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::printed_ticket::tests::printed_ticket;
    use super::*;

    fn setup() -> PrinterSetup {
        PrinterSetup::new("hall", "a:9100")
    }

    fn base() -> BaseUrl {
        BaseUrl::parse("http://192.168.1.5:3000").expect("an address")
    }

    fn has(print: &[u8], part: &[u8]) -> bool {
        print.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn it_resets_the_printer_first_and_cuts_the_paper_last() {
        let print = ticket(&printed_ticket(), &setup(), None);
        assert!(print.starts_with(b"\x1b@\x1c.\x1bR\x00\x1ba\x01"));
        assert!(print.ends_with(b"\x1dVB\x00"));
        // The code is four times as large as the rest.
        assert!(has(&print, b"\x1d!\x33\x1bE\x01A12\n"));
        // Windows-1252 is selected once, for all its lines.
        let selects = print.windows(2).filter(|part| part == b"\x1bt").count();
        assert!(
            selects == 1 && has(&print, b"\x1bt\x10"),
            "{}",
            print.escape_ascii()
        );
        assert!(!has(&print, b"Siga su turno"), "no code, no word about it");
    }

    #[test]
    fn the_code_page_is_the_makers() {
        for (maker, page) in [(PrinterMaker::Star, 32), (PrinterMaker::Wincor, 8)] {
            let setup = PrinterSetup { maker, ..setup() };
            let print = ticket(&printed_ticket(), &setup, None);
            assert!(has(&print, &[0x1b, b't', page]), "{}", print.escape_ascii());
            assert!(
                has(&print, b"Cl\xednica \xd1and\xfa\n"),
                "{}",
                print.escape_ascii()
            );
        }
        let ascii = PrinterSetup {
            maker: PrinterMaker::Ascii,
            ..setup()
        };
        let print = ticket(&printed_ticket(), &ascii, None);
        assert!(print.is_ascii() && has(&print, b"Clinica Nandu\n"));
    }

    #[test]
    fn the_qr_code_is_drawn_by_the_printer_or_a_picture_or_left_out() {
        let page = format!("http://192.168.1.5:3000/t/{:032x}", 0xabc);
        let length = u8::try_from(page.len() + 3).expect("short");
        let mut native = b"\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x06\x1d(k\x03\x001E1".to_vec();
        native.extend([0x1d, b'(', b'k', length, 0, b'1', b'P', b'0']);
        native.extend(page.as_bytes());
        native.extend(b"\x1d(k\x03\x001Q0");
        for (qr, is_native, is_picture) in [
            (QrForm::Native, true, false),
            (QrForm::Picture, false, true),
            (QrForm::None, false, false),
        ] {
            let print = ticket(
                &printed_ticket(),
                &PrinterSetup { qr, ..setup() },
                Some(&base()),
            );
            assert_eq!(has(&print, &native), is_native, "{qr:?}");
            assert_eq!(has(&print, b"\x1dv0"), is_picture, "{qr:?}");
            assert_eq!(has(&print, b"Siga su turno"), qr != QrForm::None, "{qr:?}");
        }
    }

    #[test]
    fn the_logo_is_a_picture_at_the_top_where_the_printer_draws() {
        let mut with_logo = printed_ticket();
        with_logo.set_logo(16, "gAH/gA==");
        let print = ticket(&with_logo, &setup(), None);
        let begin = b"\x1ba\x01\x1dv0\x00\x02\x00\x02\x00\x80\x01\xff\x80";
        assert!(has(&print, begin), "{}", print.escape_ascii());
        let ascii = PrinterSetup {
            maker: PrinterMaker::Ascii,
            ..setup()
        };
        assert!(!has(&ticket(&with_logo, &ascii, None), b"\x1dv0"));
    }

    #[test]
    fn lines_are_broken_between_words_at_the_width_of_the_paper() {
        assert_eq!(wrap("Personas delante de usted: 3", 32).len(), 1);
        assert_eq!(wrap("uno dos tres", 7), ["uno dos", "tres"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
