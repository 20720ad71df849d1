//! Tokens that were asked for with an `Idempotency-Key`: the same request gets the same token again,
//! which is kept nowhere. It is made anew from the key and from a seed that lives as long as the
//! process; after a restart a repeated request is refused by the token's name.

use std::collections::HashMap;

use super::secret;
use crate::access::{Role, SecretHash, Token};
use crate::presentation::http::problem::Problem;

/// Keys that are remembered at a time; past them all are forgotten, and names still tell.
const MOST_KEYS: usize = 1_000;

/// What was asked for under a key, and what came of it.
struct Minting {
    name: String,
    role: Role,
    hash: SecretHash,
}

/// The keys so far.
pub struct TokenIssuer {
    seed: [u8; 32],
    by_key: HashMap<String, Minting>,
}

impl TokenIssuer {
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            seed,
            by_key: HashMap::new(),
        }
    }

    /// The token that this very request has been given, where it has; `tokens` are those there are.
    pub fn again(
        &self,
        key: &str,
        name: &str,
        role: Role,
        tokens: &[Token],
    ) -> Result<Option<(Token, String)>, Problem> {
        let invalid = |why| Err(Problem::invalid("Idempotency-Key", why));
        let Some(before) = self.by_key.get(key) else {
            return Ok(None);
        };
        if before.name != name || before.role != role {
            return invalid("it was used with another request; take a new one for each wish");
        }
        let token = tokens.iter().find(|token| token.hash == before.hash);
        let Some(token) = token else {
            return invalid("the token that was made with it has been taken away");
        };
        Ok(Some((token.clone(), self.secret(key, name, role))))
    }

    /// The secret of a new token.
    pub fn secret(&self, key: &str, name: &str, role: Role) -> String {
        secret::from(&self.seed, &[key, name, role.as_str()])
    }

    /// Remembers what came of a request.
    pub fn remember(&mut self, key: &str, token: &Token) {
        if self.by_key.len() >= MOST_KEYS {
            self.by_key.clear();
        }
        let minting = Minting {
            name: token.name.clone(),
            role: token.role,
            hash: token.hash,
        };
        self.by_key.insert(key.to_owned(), minting);
    }
}
