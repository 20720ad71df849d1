//! Creates, lists and deletes API tokens. A token is shown only after its hash is stored.

use super::{Access, Caller, lock, secret};
use crate::access::{AccessChange, Role, Token};
use crate::calendar;
use crate::presentation::http::problem::Problem;
use crate::presentation::services::TicketService;
use crate::storage::AuditKind;

/// The most tokens: more programs than any office has.
const MOST_TOKENS: usize = 100;

impl Access {
    /// Makes a token. Returns its stored record, and the token itself, which is not stored. With an
    /// idempotency `key`, a repeated request gets the same token.
    pub fn make_token(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        name: String,
        role: Role,
        key: Option<&str>,
    ) -> Result<(Token, String), Problem> {
        // Held until the token is stored, so that no two tokens get the same id or name.
        let mut issuer = lock(&self.token_issuer);
        if let Some(key) = key
            && let Some(issued) = issuer.again(key, &name, role, &self.tokens())?
        {
            return Ok(issued);
        }
        let id = self.next_token_id(&name)?;
        let secret = match key {
            Some(key) => issuer.secret(key, &name, role),
            None => secret::make().map_err(|_| Problem::storage_unavailable())?,
        };
        let token = Token {
            id,
            hash: secret::hash(&secret),
            name,
            role,
            created_at: calendar::now().as_millis(),
            used_at: None,
        };
        let entry = caller.audit(AuditKind::TokenMade, Some(&token.name));
        tickets.store_access(vec![AccessChange::AddToken(token.clone())], Some(entry))?;
        self.credentials().add_token(token.clone());
        if let Some(key) = key {
            issuer.remember(key, &token);
        }
        Ok((token, secret))
    }

    /// The id for a new token, if there may be one more with this name.
    fn next_token_id(&self, name: &str) -> Result<u64, Problem> {
        let credentials = self.credentials();
        if credentials.tokens().len() >= MOST_TOKENS {
            let why = format!("there are {MOST_TOKENS} tokens; delete one that is not used");
            return Err(Problem::invalid("name", why));
        }
        if credentials.tokens().iter().any(|token| token.name == name) {
            let why =
                format!("another token is called «{name}»; the audit log needs distinct names");
            return Err(Problem::invalid("name", why));
        }
        Ok(credentials.next_token())
    }

    /// All tokens, oldest first.
    pub fn tokens(&self) -> Vec<Token> {
        self.credentials().tokens().to_vec()
    }

    /// Deletes a token. Returns whether it existed.
    pub fn delete_token(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        id: u64,
    ) -> Result<bool, Problem> {
        let name = {
            let credentials = self.credentials();
            let token = credentials.tokens().iter().find(|token| token.id == id);
            token.map(|token| token.name.clone())
        };
        let Some(name) = name else {
            return Ok(false);
        };
        let entry = caller.audit(AuditKind::TokenRevoked, Some(&name));
        tickets.store_access(vec![AccessChange::DeleteToken { id }], Some(entry))?;
        self.credentials().delete_token(id);
        self.wss.recheck_access();
        Ok(true)
    }
}
