//! Tokens that are requested with an `Idempotency-Key`: a repeated request gets the same token,
//! although no token is stored. It is derived from the key and from a seed that lives as long as the
//! process. After a restart a repeated request is refused, because the token's name exists.

use std::collections::HashMap;

use super::secret;
use crate::access::{Role, SecretHash, Token};
use crate::presentation::http::problem::Problem;

/// The most keys in memory. Then all are forgotten, and the check of names remains.
const MOST_KEYS: usize = 1_000;

/// The request under a key, and the token that it made.
struct Issued {
    name: String,
    role: Role,
    hash: SecretHash,
}

/// The requests so far, by key.
pub struct TokenIssuer {
    seed: [u8; 32],
    by_key: HashMap<String, Issued>,
}

impl TokenIssuer {
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            seed,
            by_key: HashMap::new(),
        }
    }

    /// The token that this request has made before, if any. `tokens` are all tokens that exist.
    pub fn again(
        &self,
        key: &str,
        name: &str,
        role: Role,
        tokens: &[Token],
    ) -> Result<Option<(Token, String)>, Problem> {
        let Some(before) = self.by_key.get(key) else {
            return Ok(None);
        };
        if before.name != name || before.role != role {
            return Err(Problem::key_reused());
        }
        let token = tokens.iter().find(|token| token.hash == before.hash);
        let Some(token) = token else {
            return Err(Problem::invalid(
                "Idempotency-Key",
                "its token has been deleted",
            ));
        };
        Ok(Some((token.clone(), self.secret(key, name, role))))
    }

    /// The secret of a token.
    pub fn secret(&self, key: &str, name: &str, role: Role) -> String {
        secret::derive(&self.seed, &[key, name, role.as_str()])
    }

    /// Remembers the token that a request has made.
    pub fn remember(&mut self, key: &str, token: &Token) {
        if self.by_key.len() >= MOST_KEYS {
            self.by_key.clear();
        }
        let issued = Issued {
            name: token.name.clone(),
            role: token.role,
            hash: token.hash,
        };
        self.by_key.insert(key.to_owned(), issued);
    }
}
