//! Export and import of a whole office as one JSON file: `GET /api/export`, `POST /api/import`,
//! `turnero export` and `turnero import`.
//!
//! The file has the settings, the numbers given today and the tickets that have not ended, with
//! their ids, so that phones go on following them. It has the audit log as well, for people who
//! read it: an import ignores it. PINs, sessions and tokens stay on each machine.

mod file;

use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use super::audit;
use super::execute::{run, subject_or_problem};
use crate::access::Actor;
use crate::calendar::{self, now};
use crate::domain::{
    Command, Event, Queue, QueueParts, Stamped, Timestamp, apply, changed_rows, decide,
};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::http::route::{Context, Handled};
use crate::storage::{self, AuditEntry, AuditKind, Batch, Journal, create_private};

/// The largest file that is read: many times that of the largest office.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// The largest body of `POST /api/import`, in bytes: some 30,000 open tickets. The page leaves out the
/// audit log, which is most of a file; `turnero import` reads larger ones.
pub const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// The newest entries of the audit log are in the file: weeks of a large office, and some 20 MB.
const MOST_AUDIT_ENTRIES: usize = 100_000;

/// The name of a file that stands for standard output or input.
const STANDARD: &str = "-";

/// `GET /api/export`
pub fn export(context: &Context<'_>) -> Handled {
    let slot = context.office.large_answers.take();
    let slot = slot.ok_or_else(Problem::too_many_large_answers)?;
    let tickets = &context.office.tickets;
    let office = tickets.read_queue(Queue::clone).to_export();
    let audit = audit::Pages::newest(MOST_AUDIT_ENTRIES, tickets.audit_reader())?;
    // The export does not wait for its entry: an office whose storage fails must be able to move.
    let entry = context.caller.audit(AuditKind::Exported, None);
    tickets.try_store_access(Vec::new(), Some(entry));
    let today = calendar::business_day(&office.settings.day_rule(), now().as_millis());
    let name = format!(
        "attachment; filename=\"turnero-{}.json\"",
        calendar::date_text(today)
    );
    let answer = Answer::json_stream(move |to| {
        let _slot = slot;
        file::write(to, &office, &audit)
    });
    Ok(answer.with_header("Content-Disposition", name))
}

/// `POST /api/import`: lets the office in the body take the place of this one, which has no tickets.
pub fn import(context: &Context<'_>) -> Handled {
    let office = file::read(&context.request.body).map_err(|why| Problem::invalid("file", why))?;
    let office = Arc::new(office);
    run(
        context,
        Command::ImportOffice { office },
        subject_or_problem,
    )
}

/// `turnero export`: writes the office in the data file `data` to `to`, as it was after event `until` or as
/// it is now. What is damaged and not needed is named and left out. The data file is only read.
pub fn export_file(data: &Path, to: &Path, until: Option<u64>) -> Result<(), Box<dyn Error>> {
    if !data.exists() {
        return Err(format!("There is no data file {}.", data.display()).into());
    }
    let mut journal = storage::open_read_only(data).map_err(|error| {
        format!("{error} While the server runs, take the file from GET /api/export.")
    })?;
    let queue = load(&mut *journal, until.unwrap_or(u64::MAX))?;
    let audit = audit::newest(MOST_AUDIT_ENTRIES, |before, limit| {
        journal.audit(before, limit)
    });
    let audit = audit.unwrap_or_else(|error| {
        eprintln!("turnero: the audit log is not in the export: {error}.");
        Vec::new()
    });
    let bytes = file::bytes(&queue.to_export(), &audit);
    let shown = to.display();
    if to == Path::new(STANDARD) {
        io::stdout().lock().write_all(&bytes)?;
        return Ok(());
    }
    let written = create_private(to).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()
    });
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => format!("{shown} is there already; name another file."),
        _ => format!("{shown} cannot be written: {error}."),
    })?;
    println!("The office in {} is in {shown} now.", data.display());
    Ok(())
}

