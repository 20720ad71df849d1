//! The content of a printed ticket: one description for the network printer and for the kiosk's browser.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::BASE64;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::escpos::Picture;
use crate::calendar;
use crate::calendar::now;
use crate::domain::{Queue, Settings, Ticket, TicketId, Timestamp};
use crate::presentation::pages;

/// The language of a printed ticket if the printer cannot print any other.
const FALLBACK_LANGUAGE: &str = "en";

/// The role of a line of a printed ticket; its size and weight follow from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineRole {
    Office,
    Service,
    Code,
    Priority,
    Time,
    Ahead,
    Estimate,
    /// The office's own text.
    Text,
    /// The purpose of the QR code below; only with a code.
    Follow,
}

/// A line of a printed ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PaperLine {
    pub role: LineRole,
    pub text: String,
}

/// The content of a printed ticket, as it is when it is printed.
#[derive(Clone, Debug)]
pub struct PrintedTicket {
    pub id: TicketId,
    /// The language of whoever took it, or else the office's.
    pub language: Arc<str>,
    code: String,
    service_names: BTreeMap<String, String>,
    priority_names: Option<BTreeMap<String, String>>,
    settings: Settings,
    at: Timestamp,
    ahead: Option<usize>,
    estimate_seconds: Option<u64>,
}

/// The key of a name without a language.
const PLAIN: &str = "";

impl PrintedTicket {
    /// The content for a ticket; `None` if it has ended, because nobody is called with it any more.
    pub fn of(queue: &Queue, ticket: &Ticket) -> Option<Self> {
        if ticket.state.is_final() {
            return None;
        }
        let now = now();
        let settings = queue.settings().clone();
        let mut service_names = BTreeMap::new();
        if let Some(service) = queue.service(&ticket.service) {
            service_names.clone_from(&service.setup.names);
            service_names.insert(PLAIN.to_owned(), service.setup.name.to_string());
        }
        // The first priority is the usual one, and not worth a line.
        let mut others = settings.priorities.iter().skip(1);
        let priority = others.find(|priority| priority.name == ticket.priority);
        let priority_names = priority.map(|priority| {
            let mut names = (*priority.names).clone();
            names.insert(PLAIN.to_owned(), priority.name.to_string());
            names
        });
        let language = ticket.language.as_ref().unwrap_or(&settings.language);
        Some(Self {
            id: ticket.id,
            language: language.clone(),
            code: ticket.code(),
            service_names,
            priority_names,
            at: ticket.created_at,
            ahead: queue.ahead(ticket, now),
            estimate_seconds: queue.estimate_seconds(ticket, now),
            settings,
        })
    }

    /// The office's logo, if it has one for paper.
    pub fn logo(&self) -> Option<Picture> {
        let logo = self.settings.printing.paper_logo.as_ref()?;
        let bytes = BASE64.decode(logo.dots.as_bytes()).ok()?;
        Some(Picture::of_bits(&bytes, logo.width.into()))
    }

    /// The lines from top to bottom, in the ticket's language or, if `can_print` refuses its words, in
    /// English. `can_print` says whether the printer has all letters of a text.
    pub fn lines(&self, can_print: impl Fn(&str) -> bool) -> Vec<PaperLine> {
        let words = Words::of(&self.language, can_print);
        let language = words.language.clone();
        let mut lines = Vec::new();
        let mut line = |role, text: String| {
            if !text.is_empty() {
                lines.push(PaperLine { role, text });
            }
        };
        line(LineRole::Office, self.settings.name.to_string());
        line(
            LineRole::Service,
            self.name_in(&self.service_names, &language),
        );
        line(LineRole::Code, self.code.clone());
        if let Some(names) = &self.priority_names {
            line(LineRole::Priority, self.name_in(names, &language));
        }
        line(LineRole::Time, self.time(&words));
        match self.ahead {
            None => {}
            Some(0) => line(LineRole::Ahead, words.text("paper.next")),
            Some(n) => line(LineRole::Ahead, words.with("paper.ahead", n)),
        }
        if let Some(seconds) = self.estimate_seconds {
            let minutes = usize::try_from(seconds.div_ceil(60)).unwrap_or(usize::MAX);
            line(
                LineRole::Estimate,
                words.with("paper.estimate", minutes.max(1)),
            );
        }
        line(
            LineRole::Text,
            self.name_in(&self.settings.printing.paper_text, &language),
        );
        line(LineRole::Follow, words.text("paper.follow"));
        lines
    }

    /// A name in a language, or else in the office's, or else the plain one.
    fn name_in(&self, names: &BTreeMap<String, String>, language: &str) -> String {
        let languages = [language, &*self.settings.language, PLAIN];
        let found = languages.iter().find_map(|language| names.get(*language));
        found.cloned().unwrap_or_default()
    }

