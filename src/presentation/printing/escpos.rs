//! The few ESC/POS commands that a printed ticket needs, by Epson's reference, which other makers
//! follow.

const ESC: u8 = 0x1b;
const FS: u8 = 0x1c;
const GS: u8 = 0x1d;

/// The number of Windows-1252 among the printer's code pages: Western Europe, with «ñ», «¿» and «€».
const CODE_PAGE: u8 = 16;

/// Replaces a character that the code page lacks.
const MISSING: u8 = b'?';

/// `DLE EOT 2` and `DLE EOT 4`: requests the causes of being offline and the state of the paper. The
/// printer answers at once, even if jobs wait to be printed.
pub const REALTIME_STATUS_REQUEST: [u8; 6] = [0x10, 0x04, 2, 0x10, 0x04, 4];

/// `GS r 1`: requests a status byte. The printer answers in order, after all that was sent before.
pub const STATUS_REQUEST: [u8; 3] = [GS, b'r', 1];

/// Whether a byte is an answer to [`STATUS_REQUEST`]. These bits tell it from every other answer.
pub fn is_status(byte: u8) -> bool {
    byte & 0b1001_0000 == 0
}

/// The bytes of one printed ticket.
pub struct PrintCommands(Vec<u8>);

impl PrintCommands {
    /// Resets the printer, and selects our code page and centred text.
    pub fn new() -> Self {
        let mut print = Self(Vec::new());
        print.add(&[ESC, b'@']);
        // Printers for the Chinese market would read two of our letters as one of theirs, and national
        // character sets replace `#` and `@`.
        print.add(&[FS, b'.']);
        print.add(&[ESC, b'R', 0]);
        print.add(&[ESC, b't', CODE_PAGE]);
        print.add(&[ESC, b'a', 1]);
        print
    }

    /// Adds a line of text. `size` multiplies the width and height (1 to 8).
    pub fn line(&mut self, text: &str, size: u8, bold: bool) {
        let more = size.clamp(1, 8) - 1;
        self.add(&[GS, b'!', more << 4 | more]);
        self.add(&[ESC, b'E', u8::from(bold)]);
        self.0.extend(encode(text));
        self.add(b"\n");
    }

    /// Adds an empty line.
    pub fn space(&mut self) {
        self.line("", 1, false);
    }

    /// Adds a QR code, which the printer draws.
    pub fn qr(&mut self, text: &str) {
        let length = text.len() + 3;
        // Model 2, modules of 6 dots, error correction level M (15 %).
        self.add(&[GS, b'(', b'k', 4, 0, 49, 65, 50, 0]);
        self.add(&[GS, b'(', b'k', 3, 0, 49, 67, 6]);
        self.add(&[GS, b'(', b'k', 3, 0, 49, 69, 49]);
        let [low, high, ..] = length.to_le_bytes();
        self.add(&[GS, b'(', b'k', low, high, 49, 80, 48]);
        self.add(text.as_bytes());
        self.add(&[GS, b'(', b'k', 3, 0, 49, 81, 48]);
        self.add(b"\n");
    }

    /// Feeds the paper to the cutter and cuts it, except for one point that holds the ticket.
    pub fn cut(mut self) -> Vec<u8> {
        self.add(&[GS, b'V', 66, 0]);
        self.0
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// Encodes a text in the code page. No character becomes a command to the printer.
fn encode(text: &str) -> impl Iterator<Item = u8> {
    text.chars().map(|c| letter(c).unwrap_or(MISSING))
}

/// Whether the code page has every character of a text.
pub fn can_encode(text: &str) -> bool {
    text.chars().all(|c| letter(c).is_some())
}

/// The byte of a character in Windows-1252.
fn letter(c: char) -> Option<u8> {
    /// The characters from 0x80 on; `\0` marks an unused byte.
    const UPPER: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0',
        '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match c {
        ' '..='~' => u8::try_from(c).ok(),
        '\u{a0}'..='ÿ' => u8::try_from(c).ok(),
        c if c.is_control() => Some(b' '),
        c => {
            let index = UPPER.iter().position(|other| *other == c)?;
            u8::try_from(0x80 + index).ok()
        }
    }
}

/// The answer to [`REALTIME_STATUS_REQUEST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    pub cover_open: bool,
    pub no_paper: bool,
    /// The paper is near its end, and still prints.
    pub paper_low: bool,
    pub broken: bool,
}

impl Condition {
    /// Reads the two bytes of the answer; `None` if they are no answer.
    pub fn read(offline: u8, paper: u8) -> Option<Self> {
        // These bits are fixed in every answer.
        let is_answer = |byte: u8| byte & 0b1001_0011 == 0b0001_0010;
        (is_answer(offline) && is_answer(paper)).then_some(Self {
            cover_open: offline & 0x04 != 0,
            no_paper: offline & 0x20 != 0 || paper & 0x60 != 0,
            paper_low: paper & 0x0c != 0,
            broken: offline & 0x40 != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_encoded_in_windows_1252_and_holds_no_command() {
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
        assert!(can_encode("Información") && !can_encode("معلومات"));
    }

    #[test]
    fn a_realtime_status_is_distinguished_from_other_bytes() {
        let read = |offline, paper| {
            Condition::read(offline, paper).map(|c| (c.cover_open, c.no_paper, c.broken))
        };
        assert_eq!(read(0x12, 0x12), Some((false, false, false)));
        assert_eq!(read(0x16, 0x12), Some((true, false, false)));
        assert_eq!(read(0x32, 0x72), Some((false, true, false)));
        assert_eq!(read(0x12, 0x72), Some((false, true, false)));
        // Paper that is near its end still prints.
        assert_eq!(read(0x12, 0x1e), Some((false, false, false)));
        let is_low = |paper| Condition::read(0x12, paper).map(|c| c.paper_low);
        assert_eq!((is_low(0x12), is_low(0x1e)), (Some(false), Some(true)));
        assert_eq!(read(0x52, 0x12), Some((false, false, true)));
        assert_eq!(read(0x00, 0x12), None);
        assert_eq!(read(b'O', b'K'), None);
        assert!(is_status(0x00) && is_status(0x0f));
        assert!(!is_status(0x12) && !is_status(0x16) && !is_status(0x80));
    }
}
