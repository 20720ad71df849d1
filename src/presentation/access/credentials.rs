//! All PINs, people, sessions and tokens, in memory, so that no request waits for the database.

use std::collections::HashMap;

use super::secret;
use crate::access::{AccessRecords, Person, PinHash, Role, SecretHash, Session, Token};
use crate::domain::{PersonId, composed};

/// The most sessions: more than an office has screens. The one that expires first makes room.
const MOST_SESSIONS: usize = 1_000;

/// A token that a request has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    pub id: u64,
    pub name: String,
    pub role: Role,
    /// Whether its use must be stored.
    pub must_store: bool,
}

/// The PINs, people, sessions and tokens.
#[derive(Debug, Default)]
pub struct Credentials {
    /// The shared ones.
    pins: Vec<(Role, PinHash)>,
    /// Oldest first.
    people: Vec<Person>,
    /// The highest id of a person so far. Ids are never reused: the history of tickets holds them.
    last_person: u32,
    sessions: HashMap<SecretHash, Session>,
    /// Oldest first.
    tokens: Vec<Token>,
    /// The highest id of a token so far. Ids are not reused while the program runs, so that an id
    /// cannot come to mean another token.
    last_token: u64,
    /// The number of changes of shared PINs and people so far: at all servers of the office, if there are several.
    revision: u64,
    /// How often they were changed here: a reload that meets a change reads again.
    changes: u64,
}

impl From<AccessRecords> for Credentials {
    fn from(records: AccessRecords) -> Self {
        let sessions = records.sessions.into_iter();
        Self {
            pins: records.pins,
            people: records.people,
            last_person: records.last_person,
            sessions: sessions.map(|session| (session.hash, session)).collect(),
            last_token: records.tokens.iter().map(|t| t.id).max().unwrap_or(0),
            tokens: records.tokens,
            revision: records.revision,
            changes: 0,
        }
    }
}

impl Credentials {
    /// How often they were changed here.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The number of changes of shared PINs and people so far, for [`ExpectRevision`](crate::access::AccessChange::ExpectRevision).
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Makes a change of the shared PINs or people that is stored, and was decided on with revision `from`. Does nothing if
    /// the records were read from storage since: then they have it.
    pub fn apply_stored(&mut self, from: u64, change: impl FnOnce(&mut Self)) {
        if self.revision == from {
            change(self);
            self.revision += 1;
        }
    }

    /// Takes over all records. Ids that were given stay so.
    pub fn replace(&mut self, records: AccessRecords) {
        let last_token = self.last_token;
        *self = Self {
            changes: self.changes,
            ..Self::from(records)
        };
        self.last_token = self.last_token.max(last_token);
    }

    /// The shared PINs, with the stronger role first.
    pub fn pins(&self) -> Vec<(Role, PinHash)> {
        let mut pins = self.pins.clone();
        pins.sort_by_key(|(role, _)| std::cmp::Reverse(*role));
        pins
    }

    /// Sets a shared PIN, and ends the sessions that one of its role began.
    pub fn set_pin(&mut self, role: Role, pin: PinHash) {
        self.remove_pin(role);
        self.pins.push((role, pin));
    }

    /// Removes a shared PIN, and ends the sessions that it began.
    pub fn remove_pin(&mut self, role: Role) {
        self.changes += 1;
        self.pins.retain(|(other, _)| *other != role);
        self.sessions
            .retain(|_, session| session.role != role || session.person.is_some());
    }

    /// The hashes of all PINs, shared and people's.
    pub fn pin_hashes(&self) -> impl Iterator<Item = &PinHash> {
        let people = self.people.iter().map(|person| &person.pin);
        self.pins.iter().map(|(_, pin)| pin).chain(people)
    }

    /// The people, oldest first.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// The person of that id.
    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    /// The person of that name, in capital or small letters.
    pub fn person_named(&self, name: &str) -> Option<&Person> {
        let form = |name: &str| composed(name).to_lowercase();
        let name = form(name);
        let mut people = self.people.iter();
        people.find(|person| form(&person.name) == name)
    }

    /// An id that no person has had.
    pub fn next_person(&self) -> PersonId {
        PersonId(self.last_person + 1)
    }

    /// Adds a person, or takes the place of the one with this id.
    pub fn put_person(&mut self, person: Person) {
        self.changes += 1;
        self.last_person = self.last_person.max(person.id.0);
        match self.people.iter_mut().find(|other| other.id == person.id) {
            Some(other) => *other = person,
            None => self.people.push(person),
        }
    }

    /// Removes a person, and ends their sessions.
    pub fn remove_person(&mut self, id: PersonId) {
        self.people.retain(|person| person.id != id);
        self.end_sessions_of(id);
    }

    /// Ends a person's sessions.
    pub fn end_sessions_of(&mut self, id: PersonId) {
        self.changes += 1;
        self.sessions
            .retain(|_, session| session.person != Some(id));
    }

    /// A session, unless it has expired at `now`.
    pub fn session(&self, hash: &SecretHash, now: i64) -> Option<&Session> {
        let session = self.sessions.get(hash)?;
        let is_valid = secret::same(&session.hash, hash) && session.expires_at > now;
        is_valid.then_some(session)
    }

