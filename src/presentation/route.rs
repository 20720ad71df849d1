//! A route: its method, path, role and handler, and what a handler gets and returns.

use std::borrow::Cow;
use std::net::SocketAddr;

use tiny_http::Method;

use super::http::answer::Answer;
use super::http::connections::Entered;
use super::http::problem::Problem;
use super::http::request::Request;
use crate::access::Role;
use crate::presentation::access::Caller;
use crate::presentation::office::Office;

/// The input of a handler.
pub struct Context<'a> {
    pub office: &'a Office,
    pub request: &'a Request,
    pub route: &'static Route,
    pub connection: &'a Entered,
    /// The caller; the router has checked the role that the route requires.
    pub caller: Caller,
    /// The `Idempotency-Key`, which the router has checked.
    pub key: Option<&'a str>,
    /// The path's variable parts, decoded.
    pub parameters: Vec<String>,
}

impl Context<'_> {
    /// The first variable part of the path, decoded.
    pub fn parameter(&self) -> &str {
        self.parameters.first().map_or("", String::as_str)
    }

    /// The address on which the server listens for requests like this one.
    pub fn listen(&self) -> SocketAddr {
        let config = &self.office.config;
        if self.request.is_tls {
            config.tls_listen
        } else {
            config.listen
        }
    }
}

/// The result of a handler.
pub type Handled = Result<Answer, Problem>;

/// Whether a route changes something. If so, `HEAD` and the pages of other sites are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Reads,
    Changes,
}

/// How a route treats the fields of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Query {
    /// There are none: each is refused.
    None,
    /// The handler reads them and refuses those that it does not know.
    Read,
    /// They have no effect, as on the course's server.
    Ignored,
}

/// A row of the table of routes.
pub struct Route {
    pub method: Method,
    /// `*` matches one part.
    pub path: &'static str,
    pub effect: Effect,
    /// The least role that may use the route.
    pub role: Role,
    /// Whether the handler reads the query; the router refuses any query of other routes.
    pub query: Query,
    /// The largest body in bytes, where it is more than the limit of all requests.
    pub body_bytes: usize,
    pub handler: fn(&Context<'_>) -> Handled,
}

impl Route {
    /// The same route, with another use of the query.
    pub const fn with_query(mut self, query: Query) -> Self {
        self.query = query;
        self
    }

    /// The same route, with bodies of up to `bytes`. They are read only for a caller with the route's role.
    pub const fn with_body(mut self, bytes: usize) -> Self {
        self.body_bytes = bytes;
        self
    }

    /// Whether the route answers this method; a route that reads answers `HEAD` too.
    pub fn answers(&self, method: &Method) -> bool {
        self.method == *method
            || (*method == Method::Head
                && self.method == Method::Get
                && self.effect == Effect::Reads)
    }

    /// The variable parts of the path, or `None` if it does not match.
    pub fn matches(&self, parts: &[Cow<'_, str>]) -> Option<Vec<String>> {
        // Each request tries all routes, so most must fail at their first letters.
        let mut rest = self.path;
        let mut parameters = Vec::new();
        for part in parts {
            rest = rest.strip_prefix('/')?;
            if let Some(after) = rest.strip_prefix('*')
                && !part.is_empty()
            {
                parameters.push(part.clone().into_owned());
                rest = after;
            } else {
                rest = rest.strip_prefix(&**part)?;
                // A decoded slash separates nothing.
                if part.contains('/') {
                    return None;
                }
            }
        }
        rest.is_empty().then_some(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_matches_its_parts_one_by_one() {
        let route = Route {
            method: Method::Get,
            path: "/api/desks/*/next",
            effect: Effect::Reads,
            role: Role::Staff,
            query: Query::None,
            body_bytes: 0,
            handler: |_| Ok(Answer::empty(204)),
        };
        let parameters = |parts: &[&'static str]| {
            let parts: Vec<Cow<'_, str>> = parts.iter().copied().map(Cow::from).collect();
            route.matches(&parts)
        };
        for desk in ["1", "*", "next", "Caja 1/2"] {
            let found = parameters(&["api", "desks", desk, "next"]);
            assert_eq!(found, Some(vec![desk.to_owned()]), "{desk}");
        }
        for parts in [
            &["api", "desks", "1"][..],
            &["api", "desks", "1", "next", ""],
            &["api", "desks", "1", "nex"],
            &["api", "desks", "1", "next2"],
            &["api", "desks", "", "next"],
            &["api", "desk", "s", "1", "next"],
            &["api/desks", "1", "next"],
            &["", "api", "desks", "1", "next"],
        ] {
            assert_eq!(parameters(parts), None, "{parts:?}");
        }
    }
}
