//! Random commands for property tests. They use few names, so that several commands concern the same desk or ticket.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::domain::*;

/// Any command at all. A new ticket's id is set where it is run, so that each is drawn once.
pub(crate) fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        50 => any_request(),
        1 => Just(Command::StartDay),
        1 => (-100..100i64, 0..40i64).prop_map(|(by, since)| Command::StepClock {
            by: by * 1_000,
            since: Timestamp::from_millis(since * 1_000),
        }),
    ]
}

/// A command of a client. The others come from the calendar and the clock.
pub(crate) fn any_request() -> impl Strategy<Value = Command> {
    prop_oneof![
        6 => at_the_entrance(),
        24 => at_a_desk(),
        5 => set_up(),
    ]
}

fn desk() -> impl Strategy<Value = DeskName> + Clone {
    (0..3u8).prop_map(|n| DeskName::parse(&format!("desk {n}")).expect("a name"))
}

fn service() -> impl Strategy<Value = Prefix> + Clone {
    // The last is not there until it is made.
    prop_oneof![Just("A"), Just("B"), Just("Z")].prop_map(Prefix::new)
}

fn ticket() -> impl Strategy<Value = TicketId> + Clone {
    (0..12u128).prop_map(TicketId::from_random)
}

fn code() -> impl Strategy<Value = String> + Clone {
    (1..12u32).prop_map(|n| format!("A{n}"))
}

fn current() -> impl Strategy<Value = Option<Expected>> + Clone {
    prop_oneof![
        10 => Just(None),
        1 => Just(Some(Expected::Nobody)),
        1 => code().prop_map(|code| Some(Expected::Code(code))),
    ]
}

/// Commands of the visitor with the ticket.
fn at_the_entrance() -> impl Strategy<Value = Command> {
    let note = prop_oneof![Just(None), Just(Some("wheelchair"))];
    let create = (proptest::option::of(service()), any::<bool>(), note);
    prop_oneof![
        4 => create.prop_map(|(service, urgent, note)| Command::Create {
            ticket: TicketId::from_random(0),
            service,
            priority: urgent.then(|| "urgent".into()),
            note: note.map(Into::into),
            language: None,
        }),
        1 => ticket().prop_map(|id| Command::Cancel { ticket: TicketRef::Id(id), desk: None }),
    ]
}

fn at_a_desk() -> impl Strategy<Value = Command> {
    let wanted = prop_oneof![
        ticket().prop_map(TicketRef::Id),
        code().prop_map(TicketRef::Code)
    ];
    let claim = (desk(), 0..3u128, any::<Option<bool>>(), any::<bool>());
    prop_oneof![
        4 => (desk(), current()).prop_map(|(desk, current)| Command::Next { desk, current }),
        2 => (desk(), wanted.clone(), current())
            .prop_map(|(desk, ticket, current)| Command::Call { desk, ticket, current }),
        1 => (desk(), current()).prop_map(|(desk, current)| Command::Recall { desk, current }),
        2 => (desk(), current()).prop_map(|(desk, current)| Command::Finish { desk, current }),
        2 => (wanted.clone(), desk())
            .prop_map(|(ticket, desk)| Command::Cancel { ticket, desk: Some(desk) }),
        1 => ticket().prop_map(|ticket| Command::FinishTicket { ticket }),
        3 => (desk(), current()).prop_map(|(desk, current)| Command::Undo { desk, current }),
        2 => (ticket(), proptest::option::of(desk()))
            .prop_map(|(ticket, desk)| Command::Return { ticket, desk, seen: None }),
        1 => ticket().prop_map(|ticket| Command::Reprint { ticket }),
        1 => (desk(), current()).prop_map(|(desk, current)| Command::NoShow { desk, current }),
        2 => (desk(), current()).prop_map(|(desk, current)| Command::Hold { desk, current }),
        3 => (desk(), current(), any_target(), any_position()).prop_map(
            |(desk, current, target, position)| Command::Transfer {
                desk,
                current,
                target,
                position,
            }
        ),
        2 => claim.prop_map(|(desk, screen, gone, take_over)| Command::Claim {
            desk,
            screen: ScreenId::from_random(screen),
            gone: gone.map(|first| ScreenId::from_random(u128::from(first))),
            take_over,
        }),
    ]
}

