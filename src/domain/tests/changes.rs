//! Partial updates to services and settings.

use std::sync::Arc;

use crate::domain::*;

fn settings() -> Settings {
    Settings {
        name: "Clinic".into(),
        language: "en".into(),
        time_zone: Some("Europe/Madrid".into()),
        day_begins_hour: 4,
        priorities: Arc::new([]),
        rule: CallingRule::Strict,
        most_priority_in_a_row: Some(2),
        keep_waiting: true,
        admins_choose_services: true,
        most_waiting: Some(9),
        keep_days: Some(30),
        desk_words: Arc::new([("en".to_owned(), "Counter".to_owned())].into()),
        statistics_by_person: true,
        appearance: Arc::new(Appearance {
            languages: vec!["en".to_owned()],
            message: Some("Hello".to_owned()),
            accent: Some("#000000".to_owned()),
            logo: Some("data:".to_owned()),
            print_tickets: true,
            frame_ancestors: vec!["https://a".to_owned()],
        }),
        sound: Arc::new(Sound {
            chime: false,
            voice: false,
            volume: 40,
            voice_speed: 80,
            voices: [("en".to_owned(), "Daniel".to_owned())].into(),
        }),
        printing: Arc::new(Printing {
            printers: vec![PrinterSetup {
                maker: PrinterMaker::Star,
                width: 58,
                qr: QrForm::Picture,
                ..PrinterSetup::new("hall", "a:1")
            }],
            paper_width: 58,
            paper_qr: false,
            paper_text: [("en".to_owned(), "Thank you".to_owned())].into(),
            paper_logo: Some(PaperLogo {
                width: 8,
                dots: "AA==".to_owned(),
            }),
            public_url: Some("https://office.example".to_owned()),
        }),
    }
}

#[test]
fn a_change_replaces_only_the_settings_that_it_names() {
    let whole = SettingsChange::from(settings());
    assert_eq!(whole.of(&Settings::default()), settings());
    let nothing = SettingsChange::default();
    assert_eq!(nothing.of(&settings()), settings());
}

/// Each event that a command causes, applied.
fn ask(queue: &mut Queue, command: &Command) -> Vec<Event> {
    let at = Timestamp::from_millis(1);
    let events = decide(queue, command, at).events;
    for event in &events {
        let seq = queue.seq() + 1;
        let event = event.clone();
        apply(queue, &Stamped { seq, at, event });
    }
    events
}

#[test]
fn two_who_change_different_things_at_once_lose_nothing() {
    let mut queue = Queue::new();
    // Both were made while neither was carried out yet.
    let name = SettingsChange {
        name: Some("Clinic".into()),
        ..SettingsChange::default()
    };
    let message = SettingsChange {
        appearance: AppearanceChange {
            message: Some(Some("Closed on Friday".to_owned())),
            ..AppearanceChange::default()
        },
        ..SettingsChange::default()
    };
    for change in [&name, &message] {
        let change = change.clone();
        assert_eq!(ask(&mut queue, &Command::SetSettings { change }).len(), 1);
    }
    assert_eq!(&*queue.settings().name, "Clinic");
    let shown = queue.settings().appearance.message.as_deref();
    assert_eq!(shown, Some("Closed on Friday"));
    let again = Command::SetSettings { change: name };
    assert_eq!(ask(&mut queue, &again), []);
    let set = |change| Command::SetService {
        service: Prefix::new("A"),
        change,
    };
    let closed = ServiceChange {
        open: Some(false),
        ..ServiceChange::default()
    };
    let longer = ServiceChange {
        last: Some(Some(99)),
        ..ServiceChange::default()
    };
    ask(&mut queue, &set(closed));
    ask(&mut queue, &set(longer.clone()));
    let setup = &queue.services()[0].setup;
    assert_eq!((setup.open, setup.last), (false, Some(99)));
    assert_eq!(ask(&mut queue, &set(longer)), []);
}

#[test]
fn numbers_that_would_end_before_they_begin_are_refused_whoever_set_which_end() {
    let mut queue = Queue::new();
    let command = |first, last| Command::SetService {
        service: Prefix::new("A"),
        change: ServiceChange {
            first,
            last,
            ..ServiceChange::default()
        },
    };
    assert_eq!(ask(&mut queue, &command(None, Some(Some(50)))).len(), 1);
    let refused = decide(&queue, &command(Some(51), None), Timestamp::from_millis(2));
    let why = Refusal::EndsBeforeItBegins { first: 51 };
    assert_eq!((refused.events, refused.outcome), (Vec::new(), Err(why)));
    assert_eq!(ask(&mut queue, &command(Some(51), Some(None))).len(), 1);
}
