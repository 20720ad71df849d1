//! The few ESC/POS commands that a printed ticket needs, by Epson's reference, which other makers
//! follow.

use super::code_page::{CodePage, encode};

const ESC: u8 = 0x1b;
const FS: u8 = 0x1c;
const GS: u8 = 0x1d;

/// `DLE EOT 2` and `DLE EOT 4`: requests the causes of being offline and the state of the paper. The
/// printer answers at once, even if jobs wait to be printed.
pub const REALTIME_STATUS_REQUEST: [u8; 6] = [0x10, 0x04, 2, 0x10, 0x04, 4];

/// `GS r 1`: requests a status byte. The printer answers in order, after all that was sent before.
pub const STATUS_REQUEST: [u8; 3] = [GS, b'r', 1];

/// Whether a byte is an answer to [`STATUS_REQUEST`]. These bits tell it from every other answer.
pub fn is_status(byte: u8) -> bool {
    byte & 0b1001_0000 == 0
}

/// A picture of black and white dots.
pub struct Picture {
    /// Width in dots.
    width: usize,
    /// Whether each dot is black, row by row.
    dots: Vec<bool>,
}

impl Picture {
    /// A picture of bytes with a bit for each dot, row by row; a row has whole bytes.
    pub fn of_bits(bytes: &[u8], width: usize) -> Self {
        let bits = bytes
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |n| byte >> n & 1 == 1));
        Self {
            width,
            dots: bits.collect(),
        }
    }

    /// A picture of these dots, each enlarged to a square of `scale` × `scale`.
    pub fn enlarged(dots: &[bool], width: usize, scale: usize) -> Self {
        let enlarge = |row: &[bool]| -> Vec<bool> {
            let dots = row.iter().flat_map(|dot| std::iter::repeat_n(*dot, scale));
            dots.collect()
        };
        let rows = dots.chunks(width.max(1));
        let rows = rows.flat_map(|row| std::iter::repeat_n(enlarge(row), scale));
        Self {
            width: width * scale,
            dots: rows.flatten().collect(),
        }
    }
}

/// The bytes of one print.
pub struct PrintCommands {
    bytes: Vec<u8>,
    pages: &'static [CodePage],
    /// The code page that the printer has now.
    page: Option<u8>,
}

impl PrintCommands {
    /// Resets the printer, and selects centred text. `pages` are its code pages.
    pub fn new(pages: &'static [CodePage]) -> Self {
        let mut print = Self {
            bytes: Vec::new(),
            pages,
            page: None,
        };
        print.add(&[ESC, b'@']);
        // Printers for the Chinese market would read two of our letters as one of theirs, and national
        // character sets replace `#` and `@`.
        print.add(&[FS, b'.']);
        print.add(&[ESC, b'R', 0]);
        print.add(&[ESC, b'a', 1]);
        print
    }

    /// Adds a line of text. `size` multiplies the width and height (1 to 8).
    pub fn line(&mut self, text: &str, size: u8, bold: bool) {
        self.line_on(text, self.pages, size, bold);
    }

    /// Like `line`, with other code pages.
    pub fn line_on(&mut self, text: &str, pages: &[CodePage], size: u8, bold: bool) {
        let (page, bytes) = encode(text, pages);
        if let Some(number) = page.filter(|_| page != self.page) {
            self.add(&[ESC, b't', number]);
            self.page = page;
        }
        let more = size.clamp(1, 8) - 1;
        self.add(&[GS, b'!', more << 4 | more]);
        self.add(&[ESC, b'E', u8::from(bold)]);
        self.add(&bytes);
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

    /// Adds a picture (`GS v 0`), which every printer that draws at all understands.
    pub fn picture(&mut self, picture: &Picture) {
        if picture.width == 0 || picture.dots.is_empty() {
            return;
        }
        let row_bytes = picture.width.div_ceil(8);
        let height = picture.dots.len() / picture.width;
        let [x_low, x_high, ..] = row_bytes.to_le_bytes();
        let [y_low, y_high, ..] = height.to_le_bytes();
        self.add(&[GS, b'v', b'0', 0, x_low, x_high, y_low, y_high]);
        for row in picture.dots.chunks(picture.width) {
            let bytes = row.chunks(8).map(|dots| {
                let bits = dots.iter().enumerate();
                bits.fold(0, |byte, (n, dot)| byte | u8::from(*dot) << (7 - n))
            });
            self.bytes.extend(bytes);
        }
    }

    /// Feeds the paper to the cutter and cuts it, except for one point that holds the ticket.
    pub fn cut(mut self) -> Vec<u8> {
        self.add(&[GS, b'V', 66, 0]);
        self.bytes
    }

    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
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
    fn a_picture_has_a_bit_for_each_dot_from_the_left() {
        let picture = Picture::enlarged(&[true, false, true, true], 2, 5);
        let mut print = PrintCommands::new(&[]);
        print.picture(&picture);
        let begin = [GS, b'v', b'0', 0, 2, 0, 10, 0];
        let rows = [[0xf8, 0x00], [0xff, 0xc0]];
        let dots: Vec<u8> = rows.iter().flat_map(|row| row.repeat(5)).collect();
        let expected = [begin.as_slice(), &dots].concat();
        assert!(
            print
                .cut()
                .windows(expected.len())
                .any(|part| part == expected)
        );
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