fn any_target() -> impl Strategy<Value = Target> {
    prop_oneof![
        2 => Just(Target::Back),
        3 => service().prop_map(Target::Service),
        3 => desk().prop_map(Target::Desk),
    ]
}

fn any_position() -> impl Strategy<Value = TransferPosition> {
    prop_oneof![
        Just(TransferPosition::Arrival),
        Just(TransferPosition::Front),
        Just(TransferPosition::Back)
    ]
}

fn set_up() -> impl Strategy<Value = Command> {
    let services = proptest::option::of(vec(service(), 0..3));
    prop_oneof![
        2 => (desk(), any::<Option<bool>>(), services)
            .prop_map(|(desk, open, services)| Command::SetDesk { desk, open, services }),
        2 => desk().prop_map(|desk| Command::DeleteDesk { desk }),
        2 => (service(), service_change())
            .prop_map(|(service, change)| Command::SetService { service, change }),
        2 => service().prop_map(|service| Command::DeleteService { service }),
        2 => settings_change().prop_map(|change| Command::SetSettings { change }),
    ]
}

fn service_change() -> impl Strategy<Value = ServiceChange> {
    prop_oneof![
        2 => Just(ServiceChange { open: Some(true), ..ServiceChange::default() }),
        1 => Just(ServiceChange { open: Some(false), ..ServiceChange::default() }),
        1 => Just(ServiceChange {
            message: Some(Some("Soon".into())),
            messages: Some(BTreeMap::from([("es".into(), "Pronto".into())]).into()),
            ..ServiceChange::default()
        }),
        1 => (1..4u8).prop_map(|digits| ServiceChange {
            digits: Some(digits),
            ..ServiceChange::default()
        }),
        2 => (1..9u32, proptest::option::of(5..9u32)).prop_map(|(first, last)| ServiceChange {
            first: Some(first),
            last: Some(last),
            ..ServiceChange::default()
        }),
    ]
}

fn settings_change() -> impl Strategy<Value = SettingsChange> {
    let none = SettingsChange::default;
    let priorities = vec(1..5u32, 1..4).prop_map(|weights| {
        let names = ["normal", "urgent", "elderly"].into_iter();
        let priorities = names.zip(weights).map(|(name, weight)| Priority {
            name: name.into(),
            names: Arc::default(),
            weight,
        });
        priorities.collect::<Arc<[Priority]>>()
    });
    let message = proptest::option::of(Just("Closed on Friday".to_owned()));
    prop_oneof![
        2 => any::<bool>().prop_map(move |keep| SettingsChange {
            keep_waiting: Some(keep),
            ..none()
        }),
        1 => any::<bool>().prop_map(move |strict| SettingsChange {
            rule: Some(if strict { CallingRule::Strict } else { CallingRule::Weighted }),
            ..none()
        }),
        1 => proptest::option::of(1..3u32).prop_map(move |most| SettingsChange {
            most_priority_in_a_row: Some(most),
            ..none()
        }),
        1 => proptest::option::of(1..9u32).prop_map(move |most| SettingsChange {
            most_waiting: Some(most),
            ..none()
        }),
        1 => priorities.prop_map(move |priorities| SettingsChange {
            priorities: Some(priorities),
            ..none()
        }),
        1 => (0..24u8).prop_map(move |hour| SettingsChange {
            day_begins_hour: Some(hour),
            ..none()
        }),
        1 => message.prop_map(move |message| SettingsChange {
            name: Some("Clinic".into()),
            appearance: AppearanceChange {
                message: Some(message),
                ..AppearanceChange::default()
            },
            ..none()
        }),
    ]
}
