//! The JSON file of an office: its snapshot record, with a format name, a version and the audit log.

use std::io::{self, Write};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::domain::QueueParts;
use crate::presentation::http::problem::Problem;
use crate::presentation::tickets::audit::AuditJson;
use crate::presentation::tickets::{services, settings};

/// Says that a file is the file of an office.
const FORMAT: &str = "turnero-office";

/// Version of the format. It grows when an older program could not read the file.
const VERSION: u64 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileToWrite<'a, A> {
    format: &'static str,
    version: u64,
    program: &'static str,
    exported_at: String,
    office: &'a QueueParts,
    audit: &'a A,
}

#[derive(Deserialize)]
struct Header {
    format: Option<String>,
    version: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileToRead {
    #[serde(rename = "format")]
    _format: IgnoredAny,
    #[serde(rename = "version")]
    _version: IgnoredAny,
    #[serde(rename = "program")]
    _program: IgnoredAny,
    #[serde(rename = "exportedAt")]
    _exported_at: IgnoredAny,
    office: QueueParts,
    /// Not imported: the audit log stays on its machine.
    #[serde(rename = "audit")]
    _audit: IgnoredAny,
}

/// Writes the file of an office, with the entries of its audit log.
pub fn write(to: &mut dyn Write, office: &QueueParts, audit: &impl Serialize) -> io::Result<()> {
    let file = FileToWrite {
        format: FORMAT,
        version: VERSION,
        program: env!("CARGO_PKG_VERSION"),
        exported_at: format!("{:.3}", jiff::Timestamp::now()),
        office,
        audit,
    };
    serde_json::to_writer(&mut *to, &file)?;
    to.write_all(b"\n")
}

/// The file of an office, in memory.
pub fn bytes(office: &QueueParts, audit: &[AuditJson]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes, office, &audit).expect("maps have text keys, so it is always JSON");
    bytes
}

/// Reads and checks the file of an office. `Err` is one sentence that names the wrong field.
pub fn read(bytes: &[u8]) -> Result<QueueParts, String> {
    let header: Header =
        serde_json::from_slice(bytes).map_err(|error| format!("it is no JSON object: {error}"))?;
    if header.format.as_deref() != Some(FORMAT) {
        return Err(format!("format: it must be «{FORMAT}»"));
    }
    if header.version != Some(VERSION) {
        let version = header.version.map_or("none".to_owned(), |v| v.to_string());
        return Err(format!(
            "version: this program reads {VERSION}, and the file has {version}"
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let file: FileToRead = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| format!("{}: {}", error.path(), error.inner()))?;
    let mut office = file.office;
    office.settings = settings::checked_whole(&office.settings)
        .map_err(|problem| within("settings", &problem))?;
    for (n, service) in office.services.iter_mut().enumerate() {
        service.setup = services::checked_whole(service)
            .map_err(|problem| within(&format!("services[{n}].setup"), &problem))?;
    }
    office.check().map_err(|wrong| format!("office.{wrong}"))?;
    Ok(office)
}

fn within(part: &str, problem: &Problem) -> String {
    format!("office.{part}.{}", problem.detail)
}
