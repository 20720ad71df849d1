//! The PINs, sessions and tokens that there are, in memory: no request waits for the database.

use std::collections::HashMap;

use super::secret;
use crate::access::{AccessRecords, PinHash, Role, SecretHash, Session, Token};

/// Sessions at a time; the one that ends first makes room. More than an office has screens.
const MOST_SESSIONS: usize = 1_000;

/// A token that is being used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    pub id: u64,
    pub name: String,
    pub role: Role,
    /// Whether its use is to be written down.
    pub is_noted: bool,
}

/// What is known.
#[derive(Debug, Default)]
pub struct Credentials {
    pins: Vec<(Role, PinHash)>,
    sessions: HashMap<SecretHash, Session>,
    /// Oldest first.
    tokens: Vec<Token>,
    /// The last number that a token was given. No other gets it while the program runs, so that
    /// whatever knows a token by it can mean no other.
    last_token: u64,
}

impl From<AccessRecords> for Credentials {
    fn from(records: AccessRecords) -> Self {
        let sessions = records.sessions.into_iter();
        Self {
            pins: records.pins,
            sessions: sessions.map(|session| (session.hash, session)).collect(),
            last_token: records.tokens.iter().map(|t| t.id).max().unwrap_or(0),
            tokens: records.tokens,
        }
    }
}

impl Credentials {
    /// The PINs, of the stronger role first.
    pub fn pins(&self) -> Vec<(Role, PinHash)> {
        let mut pins = self.pins.clone();
        pins.sort_by_key(|(role, _)| std::cmp::Reverse(*role));
        pins
    }

    /// Sets a PIN, and ends the sessions of its role.
    pub fn set_pin(&mut self, role: Role, pin: PinHash) {
        self.pins.retain(|(other, _)| *other != role);
        self.pins.push((role, pin));
        self.sessions.retain(|_, session| session.role != role);
    }

    /// A session, while it lasts.
    pub fn session(&self, hash: &SecretHash, now: i64) -> Option<&Session> {
        let session = self.sessions.get(hash)?;
        let lasts = secret::same(&session.hash, hash) && session.expires_at > now;
        lasts.then_some(session)
    }

    /// Begins a session, which may end another's.
    pub fn add_session(&mut self, session: Session, now: i64) {
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
        self.sessions.remove(hash);
    }

    /// Uses a token, where there is one of that hash. It is written down every `noted_every`
    /// milliseconds.
    pub fn use_token(&mut self, hash: &SecretHash, now: i64, noted_every: i64) -> Option<Used> {
        // All are compared, so that the time tells nothing of them.
        let mut found = None;
        for token in &mut self.tokens {
            if secret::same(&token.hash, hash) {
                found = Some(token);
            }
        }
        let token = found?;
        let is_due = token
            .used_at
            .is_none_or(|at| (now - at).abs() >= noted_every);
        if is_due {
            token.used_at = Some(now);
        }
        Some(Used {
            id: token.id,
            name: token.name.clone(),
            role: token.role,
            is_noted: is_due,
        })
    }

    /// The tokens, oldest first.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// A number that no token has or had.
    pub fn next_token(&self) -> u64 {
        self.last_token + 1
    }

    /// Adds a token.
    pub fn add_token(&mut self, token: Token) {
        self.last_token = self.last_token.max(token.id);
        self.tokens.push(token);
    }

    /// Takes a token away; says whether it was there.
    pub fn delete_token(&mut self, id: u64) -> bool {
        let before = self.tokens.len();
        self.tokens.retain(|token| token.id != id);
        self.tokens.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(n: u8, role: Role, expires_at: i64) -> Session {
        Session {
            hash: [n; 32],
            role,
            expires_at,
        }
    }

    #[test]
    fn a_session_lasts_until_its_time_or_its_pin_ends() {
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
    fn the_use_of_a_token_is_written_down_once_a_minute() {
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
        assert!(used(5).is_noted && used(5).id == 1);
        assert!(!used(60_004).is_noted);
        assert!(used(60_005).is_noted);
        assert_eq!(credentials.use_token(&[8; 32], 0, 60_000), None);
        assert!(credentials.delete_token(1) && !credentials.delete_token(1));
        assert_eq!(credentials.use_token(&[7; 32], 0, 60_000), None);
        assert_eq!(credentials.next_token(), 2, "no other gets its number");
    }
}
