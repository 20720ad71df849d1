//! What every journal must do with the history of an office that comes from elsewhere.

use super::testing::{TestStore, rows};
use crate::domain::{Arrival, Prefix, Queue, Stamped, State, TicketRow, Timestamp};
use crate::storage::{Batch, HistoryQuery};

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// More than one statement stores, and than one step of a purge deletes.
const MANY: i64 = 12_000;

/// A ticket that was taken in that hour, and is over.
fn row(hour: i64) -> TicketRow {
    let at = Timestamp::from_millis(hour * HOUR_MS);
    TicketRow {
        arrival: Arrival::from_seq(hour.unsigned_abs() + 1),
        code: format!("A{hour}"),
        service: Prefix::new("A"),
        priority: "normal".into(),
        state: State::Done,
        created_at: at,
        since: at.plus(2_000),
        first_called_at: Some(at.plus(1_000)),
        ended_at: Some(at.plus(2_000)),
        waited_ms: Some(1_000),
        served_ms: Some(1_000),
        desk: None,
        calls: 1,
        transfers: 0,
        person: None,
    }
}

#[test]
fn a_history_that_came_with_an_office_is_stored_with_it_and_purged_by_its_own_time() {
    for store in TestStore::each("moved-history") {
        let mut journal = store.open();
        let office = Queue::new().to_export();
        let (seq, event) = office.import_event(&Queue::new());
        let at = Timestamp::from_millis(2 * MANY * HOUR_MS);
        let history: Vec<TicketRow> = (0..MANY).map(row).collect();
        let batch = Batch {
            events: vec![Stamped { seq, at, event }],
            rows: history.clone(),
            at: at.as_millis(),
            ..Batch::default()
        };
        journal.append(0, &batch).expect("appended");
        assert_eq!(rows(&*journal), history);
        // The event that brought it is far younger, and stays.
        let kept = MANY / 4;
        let before = (MANY - kept) * HOUR_MS;
        while journal.purge_history(before).expect("purged") {}
        let left = &history[(MANY - kept) as usize..];
        assert_eq!(rows(&*journal), left);
        assert_eq!(journal.end().expect("read"), seq);
        let mut found = Vec::new();
        let query = HistoryQuery::all(before + HOUR_MS, before + 3 * HOUR_MS);
        let read = journal.history().read(&query, &mut |row| found.push(row));
        read.expect("read");
        assert_eq!(found, left[1..3]);
    }
}