/// `turnero import`: lets the office in the file `from` take the place of the one in the data file `data`, which is
/// made when it is missing and has no tickets of this business day. One that was set up goes only where `replace`
/// says so.
pub fn import_file(from: &Path, data: &Path, replace: bool) -> Result<(), Box<dyn Error>> {
    let shown = from.display();
    let bytes = read_file(from).map_err(|error| format!("{shown} cannot be read: {error}."))?;
    let office = file::read(&bytes).map_err(|why| format!("{shown} cannot be imported: {why}."))?;
    let mut journal = storage::open(data)
        .map_err(|error| format!("{error} Stop the server before you import."))?;
    let mut queue = load(&mut *journal, u64::MAX)?;
    let at = now();
    let mut batch = Batch {
        at: at.as_millis(),
        ..Batch::default()
    };
    let rule = queue.settings().day_rule();
    if queue.is_day_over(at, |moment| {
        calendar::business_day(&rule, moment.as_millis())
    }) {
        for event in decide(&queue, &Command::StartDay, at).events {
            record(&mut queue, event, at, None, &mut batch);
        }
    }
    if queue.is_in_use() {
        let why = format!(
            "The data file {} has tickets of today; an office moves into one that has none: name another with --data.",
            data.display()
        );
        return Err(why.into());
    }
    if !replace && !is_as_new(&queue) {
        let (name, data) = (&queue.settings().name, data.display());
        let why = format!(
            "The office in {data}, «{name}», is set up already: add --replace to let the new one take \
             its place, or name another file with --data."
        );
        return Err(why.into());
    }
    let open = office.tickets.len();
    let expected = journal.end()?;
    let (_, event) = office.import_event(&queue);
    record(&mut queue, event, at, Some(&Actor::HERE), &mut batch);
    journal.append(expected, &batch)?;
    println!(
        "The office of {shown} is in {} now, with {open} open tickets. Its PINs stayed behind: \
         this machine has its own.",
        data.display()
    );
    Ok(())
}

/// The office as it was after event `until`, or as it is now.
fn load(journal: &mut dyn Journal, until: u64) -> Result<Queue, Box<dyn Error>> {
    let loaded = journal.load(0, until)?;
    for damage in &loaded.damage {
        eprintln!("turnero: {damage}, and the events are whole: they are used.");
    }
    let mut queue = loaded.queue;
    for stamped in &loaded.events {
        apply(&mut queue, stamped);
    }
    Ok(queue)
}

/// Applies an event, and adds it to what is to be stored.
fn record(
    queue: &mut Queue,
    event: Event,
    at: Timestamp,
    actor: Option<&Actor>,
    batch: &mut Batch,
) {
    let stamped = Stamped {
        seq: event.seq_after(queue.seq()),
        at,
        event,
    };
    batch
        .audit
        .push(AuditEntry::of_event(queue, &stamped, actor));
    apply(queue, &stamped);
    changed_rows(queue, &stamped.event, &mut batch.rows);
    batch.events.push(stamped);
}

/// Whether nobody has set up anything here. A desk alone is made on the start page by typing its name.
fn is_as_new(queue: &Queue) -> bool {
    let new = Queue::new();
    let services = queue.services().iter().map(|service| &service.setup);
    queue.settings() == new.settings()
        && services.eq(new.services().iter().map(|service| &service.setup))
        && queue.service(&new.services()[0].prefix).is_some()
        && queue.desks().all(|desk| desk.services.is_empty())
}

/// Reads and checks the file of an export. `Err` says why it cannot be used.
pub fn read_export(from: &Path) -> Result<QueueParts, String> {
    let bytes = read_file(from).map_err(|error| error.to_string())?;
    file::read(&bytes)
}

