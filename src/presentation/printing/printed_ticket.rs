//! The content of a printed ticket, and its bytes for the printer.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::escpos::{PrintCommands, can_encode};
use crate::calendar;
use crate::calendar::now;
use crate::domain::{Queue, Ticket, TicketId, Timestamp};
use crate::presentation::http::address::Base;
use crate::presentation::pages;

/// The language of a printed ticket if the printer cannot print the office's language.
const FALLBACK_LANGUAGE: &str = "en";

/// Limit of a code that is printed four times as large, in characters: paper of 58 mm has eight of them
/// in a line.
const LARGE_CODE_CHARS: usize = 8;

/// The content of a printed ticket, as it is when it is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintedTicket {
    id: TicketId,
    code: String,
    office: Arc<str>,
    service: Option<String>,
    language: Arc<str>,
    time_zone: Option<Arc<str>>,
    at: Timestamp,
    ahead: Option<usize>,
    estimate_seconds: Option<u64>,
}

impl PrintedTicket {
    /// The content for a ticket; `None` if it has ended, because nobody is called with it any more.
    pub fn of(queue: &Queue, ticket: &Ticket) -> Option<Self> {
        if ticket.state.is_final() {
            return None;
        }
        let now = now();
        let settings = queue.settings();
        let service = queue.service(&ticket.service).map(|service| {
            let names = &service.setup.names;
            let own = names.get(&*settings.language).cloned();
            own.unwrap_or_else(|| service.setup.name.to_string())
        });
        Some(Self {
            id: ticket.id,
            code: ticket.code(),
            office: settings.name.clone(),
            service,
            language: settings.language.clone(),
            time_zone: settings.time_zone.clone(),
            at: ticket.created_at,
            ahead: queue.ahead(ticket, now),
            estimate_seconds: queue.estimate_seconds(ticket, now),
        })
    }

    /// The bytes for the printer. `base` is the address of this server for phones; without it, no QR
    /// code is printed.
    pub fn render(&self, base: Option<&Base>) -> Vec<u8> {
        let words = Words::of(&self.language);
        let mut print = PrintCommands::new();
        let mut line = |text: &str, size: u8, bold: bool| {
            // A line of question marks would help nobody.
            if can_encode(text) {
                print.line(text, size, bold);
            }
        };
        line(&self.office, 1, true);
        if let Some(service) = &self.service {
            line(service, 1, false);
        }
        line(" ", 1, false);
        let size = if self.code.chars().count() <= LARGE_CODE_CHARS {
            4
        } else {
            3
        };
        line(&self.code, size, true);
        line(" ", 1, false);
        line(&self.time(&words), 1, false);
        match self.ahead {
            None => {}
            Some(0) => line(&words.text("paper.next"), 1, false),
            Some(n) => line(&words.with("paper.ahead", n), 1, false),
        }
        if let Some(seconds) = self.estimate_seconds {
            let minutes = usize::try_from(seconds.div_ceil(60)).unwrap_or(usize::MAX);
            line(&words.with("paper.estimate", minutes.max(1)), 1, false);
        }
        if let Some(base) = base {
            print.space();
            print.line(&words.text("paper.follow"), 1, false);
            print.qr(&base.page(&format!("t/{}", self.id)));
        }
        print.cut()
    }

    /// The time when the ticket was created, in the office's time zone.
    fn time(&self, words: &Words) -> String {
        let zone = self.time_zone.as_deref().and_then(calendar::zone);
        let zone = zone.unwrap_or_else(TimeZone::system);
        let time = jiff::Timestamp::from_millisecond(self.at.as_millis());
        let time = zone.to_datetime(time.unwrap_or(jiff::Timestamp::UNIX_EPOCH));
        time.strftime(&words.text("paper.time")).to_string()
    }
}

/// The words of a printed ticket, from a language's file.
struct Words(BTreeMap<String, String>);

impl Words {
    /// The words in this language, or in the fallback if the printer cannot print them.
    fn of(language: &str) -> Self {
        let printable = |words: &Self| words.0.values().all(|text| can_encode(text));
        Self::read(language)
            .filter(printable)
            .or_else(|| Self::read(FALLBACK_LANGUAGE))
            .unwrap_or(Self(BTreeMap::new()))
    }

