//! A route: its method, path, role and handler, and what a handler gets and returns.

use std::borrow::Cow;

use tiny_http::Method;

use super::answer::Answer;
use super::connections::Entered;
use super::problem::Problem;
use super::request::Request;
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
        let pattern = self.path.split('/').skip(1);
        if pattern.clone().count() != parts.len() {
            return None;
        }
        let mut parameters = Vec::new();
        for (expected, part) in pattern.zip(parts) {
            if expected == "*" && !part.is_empty() {
                parameters.push(part.clone().into_owned());
            } else if expected != part {
                return None;
            }
        }
        Some(parameters)
    }
}