    /// Adds a session. If there are too many, removes the one that expires first.
    pub fn add_session(&mut self, session: Session, now: i64) {
        self.changes += 1;
        self.sessions.retain(|_, other| other.expires_at > now);
        if self.sessions.len() >= MOST_SESSIONS {
            let first = self.sessions.values().min_by_key(|other| other.expires_at);
            if let Some(hash) = first.map(|other| other.hash) {
                self.sessions.remove(&hash);
            }
        }
        self.sessions.insert(session.hash, session);
    }

    /// Ends a session.
    pub fn end_session(&mut self, hash: &SecretHash) {
        self.changes += 1;
        self.sessions.remove(hash);
    }

    /// Finds the token with this hash and records its use. The use must be stored once per
    /// `store_every` milliseconds.
    pub fn use_token(&mut self, hash: &SecretHash, now: i64, store_every: i64) -> Option<Used> {
        // Compares all tokens, so that the time reveals nothing.
        let mut found = None;
        for token in &mut self.tokens {
            if secret::same(&token.hash, hash) {
                found = Some(token);
            }
        }
        let token = found?;
        let is_due = token
            .used_at
            .is_none_or(|at| (now - at).abs() >= store_every);
        if is_due {
            token.used_at = Some(now);
        }
        Some(Used {
            id: token.id,
            name: token.name.clone(),
            role: token.role,
            must_store: is_due,
        })
    }

    /// The tokens, oldest first.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// An id that no token has had.
    pub fn next_token(&self) -> u64 {
        self.last_token + 1
    }

    /// Adds a token.
    pub fn add_token(&mut self, token: Token) {
        self.changes += 1;
        self.last_token = self.last_token.max(token.id);
        // Read again meanwhile, because another server changed something, it may be there.
        self.tokens.retain(|other| other.id != token.id);
        self.tokens.push(token);
    }

    /// Deletes a token. Read again meanwhile, it may be gone already.
    pub fn delete_token(&mut self, id: u64) {
        self.changes += 1;
        self.tokens.retain(|token| token.id != id);
    }
}

/// Whether somebody can sign in with each role: with its shared PIN, or a person who has it or a stronger one.
pub fn has_way_in(pins: &[(Role, PinHash)], people: &[Person]) -> bool {
    [Role::Staff, Role::Admin].into_iter().all(|role| {
        let has_pin = pins.iter().any(|(other, _)| *other == role);
        has_pin || people.iter().any(|person| person.role >= role)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(n: u8, role: Role, expires_at: i64) -> Session {
        Session {
            hash: [n; 32],
            role,
            person: None,
            expires_at,
        }
    }

    #[test]
    fn a_session_ends_when_it_expires_or_its_pin_changes() {
        let mut credentials = Credentials::default();
        credentials.add_session(session(1, Role::Staff, 100), 0);
        credentials.add_session(session(2, Role::Admin, 100), 0);
        let role = |credentials: &Credentials, n: u8, now| {
            credentials.session(&[n; 32], now).map(|s| s.role)
        };
        assert_eq!(role(&credentials, 1, 99), Some(Role::Staff));
        assert_eq!(role(&credentials, 1, 100), None);
        assert_eq!(role(&credentials, 3, 0), None);
        let pin = PinHash {
            salt: [0; 16],
            hash: [0; 32],
            memory_kib: 8,
            passes: 1,
        };
        credentials.set_pin(Role::Staff, pin);
        assert_eq!(role(&credentials, 1, 0), None);
        assert_eq!(role(&credentials, 2, 0), Some(Role::Admin));
        credentials.end_session(&[2; 32]);
        assert_eq!(role(&credentials, 2, 0), None);
    }

    #[test]
    fn the_number_of_sessions_is_bounded() {
        let mut credentials = Credentials::default();
        for n in 0..2_000_u16 {
            let mut hash = [0; 32];
            hash[..2].copy_from_slice(&n.to_be_bytes());
            let session = Session {
                hash,
                ..session(0, Role::Staff, 1_000 + i64::from(n))
            };
            credentials.add_session(session, 0);
        }
        assert_eq!(credentials.sessions.len(), MOST_SESSIONS);
        assert!(credentials.sessions.values().all(|s| s.expires_at >= 2_000));
    }

    #[test]
    fn the_use_of_a_token_is_stored_once_a_minute() {
        let mut credentials = Credentials::default();
        credentials.add_token(Token {
            id: credentials.next_token(),
            hash: [7; 32],
            name: "kiosk".to_owned(),
            role: Role::Staff,
            created_at: 0,
            used_at: None,
        });
        let mut used = |now| credentials.use_token(&[7; 32], now, 60_000).expect("known");
        assert!(used(5).must_store && used(5).id == 1);
        assert!(!used(60_004).must_store);
        assert!(used(60_005).must_store);
        assert_eq!(credentials.use_token(&[8; 32], 0, 60_000), None);
        credentials.delete_token(1);
        assert!(credentials.tokens().is_empty());
        assert_eq!(credentials.use_token(&[7; 32], 0, 60_000), None);
        assert_eq!(credentials.next_token(), 2, "ids are not reused");
    }
}
