//! People whom a trusted proxy has signed in: it names the user in a header (`--user-header`). From anybody else the
//! header means nothing.

use std::borrow::Cow;

use super::caller::SignedInPerson;
use super::peer::Peer;
use super::{Access, Caller, secret};
use crate::access::{Person, Role};
use crate::config::Config;
use crate::domain::{composed, parse_name};
use crate::presentation::http::error_code::ErrorCode;
use crate::presentation::http::problem::Problem;
use crate::presentation::http::request::Request;
use crate::presentation::services::TicketService;

impl Access {
    /// Gives the caller the person whom the proxy names, and their role: admin if `--admin-users` or the list
    /// of people says so, otherwise staff. A user who comes for the first time is added to the people; one who cannot be
    /// has no name here. Returns whether the proxy names anybody.
    pub(super) fn identify_user(
        &self,
        config: &Config,
        peer: &Peer,
        request: &Request,
        caller: &mut Caller,
        tickets: &TicketService,
    ) -> Result<bool, Problem> {
        let Some(header) = config.user_header.as_deref().filter(|_| peer.is_proxied) else {
            return Ok(false);
        };
        let Some(name) = user(request, header)? else {
            return Ok(false);
        };
        let mut admins = config.admin_users.iter();
        let is_admin = admins.any(|admin| is_same(admin, &name));
        caller.role = if is_admin { Role::Admin } else { Role::Staff };
        let person = match self.known_user(&name) {
            Some(person) => Ok(person),
            None => self.add_user(&name, caller, tickets),
        };
        match person {
            Ok(person) => {
                caller.role = caller.role.max(person.role);
                caller.person = Some(SignedInPerson::from(&person));
            }
            // Another server adds this user at this moment: the next request has the name.
            Err(problem) if problem.code == ErrorCode::Busy => {}
            Err(problem) => log::warn!(
                "The user {name:?} of the proxy is not added to the people: {}",
                problem.detail
            ),
        }
        Ok(true)
    }

    fn known_user(&self, name: &str) -> Option<Person> {
        let credentials = self.credentials();
        let mut people = credentials.people().iter();
        people.find(|person| is_same(&person.name, name)).cloned()
    }

    /// Adds a user to the people, as staff and with a PIN that nobody knows.
    fn add_user(
        &self,
        name: &str,
        caller: &Caller,
        tickets: &TicketService,
    ) -> Result<Person, Problem> {
        let pin = secret::make().map_err(|_| Problem::storage_unavailable())?;
        let added = self.add_person(tickets, caller, name, Role::Staff, &pin);
        added.or_else(|problem| {
            // Another request of this user may have been faster.
            self.known_user(name).ok_or(problem)
        })
    }
}

/// The name in the header; `None` if the proxy names nobody.
fn user<'a>(request: &'a Request, header: &str) -> Result<Option<Cow<'a, str>>, Problem> {
    let mut values = request.values(header);
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value.trim_ascii(),
        // One may be the client's own.
        (Some(_), Some(_)) => return Err(Problem::invalid(header, "is there twice")),
    };
    if value.is_empty() {
        return Ok(None);
    }
    let name = std::str::from_utf8(value).map_err(|_| Problem::invalid(header, "is not UTF-8"))?;
    let name = parse_name(name).map_err(|why| Problem::invalid(header, why))?;
    Ok(Some(name))
}

/// Whether two names are of the same user. Only the letters a to z are the same as their capitals: with others, different
/// users of the organisation could look the same.
fn is_same(one: &str, other: &str) -> bool {
    composed(one).eq_ignore_ascii_case(&composed(other))
}
