//! Printing: its fields of `/api/settings`.

use super::fields::Fields;
use super::texts;
use crate::config::printer_address;
use crate::domain::{PrinterSetup, PrintingChange};
use crate::presentation::http::problem::Problem;

/// Largest number of network printers: each has a thread of its own.
const MOST_PRINTERS: usize = 16;

/// Reads the changed printing.
pub fn changed(fields: &mut Fields) -> Result<PrintingChange, Problem> {
    let printers = fields.objects("printers")?;
    Ok(PrintingChange {
        printers: printers.map(checked).transpose()?,
    })
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
        fields.finish()?;
        printers.push(PrinterSetup { name, address });
    }
    Ok(printers)
}
