//! `/api/audit`: the audit log, and its form in JSON, which the file of an office has too.

use std::cell::RefCell;
use std::sync::Arc;

use serde::ser::{Error, SerializeSeq};
use serde::{Serialize, Serializer};

use super::fields::Fields;
use super::ticket_list;
use crate::digits;
use crate::domain::Timestamp;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::json::Time;
use crate::presentation::route::{Context, Handled};
use crate::storage::{AuditKind, AuditRecord};

/// Default number of entries in one answer.
const DEFAULT_LIMIT: u64 = 100;

/// Largest number of entries in one answer.
const LARGEST_LIMIT: u64 = 1_000;

/// Entries that are read in one step: the ledger's thread reads them while commands wait.
const STEP: u64 = 1_000;

/// After every entry.
const END: u64 = u64::MAX;

/// An entry of the audit log in JSON. What is unknown or does not apply is null.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditJson {
    id: String,
    at: Time,
    kind: &'static str,
    seq: Option<u64>,
    subject: Option<String>,
    desk: Option<String>,
    to_desk: Option<String>,
    to_service: Option<String>,
    fields: Option<Vec<String>>,
    count: u64,
    role: Option<&'static str>,
    token: Option<String>,
    person: Option<Arc<str>>,
    address: Option<String>,
}

impl From<AuditRecord> for AuditJson {
    fn from(record: AuditRecord) -> Self {
        let entry = record.entry;
        let (role, token, person, address) = match entry.actor {
            Some(actor) => (
                Some(actor.role.as_str()),
                actor.token,
                actor.person,
                Some(actor.address.to_string()),
            ),
            None => (None, None, None, None),
        };
        Self {
            id: record.id.to_string(),
            at: Time(Timestamp::from_millis(record.at)),
            kind: entry.kind.as_str(),
            seq: entry.seq,
            subject: entry.subject,
            desk: entry.desk,
            to_desk: entry.to_desk,
            to_service: entry.to_service,
            fields: (!entry.fields.is_empty()).then_some(entry.fields),
            count: record.count,
            role,
            token,
            person,
            address,
        }
    }
}

/// `DELETE /api/audit`: erases every entry before the one that says who did it.
pub fn erase(context: &Context<'_>) -> Handled {
    Fields::of_body(context.request)?.finish()?;
    let entry = context.caller.audit(AuditKind::AuditErased, None);
    let tickets = &context.office.tickets;
    tickets.store_access(Vec::new(), Some(entry))?;
    Ok(Answer::empty(204))
}

/// `GET /api/audit?before=ID&limit=`: the entries, newest first.
pub fn list(context: &Context<'_>) -> Handled {
    let mut fields = Fields::of_query(context.request)?;
    let before = match fields.text("before")? {
        Some(text) => digits::parse(&text).ok_or_else(|| {
            let why = format!("«{text}» is no id of an audit entry");
            Problem::invalid("before", why)
        })?,
        None => END,
    };
    let limit = fields
        .number("limit", LARGEST_LIMIT)?
        .unwrap_or(DEFAULT_LIMIT);
    fields.finish()?;
    let records = context.office.tickets.read_audit(before, limit)?;
    let entries: Vec<AuditJson> = records.into_iter().map(AuditJson::from).collect();
    ticket_list::whole(context.office, entries.len(), || {
        Answer::json(200, &entries)
    })
}

/// The newest `most` entries, newest first. `read` gives the entries before an id, with a limit.
pub fn newest<E>(
    most: usize,
    mut read: impl FnMut(u64, u64) -> Result<Vec<AuditRecord>, E>,
) -> Result<Vec<AuditJson>, E> {
    let mut entries: Vec<AuditJson> = Vec::new();
    let mut before = END;
    while entries.len() < most {
        let records = read(before, STEP)?;
        let Some(last) = records.last() else {
            break;
        };
        before = last.id;
        entries.extend(records.into_iter().map(AuditJson::from));
    }
    entries.truncate(most);
    Ok(entries)
}

/// The newest entries as JSON, newest first, read page by page while they are written.
pub struct Pages<R> {
    /// Writing uses it up.
    first: RefCell<Vec<AuditRecord>>,
    most: usize,
    read: RefCell<R>,
}

impl<R: FnMut(u64, u64) -> Result<Vec<AuditRecord>, Problem>> Pages<R> {
    /// The newest `most` entries. Reads the first page, so that a storage that fails is noticed before
    /// anything is written.
    pub fn newest(most: usize, mut read: R) -> Result<Self, Problem> {
        Ok(Self {
            first: RefCell::new(read(END, STEP)?),
            most,
            read: RefCell::new(read),
        })
    }
}

impl<R: FnMut(u64, u64) -> Result<Vec<AuditRecord>, Problem>> Serialize for Pages<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut left = self.most;
        let mut page = self.first.take();
        while let Some(last) = page.last() {
            let before = last.id;
            for record in page.into_iter().take(left) {
                list.serialize_element(&AuditJson::from(record))?;
                left -= 1;
            }
            if left == 0 {
                break;
            }
            let next = (self.read.borrow_mut())(before, STEP);
            page = next.map_err(|problem| S::Error::custom(problem.detail))?;
        }
        list.end()
    }
}