fn read_file(from: &Path) -> io::Result<Vec<u8>> {
    let mut source: Box<dyn Read> = if from == Path::new(STANDARD) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(from)?)
    };
    let mut bytes = Vec::new();
    let read = source
        .by_ref()
        .take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)?;
    if read as u64 > LARGEST_FILE {
        return Err(io::Error::other("it is too large for an office"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::tests::properties::{check_numbers, go_on};
    use crate::domain::tests::random_commands::any_command;
    use crate::domain::tests::testing::{check, two_lines};
    use crate::domain::{QueueParts, Timestamp};

    /// The parts after a round trip through a file.
    fn through_a_file(office: &QueueParts) -> QueueParts {
        file::read(&file::bytes(office, &[])).expect("what was written is read")
    }

    fn arrived(office: QueueParts, at: Timestamp) -> (Queue, Stamped) {
        let mut queue = Queue::new();
        let (seq, event) = office.import_event(&queue);
        let stamped = Stamped { seq, at, event };
        apply(&mut queue, &stamped);
        (queue, stamped)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn an_office_is_the_same_after_its_journey(
            before in vec(any_command(), 0..80),
            after in vec(any_command(), 0..40),
        ) {
            let mut queue = two_lines();
            let mut events = go_on(&mut queue, 0, &before);
            let office = queue.to_export();
            let read = through_a_file(&office);
            prop_assert_eq!(&read, &office);
            let left = events.last().map_or(Timestamp::from_millis(0), |last| last.at);
            // At the same moment, because the number of people ahead depends on how long they have waited.
            let (mut moved, arrival) = arrived(read, left);
            check(&moved);
            prop_assert!(arrival.seq > queue.seq());
            let again = QueueParts { seq: office.seq, ..moved.to_export() };
            prop_assert_eq!(again, office);
            // The order of those who wait is the same, and so is the number of people ahead of each.
            let order = |queue: &Queue| -> Vec<_> {
                let waiting = queue.waiting_tickets().into_iter();
                waiting.map(|t| (t.id, t.code(), queue.ahead(t, left))).collect()
            };
            prop_assert_eq!(order(&moved), order(&queue));
            // Numbers go on.
            events.extend(go_on(&mut moved, 1_000, &after));
            check_numbers(&events);
        }
    }

    /// A file with one of everything, as JSON to be changed.
    fn a_file() -> serde_json::Value {
        let mut queue = two_lines();
        let desk = |name: &str| crate::domain::DeskName::parse(name).expect("a name");
        let new = crate::domain::Command::Create {
            ticket: crate::domain::TicketId::from_random(0),
            service: None,
            priority: None,
            note: None,
            language: None,
        };
        let next = crate::domain::Command::Next {
            desk: desk("1"),
            current: None,
        };
        go_on(&mut queue, 0, &[new.clone(), new.clone(), new, next]);
        serde_json::from_slice(&file::bytes(&queue.to_export(), &[])).expect("JSON")
    }

    #[test]
    fn the_file_of_a_program_that_had_no_messages_in_languages_is_read() {
        let mut file = a_file();
        let setup = file.pointer_mut("/office/services/0/setup");
        let setup = setup.and_then(|setup| setup.as_object_mut());
        let messages = setup.expect("it is there").remove("messages");
        assert_eq!(messages, Some(serde_json::json!({})));
        let bytes = serde_json::to_vec(&file).expect("JSON");
        let office = file::read(&bytes).expect("a default for what is missing");
        assert!(office.services[0].setup.messages.is_empty());
    }

    #[test]
    fn a_mistake_in_a_file_is_named_with_its_field() {
        use serde_json::{Value, json};
        let zero = format!("{:032x}", 0);
        let rows: &[(&str, Value, &str)] = &[
            (
                "/format",
                json!("other"),
                "format: it must be «turnero-office»",
            ),
            ("/version", json!(2), "version: this program reads 1"),
            ("/version", Value::Null, "version: this program reads 1"),
            ("/extra", json!(1), "extra: unknown field"),
            ("/office/seq", json!(-1), "office.seq: "),
            ("/office/seq", json!(1u64 << 53), "office.seq: "),
            ("/office/latestAt", json!("today"), "office.latestAt: "),
            ("/office/colour", json!(1), "office.colour: unknown field"),
            ("/office/settings", json!(3), "office.settings: "),
            (
                "/office/settings/timeZone",
                json!("Mars"),
                "office.settings.timeZone: «Mars»",
            ),
            (
                "/office/settings/rule",
                json!("luck"),
                "office.settings.rule: unknown variant `luck`",
            ),
            (
                "/office/settings/priorities",
                json!([]),
                "office.settings.priorities: ",
            ),
            (
                "/office/settings/appearance/accent",
                json!("red"),
                "office.settings.accent: ",
            ),
            (
                "/office/services",
                json!([]),
                "office.services: must have 1 to 100 entries",
            ),
            (
                "/office/services/1/prefix",
                json!("A"),
                "office.services[1].prefix: A appears twice",
            ),
            (
                "/office/services/0/prefix",
                json!("4"),
                "office.services[0].prefix: ",
            ),
            (
                "/office/services/0/setup/first",
                json!(0),
                "office.services[0].setup.first: ",
            ),
            (
                "/office/services/1/setup/last",
                json!(0),
                "office.services[1].setup.last: ",
            ),
            (
                "/office/services/1/setup/name",
                json!("n".repeat(81)),
                "office.services[1].setup.name: ",
            ),
            (
                "/office/services/0/lastNumber",
                json!(2),
                "office.tickets[2].number: A3 is above the lastNumber of its service",
            ),
            (
                "/office/desks/0/name",
                json!(""),
                "office.desks[0].name: a desk needs a name",
            ),
            (
                "/office/desks/0/attending",
                Value::Null,
                "office.tickets[0].state: it is «serving»",
            ),
            (
                "/office/desks/0/attending",
                json!(2),
                "office.tickets[0].state: it is «serving»",
            ),
            (
                "/office/desks/0/services",
                json!(["Z"]),
                "office.desks[0].services: there is no service Z",
            ),
            (
                "/office/tickets/1/number",
                json!(0),
                "office.tickets[1].number: ",
            ),
            (
                "/office/tickets/1/number",
                json!(1),
                "office.tickets[1].number: two tickets are A1",
            ),
            (
                "/office/tickets/1/id",
                json!("A2"),
                "office.tickets[1].id: «A2» is not a ticket's id",
            ),
            (
                "/office/tickets/1/id",
                json!(zero),
                "office.tickets[1].id: two tickets",
            ),
            (
                "/office/tickets/1/state",
                json!("lost"),
                "office.tickets[1].state: unknown variant `lost`",
            ),
            (
                "/office/tickets/1/state",
                json!("serving"),
                "office.tickets[1].state: it is «serving»",
            ),
            (
                "/office/tickets/1/state",
                json!("done"),
                "office.tickets[1].state: this ticket has ended",
            ),
            (
                "/office/tickets/1/service",
                json!("Z"),
                "office.tickets[1].service: there is no service Z",
            ),
            (
                "/office/tickets/1/priority",
                json!("vip"),
                "office.tickets[1].priority: there is no priority vip; there are: normal, urgent",
            ),
            (
                "/office/tickets/1/list",
                json!({"desk": "9"}),
                "office.tickets[1].list: ",
            ),
            (
                "/office/tickets/1/arrival",
                json!(1),
                "office.tickets[1].arrival: 1 is not after",
            ),
            (
                "/office/tickets/2/arrival",
                json!(99),
                "office.tickets[2].arrival: 99 is not after",
            ),
            (
                "/office/tickets/1/position/arrival",
                json!(1),
                "office.tickets[1].position: ",
            ),
            (
                "/office/tickets/1/createdAt",
                json!("noon"),
                "office.tickets[1].createdAt: ",
            ),
            (
                "/office/tickets/1/note",
                json!("n".repeat(501)),
                "office.tickets[1].note: ",
            ),
            (
                "/office/tickets/1/extra",
                json!(1),
                "office.tickets[1].extra: unknown field",
            ),
            (
                "/office/ended",
                json!([7]),
                "office.ended[0]: no ticket 7 has ended",
            ),
        ];
        let whole = a_file();
        let good = serde_json::to_vec(&whole).expect("JSON");
        file::read(&good).expect("as it was written");
        for (place, wrong, said) in rows {
            let mut changed = whole.clone();
            let (parent, name) = place.rsplit_once('/').expect("a place");
            changed.pointer_mut(parent).expect("it is there")[name] = wrong.clone();
            let bytes = serde_json::to_vec(&changed).expect("JSON");
            let why = file::read(&bytes).expect_err(place);
            assert!(why.starts_with(said), "{place}: {why}");
        }
        for bytes in [&b"{"[..], b"[1]", b"", b"\xff"] {
            let why = file::read(bytes).expect_err("no JSON");
            assert!(why.starts_with("it is no JSON object"), "{why}");
        }
    }
}
