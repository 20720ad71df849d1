//! Random commands, clock steps, stops and kills on a real file or database: an office that is stopped at any
//! moment equals one that never stopped.
//!
//! The test does the steps of the ledger itself: it checks for a new day before each batch, decides the
//! batch on a working copy, stores it in one commit, and sometimes saves a snapshot.

use std::collections::HashSet;
use std::mem::Discriminant;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::day::rows_of;
use super::testing::{TestStore, rows};
use crate::domain::tests::properties::Numbers;
use crate::domain::tests::random_commands::any_request;
use crate::domain::tests::testing::{ask, check};
use crate::domain::{
    Command, Day, Event, Prefix, Priority, Queue, ServiceChange, SettingsChange, Stamped, TicketId,
    TicketRef, Timestamp, apply, changed_rows,
};
use crate::storage::{Batch, Journal};

const SECOND: i64 = 1_000;
const HOUR: i64 = 60 * 60 * SECOND;
const DAY: i64 = 24 * HOUR;

/// 2026-11-23T09:00:00Z.
const OPENS: i64 = 20_780 * DAY + 9 * HOUR;

/// A change of the office's clock before a batch.
#[derive(Clone, Copy, Debug)]
enum Clock {
    /// This many milliseconds pass.
    Pass(i64),
    /// The clock is wrong by this many milliseconds from now on.
    Wrong(i64),
    /// The clock has lost its battery and says 1970.
    Lost,
    /// The clock is set right.
    Right,
}

/// The end of a batch.
#[derive(Clone, Copy, Debug)]
enum End {
    Stored,
    /// Stored, and a snapshot is saved.
    Snapshot,
    /// Stored; then the office restarts from the newest snapshot that this many events follow.
    Restart {
        followed_by: u64,
    },
    /// The office is killed before the batch is stored.
    Killed {
        followed_by: u64,
    },
    /// Stored; then the office is exported and imported into the same file.
    Move,
}

/// Commands that are stored together.
#[derive(Clone, Debug)]
struct RandomBatch {
    clock: Clock,
    commands: Vec<Command>,
    end: End,
}

fn any_batch() -> impl Strategy<Value = RandomBatch> {
    let clock = prop_oneof![
        12 => (0..20 * SECOND).prop_map(Clock::Pass),
        2 => (0..3 * HOUR).prop_map(Clock::Pass),
        3 => (0..3i64).prop_map(|days| Clock::Pass(days * DAY)),
        1 => (-20 * SECOND..0).prop_map(Clock::Wrong),
        1 => (-12 * HOUR..12 * HOUR).prop_map(Clock::Wrong),
        2 => (-5..5i64).prop_map(|days| Clock::Wrong(days * DAY)),
        1 => Just(Clock::Wrong(900 * DAY)),
        1 => Just(Clock::Lost),
        3 => Just(Clock::Right),
    ];
    let followed_by = prop_oneof![3 => Just(0), 2 => 1..40u64, 1 => Just(u64::MAX)];
    let end = prop_oneof![
        4 => Just(End::Stored),
        3 => Just(End::Snapshot),
        3 => followed_by.clone().prop_map(|followed_by| End::Restart { followed_by }),
        2 => followed_by.prop_map(|followed_by| End::Killed { followed_by }),
        1 => Just(End::Move),
    ];
    (clock, vec(any_request(), 0..9), end).prop_map(|(clock, commands, end)| RandomBatch {
        clock,
        commands,
        end,
    })
}

/// An office, and the same one that is never stopped.
struct Office {
    store: TestStore,
    /// `None` while it is stopped.
    journal: Option<Box<dyn Journal>>,
    /// As the program has it: started again and again.
    working: Queue,
    /// Decided and not yet stored.
    batch: Vec<Stamped>,
    /// The queue that was never stopped. It is never read from the file.
    never_stopped: Queue,
    numbers: Numbers,
    /// All that was stored.
    events: Vec<Stamped>,
    /// The true time, and by how much the clock is wrong.
    time: i64,
    wrong_by: i64,
    /// Tickets asked for.
    drawn: u128,
}

impl Office {
    /// A new file with two services and two priorities.
    fn open() -> Self {
        static OPENED: AtomicUsize = AtomicUsize::new(0);
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        let store = TestStore::new(&format!("restarts-{number}"));
        let mut office = Self {
            journal: Some(store.open()),
            store,
            working: Queue::new(),
            batch: Vec::new(),
            never_stopped: Queue::new(),
            numbers: Numbers::default(),
            events: Vec::new(),
            time: OPENS,
            wrong_by: 0,
            drawn: 0,
        };
        let priority = |name: &str, weight| Priority {
            name: name.into(),
            names: Default::default(),
            weight,
        };
        office.ask(&Command::SetSettings {
            change: SettingsChange {
                priorities: Some([priority("normal", 1), priority("urgent", 4)].into()),
                ..SettingsChange::default()
            },
        });
        office.ask(&Command::SetService {
            service: Prefix::new("B"),
            change: ServiceChange::default(),
        });
        office.store();
        office
    }

