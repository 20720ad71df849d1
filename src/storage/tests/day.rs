//! A day of an office, with some of everything that can happen, and the history that its events make.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{
    Appearance, CallingRule, Command, DeskName, Prefix, Queue, ScreenId, ServiceChange, Settings,
    SettingsChange, Stamped, State, Target, TicketId, TicketRef, TicketRow, Timestamp,
    TransferPosition, apply, changed_rows, decide,
};

/// Some of everything that can happen.
pub(in crate::storage) fn a_day() -> (Queue, Vec<Stamped>) {
    let mut queue = Queue::new();
    let mut events = Vec::new();
    let desk = |name: &str| DeskName::parse(name).expect("a name");
    let new = |n| Command::Create {
        ticket: TicketId::from_random(n),
        service: None,
        priority: None,
        note: (n == 2).then(|| "wheelchair «ñ»".into()),
        language: (n == 2).then(|| "ar".into()),
    };
    let next = |name| Command::Next {
        desk: desk(name),
        current: None,
    };
    let commands = [
        new(1),
        new(2),
        new(3),
        new(4),
        next("Caja 1"),
        Command::Recall {
            desk: desk("Caja 1"),
            current: None,
        },
        next("Caja 1"),
        next("2"),
        Command::Hold {
            desk: desk("2"),
            current: None,
        },
        Command::Return {
            ticket: TicketId::from_random(3),
            desk: Some(desk("2")),
            seen: Some(State::Held),
        },
        next("2"),
        Command::NoShow {
            desk: desk("2"),
            current: None,
        },
        Command::Transfer {
            desk: desk("Caja 1"),
            current: None,
            target: Target::Desk(desk("2")),
            position: TransferPosition::Front,
        },
        next("2"),
        Command::Undo {
            desk: desk("2"),
            current: None,
        },
        Command::Cancel {
            ticket: TicketRef::Id(TicketId::from_random(4)),
            desk: None,
        },
        Command::SetDesk {
            desk: desk("3"),
            open: Some(false),
            services: Some(vec![Prefix::new("A")]),
        },
        Command::SetDesk {
            desk: desk("4"),
            open: None,
            services: None,
        },
        Command::Claim {
            desk: desk("3"),
            screen: ScreenId::from_random(7),
            gone: None,
            take_over: false,
        },
        Command::DeleteDesk { desk: desk("4") },
        Command::SetService {
            service: Prefix::new("Z"),
            change: ServiceChange::default(),
        },
        Command::DeleteService {
            service: Prefix::new("Z"),
        },
        Command::SetSettings {
            change: SettingsChange::from(Settings {
                name: "Clínica".into(),
                language: "en".into(),
                time_zone: Some("Europe/Madrid".into()),
                day_begins_hour: 4,
                keep_waiting: true,
                rule: CallingRule::Strict,
                most_priority_in_a_row: Some(3),
                most_waiting: Some(200),
                appearance: Arc::new(Appearance {
                    languages: vec!["en".to_owned(), "es".to_owned()],
                    message: Some("Closed on Friday".to_owned()),
                    accent: Some("#0b5348".to_owned()),
                    logo: Some("data:image/png;base64,".to_owned()),
                    print_tickets: true,
                    frame_ancestors: vec!["https://intranet.example".to_owned()],
                }),
                ..Settings::default()
            }),
        },
        Command::StartDay,
        new(5),
        Command::StepClock {
            by: 90_000,
            since: Timestamp::from_millis(1),
        },
        new(6),
        Command::SetSettings {
            change: SettingsChange {
                day_begins_hour: Some(7),
                ..SettingsChange::default()
            },
        },
        new(7),
        Command::Cancel {
            ticket: TicketRef::Id(TicketId::from_random(7)),
            desk: Some(desk("2")),
        },
        // The day ends on a step that can still be undone.
        next("2"),
    ];
    for command in commands {
        for event in decide(&queue, &command, moment(&queue)).events {
            let seq = queue.seq() + 1;
            let at = moment(&queue);
            let stamped = Stamped { seq, at, event };
            apply(&mut queue, &stamped);
            events.push(stamped);
        }
    }
    let (seq, event) = queue.to_export().import_event(&queue);
    let at = Timestamp::from_millis(1_700_000_100_000);
    let moved = Stamped { seq, at, event };
    apply(&mut queue, &moved);
    events.push(moved);
    (queue, events)
}

fn moment(queue: &Queue) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + queue.seq() as i64)
}

/// The history that these events make.
pub(in crate::storage) fn rows_of(events: &[Stamped]) -> Vec<TicketRow> {
    let mut queue = Queue::new();
    let mut rows = Vec::new();
    for stamped in events {
        apply(&mut queue, stamped);
        changed_rows(&queue, &stamped.event, &mut rows);
    }
    let newest: BTreeMap<_, _> = rows.into_iter().map(|row| (row.arrival, row)).collect();
    newest.into_values().collect()
}
