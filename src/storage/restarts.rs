//! Whatever is asked, in whatever order: an office that is stopped and opened again at any moment,
//! on a real file, goes on as if it had never stopped.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::testing::TestFile;
use super::{Batch, Journal, SqliteJournal};
use crate::domain::testing::{any_command, ask, check, day};
use crate::domain::{
    Command, Prefix, Priority, Queue, Rule, ServiceChange, SettingsChange, Stamped, TicketId,
    Timestamp, apply, decide, properties,
};

#[derive(Clone, Debug)]
enum Step {
    Ask(Box<Command>),
    /// The clock goes on, or is set back, by so many seconds.
    Clock(i64),
    /// The office stops and is opened again, with the snapshot that so many events follow, perhaps
    /// after one more was kept.
    Restart {
        keep: bool,
        followed_by: u64,
    },
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => any_command().prop_map(|command| Step::Ask(Box::new(command))),
        2 => any_setup().prop_map(|command| Step::Ask(Box::new(command))),
        2 => (-90..90i64).prop_map(Step::Clock),
        1 => (any::<bool>(), 0..40u64)
            .prop_map(|(keep, followed_by)| Step::Restart { keep, followed_by }),
    ]
}

/// What is set up, and days that begin.
fn any_setup() -> impl Strategy<Value = Command> {
    let service = prop_oneof![Just("A"), Just("B"), Just("C")].prop_map(Prefix::new);
    let numbers = (
        1..4u32,
        proptest::option::of(3..9u32),
        1..4u8,
        any::<bool>(),
    );
    let rules = (any::<bool>(), proptest::option::of(0..3u32), 1..9u32);
    prop_oneof![
        (service.clone(), numbers).prop_map(|(service, (first, last, digits, open))| {
            let change = ServiceChange {
                first: Some(first),
                last: Some(last),
                digits: Some(digits),
                open: Some(open),
                ..ServiceChange::default()
            };
            Command::SetService { service, change }
        }),
        service.prop_map(|service| Command::DeleteService { service }),
        rules.prop_map(|(strict, most, weight)| Command::SetSettings {
            change: SettingsChange {
                rule: Some(if strict { Rule::Strict } else { Rule::Weighted }),
                most_priority_in_a_row: Some(most),
                priorities: Some(Arc::new([
                    priority("normal", 1),
                    priority("urgent", weight)
                ])),
                ..SettingsChange::default()
            },
        }),
        (0..6i32, any::<Option<bool>>()).prop_map(|(n, behind)| Command::KeepDay {
            day: day(n),
            before: behind.map(|behind| day(n - i32::from(behind))),
            first: Some(day(0)),
        }),
    ]
}

fn priority(name: &str, weight: u32) -> Priority {
    Priority {
        name: name.into(),
        names: Arc::default(),
        weight,
    }
}

/// An office on a file, as the program keeps it: a journal, and what is decided but not durable yet.
struct Office<'a> {
    file: &'a TestFile,
    journal: Option<SqliteJournal>,
    queue: Queue,
    pending: Vec<Stamped>,
}

impl<'a> Office<'a> {
    fn open(file: &'a TestFile, followed_by: u64) -> Self {
        let mut journal = SqliteJournal::open(&file.0).expect("a file of ours");
        let (mut queue, events) = journal.load(followed_by).expect("it reads back");
        for stamped in &events {
            apply(&mut queue, stamped);
        }
        Self {
            file,
            journal: Some(journal),
            queue,
            pending: Vec::new(),
        }
    }

    fn ask(&mut self, command: &Command, at: Timestamp) {
        let (_, happened) = ask(&mut self.queue, command, at);
        self.pending.extend(happened);
    }

    fn restart(&mut self, keep: bool, followed_by: u64) {
        let mut journal = self.journal.take().expect("it is open");
        let batch = Batch {
            events: std::mem::take(&mut self.pending),
            ..Batch::default()
        };
        let expected = journal.end().expect("its end");
        journal.append(expected, &batch).expect("it is durable");
        if keep {
            journal.save_snapshot(&self.queue, 0).expect("it is kept");
        }
        drop(journal);
        *self = Self::open(self.file, followed_by);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn an_office_goes_on_as_if_it_had_never_stopped(steps in vec(any_step(), 1..150)) {
        let file = TestFile::new("restarts");
        let mut office = Office::open(&file, 0);
        let mut never = Queue::new();
        let mut events = Vec::new();
        let mut at = Timestamp::from_millis(0);
        for (drawn, step) in (0..).zip(steps) {
            match step {
                Step::Ask(mut command) => {
                    if let Command::Create { ticket, .. } = &mut *command {
                        *ticket = TicketId::from_random(drawn);
                    }
                    let decided = decide(&office.queue, &command, at);
                    office.ask(&command, at);
                    let (decision, happened) = ask(&mut never, &command, at);
                    prop_assert_eq!(decided, decision, "{:?}", command);
                    events.extend(happened);
                }
                Step::Clock(seconds) => {
                    at = Timestamp::from_millis(at.as_millis() + seconds * 1_000);
                }
                Step::Restart { keep, followed_by } => {
                    office.restart(keep, followed_by);
                    check(&office.queue);
                    prop_assert_eq!(&office.queue, &never);
                }
            }
        }
        office.restart(false, 0);
        prop_assert_eq!(&office.queue, &never);
        properties::check_numbers(&events);
        // From the very first event as well, without any snapshot.
        let mut replayed = Queue::new();
        for stamped in &events {
            apply(&mut replayed, stamped);
        }
        prop_assert_eq!(&replayed, &never);
    }
}
