//! The printing settings of an office; the queue does not depend on them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::text_form::names;

/// The maker whose commands and code pages a printer has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrinterMaker {
    #[default]
    Epson,
    Star,
    Bixolon,
    Wincor,
    Zjiang,
    Munbyn,
    /// No code page is known: letters without accents.
    Ascii,
}

names!(PrinterMaker {
    Epson => "epson",
    Star => "star",
    Bixolon => "bixolon",
    Wincor => "wincor",
    Zjiang => "zjiang",
    Munbyn => "munbyn",
    Ascii => "ascii",
});

/// How a printer gets a QR code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QrForm {
    /// The printer draws it.
    #[default]
    Native,
    /// As a picture, for printers without a command for it.
    Picture,
    /// There is none.
    None,
}

names!(QrForm {
    Native => "native",
    Picture => "picture",
    None => "none",
});

/// A network printer of the office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrinterSetup {
    /// Its name for people and programs.
    pub name: String,
    /// `HOST:PORT`.
    pub address: String,
    #[serde(default)]
    pub maker: PrinterMaker,
    /// Width of the paper in mm: 58 or 80.
    #[serde(default = "usual_width")]
    pub width: u8,
    #[serde(default)]
    pub qr: QrForm,
}

impl PrinterSetup {
    /// A printer of which only the address is known.
    pub fn new(name: &str, address: &str) -> Self {
        Self {
            name: name.to_owned(),
            address: address.to_owned(),
            maker: PrinterMaker::default(),
            width: usual_width(),
            qr: QrForm::default(),
        }
    }
}

fn usual_width() -> u8 {
    Printing::WIDTHS[1]
}

/// The office's logo in black and white, for network printers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PaperLogo {
    /// Width in dots, a multiple of 8.
    pub width: u16,
    /// A bit for each dot, row by row, in base64; 1 is black.
    pub dots: String,
}

/// How an office puts tickets on paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Printing {
    /// The network printers. The first is used if nobody says which.
    pub printers: Vec<PrinterSetup>,
    /// Width of the paper that a kiosk's browser prints on, in mm.
    pub paper_width: u8,
    /// Whether a kiosk's browser prints a QR code.
    pub paper_qr: bool,
    /// The office's own text below each ticket, by language.
    pub paper_text: BTreeMap<String, String>,
    /// The logo on tickets from network printers.
    pub paper_logo: Option<PaperLogo>,
    /// The address at which phones reach this server; `None` is the one by which a kiosk found it.
    pub public_url: Option<String>,
}

impl Printing {
    /// The widths of paper that there are, in mm.
    pub const WIDTHS: [u8; 2] = [58, 80];
}

impl Default for Printing {
    fn default() -> Self {
        Self {
            printers: Vec::new(),
            paper_width: usual_width(),
            paper_qr: true,
            paper_text: BTreeMap::new(),
            paper_logo: None,
            public_url: None,
        }
    }
}
