//! Printing: its fields of `/api/settings`.

use data_encoding::BASE64;

use super::fields::Fields;
use super::texts;
use crate::config::printer_address;
use crate::domain::{PaperLogo, PrinterMaker, PrinterSetup, Printing, PrintingChange, QrForm};
use crate::presentation::http::address::BaseUrl;
use crate::presentation::http::problem::Problem;

/// Largest number of network printers: each has a thread of its own.
const MOST_PRINTERS: usize = 16;

/// Limit of the office's own text on a ticket, in characters: about six lines on narrow paper.
const LONGEST_PAPER_TEXT: usize = 200;

/// Largest width and height of the logo, in dots: narrow paper has 384.
const LARGEST_LOGO: (usize, usize) = (384, 200);

/// Reads the changed printing. A new logo of the screens, if `logo_changes`, takes the old one off the paper.
pub fn changed(fields: &mut Fields, logo_changes: bool) -> Result<PrintingChange, Problem> {
    let paper_logo = match fields.object("paperLogo")? {
        Some(logo) => Some(logo.map(logo_of).transpose()?),
        None => logo_changes.then_some(None),
    };
    let printers = fields.objects("printers")?;
    let public_url = fields.nullable_text("publicUrl")?;
    let public_url = public_url.map(|url| url.map(|url| BaseUrl::parse(&url)).transpose());
    let public_url = public_url.transpose();
    let public_url = public_url.map_err(|why| Problem::invalid("publicUrl", why))?;
    Ok(PrintingChange {
        printers: printers.map(checked).transpose()?,
        paper_width: width(fields, "paperWidth")?,
        paper_qr: fields.boolean("paperQr")?,
        paper_text: texts::by_language(fields, "paperText", LONGEST_PAPER_TEXT)?,
        paper_logo,
        public_url: public_url.map(|url| url.map(|base| base.as_str().to_owned())),
    })
}

fn logo_of(mut fields: Fields) -> Result<PaperLogo, Problem> {
    let (widest, highest) = LARGEST_LOGO;
    let width = fields.count("width", widest as u64)?.unwrap_or(0);
    let width = usize::try_from(width).unwrap_or(0);
    if width == 0 || !width.is_multiple_of(8) {
        return Err(fields.invalid("width", format!("it is a multiple of 8, up to {widest}")));
    }
    let dots = fields.text("dots")?.unwrap_or_default();
    let bytes = BASE64.decode(dots.as_bytes()).unwrap_or_default();
    let height = bytes.len() / (width / 8);
    if !(1..=highest).contains(&height) || bytes.len() != height * width / 8 {
        let why = format!(
            "it has {} bytes in base64 for each of 1 to {highest} rows",
            width / 8
        );
        return Err(fields.invalid("dots", why));
    }
    fields.finish()?;
    Ok(PaperLogo {
        width: u16::try_from(width).unwrap_or_default(),
        dots,
    })
}

/// Reads a width of paper.
fn width(fields: &mut Fields, name: &'static str) -> Result<Option<u8>, Problem> {
    let [narrow, wide] = Printing::WIDTHS;
    let Some(asked) = fields.number(name, u64::from(u8::MAX))? else {
        return Ok(None);
    };
    let known = Printing::WIDTHS
        .into_iter()
        .find(|width| u64::from(*width) == asked);
    let why = || fields.invalid(name, format!("paper is {narrow} or {wide} mm wide"));
    known.map(Some).ok_or_else(why)
}

/// Reads the list of printers, with distinct names.
fn checked(list: Vec<Fields>) -> Result<Vec<PrinterSetup>, Problem> {
    if list.len() > MOST_PRINTERS {
        let why = format!("an office has at most {MOST_PRINTERS} printers");
        return Err(Problem::invalid("printers", why));
    }
    let mut printers: Vec<PrinterSetup> = Vec::new();
    for mut fields in list {
        let name = texts::name(&mut fields)?
            .ok_or_else(|| fields.invalid("name", "every printer needs a name"))?;
        if printers.iter().any(|other| other.name == name) {
            return Err(fields.invalid("name", format!("«{name}» appears twice")));
        }
        let address = fields.text("address")?.unwrap_or_default();
        let address = printer_address(&address).map_err(|allowed| {
            fields.invalid("address", format!("«{address}» is not {allowed}"))
        })?;
        let mut printer = PrinterSetup::new(&name, &address);
        if let Some(maker) = fields.text("maker")? {
            printer.maker = PrinterMaker::parse(&maker).ok_or_else(|| {
                let known = PrinterMaker::names();
                fields.invalid(
                    "maker",
                    format!("«{maker}» is not known; there are: {known}"),
                )
            })?;
        }
        if let Some(qr) = fields.text("qr")? {
            printer.qr = QrForm::parse(&qr).ok_or_else(|| {
                let known = QrForm::names();
                fields.invalid("qr", format!("«{qr}» is not known; there are: {known}"))
            })?;
        }
        printer.width = width(&mut fields, "width")?.unwrap_or(printer.width);
        fields.finish()?;
        printers.push(printer);
    }
    Ok(printers)
}