    fn read(language: &str) -> Option<Self> {
        let mut words = pages::texts_of(language)?;
        words.retain(|key, _| key.starts_with("paper."));
        Some(Self(words))
    }

    fn text(&self, key: &str) -> String {
        self.0.get(key).cloned().unwrap_or_default()
    }

    fn with(&self, key: &str, n: usize) -> String {
        self.text(key).replace("{n}", &n.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed_ticket() -> PrintedTicket {
        PrintedTicket {
            id: TicketId::from_random(0xabc),
            code: "A12".to_owned(),
            office: "Clínica Ñandú".into(),
            service: Some("Atención al público".to_owned()),
            language: "es".into(),
            time_zone: Some("Europe/Madrid".into()),
            // 2026-11-23T09:05:00Z
            at: Timestamp::from_millis(1_795_424_700_000),
            ahead: Some(3),
            estimate_seconds: Some(700),
        }
    }

    /// Whether the bytes hold that line in Windows-1252.
    fn says(print: &[u8], text: &str) -> bool {
        let latin: Vec<u8> = text
            .chars()
            .map(|c| u8::try_from(c).expect("Latin-1"))
            .collect();
        let line = [latin.as_slice(), b"\n"].concat();
        print.windows(line.len()).any(|part| part == line)
    }

    #[test]
    fn a_printed_ticket_is_in_the_offices_language() {
        let print = printed_ticket().render(None);
        for text in [
            "Clínica Ñandú",
            "Atención al público",
            "A12",
            "23/11/2026 10:05",
            "Personas delante de usted: 3",
            "Espera aproximada: 12 min",
        ] {
            assert!(says(&print, text), "{text} in {}", print.escape_ascii());
        }
        assert!(!print.contains(&b'?'), "{}", print.escape_ascii());
        let english = PrintedTicket {
            language: "en".into(),
            ahead: Some(0),
            estimate_seconds: None,
            ..printed_ticket()
        };
        let print = english.render(None);
        assert!(says(&print, "You are next"), "{}", print.escape_ascii());
        assert!(
            says(&print, "23 Nov 2026, 10:05"),
            "{}",
            print.escape_ascii()
        );
    }

    #[test]
    fn it_resets_the_printer_first_and_cuts_the_paper_last() {
        let print = printed_ticket().render(None);
        assert!(print.starts_with(b"\x1b@\x1c.\x1bR\x00\x1bt\x10\x1ba\x01"));
        assert!(print.ends_with(b"\x1dVB\x00"));
        // The code is four times as large as the rest, or three where that would not fit.
        let has = |print: &[u8], part: &[u8]| print.windows(part.len()).any(|w| w == part);
        assert!(has(&print, b"\x1d!\x33\x1bE\x01A12\n"));
        let long = PrintedTicket {
            code: "ABCD123456".to_owned(),
            ..printed_ticket()
        };
        assert!(has(&long.render(None), b"\x1d!\x22\x1bE\x01ABCD123456\n"));
    }

    #[test]
    fn it_has_a_qr_code_if_a_phone_can_reach_the_server() {
        let listen = "192.168.1.5:3000".parse().expect("an address");
        let host = (Some("192.168.1.5:3000"), false);
        let base = Base::for_others(host, listen).expect("an address in a network");
        let print = printed_ticket().render(Some(&base));
        let page = format!("http://192.168.1.5:3000/t/{:032x}", 0xabc);
        let length = u8::try_from(page.len() + 3).expect("short");
        let mut expected = b"\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x06\x1d(k\x03\x001E1".to_vec();
        expected.extend([0x1d, b'(', b'k', length, 0, b'1', b'P', b'0']);
        expected.extend(page.as_bytes());
        expected.extend(b"\x1d(k\x03\x001Q0");
        let found = print.windows(expected.len()).any(|part| part == expected);
        assert!(found, "{}", print.escape_ascii());
        assert!(says(&print, "Siga su turno con el teléfono:"));
    }

    #[test]
    fn a_line_that_the_printer_cannot_print_is_left_out() {
        let arabic = PrintedTicket {
            language: "ar".into(),
            office: "مكتب".into(),
            service: None,
            ..printed_ticket()
        };
        let print = arabic.render(None);
        assert!(!print.contains(&b'?'), "{}", print.escape_ascii());
        assert!(says(&print, "A12") && says(&print, "People ahead of you: 3"));
    }
}