    /// The time when the ticket was created, in the office's time zone.
    fn time(&self, words: &Words) -> String {
        let zone = self.settings.time_zone.as_deref().and_then(calendar::zone);
        let zone = zone.unwrap_or_else(TimeZone::system);
        let time = jiff::Timestamp::from_millisecond(self.at.as_millis());
        let time = zone.to_datetime(time.unwrap_or(jiff::Timestamp::UNIX_EPOCH));
        time.strftime(&words.text("paper.time")).to_string()
    }
}

/// The words of a printed ticket, from a language's file.
struct Words {
    language: String,
    words: BTreeMap<String, String>,
}

impl Words {
    /// The words in this language, or in the fallback if the printer cannot print them.
    fn of(language: &str, can_print: impl Fn(&str) -> bool) -> Self {
        let printable = |words: &Self| words.words.values().all(|text| can_print(text));
        let own = Self::read(language).filter(printable);
        own.or_else(|| Self::read(FALLBACK_LANGUAGE))
            .expect("the fallback is a language of the pages")
    }

    fn read(language: &str) -> Option<Self> {
        let mut words = pages::texts_of(language)?;
        words.retain(|key, _| key.starts_with("paper."));
        Some(Self {
            language: language.to_owned(),
            words,
        })
    }

    fn text(&self, key: &str) -> String {
        self.words.get(key).cloned().unwrap_or_default()
    }

    fn with(&self, key: &str, n: usize) -> String {
        self.text(key).replace("{n}", &n.to_string())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::Printing;

    pub fn printed_ticket() -> PrintedTicket {
        let names = |plain: &str| [(PLAIN.to_owned(), plain.to_owned())].into();
        PrintedTicket {
            id: TicketId::from_random(0xabc),
            language: "es".into(),
            code: "A12".to_owned(),
            service_names: names("Atención al público"),
            priority_names: Some(names("urgente")),
            settings: Settings {
                name: "Clínica Ñandú".into(),
                time_zone: Some("Europe/Madrid".into()),
                printing: Arc::new(Printing {
                    paper_text: [("es".to_owned(), "Gracias".to_owned())].into(),
                    ..Printing::default()
                }),
                ..Settings::default()
            },
            // 2026-11-23T09:05:00Z
            at: Timestamp::from_millis(1_795_424_700_000),
            ahead: Some(3),
            estimate_seconds: Some(700),
        }
    }

    impl PrintedTicket {
        pub fn set_logo(&mut self, width: u16, dots: &str) {
            let printing = Arc::make_mut(&mut self.settings.printing);
            let dots = dots.to_owned();
            printing.paper_logo = Some(crate::domain::PaperLogo { width, dots });
        }
    }

    fn texts(ticket: &PrintedTicket, can_print: impl Fn(&str) -> bool) -> Vec<String> {
        let lines = ticket.lines(can_print).into_iter();
        lines.map(|line| line.text).collect()
    }

    #[test]
    fn a_printed_ticket_says_all_in_order_and_in_the_language_of_whoever_took_it() {
        assert_eq!(
            texts(&printed_ticket(), |_| true),
            [
                "Clínica Ñandú",
                "Atención al público",
                "A12",
                "urgente",
                "23/11/2026 10:05",
                "Personas delante de usted: 3",
                "Espera aproximada: 12 min",
                "Gracias",
                "Siga su turno con el teléfono:",
            ]
        );
        let mut english = PrintedTicket {
            language: "en".into(),
            ahead: Some(0),
            estimate_seconds: None,
            priority_names: None,
            ..printed_ticket()
        };
        let service = ("en".to_owned(), "Front office".to_owned());
        english.service_names.extend([service]);
        assert_eq!(
            texts(&english, |_| true),
            [
                "Clínica Ñandú",
                "Front office",
                "A12",
                "23 Nov 2026, 10:05",
                "You are next",
                "Gracias",
                "Follow your ticket on your phone:",
            ]
        );
    }

    #[test]
    fn words_that_the_printer_cannot_print_are_in_english() {
        let mut arabic = PrintedTicket {
            language: "ar".into(),
            ..printed_ticket()
        };
        let service = ("ar".to_owned(), "الاستقبال".to_owned());
        arabic.service_names.extend([service]);
        let printed = texts(&arabic, |text| text.chars().all(|c| c < 'ă'));
        assert!(
            printed.contains(&"People ahead of you: 3".to_owned()),
            "{printed:?}"
        );
        assert!(
            printed.contains(&"Atención al público".to_owned()),
            "{printed:?}"
        );
        let on_screen = texts(&arabic, |_| true);
        assert!(on_screen.contains(&"الاستقبال".to_owned()), "{on_screen:?}");
    }
}
