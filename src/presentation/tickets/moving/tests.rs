//! An office through a file and back, and mistakes in files.

use proptest::collection::vec;
use proptest::prelude::*;

use std::sync::Arc;

use super::file;
use crate::domain::tests::properties::{check_numbers, go_on};
use crate::domain::tests::random_commands::any_command;
use crate::domain::tests::testing::{check, two_lines};
use crate::domain::{
    Command, Queue, QueueParts, Stamped, TicketRow, Timestamp, apply, changed_rows, decide,
};

fn bytes(office: &QueueParts, history: &[TicketRow]) -> Vec<u8> {
    let mut bytes = Vec::new();
    file::write(&mut bytes, office, &history, &[(); 0]).expect("memory takes it");
    bytes
}

/// The parts after a round trip through a file.
fn through_a_file(office: &QueueParts) -> QueueParts {
    let moved = file::read(&bytes(office, &[])).expect("what was written is read");
    assert_eq!(moved.history, []);
    moved.office
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

#[test]
fn an_office_that_arrives_takes_no_row_of_the_history_of_the_one_before() {
    let new = |id| Command::Create {
        ticket: crate::domain::TicketId::from_random(id),
        service: None,
        priority: None,
        note: None,
        language: None,
    };
    let mut other = two_lines();
    go_on(&mut other, 0, &[new(1), new(2), new(3)]);
    let mut queue = two_lines();
    go_on(&mut queue, 0, &[new(4), new(5)]);
    let tomorrow = Timestamp::from_millis(24 * 60 * 60 * 1_000);
    let import = Command::ImportOffice {
        office: Arc::new(other.to_export()),
        history: Arc::default(),
    };
    let mut rows = Vec::new();
    let mut before = 0;
    for command in [Command::StartDay, import] {
        before = queue.seq();
        rows.clear();
        for event in decide(&queue, &command, tomorrow).events {
            let seq = event.seq_after(queue.seq());
            let at = tomorrow;
            let stamped = Stamped { seq, at, event };
            apply(&mut queue, &stamped);
            changed_rows(&queue, &stamped.event, &mut rows);
        }
    }
    check(&queue);
    assert_eq!(rows.len(), 3);
    for row in &rows {
        let arrival = row.arrival.as_seq();
        assert!(
            arrival > before,
            "{arrival} is a ticket of the office before"
        );
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
    let history: Vec<TicketRow> = queue.tickets_after(None).map(TicketRow::from).collect();
    serde_json::from_slice(&bytes(&queue.to_export(), &history)).expect("JSON")
}

#[test]
fn the_file_of_a_program_that_had_no_messages_in_languages_is_read() {
    let mut file = a_file();
    let setup = file.pointer_mut("/office/services/0/setup");
    let setup = setup.and_then(|setup| setup.as_object_mut());
    let messages = setup.expect("it is there").remove("messages");
    assert_eq!(messages, Some(serde_json::json!({})));
    let bytes = serde_json::to_vec(&file).expect("JSON");
    let moved = file::read(&bytes).expect("a default for what is missing");
    assert!(moved.office.services[0].setup.messages.is_empty());
}

#[test]
fn the_file_of_a_program_that_exported_no_history_is_read() {
    let mut file = a_file();
    let with = file::read(file.to_string().as_bytes()).expect("as it was written");
    assert_eq!(with.history.len(), 3);
    file["version"] = serde_json::json!(1);
    let history = file.as_object_mut().and_then(|file| file.remove("history"));
    assert!(history.is_some());
    let without = file::read(file.to_string().as_bytes()).expect("an earlier file");
    assert_eq!(without.history, []);
    assert_eq!(without.office, with.office);
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
        ("/version", json!(3), "version: this program reads 1 to 2"),
        ("/version", json!(0), "version: this program reads 1 to 2"),
        (
            "/version",
            Value::Null,
            "version: this program reads 1 to 2",
        ),
        ("/extra", json!(1), "extra: unknown field"),
        ("/office/seq", json!(-1), "office.seq: "),
        ("/office/seq", json!(1u64 << 53), "office.seq: "),
        ("/office/latestAt", json!("today"), "office.latestAt: "),
        ("/office/colour", json!(1), "office.colour: unknown field"),
        ("/office/latestAt", json!(i64::MAX), "office.latestAt: "),
        (
            "/office/tickets/0/createdAt",
            json!(i64::MIN),
            "office.tickets[0].createdAt: ",
        ),
        (
            "/office/tickets/0/calls",
            json!(u32::MAX),
            "office.tickets[0].calls: ",
        ),
        (
            "/office/tickets/0/spent/waitedMs",
            json!(i64::MAX),
            "office.tickets[0].spent: ",
        ),
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
            "/office/tickets/1/digits",
            json!(200),
            "office.tickets[1].digits: a code has 1 to 6 digits",
        ),
        (
            "/office/services/0/lastNumber",
            json!(u32::MAX),
            "office.services[0].lastNumber: 4294967295 is more than 9999999",
        ),
        (
            "/office/reservedNumbers",
            json!([["A", 1], ["A", u32::MAX]]),
            "office.reservedNumbers[1]: 4294967295 is more than 9999999",
        ),
        (
            "/office/reservedNumbers",
            json!(vec![("A", 1); 1_000_001]),
            "office.reservedNumbers: it has 1000000 entries at most",
        ),
        (
            "/office/calls",
            json!([{"seq": 1, "code": "A1", "service": "A", "desk": "1", "kind": "call", "at": 0}]),
            "office.calls: it is empty in an export",
        ),
        (
            "/office/ended",
            json!([7]),
            "office.ended[0]: no ticket 7 has ended",
        ),
        ("/history", json!(1), "history: "),
        (
            "/history/1/arrival",
            json!(1),
            "history[1].arrival: 1 is not after",
        ),
        (
            "/history/2/arrival",
            json!(1_000_000),
            "history[2].arrival: 1000000 is not after",
        ),
        ("/history/0/code", json!("A\n1"), "history[0].code: "),
        (
            "/history/0/priority",
            json!("n".repeat(81)),
            "history[0].priority: ",
        ),
        ("/history/0/state", json!("lost"), "history[0].state: "),
        ("/history/0/service", json!("4"), "history[0].service: "),
        ("/history/0/desk", json!(""), "history[0].desk: "),
        (
            "/history/0/createdAt",
            json!(i64::MAX),
            "history[0].createdAt: ",
        ),
        (
            "/history/0/waitedMs",
            json!(i64::MIN),
            "history[0].waitedMs: ",
        ),
        ("/history/0/calls", json!(u32::MAX), "history[0].calls: "),
        (
            "/history/0/person",
            json!(1),
            "history[0].person: unknown field",
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
