//! The few commands of ESC/POS that a ticket needs, as Epson's reference has them and other makers
//! follow.

const ESC: u8 = 0x1b;
const FS: u8 = 0x1c;
const GS: u8 = 0x1d;

/// Windows-1252 in the printers' list of code pages: Western Europe, with «ñ», «¿» and «€».
const CODE_PAGE: u8 = 16;

/// What stands for a letter that the code page does not have.
const MISSING: u8 = b'?';

/// Asks, at once and whatever waits to be printed, why the printer may not print, and for its paper.
pub const ASK: [u8; 6] = [0x10, 0x04, 2, 0x10, 0x04, 4];

/// What is being printed.
pub struct Print(Vec<u8>);

impl Print {
    /// A new ticket: the printer as it was when it was switched on, then our letters, centred.
    pub fn begin() -> Self {
        let mut print = Self(Vec::new());
        print.add(&[ESC, b'@']);
        // Otherwise printers for the Chinese market take two of our letters for one of theirs, and
        // national variants have other signs in the place of `#` or `@`.
        print.add(&[FS, b'.']);
        print.add(&[ESC, b'R', 0]);
        print.add(&[ESC, b't', CODE_PAGE]);
        print.add(&[ESC, b'a', 1]);
        print
    }

    /// A line of text, so many times the usual width and height (1 to 8).
    pub fn line(&mut self, text: &str, size: u8, bold: bool) {
        let more = size.clamp(1, 8) - 1;
        self.add(&[GS, b'!', more << 4 | more]);
        self.add(&[ESC, b'E', u8::from(bold)]);
        self.0.extend(encode(text));
        self.add(b"\n");
    }

    /// An empty line of the usual height.
    pub fn space(&mut self) {
        self.line("", 1, false);
    }

    /// A QR code, drawn by the printer.
    pub fn qr(&mut self, text: &str) {
        let length = text.len() + 3;
        // Model 2, dots of six, a correction of 15 % (M).
        self.add(&[GS, b'(', b'k', 4, 0, 49, 65, 50, 0]);
        self.add(&[GS, b'(', b'k', 3, 0, 49, 67, 6]);
        self.add(&[GS, b'(', b'k', 3, 0, 49, 69, 49]);
        let [low, high, ..] = length.to_le_bytes();
        self.add(&[GS, b'(', b'k', low, high, 49, 80, 48]);
        self.add(text.as_bytes());
        self.add(&[GS, b'(', b'k', 3, 0, 49, 81, 48]);
        self.add(b"\n");
    }

    /// Feeds the paper to the knife and cuts it, but for a point at which it hangs.
    pub fn cut(mut self) -> Vec<u8> {
        self.add(&[GS, b'V', 66, 0]);
        self.0
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// A text in the code page. No character of it is a command to the printer, whatever a name holds.
fn encode(text: &str) -> impl Iterator<Item = u8> {
    text.chars().map(|c| letter(c).unwrap_or(MISSING))
}

/// Whether the code page has every letter of a text.
pub fn has_letters_of(text: &str) -> bool {
    text.chars().all(|c| letter(c).is_some())
}

/// A character in Windows-1252.
fn letter(c: char) -> Option<u8> {
    /// From 0x80 on; `\0` where nothing is.
    const UPPER: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0',
        '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match c {
        ' '..='~' => u8::try_from(c).ok(),
        '\u{a0}'..='ÿ' => u8::try_from(c).ok(),
        c if c.is_control() => Some(b' '),
        c => {
            let place = UPPER.iter().position(|other| *other == c)?;
            u8::try_from(0x80 + place).ok()
        }
    }
}

/// What a printer answers to [`ASK`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    pub cover_open: bool,
    pub no_paper: bool,
    pub broken: bool,
}

impl Condition {
    /// From the two bytes of the answer; `None` where they are something else.
    pub fn read(offline: u8, paper: u8) -> Option<Self> {
        // Every answer has these bits so, to be told from anything else that a printer sends.
        let is_answer = |byte: u8| byte & 0b1001_0011 == 0b0001_0010;
        (is_answer(offline) && is_answer(paper)).then_some(Self {
            cover_open: offline & 0x04 != 0,
            no_paper: offline & 0x20 != 0 || paper & 0x60 != 0,
            broken: offline & 0x40 != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spanish_comes_out_right_and_no_name_is_a_command() {
        let bytes = |text| encode(text).collect::<Vec<u8>>();
        assert_eq!(bytes("A12 ~"), b"A12 ~");
        // As in the table of Windows-1252.
        assert_eq!(
            bytes("ñÑáéíóúüÁÉÍÓÚÜ¿¡«»ºª€"),
            [
                0xf1, 0xd1, 0xe1, 0xe9, 0xed, 0xf3, 0xfa, 0xfc, 0xc1, 0xc9, 0xcd, 0xd3, 0xda, 0xdc,
                0xbf, 0xa1, 0xab, 0xbb, 0xba, 0xaa, 0x80
            ]
        );
        assert_eq!(
            bytes("çãõôœ–“”’Ÿ"),
            b"\xe7\xe3\xf5\xf4\x9c\x96\x93\x94\x92\x9f"
        );
        assert_eq!(bytes("\u{1b}@\n\u{1d}V\u{85}"), b" @  V ");
        assert_eq!(bytes("中Ł"), b"??");
        assert!(has_letters_of("Información") && !has_letters_of("معلومات"));
    }

    #[test]
    fn a_printers_answer_is_told_from_anything_else() {
        let read = |offline, paper| {
            Condition::read(offline, paper).map(|c| (c.cover_open, c.no_paper, c.broken))
        };
        assert_eq!(read(0x12, 0x12), Some((false, false, false)));
        assert_eq!(read(0x16, 0x12), Some((true, false, false)));
        assert_eq!(read(0x32, 0x72), Some((false, true, false)));
        assert_eq!(read(0x12, 0x72), Some((false, true, false)));
        // Paper near its end is no reason to worry a desk yet.
        assert_eq!(read(0x12, 0x1e), Some((false, false, false)));
        assert_eq!(read(0x52, 0x12), Some((false, false, true)));
        assert_eq!(read(0x00, 0x12), None);
        assert_eq!(read(b'O', b'K'), None);
    }
}
