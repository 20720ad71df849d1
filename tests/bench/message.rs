//! Reads a message to a screen: whether it is a call, its ticket, and its number in the order.

use serde_json::Value;

use crate::Failure;

/// How a screen talks with the server, and so which messages it gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The subprotocol of turnero's own pages.
    TurneroV1,
    /// The course's messages as turnero speaks them: two at once on connecting.
    CourseOnTurnero,
    /// The course's messages as the course's server speaks them: none on connecting.
    Course,
}

impl Dialect {
    pub fn subprotocol(self) -> Option<&'static str> {
        (self == Dialect::TurneroV1).then_some("turnero.v1")
    }

    /// Messages that tell a new screen where things stand.
    pub fn greetings(self) -> usize {
        match self {
            Dialect::TurneroV1 => 1,
            Dialect::CourseOnTurnero => 2,
            Dialect::Course => 0,
        }
    }
}

/// The meaning of one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// The number of the ticket that it calls, or that the newest call in it called.
    pub called: Option<u64>,
    /// The place in the order of a numbered event.
    pub event: Option<u64>,
    /// The place in the order from which events go on.
    pub state: Option<u64>,
}

/// How a message begins that tells a follower of its own ticket: each gets another one, and reading
/// all of them would be the client's work more than the server's.
const POSITION: &[u8] = br#"{"type":"ticket-position""#;

pub fn understand(message: &[u8]) -> Result<Meaning, Failure> {
    let message: Value = serde_json::from_slice(message)?;
    let payload = &message["payload"];
    let seq = message["seq"].as_u64();
    let meaning = match message["type"].as_str() {
        Some("on-working-changed") => Meaning {
            called: payload[0]["number"].as_u64(),
            ..Meaning::default()
        },
        Some("ticket-called") => Meaning {
            called: payload["ticket"]["number"].as_u64(),
            event: seq,
            state: None,
        },
        Some("state") => Meaning {
            state: seq,
            ..Meaning::default()
        },
        Some("tick" | "on-ticket-count-changed") => Meaning::default(),
        Some(_) => Meaning {
            event: seq,
            ..Meaning::default()
        },
        None => return Err("a message without a type".into()),
    };
    Ok(meaning)
}

/// Every screen gets the same bytes, so a message is read once and then only compared; this still finds
/// out when a screen got anything else.
#[derive(Default)]
pub struct Understood {
    known: Vec<(Vec<u8>, Meaning)>,
}

/// A call is two messages, and a straggler may still be at the call before.
const KNOWN_AT_ONCE: usize = 6;

impl Understood {
    pub fn meaning(&mut self, message: &[u8]) -> Result<Meaning, Failure> {
        if message.starts_with(POSITION) {
            return Ok(Meaning::default());
        }
        if let Some((_, meaning)) = self.known.iter().rev().find(|(known, _)| known == message) {
            return Ok(*meaning);
        }
        let meaning = understand(message)?;
        if self.known.len() == KNOWN_AT_ONCE {
            self.known.remove(0);
        }
        self.known.push((message.to_vec(), meaning));
        Ok(meaning)
    }
}