    fn take(&mut self, batch: &RandomBatch) {
        let wrong_by = self.wrong_by;
        match batch.clock {
            Clock::Pass(millis) => self.time += millis,
            Clock::Wrong(by) => self.wrong_by = by,
            Clock::Lost => self.wrong_by = -self.time,
            Clock::Right => self.wrong_by = 0,
        }
        self.start_day_if_due();
        let by = self.wrong_by - wrong_by;
        if by != 0 {
            self.ask(&Command::StepClock {
                by,
                since: Timestamp::default(),
            });
        }
        for command in &batch.commands {
            let command = self.on_last_tickets(command);
            self.ask(&command);
        }
        match batch.end {
            End::Stored => self.store(),
            End::Snapshot => {
                self.store();
                let queue = self.working.clone();
                let kept = self.journal().save_snapshot(&queue);
                kept.expect("kept");
            }
            End::Restart { followed_by } => {
                self.store();
                self.start(followed_by);
            }
            End::Killed { followed_by } => {
                self.batch.clear();
                self.start(followed_by);
            }
            End::Move => {
                self.store();
                let (seq, event) = self.working.to_export().import_event(&self.working);
                let at = self.clock();
                let moved = Stamped { seq, at, event };
                apply(&mut self.working, &moved);
                check(&self.working);
                self.batch.push(moved);
                self.store();
            }
        }
    }

    fn clock(&self) -> Timestamp {
        Timestamp::from_millis(self.time + self.wrong_by)
    }

    /// Asks the calendar, as the ledger does before each batch.
    fn start_day_if_due(&mut self) {
        let rule = self.working.settings().day_rule();
        let day_at = |at: Timestamp| {
            let begins = i64::from(rule.begins_hour) * HOUR;
            let days = (at.as_millis() - begins).div_euclid(DAY);
            Day::from_epoch_days(i32::try_from(days).expect("a day that can be"))
        };
        if self.working.is_day_over(self.clock(), day_at) {
            self.ask(&Command::StartDay);
        }
    }

    /// The same command about one of the last tickets; each new ticket gets an id of its own.
    fn on_last_tickets(&mut self, command: &Command) -> Command {
        let mut command = command.clone();
        match &mut command {
            Command::Create { ticket, .. } => {
                *ticket = TicketId::from_random(self.drawn);
                self.drawn += 1;
            }
            Command::FinishTicket { ticket }
            | Command::Return { ticket, .. }
            | Command::Reprint { ticket } => *ticket = self.one_of_the_last(*ticket),
            Command::Call {
                ticket: TicketRef::Id(id),
                ..
            }
            | Command::Cancel {
                ticket: TicketRef::Id(id),
                ..
            } => *id = self.one_of_the_last(*id),
            _ => {}
        }
        command
    }

    fn one_of_the_last(&self, ticket: TicketId) -> TicketId {
        let nth = u128::from_str_radix(&ticket.to_string(), 16).expect("hexadecimal digits");
        TicketId::from_random(self.drawn.saturating_sub(12) + nth)
    }

    fn ask(&mut self, command: &Command) {
        let at = self.clock();
        let (_, happened) = ask(&mut self.working, command, at);
        self.batch.extend(happened);
    }

    fn journal(&mut self) -> &mut dyn Journal {
        &mut **self.journal.as_mut().expect("it is open")
    }

    fn store(&mut self) {
        let mut batch = Batch {
            events: std::mem::take(&mut self.batch),
            ..Batch::default()
        };
        let expected = self.never_stopped.seq();
        for stamped in &batch.events {
            apply(&mut self.never_stopped, stamped);
            changed_rows(&self.never_stopped, &stamped.event, &mut batch.rows);
            self.numbers.happened(stamped);
        }
        self.journal().append(expected, &batch).expect("stored");
        self.events.extend(batch.events);
    }

    /// Starts it from the file, as the program does.
    fn start(&mut self, followed_by: u64) {
        drop(self.journal.take());
        let mut journal = self.store.open();
        let loaded = journal.load(followed_by, u64::MAX).expect("it can be read");
        let (mut queue, events) = (loaded.queue, loaded.events);
        for stamped in &events {
            apply(&mut queue, stamped);
        }
        check(&queue);
        assert_eq!(queue, self.never_stopped, "it is another one after a start");
        self.working = queue;
        self.journal = Some(journal);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_office_that_is_stopped_at_any_moment_equals_one_that_never_was(
        batches in vec(any_batch(), 1..24)
    ) {
        let mut office = Office::open();
        for batch in &batches {
            office.take(batch);
        }
        office.batch.clear();
        office.start(0);
        let mut replayed = Queue::new();
        for stamped in &office.events {
            apply(&mut replayed, stamped);
        }
        prop_assert_eq!(&replayed, &office.never_stopped);
        let stored = office.journal().event_log().read(0, u64::MAX).expect("it can be read");
        prop_assert_eq!(&stored, &office.events);
        prop_assert_eq!(rows(office.journal()), rows_of(&stored));
    }
}

/// Random commands that are all refused would show nothing.
#[test]
fn random_commands_reach_every_kind_of_event() {
    let mut runner = TestRunner::deterministic();
    let mut happened: HashSet<Discriminant<Event>> = HashSet::new();
    for _ in 0..40 {
        let batches = vec(any_batch(), 20).new_tree(&mut runner).expect("drawn");
        let mut office = Office::open();
        for batch in batches.current() {
            office.take(&batch);
        }
        let events = office.events.iter();
        happened.extend(events.map(|stamped| std::mem::discriminant(&stamped.event)));
    }
    assert_eq!(
        happened.len(),
        19,
        "not all of what can happen: {happened:?}"
    );
}
